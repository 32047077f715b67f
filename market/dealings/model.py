"""The tables of dealings (对接): the talks themselves, their steps, what was disclosed to whom; and brokers."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, Instant, Json, LongText


class Dealing(Base):
    """Talks (对接) of the owner of a listing with one who is interested (`seeker`), perhaps because of a listing of its own.

    Listing versions and titles, and the `match` with its reasons, are those of the day of the interest. `stage` is the last one
    reached; that the talks have lapsed is not stored but follows from `due_on`. `awaits` is the side whose answer is due.
    `proposal` is what `proposed_by` has put on the table and the other side has not taken up;
    `contacts` whom each side names for these talks.
    """

    __tablename__ = "dealing"
    __table_args__ = (
        CheckConstraint("owner <> seeker", name="sides"),
        CheckConstraint("(stage = 'passed') = (reason IS NOT NULL)", name="reason"),
        Index("ix_dealing_listing_id", "listing_id", "seeker"),
        Index("ix_dealing_owner", "owner", "id"),
        Index("ix_dealing_seeker", "seeker", "id"),
        Index("ix_dealing_from_listing", "from_listing"),
    )

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    listing_id: Mapped[str] = mapped_column(Code(40), ForeignKey("listing.id"))
    listing_kind: Mapped[str] = mapped_column(Code(12))
    listing_version: Mapped[int]
    listing_title: Mapped[str] = mapped_column(LongText)
    from_listing: Mapped[str | None] = mapped_column(Code(40), ForeignKey("listing.id"))
    from_version: Mapped[int | None]
    from_title: Mapped[str | None] = mapped_column(LongText)
    match: Mapped[Any | None] = mapped_column(Json)
    owner: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    seeker: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    owner_hidden: Mapped[bool]
    seeker_hidden: Mapped[bool]
    stage: Mapped[str] = mapped_column(Code(20))
    answers: Mapped[Any] = mapped_column(Json)
    contacts: Mapped[Any] = mapped_column(Json)
    proposal: Mapped[Any | None] = mapped_column(Json)
    proposed_by: Mapped[str | None] = mapped_column(Code(10))
    nda: Mapped[Any | None] = mapped_column(Json)
    outcome: Mapped[str | None] = mapped_column(LongText)
    reason: Mapped[str | None] = mapped_column(Code(60))
    awaits: Mapped[str | None] = mapped_column(Code(10))
    clock_rule: Mapped[str | None] = mapped_column(Code(60))
    clock_from: Mapped[date | None] = mapped_column(CivilDate)
    due_on: Mapped[date | None] = mapped_column(CivilDate)
    provisional: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)
    introduced_at: Mapped[int | None] = mapped_column(Instant)
    agreed_at: Mapped[int | None] = mapped_column(Instant)
    updated_at: Mapped[int] = mapped_column(Instant)


class DealingStep(Base):
    """One step of the talks. Never updated or deleted; `version` is the one the step made."""

    __tablename__ = "dealing_step"

    dealing_id: Mapped[str] = mapped_column(Code(40), ForeignKey("dealing.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(Code(20))
    stage: Mapped[str] = mapped_column(Code(20))
    side: Mapped[str] = mapped_column(Code(10))
    member: Mapped[str | None] = mapped_column(Code(40))
    reason: Mapped[str | None] = mapped_column(Code(60))
    text: Mapped[str | None] = mapped_column(LongText)
    at: Mapped[int] = mapped_column(Instant)


class Disclosure(Base):
    """That one organisation opened one field of the other side's at this moment, in this version. Never updated or deleted."""

    __tablename__ = "dealing_disclosure"
    __table_args__ = (Index("ix_dealing_disclosure_dealing_id", "dealing_id", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    dealing_id: Mapped[str] = mapped_column(Code(40), ForeignKey("dealing.id"))
    viewer: Mapped[str] = mapped_column(Code(40))
    member: Mapped[str | None] = mapped_column(Code(40))
    side: Mapped[str] = mapped_column(Code(10))
    """The side that looked; a broker counts for the side it serves."""
    broker: Mapped[bool]
    stage: Mapped[str] = mapped_column(Code(20))
    field: Mapped[str] = mapped_column(Code(40))
    subject: Mapped[str] = mapped_column(Code(40))
    subject_version: Mapped[int]
    at: Mapped[int] = mapped_column(Instant)


class Broker(Base):
    """A technology manager (技术经理人): a member of an organisation, accredited at a level from one day to another."""

    __tablename__ = "broker"

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    member_id: Mapped[str] = mapped_column(Code(40), ForeignKey("member.id"))
    organisation_id: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    level: Mapped[str] = mapped_column(Code(40))
    certificate_no: Mapped[str | None] = mapped_column(LongText)
    valid_from: Mapped[date] = mapped_column(CivilDate)
    valid_to: Mapped[date | None] = mapped_column(CivilDate)
    ended_on: Mapped[date | None] = mapped_column(CivilDate)
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)


class Brokerage(Base):
    """That a broker serves one side of a dealing, from one version of it until another (`until`): attribution and hand-over."""

    __tablename__ = "dealing_broker"
    __table_args__ = (Index("ix_dealing_broker_organisation_id", "organisation_id", "dealing_id"),)

    dealing_id: Mapped[str] = mapped_column(Code(40), ForeignKey("dealing.id"), primary_key=True)
    since: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    side: Mapped[str] = mapped_column(Code(10))
    broker_id: Mapped[str] = mapped_column(Code(40), ForeignKey("broker.id"))
    organisation_id: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    until: Mapped[int | None]


class Profile(Base):
    """What an organisation says of itself to those who don't know it yet: its size class (企业规模)."""

    __tablename__ = "dealing_profile"

    organisation_id: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"), primary_key=True)
    size_class: Mapped[str | None] = mapped_column(Code(40))
    version: Mapped[int]
