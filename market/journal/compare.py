"""Rows beside what the journal tells of them: use `differences` in a check that nobody changed, added or removed a row by hand.

`judge` says in words what of a row is not as its events have it. Rows are read part by part, whatever the size of their table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, select
from sqlalchemy.orm import aliased

from market.journal.model import JournalEntry, JournalPersonal
from market.store.session import Unit

Judge = Callable[[RowMapping, Sequence["Told"]], Iterable[str]]

_PART = 500
"""Rows whose events are asked for at a time."""
_MOST = 20
"""Differences of one table that are named; nobody mends more by hand."""


class Told:
    """One event of a row: `payload` with what of the `personal` part was not erased (None: erased)."""

    def __init__(self, entry: RowMapping) -> None:
        self.kind: str = entry["kind"]
        self.version: int = entry["subject_version"]
        self.organisation: str | None = entry["actor_organisation"]
        self.payload: dict[str, Any] = orjson.loads(entry["payload"])
        erased = entry["personal_digest"] is not None and entry["personal"] is None
        self.personal: dict[str, Any] | None = None if erased else orjson.loads(entry["personal"] or "{}")


def differences(
    unit: Unit, table: FromClause, columns: Sequence[ColumnElement[Any]], created: Sequence[str], judge: Judge
) -> list[str]:
    """What of a table's rows is not as the journal has it, and what is gone; `created` are the kinds of their first events."""
    found: list[str] = []
    for row, told in _rows(unit, table, columns):
        found += [f"{row['id']}: {words}" for words in judge(row, told)]
        if len(found) >= _MOST:
            return found
    later = aliased(JournalEntry)
    here = select(table.c.id).where(table.c.id == JournalEntry.subject).exists()
    removed = select(later.seq).where(later.subject == JournalEntry.subject, later.kind.like("%.removed")).exists()
    gone = select(JournalEntry.subject).where(JournalEntry.kind.in_(created), ~here, ~removed).limit(_MOST)
    return found + [f"{subject}: it stands in the journal only" for subject in unit.execute(gone).scalars()]


def unlike(told: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[str]:
    """Names whose values differ, of those in either."""
    for name in sorted({*told, *row}):
        if told.get(name) != row.get(name):
            yield f"{name} is not what the journal tells"


def _rows(
    unit: Unit, table: FromClause, columns: Sequence[ColumnElement[Any]]
) -> Iterator[tuple[RowMapping, Sequence[Told]]]:
    statement, last = select(*columns).order_by(table.c.id).limit(_PART), ""
    while rows := unit.execute(statement.where(table.c.id > last)).mappings().all():
        events: dict[str, list[Told]] = {row["id"]: [] for row in rows}
        for entry in unit.execute(_events(list(events))).mappings():
            events[entry["subject"]].append(Told(entry))
        for row in rows:
            yield row, events[row["id"]]
        last = rows[-1]["id"]


def _events(subjects: Sequence[str]) -> Select[*tuple[Any, ...]]:
    entry = JournalEntry
    columns = (entry.subject, entry.kind, entry.subject_version, entry.actor_organisation, entry.payload)
    return (
        select(*columns, entry.personal_digest, JournalPersonal.payload.label("personal"))
        .outerjoin(JournalPersonal, JournalPersonal.seq == entry.seq)
        .where(entry.subject.in_(subjects))
        .order_by(entry.seq)
    )
