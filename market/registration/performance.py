"""How the offices do (登记机构工作情况): growth and quality beside each other, with what auditors found afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, or_, select, true

from market.access import Role
from market.contracts.model import Contract
from market.contracts.queries import by_number, one
from market.errors import FieldError, check
from market.examination import states
from market.examination.model import Audit, Case, CaseStep, Income
from market.journal.append import Event, append
from market.organisations.queries import by_ids
from market.store.dialect import whole
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import new_id, now, today

RESULTS = ("sound", "defective")
"""What an audit may come to."""
CORRECTION = "CORRECTION"
"""The change reason that says the registration was wrong (登记差错更正)."""

_COUNTS = (
    "applications",
    "decided",
    "on_time",
    "returns",
    "refusals",
    "open",
    "overdue",
    "registered",
    "corrections",
    "cancelled",
    "revoked",
    "audited",
    "defective",
    "total_amount",
    "tech_amount",
    "income_amount",
)


def record_audit(unit: Unit, number: str, *, result: str, text: str | None) -> dict[str, Any]:
    """Put on record what an audit (监督检查) of a registration came to; a later one stands beside it."""
    contract = one(unit, by_number(number))
    if result == "defective" and not text:
        check([FieldError("/text", "required", "Say what is wrong with it.")])
    row = {
        "id": new_id("aud"),
        "contract_id": contract["id"],
        "auditor": unit.actor.organisation,
        "result": result,
        "text": text,
        "day": today(),
        "at": now(),
    }
    unit.execute(insert(Audit), row)
    append(unit, Event("audit.recorded", row["id"], 1, row | {"day": row["day"].isoformat()}))
    return row


def page_of_audits(unit: Unit, number: str, *, cursor: str | None, limit: int) -> Page:
    """The audits of a contract the actor may know of; statisticians see no words."""
    contract = one(unit, by_number(number))
    statement = select(Audit.__table__).where(Audit.contract_id == contract["id"])
    page = fetch_page(unit, statement, Sort((Audit.id,), ("id",)), ["audits", number], cursor, limit)
    coded = unit.actor.role is Role.STATISTICIAN
    return Page([{**row._mapping, "text": None} if coded else row._mapping for row in page.rows], page.next)


def performance(unit: Unit, *, begin: date, end: date) -> dict[str, Any]:
    """Each office's applications handed in, and contracts registered, from one day to another; an office sees itself only."""
    if begin > end:
        check([FieldError("/to", "before-start", "A day not before `from` is needed.")])
    found: dict[str, dict[str, Any]] = {}
    for statement in _questions(begin, end):
        for row in unit.execute(statement.where(_seen(unit, statement))).mappings():
            values = {name: value for name, value in row.items() if name != "office"}
            found.setdefault(row["office"], {}).update(values)
    members = by_ids(unit, found)
    items = [
        {
            "office": {"id": office, "name": members[office]["name"]},
            **{name: found[office].get(name) or 0 for name in _COUNTS},
            "on_time_share": _share(found[office].get("on_time"), found[office].get("timed")),
        }
        for office in sorted(found)
    ]
    return {"from": begin, "to": end, "items": items}


def _questions(begin: date, end: date) -> Iterator[Select[*tuple[Any, ...]]]:
    for question in (_applications, _returns, _contracts, _audits, _income):
        yield question(begin, end)


def _seen(unit: Unit, statement: Select[*tuple[Any, ...]]) -> ColumnElement[bool]:
    office = statement.selected_columns["office"]
    return office == unit.actor.organisation if unit.actor.role is Role.OFFICE else true()


def _share(part: int | None, of: int | None) -> str | None:
    """A share with four decimals; null without a base."""
    return f"{(part or 0) / of:.4f}" if of else None


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return whole(func.sum(case((condition, 1), else_=0)))


def _handed_in(begin: date, end: date) -> tuple[ColumnElement[bool], ...]:
    return (Case.route == "application", Case.submitted_on >= begin, Case.submitted_on <= end)


def _applications(begin: date, end: date) -> Select[*tuple[Any, ...]]:
    sure = or_(Case.decided_on <= Case.due_on, Case.provisional.is_(False))  # a provisional day makes nothing late
    timed = and_(Case.decided_on.is_not(None), Case.due_on.is_not(None), sure)
    late = and_(Case.state.in_(states.RUNNING), Case.due_on < today(), Case.provisional.is_(False))
    return (
        select(
            Case.office.label("office"),
            func.count().label("applications"),
            _count(Case.decided_on.is_not(None)).label("decided"),
            _count(timed).label("timed"),
            _count(and_(timed, Case.decided_on <= Case.due_on)).label("on_time"),
            _count(Case.state == states.REFUSED).label("refusals"),
            _count(Case.state.in_(states.OPEN)).label("open"),
            _count(late).label("overdue"),
        )
        .where(*_handed_in(begin, end))
        .group_by(Case.office)
    )


def _returns(begin: date, end: date) -> Select[*tuple[Any, ...]]:
    return (
        select(Case.office.label("office"), func.count().label("returns"))
        .join(CaseStep, CaseStep.case_id == Case.id)
        .where(*_handed_in(begin, end), CaseStep.step == "request_supplement")
        .group_by(Case.office)
    )


def _contracts(begin: date, end: date) -> Select[*tuple[Any, ...]]:
    live = Contract.state == "registered"
    corrected = (
        select(CaseStep.case_id)
        .where(CaseStep.case_id == Case.id, CaseStep.reason == CORRECTION)
        .where(CaseStep.step.in_(("change", "approve_change")))
        .exists()
    )
    return (
        select(
            Contract.office.label("office"),
            func.count().label("registered"),
            _count(corrected).label("corrections"),
            _count(Contract.state == "cancelled").label("cancelled"),
            _count(Contract.state == "revoked").label("revoked"),
            whole(func.sum(case((live, Contract.total_fen), else_=0))).label("total_amount"),
            whole(func.sum(case((live, Contract.tech_fen), else_=0))).label("tech_amount"),
        )
        .join(Case, Case.contract_id == Contract.id)
        .where(Contract.registered_on >= begin, Contract.registered_on <= end)
        .group_by(Contract.office)
    )


def _audits(begin: date, end: date) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Contract.office.label("office"),
            func.count(Audit.contract_id.distinct()).label("audited"),
            func.count(case((Audit.result == "defective", Audit.contract_id)).distinct()).label("defective"),
        )
        .join(Contract, Contract.id == Audit.contract_id)
        .where(Contract.registered_on >= begin, Contract.registered_on <= end, Contract.office.is_not(None))
        .group_by(Contract.office)
    )


def _income(begin: date, end: date) -> Select[*tuple[Any, ...]]:
    standing = (Contract.state == "registered", Income.corrected_by.is_(None))
    return (
        select(Contract.office.label("office"), whole(func.sum(Income.income_fen)).label("income_amount"))
        .join(Contract, Contract.id == Income.contract_id)
        .where(Contract.registered_on >= begin, Contract.registered_on <= end, *standing)
        .group_by(Contract.office)
    )
