"""The desk: who may decide what, the two-person rule, queues, and what happens when several act at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import update

from api.app import create_app
from market.access import SYSTEM
from market.examination.model import Case as CaseRow
from market.organisations.actions import issue_key
from market.store.config import Settings
from market.store.types import SHANGHAI, today
from tests.api.examination.desk import LARGE, Case, cancel, form, good, refused, revoke


def flagged(api, **changes: Any) -> Case:
    """A case for which one person is too few."""
    return Case(api, is_related_party=True, **changes).in_review()


def test_rule_10_large_goes_to_other_people_and_the_line_is_at_five_million(api):
    below = Case(api, total_amount=9_000_000_00, tech_amount=4_999_999_99, contract_no="L-1").in_review()
    assert refused(below.try_("refer", "office", {})) == (409, "no-experts-needed")
    raised = below.try_("register", "office", {"tech_amount": "5000000.00", "text": "核增"})
    assert refused(raised) == (409, "needs-experts")
    assert below.do("register", "office", {})["number"]
    on_it = Case(api, contract_no="L-2", **LARGE).in_review()
    assert refused(on_it.try_("register", "office", {"tech_amount": "4999999.99", "text": "核减"})) == (
        409,
        "needs-experts",
    )
    on_it.do("refer", "office", {})
    assert refused(on_it.try_("take", "office")) == (403, "same-person")
    assert refused(on_it.try_("register", "colleague", {})) == (403, "not-assigned")
    on_it.do("take", "colleague")
    assert on_it.do("register", "colleague", {})["number"]


def test_rule_10_a_dispute_goes_to_experts_whatever_the_amount(api):
    case = Case(api, disputed=True).in_review()
    assert refused(case.try_("register", "office", {})) == (409, "needs-experts")
    found = Case(api, contract_no="D-2").in_review()  # the applicant says nothing of a dispute: the clerk does
    assert refused(found.try_("refer", "office", {})) == (409, "no-experts-needed")
    assert found.do("refer", "office", {"text": "对标的有争议"})["flags"] == ["disputed"]
    found.do("take", "colleague")
    found.do("request-supplement", "colleague", {"reason": "OTHER", "text": "示例"})
    found.do("resubmit", "university", {})
    found.do("take", "office")
    assert refused(found.try_("register", "office", {})) == (409, "needs-experts")


def test_rule_5_equipment_gets_into_an_approved_or_changed_technology_amount_by_no_single_hand(api):
    listed = [{"kind": "equipment", "name": "示例", "amount": "700000.00"}]
    case = Case(api, exclusions=listed).in_review()
    reply = case.try_("register", "office", {"tech_amount": "500000.01", "text": "核增"})
    assert [error["code"] for error in reply.json["errors"]] == ["tech-includes-equipment"]
    number = case.do("register", "office", {"tech_amount": "500000.00", "text": "核增"})["number"]
    grown = {"reason": "AMOUNT_CHANGED", "changes": {"tech_amount": "1200000.00"}}
    reply = api.post(f"/v1/contracts/{number}/change", grown, key="office", if_match="*")
    assert refused(reply) == (409, "needs-application")
    case.do("request-change", "university", grown)
    assert refused(case.try_("approve-change", "office", {})) == (409, "needs-second-person")


def test_what_is_flagged_takes_a_second_person_and_two_keys_of_one_member_are_one_person(api):
    case = flagged(api)
    assert refused(case.try_("register", "office", {})) == (409, "needs-second-person")
    same = api.world.database.write(
        SYSTEM,
        lambda unit: issue_key(unit, api.world.ids["office"], label="second key", member=api.world.members["office"]),
    )[1]
    assert refused(case.try_("endorse", "office", {})) == (403, "same-person")
    assert refused(case.try_("endorse", same, {})) == (403, "same-person")
    assert case.do("endorse", "colleague", {})["endorsed_by"] == api.world.members["colleague"]
    case.do("take", same)  # taking it anew voids the endorsement
    assert refused(case.try_("register", same, {})) == (409, "needs-second-person")
    case.do("endorse", "colleague", {})
    assert case.do("register", same, {})["number"]


def test_a_key_that_names_nobody_does_nothing_at_the_desk(api):
    case = Case(api).submitted()
    for step, body in (
        ("accept", None),
        ("note", {"text": "示例"}),
        ("assign", {"member": api.world.members["office"]}),
    ):
        assert refused(case.try_(step, "governing", body)) == (403, "member-needed"), step
    assert api.get(case.path, key="governing").status_code == 200


def test_a_member_cannot_make_a_second_person_of_itself(api):
    assert refused(api.post("/v1/members", {"name": "示例职员丙"}, key="office")) == (403, "member-key")
    other = {"label": "示例", "member": api.world.members["colleague"]}
    reply = api.post("/v1/keys", other, key="office")
    assert (reply.status_code, reply.json["errors"][0]["code"]) == (422, "beyond-key")
    mine = good(api.post("/v1/keys", {"label": "示例"}, key="office"), 201)
    assert mine["member"] == api.world.members["office"]
    person = good(api.post("/v1/members", {"name": "示例职员丙"}, key="governing"), 201)
    theirs = good(api.post("/v1/keys", {"label": "示例", "member": person["id"]}, key="governing"), 201)
    assert good(api.get("/v1/me", key=theirs["key"]))["member"] == person["id"]
    good(api.post(f"/v1/members/{person['id']}/end", key="governing", if_match="*"))
    assert api.get("/v1/me", key=theirs["key"]).status_code == 401
    reply = api.post("/v1/keys", {"label": "示例", "member": person["id"]}, key="governing")
    assert (reply.status_code, reply.json["errors"][0]["code"]) == (422, "unknown-value")


def test_no_office_decides_what_it_is_a_party_to(api):
    buyer = {"organisation": api.world.ids["office"]}
    case = Case(api, buyer=buyer)
    reply = case.try_("submit", "university")
    assert "own-office" in {error["code"] for error in reply.json["errors"]}
    body = form(api.world, buyer=buyer)
    del body["office"], body["is_related_party"]
    assert refused(api.post("/v1/contracts", body, key="office")) == (403, "own-application")


def test_rule_2_the_seller_applies_at_the_office_of_its_own_place(api):
    def codes(**changes: Any) -> set[tuple[str, str]]:
        key = changes.pop("key", "university")
        found = good(api.post("/v1/applications/check", form(api.world, **changes), key=key))["findings"]
        return {(finding["pointer"], finding["code"]) for finding in found}

    assert ("/seller", "wrong-applicant") in codes(key="enterprise")
    assert ("/seller", "wrong-applicant") not in codes()
    abroad = {"name": "Example GmbH", "country": "DE"}
    assert ("/buyer", "wrong-applicant-import") in codes(seller=abroad)
    assert ("/buyer", "wrong-applicant-import") not in codes(seller=abroad, key="enterprise")
    body = {**form(api.world), "office": api.world.ids["office2"]}  # Baotou; the university sits in Hohhot
    found = good(api.post("/v1/applications/check", body, key="university"))["findings"]
    assert ("/seller", "outside-territory") in {(finding["pointer"], finding["code"]) for finding in found}


def test_rule_13_a_refusal_is_final_for_that_application_and_a_return_is_not(api):
    case = Case(api).in_review()
    reply = case.try_("refuse", "office", {"reason": "BECAUSE", "text": "示例"})
    assert (reply.status_code, reply.json["errors"][0]["pointer"]) == (422, "/reason")
    done = case.do("refuse", "office", {"reason": "NOT_TECH_CONTRACT", "text": "示例"})
    assert (done["state"], done["reason"], done["number"]) == ("refused", "NOT_TECH_CONTRACT", None)
    reply = case.try_("submit", "university")
    assert refused(reply) == (409, "illegal-step")
    assert [error["message"] for error in reply.json["errors"]] == ["object", "note"]
    case.do("object", "university", {"text": "有异议"})
    assert refused(case.try_("uphold", "office", {"text": "维持"})) == (403, "same-person")
    case.do("redo", "colleague", {"text": "重审"})
    assert refused(case.try_("take", "office")) == (403, "same-person")
    case.do("take", "colleague")
    assert case.do("register", "colleague", {})["number"]


def test_rule_9_a_supplement_moves_the_day_of_acceptance_and_starts_the_clock_anew(api):
    monday = datetime(2026, 3, 2, 10, tzinfo=SHANGHAI)
    with time_machine.travel(monday, tick=False):
        case = Case(api).in_review()
        first = case.read()
    assert (first["accepted_on"], first["clock"]["due_on"]) == ("2026-03-02", "2026-03-23")
    with time_machine.travel(monday + timedelta(days=3), tick=False):
        case.do("request-supplement", "office", {"reason": "OTHER", "text": "示例"})
        assert not case.read()["clock"]["running"]
    with time_machine.travel(monday + timedelta(days=7), tick=False):
        second = case.do("resubmit", "university", {})
    assert (second["accepted_on"], second["clock"]["started_on"]) == ("2026-03-09", "2026-03-09")
    assert second["clock"]["due_on"] == "2026-03-30"
    assert second["submitted_on"] == "2026-03-02"


def test_the_queues_hold_what_they_say_and_a_provisional_day_is_never_overdue(api):
    cases = [Case(api, contract_no=f"Q-{n}").in_review() for n in range(4)]
    waiting = Case(api, contract_no="Q-9").submitted()
    days = [today() - timedelta(days=1), today(), today() + timedelta(days=60), today() - timedelta(days=1)]

    def move(unit) -> None:
        for case, day, provisional in zip(cases, days, (False, False, False, True), strict=True):
            values = {"due_on": day, "provisional": provisional}
            unit.execute(update(CaseRow).where(CaseRow.id == case.id).values(values))

    api.world.database.write(SYSTEM, move)

    def queue(name: str, key: str = "office", **filters: Any) -> set[str]:
        query = "&".join(f"{key}={value}" for key, value in {"queue": name, **filters}.items())
        return {item["id"] for item in good(api.get(f"/v1/desk?{query}", key=key))["items"]}

    ids = [case.id for case in cases]
    assert queue("overdue") == {ids[0]}
    assert queue("soon_due") == {ids[1]}
    assert queue("open") == {*ids, waiting.id}
    assert queue("open", state="submitted") == queue("unassigned") == {waiting.id}
    assert queue("mine") == set(ids)
    assert queue("mine", "colleague") == set()
    assert queue("open", "office2") == set()
    waiting.do("assign", "office", {"member": api.world.members["colleague"]})
    assert queue("mine", "colleague") == queue("open", member=api.world.members["colleague"]) == {waiting.id}
    [late] = good(api.get("/v1/desk?queue=overdue", key="office"))["items"]
    assert late["clock"]["overdue"]
    assert f"自{today().isoformat()}次日起" in late["clock"]["explanation_zh"]


def test_notes_are_for_the_office_and_auditors(api):
    case = Case(api).in_review()
    case.do("note", "office", {"text": "电话核实"})
    for key, seen in (("office", True), ("auditor", True), ("university", False)):
        file = good(api.get(f"{case.path}/history", key=key))["items"]
        assert any(step["text"] == "电话核实" for step in file) == seen, key


def test_what_is_known_of_a_party_is_filled_in_once(api):
    seller = {"organisation": api.world.ids["university"], "address": "示例路1号", "legal_representative": "示例人"}
    Case(api, papers=(), seller=seller)
    again = good(api.post("/v1/applications", form(api.world, contract_no="B"), key="university"), 201)
    assert again["seller"]["address"] == "示例路1号"
    assert again["seller"]["legal_representative"] == "示例人"
    elsewhere = good(api.post("/v1/applications", form(api.world, contract_no="C"), key="enterprise"), 201)
    assert elsewhere["seller"]["address"] is None


def test_a_change_that_makes_a_contract_large_takes_a_second_person(api):
    case = Case(api)
    number = case.registered()
    grown = {"reason": "AMOUNT_CHANGED", "changes": {"total_amount": "9000000.00", "tech_amount": "5000000.00"}}
    reply = api.post(f"/v1/contracts/{number}/change", grown, key="office", if_match="*")
    assert refused(reply) == (409, "needs-application")
    case.do("request-change", "university", grown)
    assert refused(case.try_("approve-change", "office", {})) == (409, "needs-second-person")
    case.do("endorse", "office", {})
    assert refused(case.try_("approve-change", "office", {})) == (403, "same-person")
    assert case.do("approve-change", "colleague", {})["tech_amount"] == "5000000.00"
    larger = {"reason": "AMOUNT_CHANGED", "changes": {"tech_amount": "9000000.00"}}
    reply = api.post(f"/v1/contracts/{number}/change", larger, key="office", if_match="*")
    assert refused(reply) == (409, "needs-application")


def test_a_change_that_makes_a_contract_a_part_or_nearly_another_takes_a_second_person(api):
    big = {"total_amount": 9_000_000_00, "tech_amount": 4_000_000_00}
    Case(api, contract_no="A", **big).registered()
    Case(api, contract_no="B", project_name="示例项目:磁选机研制").registered()
    for number, flag, changes in (
        ("C", "split", {"total_amount": "9000000.00", "tech_amount": "4000000.00"}),
        ("D", "near-duplicate", {"project_name": "示例项目:磁选机研制二"}),
    ):
        case = Case(api, contract_no=number)
        asked = {"reason": "CORRECTION", "changes": changes}
        reply = api.post(f"/v1/contracts/{case.registered()}/change", asked, key="office", if_match="*")
        assert refused(reply) == (409, "needs-application"), flag
        case.do("request-change", "university", asked)
        last = good(api.get(f"{case.path}/history?limit=100", key="office"))["items"][-1]
        assert flag in {finding["code"] for finding in last["findings"]}
        assert refused(case.try_("approve-change", "office", {})) == (409, "needs-second-person")


def test_applications_under_way_are_compared_with_each_other(api):
    parts = [Case(api, contract_no=f"P-{n}", total_amount=9_000_000_00, tech_amount=4_000_000_00) for n in range(2)]
    assert [part.submitted().read()["flags"] for part in parts] == [[], ["split"]]
    near = [Case(api, contract_no=f"N-{n}", project_name=f"示例项目:磁选机研制{n}") for n in range(2)]
    assert [case.submitted().read()["flags"] for case in near] == [[], ["near-duplicate"]]
    parts[0].do("accept", "office")
    parts[0].do("take", "office")
    assert refused(parts[0].try_("register", "office", {})) == (409, "needs-second-person")  # found anew


def test_a_proposed_revocation_shows_in_nothing_a_party_does_and_loses_no_request(api):
    case = Case(api)
    number = case.registered()
    case.do("propose-revocation", "office", {"reason": "FRAUD", "text": "示例"})
    assert case.read()["ending"] is None
    case.do("request-cancellation", "enterprise", {"reason": "VOID"})
    for key in ("university", "enterprise"):
        assert (case.read(key)["ending"]["step"], case.read(key)["ending"]["asked_by"]) == ("cancel", "buyer")
        assert refused(case.try_("request-cancellation", key, {"reason": "VOID"})) == (409, "ending-already")
    assert case.read("office")["ending"]["step"] == "revoke"
    case.do("drop-revocation", "office", {"text": "示例"})
    assert case.read("office")["ending"]["asked_by"] == "buyer"
    case.do("propose-revocation", "office", {"reason": "FRAUD", "text": "示例"})
    assert case.read()["ending"]["asked_by"] == "buyer"
    case.do("drop-revocation", "office", {"text": "示例"})
    assert good(api.post(f"/v1/contracts/{number}/cancel", key="office", if_match="*"))["state"] == "cancelled"


def test_rule_12_an_end_takes_the_case_with_it_and_pending_things_go(api):
    for end, state in ((cancel, "cancelled"), (revoke, "revoked")):
        case = Case(api, contract_no=state)
        number = case.registered()
        case.do("object", "university", {"text": "示例"})
        end(api, number)
        read = case.read()
        assert (read["state"], read["pending"], read["number"]) == (state, None, number)
        assert refused(case.try_("object", "university", {"text": "示例"})) == (409, "illegal-step")


def at_once(app: Any, works: list[Any]) -> list[Any]:
    start = Barrier(len(works), timeout=60)

    def run(work: Any) -> Any:
        start.wait()
        return work(app.test_client())

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_of_concurrent_reviewers_of_one_case_exactly_one_wins_and_the_others_are_told(api):
    case = Case(api).in_review()
    tag = case.version
    steps = [("register", {}), ("refuse", {"reason": "OTHER", "text": "示例"})] * 4
    headers = {"Authorization": f"Bearer {api.world.keys['office']}", "If-Match": tag}
    app = create_app(api.world.database, Settings())
    works = [
        lambda client, step=step, body=body: client.post(f"{case.path}/{step}", json=body, headers=headers)
        for step, body in steps
    ]
    replies = at_once(app, works)
    statuses = sorted(reply.status_code for reply in replies)
    assert statuses == [200] + [412] * 7
    assert case.read()["state"] in ("registered", "refused")


@pytest.mark.parametrize("way", ["shortcut", "desk"])
def test_rule_11_twenty_clerks_at_once_get_gapless_numbers(api, way):
    app = create_app(api.world.database, Settings())
    office = {"Authorization": f"Bearer {api.world.keys['office']}"}
    if way == "shortcut":
        bodies = []
        for n in range(20):
            body = form(api.world, contract_no=f"T-{n}")
            del body["office"], body["is_related_party"]
            bodies.append(body)
        works = [lambda client, body=body: client.post("/v1/contracts", json=body, headers=office) for body in bodies]
    else:
        cases = [Case(api, contract_no=f"T-{n}").in_review() for n in range(20)]
        headers = {**office, "If-Match": "*"}
        works = [
            lambda client, case=case: client.post(f"{case.path}/register", json={}, headers=headers) for case in cases
        ]
    replies = at_once(app, works)
    told = {(reply.status_code, reply.json.get("code")) for reply in replies}
    assert told == {(201 if way == "shortcut" else 200, None)}
    numbers = sorted(reply.json["number"] for reply in replies)
    assert numbers == [f"{today().year}990000{serial:06d}" for serial in range(1, 21)]


def test_of_parts_registered_at_once_only_the_first_goes_without_a_second_person(api):
    office = {"Authorization": f"Bearer {api.world.keys['office']}"}
    part = {"total_amount": 9_000_000_00, "tech_amount": 2_600_000_00}
    bodies = [form(api.world, contract_no=f"S-{n}", **part) for n in range(6)]
    for body in bodies:
        del body["office"], body["is_related_party"]
    works = [lambda client, body=body: client.post("/v1/contracts", json=body, headers=office) for body in bodies]
    replies = at_once(create_app(api.world.database, Settings()), works)
    assert sorted(reply.status_code for reply in replies) == [201, *[409] * 5]


def test_direct_and_requested_changes_and_ends_at_once_do_not_deadlock(api):
    app = create_app(api.world.database, Settings())
    cases = [Case(api, contract_no=f"D-{n}") for n in range(3)]
    numbers = [case.registered() for case in cases]
    for case in cases:
        case.do("request-change", "university", {"reason": "CORRECTION", "changes": {"project_name": f"改{case.id}"}})
    headers = {"Authorization": f"Bearer {api.world.keys['office']}", "If-Match": "*"}
    works = []
    for case, number in zip(cases, numbers, strict=True):
        works.append(lambda client, case=case: client.post(f"{case.path}/approve-change", json={}, headers=headers))
        works.append(
            lambda client, number=number: client.post(
                f"/v1/contracts/{number}/cancel", json={"reason": "VOID", "asked_by": "both"}, headers=headers
            )
        )
    replies = at_once(app, works)
    assert {reply.status_code for reply in replies} <= {200, 409}, [reply.json for reply in replies]
    assert all(case.read()["state"] == "cancelled" for case in cases)


def test_only_an_import_registers_without_an_examination_and_no_route_reaches_it(api):
    """`imported` comes from the command line and the sample; what HTTP registers was examined or could be by one person."""
    for path in (Path(__file__).parents[3] / "api").rglob("*.py"):
        assert "import_contracts" not in path.read_text(), path
        assert "import_lines" not in path.read_text(), path
