"""Who may do what, decided for every operation: role × route × one's own thing, another's, one that is not there.

`ROWS` is the table. A new operation needs a row, a new role one more status in every cell, or the tests below fail.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from api.app import all_routes
from api.routes import Operation, Routes
from market.access import Role
from market.store.types import today
from tests.market.contracts.samples import content, outside, wire
from tests.world import credit_code

ROLES = tuple(role.value for role in Role)
OTHER = "enterprise2"
"""Whose things `other` are."""
ABSENT = dict.fromkeys(
    ("application", "key", "organisation", "id", "contract_id"), "xxx_00000000000000000000000000"
) | {
    "number": f"{today().year}990000999999",
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
        return {"id": answer["id"]}

    return make


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
    "contract": (OWNED, contract),
    "outside contract": (OWNED, outside_contract),
    "place": (SHARED, shipped(code="150203")),
    "field": (SHARED, shipped(tag="contract:05")),
    "code list": (SHARED, shipped(name="party_nature")),
    "target": (SHARED, shipped(target="rd_intensity")),
    "crosswalk": (SHARED, crosswalk),
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


# --- The table. ---

EVERYBODY = "200    200   200   200   200   200   200   200"
# fmt: off
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

    #              public enter univ  broker offic stat  audit admin
    "GET /v1/statistics/deals": row(query="?period=2018",
        any=      "200    200   200   200   200   200   200   200"),
    "GET /v1/statistics/adjustments": row(query="?period=2018&from=0",
        any=      "401    403   403   403   200   200   200   403"),
    "GET /v1/published-figures": row(
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
    "POST /v1/contracts/<number>/change": row("contract", body=CHANGE,
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "POST /v1/contracts/<number>/cancel": row("contract", body={"reason": "RESCINDED"},
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
    "POST /v1/contracts/<number>/revoke": row("contract", body={"reason": "DUPLICATE"},
        own=      "-      403   403   403   200   -     -     -",
        other=    "401    403   403   403   404   403   403   403",
        absent=   "401    403   403   403   404   403   403   403"),
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
