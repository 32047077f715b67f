"""Technical income (技术性收入) is a measure of its own: what was approved so far, in the period of the registration."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from market.access import SYSTEM
from market.examination.model import Income
from market.journal import read as journal
from market.registration.income import check_income
from market.statistics.agreement import check
from market.store.types import new_id, today
from tests.api.examination.desk import Case, good

YEAR = f"period={today().year}"


def approve(api, number, income, **rest):
    body = {"paid_on": today().isoformat(), "paid_amount": "300000.00", "income_amount": income, **rest}
    return good(api.post(f"/v1/contracts/{number}/income", body, key="office"), 201)


def ask(api, question, key="statistician", path="deals"):
    return good(api.get(f"/v1/statistics/{path}?{YEAR}&{question}", key=key))


def change(api, number, act, body):
    good(api.post(f"/v1/contracts/{number}/{act}", body, key="office", if_match="*"))


def agree(api):
    with api.world.database.snapshot(SYSTEM) as unit:
        assert journal.verify(unit) + check(unit) + check_income(unit) == []


def test_from_registration_to_cancellation(api):
    number = Case(api).registered()
    registered = ask(api, "")
    assert [registered["totals"][name] for name in ("deals", "tech_amount", "tech_income")] == [1, "400000.00", "0.00"]
    first = approve(api, number, "250000.00")
    earlier = ask(api, "by=league,contract_type&shares=true")
    assert earlier["totals"]["tech_income"] == "250000.00"
    assert all(
        (group["tech_income"], group["share"]["tech_income"]) == ("250000.00", 1.0) for group in earlier["groups"]
    )
    approve(api, number, "100000.00")
    approve(api, number, "200000.00", corrects=first["id"], text="更正")
    for question in (
        "",
        "by=field",
        "by=ip_type",
        "basis=internal",
        "basis=registered&by=office&top=1&top_by=tech_income",
    ):
        answer = ask(api, question)
        assert [answer["totals"][name] for name in ("deals", "total_amount", "tech_amount", "tech_income")] == [
            *(1, "1200000.00", "400000.00", "300000.00"),
        ]
        assert all(group["tech_income"] == "300000.00" for group in answer["groups"])
    agree(api)
    for then, figure in ((registered, "0.00"), (earlier, "250000.00")):
        for by in ("", "&by=field", "&by=ip_type"):
            found = ask(api, f"as_of={then['as_of']['seq']}{by}")
            assert [each["tech_income"] for each in (found["totals"], *found["groups"])] == [figure] * (1 + bool(by))
    moved = ask(api, f"from={earlier['as_of']['seq']}", "auditor", "adjustments")
    assert moved["summary"]["difference"] == {
        "deals": 0,
        "total_amount": "0.00",
        "tech_amount": "0.00",
        "tech_income": "50000.00",
    }
    assert [(item["kind"], item["sign"], item["tech_income"]) for item in moved["items"]] == [
        *(("income.approved", -1, "-250000.00"), ("income.approved", 1, "350000.00")),
        *(("income.approved", -1, "-350000.00"), ("income.approved", 1, "300000.00")),
    ]
    [counted] = ask(api, "", "auditor", "contracts")["items"]
    assert (counted["version"], counted["tech_income"]) == (1, "300000.00")
    [counted] = ask(api, f"as_of={earlier['as_of']['seq']}", "auditor", "contracts")["items"]
    assert counted["tech_income"] == "250000.00"
    change(api, number, "change", {"reason": "CORRECTION", "changes": {"total_amount": "1300000.00"}})
    assert ask(api, "")["totals"]["tech_income"] == "300000.00"
    agree(api)
    change(api, number, "cancel", {"reason": "RESCINDED", "asked_by": "both"})
    assert [ask(api, "")["totals"][name] for name in ("deals", "tech_income")] == [0, "0.00"]
    agree(api)


def test_it_is_withheld_with_the_other_amounts_and_stands_in_flows_files_and_charts(api):
    number = Case(api).registered()
    approve(api, number, "250000.00")
    assert ask(api, "", None)["totals"]["tech_income"] is None
    flows = ask(api, "", path="flows")
    assert [line["tech_income"] for name in ("cells", "rows", "columns") for line in flows[name]] == ["250000.00"] * 3
    for path in ("deals", "flows"):
        sheet = api.get(f"/v1/statistics/{path}.csv?{YEAR}", key="auditor")
        assert "技术性收入" in sheet.text
        assert "250000.00" in sheet.text
        drawn = api.get(f"/v1/statistics/{path}.svg?{YEAR}&measure=tech_income", key="auditor")
        assert (drawn.status_code, "技术性收入" in drawn.text) == (200, True)


def test_the_technology_amount_never_falls_below_the_income_that_stands(api):
    number = Case(api).registered()
    approve(api, number, "250000.00")
    body = {"reason": "CORRECTION", "changes": {"tech_amount": "249999.99"}}
    refused = api.post(f"/v1/contracts/{number}/change", body, key="office", if_match="*")
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [
        ("/changes/tech_amount", "below-income")
    ]
    body["changes"]["tech_amount"] = "250000.00"
    change(api, number, "change", body)
    assert ask(api, "")["totals"]["tech_amount"] == "250000.00"


def test_nothing_approved_posts_nothing(api):
    number = Case(api).registered()
    approve(api, number, None)
    moved = ask(api, "from=0", "auditor", "adjustments")
    assert [item["kind"] for item in moved["items"]] == ["contract.registered"]
    agree(api)


@pytest.mark.parametrize("state", ["registered", "cancelled"])
def test_the_check_finds_income_that_the_ledger_does_not_have(api, state):
    number = Case(api).registered()
    approve(api, number, "100.00")
    if state == "cancelled":
        change(api, number, "cancel", {"reason": "RESCINDED", "asked_by": "both"})
    contract = good(api.get(f"/v1/contracts/{number}", key="office"))["id"]
    days = dict.fromkeys(("paid_on", "approved_on"), today())
    row = {
        "id": new_id("inc"),
        "contract_id": contract,
        "paid_fen": 7,
        "income_fen": 7,
        "completed": False,
        "at": 0,
        **days,
    }
    api.world.database.write(SYSTEM, lambda unit: unit.execute(insert(Income), row))
    with api.world.database.snapshot(SYSTEM) as unit:
        wrong = check_income(unit)
    assert wrong == (
        [f"{contract}: the ledger has another income than what was approved"] if state == "registered" else []
    )
