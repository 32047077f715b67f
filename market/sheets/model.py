"""The tables of sheets: what was handed in, its rows with what came of them, and which content stands already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code, Instant, Json


class SheetBatch(Base):
    """A sheet (批量申请表) somebody handed in, and how far its rows are. No business record: what comes of it are applications.

    `wanted` says which rows are to be taken: `none` (dry run), `good`, or `all` or nothing. `columns` are the fields of the
    sheet's columns; `position` is the last line the present pass has done.
    """

    __tablename__ = "sheet_batch"
    __table_args__ = (Index("ix_sheet_batch_organisation", "organisation", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    organisation: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    office: Mapped[str | None] = mapped_column(Code(40))
    sha256: Mapped[str] = mapped_column(Code(64))
    wanted: Mapped[str] = mapped_column(Code(8))
    state: Mapped[str] = mapped_column(Code(12))
    columns: Mapped[Any] = mapped_column(Json)
    position: Mapped[int]
    lines: Mapped[int]
    checked: Mapped[int]
    good: Mapped[int]
    bad: Mapped[int]
    standing: Mapped[int]
    taken: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)
    updated_at: Mapped[int] = mapped_column(Instant)


class SheetRow(Base):
    """A line of a sheet. Cells are kept until they are checked, content until it is taken; then only what came of it."""

    __tablename__ = "sheet_row"
    __table_args__ = (
        Index("ix_sheet_row_outcome", "batch_id", "outcome", "line"),
        Index("ix_sheet_row_digest", "batch_id", "digest", "line"),
    )

    batch_id: Mapped[str] = mapped_column(Code(40), ForeignKey("sheet_batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(Code(12))
    cells: Mapped[Any | None] = mapped_column(Json)
    content: Mapped[Any | None] = mapped_column(Json)
    office: Mapped[str | None] = mapped_column(Code(40))
    digest: Mapped[str | None] = mapped_column(Code(64))
    case_id: Mapped[str | None] = mapped_column(Code(40))
    notes: Mapped[Any] = mapped_column(Json)


class SheetEntry(Base):
    """Content that an organisation brought in by a sheet, and the application it became: the same row makes no second one."""

    __tablename__ = "sheet_entry"

    organisation: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(Code(64), primary_key=True)
    case_id: Mapped[str] = mapped_column(Code(40), ForeignKey("registration_case.id"))
