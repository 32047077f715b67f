"""Figures for a question: which cells or ledger lines answer it, and the statements that add them up.

A question whose cuts, filters and region fit a cuboid is answered from cells, at the same cost however many contracts there are;
any other from the ledger through its covering index. Both give the same figures.

As of a past point cells answer as they stood at the nearest end of a recorded month, and beside them the ledger lines between
that and the point.
Figures depend on journal and question alone, never on reference data as loaded now: codes roll up by their construction, fields
by the cross-walk as the journal knew it. So those of a past point stand for ever.

Cuts under which a contract may stand several times (`folded`) are read by the dimensions that tell their keys and unfolded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Row,
    Select,
    and_,
    case,
    func,
    not_,
    or_,
    select,
    union_all,
)

from market.errors import Invalid
from market.statistics.crosswalks import Crosswalk, crosswalk_as_of
from market.statistics.cube import (
    CUBOIDS,
    FLOWS,
    SUMS,
    Cuboid,
    province_code,
    standing,
    usable,
)
from market.statistics.ledger import BUCKETS, ELSEWHERE, NOT_REGISTERED_HERE, UNSPECIFIED
from market.statistics.model import DealCell, LedgerLine
from market.statistics.points import Point
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

MAX_GROUPS = 5000
"""Groups of one answer."""
MAX_ROWS = 100_000
"""Rows that are read to be unfolded into groups."""

Key = tuple[str, ...]
Condition = ColumnElement[bool]

_SIDES = {
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


class Measures(NamedTuple):
    """Number of deals (项数), contract amount (成交额), technology amount (技术交易额) and technical income (技术性收入) in fen.

    The names are those of the sums in the cells.
    """

    deals: int = 0
    total: int = 0
    tech: int = 0
    income: int = 0


def added(parts: Iterable[Sequence[int]]) -> Measures:
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
        """It, and beside cells as of a point within a recorded month the lines that lead from them to the point."""
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
        if name in _TIMES:
            return _TIMES[name].told(self.table.stat_month)
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
    """The cells of a period; as of a past point as they stood at the nearest end of a recorded month."""
    if at is None or at.month is None:
        return [DealCell.cuboid == -cuboid.number, DealCell.stat_month.between(period.first, period.last)]
    months = [month for month in period.months(cuboid.month(at.month)) if cuboid.month(month) == month]
    return standing(cuboid, listed(months), at.month + 1 if at.since is None else at.month)


def _lines(period: Period, at: Point | None) -> list[Condition]:
    """The ledger lines of a period, as of a past point up to its seq.

    The months are listed then, so that SQLite too reads of each month only as much as is wanted.
    """
    if at is None or at.month is None:
        return [LedgerLine.stat_month.between(period.first, period.last)]
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
    needed = _needed(question, _region_level(unit, question))
    if question.walks and crosswalk is None:
        crosswalk = crosswalk_as_of(unit, at)
    for cuboid in _usable(unit, question):
        source = Source(question.view, cuboid, question.period, at, crosswalk)
        if source.holds(needed):
            yield source
    yield Source(question.view, None, question.period, at, crosswalk)


def figures(unit: Unit, question: Question, source: Source | None = None, *, at: Point | None = None) -> Figures:
    """The figures of a question as of a point (None: at present). Invalid `too-many-groups` when the answer would be too long."""
    level = _region_level(unit, question)
    if at is not None and at.month is None:
        at = None
    if source is None and question.walks:
        source = next(sources(unit, question, at))
    if source is not None:
        texts = [_compiled(unit.connection.dialect, each) for each in _statements(source, question, level)]
    else:
        texts = _kept(unit.connection.dialect, question, cheapest(unit, question, level), level, at)
    rows, *totals = (unit.connection.exec_driver_sql(*each).all() for each in texts)
    crosswalk = source.crosswalk if source else None
    groups = _groups(crosswalk, question, rows)
    every = Measures(*totals[0][0]) if totals else added(row[-len(SUMS) :] for row in rows)
    return Figures(every, groups, _less(added(groups.values()), every) if question.overlapping else None)


Text = tuple[str, Any]
"""A statement and its parameters as the driver takes them."""


@lru_cache(1000)
def _kept(engine: Dialect, question: Question, cuboid: Cuboid | None, level: str, at: Point | None) -> list[Text]:
    """The statements of a question asked before: to make them costs several times what a cuboid takes to answer."""
    statements = _statements(Source(question.view, cuboid, question.period, at), question, level)
    return [_compiled(engine, each) for each in statements]


def _compiled(engine: Dialect, statement: Select[Any]) -> Text:
    compiled = statement.compile(dialect=engine, compile_kwargs={"render_postcompile": True})
    names = compiled.positiontup
    values = compiled.params
    return str(compiled), values if names is None else tuple(values[name] for name in names)


def cheapest(unit: Unit, question: Question, level: str = "") -> Cuboid | None:
    """The cuboid that answers a question at the level its region cuts places at; None: the ledger must."""
    needed = _needed(question, level)
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
        others = {name for name in question.names if name not in _TIMES}
        return others == {"league"} | others & {"contract_type"} and "league" not in dict(question.filters)
    return source.tells(needed) and not any(
        name == "registration" or name.endswith("_origin") for name in question.names
    )


def _usable(unit: Unit, question: Question) -> list[Cuboid]:
    home = question.view == province_code(unit.database.home_region())
    return _of_its_months(question, usable(unit)) if home else []


def _of_its_months(question: Question, cuboids: Sequence[Cuboid]) -> list[Cuboid]:
    """Without those of whole years, if it asks for less."""
    read = {raw for name in question.names for raw in DIMENSIONS[name].folded or (name,)}
    whole_years = question.period.first % 100 == 1 and question.period.last % 100 == 12 and not read & _WITHIN_YEAR
    return [cuboid for cuboid in cuboids if whole_years or not cuboid.yearly]


def _statements(source: Source, question: Question, level: str) -> list[Select[Any]]:
    """What reads the rows by key, and the totals where they are no sum of the rows."""
    rows: list[Select[Any]] = []
    totals: list[Select[Any]] = []
    for part in source.parts():
        if part.cuboid is not None and part.cuboid.a == "league":
            read, every = _by_league(part, question)
        elif question.two_sided:
            read, every = _two_sided(part, question, level)
        else:
            read, every = [_rows(part, question, _counted(part, question, level))], []
        rows += read
        totals += every
    return [together(rows, _limit(question))] + ([together(totals, 1)] if totals else [])


def _rows(source: Source, question: Question, where: list[Condition], side: str | None = None) -> Select[Any]:
    """Sums by key; leagues and banners involved as those of this side."""
    keys = [column.label(f"k{number}") for number, column in enumerate(_columns(source, question, side))]
    return select(*keys, *source.sums()).where(*where).group_by(*(key.name for key in keys))


def _two_sided(source: Source, question: Question, level: str) -> tuple[list[Select[Any]], list[Select[Any]]]:
    """Rows by the league or banner involved: a deal between two of them stands in both, in the totals once."""
    inside = {side: _inside(source, question, level, side) for side in _SIDES[question.basis]}
    base = [*source.where, *_plain_filters(source, question)]
    places = [name for name in question.by if name in SIDELESS]
    elsewhere = or_(*(source[f"seller_{name}"] != source[f"buyer_{name}"] for name in places))
    seller, buyer = (_side(source, question, side, inside) for side in ("seller", "buyer"))
    conditions = {"seller": seller, "buyer": and_(buyer, or_(not_(inside["seller"]), elsewhere))}
    rows = [_rows(source, question, [*base, condition], side) for side, condition in conditions.items()]
    return rows, [select(*source.sums()).where(*base, or_(seller, buyer))]


def _by_league(source: Source, question: Question) -> tuple[list[Select[Any]], list[Select[Any]]]:
    """The same from a cuboid by league; the totals from the smallest beside it."""
    alone = replace(question, by=())
    others = _of_its_months(question, CUBOIDS)
    smallest = next(each for each in others if Source(question.view, each).holds(_needed(alone, "")))
    every = Source(question.view, smallest, question.period, source.at)
    rows = _rows(source, question, [*source.where, *_plain_filters(source, question)])
    return [rows], [_rows(every, alone, _counted(every, alone, ""))]


def together(statements: Sequence[Select[Any]], limit: int) -> Select[Any]:
    """The rows of statements with the same keys, added up, one more than the limit; what comes to nothing is left out."""
    found = statements[0]
    if len(statements) > 1:
        both = union_all(*statements).subquery().c
        keys = [column for column in both if column.name not in SUMS]
        sums = [whole(func.sum(column)).label(column.name) for column in both if column.name in SUMS]
        found = select(*keys, *sums).group_by(*keys)
    if any(column.name not in SUMS for column in found.selected_columns):
        found = found.having(found.selected_columns["deals"] != 0)
    return found.limit(limit + 1)


def _less(whole: Measures, part: Measures) -> Measures:
    return Measures(*(more - less for more, less in zip(whole, part, strict=True)))


def _read(question: Question) -> list[tuple[str, ...]]:
    """By cut the dimensions that are read for it: itself, or those that tell the keys it is unfolded to."""
    return [DIMENSIONS[name].folded or (name,) for name in question.by]


def _columns(source: Source, question: Question, side: str | None = None) -> list[Any]:
    """All that is read, cut by cut; leagues and banners involved as those of this side."""
    names = [name for names in _read(question) for name in names]
    return [source[f"{side}_{name}" if side and name in SIDELESS else question.sided(name)] for name in names]


def _limit(question: Question) -> int:
    return MAX_ROWS if question.folded else MAX_GROUPS


def _groups(crosswalk: Crosswalk | None, question: Question, rows: Sequence[Row[Any]]) -> dict[Key, Measures]:
    """The groups in order of their keys."""
    check_groups(len(rows), _limit(question))
    if not rows or not question.by:
        return {}
    every = list(zip(*rows, strict=True))
    cuts, values = every[: -len(SUMS)], map(Measures, *every[-len(SUMS) :])
    columns, tellers, start = [], _tellers(crosswalk, question), 0
    for names, teller in zip(_read(question), tellers, strict=True):
        parts = cuts[start : start + len(names)]
        columns.append(map(teller, *parts) if teller else parts[0])
        start += len(names)
    keys: Iterable[Key] = zip(*columns, strict=True)
    if not question.folded:
        return dict(sorted(zip(keys, values, strict=True)))
    sums: dict[Key, list[int]] = {}
    for key, measures in zip(keys, values, strict=True):
        several = (part if DIMENSIONS[name].folded else (part,) for name, part in zip(question.by, key, strict=True))
        for one in product(*several):
            cell = sums.setdefault(one, [0] * len(SUMS))
            for number, value in enumerate(measures):
                cell[number] += value
    check_groups(len(sums))
    return {key: Measures(*cell) for key, cell in sorted(sums.items())}


def check_groups(number: int, most: int | None = None) -> None:
    """Refuse an answer of too many groups."""
    if number > (most or MAX_GROUPS):
        message = f"The answer would have more than {MAX_GROUPS} groups: cut by less, filter, or shorten the period."
        raise Invalid.field("/by", "too-many-groups", message)


def _tellers(crosswalk: Crosswalk | None, question: Question) -> list[Callable[..., Any] | None]:
    """By cut what makes keys of what was read: one text, or for a folded cut all keys the contract stands under."""
    wanted = dict(question.filters)

    def only(name: str, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(key for key in dict.fromkeys(keys) if name not in wanted or key in wanted[name])

    def teller(name: str) -> Callable[..., Any] | None:
        if name == "year_to_date":
            return lambda month: only(name, map(_TIMES["month"].text, _months_on(month, question.period.last)))
        if name == "province":
            return lambda seller, buyer: only(name, (seller, buyer))
        if DIMENSIONS[name].folded:
            assert crosswalk is not None
            keys = crosswalk.keys
            return lambda tag: only(name, keys(DIMENSIONS[name].of, tag))
        return _TIMES[name].text if name in _TIMES else None

    return [found and cache(found) for found in map(teller, question.by)]


def _months_on(month: int, last: int) -> range:
    """The months of the year from this one on, within the period."""
    return range(month, min(month // 100 * 100 + 12, last) + 1)


class _Time(NamedTuple):
    """How a cut of time is told from a month, written as a key, and stored."""

    told: Callable[[Any], Any]
    text: Callable[[int], str]


_TIMES = {
    "month": _Time(lambda month: month, month_text),
    "quarter": _Time(
        lambda month: month // 100 * 10 + (month % 100 + 2) // 3, lambda quarter: f"{quarter // 10:04d}Q{quarter % 10}"
    ),
    "half_year": _Time(
        lambda month: month // 100 * 10 + (month % 100 + 5) // 6, lambda half: f"{half // 10:04d}H{half % 10}"
    ),
    "year": _Time(lambda month: month // 100, lambda year: f"{year:04d}"),
}
_WITHIN_YEAR = _TIMES.keys() - {"year"}
_PLAIN = Dimension("code")


def _digits(moment: str) -> int:
    return int("".join(filter(str.isdigit, moment)))


def later(question: Question, key: Key) -> Key:
    """The key of the group that a group of the period compared with belongs to."""
    return tuple(question.moved(name, part, question.distance) for name, part in zip(question.by, key, strict=True))


def counted(unit: Unit, source: Source, question: Question) -> list[Condition]:
    """What makes a row of the source count for a question."""
    return _counted(source, question, _region_level(unit, question))


def _counted(source: Source, question: Question, level: str) -> list[Condition]:
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
    named = {question.sided(raw) for name in question.names for raw in DIMENSIONS[name].folded or (name,)}
    both = {f"{side}_{name}" for name in named & set(SIDELESS) for side in ("seller", "buyer")}
    region: set[str] = set()
    if level:
        region = {f"{side}_{level}" for side in _SIDES.get(question.basis, ())} or {"office_place"}
    return (named - set(SIDELESS) - _TOLD_BY_ALL) | both | region


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
    if source.cuboid is not None and source.cuboid.basis:
        return []
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
    return source[question.sided(name)].in_([_digits(value) for value in values] if name in _TIMES else values)  # type: ignore[no-any-return]
