"""The answer to a question as a reader may see it: totals, groups, comparison, suppression, and the words around them.

An answer is a function of the question, the point of the journal, the reference data (which only names things) and the reader:
`answer_tag` is the digest of these, so a reader who has it needs no second answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from market.access import Actor, Permission
from market.statistics.points import Point
from market.statistics.queries import Figures, Measures, check_groups, figures, year_later
from market.statistics.question import Period, Question
from market.statistics.wording import DEFINITION_VERSION, definition, labels, region_name, synthetic_note
from market.store.session import Unit
from market.store.types import canonical

MEASURES = ("deals", "total_amount", "tech_amount")
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


def answer(unit: Unit, question: Question, reader: Reader, at: Point) -> dict[str, Any]:
    """The whole answer; amounts in fen."""
    present = figures(unit, question, at=at)
    earlier = figures(unit, question.year_before(), at=at) if question.compare else None
    return {
        **frame(unit, question, reader),
        "previous_period": _span(question.period.year_before()) if earlier else None,
        "by": list(question.by),
        "compare": question.compare,
        "as_of": as_of(at),
        "suppressed_below": reader.floor or None,
        "additive": not question.overlapping,
        "overlap": None if present.overlap is None else shown(present.overlap, reader.floor),
        "totals": _compared(present.totals, earlier.totals if earlier else None, reader.floor),
        "groups": _groups(unit, question, reader, present, earlier),
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


def shown(measures: Measures, floor: int) -> dict[str, Any]:
    """The measures as a reader may see them: below `floor` deals the count alone. Nothing is withheld of an empty cell."""
    withheld = 0 < measures.deals < floor
    return {
        "deals": measures.deals,
        "total_amount": None if withheld else measures.total,
        "tech_amount": None if withheld else measures.tech,
        "suppressed": withheld,
    }


def growth(value: int | None, base: int | None) -> float | None:
    """Change as a fraction of the base, rounded half-up to four places; None when either is unknown or the base is zero."""
    if value is None or not base:
        return None
    change = value - base
    scaled, rest = divmod(abs(change) * 10_000, base)
    scaled += rest * 2 >= base
    return (scaled if change >= 0 else -scaled) / 10_000


def _span(period: Period) -> dict[str, str]:
    return {
        name: f"{month // 100:04d}-{month % 100:02d}"
        for name, month in (("first", period.first), ("last", period.last))
    }


def _compared(present: Measures, earlier: Measures | None, floor: int) -> dict[str, Any]:
    now = shown(present, floor)
    if earlier is None:
        return {**now, "previous": None, "growth": None}
    previous = shown(earlier, floor)
    return {**now, "previous": previous, "growth": {name: growth(now[name], previous[name]) for name in MEASURES}}


def _groups(
    unit: Unit, question: Question, reader: Reader, present: Figures, earlier: Figures | None
) -> list[dict[str, Any]]:
    before: Mapping[tuple[str, ...], Measures] = {}
    keys = list(present.groups)
    if earlier is not None:
        before = {year_later(question, key): measures for key, measures in earlier.groups.items()}
        keys = sorted(present.groups.keys() | before.keys())
        check_groups(len(keys))
    nothing = Measures()
    return [
        {
            "key": dict(zip(question.by, key, strict=True)),
            "label": label,
            **_compared(
                present.groups.get(key, nothing),
                None if earlier is None else before.get(key, nothing),
                reader.floor,
            ),
        }
        for key, label in zip(keys, labels(unit, question, reader.language, keys), strict=True)
    ]
