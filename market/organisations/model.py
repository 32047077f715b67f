"""The tables of organisations, their applications to join, and their API keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code, Instant, Json, LongText


class Organisation(Base):
    """A member of the market. Role and place were set by an office or administrator, never by itself."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    name: Mapped[str] = mapped_column(LongText)
    role: Mapped[str] = mapped_column(Code(20))
    credit_code: Mapped[str | None] = mapped_column(Code(18), unique=True)
    country: Mapped[str] = mapped_column(Code(2))
    place: Mapped[str | None] = mapped_column(Code(6))
    nature: Mapped[str | None] = mapped_column(Code(40))
    development_zone: Mapped[str | None] = mapped_column(Code(40))
    number_prefix: Mapped[str | None] = mapped_column(Code(6), unique=True)
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)


class Application(Base):
    """A wish to join. The claim code given to the applicant is kept as a hash; `contact` and `note` are erasable."""

    __tablename__ = "organisation_application"
    __table_args__ = (Index("ix_organisation_application_state_id", "state", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    state: Mapped[str] = mapped_column(Code(20))
    name: Mapped[str] = mapped_column(LongText)
    kind: Mapped[str] = mapped_column(Code(20))
    credit_code: Mapped[str | None] = mapped_column(Code(18))
    country: Mapped[str] = mapped_column(Code(2))
    place: Mapped[str | None] = mapped_column(Code(6))
    nature: Mapped[str | None] = mapped_column(Code(40))
    contact: Mapped[Any | None] = mapped_column(Json)
    note: Mapped[str | None] = mapped_column(LongText)
    claim_hash: Mapped[bytes] = mapped_column(LargeBinary)
    claim_expires_at: Mapped[int | None] = mapped_column(Instant)
    wrong_claims: Mapped[int]
    organisation_id: Mapped[str | None] = mapped_column(Code(40), ForeignKey("organisation.id"))
    reason: Mapped[str | None] = mapped_column(LongText)
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)
    decided_at: Mapped[int | None] = mapped_column(Instant)


class Member(Base):
    """A person of an organisation (工作人员), who acts through the keys that name them; ended ones stay."""

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_organisation_id", "organisation_id", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(LongText)
    ended_at: Mapped[int | None] = mapped_column(Instant)
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)


class ApiKey(Base):
    """A key of an organisation, kept as a hash. `scopes` null: everything its role may do; `member`: the person who uses it."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"), index=True)
    label: Mapped[str] = mapped_column(LongText)
    member: Mapped[str | None] = mapped_column(Code(40))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[Any | None] = mapped_column(Json)
    expires_at: Mapped[int | None] = mapped_column(Instant)
    revoked_at: Mapped[int | None] = mapped_column(Instant)
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)
