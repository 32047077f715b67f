"""The answer to a question as a reader may see it: totals, groups, comparison, suppression, and the words around them.

An answer is a function of the question, the point of the journal, the reference data (which only names things) and the reader:
`answer_tag` is the digest of these, so a reader who has it needs no second answer. A question that compares is given as its
`to_date` at the point, lest part of a period be held against a whole one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from market.access import Actor, Permission
from market.statistics.points import Point
from market.statistics.queries import Figures, Key, Measures, added, check_groups, figures, later
from market.statistics.question import RANKINGS, Period, Question
from market.statistics.weighing import EVERYTHING, Weighed, weigh
from market.statistics.wording import DEFINITION_VERSION, definition, labels, region_name, synthetic_note
from market.store.session import Unit
from market.store.types import canonical, month_text

MEASURES = RANKINGS
"""Names on the wire of the measures."""


@dataclass(frozen=True)
class Reader:
    """Who reads: amounts of cells below `floor` contracts are withheld (0: none are)."""

    language: str
    floor: int


def reader_for(actor: Actor, language: str, small_cell: int) -> Reader:
    """Offices, statisticians and auditors see every cell; all others only those of `small_cell` contracts or more."""
    return Reader(language, 0 if actor.may(Permission.SEE_SMALL_CELLS) else small_cell)


def answer_tag(unit: Unit, question: Question, reader: Reader, at: Point) -> str:
    """The entity tag of an answer, known before any figure is read."""
    parts = [astuple(question), astuple(reader), at.seq, unit.reference_version(), DEFINITION_VERSION]
    return f'"{hashlib.blake2b(canonical(parts), digest_size=12).hexdigest()}"'


@dataclass(frozen=True)
class Table:
    """The figures of a question, of now and of the period compared with (`earlier`, by the keys of now).

    `keys` has every group that there is or was, in order; `withheld` and `withheld_before` those whose amounts stay hidden.
    Growth is told when the two periods are `like`.
    """

    keys: list[Key]
    present: Figures
    earlier: Figures | None
    withheld: set[Key]
    withheld_before: set[Key]
    like: bool

    def cell(self, key: Key) -> tuple[Measures, Measures | None]:
        """What a group has and had."""
        nothing = Measures()
        had = self.earlier.groups.get(key, nothing) if self.earlier else None
        return self.present.groups.get(key, nothing), had

    def row(self, key: Key) -> dict[str, Any]:
        """The same as it may be shown."""
        return self.compared(*self.cell(key), key in self.withheld, key in self.withheld_before)

    def totals(self) -> dict[str, Any]:
        """The totals as they may be shown."""
        before = self.earlier.totals if self.earlier else None
        return self.compared(self.present.totals, before, () in self.withheld, () in self.withheld_before)

    def compared(
        self, present: Measures, earlier: Measures | None, withheld: bool, withheld_before: bool
    ) -> dict[str, Any]:
        """A cell as it may be shown, beside what it was and with its growth."""
        now = shown(present, withheld)
        if earlier is None:
            return {**now, "previous": None, "growth": None}
        previous = shown(earlier, withheld_before)
        rates = {name: growth(now[name], previous[name]) if self.like else None for name in MEASURES}
        return {**now, "previous": previous, "growth": rates}


def answer(unit: Unit, question: Question, reader: Reader, at: Point, beside: Weighed = EVERYTHING) -> dict[str, Any]:
    """The whole answer; amounts in fen, as far as `beside` lets show them too."""
    before = question.earlier()
    weighed = weigh(unit, question, at, reader.floor) & beside
    weighed_before = weigh(unit, before, at, reader.floor) if before else EVERYTHING
    table = _table(unit, question, at, weighed, weighed_before)
    totals = table.totals()
    groups = _rows(unit, question, reader, table, totals)
    shown_groups, other = _largest(question, table, groups, totals)
    return {
        **frame(unit, question, reader),
        "previous_period": _span(question.against) if question.against else None,
        "to_date": question.asked is not None,
        "like": question.like,
        "by": list(question.by),
        **{name: getattr(question, name) for name in ("compare", "rollup", "top", "top_by", "shares")},
        "as_of": as_of(at),
        "suppressed_below": reader.floor or None,
        "additive": not question.overlapping,
        "overlap": _overlap(table.present.overlap, [totals, *groups]),
        "totals": totals,
        "groups": shown_groups,
        "other": other,
        "subtotals": _subtotals(unit, question, reader, at, totals, (weighed, weighed_before)),
    }


def frame(unit: Unit, question: Question, reader: Reader) -> dict[str, Any]:
    """What was asked, what is counted in words, and whether it is real."""
    note = synthetic_note(unit, reader.language)
    return {
        "period": _span(question.period),
        "basis": question.basis,
        "region": {"code": question.region, "name": region_name(unit, question.region, reader.language)},
        "filters": {name: list(values) for name, values in question.filters},
        "definition": definition(unit, question, reader.language, reader.floor),
        "definition_version": DEFINITION_VERSION,
        "synthetic": note is not None,
        "synthetic_note": note,
    }


def as_of(at: Point) -> dict[str, Any]:
    """The last journal entry the figures contain."""
    return {"seq": at.seq, "instant": at.instant}


def shown(measures: Measures, withheld: bool) -> dict[str, Any]:
    """The measures as a reader may see them: the count alone if the amounts are withheld."""
    return {
        "deals": measures.deals,
        "total_amount": None if withheld else measures.total,
        "tech_amount": None if withheld else measures.tech,
        "tech_income": None if withheld else measures.income,
        "suppressed": withheld,
    }


def growth(value: int | None, base: int | None) -> float | None:
    """Change as a fraction of the base, rounded half-up to four places; None when either is unknown or the base is zero."""
    return None if value is None or base is None else fraction(value - base, base)


def fraction(part: int | None, whole: int | None) -> float | None:
    """Part of a whole, rounded half-up to four places; None when either is unknown or the whole is zero."""
    if part is None or not whole:
        return None
    scaled, rest = divmod(abs(part) * 10_000, whole)
    scaled += rest * 2 >= whole
    return (scaled if part >= 0 else -scaled) / 10_000


def _span(period: Period) -> dict[str, str]:
    return {name: month_text(month) for name, month in (("first", period.first), ("last", period.last))}


def _table(unit: Unit, question: Question, at: Point, weighed: Weighed, weighed_before: Weighed) -> Table:
    before = question.earlier()
    present = figures(unit, question, at=at)
    withheld = _hidden(present, weighed)
    if before is None:
        return Table(list(present.groups), present, None, withheld, set(), like=False)
    found = figures(unit, before, at=at)
    moved = {later(question, key): measures for key, measures in found.groups.items()}
    keys = sorted(present.groups.keys() | moved.keys())
    check_groups(len(keys))
    hidden = {later(question, key) if key else key for key in _hidden(found, weighed_before)}
    return Table(keys, present, Figures(found.totals, moved, found.overlap), withheld, hidden, question.like is True)


def _hidden(found: Figures, weighed: Weighed) -> set[Key]:
    """The cells whose amounts are withheld."""
    cells = [((), found.totals), *found.groups.items()]
    return {key for key, measures in cells if weighed.hides(key, measures.deals)}


def _rows(
    unit: Unit, question: Question, reader: Reader, table: Table, totals: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """A row for each group, in order of the keys."""
    named = zip(table.keys, labels(unit, question, reader.language, table.keys), strict=True)
    return [
        {
            "key": dict(zip(question.by, key, strict=True)),
            "label": label,
            **_shared(question, table.row(key), totals),
        }
        for key, label in named
    ]


def _shared(question: Question, cell: dict[str, Any], totals: Mapping[str, Any]) -> dict[str, Any]:
    cell["share"] = {name: fraction(cell[name], totals[name]) for name in MEASURES} if question.shares else None
    return cell


def _subtotals(
    unit: Unit,
    question: Question,
    reader: Reader,
    at: Point,
    totals: Mapping[str, Any],
    weighed: tuple[Weighed, Weighed],
) -> list[dict[str, Any]]:
    """Rows by the first cut, by the first two, … with the cuts rolled up as null; each level is asked by itself."""
    if not question.rollup:
        return []
    found = []
    for count in range(1, len(question.by)):
        level = replace(question, by=question.by[:count])
        nothing = dict.fromkeys(question.by[count:])
        for row in _rows(unit, level, reader, _table(unit, level, at, *weighed), totals):
            found.append({**row, "key": {**row["key"], **nothing}, "label": {**row["label"], **nothing}})
    return found


def _largest(
    question: Question, table: Table, groups: list[dict[str, Any]], totals: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The largest groups, if asked for, and all others as one. What is withheld ranks last, lest its rank tell its size."""
    if question.top is None:
        return groups, None
    name = question.top_by
    ranked = sorted(groups, key=lambda row: (row[name] is None, -(row[name] or 0)))
    kept, rest = ranked[: question.top], ranked[question.top :]
    cells = [table.cell(tuple(row["key"].values())) for row in rest]
    if not cells:
        return kept, None
    had = added(before or Measures() for _, before in cells) if table.earlier else None
    # A sum is no more public than what it is the sum of.
    hidden = any(row["suppressed"] for row in rest)
    hidden_before = any(row["previous"]["suppressed"] for row in rest if row["previous"])
    cell = table.compared(added(now for now, _ in cells), had, hidden, hidden_before)
    return kept, {"groups": sum(now.deals != 0 for now, _ in cells), **_shared(question, cell, totals)}


def _overlap(overlap: Measures | None, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Groups less totals; as public as these."""
    return None if overlap is None else shown(overlap, any(cell["suppressed"] for cell in cells))
