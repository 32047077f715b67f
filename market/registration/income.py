"""Technical income (技术性收入核定): what was paid on performance, and how much of it the office approves as income.

Entries stand beside the contract and never change it; a correction takes the place of an entry. The three amounts (total,
technology, income) are never summed with each other. What stands is the contract's `tech_income` in the figures, so an approval
posts to the ledger what it moves.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from market.access import Role
from market.contracts.model import Contract
from market.contracts.queries import by_number, one
from market.contracts.rules import SIDES
from market.errors import Conflict, FieldError, Forbidden, check
from market.examination.model import Income
from market.examination.steps import at_desk
from market.journal.append import Event, append
from market.statistics.ledger import post, with_income
from market.statistics.model import LedgerLine
from market.store.dialect import whole
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import new_id, now, today, yuan

_SORT = Sort((Income.id,), ("id",))
_MOST = 20


def approve_income(
    unit: Unit,
    number: str,
    *,
    paid_on: date,
    paid_amount: int,
    income_amount: int | None,
    completed: bool,
    corrects: str | None,
    text: str | None,
) -> dict[str, Any]:
    """Approve income of a contract the acting office registered; all standing income is at most the technology amount.

    `income_amount` None: nothing of what was paid counts. A correction needs a text.
    """
    contract = one(unit, by_number(number), lock=True)
    if contract["recorder"] != unit.actor.organisation:
        raise Forbidden("Only the office that registered the contract may do this.")
    at_desk(unit, tuple(contract[f"{side}_organisation"] for side in SIDES))
    if contract["state"] != "registered":
        raise Conflict(f"This registration is {contract['state']}.", code="contract-ended")
    standing = {row["id"]: row for row in unit.execute(_standing(contract["id"])).mappings()}
    income = income_amount or 0
    others = sum(row["income_fen"] for row in standing.values() if row["id"] != corrects)
    errors = []
    if income > paid_amount:
        errors.append(FieldError("/income_amount", "exceeds-paid", "At most what was paid."))
    if others + income > contract["tech_fen"]:
        most = yuan(max(0, contract["tech_fen"] - others))
        errors.append(FieldError("/income_amount", "exceeds-tech", f"The technology amount leaves {most} at most."))
    if not contract["signed_on"] <= paid_on <= today():
        errors.append(FieldError("/paid_on", "out-of-range", "A day since the signing and not in the future."))
    if corrects is not None and corrects not in standing:
        errors.append(FieldError("/corrects", "unknown-value", "No such entry of this contract stands."))
    if corrects is not None and not text:
        errors.append(FieldError("/text", "required", "A correction says why."))
    check(errors)
    row = {
        "id": new_id("inc"),
        "contract_id": contract["id"],
        "paid_on": paid_on,
        "paid_fen": paid_amount,
        "income_fen": income,
        "completed": completed,
        "text": text,
        "corrects": corrects,
        "corrected_by": None,
        "member": unit.actor.member,
        "approved_on": today(),
        "at": now(),
    }
    unit.execute(insert(Income), row)
    if corrects is not None:
        unit.execute(update(Income).where(Income.id == corrects).values(corrected_by=row["id"]))
    lines = with_income(unit, contract["id"], others + income)
    days = {"paid_on": paid_on.isoformat(), "approved_on": row["approved_on"].isoformat()}
    event = append(unit, Event("income.approved", row["id"], 1, {**row, **days, "ledger": lines}, occurred_on=paid_on))
    if lines:
        post(unit, event, lines)
    return row


def approved_income(unit: Unit, contract_id: str) -> int:
    """The income of a contract that stands approved, in fen."""
    return sum(row.income_fen for row in unit.execute(_standing(contract_id)))


def page_of_income(unit: Unit, number: str, *, cursor: str | None, limit: int) -> Page:
    """Every entry of a contract the actor may know of, corrected ones included; statisticians see no words."""
    contract = one(unit, by_number(number))
    statement = select(Income.__table__).where(Income.contract_id == contract["id"])
    page = fetch_page(unit, statement, _SORT, ["income", number], cursor, limit)
    coded = unit.actor.role is Role.STATISTICIAN
    return Page([{**row._mapping, "text": None} if coded else row._mapping for row in page.rows], page.next)


def check_income(unit: Unit) -> list[str]:
    """Every live contract whose income in the ledger is not what was approved and stands. Some of them, if there are many."""
    approved, counted = func.sum(Income.income_fen), func.sum(LedgerLine.income)
    standing = (
        select(Income.contract_id, whole(approved))
        .join(Contract, Contract.id == Income.contract_id)
        .where(Income.corrected_by.is_(None), Contract.state == "registered")
        .group_by(Income.contract_id)
        .having(approved != 0)
    )
    posted = select(LedgerLine.contract_id, whole(counted)).group_by(LedgerLine.contract_id).having(counted != 0)
    wrong: set[str] = set()
    for these, others in ((standing, posted), (posted, standing)):
        wrong.update(row[0] for row in unit.execute(these.except_(others).limit(_MOST)))
    return [f"{contract}: the ledger has another income than what was approved" for contract in sorted(wrong)]


def _standing(contract_id: str) -> Select[*tuple[Any, ...]]:
    return select(Income.id, Income.income_fen).where(Income.contract_id == contract_id, Income.corrected_by.is_(None))
