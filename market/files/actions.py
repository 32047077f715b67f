"""Keeping files (附件) of listings and dealings: bounded, told by their content, hashed, handed out for saving only.

`keep` stores the bytes and says what was stored; the room whose `subject` it is decides who may, and tells the journal.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import func, insert, select

from market.errors import Conflict, FieldError, check
from market.files.media import media_of
from market.files.model import StoredFile
from market.files.queries import TOLD
from market.organisations.parties import check_name
from market.rules.queries import rule
from market.store.session import Unit
from market.store.types import new_id, now, today

MAX_BYTES = 20_000_000
"""Bytes of an upload that are read at all; the rule `attachment.max_bytes` may say less."""


def keep(unit: Unit, subject: str, name: str, content: bytes) -> dict[str, Any]:
    """Store a file of `subject`; its facts without the bytes. The same file under the same name is not stored twice."""
    most, media, digest = rule(unit, "attachment.max_bytes", today()).number, media_of(content), _digest(content)
    errors = check_name(name, "/name")
    if len(content) > most:
        errors.append(FieldError("", "too-large", f"At most {most} bytes."))
    if media is None:
        errors.append(FieldError("", "unknown-type", "By its content this is no PDF, OFD, PNG or JPEG."))
    check(errors, "This file cannot be taken.")
    same = (StoredFile.subject == subject, StoredFile.sha256 == digest, StoredFile.name == name)
    known = unit.execute(select(*TOLD).where(*same)).mappings().first()
    if known is not None:
        return dict(known)
    have = unit.execute(select(func.count()).where(StoredFile.subject == subject)).scalar_one()
    if have >= rule(unit, "attachment.max_count", today()).number:
        raise Conflict("There are as many files here as there may be.", code="too-many-attachments")
    row = {
        "id": new_id("fil"),
        "name": name,
        "media": media,
        "size": len(content),
        "sha256": digest,
        "uploaded_at": now(),
    }
    unit.execute(insert(StoredFile), {**row, "subject": subject, "content": content})
    return row


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
