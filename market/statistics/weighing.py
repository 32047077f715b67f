"""Weighing an answer: which of its cells may show their amounts to those who do not see small cells.

`weigh` makes the table that the rule of `disclosure` needs, from one statement, and reads off the cells of the answer. A cell
that is a sum over several values of its conditions (a filter with two values, January to May) is shown when each part is. What
is too fine to be weighed shows no amount.

A judgement depends on the question, on what is small, and on the ledger up to the point, which the hash of the last entry with
lines names. So the last ones are kept by these: until another contract counts, nobody waits for the same weighing twice.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any

from sqlalchemy import and_, case, func, select

from market.journal.model import JournalEntry
from market.statistics.cube import FLOWS
from market.statistics.disclosure import Grain, Key, Row, Table
from market.statistics.model import LedgerLine
from market.statistics.points import Point
from market.statistics.queries import together
from market.statistics.question import DIMENSIONS, SIDELESS, Period, Question
from market.statistics.sources import Source, counted, sources
from market.store.session import Unit
from market.store.types import month_text

MAX_WORK = 400_000
"""Rows that are looked at for one answer."""
MAX_ROWS = 20_000
"""Rows of a table."""
MAX_KEPT = 50_000
"""Cells in the judgements kept by a process: about 12 MB."""

_SEVERAL = "*"
"""In place of a key: the contract stands under several."""
_LEVELS: dict[str, Callable[[int], str]] = {
    "year": lambda month: f"{month // 100:04d}",
    "half_year": lambda month: f"{month // 100:04d}H{(month % 100 + 5) // 6}",
    "quarter": lambda month: f"{month // 100:04d}Q{(month % 100 + 2) // 3}",
    "month": month_text,
}
"""Levels of the calendar, coarsest first, and the key of a month at each."""
_LENGTHS = {"year": 12, "half_year": 6, "quarter": 3, "month": 1}
_FIRST_MONTHS: dict[str, Callable[[int], int]] = {
    "year": lambda year: year * 100 + 1,
    "half_year": lambda half: half // 10 * 100 + half % 10 * 6 - 5,
    "quarter": lambda quarter: quarter // 10 * 100 + quarter % 10 * 3 - 2,
    "month": lambda month: month,
}
"""The first month of what is stored at each level."""
_COARSER = {
    **{f"{side}_banner": (f"{side}_league", f"{side}_province") for side in ("seller", "buyer")},
    **{f"{side}_league": (f"{side}_province",) for side in ("seller", "buyer")},
    **{f"{side}_nature": (f"{side}_nature_class",) for side in ("seller", "buyer")},
    "contract_subtype": ("contract_type",),
    "served_industry_class": ("served_industry_group", "served_industry_division", "served_industry"),
    "served_industry_group": ("served_industry_division", "served_industry"),
    "served_industry_division": ("served_industry",),
    "during_half_year": ("during_year",),
    "during_quarter": ("during_half_year", "during_year"),
    "during_month": ("during_quarter", "during_half_year", "during_year"),
}
"""By dimension those that its keys roll up to, nearest first."""
_CALENDAR = frozenset(f"during_{level}" for level in _LEVELS)
_BASES: dict[str, tuple[str, ...]] = {"output": (), "absorbed": (), "internal": ("output", "absorbed")}
"""Bases that are parts of `involved`, and of which others."""


@dataclass(frozen=True)
class Weighed:
    """Which cells of an answer keep their amounts, by key: () for the totals, shorter ones for subtotals. None: all of them.

    `alone` has those by one cut alone, as place and key, that may be shown beside all others.
    """

    shown: frozenset[Key] | None = frozenset()
    alone: frozenset[tuple[int, str]] = frozenset()

    def hides(self, key: Key, deals: int) -> bool:
        """Are the amounts of this cell withheld? Nothing is of an empty one."""
        return self.shown is not None and deals != 0 and key not in self.shown

    def beside(self, place: int) -> Weighed:
        """What an answer by one of the cuts may show that stands beside the answer by all of them."""
        if self.shown is None:
            return self
        return Weighed(frozenset((key,) for cut, key in self.alone if cut == place) | (self.shown & {()}))

    def __len__(self) -> int:
        return len(self.shown or ()) + len(self.alone) + 1

    def __and__(self, other: Weighed) -> Weighed:
        """What both let show."""
        if self.shown is None or other.shown is None:
            return other if self.shown is None else self
        return Weighed(self.shown & other.shown)


EVERYTHING = Weighed(None)
"""Nothing is withheld."""


class Judgements:
    """The judgements used last, up to so many cells. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self.most, self.cells = most, 0
        self._kept: OrderedDict[Hashable, Weighed] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Weighed | None:
        """The judgement under this key, if it is kept still."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, judgement: Weighed) -> None:
        """Keep one, and let go of those not used for longest."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = judgement
                self.cells += len(judgement)
            while self.cells > self.most:
                self.cells -= len(self._kept.popitem(last=False)[1])


JUDGEMENTS = Judgements(MAX_KEPT)
"""Those of this process, of whatever database."""


def weigh(unit: Unit, question: Question, at: Point | None, least: int) -> Weighed:
    """Weigh the cells of an answer as of a point, where cells of less than `least` deals are small: two statements at most.

    Wants a snapshot, so that the judgement is of the state it is kept under.
    """
    return Scale(unit, question, at, least).weigh(question.period) if least > 1 else EVERYTHING


class Scale:
    """Weighs a question for its own period and for others in the same years.

    Contracts that stand under several keys of a cut (of the two leagues they involve) are weighed by themselves: a group is
    judged by those that stand in it alone, a total by those and by those that stand in several groups.
    """

    def __init__(
        self, unit: Unit, question: Question, at: Point | None, least: int, periods: Sequence[Period] = ()
    ) -> None:
        self.unit, self.at, self.question, self.least = unit, at, question, least
        self.cuts = tuple("month" if name == "year_to_date" else question.sided(name) for name in question.by)
        self.apart = tuple(name for name in question.by if _is_several(question, name))
        self.beside = tuple(pair for pair in question.filters if _is_several(question, pair[0]))
        self.plain = {
            question.sided(name): set(values)
            for name, values in question.filters
            if DIMENSIONS[name].kind != "time" and not _is_several(question, name)
        }
        self.world, self.regions = _regions(unit, question, (*self.apart, *(name for name, _ in self.beside)))
        self.bases: tuple[str, ...] = ()
        if question.basis in _BASES and self.world == unit.database.home_region():
            self.bases = (question.basis, *_BASES[question.basis])
        times = [name for name in self.cuts if name in _LEVELS]
        levels = [self._level(self._months(period)) for period in (question.period, *periods)]
        self.step = min(times + levels, key=_LENGTHS.__getitem__)
        self.state = _state(unit, question, at)

    @cached_property
    def rows(self) -> list[Row]:
        """The table, read when first needed."""
        return self._read(self.unit, self.at)

    def weigh(self, period: Period) -> Weighed:
        """Which cells the answer for this period may show."""
        asked = self.question
        what = (asked.period, asked.basis, asked.region, asked.by, asked.filters, period, self.step, self.least)
        judgement = JUDGEMENTS.get((self.state, what))
        if judgement is None:
            judgement = self._weigh(period)
            JUDGEMENTS.keep((self.state, what), judgement)
        return judgement

    def _weigh(self, period: Period) -> Weighed:
        if len(self.rows) > MAX_ROWS or _is_entangled(self.apart, self.beside):
            return Weighed()
        months = self._months(period)
        level = self._level(months)
        allowed = {f"during_{level}": {_LEVELS[level](month) for month in months}}
        allowed |= {
            name: {"yes"} for name in (*self.bases[:1], *self.regions[:1], *(["beside"] if self.beside else []))
        }
        allowed |= self.plain
        alone: list[Row] = []
        shared: list[Row] = []
        for row in self.rows:
            (shared if any(row[0][name] == _SEVERAL for name in self.apart) else alone).append(row)
        shown, by_one = self._judge(alone, allowed, self.cuts, period)
        if shared:
            depth = min(map(self.question.by.index, self.apart))
            common, _ = self._judge(shared, allowed, self.cuts[:depth], period)
            shown = {key: safe and (len(key) > depth or common.get(key, True)) for key, safe in shown.items()}
        safe_alone = frozenset(one for one, safe in by_one.items() if safe)
        return Weighed(frozenset(key for key, safe in shown.items() if safe), safe_alone)

    def _judge(
        self, rows: list[Row], allowed: Mapping[str, set[str]], cuts: tuple[str, ...], period: Period
    ) -> tuple[dict[Key, bool], dict[tuple[int, str], bool]]:
        """By key: may the cell be shown, with the cuts in whatever order? And the same of cells by one cut alone.

        All of them no, where the table is too fine.
        """
        regions = {name: self.regions[number + 1 :] for number, name in enumerate(self.regions)}
        table = Table(rows, self.least, _COARSER | _BASES | regions, _CALENDAR)
        grain = Grain(tuple(allowed), cuts)
        turned = {
            place: _turned(grain, place)
            for place, name in enumerate(self.question.by[: len(cuts)])
            if name not in self.apart
        }
        if sum(map(table.work, (grain, *turned.values()))) > MAX_WORK:
            prefixes = (tuple(row[name] for name in cuts[:depth]) for row, _ in rows for depth in range(len(cuts) + 1))
            return dict.fromkeys(prefixes, False), {}
        nest, others = table.judged(grain), {place: table.judged(other) for place, other in turned.items()}
        found: dict[Key, bool] = {}
        by_one: dict[tuple[int, str], bool] = {}
        for number, (row, _) in enumerate(rows):
            if not all(row[name] in values for name, values in allowed.items()):
                continue
            for depth, cell in enumerate(nest.chains[number]):
                safe = cell in nest.shown and all(
                    other.chains[number][depth - 1] in other.shown for place, other in others.items() if depth > place
                )
                for key in self._keys(nest.keys[cell], period):
                    found[key] = found.get(key, True) and safe
            for place, other in others.items():
                one = (place, row[cuts[place]])
                by_one[one] = by_one.get(one, True) and other.chains[number][0] in other.shown
        return found, by_one

    def _keys(self, key: Key, period: Period) -> Iterator[Key]:
        """The keys a cell counts under in the answer: several where months count on to the end of the year."""
        names = self.question.by[: len(key)]
        if "year_to_date" not in names:
            yield key
            return
        place = names.index("year_to_date")
        month = int(key[place].replace("-", ""))
        for later in range(month, min(month // 100 * 100 + 12, period.last) + 1):
            yield (*key[:place], _LEVELS["month"](later), *key[place + 1 :])

    def _months(self, period: Period) -> set[int]:
        """The months of a period that pass the filters of time."""
        months = set(period.months(period.last))
        for name, values in self.question.filters:
            if name == "year_to_date":
                texts = {month: _LEVELS["month"](month) for month in months}
                months = {
                    month
                    for month, text in texts.items()
                    if any(value[:4] == text[:4] and text <= value for value in values)
                }
            elif name in _LEVELS:
                months = {month for month in months if _LEVELS[name](month) in values}
        return months

    def _level(self, months: set[int]) -> str:
        """The coarsest level of the calendar that these months are whole parts of."""
        return next(
            level for level, told in _LEVELS.items() if set(Counter(map(told, months)).values()) <= {_LENGTHS[level]}
        )

    def _read(self, unit: Unit, at: Point | None) -> list[Row]:
        """The table: deals of whole years by every column needed. One row too many says that there are too many."""
        question = self.question
        span = Period(question.period.first // 100 * 100 + 1, question.period.last // 100 * 100 + 12)
        cuts = [name for name in self.cuts if name not in _LEVELS and name not in self.apart]
        plain = dict.fromkeys(coarser for name in (*self.plain, *cuts) for coarser in (name, *_COARSER.get(name, ())))
        asked = Question(span, question.basis, question.region, (*plain, *self.apart, self.step), self.beside)
        source = next(sources(unit, asked, at))
        every = Question(span, "involved" if self.bases else question.basis, self.world)
        names: list[str] = []
        parts = []
        for part in source.parts():
            columns = self._columns(unit, part, asked, plain)
            names, labels = list(columns), [column.label(f"k{n}") for n, column in enumerate(columns.values())]
            read = select(*labels, part.sums()[0]).where(*counted(unit, part, every))
            parts.append(read.group_by(*(label.name for label in labels)))
        found = unit.execute(together(parts, MAX_ROWS)).all()
        rows: list[Row] = []
        for *values, deals in sorted(map(tuple, found)):
            row = dict(zip(names, values, strict=True))
            month = _FIRST_MONTHS[self.step](row.pop("during"))
            for level, told in _LEVELS.items():
                if _LENGTHS[level] >= _LENGTHS[self.step]:
                    row[level] = row[f"during_{level}"] = told(month)
            for name in self.apart:
                if DIMENSIONS[name].kind == "field" and source.crosswalk is not None:
                    keys = source.crosswalk.keys(DIMENSIONS[name].of, row[name])
                    row[name] = keys[0] if len(keys) == 1 else _SEVERAL
            rows.append((row, deals))
        return rows

    def _columns(self, unit: Unit, source: Source, asked: Question, plain: Iterable[str]) -> dict[str, Any]:
        """What the rows are told apart by."""
        columns: dict[str, Any] = {"during": source[self.step]} | {name: source[name] for name in plain}
        columns |= {name: case((source.table.flow.in_(FLOWS[name]), "yes"), else_="no") for name in self.bases}
        yes = {name: replace(asked, region=name, by=(), filters=()) for name in self.regions}
        if self.beside:
            yes["beside"] = replace(asked, region=self.world, by=())
        for name, meant in yes.items():
            columns[name] = case((and_(*counted(unit, source, meant)), "yes"), else_="no")
        return columns | {name: self._one_key(unit, source, replace(asked, filters=()), name) for name in self.apart}

    def _one_key(self, unit: Unit, source: Source, every: Question, name: str) -> Any:
        """The key that a contract stands under alone, or `_SEVERAL`; of a cross-walk the field it is told by."""
        if DIMENSIONS[name].kind == "field":
            return source["field"]
        level = name if name in SIDELESS else "province"
        seller, buyer = source[f"seller_{level}"], source[f"buyer_{level}"]
        if name not in SIDELESS:
            return case((seller != buyer, _SEVERAL), else_=seller)
        lies = [
            and_(*counted(unit, source, replace(every, region=self.world, basis=basis, by=())))
            for basis in ("output", "absorbed")
        ]
        return case((and_(*lies, seller != buyer), _SEVERAL), (lies[0], seller), else_=buyer)


def _state(unit: Unit, question: Question, at: Point | None) -> Hashable:
    """What a judgement depends on beside the question: the journal up to the last entry that counts, and from where we look.

    The chain's hash stands for all before it, so no two databases share one.
    """
    last = select(func.max(LedgerLine.seq))
    if at is not None and at.month is not None:
        last = last.where(LedgerLine.seq <= at.seq)
    found = unit.execute(select(JournalEntry.hash).where(JournalEntry.seq == last.scalar_subquery())).scalar()
    crosswalk = (at and at.seq, unit.reference_version()) if question.walks else None
    return found, unit.database.home_region(), crosswalk


def _is_several(question: Question, name: str) -> bool:
    """May a contract stand under several keys of this dimension?"""
    dimension = DIMENSIONS[name]
    return (name in SIDELESS and question.basis == "involved") or (dimension.folded != () and dimension.kind != "time")


def _is_entangled(apart: Sequence[str], beside: Sequence[tuple[str, tuple[str, ...]]]) -> bool:
    """Does a filter bear on the very keys by which contracts are told apart?"""
    names = {name for name, _ in beside}
    return bool(names & set(apart)) or bool(names & set(SIDELESS) and set(apart) & set(SIDELESS))


def _regions(unit: Unit, question: Question, several: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The region that the table is of, and those that conditions narrow it to, the smallest first.

    Home and everything within it share one table, unless places are told from the region's own point of view.
    """
    home, region = unit.database.home_region(), question.region
    stem = _stem(home)
    if region == home or not region.startswith(stem) or any(name in SIDELESS for name in several):
        return region, ()
    around = [region[:digits].ljust(6, "0") for digits in (6, 4, 2) if len(stem) < digits <= len(_stem(region))]
    return home, tuple(around)


def _stem(place: str) -> str:
    """The digits that say where a place lies, by the construction of GB/T 2260."""
    return next(place[:digits] for digits in (2, 4, 6) if place[digits:] == "0" * (6 - digits))


def _turned(grain: Grain, place: int) -> Grain:
    """The grain with one of its cuts as a condition instead."""
    name, cuts = grain.cuts[place], grain.cuts[:place] + grain.cuts[place + 1 :]
    during, *others = grain.conditions
    if name in _LEVELS:
        finer = min(name, during.removeprefix("during_"), key=_LENGTHS.__getitem__)
        return Grain((f"during_{finer}", *others), cuts)
    return Grain(grain.conditions if name in others else (*grain.conditions, name), cuts)
