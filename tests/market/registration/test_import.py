"""Entering many contracts of the past at once, under the same rules and numbers."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from market.access import SYSTEM
from market.contracts.model import Contract
from market.errors import Conflict, Invalid
from market.journal import read as journal
from market.registration import actions
from market.registration.importing import import_lines
from market.statistics.model import LedgerLine
from market.store.types import now, today
from tests.market.contracts.samples import content, outside, plain, wire
from tests.market.registration.acts import events, register, rows
from tests.world import World, credit_code


def past(world: World, day: date, *, office: str = "office", **changes: Any) -> dict[str, Any]:
    """A registration of that day."""
    days = {"signed_on": day, "valid_from": day, "valid_to": day + timedelta(days=30)}
    body = content(world, **{**days, "contract_no": f"SYN-{day}", **changes})
    return {**body, "act": "registered", "office": world.ids[office], "registered_on": day}


def past_outside(world: World, day: date, number: str, **changes: Any) -> dict[str, Any]:
    """An outside registration of that day that nobody here recorded."""
    body = outside(world, number, **{"signed_on": day, "valid_from": day, "contract_no": number, **changes})
    return {**body, "act": "outside", "office": None, "registered_on": day}


def bring_in(world: World, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return world.database.write(SYSTEM, lambda unit: actions.import_contracts(unit, batch), channel="cli")


def test_both_acts_come_in_late_with_their_own_days_and_numbers_in_order_of_day(world):
    before = now()
    batch = [
        past(world, date(2018, 5, 2)),
        past_outside(world, date(2018, 1, 9), "2018110000000001"),
        past(world, date(2018, 3, 1)),
        past(world, date(2017, 12, 31)),
        past(world, date(2018, 4, 1), office="office2", seller={"organisation": world.ids["university2"]}),
    ]
    made = bring_in(world, batch)
    assert [entry["number"] for entry in made] == [
        "2018990000000002",
        None,
        "2018990000000001",
        "2017990000000001",
        "2018990200000001",
    ]
    stored = {row["id"]: row for row in rows(world.database, Contract)}
    assert [stored[entry["id"]]["registered_on"] for entry in made] == [row["registered_on"] for row in batch]
    assert all(row["late"] and row["recorded_at"] >= before for row in stored.values())
    recorder = [stored[entry["id"]]["recorder"] for entry in made]
    assert recorder == [world.ids["office"], None, world.ids["office"], world.ids["office"], world.ids["office2"]]
    months = [line["stat_month"] for line in rows(world.database, LedgerLine)]
    assert months == [201805, 201801, 201803, 201712, 201804]
    assert len(events(world.database, "contract.registered")) == 4
    assert len(events(world.database, "contract.recorded")) == 1
    with world.database.read(SYSTEM) as unit:
        assert journal.verify(unit) == []


def test_numbers_go_on_from_registrations_at_the_counter(world):
    register(world)
    assert bring_in(world, [past(world, today())])[0]["number"].endswith("000002")
    assert register(world, contract_no="3")["number"].endswith("000003")


def test_the_same_rules_hold_and_every_wrong_row_is_named(world):
    day = date(2018, 5, 2)
    batch = [
        past(world, day),
        past(world, day, valid_to=day - timedelta(days=1), field="contract:77"),
        past(world, day, seller=plain("示例外地企业01", place="110000")),
        past(world, today() + timedelta(days=1)),
        past_outside(world, day, "123"),
        past(world, day, signed_on=day + timedelta(days=1), project_name=None),
        past(world, day, signed_on=day + timedelta(days=1)),
    ]
    with pytest.raises(Invalid) as refusal:
        bring_in(world, batch)
    assert {(error.pointer, error.code) for error in refusal.value.errors} == {
        ("/1/field", "unknown-value"),
        ("/1/valid_to", "before-start"),
        ("/2/seller", "outside-territory"),
        ("/3/registered_on", "in-future"),
        ("/4/outside/number", "bad-format"),
        ("/5/project_name", "required"),
        ("/5/signed_on", "after-registration"),
        ("/6/signed_on", "after-registration"),
    }
    assert rows(world.database, Contract) == []


def test_nothing_comes_in_twice(world):
    day = date(2018, 5, 2)
    known = bring_in(world, [past(world, day), past_outside(world, day, "2018110000000001")])
    batch = [
        past(world, day),
        past(world, date(2018, 5, 3)),
        past_outside(world, day, "2018110000000002"),
        past_outside(world, day, "2018110000000001", project_name="示例项目:另一个", contract_no=None),
        past(world, date(2018, 5, 3)),
    ]
    with pytest.raises(Conflict) as refusal:
        bring_in(world, batch)
    assert refusal.value.code == "duplicate-contract"
    assert [error.pointer for error in refusal.value.errors] == ["/0", "/4", "/3"]
    assert [error.message for error in refusal.value.errors] == [
        f"Registration {known[0]['number']} has the same contract.",
        "Line /1 has the same contract.",
        "Registration 2018110000000001 has the same outside number.",
    ]
    assert len(rows(world.database, Contract)) == 2


def test_a_number_of_our_own_series_is_no_outside_number(world):
    ours = past_outside(world, date(2018, 6, 1), "2018990200000001")
    with pytest.raises(Invalid) as refusal:
        bring_in(world, [past(world, date(2018, 5, 2)), ours])
    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/1/outside/number", "our-series")]


def test_a_party_with_the_credit_code_of_an_organisation_is_it(world):
    party = {"name": "测试enterprise", "credit_code": credit_code(1)}
    [made] = bring_in(world, [past(world, date(2018, 5, 2), buyer=party)])
    assert (made["buyer_organisation"], made["buyer_place"]) == (world.ids["enterprise"], "150203")


def lines_of(*batch: dict[str, Any] | str) -> list[bytes]:
    return [(row if isinstance(row, str) else json.dumps(wire(row))).encode() + b"\n" for row in batch]


def import_file(world: World, *batch: dict[str, Any] | str) -> list[dict[str, Any]]:
    return world.database.write(SYSTEM, lambda unit: import_lines(unit, lines_of(*batch)), channel="import")


@pytest.mark.parametrize("batch", [[], ["", "  \r"]])
def test_a_file_without_lines_is_refused(world, batch):
    with pytest.raises(Invalid, match="The file has no lines"):
        import_file(world, *batch)


def test_blank_lines_are_skipped_and_counted(world):
    first, second = past(world, date(2018, 5, 2)), past(world, date(2018, 5, 3))
    with pytest.raises(Invalid) as refusal:
        import_file(world, "", first, "\t", {**second, "field": "contract:77"})
    assert [error.pointer for error in refusal.value.errors] == ["/3/field"]
    with pytest.raises(Conflict) as conflict:
        import_file(world, "", first, "", second, second)
    assert [(e.pointer, e.message) for e in conflict.value.errors] == [("/4", "Line /3 has the same contract.")]
    assert len(import_file(world, "", first, "", second, "")) == 2


@pytest.mark.parametrize(
    "day", ["2018-W05-1", "20180305", "2018-03-05T00:00:00", "2018-02-30", "２０１８-03-05", "0018-03-05"]
)
def test_a_date_in_another_form_is_refused(world, day):
    with pytest.raises(Invalid) as refusal:
        import_file(world, {**past(world, date(2018, 5, 2)), "signed_on": day})
    assert [(e.pointer, e.message) for e in refusal.value.errors] == [
        ("/0/signed_on", "A date such as 2018-03-05 is needed.")
    ]


@pytest.mark.parametrize("amount", ["1e3", "1,200.00", "1.001", "-5", "0", "１２", "99999999999999.99", "NaN"])
def test_an_amount_in_another_form_is_refused(world, amount):
    body = wire(past(world, date(2018, 5, 2)))
    with pytest.raises(Invalid) as refusal:
        import_file(world, json.dumps({**body, "total_amount": amount}))
    assert [(e.pointer, e.message) for e in refusal.value.errors] == [
        ("/0/total_amount", "A yuan amount such as 1200.50 is needed.")
    ]


def test_statements_do_not_grow_with_the_rows(world, statements):
    def count(days: range) -> int:
        batch = [
            past(
                world, date(2018, 1, 1) + timedelta(days=n), buyer=plain(f"示例{n}", credit_code=credit_code(1000 + n))
            )
            for n in days
        ]
        with statements(world.database) as counted:
            bring_in(world, batch)
        return counted.n

    bring_in(world, [past(world, date(2017, 1, 1))])
    assert count(range(100, 200)) - count(range(2)) < 10  # the cells of many contracts go in stretches
