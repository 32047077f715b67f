"""The tables of achievements (科技成果) and demands (技术需求): the listings themselves, and the entries they are found by."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Dialect, ForeignKey, Index, String, Text, bindparam, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from market.store.base import Base
from market.store.types import CivilDate, Code, Fen, Instant, Json, LongText

FAR_AWAY = date(9999, 12, 31)
"""When an entry without an end expires."""


class Codes(TypeDecorator[list[str]]):
    """Column of a few codes as ` a b `, so that a plain LIKE can ask for one of them (see `holds`)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return f" {' '.join(value)} "

    def process_result_value(self, value: Any, dialect: Dialect) -> list[str]:
        return str(value).split()


def holds(column: InstrumentedAttribute[list[str]], parameter: str) -> ColumnElement[bool]:
    """Is the code whose `pattern` is bound to `parameter` one of the column's?"""
    return type_coerce(column, String).like(bindparam(parameter, type_=String), escape="/")


def pattern(code: str) -> str:
    """What `holds` asks for."""
    return f"% {code.replace('_', '/_')} %"


class Listing(Base):
    """An achievement or a demand, as its owner last left it.

    Its state is never stored but follows from its moments and days (see `market.listings.states`). `amount_fen` is the price of
    an achievement or the budget of a demand; `ready_on` is the day an achievement is available from or a demand is needed by.
    """

    __tablename__ = "listing"
    __table_args__ = (
        CheckConstraint("kind IN ('achievement', 'demand')", name="kind"),
        CheckConstraint("maturity BETWEEN 1 AND 9", name="maturity"),
        CheckConstraint("withdrawn_at IS NULL OR published_at IS NOT NULL", name="withdrawn"),
        Index("ix_listing_owner", "owner", "kind", "ordered_at", "id"),
        Index("ix_listing_submitted_at", "submitted_at", "id"),
    )

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    kind: Mapped[str] = mapped_column(Code(12))
    owner: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(LongText)
    summary: Mapped[str] = mapped_column(LongText)
    fields: Mapped[list[str]] = mapped_column(Json)
    keywords: Mapped[list[str]] = mapped_column(Json)
    place: Mapped[str | None] = mapped_column(Code(6))
    modes: Mapped[list[str]] = mapped_column(Codes)
    maturity: Mapped[int | None]
    amount_fen: Mapped[int | None] = mapped_column(Fen)
    negotiable: Mapped[bool]
    ready_on: Mapped[date | None] = mapped_column(CivilDate)
    valid_until: Mapped[date | None] = mapped_column(CivilDate)
    contact: Mapped[dict[str, Any] | None] = mapped_column(Json)
    anonymous: Mapped[bool]
    problem: Mapped[str | None] = mapped_column(LongText)
    """Of a demand: what has to be solved."""
    indicators: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """What is promised or demanded, measurably: `name`, `value`, `unit`, `better_than`."""
    better_than: Mapped[str | None] = mapped_column(LongText)
    """Of an achievement: what it does better than what there is."""
    ip_ownership: Mapped[str | None] = mapped_column(Code(40))
    """Of a demand: whose the results shall be."""
    solver_conditions: Mapped[str | None] = mapped_column(LongText)
    """Of a demand: what the solver must bring."""
    ip_type: Mapped[str | None] = mapped_column(Code(40))
    ip_numbers: Mapped[list[str]] = mapped_column(Json)
    stage: Mapped[str | None] = mapped_column(Code(40))
    """Of an achievement (成果所处阶段)."""
    appraisal: Mapped[str | None] = mapped_column(LongText)
    """Of an achievement: who judged it, when, with what result (成果评价)."""
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    """Its papers: `id`, `name`, `media`, `size`, `sha256`, `confidential`; their bytes stand in `market.files`."""
    created_at: Mapped[int] = mapped_column(Instant)
    updated_at: Mapped[int] = mapped_column(Instant)
    published_at: Mapped[int | None] = mapped_column(Instant)
    first_published_at: Mapped[int | None] = mapped_column(Instant)
    """What freshness is counted from: neither edit nor renewal nor copy begins it anew."""
    withdrawn_at: Mapped[int | None] = mapped_column(Instant)
    submitted_at: Mapped[int | None] = mapped_column(Instant)
    """It waits for a reviewer since then; not before it is published if `published_at` is empty."""
    refused_at: Mapped[int | None] = mapped_column(Instant)
    matched_on: Mapped[date | None] = mapped_column(CivilDate)
    """Its owner is in talks since then."""
    closed_on: Mapped[date | None] = mapped_column(CivilDate)
    closed_by: Mapped[str | None] = mapped_column(Code(40))
    """The contract that answered it."""
    copied_from: Mapped[str | None] = mapped_column(Code(40))
    ordered_at: Mapped[int] = mapped_column(Instant)
    """Where it stands in lists: `published_at`, for a draft `created_at`."""
    tag_path: Mapped[list[str]] = mapped_column(Codes)
    """Its tags and all their ancestors when it was last stored."""
    place_path: Mapped[list[str]] = mapped_column(Codes)
    """Its place and all that lies above."""


class ListingEntry(Base):
    """Where a published listing is found: one row for each tag or ancestor (and '' for any) and each place or ancestor (and ''
    for any).

    The key is the order of lists, so that a page is a walk along it and stays as quick as the market grows. An anonymous listing
    has no row below league (盟市) level. Withdrawn listings have no rows; those that expired are passed over by `expires_on`.
    """

    __tablename__ = "listing_entry"

    kind: Mapped[str] = mapped_column(Code(12), primary_key=True)
    tag: Mapped[str] = mapped_column(Code(80), primary_key=True)
    place: Mapped[str] = mapped_column(Code(6), primary_key=True)
    published_at: Mapped[int] = mapped_column(Instant, primary_key=True, autoincrement=False)
    listing_id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    depth: Mapped[int]
    """How far `tag` lies above the listing's own one: 0 is the own one."""
    expires_on: Mapped[date] = mapped_column(CivilDate)
