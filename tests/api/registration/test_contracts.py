"""The register over HTTP: what comes in, what goes out, and how the refusals look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api.app import create_app
from market.contracts.model import Contract
from market.store.config import Settings
from market.store.types import today
from tests.market.contracts.samples import content, outside, plain, wire
from tests.market.registration.acts import rows
from tests.world import credit_code

DETAILS = {
    "contract_no": "SYN-1",
    "ip_type": "PATENT_INVENTION",
    "plan_source": "NONE",
    "served_industry": "C",
    "socio_economic_objective": "10",
    "payment_mode": "LUMP_SUM",
}


def register(api, key: str = "office", **changes: Any):
    return api.post("/v1/contracts", wire(content(api.world, **changes)), key=key)


def record(api, key: str = "office", **changes: Any):
    return api.post("/v1/outside-contracts", wire(outside(api.world, **changes)), key=key)


def problem(reply) -> tuple[int, str, set[tuple[str, str]]]:
    assert reply.mimetype == "application/problem+json"
    return reply.status_code, reply.json["code"], {(e["pointer"], e["code"]) for e in reply.json["errors"]}


def test_a_registered_contract_answers_201_and_can_be_read_as_it_was_answered(api):
    reply = register(api, **DETAILS)
    assert reply.status_code == 201
    number = reply.json["number"]
    assert reply.headers["Location"] == f"/v1/contracts/{number}"
    assert reply.headers["ETag"].startswith('"v1-')
    sent = wire(content(api.world, **DETAILS))
    for side in ("seller", "buyer"):
        assert reply.json[side]["organisation"] == sent.pop(side)["organisation"]
        assert set(reply.json[side]) == {"organisation", "name", "credit_code", "country", "place", "nature"}
    assert {name: reply.json[name] for name in sent} == sent
    assert reply.json == {
        **sent,
        "id": reply.json["id"],
        "number": f"{today().year}990000000001",
        "act": "registered",
        "office": {"id": api.world.ids["office"], "name": "测试office"},
        "outside": None,
        "registered_on": today().isoformat(),
        "late": False,
        "state": "registered",
        "version": 1,
        "seller": reply.json["seller"],
        "buyer": reply.json["buyer"],
        "demand": None,
        "achievement": None,
    }
    again = api.get(reply.headers["Location"], key="enterprise")
    assert again.json == reply.json
    assert again.headers["ETag"] == reply.headers["ETag"]
    same = api.get(f"/v1/contracts/{number}", key="enterprise", headers={"If-None-Match": again.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


def test_an_outside_registration_answers_201_under_its_id(api):
    reply = record(api)
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/v1/outside-contracts/{reply.json['id']}"
    assert (reply.json["number"], reply.json["office"], reply.json["act"]) == (None, None, "outside")
    assert reply.json["outside"] == wire(outside(api.world))["outside"]
    assert api.get(reply.headers["Location"], key="office").json == reply.json


def test_the_day_the_number_and_the_act_are_never_the_callers_choice(api):
    body = wire(content(api.world))
    for name, value in {
        "registered_on": "2018-01-01",
        "number": "2018990000000001",
        "act": "outside",
        "office": "org_x",
        "late": True,
        "state": "registered",
        "outside": None,
    }.items():
        reply = api.post("/v1/contracts", {**body, name: value}, key="office")
        assert problem(reply) == (422, "invalid", {(f"/{name}", "unknown-field")})
    made = register(api)
    for name in ("registered_on", "number", "act", "office", "outside"):
        change = {"reason": "CORRECTION", "changes": {name: "2018-01-01"}}
        reply = api.post(f"/v1/contracts/{made.json['number']}/change", change, key="office", if_match="*")
        assert problem(reply) == (422, "invalid", {(f"/changes/{name}", "unknown-field")})


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"project_name": "a\0b"}, {("/project_name", "bad-character")}),
        ({"project_name": "示例\u202e"}, {("/project_name", "bad-character")}),
        ({"project_name": "示例p\u0430per"}, {("/project_name", "look-alike-character")}),
        ({"contract_no": "SYN\u200b-1"}, {("/contract_no", "bad-character")}),
        ({"contract_no": "\u0421YN-1"}, {("/contract_no", "look-alike-character")}),
        ({"project_name": ""}, {("/project_name", "wrong-length")}),
        ({"project_name": None}, {("/project_name", "null")}),
        ({"total_amount": 5}, {("/total_amount", "wrong-type")}),
        ({"total_amount": "-5.00"}, {("/total_amount", "out-of-range")}),
        ({"total_amount": "5.001"}, {("/total_amount", "too-precise")}),
        ({"total_amount": "1e400"}, {("/total_amount", "wrong-type")}),
        ({"tech_amount": "1200000.01"}, {("/tech_amount", "exceeds-total")}),
        ({"signed_on": "2026-02-30"}, {("/signed_on", "wrong-type")}),
        ({"seller": None}, {("/seller", "null")}),
        ({"seller": []}, {("/seller", "wrong-type")}),
        ({"seller": {"name": "x", "role": "office"}}, {("/seller/role", "unknown-field")}),
        ({"demand": "dem x"}, {("/demand", "bad-format")}),
        ({"contract_type": "开发"}, {("/contract_type", "bad-format")}),
    ],
)
def test_bad_input_names_the_field(api, changes, errors):
    body = {**wire(content(api.world)), **changes}
    status, _, found = problem(api.post("/v1/contracts", body, key="office"))
    assert (status, found) == (422, errors)
    assert rows(api.world.database, Contract) == []


def test_a_field_may_be_named_by_its_chinese_alias(api):
    alias = "contract:新材料及其应用"
    assert register(api, field=alias).json["field"] == "contract:05"
    [item] = api.get("/v1/contracts", key="office", query_string={"field": alias}).json["items"]
    assert item["field"] == "contract:05"


def test_both_parties_see_a_contract_that_names_them_by_credit_code(api):
    party = {"name": "测试enterprise", "credit_code": credit_code(1)}
    made = register(api, buyer=party)
    assert made.json["buyer"]["organisation"] == api.world.ids["enterprise"]
    assert api.get(made.headers["Location"], key="enterprise").json == made.json
    other = register(api, buyer={**party, "name": "示例"})
    assert problem(other) == (422, "invalid", {("/buyer/name", "name-mismatch")})


def test_a_number_of_our_own_series_is_no_outside_number(api):
    registration = {"number": f"{today().year}990000000001", "office": "示例外省登记处", "registered_on": today()}
    reply = record(api, outside=registration)
    assert problem(reply) == (422, "invalid", {("/outside/number", "our-series")})
    assert register(api).json["number"] == registration["number"]


def test_an_empty_body_names_everything_that_is_needed(api):
    found = problem(api.post("/v1/outside-contracts", {}, key="office"))[2]
    assert found == {
        (f"/{name}", "required")
        for name in (
            "project_name contract_type seller buyer total_amount tech_amount signed_on valid_from valid_to field outside"
        ).split()
    }


def test_a_repeated_key_gets_the_same_number_and_another_body_is_refused(api):
    body = wire(content(api.world))
    first, again = (api.post("/v1/contracts", body, key="office", idempotency_key="k1") for _ in range(2))
    assert (again.status_code, again.json, again.headers["ETag"]) == (201, first.json, first.headers["ETag"])
    other = api.post("/v1/contracts", {**body, "contract_no": "2"}, key="office", idempotency_key="k1")
    assert problem(other)[:2] == (422, "idempotency-key-reused")
    assert len(rows(api.world.database, Contract)) == 1


def test_the_same_key_eight_times_at_once_registers_once(api):
    body = wire(content(api.world))
    app = create_app(api.world.database, Settings())

    def post(_: int) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {api.world.keys['office']}", "Idempotency-Key": "k1"}
        reply = app.test_client().post("/v1/contracts", json=body, headers=headers)
        return reply.status_code, reply.json

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(post, range(8)))
    assert {status for status, _ in replies} == {201}
    assert {answer["number"] for _, answer in replies} == {f"{today().year}990000000001"}


def test_a_duplicate_is_409_and_names_the_number_to_those_who_may_see_it(api):
    seller = {"organisation": api.world.ids["university2"]}
    number = register(api, "office2", seller=seller).json["number"]
    mine, theirs = register(api, "office2", seller=seller), register(api, "office", seller=seller)
    assert problem(mine)[:2] == problem(theirs)[:2] == (409, "duplicate-contract")
    assert number in mine.text
    assert number not in theirs.text


@pytest.mark.parametrize("make", [register, record])
def test_change_cancel_and_revoke_need_the_tag_and_end_for_ever(api, make):
    reply = make(api)
    path, tag = reply.headers["Location"], reply.headers["ETag"]
    why = {"reason": "AMOUNT_CHANGED", "text": "金额更正", "changes": {"tech_amount": "100.00"}}
    assert problem(api.post(f"{path}/change", why, key="office"))[:2] == (428, "precondition-required")
    changed = api.post(f"{path}/change", why, key="office", if_match=tag)
    assert changed.status_code == 200
    assert changed.json == {**reply.json, "version": 2, "tech_amount": "100.00"}
    assert changed.headers["ETag"].startswith('"v2-')
    void = {"reason": "VOID"} if make is record else {"reason": "VOID", "asked_by": "seller"}
    assert problem(api.post(f"{path}/cancel", void, key="office", if_match=tag))[:2] == (412, "stale")
    tag = changed.headers["ETag"]
    ended = api.post(f"{path}/cancel", void, key="office", if_match=tag)
    assert (ended.status_code, ended.json) == (200, {**changed.json, "version": 3, "state": "cancelled"})
    tag = ended.headers["ETag"]
    for act, body in (("change", why), ("cancel", void), ("revoke", {"reason": "FRAUD"} if make is record else {})):
        assert problem(api.post(f"{path}/{act}", body, key="office", if_match=tag))[:2] == (409, "contract-ended")
    assert api.get(path, key="auditor").json == ended.json


def test_taking_off_what_was_revoked_elsewhere_has_its_own_reasons(api):
    path = record(api).headers["Location"]
    wrong = api.post(f"{path}/revoke", {"reason": "RESCINDED"}, key="office", if_match="*")
    assert problem(wrong) == (422, "invalid", {("/reason", "unknown-value")})
    assert api.post(f"{path}/revoke", {"reason": "DUPLICATE"}, key="office", if_match="*").json["state"] == "revoked"


def test_who_may_call(api):
    path = register(api).headers["Location"]
    why = {"reason": "VOID"}
    assert problem(api.get(path))[:2] == (401, "unauthenticated")
    assert problem(api.get("/v1/contracts"))[:2] == (401, "unauthenticated")
    assert problem(api.get(path, key="administrator"))[:2] == (404, "not-found")
    assert problem(api.get(path, key="enterprise2"))[:2] == (404, "not-found")
    assert problem(register(api, "enterprise"))[:2] == (403, "forbidden")
    assert problem(api.post(f"{path}/cancel", why, key="auditor", if_match="*"))[:2] == (403, "forbidden")
    assert problem(api.post(f"{path}/cancel", why, key="office2", if_match="*"))[:2] == (404, "not-found")
    for absent in ("/v1/contracts/2026990000009999", "/v1/contracts/con_x", "/v1/outside-contracts/con_x"):
        assert problem(api.get(absent, key="auditor"))[:2] == (404, "not-found")


def test_a_statistician_reads_coded_data(api):
    register(api, buyer=plain("示例企业09", place="150600"), **DETAILS)
    [item] = api.get("/v1/contracts", key="statistician").json["items"]
    assert item["buyer"] == {
        "organisation": None,
        "name": None,
        "credit_code": None,
        "country": "CN",
        "place": "150600",
        "nature": None,
    }
    assert (item["project_name"], item["contract_no"]) == (None, None)
    assert (item["contract_type"], item["total_amount"], item["ip_type"]) == ("DEV", "1200000.00", "PATENT_INVENTION")


def test_the_list_has_pages_filters_and_an_order(api):
    numbers = [register(api, contract_no=str(n)).json["number"] for n in range(3)]
    record(api)
    first = api.get("/v1/contracts?act=registered&limit=2&sort=registered_on", key="office")
    assert [item["number"] for item in first.json["items"]] == numbers[:2]
    assert 'rel="next"' in first.headers["Link"]
    second = api.get(
        f"/v1/contracts?act=registered&limit=2&sort=registered_on&cursor={first.json['next']}", key="office"
    )
    assert ([item["number"] for item in second.json["items"]], second.json["next"]) == (numbers[2:], None)
    assert len(api.get("/v1/contracts?party=me", key="enterprise").json["items"]) == 4
    assert len(api.get("/v1/contracts?office=me", key="office").json["items"]) == 4
    tomorrow = today() + timedelta(days=1)
    assert api.get(f"/v1/contracts?registered_from={tomorrow}", key="office").json["items"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=lost", "/state"),
        ("office=org_x", "/office"),
        ("sort=total_amount", "/sort"),
        ("field=contract:77", "/field"),
        ("field=region:rare_earth", "/field"),
        ("contract_type=DEV_COMMISSIONED", "/contract_type"),
        ("registered_from=2026-01-02&registered_to=2026-01-01", "/registered_to"),
        ("contract_type=WORK", "/contract_type"),
        ("registered_from=2026", "/registered_from"),
        ("seller=org_x", "/seller"),
        ("cursor=forged", "/cursor"),
    ],
)
def test_an_unknown_filter_or_value_is_refused(api, query, pointer):
    status, _, found = problem(api.get(f"/v1/contracts?{query}", key="auditor"))
    assert status == 422
    assert {where for where, _ in found} == {pointer}
