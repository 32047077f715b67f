"""What owners say of the matches they were shown."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code, Instant, LongText


class MatchFeedback(Base):
    """What the owner of `listing` says of its match `other`: useful, not for us because of `reason`, or contested (answered by
    the operator). `score` (millionths) and `ranker` are those of that moment. It never changes a ranking."""

    __tablename__ = "match_feedback"
    __table_args__ = (
        CheckConstraint("verdict IN ('useful', 'not_for_us', 'contested')", name="verdict"),
        CheckConstraint("(verdict = 'not_for_us') = (reason IS NOT NULL)", name="reason"),
        Index("ix_match_feedback_organisation_created_at_id", "organisation", "created_at", "id"),
        Index("ix_match_feedback_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    listing: Mapped[str] = mapped_column(Code(40), ForeignKey("listing.id"))
    other: Mapped[str] = mapped_column(Code(40), ForeignKey("listing.id"))
    organisation: Mapped[str] = mapped_column(Code(40))
    version: Mapped[int]
    verdict: Mapped[str] = mapped_column(Code(20))
    reason: Mapped[str | None] = mapped_column(Code(40))
    note: Mapped[str | None] = mapped_column(LongText)
    ranker: Mapped[str] = mapped_column(Code(40))
    score: Mapped[int]
    answer: Mapped[str | None] = mapped_column(LongText)
    created_at: Mapped[int] = mapped_column(Instant)
    answered_at: Mapped[int | None] = mapped_column(Instant)
