"""What the check finds, and what nobody can do through the market."""

from __future__ import annotations

from sqlalchemy import text

from market.access import SYSTEM
from market.statistics.agreement import check


def found(database):
    with database.snapshot(SYSTEM) as unit:
        return check(unit)


def tamper(database, *statements):
    """What nobody can do through the market: the guard is taken off first."""

    def work(unit):
        if unit.connection.dialect.name == "postgresql":
            unit.execute(text("ALTER TABLE ledger DISABLE TRIGGER USER"))
        else:
            unit.execute(text("DROP TRIGGER ledger_update"))
            unit.execute(text("DROP TRIGGER ledger_delete"))
        for statement in statements:
            assert unit.execute(text(statement)).rowcount > 0

    database.write(SYSTEM, work)
