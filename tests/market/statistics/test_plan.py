"""The engine reads what it was given to read: cells by their key, the ledger by its covering index alone."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from market.access import SYSTEM
from market.statistics.queries import figures
from market.statistics.question import Period, Question
from tests.market.statistics.history import History


def plan(database, question):
    """SQLite's plan of the one statement that adds up the figures."""
    ran = []

    def seen(_connection, _cursor, statement, parameters, *_):
        ran.append((statement, parameters))

    with database.snapshot(SYSTEM) as unit:
        figures(unit, question)
        event.listen(database.engine, "before_cursor_execute", seen)
        figures(unit, question)
        event.remove(database.engine, "before_cursor_execute", seen)
        [(statement, parameters)] = ran
        return " ".join(
            row[-1] for row in unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            ("seller_league", "contract_type", "month"),
            "SEARCH deal_cell USING PRIMARY KEY (cuboid=? AND stat_month>? AND stat_month<?)",
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
