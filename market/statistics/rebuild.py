"""The cube made anew from the ledger.

`rebuild` may be run at any time; incremental upkeep must give the same cells. It goes by steps of some recorded months, each in a
unit of its own, so readers always see whole ones. Nobody else touches a cell of a closed month, so posting waits only for the
last step, which makes those of the open month and of the present. Cut short, it goes on from there when started again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    delete,
    func,
    insert,
    select,
    update,
)

from market.access import SYSTEM
from market.fields.actions import renew
from market.journal.model import JournalHead
from market.statistics.cube import (
    CUBOIDS,
    STRAY,
    Cuboid,
    close,
    closed_stretches,
    divide,
    make_present,
    open_month,
)
from market.statistics.model import CuboidState, DealCell, LedgerLine
from market.store.dialect import analyze
from market.store.session import Database, Unit

STEP = 100_000
"""Ledger lines a step of the rebuild takes, filled up to whole months."""

Tell = Callable[[str], object]


def silent(_line: str) -> None:
    """For those who don't want to hear of progress."""


def rebuild(database: Database, tell: Tell = silent) -> None:
    """Sum up every cuboid from the ledger anew, or go on with a rebuild that was cut short; `tell` hears of each step."""
    database.write(SYSTEM, _begin, channel="cli")
    complete(database, tell)


def complete(database: Database, tell: Tell = silent) -> None:
    """Build the cuboids that are not there yet, drop those that are no more, and finish a rebuild that was cut short."""
    database.write(SYSTEM, _add_missing, channel="cli")
    while (done := database.write(SYSTEM, _step, channel="cli")) is not None:
        tell(done)


def _begin(unit: Unit) -> None:
    if not _under_way(unit):
        unit.execute(update(CuboidState).values(rebuilt_to=0))


def _add_missing(unit: Unit) -> None:
    known = set(unit.execute(select(CuboidState.number)).scalars())
    wanted = {cuboid.number for cuboid in CUBOIDS}
    if missing := sorted(wanted - known):
        unit.execute(insert(CuboidState), [{"number": number, "ready": False, "rebuilt_to": 0} for number in missing])
    unit.execute(delete(CuboidState).where(CuboidState.number.not_in(wanted)))
    unit.execute(delete(DealCell).where(STRAY))


def _under_way(unit: Unit) -> dict[int, int]:
    """Cuboids that are being made anew, and how far. They are locked, so that two rebuilds take turns."""
    states = select(CuboidState.number, CuboidState.rebuilt_to).order_by(CuboidState.number).with_for_update()
    return {state.number: state.rebuilt_to for state in unit.execute(states) if state.rebuilt_to is not None}


def _step(unit: Unit) -> str | None:
    """Make the next recorded months anew and say so; None: nothing is left to do."""
    under_way = _under_way(unit)
    if not under_way:
        return None
    cuboids = [cuboid for cuboid in CUBOIDS if cuboid.number in under_way]
    after = min(under_way.values())
    state = update(CuboidState).where(CuboidState.number.in_(under_way))
    to = _end_of_step(unit, after)
    if to is not None:
        _replace(unit, cuboids, after, to)
        if not after:
            analyze(unit.connection, DealCell)  # of an empty table PostgreSQL expects nothing, and plans for that
        unit.execute(state.values(rebuilt_to=to))
        return f"Cells recorded up to {_month_at(unit, to)} are made: entry {to} of {_head(unit).seq}."
    head: int = unit.execute(select(JournalHead.seq).with_for_update()).scalar_one()
    _replace(unit, cuboids, after, None)
    _replace_present(unit, cuboids)
    unit.execute(state.values(ready=True, rebuilt_to=None))
    renew(unit)  # every process looks again which cuboids are ready
    return f"All cells are made: entry {head} of {head}."


def _head(unit: Unit) -> Any:
    return unit.execute(select(JournalHead.seq, JournalHead.recorded_at)).one()


def _end_of_step(unit: Unit, after: int) -> int | None:
    """The last ledger seq of the next closed recorded months; None: only the open one is left."""
    month, seq = LedgerLine.rec_month, LedgerLine.seq
    lines = select(month).where(seq > after).order_by(seq).limit(STEP).subquery()
    furthest = unit.execute(select(func.max(lines.c.rec_month))).scalar()
    if furthest is None:
        return None
    end = min(furthest + 1, open_month(unit))
    following = select(seq).where(seq > after, month >= end).order_by(seq).limit(1).scalar_subquery()
    found: int | None = unit.execute(select(func.max(seq)).where(seq > after, seq < following)).scalar()
    return found


def _month_at(unit: Unit, seq: int) -> int:
    """The recorded month of the ledger's lines at a seq; 0 before the first."""
    return unit.execute(select(LedgerLine.rec_month).where(LedgerLine.seq == seq).limit(1)).scalar() or 0


def _replace(unit: Unit, cuboids: list[Cuboid], after: int, to: int | None) -> None:
    """Make the cells anew of the recorded months after one seq and up to another (None: to the open one); both end a month."""
    if len(cuboids) == len(CUBOIDS):
        divide(unit, after, to)
    stale = delete(DealCell).where(DealCell.cuboid.in_([cuboid.number for cuboid in cuboids]), DealCell.stretch > after)
    unit.execute(stale if to is None else stale.where(DealCell.stretch <= to))
    for stretch in closed_stretches(unit, after, to):
        close(unit, cuboids, stretch)


def _replace_present(unit: Unit, cuboids: list[Cuboid]) -> None:
    """Sum up the cells of the present anew."""
    unit.execute(delete(DealCell).where(DealCell.cuboid.in_([-cuboid.number for cuboid in cuboids])))
    for cuboid in cuboids:
        make_present(unit, cuboid)
