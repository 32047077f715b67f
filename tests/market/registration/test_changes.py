"""Changing (变更), cancelling (注销) and revoking (撤销) an entry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market.access import SYSTEM
from market.contracts.model import Contract
from market.contracts.queries import by_number
from market.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from market.journal import read as journal
from market.registration import actions
from market.statistics.model import LedgerLine
from market.store.types import today
from tests.market.contracts.samples import plain
from tests.market.registration.acts import cancel, change, decide, events, propose, record, register, revoke, rows
from tests.world import credit_code


def test_rule_22_a_change_makes_a_new_version_and_the_journal_keeps_the_old(world):
    made = register(world)
    after = change(world, made, total_amount=2_000_000_00, buyer=plain("示例企业09", place="150600"))
    kept = ("id", "number", "act", "office", "registered_on", "seller", "tech_amount", "state")
    assert {name: after[name] for name in kept} == {name: made[name] for name in kept}
    assert (after["version"], after["total_amount"], after["buyer"]["name"]) == (2, 2_000_000_00, "示例企业09")
    [old] = events(world.database, "contract.registered")
    [new] = events(world.database, "contract.changed")
    assert journal.payload(old)["total_fen"] == 1_200_000_00
    assert (new["subject"], new["subject_version"], new["reason"]) == (made["id"], 2, "CORRECTION")
    payload = journal.payload(new)
    assert (payload["total_fen"], payload["buyer_place"], payload["text"]) == (2_000_000_00, "150600", "写错了")


def test_a_change_takes_back_the_old_line_and_posts_the_new(world):
    made = register(world)
    change(world, made, total_amount=2_000_000_00)
    first, back, again = rows(world.database, LedgerLine)
    assert [line["sign"] for line in (first, back, again)] == [1, -1, 1]
    assert [line["total"] for line in (first, back, again)] == [1_200_000_00, -1_200_000_00, 2_000_000_00]
    assert back["seq"] == again["seq"]
    [entry] = events(world.database, "contract.changed")
    lines = journal.payload(entry)["ledger"]
    assert [(line["sign"], line["total"]) for line in lines] == [(-1, -1_200_000_00), (1, 2_000_000_00)]


@pytest.mark.parametrize(("act", "state", "reason"), [(cancel, "cancelled", "RESCINDED"), (revoke, "revoked", "FRAUD")])
def test_rule_12_cancelled_and_revoked_are_two_ends_and_keep_the_number(world, act, state, reason):
    made = register(world)
    ended = act(world, made)
    assert (ended["state"], ended["version"], ended["number"]) == (state, 2, made["number"])
    [entry] = events(world.database, f"contract.{state}")
    assert (entry["subject"], entry["reason"]) == (made["id"], reason)
    assert [line["sign"] for line in journal.payload(entry)["ledger"]] == [-1]
    assert [line["sign"] for line in rows(world.database, LedgerLine)] == [1, -1]
    for again in (change, cancel, decide):
        with pytest.raises(Conflict) as refusal:
            again(world, ended)
        assert refusal.value.code == "contract-ended"


def test_the_ends_have_their_own_reasons(world):
    made = register(world)
    this = by_number(made["number"])
    for reason in ("FRAUD", "none"):
        why = {"expected": 1, "reason": reason, "text": None, "asked_by": "seller"}
        with pytest.raises(Invalid) as refusal:
            world.database.write(world.actor("office"), lambda unit: actions.cancel(unit, this, **why))  # noqa: B023
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/reason", "unknown-value")]
    with pytest.raises(Invalid) as refusal:
        propose(world, made, "RESCINDED")
    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/reason", "unknown-value")]


def test_a_wrong_reason_is_named_beside_the_other_wrong_fields(world):
    made = register(world)
    for changes, wrong in (
        ({"field": "contract:77", "tech_amount": 0}, {"/changes/field", "/changes/tech_amount"}),
        ({}, {"/changes"}),
        ({"tech_amount": 5_00}, set()),
    ):
        with pytest.raises(Invalid) as refusal:
            world.database.write(
                world.actor("office"),
                lambda unit: actions.change(
                    unit,
                    by_number(made["number"]),
                    expected=1,
                    reason="FRAUD",
                    text=None,
                    changes=changes,  # noqa: B023
                ),
            )
        assert {error.pointer for error in refusal.value.errors} == {"/reason"} | wrong


def test_a_changed_party_with_the_credit_code_of_an_organisation_is_it(world):
    made = register(world)
    party = {"name": "测试enterprise2", "credit_code": credit_code(8)}
    after = change(world, made, buyer=party)["buyer"]
    assert (after["organisation"], after["place"]) == (world.ids["enterprise2"], "150602")
    with pytest.raises(Invalid) as refusal:
        change(world, made, buyer={**party, "name": "x"})
    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/changes/buyer/name", "name-mismatch")]


def test_a_version_read_before_is_stale_after(world):
    made = register(world)
    change(world, made, expected=1, tech_amount=5_00)
    for act in (change, cancel, decide):
        with pytest.raises(Stale):
            act(world, made, expected=1)
    assert cancel(world, made, expected=2)["version"] == 3


def test_only_the_registering_office_may_do_it(world):
    made = register(world, buyer={"organisation": world.ids["enterprise"]})
    for act in (change, cancel, decide):
        with pytest.raises(NotFound):
            act(world, made, "office2")
        with pytest.raises(Forbidden):
            act(world, made, "enterprise")
        with pytest.raises(Forbidden):
            act(world, made, "auditor")


def test_changes_obey_the_same_rules(world):
    made = register(world)
    with pytest.raises(Invalid) as refusal:
        change(
            world,
            made,
            tech_amount=1_200_000_01,
            valid_to=today() - timedelta(days=1),
            contract_type="SERVICE",
            field="contract:77",
            seller=plain("示例外地企业01", place="110000"),
            buyer={"organisation": "org_none"},
        )
    assert {(error.pointer, error.code) for error in refusal.value.errors} == {
        ("/changes/tech_amount", "exceeds-total"),
        ("/changes/valid_to", "before-start"),
        ("/changes/contract_subtype", "not-of-type"),
        ("/changes/field", "unknown-value"),
        ("/changes/buyer/organisation", "unknown-value"),
    }
    with pytest.raises(Invalid) as refusal:
        change(world, made, seller=plain("示例外地企业01", place="110000"))
    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/changes/seller", "outside-territory")]
    with pytest.raises(Invalid) as refusal:
        change(
            world,
            made,
            project_name="示例\u202e",
            contract_no="\u0421YN-1",
            buyer={"organisation": world.ids["office"]},
        )
    assert {(error.pointer, error.code) for error in refusal.value.errors} == {
        ("/changes/project_name", "bad-character"),
        ("/changes/contract_no", "look-alike-character"),
        ("/changes/buyer", "own-office"),
    }
    assert [row["version"] for row in rows(world.database, Contract)] == [1]


def test_what_is_needed_cannot_be_taken_away(world):
    made = register(world)
    with pytest.raises(Invalid) as refusal:
        change(world, made, project_name=None, seller=None)
    assert {(error.pointer, error.code) for error in refusal.value.errors} == {
        ("/changes/project_name", "required"),
        ("/changes/seller/name", "required"),
    }


def test_a_change_to_what_it_is_already_is_refused(world):
    made = register(world)
    for nothing in ({}, {"tech_amount": 400_000_00, "field": "contract:新材料"}):
        with pytest.raises(Invalid) as refusal:
            change(world, made, **nothing)
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/changes", "nothing-changed")]


def test_a_change_may_not_make_it_another_live_contract(world):
    one = register(world, contract_no="A-1")
    two = register(world, contract_no="A-2")
    with pytest.raises(Conflict) as refusal:
        change(world, two, contract_no="A-1")
    assert refusal.value.code == "duplicate-contract"
    assert one["number"] in refusal.value.detail
    cancel(world, one)
    assert change(world, two, contract_no="A-1")["contract_no"] == "A-1"
    with pytest.raises(Conflict):
        register(world, contract_no="A-1")
    assert register(world, contract_no="A-2", project_name="示例项目:另一个名称")


def test_a_change_of_other_content_leaves_a_party_as_it_was_registered(world):
    """Later changes of an organisation's own record don't alter the register."""
    from market.organisations.model import Organisation

    made = register(world)
    table = Organisation.__table__
    world.database.write(
        SYSTEM,
        lambda unit: unit.execute(table.update().where(table.c.id == world.ids["university"]).values(name="改名")),
    )
    assert change(world, made, tech_amount=5_00)["seller"]["name"] == "测试university"


def test_journal_register_and_ledger_agree_after_a_history(world):
    first, second, third = (register(world, contract_no=str(n)) for n in range(3))
    other = record(world)
    change(world, first, total_amount=3_000_000_00)
    change(world, first, field="contract:01")
    cancel(world, first)
    revoke(world, second)
    change(world, other, tech_amount=1_00)
    live = {
        row["id"]: (row["total_fen"], row["tech_fen"]) for row in rows(world.database, Contract, state="registered")
    }
    assert set(live) == {third["id"], other["id"]}
    sums: dict[str, list[int]] = {}
    for line in rows(world.database, LedgerLine):
        total = sums.setdefault(line["contract_id"], [0, 0, 0])
        for index, value in enumerate((line["sign"], line["total"], line["tech"])):
            total[index] += value
    assert {key: tuple(value) for key, value in sums.items() if any(value)} == {
        key: (1, *amounts) for key, amounts in live.items()
    }
    with world.database.read(SYSTEM) as unit:
        assert journal.verify(unit) == []
