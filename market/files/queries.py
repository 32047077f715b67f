"""Reading files (附件) of listings and dealings; whoever asks has judged who may."""

from __future__ import annotations

from sqlalchemy import RowMapping, select

from market.errors import NotFound
from market.files.model import StoredFile
from market.store.session import Unit

TOLD = (
    StoredFile.id,
    StoredFile.name,
    StoredFile.media,
    StoredFile.size,
    StoredFile.sha256,
    StoredFile.uploaded_at,
)


def find(unit: Unit, subject: str, file_id: str) -> RowMapping:
    """A file of `subject` with its `content`; NotFound when there is none."""
    this = (StoredFile.id == file_id, StoredFile.subject == subject)
    row = unit.execute(select(*TOLD, StoredFile.content).where(*this)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such file.")
    return row
