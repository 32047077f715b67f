"""Drill-down (下钻): from a figure to the contracts it counts, as far as the caller may know them.

Everyone learns how many are counted; contracts that the caller may not see are nothing but that number.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from sqlalchemy import func, select

from market.contracts.model import Contract
from market.contracts.queries import visible_to
from market.statistics.answers import Reader, as_of, frame
from market.statistics.crosswalks import crosswalk_as_of
from market.statistics.ledger import taken_back
from market.statistics.model import LedgerLine
from market.statistics.points import Point
from market.statistics.queries import figures
from market.statistics.question import Question
from market.statistics.sources import Source, counted
from market.store.paging import Sort, fetch_page
from market.store.session import Unit
from market.store.types import month_text

_SORT = Sort((LedgerLine.seq, LedgerLine.line), ("seq", "line"))


def contracts_of(
    unit: Unit, question: Question, reader: Reader, at: Point, *, cursor: str | None, limit: int
) -> dict[str, Any]:
    """How many contracts the totals of a question count as of a point, and a page of the visible ones as they were counted.

    They stand in the order in which the journal took them in. Costs three statements.
    """
    crosswalk = crosswalk_as_of(unit, at) if question.walks else None
    source = Source(question.view, None, question.period, at, crosswalk)
    visible = (
        select(
            LedgerLine.seq,
            LedgerLine.line,
            LedgerLine.contract_id,
            LedgerLine.version,
            LedgerLine.stat_month,
            LedgerLine.total,
            LedgerLine.tech,
            LedgerLine.income,
            Contract.act,
            Contract.number,
        )
        .join(Contract, Contract.id == LedgerLine.contract_id)
        .where(*counted(unit, source, question), LedgerLine.sign == 1, ~taken_back(at.seq), visible_to(unit.actor))
    )
    every = figures(unit, question, at=at).totals.deals
    number = unit.execute(select(func.count()).select_from(visible.subquery())).scalar_one()
    # The present moves on between pages, the cursor stays good: entries only come behind.
    asked = ["counted-contracts", astuple(question), at.seq if at.month is not None else None]
    page = fetch_page(unit, visible, _SORT, asked, cursor, limit)
    return {
        **frame(unit, question, reader),
        "as_of": as_of(at),
        "counted": every,
        "visible": number,
        "withheld": every - number,
        "items": [_item(row._mapping) for row in page.rows],
        "next": page.next,
    }


def _item(row: Any) -> dict[str, Any]:
    return {
        "contract": {"id": row["contract_id"], "act": row["act"], "number": row["number"]},
        "version": row["version"],
        "month": month_text(row["stat_month"]),
        "total_amount": row["total"],
        "tech_amount": row["tech"],
        "tech_income": row["income"],
    }
