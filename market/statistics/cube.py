"""The cuboids: narrow sums over the ledger, kept in the same transaction, so that the usual questions cost the same at any size.

A cuboid has one or two dimensions beside statistical month, recorded month and flow. Leagues (盟市) are seen from home: a place
in the home province by its league, any other by its province or bucket. Those of `PRESENT` are for figures as of now, sums over
all recorded months that every posting adds to. Those of `CUBOIDS` tell recorded months apart, for figures as of a past point: a
recorded month is summed up when the first line of a later one is posted, until then its lines answer. `queries` chooses a cuboid
that holds all a question needs; else the ledger answers.

A cuboid by `league` counts a deal once in each league of home that is involved, whatever its flow, so that a group is one cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    SmallInteger,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)

from market.journal.model import JournalEntry
from market.statistics.model import CuboidState, DealCell, LedgerLine
from market.store.dialect import whole
from market.store.session import Unit
from market.store.types import SHANGHAI

KEYS = ("cuboid", "stat_month", "rec_month", "flow", "a", "b")
SUMS = ("deals", "total", "tech", "income")
CELL = (*KEYS[1:], *SUMS)
"""Columns of a cell beside its cuboid."""
SELLER_INSIDE, BUYER_INSIDE = (1, 2, 5, 6), (1, 3, 5, 7)
"""Flows of the deals whose seller, or buyer, lies in the home region."""
ANY_FLOW = 0
"""What stands for the flow in a cuboid by league."""


@dataclass(frozen=True)
class Cuboid:
    """Number and dimensions (`b` may be empty); the numbers are stored and never used again for others (nor 6, -6, -11).

    `of` is the cuboid that one of the present is a sum of.
    """

    number: int
    a: str
    b: str = ""
    of: int = 0

    @property
    def by_league(self) -> bool:
        """Does it tell the leagues involved, not whether they sell or buy?"""
        return self.a == "league"

    def cells(self, home: str, row: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """The flow and dimensions of each cell of a ledger row."""
        b = _seen_from(home, row, self.b)
        if not self.by_league:
            yield row["flow"], _seen_from(home, row, self.a), b
            return
        sides = (("seller", SELLER_INSIDE), ("buyer", BUYER_INSIDE))
        for league in {_seen_from(home, row, f"{side}_league") for side, flows in sides if row["flow"] in flows}:
            yield ANY_FLOW, league, b


CUBOIDS = (
    Cuboid(5, "office"),
    Cuboid(1, "contract_type", "field"),
    Cuboid(2, "seller_league", "contract_type"),
    Cuboid(3, "buyer_league", "contract_type"),
    Cuboid(7, "league", "contract_type"),
    Cuboid(4, "seller_league", "buyer_league"),
)
PRESENT = (
    Cuboid(-7, "contract_type", of=1),
    Cuboid(-8, "field", of=1),
    Cuboid(-5, "office", of=5),
    Cuboid(-9, "seller_league", of=2),
    Cuboid(-10, "buyer_league", of=3),
    Cuboid(-2, "seller_league", "contract_type", of=2),
    Cuboid(-3, "buyer_league", "contract_type", of=3),
    Cuboid(-12, "league", "contract_type", of=7),
)
"""Smallest first: the first that fits a question answers it."""


def province_code(place: str) -> str:
    """The province of a six-digit code: the first two digits, by the construction of GB/T 2260."""
    return place[:2] + "0000"


class Month(NamedTuple):
    """A recorded month, and the first seq of the journal in it."""

    number: int
    since: int


def open_month(unit: Unit) -> Month:
    """The month of the ledger's last line, which no cuboid by recorded months has yet; zeros while there is none."""
    last = unit.execute(select(LedgerLine.rec_month).order_by(LedgerLine.seq.desc()).limit(1)).scalar()
    return Month(last, first_of(unit, last)) if last else Month(0, 0)


def first_of(unit: Unit, month: int) -> int:
    """The first seq of the journal in a recorded month; 0 if it has none, as only a ledger that was tampered with can ask."""
    start = round(datetime(month // 100, month % 100, 1, tzinfo=SHANGHAI).timestamp()) * 1_000_000
    entries = select(JournalEntry.seq).where(JournalEntry.recorded_at >= start)
    return unit.execute(entries.order_by(JournalEntry.recorded_at, JournalEntry.seq).limit(1)).scalar() or 0


def usable(unit: Unit, *, past: bool) -> list[Cuboid]:
    """The cuboids that can answer, smallest first: those by recorded months as of a past point. One still being built cannot."""
    ready = unit.reference("cuboids", _ready)
    if not ready >= {cuboid.number for cuboid in (*CUBOIDS, *PRESENT)}:
        return []
    return list(CUBOIDS if past else PRESENT)


def _ready(connection: Connection) -> frozenset[int]:
    return frozenset(connection.execute(select(CuboidState.number).where(CuboidState.ready)).scalars())


def add_lines(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add complete ledger rows of one recorded month to the cuboids. Only under the lock of the journal's head."""
    _close_before(unit, rows[0]["rec_month"])
    home = province_code(unit.database.home_region())
    cells: dict[tuple[Any, ...], Sequence[int]] = {}
    for row in rows:
        amounts = (row["sign"], *(row[name] for name in SUMS[1:]))
        for cuboid in PRESENT:
            for dimensions in cuboid.cells(home, row):
                key = (cuboid.number, row["stat_month"], 0, *dimensions)
                cells[key] = [sum(both) for both in zip(cells[key], amounts, strict=True)] if key in cells else amounts
    values = [dict(zip(KEYS + SUMS, (*key, *cells[key]), strict=True)) for key in sorted(cells)]
    unit.last.append(("add", DealCell, values))


def _close_before(unit: Unit, month: int) -> None:
    """Sum up the month that was open, if this one comes after it."""
    seen: set[int] = unit.database.cached("months with a line", 0, set)
    if month in seen:
        return
    last = open_month(unit)
    if last.number == month:
        seen.add(month)
    elif last.number:
        for cuboid in CUBOIDS:
            make_cells(unit, summed(unit, cuboid, LedgerLine.seq >= last.since))


def make_cells(unit: Unit, cells: Select[Any]) -> None:
    """Write cells that are not there yet."""
    unit.execute(insert(DealCell).from_select([*KEYS, *SUMS], cells.order_by(*KEYS)))


def summed(unit: Unit, cuboid: Cuboid, *where: ColumnElement[bool]) -> Select[Any]:
    """The cells of a cuboid by recorded months as these ledger lines have them, cells that come to nothing included."""
    home = province_code(unit.database.home_region())
    each = union_all(*lines_as_cells(home, cuboid, CELL, *where)).subquery().c
    keys = [each[name] for name in KEYS[1:]]
    sums = [whole(func.sum(each[name])).label(name) for name in SUMS]
    return select(literal(cuboid.number, Integer).label("cuboid"), *keys, *sums).group_by(*keys)


def lines_as_cells(home: str, cuboid: Cuboid, names: Sequence[str], *where: ColumnElement[bool]) -> list[Select[Any]]:
    """Ledger lines in the shape of the cells they belong to; by league those of each side apart."""
    seller, buyer = _told(home, "seller_league"), _told(home, "buyer_league")
    parts: list[tuple[Any, Any, list[Any]]] = [(LedgerLine.flow, _told(home, cuboid.a), [])]
    if cuboid.by_league:
        elsewhere = or_(LedgerLine.flow.not_in(SELLER_INSIDE), seller != buyer)
        parts = [
            (literal(ANY_FLOW, SmallInteger), seller, [LedgerLine.flow.in_(SELLER_INSIDE)]),
            (literal(ANY_FLOW, SmallInteger), buyer, [LedgerLine.flow.in_(BUYER_INSIDE), elsewhere]),
        ]
    found = []
    for flow, a, only in parts:
        columns = {name: getattr(LedgerLine, name) for name in ("stat_month", "rec_month", *SUMS[1:])}
        columns |= {"flow": flow, "a": a, "b": _told(home, cuboid.b), "deals": LedgerLine.sign}
        found.append(select(*(columns[name].label(name) for name in names)).where(*where, *only))
    return found


def _told(home: str, dimension: str) -> Any:
    """`_seen_from` as an expression; for a cuboid by league nothing."""
    side, _, level = dimension.partition("_")
    if level == "league":
        province = getattr(LedgerLine, f"{side}_province")
        return case((province == home, getattr(LedgerLine, dimension)), else_=province)
    return literal("") if dimension in ("", "league") else getattr(LedgerLine, dimension)


def _seen_from(home: str, row: Mapping[str, Any], dimension: str) -> Any:
    side, _, level = dimension.partition("_")
    if level == "league" and row[f"{side}_province"] != home:
        return row[f"{side}_province"]
    return row[dimension] if dimension else ""
