"""Whatever cuboid answers, as of whatever entry, the ledger says the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import pytest
from sqlalchemy import select

from market.access import SYSTEM
from market.journal import append
from market.journal.model import JournalEntry
from market.statistics import cube, sources
from market.statistics.agreement import check
from market.statistics.points import point
from market.statistics.queries import figures
from market.statistics.question import BASES, Period, Question
from market.statistics.sources import Source
from market.statistics.weighing import Scale

PLACES = ("150102", "150100", "150203", "150000", "110000", None)
CUTS = (
    (),
    ("league",),
    ("contract_type",),
    ("field",),
    ("office",),
    ("seller_province",),
    ("buyer_province",),
    ("league", "contract_type", "month"),
    ("league", "contract_type", "registration"),
)


@pytest.mark.parametrize("length", [cube.LENGTH, 7])
def test_every_hot_cut_as_of_every_entry_is_what_the_ledger_says(history, monkeypatch, length):
    """And what answers are weighed by: deals within a league, between two, with a party outside, over three recorded months."""
    monkeypatch.setattr(cube, "LENGTH", length)
    pairs = [pair for pair in product(PLACES, PLACES) if any(place and place.startswith("15") for place in pair)]
    for month in (1, 2, 3):
        at = round(datetime(2030, month, 10, tzinfo=UTC).timestamp()) * 1_000_000
        monkeypatch.setattr(append, "now", lambda at=at: at)
        ids = history.add(
            *(
                history.contract(
                    seller_place=seller,
                    buyer_place=buyer,
                    contract_type=("DEV", "SERVICE")[number % 2],
                    field=f"contract:0{number % 3 + 1}",
                    registered_on=date(2018, number % 4 + 1, 5),
                    act="outside" if number % 5 == 0 else "registered",
                )
                for number, (seller, buyer) in enumerate(pairs[month - 1 :: 3])
            )
        )
        history.database.write(
            SYSTEM, lambda unit, ids=ids: history.change(unit, ids[0], total_fen=9_00, tech_fen=1_00)
        )
        history.database.write(SYSTEM, lambda unit, ids=ids: history.end(unit, ids[1]))
    periods, answered, weighed = (Period(201801, 201803), Period(201801, 201812)), set(), set()
    with history.database.snapshot(SYSTEM) as unit:
        assert check(unit) == []
        first = select(JournalEntry.seq).where(JournalEntry.rec_month >= 203001).order_by(JournalEntry.seq)
        seqs = unit.execute(first).scalars().all()[3::10]
        points = [point(unit, str(seq)) for seq in seqs] + [point(unit, None)]
        assert {(at.since is None, at.until is None) for at in points} == {(False, True), (True, False), (True, True)}
        for at, basis, by, period in product(points, BASES, CUTS, periods):
            if basis in ("internal", "registered"):
                by = tuple("seller_league" if name == "league" else name for name in by)
            question = Question(period, basis, "150000", by)
            found = figures(unit, question, at=at)
            assert found == figures(unit, question, Source(question.view, None, period, at)), (at, basis, by)
            answered.add(found.totals)
            rows = Scale(unit, question, at, 3).rows
            with monkeypatch.context() as patch:
                patch.setattr(sources, "usable", lambda _: ())
                assert rows == Scale(unit, question, at, 3).rows, (at, basis, by)
            weighed.add(str(rows))
    assert len(answered) > 2 * len(seqs)
    assert len(weighed) > len(seqs) * len(CUTS)
