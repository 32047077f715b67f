"""Do rows agree with their events? `differences` for `market verify`; contracts and ledger are `statistics.agreement`'s.

Cases with their steps, papers down to their bytes, audits and income, the keys that sign certificates, listings and
talks. Due days of running cases follow from rule and calendar and are counted anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, Table, or_, select
from sqlalchemy.orm import aliased

from market.certificates.model import CertificateKey
from market.certificates.text import in_letters
from market.dealings.actions import recorded as dealing_recorded
from market.dealings.model import Dealing
from market.examination import states
from market.examination.model import Attachment, Audit, Case, CaseStep, Income
from market.examination.steps import recorded as case_recorded
from market.journal import compare
from market.journal.compare import Told, unlike
from market.journal.model import JournalEntry
from market.listings.model import Listing
from market.listings.versions import as_payload
from market.rules.calendar import due_by_rule
from market.store.session import Unit

_UNTOLD = "no event tells of it"


def differences(unit: Unit) -> list[str]:
    """Every difference between rows and journal, in words; of each table some, if there are many. Run in a snapshot."""
    of_cases = _Cases(unit)

    def paper(row: RowMapping, told: Sequence[Told]) -> Iterator[str]:
        yield from _paper(unit, row, told)

    plain = [column for column in Attachment.__table__.columns if column.name != "content"]
    checks: list[tuple[Any, Any, tuple[str, ...], compare.Judge]] = [
        (Case, None, ("case.drafted", "case.registered", "case.imported"), of_cases.judge),
        (Attachment, plain, ("attachment.added",), paper),
        (Audit, None, ("audit.recorded",), _audit),
        (Income, None, ("income.approved",), _income),
        (CertificateKey, None, ("certificate_key.made",), _key),
        (Listing, None, ("listing.published", "listing.edited"), _listing),
        (Dealing, None, ("dealing.expressed",), _dealing),
    ]
    found: list[str] = []
    for model, columns, created, judge in checks:
        table: Table = model.__table__
        found += compare.differences(unit, table, columns or list(table.columns), created, judge)
    return found + _steps_untold(unit) + _corrections(unit)


def _plain(row: Mapping[Any, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """What a row says, as JSON tells it; what is empty is left out."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
        if value is not None and name not in without
    }


def _said(payload: Mapping[str, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if value is not None and name not in without}


class _Cases:
    """Cases with their steps."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def judge(self, row: RowMapping, told: Sequence[Told]) -> Iterator[str]:
        """What of a case, and of its file, is not as its events have it."""
        if not told:
            of_contract = row["version"] == 1 and row["id"] == f"cas_{(row['contract_id'] or '')[4:]}"
            if not of_contract:  # made from a contract that was registered before there were cases
                yield _UNTOLD
            return
        last = told[-1]
        payload, personal = case_recorded(row)
        yield from unlike(_said(last.payload, without=_SEPARATE), _said(payload, without=_SEPARATE))
        if last.payload.get("pending") != payload.get("pending"):
            yield "pending is not what the journal tells"
        content = next((event for event in reversed(told) if "content" in event.payload), None)
        if (content and content.payload["content"]) != payload.get("content"):
            yield "content is not what the journal tells"
        elif content and content.personal is not None and content.personal.get("content") != personal.get("content"):
            yield "personal data of the content is not what the journal tells"
        text = next((event.payload["text"] for event in reversed(told) if event.kind not in _APART), None)
        if row["text"] != text:
            yield "text is not what the journal tells"
        yield from self._clock(row, last)
        if len(told) > 1:
            yield from self._steps(row["id"], told)

    def _clock(self, row: RowMapping, last: Told) -> Iterator[str]:
        due = (last.payload.get("due_on"), last.payload["provisional"])
        if row["state"] in states.RUNNING and row["clock_rule"] is not None:
            counted = due_by_rule(self.unit, row["clock_rule"], row["clock_from"])
            due = (counted.on.isoformat(), counted.provisional)
        if (row["due_on"] and row["due_on"].isoformat(), row["provisional"]) != due:
            yield "due_on is not what rule and calendar make it"

    def _steps(self, case_id: str, told: Sequence[Told]) -> Iterator[str]:
        rows = self.unit.execute(select(CaseStep.__table__).where(CaseStep.case_id == case_id)).mappings()
        steps = {row["version"]: row for row in rows}
        for event in told:
            step = steps.get(event.version)
            if step is None and event.version > 1:  # a case begins without a step
                yield f"step {event.version} is missing"
            elif step is not None and (_EVENTS[step["step"]], step["state"], step["text"], step["organisation"]) != (
                event.kind,
                event.payload["state"],
                event.payload["text"],
                event.organisation,
            ):
                yield f"step {event.version} is not what the journal tells"


_EVENTS = {line.step: line.event for line in states.TABLE}
_APART = {_EVENTS[step] for step in states.APART}
_SEPARATE = ("content", "pending", "text", "due_on", "provisional")
"""What of a case is compared by itself."""


def _paper(unit: Unit, row: RowMapping, told: Sequence[Told]) -> Iterator[str]:
    if not told:
        yield _UNTOLD
        return
    if told[-1].kind == "attachment.removed":
        yield "it was removed and is there"
    first = told[0]
    yield from unlike(first.payload, {name: row[name] for name in first.payload})
    if first.personal is not None and first.personal.get("name") != row["name"]:
        yield "name is not what the journal tells"
    content = unit.execute(select(Attachment.content).where(Attachment.id == row["id"])).scalar_one()
    if hashlib.sha256(content).hexdigest() != first.payload["sha256"]:
        yield "its bytes are not those that were handed in"


def _audit(row: RowMapping, told: Sequence[Told]) -> Iterable[str]:
    return unlike(_said(told[-1].payload), _plain(row)) if told else [_UNTOLD]


def _income(row: RowMapping, told: Sequence[Told]) -> Iterable[str]:
    later = ("ledger", "corrected_by")
    return unlike(_said(told[-1].payload, without=later), _plain(row, without=later)) if told else [_UNTOLD]


def _steps_untold(unit: Unit) -> list[str]:
    same = (JournalEntry.subject == CaseStep.case_id, JournalEntry.subject_version == CaseStep.version)
    untold = select(CaseStep.case_id, CaseStep.version).where(~select(JournalEntry.seq).where(*same).exists())
    found = unit.execute(untold.order_by(CaseStep.case_id, CaseStep.version).limit(20))
    return [f"{row.case_id}: no event tells of step {row.version}" for row in found]


def _corrections(unit: Unit) -> list[str]:
    """Income that says it was corrected by another than what corrects it."""
    by = aliased(Income)
    joined = select(Income.id).outerjoin(by, by.corrects == Income.id)
    wrong = or_(Income.corrected_by != by.id, Income.corrected_by.is_(None) != by.id.is_(None))
    found = unit.execute(joined.where(wrong).order_by(Income.id).limit(20)).scalars()
    return [f"{income}: corrected_by is not what corrects it" for income in found]


def _key(row: RowMapping, told: Sequence[Told]) -> Iterator[str]:
    if not told:
        yield _UNTOLD
        return
    public = {"id": row["id"], "serial": row["serial"], "public_key": in_letters(row["public_key"])}
    yield from unlike(told[0].payload, public)
    kinds = {event.kind for event in told}
    for kind, column in (("retired", "retired_at"), ("compromised", "compromised_at")):
        if (f"certificate_key.{kind}" in kinds) != (row[column] is not None):
            yield f"{column} is not what the journal tells"
    if (row["private_key"] is None) != (row["retired_at"] is not None):
        yield "its private half is gone, or there, against the journal"


def _listing(row: RowMapping, told: Sequence[Told]) -> Iterator[str]:
    if not told:
        yield _UNTOLD
        return
    last, said = told[-1], as_payload(row)
    yield from unlike({name: value for name, value in last.payload.items() if name in said}, _known(said, last.payload))
    if last.personal is not None and last.personal.get("contact") != row["contact"]:
        yield "contact is not what the journal tells"


def _dealing(row: RowMapping, told: Sequence[Told]) -> Iterator[str]:
    steps = [event for event in told if event.kind != "dealing.disclosed"]
    if not steps:
        yield _UNTOLD
        return
    last = steps[-1]
    payload, personal = dealing_recorded(row)
    counted = ("due_on", "provisional")
    yield from unlike(_known(last.payload, payload, counted), _known(payload, payload, counted))
    if last.personal is not None:
        yield from unlike(_known(last.personal, personal), personal)


def _known(payload: Mapping[str, Any], names: Iterable[str], without: Iterable[str] = ()) -> dict[str, Any]:
    """Of a payload what has one of these names: events say more of a step, and less of columns that came later."""
    return {name: payload.get(name) for name in names if name in payload and name not in without}
