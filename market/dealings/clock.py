"""Due days of open dealings counted anew, when calendar or rules have changed; the load's event tells why they moved."""

from __future__ import annotations

from sqlalchemy import select, update

from market.dealings.model import Dealing
from market.dealings.stages import OPEN
from market.rules.calendar import due_by_rule
from market.store.session import Unit


def recount(unit: Unit) -> int:
    """Count the due day of every open dealing anew; answers how many moved or are no longer provisional."""
    is_open = Dealing.stage.in_(OPEN)
    clocks = select(Dealing.clock_rule, Dealing.clock_from, Dealing.due_on, Dealing.provisional).where(is_open)
    moved = 0
    for row in unit.execute(clocks.distinct().order_by(Dealing.clock_rule, Dealing.clock_from)).all():
        due = due_by_rule(unit, row.clock_rule, row.clock_from)
        if (due.on, due.provisional) != (row.due_on, row.provisional):
            these = (Dealing.clock_rule == row.clock_rule, Dealing.clock_from == row.clock_from)
            values = {"due_on": due.on, "provisional": due.provisional}
            moved += unit.execute(update(Dealing).where(is_open, *these).values(values)).rowcount
    return moved
