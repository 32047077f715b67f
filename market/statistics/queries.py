"""Figures for a question: which cells or ledger lines answer it, and the statements that add them up.

A question whose cuts, filters and region fit a cuboid is answered from cells, at the same cost however many contracts there are;
any other from the ledger through its covering index. Both give the same figures.

As of a past point cells answer for the recorded months that it contains whole, and ledger lines for the month it lies within.
Figures depend on ledger and question alone, never on reference data, so those of a past point stand for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, not_, or_, select, union_all

from market.errors import Invalid
from market.statistics.cube import CUBOIDS, Cuboid, province_code
from market.statistics.ledger import UNSPECIFIED
from market.statistics.model import DealCell, LedgerLine
from market.statistics.points import Point
from market.statistics.question import DIMENSIONS, SIDELESS, Period, Question, move_years
from market.store.dialect import whole
from market.store.session import Unit

MAX_GROUPS = 5000
"""Groups of one answer."""

Key = tuple[str, ...]
Condition = ColumnElement[bool]

FLOWS = {
    "involved": (1, 2, 3, 5, 6, 7),
    "output": (1, 2, 5, 6),
    "absorbed": (1, 3, 5, 7),
    "internal": (1, 5),
    "registered": (1, 2, 3, 4),
}
"""The flows that make up each basis, as seen from home."""

_SIDES = {
    "involved": ("seller", "buyer"),
    "output": ("seller",),
    "absorbed": ("buyer",),
    "internal": ("seller", "buyer"),
}
_BASIS_OF_SIDE = {"seller": "output", "buyer": "absorbed"}
_DIGITS = {"province": 2, "league": 4, "banner": 6}
"""So many leading digits of a place code say where it lies, by the construction of GB/T 2260."""


class Measures(NamedTuple):
    """Number of deals (项数), contract amount (成交额) and technology amount (技术交易额) in fen."""

    deals: int = 0
    total: int = 0
    tech: int = 0


def added(parts: Iterable[Measures]) -> Measures:
    """The measures of parts that do not overlap, together."""
    return Measures(*map(sum, zip(*parts, strict=True)))


@dataclass(frozen=True)
class Figures:
    """Totals (each contract once), groups by key in order, and what stands in two groups."""

    totals: Measures
    groups: dict[Key, Measures]
    overlap: Measures | None = None


class Source:
    """Where figures are read: a cuboid's cells, or the ledger (`cuboid` is None). `source[name]` is a dimension's expression.

    `where` narrows it to a period and to what was recorded up to a point.
    """

    def __init__(self, view: str, cuboid: Cuboid | None, period: Period | None = None, at: Point | None = None) -> None:
        self.view, self.cuboid = view, cuboid
        self.table: Any = LedgerLine if cuboid is None else DealCell
        self.where: list[Condition] = []
        if period is not None and cuboid is None:
            self.where = _lines(period, at)
        elif period is not None and cuboid is not None:
            self.where = _cells(cuboid, period, at)
            if at is not None and at.since is not None:
                self.table, self.where = _cells_and_lines(view, cuboid, period, at).c, []
        self.deals = LedgerLine.sign if cuboid is None else self.table.deals
        columns = [] if cuboid is None else [(cuboid.a, self.table.a), (cuboid.b, self.table.b)]
        self._columns: dict[str, Any] = dict(columns)

    def holds(self, names: set[str]) -> bool:
        """Can all these dimensions be told here?"""
        return self.cuboid is None or all(_coarsest(name, self._columns) in self._columns for name in names)

    def __getitem__(self, name: str) -> Any:
        if name == "month":
            return self.table.stat_month
        if name == "quarter":
            return self.table.stat_month // 100 * 10 + (self.table.stat_month % 100 + 2) // 3
        if name == "year":
            return self.table.stat_month // 100
        if self.cuboid is None:
            return self._of_ledger(name)
        if name in self._columns:
            return self._columns[name]
        league = self._columns[_coarsest(name, self._columns)]
        return case((func.substr(league, 1, 2) == self.view[:2], self.view), else_=league)

    def _of_ledger(self, name: str) -> Any:
        side, _, level = name.partition("_")
        province = LedgerLine.seller_province if side == "seller" else LedgerLine.buyer_province
        if level == "league":
            return case((province == self.view, getattr(LedgerLine, name)), else_=province)
        if level == "banner":
            return case((province == self.view, getattr(LedgerLine, f"{side}_place")), else_=province)
        if name == "served_industry":
            code = LedgerLine.served_industry
            return case((code == UNSPECIFIED, code), else_=func.substr(code, 1, 1))
        return getattr(LedgerLine, name)

    def sums(self) -> list[Any]:
        """The measures, added up."""
        return [
            whole(func.sum(column)).label(name)
            for name, column in (("deals", self.deals), ("total", self.table.total), ("tech", self.table.tech))
        ]


def _cells(cuboid: Cuboid, period: Period, at: Point | None) -> list[Condition]:
    """The cells of a period; as of a past point only those of recorded months that it contains whole."""
    found = [DealCell.cuboid == cuboid.number, DealCell.stat_month.between(period.first, period.last)]
    if at is not None and at.month is not None:
        found.append(DealCell.rec_month <= at.month if at.since is None else DealCell.rec_month < at.month)
    return found


def _lines(period: Period, at: Point | None) -> list[Condition]:
    """The ledger lines of a period, as of a past point up to its seq.

    The months are listed then, so that SQLite too reads of each month only as much as is wanted.
    """
    if at is None or at.month is None:
        return [LedgerLine.stat_month.between(period.first, period.last)]
    return [LedgerLine.stat_month.in_(period.months(at.month)), LedgerLine.seq <= at.seq]


def _cells_and_lines(view: str, cuboid: Cuboid, period: Period, at: Point) -> Subquery:
    """The cells of the recorded months before, and in the same shape the lines of the month that the point lies within."""
    line = Source(view, None)
    names = ("stat_month", "flow", "a", "b", "deals", "total", "tech")
    cells = select(*(getattr(DealCell, name) for name in names)).where(*_cells(cuboid, period, at))
    columns = (LedgerLine.stat_month, LedgerLine.flow, line[cuboid.a], line[cuboid.b], line.deals)
    lines = select(*columns, LedgerLine.total, LedgerLine.tech).where(*_lines(period, at), LedgerLine.seq >= at.since)
    return union_all(cells, lines).subquery()


def _coarsest(name: str, columns: dict[str, Any]) -> str:
    """A cuboid that knows leagues also knows provinces."""
    league = name.replace("_province", "_league")
    return league if name not in columns and name.endswith("_province") else name


def sources(unit: Unit, question: Question, at: Point | None = None) -> Iterator[Source]:
    """Every source that can answer as of a point (None: at present), the cheapest first."""
    needed = _needed(question, _region_level(unit, question))
    if question.view == province_code(unit.database.home_region()):
        for cuboid in CUBOIDS:
            source = Source(question.view, cuboid, question.period, at)
            if source.holds(needed):
                yield source
    yield Source(question.view, None, question.period, at)


def figures(unit: Unit, question: Question, source: Source | None = None, *, at: Point | None = None) -> Figures:
    """The figures of a question as of a point (None: at present). Invalid `too-many-groups` when the answer would be too long."""
    source = source or next(sources(unit, question, at))
    if question.overlapping:
        level = _region_level(unit, question)
        inside = {side: _inside(source, question, level, side) for side in _SIDES[question.basis]}
        return _overlapping(unit, source, question, inside)
    where = counted(unit, source, question)
    keys = [source[question.sided(name)].label(f"k{number}") for number, name in enumerate(question.by)]
    statement: Select[Any] = select(*keys, *source.sums()).where(*where).group_by(*(key.name for key in keys))
    if keys:
        statement = statement.having(func.sum(source.deals) != 0)
    found = _fetch(unit, question, statement)
    return Figures(added(found.values()), found if keys else {})


def _overlapping(unit: Unit, source: Source, question: Question, inside: dict[str, Condition]) -> Figures:
    """Groups by the league or banner involved: a deal between two of them stands in both, in the totals once."""
    base = [*source.where, *_plain_filters(source, question)]
    places = [name for name in question.by if name in SIDELESS]
    elsewhere = or_(*(source[f"seller_{name}"] != source[f"buyer_{name}"] for name in places))
    seller, buyer = (_side(source, question, side, inside) for side in ("seller", "buyer"))
    parts: list[Select[Any]] = []
    for side, condition in (("seller", seller), ("buyer", and_(buyer, or_(not_(inside["seller"]), elsewhere)))):
        keys = [
            source[f"{side}_{name}" if name in places else name].label(f"k{number}")
            for number, name in enumerate(question.by)
        ]
        parts.append(select(*keys, *source.sums()).where(*base, condition).group_by(*(key.name for key in keys)))
    both = union_all(*parts).subquery()
    names = [both.c[f"k{number}"] for number in range(len(question.by))]
    measures = [whole(func.sum(both.c[name])).label(name) for name in ("deals", "total", "tech")]
    statement: Select[Any] = select(*names, *measures).group_by(*names).having(func.sum(both.c.deals) != 0)
    groups = _fetch(unit, question, statement)
    sums: Select[Any] = select(*source.sums()).where(*base)
    totals, overlap = (
        added(_fetch(unit, question, sums.where(condition)).values())
        for condition in (or_(seller, buyer), and_(seller, buyer, elsewhere))
    )
    return Figures(totals, groups, overlap)


def _fetch(unit: Unit, question: Question, statement: Select[Any]) -> dict[Key, Measures]:
    rows = unit.execute(statement.limit(MAX_GROUPS + 1)).all()
    check_groups(len(rows))
    if not rows:
        return {}
    *cuts, deals, total, tech = zip(*rows, strict=True)
    texts = [
        map(cache(_TEXTS[name]), column) if name in _TEXTS else column
        for name, column in zip(question.by, cuts, strict=False)
    ]
    keys: Iterable[Key] = zip(*texts, strict=True) if cuts else [()]
    return dict(sorted(zip(keys, map(Measures, deals, total, tech), strict=True)))


def check_groups(number: int) -> None:
    """Refuse an answer of too many groups."""
    if number > MAX_GROUPS:
        message = f"The answer would have more than {MAX_GROUPS} groups: cut by less, filter, or shorten the period."
        raise Invalid.field("/by", "too-many-groups", message)


_TEXTS: dict[str, Callable[[int], str]] = {
    "month": lambda month: f"{month // 100:04d}-{month % 100:02d}",
    "quarter": lambda quarter: f"{quarter // 10:04d}Q{quarter % 10}",
    "year": lambda year: f"{year:04d}",
}


def _stored(name: str, value: str) -> Any:
    return int(value.replace("-", "").replace("Q", "")) if name in _TEXTS else value


def year_later(question: Question, key: Key) -> Key:
    """The key of the group that a year-old group is compared with."""
    return tuple(
        move_years(part, 1) if DIMENSIONS[name].kind == "time" else part
        for name, part in zip(question.by, key, strict=True)
    )


def counted(unit: Unit, source: Source, question: Question) -> list[Condition]:
    """What makes a row of the source count for a question."""
    level = _region_level(unit, question)
    return [*source.where, *_plain_filters(source, question), *_basis(source, question, level)]


def memberships(unit: Unit, source: Source, question: Question) -> dict[str, Condition]:
    """By basis: a row of the source counts under it in the region. The source is the ledger, which can tell all of them."""
    level = _region_level(unit, question)
    seller, buyer = (_inside(source, question, level, side) for side in ("seller", "buyer"))
    return {
        "involved": or_(seller, buyer),
        "output": seller,
        "absorbed": buyer,
        "internal": and_(seller, buyer),
        "registered": _registered(source, question, level),
    }


def _region_level(unit: Unit, question: Question) -> str:
    """At which level the region cuts places; empty for home, whose side every flow tells."""
    if question.region == unit.database.home_region():
        return ""
    return next(level for level, digits in _DIGITS.items() if question.region.endswith("0" * (6 - digits)))


def _needed(question: Question, level: str) -> set[str]:
    """The dimensions a source must have, time left out."""
    named = {question.sided(name) for name in (*question.by, *(name for name, _ in question.filters))}
    both = {f"{side}_{name}" for name in named & set(SIDELESS) for side in ("seller", "buyer")}
    region: set[str] = set()
    if level:
        region = {f"{side}_{level}" for side in _SIDES.get(question.basis, ())} or {"office_place"}
    return {name for name in (named - set(SIDELESS)) | both | region if name not in _TEXTS}


def _inside(source: Source, question: Question, level: str, side: str) -> Condition:
    """The party of this side lies in the region."""
    if not level:
        return source.table.flow.in_(FLOWS[_BASIS_OF_SIDE[side]])  # type: ignore[no-any-return]
    return source[f"{side}_{level}"] == question.region  # type: ignore[no-any-return]


def _registered(source: Source, question: Question, level: str) -> Condition:
    """An office of the region registered it."""
    if not level:
        return source.table.flow.in_(FLOWS["registered"])  # type: ignore[no-any-return]
    digits = _DIGITS[level]
    return func.substr(source["office_place"], 1, digits) == question.region[:digits]


def _basis(source: Source, question: Question, level: str) -> list[Condition]:
    """The deals that count under the question's basis."""
    if question.basis == "registered":
        return [_registered(source, question, level)]
    inside = {side: _inside(source, question, level, side) for side in _SIDES[question.basis]}
    if any(name in SIDELESS for name, _ in question.filters) and question.basis == "involved":
        return [or_(*(_side(source, question, side, inside) for side in ("seller", "buyer")))]
    if not level:
        return [source.table.flow.in_(FLOWS[question.basis])]
    return [or_(*inside.values())] if question.basis == "involved" else list(inside.values())


def _side(source: Source, question: Question, side: str, inside: dict[str, Condition]) -> Condition:
    """Under `involved`: this side's party lies in the region, and in the leagues or banners asked for."""
    wanted = [
        source[f"{side}_{name}"].in_(values)
        for name, values in question.filters
        if name in SIDELESS and question.basis == "involved"
    ]
    return and_(inside[side], *wanted)


def _plain_filters(source: Source, question: Question) -> list[Condition]:
    """All filters but those by the league or banner involved, which belong to a side."""
    return [
        source[question.sided(name)].in_([_stored(name, value) for value in values])
        for name, values in question.filters
        if not (name in SIDELESS and question.basis == "involved")
    ]
