"""Where figures are read, and what counts there: cells of a cuboid or lines of the ledger, and conditions on them.

As of a past point cells answer as they stood at the nearest end of a stretch, and beside them the ledger lines between that and
the point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_

from market.statistics.crosswalks import Crosswalk, crosswalk_as_of
from market.statistics.cube import FLOWS, SUMS, Cuboid, province_code, standing, usable
from market.statistics.ledger import BUCKETS, ELSEWHERE, NOT_REGISTERED_HERE, UNSPECIFIED
from market.statistics.model import DealCell, LedgerLine
from market.statistics.points import PRESENT, Point
from market.statistics.question import (
    DIMENSIONS,
    HERE,
    INDUSTRY_LETTERS,
    ORIGINS,
    SIDELESS,
    SIZES,
    Dimension,
    Period,
    Question,
)
from market.store.dialect import listed, whole
from market.store.session import Unit
from market.store.types import month_text

Condition = ColumnElement[bool]
SIDES = {
    "involved": ("seller", "buyer"),
    "output": ("seller",),
    "absorbed": ("buyer",),
    "internal": ("seller", "buyer"),
}
_TOLD_BY_ALL = {"month", "quarter", "half_year", "year", "registration"}
"""Cells and lines alike have month and flow."""
_BASIS_OF_SIDE = {"seller": "output", "buyer": "absorbed"}
_DIGITS = {"province": 2, "league": 4, "banner": 6}
"""So many leading digits of a place code say where it lies, by the construction of GB/T 2260."""


class _Time(NamedTuple):
    """How a cut of time is told from a month, written as a key, and stored."""

    told: Callable[[Any], Any]
    text: Callable[[int], str]


TIMES = {
    "month": _Time(lambda month: month, month_text),
    "quarter": _Time(
        lambda month: month // 100 * 10 + (month % 100 + 2) // 3, lambda quarter: f"{quarter // 10:04d}Q{quarter % 10}"
    ),
    "half_year": _Time(
        lambda month: month // 100 * 10 + (month % 100 + 5) // 6, lambda half: f"{half // 10:04d}H{half % 10}"
    ),
    "year": _Time(lambda month: month // 100, lambda year: f"{year:04d}"),
}
_WITHIN_YEAR = TIMES.keys() - {"year"}
_PLAIN = Dimension("code")


class Source:
    """Where figures are read: a cuboid's cells, or the ledger (`cuboid` is None). `source[name]` is a dimension's expression.

    `where` narrows it to a period and to what was recorded up to a point; `crosswalk` is the one of that point, if it is needed.
    """

    def __init__(
        self,
        view: str,
        cuboid: Cuboid | None,
        period: Period | None = None,
        at: Point | None = None,
        crosswalk: Crosswalk | None = None,
    ) -> None:
        self.view, self.cuboid, self.period, self.at, self.crosswalk = view, cuboid, period, at, crosswalk
        self.table: Any = LedgerLine if cuboid is None else DealCell
        self.where: list[Condition] = []
        if period is not None:
            self.where = _lines(period, at) if cuboid is None else _cells(cuboid, period, at)
        self.deals = LedgerLine.sign if cuboid is None else DealCell.deals
        self.sign = 1
        columns = [] if cuboid is None else [(cuboid.a, DealCell.a), (cuboid.b, DealCell.b)]
        self._columns: dict[str, Any] = {name: column for name, column in columns if name}

    def parts(self) -> list[Source]:
        """It, and beside cells as of a point within a stretch the lines that lead from them to the point."""
        at = self.at
        if self.cuboid is None or self.period is None or at is None or (at.since is None and at.until is None):
            return [self]
        lines = Source(self.view, None, crosswalk=self.crosswalk)
        lines.where = [LedgerLine.stat_month.in_(self.period.months(at.month or 0))]
        if at.until is None:
            lines.where += [LedgerLine.seq >= at.since, LedgerLine.seq <= at.seq]
        else:
            lines.where += [LedgerLine.seq > at.seq, LedgerLine.seq <= at.until]
            lines.sign = -1
        return [self, lines]

    def holds(self, names: set[str]) -> bool:
        """Can all these dimensions be told here, with the flow of a deal?"""
        return self.cuboid is None or (not self.cuboid.basis and self.tells(names))

    def tells(self, names: set[str]) -> bool:
        """Are these dimensions among the cuboid's?"""
        return all(_coarsest(name, self._columns) in self._columns for name in names)

    def __getitem__(self, name: str) -> Any:
        if name in TIMES:
            return TIMES[name].told(self.table.stat_month)
        if name == "registration":
            return case((self.table.flow <= NOT_REGISTERED_HERE, HERE), else_=ELSEWHERE)
        if name.endswith("_origin"):
            return self._origin(name.removesuffix("_origin"))
        if self.cuboid is None:
            return self._of_ledger(name)
        if name in self._columns:
            return self._columns[name]
        league = self._columns[_coarsest(name, self._columns)]
        return case((func.substr(league, 1, 2) == self.view[:2], self.view), else_=league)

    def _origin(self, side: str) -> Any:
        inside = self.table.flow.in_(FLOWS[_BASIS_OF_SIDE[side]])
        province = self[f"{side}_province"]
        return case((inside, ORIGINS[0]), (province.in_(BUCKETS), province), else_=ORIGINS[1])

    def _of_ledger(self, name: str) -> Any:
        side, _, level = name.partition("_")
        if level in ("league", "banner"):
            province = LedgerLine.seller_province if side == "seller" else LedgerLine.buyer_province
            finer = f"{side}_league" if level == "league" else f"{side}_place"
            return case((province == self.view, getattr(LedgerLine, finer)), else_=province)
        if DIMENSIONS.get(name, _PLAIN).kind == "industry":
            code = LedgerLine.served_industry
            return case((code == UNSPECIFIED, code), else_=func.substr(code, 1, INDUSTRY_LETTERS[DIMENSIONS[name].of]))
        if level == "nature_class":
            return _nature_class(getattr(LedgerLine, f"{side}_nature"))
        if name == "size_class":
            amount = LedgerLine.total * LedgerLine.sign
            bounds = sorted(SIZES.items(), key=lambda size: size[1], reverse=True)
            return case(*((amount >= bound, key) for key, bound in bounds))
        column = getattr(LedgerLine, name)
        return case((column == 1, "yes"), else_="no") if name.startswith("linked_") else column

    def sums(self) -> list[Any]:
        """The measures, added up."""
        columns = (self.deals, *(getattr(self.table, name) for name in SUMS[1:]))
        return [whole(func.sum(column) * self.sign).label(name) for name, column in zip(SUMS, columns, strict=True)]


def _cells(cuboid: Cuboid, period: Period, at: Point | None) -> list[Condition]:
    """The cells of a period; as of a past point as they stood at the nearest end of a stretch, be it open."""
    if at is None or at.month is None or at.stretch == PRESENT:
        return [DealCell.cuboid == -cuboid.number, DealCell.stat_month.between(period.first, period.last)]
    months = [month for month in period.months(cuboid.month(at.month)) if cuboid.month(month) == month]
    return standing(cuboid, listed(months), at.stretch)


def _lines(period: Period, at: Point | None) -> list[Condition]:
    """The ledger lines of a period, as of a past point up to its seq.

    The months are listed then, so that SQLite too reads of each month only as much as is wanted. Without a point
    they stand in the statement: PostgreSQL would plan for any months, so for few lines, and sort what it should hash.
    """
    if at is None or at.month is None:
        ends: list[Any] = [bindparam(None, month, literal_execute=True) for month in (period.first, period.last)]
        return [LedgerLine.stat_month.between(*ends)]
    return [LedgerLine.stat_month.in_(period.months(at.month)), LedgerLine.seq <= at.seq]


def _nature_class(code: Any) -> Any:
    """The class of a party's nature, by the construction of the codes: 0221 is of 020, 170 of 100; others are their own."""
    first = func.substr(code, 1, 1)
    enterprises = and_(first >= "1", first <= "9")
    return case((first == "0", func.substr(code, 1, 2) + "0"), (enterprises, first + "00"), else_=code)


def _coarsest(name: str, columns: dict[str, Any]) -> str:
    """A cuboid that knows leagues also knows provinces, and with the flow origins."""
    side, _, level = name.partition("_")
    return f"{side}_league" if name not in columns and level in ("province", "origin") else name


def sources(
    unit: Unit, question: Question, at: Point | None = None, crosswalk: Crosswalk | None = None
) -> Iterator[Source]:
    """Every source that can answer as of a point (None: at present), the cheapest first; with another `crosswalk` if wanted."""
    needed = dimensions_needed(question, region_level(unit, question))
    if question.walks and crosswalk is None:
        crosswalk = crosswalk_as_of(unit, at)
    for cuboid in _usable(unit, question):
        source = Source(question.view, cuboid, question.period, at, crosswalk)
        if source.holds(needed):
            yield source
    yield Source(question.view, None, question.period, at, crosswalk)


def cheapest(unit: Unit, question: Question, level: str = "") -> Cuboid | None:
    """The cuboid that answers a question at the level its region cuts places at; None: the ledger must."""
    needed = dimensions_needed(question, level)
    for cuboid in _usable(unit, question):
        source = Source(question.view, cuboid)
        if source.holds(needed) or (
            not level and cuboid.basis == question.basis and _of_basis(source, question, needed)
        ):
            return cuboid
    return None


def _of_basis(source: Source, question: Question, needed: set[str]) -> bool:
    """Does the cuboid of the question's basis tell all of it, without the flow?"""
    if question.basis == "involved":
        others = {name for name in question.names if name not in TIMES}
        return others == {"league"} | others & {"contract_type"} and "league" not in dict(question.filters)
    return source.tells(needed) and not any(
        name == "registration" or name.endswith("_origin") for name in question.names
    )


def _usable(unit: Unit, question: Question) -> list[Cuboid]:
    home = question.view == province_code(unit.database.home_region())
    return of_its_months(question, usable(unit)) if home else []


def of_its_months(question: Question, cuboids: Sequence[Cuboid]) -> list[Cuboid]:
    """Without those of whole years, if it asks for less."""
    read = {raw for name in question.names for raw in DIMENSIONS[name].folded or (name,)}
    whole_years = question.period.first % 100 == 1 and question.period.last % 100 == 12 and not read & _WITHIN_YEAR
    return [cuboid for cuboid in cuboids if whole_years or not cuboid.yearly]


def dimensions_needed(question: Question, level: str) -> set[str]:
    """The dimensions a source must have, time left out."""
    named = {question.sided(raw) for name in question.names for raw in DIMENSIONS[name].folded or (name,)}
    both = {f"{side}_{name}" for name in named & set(SIDELESS) for side in ("seller", "buyer")}
    region: set[str] = set()
    if level:
        region = {f"{side}_{level}" for side in SIDES.get(question.basis, ())} or {"office_place"}
    return (named - set(SIDELESS) - _TOLD_BY_ALL) | both | region


def region_level(unit: Unit, question: Question) -> str:
    """At which level the region cuts places; empty for home, whose side every flow tells."""
    if question.region == unit.database.home_region():
        return ""
    return next(level for level, digits in _DIGITS.items() if question.region.endswith("0" * (6 - digits)))


def counted(unit: Unit, source: Source, question: Question) -> list[Condition]:
    """What makes a row of the source count for a question."""
    return counted_at(source, question, region_level(unit, question))


def counted_at(source: Source, question: Question, level: str) -> list[Condition]:
    """The same with the level at which the region cuts places."""
    return [*source.where, *plain_filters(source, question), *_basis(source, question, level)]


def memberships(unit: Unit, source: Source, question: Question) -> dict[str, Condition]:
    """By basis: a row of the source counts under it in the region. The source is the ledger, which can tell all of them."""
    level = region_level(unit, question)
    seller, buyer = (lies_inside(source, question, level, side) for side in ("seller", "buyer"))
    return {
        "involved": or_(seller, buyer),
        "output": seller,
        "absorbed": buyer,
        "internal": and_(seller, buyer),
        "registered": _registered(source, question, level),
    }


def lies_inside(source: Source, question: Question, level: str, side: str) -> Condition:
    """The party of this side lies in the region."""
    if not level:
        return source.table.flow.in_(FLOWS[_BASIS_OF_SIDE[side]])  # type: ignore[no-any-return]
    return source[f"{side}_{level}"] == question.region  # type: ignore[no-any-return]


def _registered(source: Source, question: Question, level: str) -> Condition:
    """An office of the region registered it."""
    if not level:
        return source.table.flow <= NOT_REGISTERED_HERE  # type: ignore[no-any-return]
    digits = _DIGITS[level]
    return func.substr(source["office_place"], 1, digits) == question.region[:digits]


def _basis(source: Source, question: Question, level: str) -> list[Condition]:
    """The deals that count under the question's basis."""
    if source.cuboid is not None and source.cuboid.basis:
        return []
    if question.basis == "registered":
        return [_registered(source, question, level)]
    inside = {side: lies_inside(source, question, level, side) for side in SIDES[question.basis]}
    if any(name in SIDELESS for name, _ in question.filters) and question.basis == "involved":
        return [or_(*(of_side(source, question, side, inside) for side in ("seller", "buyer")))]
    if not level:
        return [source.table.flow.in_(FLOWS[question.basis])]
    return [or_(*inside.values())] if question.basis == "involved" else list(inside.values())


def of_side(source: Source, question: Question, side: str, inside: dict[str, Condition]) -> Condition:
    """Under `involved`: this side's party lies in the region, and in the leagues or banners asked for."""
    wanted = [
        source[f"{side}_{name}"].in_(values)
        for name, values in question.filters
        if name in SIDELESS and question.basis == "involved"
    ]
    return and_(inside[side], *wanted)


def plain_filters(source: Source, question: Question) -> list[Condition]:
    """All filters but those by the league or banner involved, which belong to a side."""
    return [
        _filter(source, question, name, values)
        for name, values in question.filters
        if not (name in SIDELESS and question.basis == "involved")
    ]


def _filter(source: Source, question: Question, name: str, values: tuple[str, ...]) -> Condition:
    """A contract stands under one of these keys."""
    if name == "province":
        return or_(*(source[side].in_(values) for side in DIMENSIONS[name].folded))
    if name == "year_to_date":
        ends = [end for end in map(_digits, values) if end <= question.period.last]
        return source["month"].in_([month for end in ends for month in range(end // 100 * 100 + 1, end + 1)])  # type: ignore[no-any-return]
    if DIMENSIONS[name].kind == "field" and DIMENSIONS[name].folded:
        assert source.crosswalk is not None
        tags, others = source.crosswalk.tags(DIMENSIONS[name].of, values)
        field = source["field"]
        return or_(field.in_(tags), field.not_in(others)) if UNSPECIFIED in values else field.in_(tags)
    return source[question.sided(name)].in_([_digits(value) for value in values] if name in TIMES else values)  # type: ignore[no-any-return]


def _digits(moment: str) -> int:
    return int("".join(filter(str.isdigit, moment)))
