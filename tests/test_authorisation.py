"""Who may do what, decided for every operation: role × route × one's own thing, another's, one that is not there.

`ROWS` is the table. A new operation needs a row, a new role one more status in every cell, or the tests below fail.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from api.app import all_routes
from api.routes import Operation, Routes
from market.access import Role
from market.certificates.text import token
from market.listings import actions as listings
from market.store.types import today
from tests.api.dealings import talks
from tests.api.examination.desk import PDF
from tests.market.contracts.samples import content, outside, wire
from tests.market.examination.cases import put_case
from tests.market.sheets.files import csv_of
from tests.market.sheets.files import sheet as rows_of_a_sheet
from tests.world import credit_code

ROLES = tuple(role.value for role in Role)
LATER = (today() + timedelta(days=30)).isoformat()
SCORES = {
    "scores": [
        {"criterion": criterion, "score": 5} for criterion in ("CLEAR", "TRUE", "LAWFUL", "CLASSIFIED", "USEFUL")
    ]
}
OTHER = "enterprise2"
"""Whose things `other` are."""
ABSENT = dict.fromkeys(
    (
        *(
            "application",
            "key",
            "organisation",
            "id",
            "contract_id",
            "case",
            "paper",
            "member",
            "sheet",
            "other",
            "feedback_id",
        ),
        *("dealing", "file", "broker"),
    ),
    "xxx_00000000000000000000000000",
) | {
    "number": f"{today().year}990000999999",
    "version": "1",
    "code": "159999",
    "tag": "contract:99",
    "name": "nothing",
    "target": "nothing",
    "from_tag": "contract:98",
    "to_tag": "hightech:99",
}
numbers = itertools.count(100_000)

Made = dict[str, Any]
"""The values of a path, and what a body may need."""


@dataclass(frozen=True)
class Row:
    """The statuses of one operation: for each column one status a role, in the order of `Role`; `-`: there is no such thing."""

    subject: str | None
    cells: dict[str, str]
    body: Callable[[Any, Made], Any] | None = None
    query: str = ""

    def statuses(self, column: str) -> dict[str, str]:
        return dict(zip(ROLES, self.cells[column].split(), strict=True))


def row(subject: str | None = None, *, body: Any = None, query: str = "", **cells: str) -> Row:
    return Row(subject, cells, body if callable(body) or body is None else lambda api, made: body, query)


# --- What there is to act on: each maker answers the path's values, or None where the role can't have one. ---


def application(api: Any, role: str, column: str) -> Made:
    """`own`: within the territory of the office; `other`: outside of it."""
    place = "150203" if column == "own" else "130100"
    receipt = api.post("/v1/organisations/applications", wish(place)).json
    return {"application": receipt["id"], "place": place}


def approved_application(api: Any, role: str, column: str) -> Made:
    """`own`: with the right claim code; `other`: with a wrong one."""
    receipt = api.post("/v1/organisations/applications", wish("150203")).json
    path = f"/v1/organisations/applications/{receipt['id']}/approve"
    made(api.post(path, {"role": "enterprise", "place": "150203"}, key="office", if_match="*"), 200)
    code = receipt["claim_code"] if column == "own" else "tmc_wrong"
    return {"application": receipt["id"], "claim_code": code}


def wish(place: str) -> dict[str, Any]:
    return {
        "name": "示例申请企业",
        "kind": "enterprise",
        "credit_code": credit_code(next(numbers)),
        "place": place,
        "contact": {"name": "示例联系人", "email": "contact@example.com"},
    }


def organisation(api: Any, role: str, column: str) -> Made | None:
    owner = owner_of(role, column)
    return None if owner == "public" else {"organisation": api.world.ids[owner]}


def key(api: Any, role: str, column: str) -> Made | None:
    owner = owner_of(role, column)
    return None if owner == "public" else {"key": made(api.post("/v1/keys", {"label": "示例"}, key=owner))["id"]}


def listing(kind: str, state: str) -> Callable[[Any, str, str], Made | None]:
    def make(api: Any, role: str, column: str) -> Made | None:
        """`open`: another's that is published, whatever the state of the others."""
        owner = owner_of(role, column)
        if owner not in ("enterprise", "university", "broker", OTHER):
            return None
        facts = {"title": "示例", "summary": "示例", "fields": ["contract:05"], "publish": False, "negotiable": True}
        answer = made(api.post(f"/v1/{kind}s", facts, key=owner))
        if "published" in (state, "published" if column == "open" else ""):
            made(api.post(f"/v1/{kind}s/{answer['id']}/publish", key=owner, if_match="*"), 200)
        if state == "ending":
            made(
                api.patch(f"/v1/{kind}s/{answer['id']}", {"valid_until": today().isoformat()}, key=owner, if_match="*"),
                200,
            )
            made(api.post(f"/v1/{kind}s/{answer['id']}/publish", key=owner, if_match="*"), 200)
        return {"id": answer["id"], "version": "2"}

    return make


def listing_with_file(kind: str) -> Callable[[Any, str, str], Made | None]:
    def make(api: Any, role: str, column: str) -> Made | None:
        found = listing(kind, "published")(api, role, column)
        if found is None:
            return None
        path = f"/v1/{kind}s/{found['id']}/attachments?name=a.pdf"
        return found | {"file": made(api.call("POST", path, key=owner_of(role, column), data=PDF))["id"]}

    return make


def waiting_listing(kind: str) -> Callable[[Any, str, str], Made | None]:
    def make(api: Any, role: str, column: str) -> Made | None:
        owner = owner_of(role, column)
        if owner not in ("enterprise", "university", "broker", OTHER):
            return None
        facts = {"title": "示例", "summary": "示例", "fields": ["contract:05"], "publish": True}
        return api.world.database.write(
            api.world.actor(owner), lambda unit: {"id": listings.post(unit, kind, facts, "before")["id"]}
        )

    return make


def match(kind: str) -> Callable[[Any, str, str], Made | None]:
    def make(api: Any, role: str, column: str) -> Made | None:
        own = listing(kind, "draft")(api, role, column)
        theirs = {"achievement": "demand", "demand": "achievement"}[kind]
        facts = {"title": "示例", "summary": "示例", "fields": ["contract:05"], "publish": True}
        return own and {**own, "other": made(api.post(f"/v1/{theirs}s", facts, key="university2"))["id"]}

    return make


def feedback(api: Any, role: str, column: str) -> Made | None:
    """Of something contested."""
    pair, words = match("demand")(api, role, column), {"verdict": "contested", "note": "示例"}
    path = pair and f"/v1/demands/{pair['id']}/matches/{pair['other']}/feedback"
    return path and {"feedback_id": made(api.post(path, words, key=owner_of(role, column)))["id"]}


def contract(api: Any, role: str, column: str) -> Made | None:
    """`own`: an office's entry, or a deal of the role's organisation; `other`: another office's, between others."""
    parties = sides(api, role, column)
    body = parties and wire(content(api.world, contract_no=f"SYN-{next(numbers)}", **parties))
    office = "office2" if column == "other" else "office"
    return body and {"number": made(api.post("/v1/contracts", body, key=office))["number"]}


def outside_contract(api: Any, role: str, column: str) -> Made | None:
    parties = sides(api, role, column)
    if parties is None:
        return None
    number = f"{today().year}1199{next(numbers):08d}"
    body = wire(outside(api.world, number, contract_no=f"SYN-{number}", buyer=parties["buyer"]))
    office = "office2" if column == "other" else "office"
    return {"contract_id": made(api.post("/v1/outside-contracts", body, key=office))["id"]}


def sides(api: Any, role: str, column: str) -> dict[str, Any] | None:
    ids = api.world.ids
    if column == "other":
        return {"seller": {"organisation": ids["university2"]}, "buyer": {"organisation": ids["enterprise2"]}}
    buyer = "enterprise" if role == "office" else role
    if buyer not in ("enterprise", "university", "broker"):
        return None
    seller = "enterprise" if role == "university" else "university"
    return {"seller": {"organisation": ids[seller]}, "buyer": {"organisation": ids[buyer]}}


def contract_version(api: Any, role: str, column: str) -> Made | None:
    found = contract(api, role, column)
    return found and {**found, "version": "1"}


def case_in(state: str, **facts: Any) -> Callable[[Any, str, str], Made | None]:
    """A case in this state. `own`: of the role's organisation, or at the office; `other`: between others, at office2."""

    def make(api: Any, role: str, column: str) -> Made | None:
        parties = sides(api, role, column)
        if column == "other":
            parties = {**parties, "seller": {"organisation": api.world.ids["university2"]}}
        if parties is None:
            return None
        applicant = parties["seller"]["organisation"]
        if role in ("enterprise", "university", "broker") and column == "own":
            buyer = {"organisation": api.world.ids["enterprise" if role != "enterprise" else "university"]}
            parties = {"seller": {"organisation": api.world.ids[role]}, "buyer": buyer}
            applicant = api.world.ids[role]
        office = "office2" if column == "other" else "office"
        found = put_case(api.world, state, office, applicant, f"SYN-{next(numbers)}", parties, facts)
        return {**found, "authority": column == "other"}

    return make


def contract_to_be_revoked(api: Any, role: str, column: str) -> Made | None:
    found = case_in("registered", ending="revoke")(api, role, column)
    return found and {"number": made(api.get(f"/v1/applications/{found['case']}", key="auditor"), 200)["number"]}


def sheet_in(state: str) -> Callable[[Any, str, str], Made | None]:
    """A sheet of one row that was handed in, and checked if that is asked for."""

    def make(api: Any, role: str, column: str) -> Made | None:
        owner = owner_of(role, column)
        if owner not in ("enterprise", "university", "broker", OTHER):
            return None
        path = f"/v1/sheets?office={api.world.ids['office']}"
        body = csv_of(rows_of_a_sheet(api.world, 1, 合同编号=f"SYN-{next(numbers)}"))
        batch = made(api.call("POST", path, key=owner, data=body, content_type="text/csv"))
        if state == "checked":
            made(api.post(batch["next"], key=owner, if_match="*"), 200)
        return {"sheet": batch["id"]}

    return make


def member(api: Any, role: str, column: str) -> Made | None:
    owner = "governing" if (role, column) == ("office", "own") else owner_of(role, column)
    return (
        None if owner == "public" else {"member": made(api.post("/v1/members", {"name": "示例职员"}, key=owner))["id"]}
    )


def dealing(stage: str, side: str = "owner", step: str | None = None) -> Callable[[Any, str, str], Made | None]:
    """Talks at a stage, of the role with another or between others; `step`: what the other side has proposed."""

    def make(api: Any, role: str, column: str) -> Made | None:
        mine, other = (role, "enterprise2") if column == "own" else ("university2", "enterprise2")
        if mine not in ("enterprise", "university", "broker", "university2"):
            return None
        owner, seeker = (mine, other) if side == "owner" else (other, mine)
        found = talks.talks(api, stage, owner, seeker)
        if step is not None:
            made(talks.step(api, found, step, other, {"terms": "示例"}), 200)
        return {"dealing": found, "owner": owner, "seeker": seeker}

    return make


def served_dealing(api: Any, role: str, column: str) -> Made | None:
    """`own`: the role's organisation is the broker in charge of talks between others."""
    found = dealing("introduction")(api, "university2", "other")
    if column == "own":
        if role not in ("enterprise", "university", "broker"):
            return None
        chosen = {"broker": talks.broker(api, role)}
        made(talks.step(api, found["dealing"], "engage-broker", "university2", chosen), 200)
    return found


def dealing_file(uploader: str) -> Callable[[Any, str, str], Made | None]:
    def make(api: Any, role: str, column: str) -> Made | None:
        found = dealing("nda")(api, role, column)
        return found and {**found, "file": made(talks.upload(api, found["dealing"], found[uploader]))["id"]}

    return make


def accredited(api: Any, role: str, column: str) -> Made:
    return {"broker": talks.broker(api)}


def certificate(api: Any, role: str, column: str) -> Made:
    number = made(api.post("/v1/contracts", new_contract(api, {}), key="office"))["number"]
    return {"number": f"{number}?token={token(api.world.database.cursor_key(), number, 1)}"}


def crosswalk(api: Any, role: str, column: str) -> Made:
    shipped = api.get("/v1/crosswalks?limit=100").json["items"]
    link = shipped[next(numbers) % len(shipped)]
    return {"from_tag": link["from"], "to_tag": link["to"]}


def shipped(**values: str) -> Callable[[Any, str, str], Made]:
    return lambda api, role, column: values


def owner_of(role: str, column: str) -> str:
    return role if column == "own" else OTHER


def made(answer: Any, status: int = 201) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


OWNED = ("own", "other", "absent")
LISTED = ("own", "other", "open", "absent")
SHARED = ("there", "absent")
"""Reference data: nobody's own."""

SUBJECTS: dict[str, tuple[tuple[str, ...], Callable[[Any, str, str], Made | None]]] = {
    "application": (OWNED, application),
    "approved application": (OWNED, approved_application),
    "organisation": (OWNED, organisation),
    "key": (OWNED, key),
    "draft achievement": (LISTED, listing("achievement", "draft")),
    "draft demand": (LISTED, listing("demand", "draft")),
    "published achievement": (OWNED, listing("achievement", "published")),
    "published demand": (OWNED, listing("demand", "published")),
    "achievement and its match": (LISTED, match("achievement")),
    "demand and its match": (LISTED, match("demand")),
    "feedback": (OWNED, feedback),
    "dealing to answer": (OWNED, dealing("interest")),
    "dealing": (OWNED, dealing("introduction")),
    "dealing with an agreement to sign": (OWNED, dealing("introduction", step="propose-nda")),
    "dealing under an agreement": (OWNED, dealing("nda")),
    "dealing in negotiation": (OWNED, dealing("negotiation", "seeker")),
    "dealing with terms": (OWNED, dealing("negotiation", step="propose-terms")),
    "dealing served": (OWNED, served_dealing),
    "file of one's own side": (OWNED, dealing_file("owner")),
    "file of the other side": (OWNED, dealing_file("seeker")),
    "accredited broker": (SHARED, accredited),
    "ending achievement": (OWNED, listing("achievement", "ending")),
    "ending demand": (OWNED, listing("demand", "ending")),
    "achievement with a file": (OWNED, listing_with_file("achievement")),
    "demand with a file": (OWNED, listing_with_file("demand")),
    "waiting achievement": (OWNED, waiting_listing("achievement")),
    "waiting demand": (OWNED, waiting_listing("demand")),
    "contract": (OWNED, contract),
    "outside contract": (OWNED, outside_contract),
    "place": (SHARED, shipped(code="150203")),
    "field": (SHARED, shipped(tag="contract:05")),
    "code list": (SHARED, shipped(name="party_nature")),
    "rule": (SHARED, shipped(code="review.large_amount")),
    "target": (SHARED, shipped(target="rd_intensity")),
    "crosswalk": (SHARED, crosswalk),
    "certificate": (SHARED, certificate),
    "member": (OWNED, member),
    "contract version": (OWNED, contract_version),
    "draft case": (OWNED, case_in("draft")),
    "submitted case": (OWNED, case_in("submitted")),
    "returned case": (OWNED, case_in("returned")),
    "accepted case": (OWNED, case_in("accepted")),
    "case in hand": (OWNED, case_in("under_review")),
    "large case in hand": (OWNED, case_in("under_review", large=True)),
    "case of a colleague": (OWNED, case_in("under_review", assignee="colleague")),
    "registered case": (OWNED, case_in("registered")),
    "sheet": (OWNED, sheet_in("checking")),
    "checked sheet": (OWNED, sheet_in("checked")),
    "case to be changed": (OWNED, case_in("change_pending")),
    "case to be cancelled": (OWNED, case_in("registered", ending="cancel")),
    "case to be revoked": (OWNED, case_in("registered", ending="revoke")),
    "contract to be revoked": (OWNED, contract_to_be_revoked),
    "case objected to": (OWNED, case_in("objection_pending")),
    "case examined again": (OWNED, case_in("under_review", numbered=True)),
}

# --- What is sent. ---

LISTING = {"title": "示例", "summary": "示例", "fields": ["contract:05"], "negotiable": True}
CROSSWALK = {"relation": "related", "source": "示例"}
CHANGE = {"reason": "CORRECTION", "changes": {"project_name": "示例:变更后"}}


def new_contract(api: Any, made: Made) -> Any:
    return wire(content(api.world, contract_no=f"SYN-{next(numbers)}"))


def new_outside_contract(api: Any, made: Made) -> Any:
    number = f"{today().year}1199{next(numbers):08d}"
    return wire(outside(api.world, number, contract_no=f"SYN-{number}"))


def objection(api: Any, made: Made) -> Any:
    return {"text": "示例", "authority": "示例税务局" if made.get("authority") else None}


def supplement(api: Any, made: Made) -> Any:
    return {"reason": "OTHER", "text": "示例"}


def served_by(api: Any, made: Made) -> Any:
    return {"broker": talks.broker(api)}


def new_broker(api: Any, found: Made) -> Any:
    member = made(api.post("/v1/members", {"name": "示例职员"}, key="broker"))["id"]
    return {"member": member, "level": "JUNIOR"}


SIGNED = {"sha256": sha256("示例".encode()).hexdigest()}

# --- The table. ---

EVERYBODY = "200    200   200   200   200   200   200   200"
# fmt: off
#                public enter univ  broker offic stat  audit admin
SEEN = {
    "own":       "-      200   200   200   200   -     -     -",
    "other":     "401    404   404   404   404   403   200   403",
    "absent":    "401    404   404   404   404   403   404   403",
}
"""Applications and their papers: the applicant, its office, auditors."""
APPLICANT = {
    "own":       "-      200   200   200   403   -     -     -",
    "other":     "401    404   404   404   403   403   403   403",
    "absent":    "401    404   404   404   403   403   403   403",
}
TALKER = {
    "own":       "-      200   200   200   -     -     -     -",
    "other":     "401    404   404   404   403   403   403   403",
    "absent":    "401    404   404   404   403   403   403   403",
}
"""Steps of talks: its two sides, each its own."""
MAKER = {**TALKER, "own": "-      201   201   201   -     -     -     -"}
INTERESTED = {
    "own":       "-      409   409   409   -     -     -     -",
    "other":     "401    201   201   201   403   403   403   403",
    "absent":    "401    404   404   404   403   403   403   403",
}
CLERK = {
    "own":       "-      403   403   403   200   -     -     -",
    "other":     "401    403   403   403   404   403   403   403",
    "absent":    "401    403   403   403   404   403   403   403",
}
ROWS: dict[str, Row] = {
    #              public enter univ  broker offic stat  audit admin
    "GET /v1/places": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/places/<code>": row("place",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/schemes": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/fields": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/fields/<tag>": row("field",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/crosswalks": row(
        any=      "200    200   200   200   200   200   200   200"),
    "POST /v1/crosswalks": row(
        body={**CROSSWALK, "from": "contract:11", "to": "region:rare_earth"},
        any=      "401    403   403   403   403   403   403   201"),
    "GET /v1/crosswalks/<from_tag>/<to_tag>": row("crosswalk",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "PUT /v1/crosswalks/<from_tag>/<to_tag>": row("crosswalk", body=CROSSWALK,
        there=    "401    403   403   403   403   403   403   200",
        absent=   "401    403   403   403   403   403   403   404"),
    "DELETE /v1/crosswalks/<from_tag>/<to_tag>": row("crosswalk",
        there=    "401    403   403   403   403   403   403   200",
        absent=   "401    403   403   403   403   403   403   404"),
    "GET /v1/code-lists": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/code-lists/<name>": row("code list",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/rules": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/rules/<code>": row("rule",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/calendar": row(
        any=      "200    200   200   200   200   200   200   200"),

    #              public enter univ  broker offic stat  audit admin
    "POST /v1/organisations/applications": row(body=lambda api, made: wish("150203"),
        any=      "201    201   201   201   201   201   201   201"),
    "GET /v1/organisations/applications": row(
        any=      "401    403   403   403   200   403   403   200"),
    "GET /v1/organisations/applications/<application>": row("application",
        own=      "401    403   403   403   200   403   403   200",
        other=    "401    403   403   403   404   403   403   200",
        absent=   "401    403   403   403   404   403   403   404"),
    "POST /v1/organisations/applications/<application>/approve": row("application",
        body=lambda api, made: {"role": "enterprise", "place": made.get("place", "150203")},
        own=      "401    403   403   403   200   403   403   200",
        other=    "401    403   403   403   404   403   403   200",
        absent=   "401    403   403   403   404   403   403   404"),
    "POST /v1/organisations/applications/<application>/refuse": row("application", body={"reason": "示例"},
        own=      "401    403   403   403   200   403   403   200",
        other=    "401    403   403   403   404   403   403   200",
        absent=   "401    403   403   403   404   403   403   404"),
    "POST /v1/organisations/applications/<application>/claim": row("approved application",
        body=lambda api, made: {"claim_code": made.get("claim_code", "tmc_wrong")},
        own=      "201    201   201   201   201   201   201   201",
        other=    "404    404   404   404   404   404   404   404",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/organisations/<organisation>": row("organisation",
        own=      "-      200   200   200   200   200   200   200",
        other=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/me": row(
        any=      "401    200   200   200   200   200   200   200"),
    "POST /v1/keys": row(body={"label": "示例"},
        any=      "401    201   201   201   201   201   201   201"),
    "GET /v1/keys": row(
        any=      "401    200   200   200   200   200   200   200"),
    "GET /v1/keys/<key>": row("key",
        own=      "-      200   200   200   200   200   200   200",
        other=    "401    404   404   404   404   404   404   200",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/keys/<key>/revoke": row("key",
        own=      "-      200   200   200   200   200   200   200",
        other=    "401    404   404   404   404   404   404   200",
        absent=   "401    404   404   404   404   404   404   404"),

    #              public enter univ  broker offic stat  audit admin
    "POST /v1/achievements": row(body=LISTING,
        any=      "401    201   201   201   403   403   403   403"),
    "GET /v1/search": row(query="?q=示例",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/achievements": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/achievements/<id>": row("draft achievement",
        own=      "-      200   200   200   -     -     -     -",
        other=    "404    404   404   404   404   404   404   200",
        open=     "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "PATCH /v1/achievements/<id>": row("draft achievement", body={"title": "示例:变更后"},
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    404   404   404   403   403   403   403",
        open=     "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "POST /v1/achievements/<id>/publish": row("draft achievement",
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    404   404   404   403   403   403   403",
        open=     "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "POST /v1/achievements/<id>/withdraw": row("published achievement",
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "GET /v1/achievements/<id>/matches": row("draft achievement",
        own=      "-      200   200   200   -     -     -     -",
        other=    "404    404   404   404   404   404   404   200",
        open=     "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "POST /v1/demands": row(body=LISTING,
        any=      "401    201   201   201   403   403   403   403"),
    "GET /v1/demands": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/demands/<id>": row("draft demand",
        own=      "-      200   200   200   -     -     -     -",
        other=    "404    404   404   404   404   404   404   200",
        open=     "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "PATCH /v1/demands/<id>": row("draft demand", body={"title": "示例:变更后"},
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    404   404   404   403   403   403   403",
        open=     "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "POST /v1/demands/<id>/publish": row("draft demand",
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    404   404   404   403   403   403   403",
        open=     "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "POST /v1/demands/<id>/withdraw": row("published demand",
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "GET /v1/demands/<id>/matches": row("draft demand",
        own=      "-      200   200   200   -     -     -     -",
        other=    "404    404   404   404   404   404   404   200",
        open=     "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/achievements/<id>/matches/<other>/why": row("achievement and its match",
        own=      "-      200   200   200   -     -     -     -",
        other=    "404    404   404   404   404   404   404   200",
        open=     "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "POST /v1/achievements/<id>/matches/<other>/feedback": row("achievement and its match", body={"verdict": "useful"},
        own=      "-      201   201   201   -     -     -     -",
        other=    "401    404   404   404   403   403   403   403",
        open=     "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "GET /v1/demands/<id>/matches/<other>/why": row("demand and its match",
        own=      "-      200   200   200   -     -     -     -",
        other=    "404    404   404   404   404   404   404   200",
        open=     "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "POST /v1/demands/<id>/interest": row("published demand",
        body={"answers": talks.ANSWERS["demand"]}, **INTERESTED),
    "POST /v1/achievements/<id>/interest": row("published achievement",
        body={"answers": talks.ANSWERS["achievement"]}, **INTERESTED),
    "GET /v1/dealings": row(
        any=      "401    200   200   200   403   403   403   403"),
    "GET /v1/dealings/<dealing>": row("dealing", **TALKER),
    "GET /v1/dealings/<dealing>/history": row("dealing", **TALKER),
    "GET /v1/dealings/<dealing>/disclosures": row("dealing", **TALKER),
    "POST /v1/dealings/<dealing>/disclosures": row("dealing", body={}, **MAKER),
    "GET /v1/dealings/<dealing>/files": row("dealing", **TALKER),
    "POST /v1/dealings/<dealing>/files": row("dealing", query="?name=plan.pdf", **MAKER),
    "GET /v1/dealings/<dealing>/files/<file>": row("file of one's own side", **TALKER),
    "POST /v1/dealings/<dealing>/files/<file>/open": row("file of the other side", body={}, **MAKER),
    "POST /v1/dealings/<dealing>/introduce": row("dealing to answer", body={}, **TALKER),
    "POST /v1/dealings/<dealing>/propose-nda": row("dealing", body={"terms": "示例"}, **TALKER),
    "POST /v1/dealings/<dealing>/sign-nda": row("dealing with an agreement to sign", body=SIGNED, **TALKER),
    "POST /v1/dealings/<dealing>/negotiate": row("dealing under an agreement", body={}, **TALKER),
    "POST /v1/dealings/<dealing>/propose-terms": row("dealing in negotiation", body={"terms": "示例"}, **TALKER),
    "POST /v1/dealings/<dealing>/agree": row("dealing with terms", body=SIGNED, **TALKER),
    "POST /v1/dealings/<dealing>/pass": row("dealing to answer", body={"reason": "TIME"}, **TALKER),
    "POST /v1/dealings/<dealing>/engage-broker": row("dealing", body=served_by, **TALKER),
    "POST /v1/dealings/<dealing>/hand-over": row("dealing served", body=served_by, **TALKER),
    "GET /v1/profile": row(
        any=      "401    200   200   200   403   403   403   403"),
    "PUT /v1/profile": row(body={"size_class": "SMALL"},
        any=      "401    200   200   200   403   403   403   403"),
    "POST /v1/brokers": row(body=new_broker,
        any=      "401    403   403   403   403   403   403   201"),
    "GET /v1/brokers": row(
        any=      "401    200   200   200   200   200   200   200"),
    "GET /v1/brokers/<broker>": row("accredited broker",
        there=    "401    200   200   200   200   200   200   200",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/brokers/<broker>/end": row("accredited broker", body={"text": "示例"},
        there=    "401    403   403   403   403   403   403   200",
        absent=   "401    403   403   403   403   403   403   404"),
    "GET /v1/statistics/activity": row(any=EVERYBODY),
    "POST /v1/demands/<id>/matches/<other>/feedback": row("demand and its match", body={"verdict": "useful"},
        own=      "-      201   201   201   -     -     -     -",
        other=    "401    404   404   404   403   403   403   403",
        open=     "401    403   403   403   403   403   403   403",
        absent=   "401    404   404   404   403   403   403   403"),
    "GET /v1/match-feedback": row(
        any=      "401    200   200   200   200   200   200   200"),
    "GET /v1/match-feedback/<feedback_id>": row("feedback",
        own=      "-      200   200   200   -     -     -     -",
        other=    "401    404   404   404   404   404   404   200",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/match-feedback/<feedback_id>/answer": row("feedback", body={"answer": "示例"},
        own=      "-      403   403   403   -     -     -     -",
        other=    "401    403   403   403   403   403   403   200",
        absent=   "401    403   403   403   403   403   403   404"),

    #              public enter univ  broker offic stat  audit admin
    "GET /v1/statistics/deals": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/contracts": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/adjustments": row(query="?period=2018&from=0",
        any=      "401    403   403   403   200   200   200   403"),
    "GET /v1/statistics/flows": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/deals.svg": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/flows.svg": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/deals.csv": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/deals.xlsx": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/flows.csv": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/flows.xlsx": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/adjustments.csv": row(query="?period=2018&from=0",
        any=      "401    403   403   403   200   200   200   403"),
    "GET /v1/statistics/adjustments.xlsx": row(query="?period=2018&from=0",
        any=      "401    403   403   403   200   200   200   403"),
    "GET /v1/statistics/targets.csv": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/targets.xlsx": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/published-figures": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/published-figures.csv": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/published-figures.xlsx": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/targets": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/targets/<target>/reported": row("target",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "PUT /v1/statistics/targets/<target>/reported": row("target", body={"values": []},
        there=    "401    403   403   403   403   403   403   200",
        absent=   "401    403   403   403   403   403   403   404"),

    #              public enter univ  broker offic stat  audit admin
    "POST /v1/contracts": row(body=new_contract,
        any=      "401    403   403   403   201   403   403   403"),
    "GET /v1/contracts": row(
        any=      "401    200   200   200   200   200   200   200"),
    "GET /v1/contracts/<number>": row("contract",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   200   200   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "GET /v1/contracts/<number>/lineage": row("contract",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   200   200   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/contracts/<number>/change": row("contract", body=CHANGE,
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "POST /v1/contracts/<number>/cancel": row("contract", body={"reason": "RESCINDED", "asked_by": "both"},
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "POST /v1/contracts/<number>/revoke": row("contract to be revoked", body={},
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "GET /v1/contracts/<number>/certificate.pdf": row("contract",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   403   200   404",
        absent=   "401    404   404   404   404   403   404   404"),
    "GET /v1/certificates/<number>": row("certificate",
        there=    "200    200   200   200   200   200   200   200",
        absent=   "404    404   404   404   404   404   404   404"),
    "GET /v1/certificate-keys": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/contracts/<number>/versions": row("contract",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   200   200   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "GET /v1/contracts/<number>/versions/<version>": row("contract version",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   200   200   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "GET /v1/contracts/<number>/income": row("contract",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   200   200   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/contracts/<number>/income": row("contract",
        body=lambda api, made: {"paid_on": today().isoformat(), "paid_amount": "2.00", "income_amount": "1.00"},
        own=      "-      403   403   403   201   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "GET /v1/contracts/<number>/audits": row("contract",
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   200   200   404",
        absent=   "401    403   403   403   404   404   404   404"),
    "POST /v1/contracts/<number>/audits": row("contract", body={"result": "sound"},
        own=      "-      403   403   403   403   -     -     -",
        other=    "401    403   403   403   403   403   201   403",
        absent=   "401    403   403   403   403   403   404   403"),
    "GET /v1/desk/performance": row(query="?from=2018-01-01&to=2030-12-31",
        any=      "401    403   403   403   200   200   200   200"),

    #              public enter univ  broker offic stat  audit admin
    "POST /v1/members": row(body={"name": "示例职员"},
        any=      "401    201   201   201   403   201   201   201"),
    "GET /v1/members": row(
        any=      "401    200   200   200   200   200   200   200"),
    "GET /v1/members/<member>": row("member",
        own=      "-      200   200   200   200   200   200   200",
        other=    "401    404   404   404   404   404   404   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/members/<member>/end": row("member",
        own=      "-      200   200   200   403   200   200   200",
        other=    "401    404   404   404   403   404   404   404",
        absent=   "401    404   404   404   403   404   404   404"),

    #              public enter univ  broker offic stat  audit admin
    "GET /v1/desk": row(
        any=      "401    403   403   403   200   403   403   403"),
    "POST /v1/applications": row(body=lambda api, made: {"office": api.world.ids["office"]},
        any=      "401    201   201   201   403   403   403   403"),
    "GET /v1/applications": row(
        any=      "401    200   200   200   200   403   200   403"),
    "POST /v1/applications/check": row(body={},
        any=      "401    200   200   200   200   403   200   403"),
    "GET /v1/applications/<case>": row("submitted case", **SEEN),
    "POST /v1/applications/<case>/check": row("submitted case", **SEEN),
    "GET /v1/applications/<case>/history": row("submitted case", **SEEN),
    "GET /v1/applications/<case>/attachments": row("submitted case", **SEEN),
    "GET /v1/applications/<case>/attachments/<paper>": row("submitted case", **SEEN),
    "POST /v1/applications/<case>/attachments": row("draft case", query="?kind=other&name=x.pdf", **{
        **APPLICANT, "own": APPLICANT["own"].replace("200", "201")}),
    "PATCH /v1/applications/<case>": row("draft case", body={"project_name": "示例:变更后"}, **APPLICANT),
    "POST /v1/applications/<case>/submit": row("draft case", **APPLICANT),
    "POST /v1/applications/<case>/resubmit": row("returned case", body={}, **APPLICANT),
    "POST /v1/applications/<case>/withdraw": row("submitted case", body={}, **APPLICANT),
    "POST /v1/applications/<case>/request-change": row("registered case", body=CHANGE, **APPLICANT),
    "POST /v1/applications/<case>/object": row("registered case", body=objection,
        own=      "-      200   200   200   403   -     -     -",
        other=    "401    404   404   404   403   403   200   403",
        absent=   "401    404   404   404   403   403   404   403"),
    "POST /v1/applications/<case>/accept": row("submitted case", **CLERK),
    "POST /v1/applications/<case>/assign": row("submitted case",
        body=lambda api, made: {"member": api.world.members["office"]}, **CLERK),
    "POST /v1/applications/<case>/take": row("accepted case", **CLERK),
    "POST /v1/applications/<case>/request-supplement": row("case in hand", body=supplement, **CLERK),
    "POST /v1/applications/<case>/endorse": row("case of a colleague", body={}, **CLERK),
    "POST /v1/applications/<case>/refer": row("large case in hand", body={}, **CLERK),
    "POST /v1/applications/<case>/refuse": row("case in hand", body=supplement, **CLERK),
    "POST /v1/applications/<case>/register": row("case in hand", body={}, **CLERK),
    "POST /v1/applications/<case>/note": row("case in hand", body={"text": "示例"}, **CLERK),
    "POST /v1/applications/<case>/uphold": row("case objected to", body={"text": "示例"}, **CLERK),
    "POST /v1/applications/<case>/redo": row("case objected to", body={"text": "示例"}, **CLERK),
    "POST /v1/applications/<case>/confirm": row("case examined again", body={"text": "示例"}, **CLERK),
    "POST /v1/applications/<case>/reject-change": row("case to be changed", body=supplement, **CLERK),
    "POST /v1/applications/<case>/request-cancellation": row("registered case", body={"reason": "VOID"}, **APPLICANT),
    "POST /v1/applications/<case>/reject-cancellation": row("case to be cancelled", body=supplement, **CLERK),
    "POST /v1/applications/<case>/propose-revocation": row("registered case",
        body={"reason": "FRAUD", "text": "示例"}, **CLERK),
    "POST /v1/applications/<case>/drop-revocation": row("case to be revoked", body={"text": "示例"}, **CLERK),
    "DELETE /v1/applications/<case>/attachments/<paper>": row("draft case", **APPLICANT),
    "POST /v1/applications/<case>/approve-change": row("case to be changed", body={}, **CLERK),
    "POST /v1/sheets": row(
        any=      "401    422   422   422   403   403   403   403"),
    "GET /v1/sheets": row(
        any=      "401    200   200   200   403   403   403   403"),
    "GET /v1/sheets/<sheet>": row("sheet", **TALKER),
    "POST /v1/sheets/<sheet>/continue": row("sheet", **TALKER),
    "POST /v1/sheets/<sheet>/take": row("checked sheet", body={"rows": "good"}, **TALKER),
    "GET /v1/sheets/<sheet>/rows": row("sheet", **TALKER),
    "GET /v1/sheets/<sheet>/report.csv": row("sheet", **TALKER),
    "GET /v1/application-template.xlsx": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/application-template.csv": row(
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/applications.xlsx": row(
        any=      "401    200   200   200   200   403   200   403"),
    "GET /v1/applications.csv": row(
        any=      "401    200   200   200   200   403   200   403"),
    "GET /v1/contracts.xlsx": row(
        any=      "401    200   200   200   200   200   200   200"),
    "GET /v1/contracts.csv": row(
        any=      "401    200   200   200   200   200   200   200"),
    "POST /v1/outside-contracts": row(body=new_outside_contract,
        any=      "401    403   403   403   201   403   403   403"),
    "GET /v1/outside-contracts/<contract_id>": row("outside contract",
        own=      "-      200   200   200   200   -     -     -",
        other=    "401    404   404   404   404   200   200   404",
        absent=   "401    404   404   404   404   404   404   404"),
    "POST /v1/outside-contracts/<contract_id>/change": row("outside contract", body=CHANGE,
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "POST /v1/outside-contracts/<contract_id>/cancel": row("outside contract", body={"reason": "RESCINDED"},
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "POST /v1/outside-contracts/<contract_id>/revoke": row("outside contract", body={"reason": "DUPLICATE"},
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
}
LOOKED_AT = {
    "own":        "-      200   200   200   -     -     -     -",
    "other":      "404    404   404   404   404   404   404   200",
    "open":       "200    200   200   200   200   200   200   200",
    "absent":     "404    404   404   404   404   404   404   404",
}
CONCERNED = {
    "own":        "-      200   200   200   -     -     -     -",
    "other":      "401    404   404   404   404   404   404   200",
    "open":       "401    403   403   403   200   403   403   200",
    "absent":     "401    404   404   404   404   404   404   404",
}
"""A listing's owner and reviewers."""
OWNER = {
    "own":        "-      200   200   200   -     -     -     -",
    "other":      "401    403   403   403   403   403   403   403",
    "absent":     "401    404   404   404   403   403   403   403",
}
OWNER_MAKES = {**OWNER, "own": "-      201   201   201   -     -     -     -"}
SHOWN = {
    "own":        "-      200   200   200   -     -     -     -",
    "other":      EVERYBODY,
    "absent":     "404    404   404   404   404   404   404   404",
}
for _kind in ("achievement", "demand"):
    _path = f"/v1/{_kind}s/<id>"
    ROWS |= {
        f"POST {_path}/renew": row(f"ending {_kind}", body={"valid_until": LATER}, **OWNER),
        f"POST {_path}/copy": row(f"published {_kind}", **OWNER_MAKES),
        f"POST {_path}/check": row(f"draft {_kind}", **CONCERNED),
        f"GET {_path}/versions": row(f"draft {_kind}", **LOOKED_AT),
        f"GET {_path}/versions/<version>": row(f"published {_kind}", **SHOWN),
        f"GET {_path}/diff": row(f"published {_kind}", query="?from=2&to=2", **SHOWN),
        f"POST {_path}/attachments": row(f"published {_kind}", query="?name=a.pdf", **OWNER_MAKES),
        f"GET {_path}/attachments/<file>": row(f"{_kind} with a file", **SHOWN),
        f"GET {_path}/reviews": row(f"draft {_kind}", **CONCERNED),
        f"POST {_path}/review": row(f"waiting {_kind}", body=SCORES,
            own=  "-      403   403   403   -     -     -     -",
            other="401    403   403   403   200   403   403   200",
            absent="401   403   403   403   404   403   403   404"),
    }
ROWS["GET /v1/review-queue"] = row(
            any=  "401    403   403   403   200   403   403   200")
# fmt: on

OPEN_TO_ALL = {"/livez", "/readyz", "/openapi.yaml", "/docs", "/docs/<name>"}
"""What is served outside /v1, without a key."""


def operations() -> dict[str, Operation]:
    return {
        f"{operation.method} {operation.path}": operation for routes in all_routes() for operation in routes.operations
    }


def test_every_operation_has_its_row():
    assert sorted(ROWS) == sorted(operations())


def test_every_cell_is_decided():
    for name, decided in ROWS.items():
        columns = SUBJECTS[decided.subject][0] if decided.subject else ("any",)
        assert tuple(decided.cells) == columns, name
        assert bool(decided.subject) == ("<" in name), name
        for column in columns:
            assert len(decided.cells[column].split()) == len(ROLES), f"{name} {column}: one status a role"
            assert re.fullmatch(r"(\d{3}|-)( +(\d{3}|-))*", decided.cells[column]), f"{name} {column}"


def test_an_undecided_cell_is_noticed(monkeypatch):
    monkeypatch.delitem(ROWS, "GET /v1/me")
    with pytest.raises(AssertionError):
        test_every_operation_has_its_row()
    for cells in ({"own": EVERYBODY, "other": EVERYBODY}, {"own": EVERYBODY, "other": EVERYBODY, "absent": "404"}):
        monkeypatch.setitem(ROWS, "GET /v1/keys/<key>", row("key", **cells))
        with pytest.raises(AssertionError):
            test_every_cell_is_decided()


def test_the_service_answers_as_the_table_says(api):
    wrong = [line for name in ROWS for line in answered_otherwise(api, name)]
    assert not wrong, "\n".join(wrong)


def answered_otherwise(api: Any, name: str) -> Iterator[str]:
    decided, operation = ROWS[name], operations()[name]
    for column in decided.cells:
        for role, expected in decided.statuses(column).items():
            subject = make(api, decided, role, column)
            if subject is None or expected == "-":
                if not (subject is None and expected == "-"):
                    yield f"{name} {column} {role}: {expected} decided, but the thing is {subject}"
                continue
            status = ask(api, operation, decided, subject, None if role == "public" else role).status_code
            if str(status) != expected:
                yield f"{name} {column} {role}: {expected} decided, {status} answered"


def make(api: Any, decided: Row, role: str, column: str) -> Made | None:
    if decided.subject is None:
        return {}
    return ABSENT if column == "absent" else SUBJECTS[decided.subject][1](api, role, column)


def ask(api: Any, operation: Operation, decided: Row, subject: Made, key: str | None) -> Any:
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: subject[found[1]], operation.path)
    body = decided.body(api, subject) if decided.body else None
    if_match = "*" if operation.kind == "change" else None
    if operation.kind == "upload":
        return api.call(
            operation.method, path + decided.query, key=key, data=PDF, content_type="application/octet-stream"
        )
    return api.call(operation.method, path + decided.query, body, key=key, if_match=if_match)


def test_a_key_without_scopes_does_only_what_the_public_may(api):
    world = api.world
    for role in ROLES[1:]:
        empty = made(api.post("/v1/keys", {"label": "示例", "scopes": []}, key=role))["key"]
        for name, operation in operations().items():
            if operation.permission is not None:
                answer = ask(api, operation, ROWS[name], ABSENT, empty)
                assert (answer.status_code, answer.json["code"]) == (403, "forbidden"), f"{name} {role}"
        assert api.get(f"/v1/organisations/{world.ids[role]}", key=empty).status_code == 200


def test_a_wrong_key_is_refused_everywhere(api):
    for name, operation in operations().items():
        assert ask(api, operation, ROWS[name], ABSENT, "tmk_" + "A" * 43).status_code == 401, name


def test_every_view_is_declared_and_every_operation_stands_under_v1(api):
    app = api.client.application
    declared = {f"{found.capability}.{found.view.__name__}": found for found in operations().values()}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in declared:
            operation = declared[rule.endpoint]
            assert rule.rule == operation.path
            assert rule.rule.startswith("/v1/")
            assert hasattr(operation.view, "permission"), rule.rule
        else:
            assert rule.rule in OPEN_TO_ALL
            assert app.view_functions[rule.endpoint].permission is None
    assert len(declared) == len(operations())


def test_a_view_without_a_declaration_is_refused():
    with pytest.raises(TypeError, match="@allow"):

        @Routes("nothing").get("/v1/nothing", reply=None)
        def view(unit):
            """Nothing."""
