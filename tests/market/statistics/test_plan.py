"""The engine reads what it was given to read: cells by their key, the ledger by its covering index alone."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import time_machine
from sqlalchemy import event

from market.access import SYSTEM
from market.statistics.points import point
from market.statistics.queries import figures
from market.statistics.question import Period, Question
from tests.market.statistics.history import History


def plan(database, question, as_of=None):
    """SQLite's plan of the one statement that adds up the figures."""
    ran = []

    def seen(_connection, _cursor, statement, parameters, *_):
        ran.append((statement, parameters))

    with database.snapshot(SYSTEM) as unit:
        at = point(unit, as_of)
        figures(unit, question, at=at)
        event.listen(database.engine, "before_cursor_execute", seen)
        figures(unit, question, at=at)
        event.remove(database.engine, "before_cursor_execute", seen)
        [(statement, parameters)] = ran
        return " ".join(
            row[-1] for row in unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )


CELLS = "SEARCH deal_cell USING PRIMARY KEY (cuboid=? AND stat_month>? AND stat_month<?)"
PAST_CELLS = "SEARCH deal_cell USING PRIMARY KEY (cuboid=? AND stat_month=? AND stretch=?"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            ("seller_league", "contract_type", "month"),
            CELLS,
        ),
        (
            ("buyer_banner", "payment_mode", "office"),
            "SEARCH ledger USING COVERING INDEX ix_ledger_question (stat_month>? AND stat_month<?)",
        ),
    ],
)
def test_plans(factory, by, expected):
    with factory.open("sqlite", "world") as database:
        history = History(database, factory.worlds["sqlite"].ids["office"])
        history.add(*(history.contract() for _ in range(50)))
        assert expected in plan(database, Question(Period(201801, 201812), "output", "150000", by))


USUAL = Question(Period(201801, 201812), "output", "150000", ("seller_league", "contract_type", "month"))


def test_plans_of_the_past(factory):
    """Cells as they stood nearest and of each month only the lines between; a whole recorded month is only cells."""
    with factory.open("sqlite", "world") as database:
        history = History(database, factory.worlds["sqlite"].ids["office"])
        history.add(*(history.contract() for _ in range(50)))
        with database.snapshot(SYSTEM) as unit:
            last = point(unit, None).seq
        for seq, cells in ((last - 7, CELLS), (last - 43, PAST_CELLS)):
            within = plan(database, USUAL, str(seq))
            assert cells in within
            assert "SEARCH ledger USING COVERING INDEX ix_ledger_question (stat_month=? AND seq>? AND seq<?)" in within
        general = plan(database, replace(USUAL, by=("payment_mode",)), str(last - 7))
        assert "SEARCH ledger USING COVERING INDEX ix_ledger_question (stat_month=? AND seq<?)" in general
        with time_machine.travel(time.time() + 40 * 86_400):
            history.add(history.contract())
        whole = plan(database, USUAL, str(last))
        assert PAST_CELLS in whole
        assert "ledger" not in whole
