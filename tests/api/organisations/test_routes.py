"""Organisations and keys over HTTP: joining, who sees what of whom, and secrets that are shown once."""

import json
import logging

import pytest

from market.journal.read import entries
from tests.world import credit_code

APPLICATIONS = "/v1/organisations/applications"
GIVEN = {
    "name": "示例申请企业",
    "kind": "enterprise",
    "credit_code": credit_code(900),
    "place": "150203",
    "nature": "170",
    "contact": {"name": "示例联系人", "email": "contact@example.com"},
}
DECISION = {"role": "enterprise", "place": "150203"}
CODES = [("/contact/email", "bad-format"), ("/contact/phone", "bad-format"), ("/country", "wrong-length")]


def applied(api, **changes):
    answer = api.post(APPLICATIONS, {**GIVEN, **changes})
    assert answer.status_code == 201, answer.text
    return answer


def approved(api, application_id, **decision):
    path = f"{APPLICATIONS}/{application_id}"
    tag = api.get(path, key="office").headers["ETag"]
    return api.post(f"{path}/approve", {**DECISION, **decision}, key="office", if_match=tag)


def found(answer):
    return {(error["pointer"], error["code"]) for error in answer.json["errors"]}


def journalled(api, kind):
    with api.world.database.read(api.world.actor("administrator")) as unit:
        return list(entries(unit, kinds=(kind,)))


def test_from_the_application_to_the_first_call(api):
    receipt = applied(api)
    application_id = receipt.json["id"]
    assert receipt.headers["Location"] == f"{APPLICATIONS}/{application_id}"
    assert receipt.headers["Cache-Control"] == "no-store"
    assert set(receipt.json) == {"id", "state", "claim_code", "name", "kind", "created_at", "version"}
    decided = approved(api, application_id, place="150204")
    assert (decided.status_code, decided.json["state"]) == (200, "approved")
    assert decided.json["contact"] == {"name": "示例联系人", "phone": None, "email": "contact@example.com"}
    issued = api.post(f"{APPLICATIONS}/{application_id}/claim", {"claim_code": receipt.json["claim_code"]})
    assert issued.status_code == 201
    assert issued.headers["Cache-Control"] == "no-store"
    me = api.get("/v1/me", key=issued.json["key"])
    assert me.json["organisation"]["id"] == decided.json["organisation"]
    assert me.json["organisation"]["place"] == "150204"
    assert (me.json["role"], me.json["key"], me.json["scopes"]) == ("enterprise", issued.json["id"], None)
    assert "post_demand" in me.json["permissions"]
    assert "review_applications" not in me.json["permissions"]


@pytest.mark.parametrize("field", ["role", "state", "number_prefix", "id", "organisation", "version", "claim_code"])
def test_nobody_sets_what_is_the_reviewer_s_to_set(api, field):
    answer = api.post(APPLICATIONS, {**GIVEN, field: "administrator"})
    assert (answer.status_code, found(answer)) == (422, {(f"/{field}", "unknown-field")})
    assert journalled(api, "application.submitted") == []


def test_no_route_lets_an_organisation_change_its_role_or_place(api):
    path = f"/v1/organisations/{api.world.ids['enterprise']}"
    for method in ("PUT", "PATCH", "POST", "DELETE"):
        assert api.call(method, path, {"role": "administrator"}, key="enterprise").status_code == 405


def test_the_place_is_claimed_and_never_taken_over(api):
    application_id = applied(api, place="150203").json["id"]
    path = f"{APPLICATIONS}/{application_id}/approve"
    answer = api.post(path, {"role": "enterprise"}, key="office", if_match="*")
    assert (answer.status_code, found(answer)) == (422, {("/place", "required")})


def test_every_wrong_field_is_named_at_once(api):
    contact = {"name": "名", "email": "nobody", "phone": "x"}
    answer = api.post(APPLICATIONS, {**GIVEN, "kind": "market", "country": "CHN", "contact": contact, "name": 1})
    assert answer.status_code == 422
    assert found(answer) == {("/kind", "unknown-value"), ("/name", "wrong-type"), *CODES}
    answer = api.post(APPLICATIONS, {**GIVEN, "name": "名\u202e称", "credit_code": "1", "nature": "none"})
    wrong = {("/name", "bad-character"), ("/credit_code", "bad-credit-code"), ("/nature", "unknown-value")}
    assert (answer.status_code, found(answer)) == (422, wrong)
    assert journalled(api, "application.submitted") == []


def test_an_application_is_bounded(api):
    for changes in ({"name": "名" * 201}, {"note": "注" * 2001}, {"contact": {**GIVEN["contact"], "name": "名" * 101}}):
        assert api.post(APPLICATIONS, {**GIVEN, **changes}).status_code == 422
    assert api.post(APPLICATIONS, {**GIVEN, "note": "x" * 1_000_001}).status_code == 413


@pytest.mark.parametrize("bad", ["名\0", "名\ud800"])
def test_text_no_engine_can_store_is_refused(api, bad):
    body = json.dumps({**GIVEN, "note": bad})
    answer = api.call("POST", APPLICATIONS, data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert journalled(api, "application.submitted") == []


def test_an_application_asked_for_twice_is_made_once_and_its_secret_shown_once(api):
    first = api.post(APPLICATIONS, GIVEN, idempotency_key="once")
    again = api.post(APPLICATIONS, GIVEN, idempotency_key="once")
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json["code"] == "secret-already-shown"
    assert first.json["claim_code"] not in again.text
    other = api.post(APPLICATIONS, {**GIVEN, "name": "另一企业"}, idempotency_key="once")
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")
    assert len(journalled(api, "application.submitted")) == 1


def test_a_decision_is_made_on_the_version_that_was_read(api):
    application_id = applied(api).json["id"]
    path = f"{APPLICATIONS}/{application_id}"
    tag = api.get(path, key="office").headers["ETag"]
    assert api.post(f"{path}/approve", DECISION, key="office").status_code == 428
    refused = api.post(f"{path}/refuse", {"reason": "示例理由"}, key="office2", if_match=tag)
    assert (refused.status_code, refused.json["state"], refused.json["reason"]) == (200, "refused", "示例理由")
    assert api.post(f"{path}/approve", DECISION, key="office", if_match=tag).status_code == 412
    late = api.post(f"{path}/approve", DECISION, key="office", if_match=refused.headers["ETag"])
    assert (late.status_code, late.json["code"]) == (409, "application-decided")


def test_an_office_stays_within_its_territory_and_the_applicants_roles(api):
    path = f"{APPLICATIONS}/{applied(api, place='150102').json['id']}"
    for answer in (
        api.get(path, key="office2"),
        api.post(f"{path}/approve", DECISION, key="office2", if_match="*"),
        api.post(f"{path}/refuse", {"reason": "x"}, key="office2", if_match="*"),
    ):
        assert answer.status_code == 404
    beyond = api.post(f"{path}/approve", {"role": "auditor", "place": "150102"}, key="office", if_match="*")
    assert (beyond.status_code, beyond.json["code"]) == (403, "role-beyond-office")
    outside = api.post(f"{path}/approve", {**DECISION, "place": "130100"}, key="office", if_match="*")
    assert (outside.status_code, outside.json["code"]) == (403, "outside-territory")
    office = {"role": "office", "place": "150102", "number_prefix": "150102"}
    wrong = api.post(f"{path}/approve", office, key="administrator", if_match="*")
    assert (wrong.status_code, found(wrong)) == (422, {("/number_prefix", "wrong-prefix")})
    right = api.post(f"{path}/approve", {**office, "number_prefix": "990102"}, key="administrator", if_match="*")
    assert right.status_code == 200


@pytest.mark.parametrize("kind", ["enterprise", "university", "broker", "office", "department"])
def test_whoever_the_market_is_for_may_apply(api, kind):
    assert applied(api, kind=kind).json["kind"] == kind


def test_an_office_or_department_is_seen_by_an_office_and_approved_by_an_administrator(api):
    for number, role in enumerate(("office", "statistician", "auditor", "administrator"), 950):
        kind = "office" if role == "office" else "department"
        receipt = applied(api, kind=kind, credit_code=credit_code(number)).json
        path = f"{APPLICATIONS}/{receipt['id']}"
        decision = {"role": role, "place": "150203", "number_prefix": "990203" if role == "office" else None}
        assert api.get(path, key="office").json["kind"] == kind
        refused = api.post(f"{path}/approve", decision, key="office", if_match="*")
        assert (refused.status_code, refused.json["code"]) == (403, "role-beyond-office")
        assert api.post(f"{path}/approve", decision, key="administrator", if_match="*").status_code == 200
        issued = api.post(f"{path}/claim", {"claim_code": receipt["claim_code"]})
        assert api.get("/v1/me", key=issued.json["key"]).json["role"] == role


def test_the_list_of_applications_is_paged_and_filtered(api):
    ids = [applied(api).json["id"] for _ in range(3)]
    approved(api, ids[0])
    page = api.get(f"{APPLICATIONS}?state=submitted&limit=1", key="office2")
    assert [item["id"] for item in page.json["items"]] == [ids[2]]
    assert "claim_code" not in page.json["items"][0]
    rest = api.get(f"{APPLICATIONS}?state=submitted&limit=1&cursor={page.json['next']}", key="office2")
    assert ([item["id"] for item in rest.json["items"]], rest.json["next"]) == ([ids[1]], None)
    assert api.get(f"{APPLICATIONS}?state=lost", key="office").status_code == 422


def test_wrong_claims_of_all_kinds_are_answered_alike(api):
    receipt = applied(api).json
    answers = [
        api.post(f"{APPLICATIONS}/{subject}/claim", {"claim_code": code})
        for subject, code in ((receipt["id"], "tmc_wrong"), ("app_unknown", receipt["claim_code"]), ("app_x", "x"))
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.json["code"], answer.json["detail"]) for answer in answers}) == 1
    pending = api.post(f"{APPLICATIONS}/{receipt['id']}/claim", {"claim_code": receipt["claim_code"]})
    assert (pending.status_code, pending.json["code"]) == (409, "application-pending")


def test_a_wrong_claim_is_counted_and_does_not_use_up_its_idempotency_key(api):
    receipt = applied(api).json
    approved(api, receipt["id"])
    path = f"{APPLICATIONS}/{receipt['id']}/claim"
    for _ in range(2):
        assert api.post(path, {"claim_code": "tmc_wrong"}, idempotency_key="try").status_code == 404
    assert api.get(f"{APPLICATIONS}/{receipt['id']}", key="office").json["wrong_claims"] == 2
    assert api.post(path, {"claim_code": receipt["claim_code"]}, idempotency_key="try").status_code == 201
    again = api.post(path, {"claim_code": receipt["claim_code"]}, idempotency_key="try")
    assert (again.status_code, again.json["code"]) == (409, "secret-already-shown")


def test_the_public_sees_name_role_and_place_of_an_organisation(api):
    ids = api.world.ids
    public = api.get(f"/v1/organisations/{ids['office']}")
    assert public.json == {
        "id": ids["office"],
        "name": "测试office",
        "role": "office",
        "place": "150000",
        "details": None,
    }
    seen = {
        name: api.get(f"/v1/organisations/{ids['enterprise']}", key=name).json["details"] is not None for name in ids
    }
    assert {name for name, details in seen.items() if details} == {"enterprise", "office", "office2", "administrator"}
    details = api.get(f"/v1/organisations/{ids['office']}", key="office").json["details"]
    assert (details["country"], details["number_prefix"]) == ("CN", "990000")
    assert api.get("/v1/organisations/org_unknown").status_code == 404


def test_a_key_is_issued_used_and_revoked(api):
    issued = api.post("/v1/keys", {"label": "nightly", "scopes": ["identify"]}, key="enterprise")
    assert issued.status_code == 201
    assert issued.headers["Cache-Control"] == "no-store"
    path = issued.headers["Location"]
    secret = issued.json["key"]
    assert api.get("/v1/me", key=secret).json["permissions"] == ["identify"]
    assert api.post("/v1/keys", {"label": "wider"}, key=secret).status_code == 403
    shown = api.get(path, key="enterprise")
    assert shown.json == {name: value for name, value in issued.json.items() if name != "key"}
    assert api.post(f"{path}/revoke", key="enterprise").status_code == 428
    assert api.post(f"{path}/revoke", key="enterprise2", if_match="*").status_code == 404
    revoked = api.post(f"{path}/revoke", key="enterprise", if_match=shown.headers["ETag"])
    assert revoked.status_code == 200
    assert revoked.json["revoked_at"] is not None
    refused = api.get("/v1/me", key=secret)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert api.get("/v1/places", key=secret).status_code == 401
    assert [item["label"] for item in api.get("/v1/keys", key="enterprise").json["items"]] == ["nightly", "test"]


def test_a_key_asked_for_twice_is_issued_once_and_shown_once(api):
    first = api.post("/v1/keys", {"label": "twice"}, key="enterprise", idempotency_key="k")
    again = api.post("/v1/keys", {"label": "twice"}, key="enterprise", idempotency_key="k")
    assert (first.status_code, again.status_code, again.json["code"]) == (201, 409, "secret-already-shown")
    assert first.json["key"] not in again.text
    assert len(api.get("/v1/keys", key="enterprise").json["items"]) == 2


def test_wrong_keys_are_named(api):
    body = {"label": "", "scopes": ["fly"], "expires_at": "tomorrow", "role": "administrator"}
    answer = api.post("/v1/keys", body, key="enterprise")
    assert answer.status_code == 422
    assert {pointer for pointer, _ in found(answer)} == {"/label", "/scopes/0", "/expires_at", "/role"}
    past = api.post("/v1/keys", {"label": "x", "expires_at": "2020-01-01T00:00:00Z"}, key="enterprise")
    assert found(past) == {("/expires_at", "in-the-past")}
    beyond = api.post("/v1/keys", {"label": "x", "scopes": ["manage_keys"]}, key="enterprise")
    assert found(beyond) == {("/scopes", "beyond-role")}


def test_instants_are_taken_exactly_or_not_at_all(api):
    def asked(instant):
        return api.post("/v1/keys", {"label": "x", "expires_at": instant}, key="enterprise")

    assert asked("2100-01-31T08:00:00.000001+08:00").json["expires_at"] == "2100-01-31T00:00:00.000001Z"
    for wrong in (
        "2100-01-31",
        "2100-01-31T00:00:00",
        "2100-02-30T00:00:00Z",
        "2100-01-31 00:00:00Z",
        4102444800,
        ["x"],
    ):
        assert found(asked(wrong)) == {("/expires_at", "wrong-type")}
    for wrong in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "２100-01-31T00:00:00Z"):
        assert found(asked(wrong)) == {("/expires_at", "wrong-type")}


def test_no_key_or_claim_code_reaches_the_logs(api, caplog):
    caplog.set_level(logging.DEBUG)
    receipt = applied(api).json
    approved(api, receipt["id"])
    issued = api.post(f"{APPLICATIONS}/{receipt['id']}/claim", {"claim_code": receipt["claim_code"]}).json
    api.get("/v1/me", key=issued["key"])
    api.get("/v1/me", key=issued["key"] + "x")
    for secret in (receipt["claim_code"], issued["key"]):
        assert secret not in caplog.text
