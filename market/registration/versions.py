"""The versions of a contract as the journal keeps them: what was registered, and what each change made of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from sqlalchemy import RowMapping, Select, select

from market.access import Role
from market.contracts.model import Contract
from market.contracts.queries import by_number, one, shown
from market.errors import NotFound
from market.journal.model import JournalEntry, JournalPersonal
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit

_SORT = Sort((JournalEntry.seq,), ("seq",))
_DAYS = tuple(column.name for column in Contract.__table__.columns if column.type.python_type is date)


def page_of_versions(unit: Unit, number: str, *, cursor: str | None, limit: int) -> Page:
    """Every version of a contract the actor may know of, oldest first."""
    contract = one(unit, by_number(number))
    page = fetch_page(unit, _events(contract["id"]), _SORT, ["versions", number], cursor, limit)
    return Page([_told(unit, row._mapping) for row in page.rows], page.next)


def version_of(unit: Unit, number: str, version: str) -> dict[str, Any]:
    """One version as it stood, with the contract as it was then; NotFound when there is none."""
    contract = one(unit, by_number(number))
    row = None
    if version.isascii() and version.isdigit() and len(version) < 9:
        wanted = _events(contract["id"]).where(JournalEntry.subject_version == int(version))
        row = unit.execute(wanted).mappings().first()
    if row is None:
        raise NotFound("There is no such version.")
    facts = orjson.loads(row["payload"]) | orjson.loads(row["personal"] or "{}")
    facts |= {name: facts[name] and date.fromisoformat(facts[name]) for name in _DAYS}
    return {**_told(unit, row), "contract": shown({**facts, "office_name": contract["office_name"]}, unit.actor)}


def _events(contract_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            JournalEntry.seq,
            JournalEntry.kind,
            JournalEntry.subject_version,
            JournalEntry.recorded_at,
            JournalEntry.occurred_on,
            JournalEntry.reason,
            JournalEntry.payload,
            JournalPersonal.payload.label("personal"),
        )
        .outerjoin(JournalPersonal, JournalPersonal.seq == JournalEntry.seq)
        .where(JournalEntry.subject == contract_id)
    )


def _told(unit: Unit, row: RowMapping) -> dict[str, Any]:
    payload = orjson.loads(row["payload"])
    return {
        "version": row["subject_version"],
        "kind": row["kind"],
        "recorded_at": row["recorded_at"],
        "occurred_on": row["occurred_on"],
        "reason": row["reason"],
        "text": None if unit.actor.role is Role.STATISTICIAN else payload["text"],
        "asked_by": payload.get("asked_by"),
    }
