"""Due days of open cases (and of dealings) counted anew, when calendar or rules have changed.

A due day follows from the day its clock began, the rule then in force and the calendar; the case keeps it so that queues can be
asked by index. Call `recount` in the unit that loads a calendar or rules; the load's event tells why the days moved.
"""

from __future__ import annotations

from sqlalchemy import select, update

from market.dealings.clock import recount as recount_dealings
from market.examination.model import Case
from market.examination.states import RUNNING
from market.rules.calendar import due_by_rule
from market.store.session import Unit


def recount(unit: Unit) -> int:
    """Count the due day of every running case and open dealing anew; answers how many moved or are no longer provisional."""
    running = (Case.state.in_(RUNNING), Case.clock_rule.is_not(None))
    clocks = select(Case.clock_rule, Case.clock_from, Case.due_on, Case.provisional).where(*running).distinct()
    moved = 0
    for row in unit.execute(clocks.order_by(Case.clock_rule, Case.clock_from)).all():
        due = due_by_rule(unit, row.clock_rule, row.clock_from)
        if (due.on, due.provisional) != (row.due_on, row.provisional):
            these = (Case.clock_rule == row.clock_rule, Case.clock_from == row.clock_from, Case.due_on == row.due_on)
            values = {"due_on": due.on, "provisional": due.provisional}
            moved += unit.execute(update(Case).where(*running, *these).values(values)).rowcount
    return moved + recount_dealings(unit)
