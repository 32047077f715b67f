"""The 22 rules of the trade that an engineer must not get wrong, each told by one short test over the API.

In the order of the domain notes; a test holds what its name and sentence say, and the rooms' own tests go deeper. Amounts stay
small and contract numbers differ, because the shortcut `POST /v1/contracts` leaves large and look-alike ones to an application.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import time_machine

from market.access import SYSTEM
from market.rules.actions import load_rules
from market.rules.calendar import due_by_rule
from market.store.types import SHANGHAI, today
from tests.api.examination.desk import LARGE, PAPERS, PDF, Case, cancel, form, good, refused, revoke
from tests.market.certificates.papers import code_of
from tests.market.contracts.samples import content, outside, plain, wire
from tests.market.statistics.history import History
from tests.world import credit_code

ABROAD = {"name": "Example GmbH", "country": "DE"}
DAY = timedelta(days=1)


def post(api: Any, number: str, key: str = "office", **changes: Any) -> Any:
    """The office's shortcut, with the parties' own number of the contract."""
    return api.post("/v1/contracts", wire(content(api.world, contract_no=number, **changes)), key=key)


def act(api: Any, number: str, verb: str, reason: str, **rest: Any) -> Any:
    return api.post(f"/v1/contracts/{number}/{verb}", {"reason": reason, **rest}, key="office", if_match="*")


def wrong(reply: Any) -> set[tuple[str, str]]:
    assert reply.status_code == 422, reply.json
    return {(error["pointer"], error["code"]) for error in reply.json["errors"]}


def found(api: Any, key: str = "university", **changes: Any) -> dict[str, str]:
    """What the check of an application finds: severities by code."""
    reply = good(api.post("/v1/applications/check", form(api.world, **changes), key=key))
    return {finding["code"]: finding["severity"] for finding in reply["findings"]}


def totals(api: Any, question: str = "", key: str | None = "statistician") -> dict[str, Any]:
    return good(api.get(f"/v1/statistics/deals?period={today().year}{question}", key=key))["totals"]


def test_rule_01_five_types_and_a_licence_is_no_subtype_of_transfer(api):
    """There are five main types of contracts, and a licence is one of them."""
    items = good(api.get("/v1/code-lists/contract_type"))["items"]
    assert {item["code"] for item in items if item["parent"] is None} == {
        *("DEV", "TRANSFER", "LICENSE", "CONSULT", "SERVICE"),
    }
    licence = {"contract_subtype": "LICENSE_PATENT_SOLE", "ip_type": "PATENT_INVENTION"}
    as_transfer = post(api, "A", contract_type="TRANSFER", **licence)
    assert wrong(as_transfer) == {("/contract_subtype", "not-of-type")}
    made = good(post(api, "A", contract_type="LICENSE", **licence), 201)
    groups = good(api.get(f"/v1/statistics/deals?period={today().year}&by=contract_type", key="office"))["groups"]
    assert made["contract_type"] == "LICENSE"
    assert [(group["key"], group["deals"]) for group in groups] == [({"contract_type": "LICENSE"}, 1)]


def test_rule_02_the_seller_applies_at_its_own_office_and_the_domestic_buyer_for_an_import(api):
    """Nobody else may hand an application in, and nowhere else."""
    theirs = Case(api, key="enterprise")  # the buyer's, though the seller sits here
    assert ("/seller", "wrong-applicant") in wrong(theirs.try_("submit", "enterprise"))
    assert wrong(post(api, "A", "office2")) == {
        ("/seller", "outside-territory")
    }  # Baotou; the university sits in Hohhot
    assert "wrong-applicant-import" in found(api, seller=ABROAD)
    assert not {"wrong-applicant-import", "wrong-applicant"} & found(api, "enterprise", seller=ABROAD).keys()
    assert Case(api, contract_no="B").submitted().read()["state"] == "submitted"


def test_rule_03_one_contract_has_one_registration_at_whatever_office(api):
    """The same contract is refused a second number by the same and by another office."""
    seller = {"organisation": api.world.ids["university2"]}  # in Baotou, which two offices cover
    good(post(api, "A", "office2", seller=seller), 201)
    for office in ("office2", "office"):
        assert refused(post(api, "A", office, seller=seller)) == (409, "duplicate-contract")
    case = Case(api, papers=(), key="university2", contract_no="A", seller=seller)
    assert ("", "duplicate-contract") in wrong(case.try_("submit", "university2"))
    assert totals(api)["deals"] == 1
    applied = Case(api, papers=PAPERS, key="university2", contract_no="B", seller=seller).submitted()
    again = Case(api, papers=PAPERS, key="university2", contract_no="B", seller=seller)  # not registered yet
    assert wrong(again.try_("submit", "university2")) == {("", "duplicate-application")}
    assert refused(post(api, "B", "office2", seller=seller)) == (409, "duplicate-application")
    applied.do("withdraw", "university2")
    assert again.submitted().read()["state"] == "submitted"


def test_rule_04_no_oral_contract_and_none_that_is_not_in_force_on_the_day(api):
    """Without its text, before its first day and after its last a contract is not taken."""
    oral = Case(api, papers=("pledge", "ip_proof"))
    assert wrong(oral.try_("submit", "university")) == {("/attachments", "document-missing")}
    past = {"signed_on": today() - 9 * DAY, "valid_from": today() - 9 * DAY, "valid_to": today() - DAY}
    assert wrong(post(api, "A", **past)) == {("/valid_to", "expired")}
    assert wrong(post(api, "B", valid_from=today() + DAY)) == {("/valid_from", "not-in-force")}
    for number, dates in (("C", past), ("D", {"valid_from": today() + DAY})):
        assert Case(api, contract_no=number, **dates).try_("submit", "university").status_code == 422
    with time_machine.travel(datetime.now(SHANGHAI) - DAY, tick=False):
        case = Case(api, contract_no="E", valid_to=today()).in_review()
    assert case.do("register", "office", {})["number"]  # it was in force on the day of the application


def test_rule_05_technology_is_above_zero_at_most_the_total_and_without_equipment(api):
    """Equipment counts as technology only as a reasonable quantity of the subject matter."""
    for tech in (0, 1_200_000_01):
        assert {pointer for pointer, _ in wrong(post(api, "A", tech_amount=tech))} == {"/tech_amount"}
    listed = {"kind": "equipment", "name": "示例窑炉", "quantity": 1, "amount": "300000.00"}
    bought = {"exclusions": [{**listed, "reasonable_quantity": False}]}
    subject = {"exclusions": [{**listed, "reasonable_quantity": True}]}
    assert found(api, tech_amount=900_000_01, **bought)["tech-includes-equipment"] == "error"
    assert "tech-includes-equipment" not in found(api, tech_amount=900_000_00, **bought)
    assert "tech-includes-equipment" not in found(api, tech_amount=900_000_01, **subject)
    good(post(api, "B", total_amount=9_00, tech_amount=9_00), 201)


def test_rule_06_total_technology_and_income_are_three_amounts_never_summed(api):
    """Income comes after performance, and figures show each amount by itself."""
    number = good(post(api, "A"), 201)["number"]
    amounts = ("total_amount", "tech_amount", "tech_income")
    assert [totals(api)[name] for name in amounts] == ["1200000.00", "400000.00", "0.00"]
    paid = {"paid_on": today().isoformat(), "paid_amount": "300000.00", "income_amount": "250000.00"}
    good(api.post(f"/v1/contracts/{number}/income", paid, key="office"), 201)
    told = totals(api)
    assert [told[name] for name in amounts] == ["1200000.00", "400000.00", "250000.00"]
    assert {name for name in told if name.endswith(("amount", "income"))} == set(amounts)
    contract = good(api.get(f"/v1/contracts/{number}", key="office"))
    assert (contract["total_amount"], contract["tech_amount"]) == ("1200000.00", "400000.00")


def test_rule_07_money_is_exact_yuan_with_two_places_and_rounded_after_the_sum(api):
    """Amounts are decimal text, a float is refused, and 万元 is rounded from the sum, not from its parts."""
    body = wire(content(api.world, contract_no="A"))
    for value, code in ((1200000.1, "wrong-type"), ("1200000.001", "too-precise")):
        reply = api.post("/v1/contracts", {**body, "total_amount": value}, key="office")
        assert wrong(reply) == {("/total_amount", code)}
    for number in range(3):
        good(post(api, f"N-{number}", total_amount=10_046_10, tech_amount=10), 201)
    told = totals(api)
    assert (told["total_amount"], told["tech_amount"]) == ("30138.30", "0.30")  # in floats 0.30000000000000004
    chart = api.get(f"/v1/statistics/deals.svg?period={today().year}&by=contract_type", key="office").text
    assert "万元" in chart
    assert "技术开发合同: 3.01 (3 项)" in chart  # 1.00 each


def test_rule_08_limits_are_working_days_of_the_official_calendar_and_configurable(api):
    """15 and 30 working days over National Day 2026 with its two make-up days; a loaded rule moves them."""

    def due(code: str) -> date:
        with api.world.database.snapshot(SYSTEM) as unit:
            return due_by_rule(unit, code, date(2026, 9, 18)).on

    assert (due("review.limit"), due("review.expert_limit")) == (date(2026, 10, 15), date(2026, 11, 5))
    with time_machine.travel(datetime(2026, 9, 18, 10, tzinfo=SHANGHAI), tick=False):
        assert Case(api).in_review().read()["clock"]["due_on"] == "2026-10-15"
    header = "code,kind,value,unit,name_zh,name_en,valid_from,valid_to,source,reference,status,note\n"
    row = "review.limit,deadline,10,working_day,期限,Limit,2026-09-01,,示例办法,,official,\n"
    api.world.database.write(SYSTEM, lambda unit: load_rules(unit, [header, row]))
    assert due("review.limit") == date(2026, 10, 9)


def test_rule_09_a_supplement_moves_the_day_of_acceptance_and_both_days_are_kept(api):
    """The clock is not paused: it starts anew on the day the supplement is handed in."""
    monday = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
    with time_machine.travel(monday, tick=False):
        case = Case(api).in_review()
        case.do("request-supplement", "office", {"reason": "OTHER", "text": "示例"})
    with time_machine.travel(monday + 7 * DAY, tick=False):
        again = case.do("resubmit", "university", {})
    assert (again["submitted_on"], again["accepted_on"]) == ("2026-03-02", "2026-03-09")
    assert (again["clock"]["started_on"], again["clock"]["due_on"]) == ("2026-03-09", "2026-03-30")
    steps = good(api.get(f"{case.path}/history", key="office"))["items"]
    days = {step["step"]: step["at"][:10] for step in steps}
    assert (days["accept"], days["resubmit"]) == ("2026-03-02", "2026-03-09")


def test_rule_10_from_five_million_of_technology_or_in_dispute_other_people_decide(api):
    """The line is on the technology amount and includes itself; who refers a case does not decide it."""
    below = Case(api, contract_no="A", **{**LARGE, "tech_amount": 4_999_999_99}).in_review()
    assert refused(below.try_("refer", "office", {})) == (409, "no-experts-needed")
    assert below.do("register", "office", {})["number"]
    disputed = Case(api, contract_no="B", disputed=True).in_review()
    large = Case(api, contract_no="C", **LARGE).in_review()
    assert refused(post(api, "D", disputed=True)) == (409, "needs-application")
    for case in (disputed, large):
        assert refused(case.try_("register", "office", {})) == (409, "needs-experts")
        case.do("refer", "office", {})
        assert refused(case.try_("take", "office")) == (403, "same-person")
        case.do("take", "colleague")
        assert case.do("register", "colleague", {})["number"]


def test_rule_11_the_number_is_born_at_registration_and_never_changed_nor_used_again(api):
    """16 digits, unique; a change keeps it, and after an end the same contract gets another one."""
    case = Case(api).in_review()
    assert case.read()["number"] is None
    first = case.do("register", "office", {})["number"]
    assert (len(first), first.isascii() and first.isdigit()) == (16, True)
    changed = good(act(api, first, "change", "CORRECTION", changes={"total_amount": "1300000.00"}))
    assert (changed["number"], changed["version"]) == (first, 2)
    given = [first]
    for end in (cancel, revoke):
        end(api, given[-1])
        given.append(good(post(api, "SYN-APP"), 201)["number"])
    assert sorted(set(given)) == given
    assert good(api.get(f"/v1/contracts/{first}", key="office"))["state"] == "cancelled"


def test_rule_12_cancelling_and_revoking_are_different_ends_with_their_own_reasons_and_actors(api):
    """注销 a party asks for and a clerk does; 撤销 one person of the office proposes and another does; neither can be left."""
    case = Case(api, contract_no="A")
    asked = case.registered()
    assert wrong(case.try_("request-cancellation", "enterprise", {"reason": "FRAUD"})) == {("/reason", "unknown-value")}
    assert refused(case.try_("request-cancellation", "office", {"reason": "VOID"})) == (403, "forbidden")
    case.do("request-cancellation", "enterprise", {"reason": "VOID", "text": "示例"})  # the buyer
    assert refused(case.try_("request-cancellation", "university", {"reason": "VOID"})) == (409, "ending-already")
    assert [item["ending"]["asked_by"] for item in good(api.get("/v1/desk?queue=ending", key="office"))["items"]] == [
        "buyer"
    ]
    case.do("reject-cancellation", "office", {"reason": "NOT_AGREED", "text": "示例"})
    case.do("request-cancellation", "university", {"reason": "RESCINDED"})
    assert good(api.post(f"/v1/contracts/{asked}/cancel", key="office", if_match="*"))["state"] == "cancelled"

    paper = good(post(api, "B"), 201)["number"]
    assert wrong(act(api, paper, "cancel", "RESCINDED")) == {("/asked_by", "required")}
    assert wrong(act(api, paper, "cancel", "FRAUD", asked_by="both")) == {("/reason", "unknown-value")}
    cancel(api, paper)

    taken = Case(api, contract_no="C")
    back = taken.registered()
    assert refused(api.post(f"/v1/contracts/{back}/revoke", key="office", if_match="*")) == (409, "needs-second-person")
    why = {"reason": "RESCINDED", "text": "示例"}
    assert wrong(taken.try_("propose-revocation", "office", why)) == {("/reason", "unknown-value")}
    taken.do("propose-revocation", "office", {**why, "reason": "FRAUD"})
    taken.do("drop-revocation", "colleague", {"text": "示例"})
    taken.do("propose-revocation", "office", {**why, "reason": "FRAUD"})
    assert refused(api.post(f"/v1/contracts/{back}/revoke", key="office", if_match="*")) == (403, "same-person")
    assert refused(act(api, back, "cancel", "VOID", asked_by="both")) == (409, "revocation-proposed")
    assert (taken.read()["ending"], taken.read("office")["ending"]["reason"]) == (None, "FRAUD")
    assert "示例" not in str(good(api.get(f"{taken.path}/history", key="enterprise"))["items"])
    good(api.post(f"/v1/contracts/{back}/revoke", key="colleague", if_match="*"))

    for number, *told in (
        (asked, "contract.cancelled", "RESCINDED", "seller"),
        (paper, "contract.cancelled", "RESCINDED", "both"),
        (back, "contract.revoked", "FRAUD", None),
    ):
        last = good(api.get(f"/v1/contracts/{number}/versions", key="auditor"))["items"][-1]
        assert [last["kind"], last["reason"], last["asked_by"]] == told
        assert refused(act(api, number, "cancel", "VOID", asked_by="both")) == (409, "contract-ended")
        assert refused(api.post(f"/v1/contracts/{number}/revoke", key="colleague", if_match="*")) == (
            409,
            "contract-ended",
        )


def test_rule_13_a_refusal_is_final_and_a_return_is_not_and_both_carry_reason_and_text(api):
    """Codes come from a list; what was returned goes on, what was refused does not."""
    case = Case(api).in_review()
    for step in ("request-supplement", "refuse"):
        assert case.try_(step, "office", {"reason": "BECAUSE", "text": "示例"}).status_code == 422
        assert case.try_(step, "office", {"text": "示例"}).status_code == 422
    returned = case.do("request-supplement", "office", {"reason": "FORM_MISTAKE", "text": "示例"})
    assert (returned["state"], returned["reason"]) == ("returned", "FORM_MISTAKE")
    assert case.do("resubmit", "university", {})["state"] == "accepted"
    case.do("take", "office")
    done = case.do("refuse", "office", {"reason": "NOT_TECH_CONTRACT", "text": "示例"})
    assert (done["state"], done["reason"], done["number"]) == ("refused", "NOT_TECH_CONTRACT", None)
    for step, key, body in (
        ("submit", "university", None),
        ("resubmit", "university", {}),
        ("take", "colleague", None),
    ):
        assert refused(case.try_(step, key, body)) == (409, "illegal-step")
    told = {
        step["step"]: (step["reason"], step["text"])
        for step in good(api.get(f"{case.path}/history", key="office"))["items"]
    }
    assert told["refuse"] == ("NOT_TECH_CONTRACT", "示例")
    assert told["request_supplement"] == ("FORM_MISTAKE", "示例")
    other = Case(api, contract_no="B")
    other.registered()
    other.do("request-change", "university", {"reason": "CORRECTION", "changes": {"project_name": "示例项目:另名"}})
    assert wrong(other.try_("reject-change", "office", {"text": "示例"})) == {("/reason", "required")}
    assert wrong(other.try_("reject-change", "office", {"reason": "BECAUSE", "text": "示例"})) == {
        ("/reason", "unknown-value")
    }
    turned_down = {"reason": "NEW_CONTRACT", "text": "示例"}
    other.do("reject-change", "office", turned_down)
    assert {name: other.read()[name] for name in turned_down} == turned_down


def test_rule_14_output_is_by_seller_absorbed_by_buyer_and_their_sum_is_no_count(api):
    """A deal within the region is in both."""
    good(post(api, "A"), 201)
    good(post(api, "B", buyer=plain("示例外地企业01", place="110000")), 201)
    good(api.post("/v1/outside-contracts", wire(outside(api.world)), key="office"), 201)
    deals = {basis: totals(api, f"&basis={basis}")["deals"] for basis in ("involved", "output", "absorbed", "internal")}
    assert deals == {"involved": 3, "output": 2, "absorbed": 2, "internal": 1}
    assert totals(api, "&basis=output&region=150200")["deals"] == 0  # Baotou only buys
    assert totals(api, "&basis=absorbed&region=150200")["deals"] == 2


def test_rule_15_no_party_is_forced_into_the_region(api):
    """Abroad has a country and no place, another province its own code, an unknown place none."""
    abroad = Case(api, contract_no="A", buyer={**ABROAD, "place": "150000"}, papers=())
    assert ("/buyer/place", "not-domestic") in wrong(abroad.try_("submit", "university"))
    history = History(api.world.database, api.world.ids["office"])
    history.add(history.contract(registered_on=today(), buyer_country="DE", buyer_place=None))
    beijing = good(post(api, "B", buyer=plain("示例外地企业01", place="110000")), 201)
    unknown = good(post(api, "C", buyer=plain("示例外地企业02", place=None)), 201)
    items = good(api.get("/v1/contracts", key="office"))["items"]
    sits = {(item["buyer"]["country"], item["buyer"]["place"]) for item in items}
    assert sits == {("DE", None), ("CN", "110000"), ("CN", None)}
    assert (beijing["buyer"]["place"], unknown["buyer"]["place"]) == ("110000", None)
    assert totals(api, "&basis=output")["deals"] == 3
    assert totals(api, "&basis=absorbed&region=150000")["deals"] == 0


def test_rule_16_growth_without_a_base_is_null_and_part_of_a_year_meets_the_same_part(api):
    """Never 0 or infinity; year-on-year a quarter is compared with that quarter, and months with as many months."""
    history = History(api.world.database, api.world.ids["office"])
    days = (date(2018, 3, 1), date(2018, 5, 1), date(2019, 2, 1), date(2019, 3, 1))
    history.add(*(history.contract(registered_on=day) for day in days))

    def ask(question: str) -> dict[str, Any]:
        return good(api.get(f"/v1/statistics/deals?{question}", key="statistician"))

    assert set(ask("period=2018&compare=previous_year")["totals"]["growth"].values()) == {None}
    to_date = ask("period=2019Q1&compare=previous_year")
    assert to_date["previous_period"] == {"first": "2018-01", "last": "2018-03"}
    assert (to_date["totals"]["growth"]["deals"], to_date["totals"]["growth"]["tech_income"]) == (1.0, None)
    unlike = api.get("/v1/statistics/deals?period=2019&by=month&compare=2018Q1")
    assert wrong(unlike) == {("/compare", "unequal-periods")}
    unlike = ask("period=2019&compare=2018Q1")
    assert (unlike["like"], unlike["totals"]["previous"]["deals"]) == (False, 1)
    assert set(unlike["totals"]["growth"].values()) == {None}


def test_rule_16_a_running_year_meets_the_same_months_and_the_point_alone_says_which(api):
    """The months that were over then, of both years; a later day changes nothing of it."""
    history = History(api.world.database, api.world.ids["office"])

    def ask(more: str = "") -> Any:
        path = f"/v1/statistics/deals?period=2041&compare=previous_year{more}"
        return good(api.get(path, key="statistician"))

    def spans(answer: Any) -> list[str]:
        return [answer[name]["last"] for name in ("period", "previous_period")]

    def figure(answer: Any) -> tuple[int, int, float]:
        totals = answer["totals"]
        return totals["deals"], totals["previous"]["deals"], totals["growth"]["deals"]

    with time_machine.travel(datetime(2041, 5, 20, tzinfo=SHANGHAI), tick=False):
        days = [date(2040, 2, 1), date(2040, 3, 1), date(2040, 5, 1), date(2040, 9, 1)]
        days += [date(2041, 1, 9), date(2041, 3, 9), date(2041, 4, 9), date(2041, 5, 9)]
        history.add(*(history.contract(registered_on=day) for day in days))
        live = ask()
        assert (spans(live), live["to_date"], figure(live)) == (["2041-04", "2040-04"], True, (3, 2, 0.5))
        assert "2041-01..2041-04" in live["definition"]
        running = api.get("/v1/statistics/deals?period=2041-05&compare=previous_period", key="statistician")
        assert wrong(running) == {("/period", "unfinished-period")}
    with time_machine.travel(datetime(2041, 7, 2, tzinfo=SHANGHAI), tick=False):
        history.add(history.contract(registered_on=date(2041, 6, 9)))
        assert ask(f"&as_of={live['as_of']['seq']}")["totals"] == live["totals"] | {
            "contracts": f"{live['totals']['contracts']}&as_of={live['as_of']['seq']}"
        }
        ended = ask("&as_of=2041-05-31")
        assert (spans(ended), figure(ended)) == (["2041-05", "2040-05"], (4, 3, 0.3333))
        assert (spans(ask()), figure(ask())) == (["2041-06", "2040-06"], (5, 3, 0.6667))


def test_rule_17_published_figures_are_quoted_beside_the_computed_and_never_mixed_in(api):
    """A quoted figure has its source and basis; the register's own count knows nothing of it."""
    history = History(api.world.database, api.world.ids["office"])
    history.add(*(history.contract(registered_on=date(2018, 5, 1)) for _ in range(3)))
    asked = "/v1/published-figures?region=150000&year=2018&basis=output&measure=deals"
    [quoted] = good(api.get(asked))["items"]
    assert (quoted["value"], quoted["computed"], quoted["basis"]) == (814, 3, "output")
    assert quoted["source"]
    counted = good(api.get("/v1/statistics/deals?period=2018&basis=output"))["totals"]
    assert (counted["deals"], counted["total_amount"]) == (3, "300000.00")


def test_rule_18_identity_is_the_credit_code_and_the_name_must_be_its_own(api):
    """Another name under a known code is refused; another spelling is the same party; a bad code is none."""
    code = credit_code(1)  # the enterprise's
    other = {"name": "测试enterprise2", "credit_code": code}
    assert wrong(post(api, "A", buyer=other)) == {("/buyer/name", "name-mismatch")}
    assert wrong(post(api, "A", buyer=plain("示例", credit_code="91150000MA00000010"))) == {
        ("/buyer/credit_code", "bad-credit-code")
    }
    made = good(post(api, "A", buyer={"name": "测试 ENTERPRISE", "credit_code": code}), 201)
    assert made["buyer"]["organisation"] == api.world.ids["enterprise"]
    again = post(api, "A", buyer={"organisation": api.world.ids["enterprise"]})
    assert refused(again) == (409, "duplicate-contract")


def test_rule_19_training_of_a_main_contract_is_pointed_out_and_brokerage_may_stand_alone(api):
    """The desk is told of training between parties of a main contract; brokerage raises nothing."""
    small = {"contract_type": "SERVICE", "total_amount": 9_000_00, "tech_amount": 9_000_00, "ip_type": "NONE"}
    training = {**small, "contract_subtype": "SVC_TRAINING", "contract_no": "T"}
    brokerage = {**small, "contract_subtype": "SVC_BROKERAGE", "contract_no": "B"}
    assert "training-of-main-contract" not in found(api, "office", **training)
    good(post(api, "B-0", **{**small, "contract_subtype": "SVC_BROKERAGE"}), 201)  # alone
    good(post(api, "A"), 201)
    assert found(api, "office", **training)["training-of-main-contract"] == "flag"
    counter = {**small, "contract_subtype": "SVC_TRAINING", "project_name": "示例培训"}
    refusal = post(api, "T", **counter)
    assert refused(refusal) == (409, "needs-application")
    assert [error["code"] for error in refusal.json["errors"]] == ["training-of-main-contract"]
    assert "training-of-main-contract" not in found(api, "office", **brokerage)
    good(post(api, "B", **{**small, "contract_subtype": "SVC_BROKERAGE", "project_name": "示例中介服务"}), 201)


def test_rule_20_parties_office_and_auditors_read_a_contract_statisticians_codes_and_the_public_aggregates(api):
    """Its text and papers too, from the registration on; others do not learn of it; small cells are withheld from the public."""
    seller = {"organisation": api.world.ids["university"], "legal_representative": "示例法人", "phone": "0471-0000"}
    case = Case(api, contract_no="A", seller=seller, handler="示例经办")
    before = {key: api.get(case.path, key=key).status_code for key in ("university", "enterprise", "office")}
    assert before == {"university": 200, "enterprise": 404, "office": 404}
    path = f"/v1/contracts/{case.registered()}"
    papers = f"{case.path}/attachments"
    paper = f"{papers}/{good(api.get(papers, key='enterprise'))['items'][0]['id']}"
    for key in ("university", "enterprise", "office", "auditor"):
        assert api.get(paper, key=key).data == PDF
        told = good(api.get(case.path, key=key))
        private = [told["handler"], told["seller"]["legal_representative"], told["seller"]["phone"]]
        assert private == ([None] * 3 if key == "enterprise" else ["示例经办", "示例法人", "0471-0000"])
    [known] = good(api.get("/v1/applications", key="enterprise"))["items"]
    assert known["id"] == case.id
    assert b"0471-0000" not in api.get("/v1/applications.csv", key="enterprise").data
    for key in ("enterprise2", "office2", "broker", "statistician", "administrator"):
        assert {api.get(there, key=key).status_code for there in (case.path, papers, paper)} <= {403, 404}
    for key in ("university", "enterprise", "office", "auditor"):
        assert good(api.get(path, key=key))["project_name"]
        assert api.get(f"{path}/certificate.pdf", key=key).status_code == 200
    coded = good(api.get(path, key="statistician"))
    assert [coded[name] for name in ("project_name", "contract_no")] == [None, None]
    assert [coded["seller"][name] for name in ("organisation", "name", "credit_code")] == [None] * 3
    assert (coded["contract_type"], coded["total_amount"]) == ("DEV", "1200000.00")
    for key in ("enterprise2", "office2", "broker", "administrator"):
        assert api.get(path, key=key).status_code == 404
    assert api.get(path).status_code == 401
    public = totals(api, key=None)
    assert (public["deals"], public["total_amount"], public["suppressed"]) == (1, None, True)


def test_rule_21_fields_are_codes_joined_by_a_cross_walk_and_an_unknown_one_is_refused(api):
    """Free text is no field, and nothing becomes 'other' in silence; three lists meet in one match."""
    for unknown in ("contract:99", "contract:别的", "region:rare_earth"):
        assert wrong(post(api, "A", field=unknown)) == {("/field", "unknown-value")}
    assert wrong(post(api, "A", ip_type="LIKE_A_PATENT")) == {("/ip_type", "unknown-value")}
    wanted = {"title": "示例需求", "summary": "示例", "fields": ["region:rare_earth"], "publish": True}
    assert api.post("/v1/demands", {**wanted, "fields": ["新奇领域"]}, key="enterprise").status_code == 422
    demand = good(api.post("/v1/demands", wanted, key="enterprise"), 201)
    offered = {"title": "成果乙", "summary": "另述", "fields": ["contract:05"], "publish": True}
    made = good(api.post("/v1/achievements", offered, key="university"), 201)
    [match] = good(api.get(f"/v1/demands/{demand['id']}/matches"))["items"]
    told = [(why["own_tag"], why["tag"]) for why in match["reasons"] if why["kind"] == "tag"]
    assert (match["achievement"]["id"], told) == (made["id"], [("region:rare_earth", "contract:05")])


def test_rule_22_a_change_makes_a_version_and_keeps_the_old_one_and_its_certificate(api):
    """An old paper still says what it was printed from, and that it was superseded."""
    made = good(post(api, "A"), 201)
    path, old = f"/v1/contracts/{made['number']}", made["project_name"]
    paper = code_of(api.get(f"{path}/certificate.pdf", key="university").data)
    good(act(api, made["number"], "change", "CORRECTION", changes={"project_name": "示例项目:变更后"}))
    names = [good(api.get(f"{path}/versions/{n}", key="university"))["contract"]["project_name"] for n in (1, 2)]
    assert names == [old, "示例项目:变更后"]
    seen = good(api.get(f"/v1/certificates/{made['number']}", query_string={"token": paper.token}))
    assert (seen["state"], seen["version"], seen["current_version"], seen["project_name"]) == ("changed", 1, 2, old)
    prints = [code_of(api.get(f"{path}/certificate.pdf{query}", key="university").data) for query in ("?version=1", "")]
    assert [print.version for print in prints] == ["1", "2"]
