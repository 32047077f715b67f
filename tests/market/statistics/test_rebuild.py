"""The cube can be made anew at any time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from market.access import SYSTEM
from market.journal import append
from market.journal.model import JournalEntry, JournalHead
from market.reference.loader import bring_up_to_date
from market.statistics import rebuild as module
from market.statistics.model import DealCell
from market.statistics.points import point
from market.statistics.queries import figures
from market.statistics.question import Period, Question
from market.statistics.rebuild import rebuild
from market.statistics.sources import sources
from tests.market.statistics.tampering import found, tamper


@pytest.fixture
def recorded(history, monkeypatch):
    """Contracts registered, changed and ended over five recorded months, the last of which is open."""
    months = [datetime(2030, month, 10, tzinfo=UTC) for month in (1, 2, 4, 5, 6)]
    for at in months:
        with monkeypatch.context() as patch:
            patch.setattr(append, "now", lambda at=at: round(at.timestamp()) * 1_000_000)
            places = ("150203", "150102", "110000", None)
            ids = history.add(*(history.contract(seller_place=place, buyer_place="150203") for place in places))
            history.database.write(
                SYSTEM, lambda unit, ids=ids: history.change(unit, ids[0], total_fen=9_00, tech_fen=1_00)
            )
            history.database.write(SYSTEM, lambda unit, ids=ids: history.end(unit, ids[1]))
    return history.database


class Cut(Exception):
    """Somebody stops the rebuild."""


def cells(database):
    with database.read(SYSTEM) as unit:
        return unit.execute(select(DealCell.__table__).order_by(*DealCell.__table__.primary_key)).all()


@pytest.mark.usefixtures("short_stretches")
def test_a_rebuild_that_is_cut_goes_on_where_it_was(recorded, monkeypatch):
    monkeypatch.setattr(module, "STEP", 1)
    right = cells(recorded)
    tamper(recorded, "UPDATE deal_cell SET deals = deals + 1, total = total + 5")
    told = []

    def cut_after_each_step(line):
        told.append(line)
        raise Cut

    for _ in range(5):
        with pytest.raises(Cut):
            rebuild(recorded, cut_after_each_step)
    assert [line.split(" are made")[0][-6:] for line in told] == ["203001", "203002", "203004", "203005", " cells"]
    assert cells(recorded) == right
    assert found(recorded) == []


@pytest.mark.usefixtures("short_stretches")
def test_while_it_goes_on_readers_see_whole_months_and_offices_register(recorded, history, monkeypatch):
    """After each step the present and each month end are what they were, though a deal is registered between the steps."""
    monkeypatch.setattr(module, "STEP", 1)
    question = Question(Period(201801, 201812), "involved", "150000", ("contract_type",))
    with recorded.snapshot(SYSTEM) as unit:
        ends = [point(unit, str(seq)) for seq in month_ends(recorded)]

    def figures_now():
        with recorded.snapshot(SYSTEM) as unit:
            return [figures(unit, question, at=at) for at in (*ends, None)]

    before = figures_now()
    assert len({str(one) for one in before}) == len(before)
    steps = []

    def look(line):
        steps.append(line)
        *past, present = figures_now()
        assert past == before[:-1]
        assert present.totals.deals == before[-1].totals.deals + len(steps) - 1
        history.add(history.contract())

    rebuild(recorded, look)
    assert len(steps) == 5
    assert found(recorded) == []


def month_ends(database):
    with database.read(SYSTEM) as unit:
        ends = select(func.max(JournalEntry.seq)).group_by(JournalEntry.rec_month)
        last = select(JournalHead.seq).scalar_subquery()
        return (
            unit.execute(ends.having(func.max(JournalEntry.seq) < last).order_by(JournalEntry.rec_month))
            .scalars()
            .all()
        )


def test_a_cuboid_that_is_not_built_answers_nothing_and_migrating_builds_it(recorded):
    question = Question(Period(201801, 201812), "output", "150000", ("contract_type",))

    def answered():
        with recorded.snapshot(SYSTEM) as unit:
            source = next(sources(unit, question))
            return source.cuboid and source.cuboid.number, figures(unit, question)

    number, right = answered()
    assert number == 16
    right_cells = cells(recorded)
    tamper(recorded, "DELETE FROM deal_cell", "DELETE FROM cuboid", "UPDATE reference_state SET version = version + 1")
    assert answered() == (None, right)
    assert "some cuboids are not built yet: run market rebuild" in found(recorded)
    bring_up_to_date(recorded)
    assert answered() == (16, right)
    assert cells(recorded) == right_cells
    assert found(recorded) == []
