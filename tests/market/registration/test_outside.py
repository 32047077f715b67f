"""Recording what another office registered: it counts, but gets no number of ours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market.contracts.model import Contract, NumberSeries
from market.errors import Conflict, Forbidden, Invalid, NotFound
from market.journal import read as journal
from market.statistics.model import LedgerLine
from market.store.types import today
from tests.market.contracts.samples import plain
from tests.market.registration.acts import cancel, change, events, record, register, rows, take_off


def test_an_outside_registration_keeps_its_own_number_and_takes_none_of_ours(world):
    day = today() - timedelta(days=40)
    registration = {"number": "20261100000001", "office": "示例外省登记处", "registered_on": day}
    made = record(world, outside=registration, signed_on=day, valid_from=day)
    assert (made["act"], made["number"], made["office"]) == ("outside", None, None)
    assert made["outside"] == registration
    assert made["registered_on"] == day
    assert rows(world.database, NumberSeries) == []
    [line] = rows(world.database, LedgerLine)
    assert (line["stat_month"], line["office"]) == (day.year * 100 + day.month, "elsewhere")
    [entry] = events(world.database, "contract.recorded")
    assert (entry["subject"], entry["occurred_on"]) == (made["id"], day)
    assert journal.payload(entry)["recorder"] == world.ids["office"]


def test_it_need_not_be_in_force_here_but_was_signed_before(world):
    """The other office judged it on its day."""
    past = today() - timedelta(days=400)
    assert record(world, signed_on=past, valid_from=past, valid_to=past)


def test_an_outside_number_is_recorded_once_while_live(world):
    first = record(world)
    with pytest.raises(Conflict) as refusal:
        record(world, project_name="示例项目:另一个")
    assert refusal.value.code == "duplicate-outside-number"
    assert "2026110000000001" in refusal.value.detail
    cancel(world, first)
    assert record(world, project_name="示例项目:另一个")["outside"] == first["outside"]


def test_its_names_have_no_invisible_and_no_look_alike_letters(world):
    registration = {"number": "20261100000001", "office": "示例\u200b登记处", "registered_on": today()}
    with pytest.raises(Invalid) as refusal:
        record(world, outside=registration, seller=plain("示例p\u0430per", place="110000"))
    assert {(error.pointer, error.code) for error in refusal.value.errors} == {
        ("/outside/office", "bad-character"),
        ("/seller/name", "look-alike-character"),
    }


def test_a_number_of_ours_is_no_outside_number(world):
    number = register(world)["number"]
    following = str(int(number) + 1)
    for ours in (number, following, f"{today().year}990200000001"):
        with pytest.raises(Invalid) as refusal:
            record(world, ours)
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/outside/number", "our-series")]
    assert register(world, contract_no="2")["number"] == following
    assert record(world, f"{today().year}9902000001")["outside"], "14 digits have another order"


def test_only_the_recording_office_changes_or_ends_it(world):
    made = record(world, office="office2")
    for act in (change, cancel, take_off):
        with pytest.raises(NotFound):
            act(world, made, "office")
        with pytest.raises(Forbidden):
            act(world, made, "enterprise")
    changed = change(world, made, "office2", buyer=plain("示例企业09", place="150600"))
    assert (changed["version"], changed["outside"]) == (2, made["outside"])
    assert cancel(world, changed, "office2")["state"] == "cancelled"
    [row] = rows(world.database, Contract)
    assert (row["outside_number"], row["live_outside_number"]) == ("2026110000000001", None)
