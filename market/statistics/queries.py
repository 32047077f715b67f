"""Figures for a question: which cells or ledger lines answer it, and the statements that add them up.

A question whose cuts, filters and region fit a cuboid is answered from cells, at the same cost however many contracts there are;
any other from the ledger through its covering index. Both give the same figures.

Figures depend on journal and question alone, never on reference data as loaded now: codes roll up by their construction, fields
by the cross-walk as the journal knew it. So those of a past point stand for ever.

Cuts under which a contract may stand several times (`folded`) are read by the dimensions that tell their keys and unfolded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Row, Select, and_, func, literal_column, not_, or_, select, union_all

from market.errors import Invalid
from market.statistics.crosswalks import Crosswalk
from market.statistics.cube import CUBOIDS, SUMS, Cuboid
from market.statistics.points import Point
from market.statistics.question import DIMENSIONS, SIDELESS, Question
from market.statistics.sources import (
    SIDES,
    TIMES,
    Condition,
    Source,
    cheapest,
    counted_at,
    dimensions_needed,
    lies_inside,
    of_its_months,
    of_side,
    plain_filters,
    region_level,
    sources,
)
from market.store.dialect import whole
from market.store.session import Unit

MAX_GROUPS = 5000
"""Groups of one answer."""
MAX_ROWS = 100_000
"""Rows that are read to be unfolded into groups."""
Key = tuple[str, ...]


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


def figures(unit: Unit, question: Question, source: Source | None = None, *, at: Point | None = None) -> Figures:
    """The figures of a question as of a point (None: at present). Invalid `too-many-groups` when the answer would be too long."""
    level = region_level(unit, question)
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
            read, every = [_rows(part, question, counted_at(part, question, level))], []
        rows += read
        totals += every
    return [together(rows, _limit(question))] + ([together(totals, 1)] if totals else [])


def _rows(source: Source, question: Question, where: list[Condition], side: str | None = None) -> Select[Any]:
    """Sums by key; leagues and banners involved as those of this side."""
    keys = [column.label(f"k{number}") for number, column in enumerate(_columns(source, question, side))]
    return select(*keys, *source.sums()).where(*where).group_by(*(key.name for key in keys))


def _two_sided(source: Source, question: Question, level: str) -> tuple[list[Select[Any]], list[Select[Any]]]:
    """Rows by the league or banner involved: a deal between two of them stands in both, in the totals once."""
    inside = {side: lies_inside(source, question, level, side) for side in SIDES[question.basis]}
    base = [*source.where, *plain_filters(source, question)]
    places = [name for name in question.by if name in SIDELESS]
    elsewhere = or_(*(source[f"seller_{name}"] != source[f"buyer_{name}"] for name in places))
    seller, buyer = (of_side(source, question, side, inside) for side in ("seller", "buyer"))
    conditions = {"seller": seller, "buyer": and_(buyer, or_(not_(inside["seller"]), elsewhere))}
    rows = [_rows(source, question, [*base, condition], side) for side, condition in conditions.items()]
    return rows, [select(*source.sums()).where(*base, or_(seller, buyer))]


def _by_league(source: Source, question: Question) -> tuple[list[Select[Any]], list[Select[Any]]]:
    """The same from a cuboid by league; the totals from the smallest beside it."""
    alone = replace(question, by=())
    others = of_its_months(question, CUBOIDS)
    smallest = next(each for each in others if Source(question.view, each).holds(dimensions_needed(alone, "")))
    every = Source(question.view, smallest, question.period, source.at)
    rows = _rows(source, question, [*source.where, *plain_filters(source, question)])
    return [rows], [_rows(every, alone, counted_at(every, alone, ""))]


def together(statements: Sequence[Select[Any]], limit: int) -> Select[Any]:
    """The rows of statements with the same keys, added up, one more than the limit; what comes to nothing is left out.

    The limit stands in the statement: of one that is bound PostgreSQL expects little, and sorts what it should hash.
    """
    found = statements[0]
    if len(statements) > 1:
        both = union_all(*statements).subquery().c
        keys = [column for column in both if column.name not in SUMS]
        sums = [whole(func.sum(column)).label(column.name) for column in both if column.name in SUMS]
        found = select(*keys, *sums).group_by(*keys)
    if any(column.name not in SUMS for column in found.selected_columns):
        found = found.having(found.selected_columns["deals"] != 0)
    return found.limit(literal_column(str(limit + 1)))


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
            return lambda month: only(name, map(TIMES["month"].text, _months_on(month, question.period.last)))
        if name == "province":
            return lambda seller, buyer: only(name, (seller, buyer))
        if DIMENSIONS[name].folded:
            assert crosswalk is not None
            keys = crosswalk.keys
            return lambda tag: only(name, keys(DIMENSIONS[name].of, tag))
        return TIMES[name].text if name in TIMES else None

    return [found and cache(found) for found in map(teller, question.by)]


def _months_on(month: int, last: int) -> range:
    """The months of the year from this one on, within the period."""
    return range(month, min(month // 100 * 100 + 12, last) + 1)


def later(question: Question, key: Key) -> Key:
    """The key of the group that a group of the period compared with belongs to."""
    return tuple(question.moved(name, part, question.distance) for name, part in zip(question.by, key, strict=True))
