"""What follows a registration: versions, technical income, audits, and how the offices do."""

from __future__ import annotations

from datetime import timedelta

from market.store.types import today
from tests.api.examination.desk import Case, cancel, form, good, refused, revoke

YEAR = f"?from={today().year}-01-01&to={today().year}-12-31"


def income(api, number: str, paid: str, approved: str | None, key: str = "office", **rest):
    body = {"paid_on": today().isoformat(), "paid_amount": paid, "income_amount": approved, **rest}
    return api.post(f"/v1/contracts/{number}/income", body, key=key)


def codes(reply) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in reply.json["errors"]}


def test_rule_6_income_is_at_most_what_was_paid_and_in_sum_at_most_the_technology_amount(api):
    number = Case(api).registered()  # 400,000.00 yuan of technology
    first = good(income(api, number, "300000.00", "250000.00"), 201)
    assert codes(income(api, number, "10.00", "10.01")) == {("/income_amount", "exceeds-paid")}
    assert codes(income(api, number, "200000.00", "150000.01")) == {("/income_amount", "exceeds-tech")}
    good(income(api, number, "150000.00", "150000.00", completed=True), 201)
    early = income(api, number, "1.00", None, paid_on=(today() - timedelta(days=1)).isoformat())
    assert codes(early) == {("/paid_on", "out-of-range")}
    assert codes(income(api, number, "1.00", "1.00", corrects=first["id"])) == {("/text", "required")}
    second = good(income(api, number, "300000.00", "240000.00", corrects=first["id"], text="更正"), 201)
    assert codes(income(api, number, "1.00", None, corrects=first["id"], text="更正")) == {
        ("/corrects", "unknown-value")
    }
    entries = good(api.get(f"/v1/contracts/{number}/income", key="university"))["items"]
    standing = [entry["income_amount"] for entry in entries if entry["corrected_by"] is None]
    assert standing == ["150000.00", "240000.00"]
    assert entries[0]["corrected_by"] == second["id"]
    contract = good(api.get(f"/v1/contracts/{number}", key="office"))
    assert (contract["tech_amount"], contract["version"]) == ("400000.00", 1)
    assert refused(income(api, number, "1.00", None, key="governing")) == (403, "member-needed")
    cancel(api, number)
    assert refused(income(api, number, "1.00", None)) == (409, "contract-ended")


def test_rule_22_old_versions_stay_readable_after_the_end(api):
    number = Case(api).registered()
    change = {"reason": "CORRECTION", "text": "写错了", "changes": {"total_amount": "1300000.00"}}
    good(api.post(f"/v1/contracts/{number}/change", change, key="office", if_match="*"))
    revoke(api, number)
    path = f"/v1/contracts/{number}/versions"
    told = [(item["version"], item["kind"], item["reason"]) for item in good(api.get(path, key="enterprise"))["items"]]
    assert told == [
        (1, "contract.registered", None),
        (2, "contract.changed", "CORRECTION"),
        (3, "contract.revoked", "FRAUD"),
    ]
    totals = [good(api.get(f"{path}/{n}", key="enterprise"))["contract"]["total_amount"] for n in (1, 2, 3)]
    assert totals == ["1200000.00", "1300000.00", "1300000.00"]
    for wrong in ("0", "4", "x", "99999999999999999999", "-1"):
        assert api.get(f"{path}/{wrong}", key="enterprise").status_code == 404
    coded = good(api.get(f"{path}/2", key="statistician"))
    assert (coded["text"], coded["contract"]["project_name"], coded["contract"]["seller"]["name"]) == (None, None, None)


def test_growth_and_quality_of_an_office_stand_beside_each_other(api):
    number = Case(api, contract_no="P-1").registered()
    returned = Case(api, contract_no="P-2").in_review()
    returned.do("request-supplement", "office", {"reason": "OTHER", "text": "示例"})
    refusal = Case(api, contract_no="P-3").in_review()
    refusal.do("refuse", "office", {"reason": "OTHER", "text": "示例"})
    Case(api, contract_no="P-4")
    body = form(api.world, contract_no="P-5")
    del body["office"], body["is_related_party"]
    direct = good(api.post("/v1/contracts", body, key="office"), 201)["number"]
    good(income(api, number, "20000.00", "10000.00"), 201)
    change = {"reason": "CORRECTION", "changes": {"tech_amount": "300000.00"}}
    good(api.post(f"/v1/contracts/{number}/change", change, key="office", if_match="*"))
    good(income(api, direct, "500.00", "500.00"), 201)  # goes with its contract
    revoke(api, direct)
    for result, text in (("sound", None), ("defective", "合同不实")):
        good(api.post(f"/v1/contracts/{number}/audits", {"result": result, "text": text}, key="auditor"), 201)
    assert codes(api.post(f"/v1/contracts/{number}/audits", {"result": "defective"}, key="auditor")) == {
        ("/text", "required")
    }
    words = [
        [audit["text"] for audit in good(api.get(f"/v1/contracts/{number}/audits", key=key))["items"]]
        for key in ("office", "statistician")
    ]
    assert words == [[None, "合同不实"], [None, None]]
    found = good(api.get(f"/v1/desk/performance{YEAR}", key="auditor"))
    office = dict(*found["items"])
    assert office.pop("office") == {"id": api.world.ids["office"], "name": "测试office"}
    assert office == {
        "applications": 3,
        "decided": 2,
        "on_time": 2,
        "on_time_share": "1.0000",
        "returns": 1,
        "refusals": 1,
        "open": 0,
        "overdue": 0,
        "registered": 2,
        "corrections": 1,
        "cancelled": 0,
        "revoked": 1,
        "audited": 1,
        "defective": 1,
        "total_amount": "1200000.00",
        "tech_amount": "300000.00",
        "income_amount": "10000.00",
    }
    assert good(api.get(f"/v1/desk/performance{YEAR}", key="office"))["items"] == found["items"]
    assert good(api.get(f"/v1/desk/performance{YEAR}", key="office2"))["items"] == []
    assert api.get("/v1/desk/performance?from=2026-02-01&to=2026-01-01", key="office").status_code == 422
