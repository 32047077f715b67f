"""The table of files: bytes that belong to some listing or dealing."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code, Instant, LongText


class StoredFile(Base):
    """A file as it was handed in; never changed, so that every version that names it can be read. `subject` is whose it is."""

    __tablename__ = "stored_file"
    __table_args__ = (Index("ix_stored_file_subject", "subject", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    subject: Mapped[str] = mapped_column(Code(40))
    name: Mapped[str] = mapped_column(LongText)
    media: Mapped[str] = mapped_column(Code(40))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(Code(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    uploaded_at: Mapped[int] = mapped_column(Instant)
