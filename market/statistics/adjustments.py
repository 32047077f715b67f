"""Adjustments (调整明细): what moved a figure between two points of the journal, entry by entry.

For offices, statisticians and auditors: an entry is one contract. The entries of all pages add up to the difference of the two
totals, since both come from the same ledger lines.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from sqlalchemy import select

from market.contracts.model import Contract
from market.contracts.queries import visible_to
from market.errors import Invalid
from market.journal.model import JournalEntry
from market.statistics.answers import Reader, as_of, frame, shown
from market.statistics.crosswalks import crosswalk_as_of
from market.statistics.model import LedgerLine
from market.statistics.points import Point, point
from market.statistics.queries import Measures, figures
from market.statistics.question import BASES, Question
from market.statistics.sources import Source, counted, memberships, sources
from market.store.paging import Sort, fetch_page
from market.store.session import Unit
from market.store.types import month_text

_SORT = Sort((LedgerLine.seq, LedgerLine.line), ("seq", "line"))


def span(unit: Unit, begin: str, end: str | None) -> tuple[Point, Point]:
    """The two points that `from` and `to` name (`to` None: the present)."""
    first, last = point(unit, begin, "from"), point(unit, end, "to")
    if first.seq > last.seq:
        message = f"from is seq {first.seq}, which comes after to, seq {last.seq}."
        raise Invalid.field("/from", "reversed", message)
    return first, last


def adjustments(
    unit: Unit, question: Question, reader: Reader, between: tuple[Point, Point], *, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Totals at both points, their difference, and a page of the entries in between, by seq and line."""
    first, last = between
    # One cross-walk for both, that of the end, so that lines alone make the difference.
    crosswalk = crosswalk_as_of(unit, last) if question.walks else None
    before, after = (
        figures(unit, question, next(sources(unit, question, at, crosswalk)), at=at).totals for at in between
    )
    difference = Measures(*(new - old for new, old in zip(after, before, strict=True)))
    source = Source(question.view, None, question.period, crosswalk=crosswalk)
    bases = memberships(unit, source, question)
    statement = (
        select(
            LedgerLine.seq,
            LedgerLine.line,
            LedgerLine.contract_id,
            LedgerLine.version,
            LedgerLine.sign,
            LedgerLine.stat_month,
            LedgerLine.total,
            LedgerLine.tech,
            LedgerLine.income,
            JournalEntry.recorded_at,
            JournalEntry.kind,
            JournalEntry.reason,
            Contract.act,
            Contract.number,
            visible_to(unit.actor).label("known"),
            *(bases[basis].label(basis) for basis in BASES),
        )
        .join(JournalEntry, JournalEntry.seq == LedgerLine.seq)
        .join(Contract, Contract.id == LedgerLine.contract_id)
        .where(*counted(unit, source, question), LedgerLine.seq > first.seq)
    )
    # Without `to` the end moves on between pages. The cursor stays good, since entries only come behind.
    asked = ["adjustments", astuple(question), first.seq]
    page = fetch_page(unit, statement.where(LedgerLine.seq <= last.seq), _SORT, asked, cursor, limit)
    return {
        **frame(unit, question, reader),
        "from": as_of(first),
        "to": as_of(last),
        "summary": {
            name: shown(measures, withheld=False)
            for name, measures in (("from", before), ("to", after), ("difference", difference))
        },
        "items": [_item(row._mapping) for row in page.rows],
        "next": page.next,
    }


def _item(row: Any) -> dict[str, Any]:
    known = {"id": row["contract_id"], "act": row["act"], "number": row["number"]}
    return {
        **{name: row[name] for name in ("seq", "line", "recorded_at", "kind", "reason", "sign", "version")},
        "contract": known if row["known"] else None,
        "month": month_text(row["stat_month"]),
        "deals": row["sign"],
        "total_amount": row["total"],
        "tech_amount": row["tech"],
        "tech_income": row["income"],
        "bases": [basis for basis in BASES if row[basis]],
    }
