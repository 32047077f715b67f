"""The cuboids: narrow sums over the ledger, kept in the same transaction, so that the usual questions cost the same at any size.

A cuboid has one or two dimensions beside flow and statistical month, or year. Leagues (盟市) are seen from home: a place in the
home province by its league, any other by its province or bucket. Every posting adds to the cells of the present. A recorded month
is a stretch of the journal, or several if it has many lines. When the first line after one is recorded, it is closed: each
statistical month, or year, that has lines in it is kept as it then stood, for figures as of a past point. So both read a few
cells a group and month, or year; as of a point within a stretch some of its lines too. `sources` chooses a cuboid that holds
all a question needs; else the ledger answers.

A cuboid of one basis holds its deals whatever their flow, so that a group is one cell however many contracts there are; under
`involved` a deal counts once in each league of home that is involved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Insert,
    Row,
    Select,
    SmallInteger,
    String,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased

from market.statistics.model import ClosedStretch, CuboidState, DealCell, LedgerLine
from market.store.dialect import listed, whole
from market.store.session import Unit

SUMS = ("deals", "total", "tech", "income")
CELL = ("stat_month", "flow", "a", "b", *SUMS)
"""Columns of a cell beside its cuboid and stretch."""
KEYS = ("cuboid", "stat_month", "stretch", "flow", "a", "b")
ANY_FLOW = 0
"""What stands for the flow in a cuboid of one basis."""
LENGTH = 2_000
"""Lines after which a stretch is closed: more cost more beside the cells, fewer cost space and time to close them."""

FLOWS = {
    "involved": (1, 2, 3, 5, 6, 7),
    "output": (1, 2, 5, 6),
    "absorbed": (1, 3, 5, 7),
    "internal": (1, 5),
    "registered": (1, 2, 3, 4),
}
"""The flows that make up each basis, as seen from home."""


@dataclass(frozen=True)
class Cuboid:
    """Number and dimensions (`b` may be empty), by month or `yearly`; of all deals, or those of one basis.

    The numbers are stored and never used again for others (nor those up to 12, which releases before had). The cells of the
    present have the negative number and no stretch; a year's cells stand in its December.
    """

    number: int
    a: str
    b: str = ""
    yearly: bool = False
    basis: str = ""

    def month(self, stat_month: Any) -> Any:
        """The month that the cells of a statistical month stand in."""
        return stat_month // 100 * 100 + 12 if self.yearly else stat_month

    def cells(self, home: str, row: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """The flow and dimensions of each cell of a ledger row."""
        b = _seen_from(home, row, self.b)
        if self.a == "league":
            sides = (("seller", FLOWS["output"]), ("buyer", FLOWS["absorbed"]))
            for league in {_seen_from(home, row, f"{side}_league") for side, flows in sides if row["flow"] in flows}:
                yield ANY_FLOW, league, b
        elif not self.basis:
            yield row["flow"], _seen_from(home, row, self.a), b
        elif row["flow"] in FLOWS[self.basis]:
            yield ANY_FLOW, _seen_from(home, row, self.a), b


CUBOIDS = (
    Cuboid(13, "field", yearly=True),
    Cuboid(14, "seller_league", yearly=True),
    Cuboid(15, "buyer_league", yearly=True),
    Cuboid(16, "contract_type"),
    Cuboid(17, "field"),
    Cuboid(18, "office"),
    Cuboid(19, "seller_league", "contract_type", basis="output"),
    Cuboid(20, "buyer_league", "contract_type", basis="absorbed"),
    Cuboid(21, "seller_league", "contract_type", basis="internal"),
    Cuboid(22, "seller_league", "contract_type", basis="registered"),
    Cuboid(23, "league", "contract_type", basis="involved"),
    Cuboid(24, "seller_league"),
    Cuboid(25, "buyer_league"),
    Cuboid(26, "seller_league", "contract_type"),
    Cuboid(27, "buyer_league", "contract_type"),
)
"""Smallest first: the first that fits a question answers it."""
STRAY = DealCell.cuboid.not_in([number for cuboid in CUBOIDS for number in (cuboid.number, -cuboid.number)])
"""A cell of no cuboid that there is."""


def province_code(place: str) -> str:
    """The province of a six-digit code: the first two digits, by the construction of GB/T 2260."""
    return place[:2] + "0000"


class Stretch(NamedTuple):
    """The first seq, which names it, and the last one that ledger lines of a stretch have."""

    since: int
    until: int


def closed_stretches(unit: Unit, after: int = 0, to: int | None = None) -> list[Stretch]:
    """Those after one seq and up to another (None: all), in order."""
    found = select(ClosedStretch.since, ClosedStretch.until).where(ClosedStretch.since > after)
    found = found if to is None else found.where(ClosedStretch.since <= to)
    return list(map(Stretch._make, unit.execute(found.order_by(ClosedStretch.since))))


def open_month(unit: Unit) -> int:
    """The month of the ledger's last line; 0 while there is none."""
    return unit.execute(select(LedgerLine.rec_month).order_by(LedgerLine.seq.desc()).limit(1)).scalar() or 0


def divide(unit: Unit, after: int, to: int | None) -> None:
    """Divide the ledger between two seqs that end a month (None: to its end) into stretches anew, as posting does."""
    opened = open_month(unit)
    stale = delete(ClosedStretch).where(ClosedStretch.since > after)
    unit.execute(stale if to is None else stale.where(ClosedStretch.since <= to))
    found = []
    while part := _next_lines(unit, after, to):
        if part["month"] == opened and part["lines"] < LENGTH:
            break
        found.append({name: part[name] for name in Stretch._fields})
        after = part["until"]
    if found:
        unit.execute(insert(ClosedStretch), found)


def _next_lines(unit: Unit, after: int, to: int | None) -> Mapping[Any, Any] | None:
    """As many lines of the next month as a stretch may have."""
    lines = select(LedgerLine.seq, LedgerLine.rec_month).where(LedgerLine.seq > after)
    lines = lines if to is None else lines.where(LedgerLine.seq <= to)
    column = lines.order_by(LedgerLine.seq).limit(LENGTH).subquery().c
    part = _as_stretch(column.seq, column.rec_month).group_by(column.rec_month).order_by(column.rec_month).limit(1)
    return unit.execute(part).mappings().first()


def _as_stretch(seq: Any, month: Any) -> Select[Any]:
    """The seqs, month and number of lines."""
    told = {"since": func.min(seq), "until": func.max(seq), "month": func.max(month), "lines": func.count()}
    found: Select[Any] = select(*(column.label(name) for name, column in told.items()))
    return found


def usable(unit: Unit) -> Sequence[Cuboid]:
    """The cuboids that can answer, smallest first. One still being built cannot."""
    ready = unit.reference("cuboids", _ready)
    return CUBOIDS if ready >= {cuboid.number for cuboid in CUBOIDS} else ()


def _ready(connection: Connection) -> frozenset[int]:
    return frozenset(connection.execute(select(CuboidState.number).where(CuboidState.ready)).scalars())


def add_lines(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write complete ledger rows of one recorded month and add them to the cuboids. Only under the lock of the journal's head.

    What is open is closed before, if its month is over or it is long enough.
    """
    month, last, room = rows[0]["rec_month"], rows[-1]["seq"], len(rows)
    open_to: dict[int, int] = unit.database.cached("seqs up to which months need no closing", 0, dict)
    if last > open_to.get(month, 0):
        opened = unit.execute(_open_lines()).one()
        if opened.lines and (opened.month < month or opened.lines >= LENGTH):
            _close(unit, opened)
            room = LENGTH
        else:
            room = LENGTH - opened.lines
            open_to[month] = last + (room - len(rows)) // 2  # an entry has two lines at most
    while room < len(rows):
        while room < len(rows) and rows[room]["seq"] == rows[room - 1]["seq"]:
            room += 1
        _add(unit, rows[:room])
        unit.write_last()
        _close(unit, unit.execute(_open_lines()).one())
        rows, room = rows[room:], LENGTH
    if rows:
        _add(unit, rows)


def _add(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    home = province_code(unit.database.home_region())
    cells: dict[tuple[Any, ...], Sequence[int]] = {}
    for row in rows:
        amounts = (row["sign"], *(row[name] for name in SUMS[1:]))
        for cuboid in CUBOIDS:
            for dimensions in cuboid.cells(home, row):
                key = (-cuboid.number, cuboid.month(row["stat_month"]), 0, *dimensions)
                cells[key] = [sum(both) for both in zip(cells[key], amounts, strict=True)] if key in cells else amounts
    values = [dict(zip(KEYS + SUMS, (*key, *cells[key]), strict=True)) for key in sorted(cells)]
    unit.last += [("insert", LedgerLine, rows), ("add", DealCell, values)]


def _close(unit: Unit, opened: Row[Any]) -> None:
    stretch = Stretch(opened.since, opened.until)
    unit.execute(insert(ClosedStretch), stretch._asdict())
    close(unit, CUBOIDS, stretch)


@cache
def _open_lines() -> Select[Any]:
    """The stretch that is open: its seqs, month and number of lines."""
    closed_to = select(ClosedStretch.until).order_by(ClosedStretch.since.desc()).limit(1).scalar_subquery()
    return _as_stretch(LedgerLine.seq, LedgerLine.rec_month).where(LedgerLine.seq > func.coalesce(closed_to, 0))


def close(unit: Unit, cuboids: Iterable[Cuboid], stretch: Stretch) -> None:
    """Keep, in these cuboids, what a stretch touched as it stands at its end."""
    home, months = province_code(unit.database.home_region()), touched(unit, stretch)
    for cuboid in cuboids:
        unit.execute(_making(closed(home, cuboid)), of_closed(cuboid, stretch, months))


def make_present(unit: Unit, cuboid: Cuboid) -> None:
    """Sum up the cells of the present, which are not there yet."""
    unit.execute(_making(present(province_code(unit.database.home_region()), cuboid)))


@cache
def _making(cells: Select[Any]) -> Insert:
    return insert(DealCell).from_select([*KEYS, *SUMS], cells.order_by(*KEYS))


def touched(unit: Unit, stretch: Stretch) -> Sequence[int]:
    """The statistical months that have lines in a stretch."""
    month = LedgerLine.stat_month
    return unit.execute(select(month).where(LedgerLine.seq.between(*stretch)).distinct()).scalars().all()


def of_closed(cuboid: Cuboid, stretch: Stretch, months: Iterable[int]) -> dict[str, Any]:
    """The parameters of `closed` for a stretch that touched these months."""
    return {**stretch._asdict(), "months": json.dumps(sorted(set(map(cuboid.month, months))))}


@cache
def closed(home: str, cuboid: Cuboid) -> Select[Any]:
    """The cells of a closed stretch: what it touched as that stood before, and its lines. The parameters are `of_closed`."""
    since: Any = bindparam("since", type_=BigInteger)
    lines = LedgerLine.seq.between(since, bindparam("until"))
    months = listed(bindparam("months", type_=String))
    before = select(*(getattr(DealCell, name) for name in CELL)).where(*standing(cuboid, months, since - 1))
    return _summed(cuboid.number, since, union_all(before, *lines_as_cells(home, cuboid, lines)))


@cache
def present(home: str, cuboid: Cuboid) -> Select[Any]:
    """The cells of the present as all ledger lines have them."""
    return _summed(-cuboid.number, literal(0, BigInteger), union_all(*lines_as_cells(home, cuboid)))


def _summed(number: int, stretch: Any, each: CompoundSelect[Any]) -> Select[Any]:
    """Whole cells of what is to be added up, those that come to nothing included."""
    column = each.subquery().c
    keys = [column[name] for name in CELL[:4]]
    told = [literal(number, SmallInteger).label("cuboid"), keys[0], stretch.label("stretch"), *keys[1:]]
    sums = [whole(func.sum(column[name])).label(name) for name in SUMS]
    return select(*told, *sums).group_by(*keys)


def standing(cuboid: Cuboid, month: ColumnElement[int], stretch: Any) -> list[ColumnElement[bool]]:
    """What makes a cell one of these months (or years), as they stood at the end of a stretch; any seq of it will do."""
    earlier = aliased(DealCell)
    last = select(func.max(earlier.stretch)).where(
        earlier.cuboid == cuboid.number, earlier.stat_month == month, earlier.stretch <= stretch
    )
    last_of_each = select(month, last.scalar_subquery())
    return [DealCell.cuboid == cuboid.number, tuple_(DealCell.stat_month, DealCell.stretch).in_(last_of_each)]


def lines_as_cells(home: str, cuboid: Cuboid, *where: ColumnElement[bool]) -> list[Select[Any]]:
    """Ledger lines in the shape of the cells they belong to; by league those of each side apart."""
    seller, buyer = _told(home, "seller_league"), _told(home, "buyer_league")
    any_flow = literal(ANY_FLOW, SmallInteger)
    parts: list[tuple[Any, Any, list[Any]]] = [(LedgerLine.flow, _told(home, cuboid.a), [])]
    if cuboid.a == "league":
        elsewhere = or_(LedgerLine.flow.not_in(FLOWS["output"]), seller != buyer)
        parts = [
            (any_flow, seller, [LedgerLine.flow.in_(FLOWS["output"])]),
            (any_flow, buyer, [LedgerLine.flow.in_(FLOWS["absorbed"]), elsewhere]),
        ]
    elif cuboid.basis:
        parts = [(any_flow, _told(home, cuboid.a), [LedgerLine.flow.in_(FLOWS[cuboid.basis])])]
    found = []
    for flow, a, only in parts:
        keys = (cuboid.month(LedgerLine.stat_month), flow, a, _told(home, cuboid.b))
        sums = (LedgerLine.sign, *(getattr(LedgerLine, name) for name in SUMS[1:]))
        columns = (column.label(name) for name, column in zip(CELL, (*keys, *sums), strict=True))
        found.append(select(*columns).where(*where, *only))
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
