"""The journal's tables: events, their erasable personal part, and the separately kept head."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, Instant, LongText, Month


class JournalEntry(Base):
    """One change of business state. Never updated, deleted or truncated: the database refuses it."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_subject", "subject", "seq"), Index("ix_journal_recorded_at", "recorded_at"))

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    recorded_at: Mapped[int] = mapped_column(Instant)
    rec_month: Mapped[int] = mapped_column(Month)
    occurred_on: Mapped[date] = mapped_column(CivilDate)
    actor_organisation: Mapped[str | None] = mapped_column(Code(40))
    actor_key: Mapped[str | None] = mapped_column(Code(40))
    channel: Mapped[str] = mapped_column(Code(20))
    kind: Mapped[str] = mapped_column(Code(60))
    subject: Mapped[str] = mapped_column(Code(80))
    subject_version: Mapped[int]
    reason: Mapped[str | None] = mapped_column(LongText)
    payload: Mapped[str] = mapped_column(LongText)
    personal_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class JournalPersonal(Base):
    """Personal data of an event, referenced by a salted digest, so that it can be erased without breaking the chain.

    Erasure empties `salt` and `payload`; the row stays.
    """

    __tablename__ = "journal_personal"

    seq: Mapped[int] = mapped_column(ForeignKey("journal.seq"), primary_key=True, autoincrement=False)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    payload: Mapped[str | None] = mapped_column(LongText)


class JournalHead(Base):
    """The one row every writing unit locks last: the latest seq, its instant and its chain hash."""

    __tablename__ = "journal_head"
    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[int] = mapped_column(Instant)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
