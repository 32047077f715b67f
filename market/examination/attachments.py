"""Papers of an application (附件): taken by what they are, not by what they are called, and kept as bytes.

Nothing here opens a file beyond its first bytes and the names in an archive; they are handed out for saving, never for showing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import delete, func, insert, select

from market.errors import Conflict, FieldError, Forbidden, NotFound, check
from market.examination import states
from market.examination.checks import look_alikes
from market.examination.model import Attachment
from market.examination.steps import lock
from market.fields.queries import code_lists
from market.files.media import media_of
from market.journal.append import Event, append
from market.organisations.parties import check_name
from market.rules.queries import rule
from market.store.session import Unit
from market.store.types import new_id, now, today

MAX_BYTES = 20_000_000
"""Bytes of an upload that are read at all; the rule `attachment.max_bytes` may say less."""
_TOLD = ("id", "case_id", "kind", "media", "size", "sha256")
_CLOSED = (
    states.SUBMITTED,
    states.ACCEPTED,
    states.UNDER_REVIEW,
    states.EXPERT_REVIEW,
    states.WITHDRAWN,
    states.CANCELLED,
    states.REVOKED,
)
"""States in which the applicant adds no paper: the office is looking at what it was given, or all is over."""


def attach(unit: Unit, case_id: str, kind: str, name: str, content: bytes) -> dict[str, Any]:
    """Add a paper to the actor's own application; answers its row without the bytes."""
    case = _own(unit, case_id)
    if case["state"] in _CLOSED:
        raise Conflict(f"An application that is {case['state']} takes no more papers.", code="case-closed")
    most = rule(unit, "attachment.max_bytes", today()).number
    media = media_of(content) if len(content) <= most else None
    errors = check_name(name, "/name")
    if look_alikes(name):
        errors.append(FieldError("/name", "look-alike-character", "The name has letters that look like others."))
    if not code_lists(unit).has("attachment_kind", kind):
        errors.append(FieldError("/kind", "unknown-value", "Not a code of the list attachment_kind."))
    if len(content) > most:
        errors.append(FieldError("", "too-large", f"At most {most} bytes."))
    elif media is None:
        errors.append(FieldError("", "unknown-type", "By its content this is no PDF, OFD, PNG or JPEG."))
    check(errors, "This paper cannot be taken.")
    have = unit.execute(select(func.count()).where(Attachment.case_id == case_id)).scalar_one()
    if have >= rule(unit, "attachment.max_count", today()).number:
        raise Conflict("This application has as many papers as it may.", code="too-many-attachments")
    row: dict[str, Any] = {
        "id": new_id("att"),
        "case_id": case_id,
        "kind": kind,
        "name": name,
        "media": media,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "organisation": unit.actor.organisation,
        "uploaded_at": now(),
    }
    unit.execute(insert(Attachment), {**row, "content": content})
    payload = {name: row[name] for name in _TOLD}
    append(unit, Event("attachment.added", row["id"], 1, payload, {"name": name}))
    return row


def detach(unit: Unit, case_id: str, attachment_id: str) -> dict[str, Any]:
    """Take a paper back out of the actor's own application while it is the actor's to change; answers its row."""
    case = _own(unit, case_id)
    if case["state"] not in (states.DRAFT, states.RETURNED):
        raise Conflict(f"The papers of an application that is {case['state']} stay.", code="case-closed")
    columns = [column for column in Attachment.__table__.columns if column.name != "content"]
    this = (Attachment.id == attachment_id, Attachment.case_id == case_id)
    row = unit.execute(select(*columns).where(*this)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such attachment.")
    unit.execute(delete(Attachment).where(*this))
    payload = {name: row[name] for name in _TOLD}
    append(unit, Event("attachment.removed", attachment_id, 2, payload))
    return dict(row)


def _own(unit: Unit, case_id: str) -> dict[str, Any]:
    """The case, locked, of the actor itself."""
    case = lock(unit, case_id, None)
    if case["applicant"] != unit.actor.organisation:
        raise Forbidden("Only the applicant may do this.", code="not-the-applicant")
    return case
