"""Entering many contracts of the past at once, under the same rules and numbers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from market.access import SYSTEM
from market.contracts.model import Contract
from market.errors import Conflict, Invalid
from market.journal import read as journal
from market.registration import actions
from market.statistics.model import LedgerLine
from market.store.types import now, today
from tests.market.contracts.samples import content, outside, plain
from tests.market.registration.acts import events, register, rows
from tests.world import World


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
        past_outside(world, date(2018, 6, 1), known[0]["number"]),
        past(world, date(2018, 5, 3)),
    ]
    with pytest.raises(Conflict) as refusal:
        bring_in(world, batch)
    assert refusal.value.code == "duplicate-contract"
    assert [error.pointer for error in refusal.value.errors] == ["/0", "/5", "/3", "/4"]
    assert len(rows(world.database, Contract)) == 2


def test_statements_do_not_grow_with_the_rows(world, statements):
    def count(days: range) -> int:
        batch = [past(world, date(2018, 1, 1) + timedelta(days=n)) for n in days]
        with statements(world.database) as counted:
            bring_in(world, batch)
        return counted.n

    bring_in(world, [past(world, date(2017, 1, 1))])
    assert count(range(100, 200)) == count(range(2))
