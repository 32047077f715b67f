"""The table of places: administrative divisions (行政区划) with the years in which each code meant what."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code


class PlacePeriod(Base):
    """What a GB/T 2260 code meant from `first_year` (0: unknown) to `last_year` (null: it still does)."""

    __tablename__ = "place_period"
    __table_args__ = (Index("ix_place_period_parent", "parent", "code"),)

    code: Mapped[str] = mapped_column(Code(6), primary_key=True)
    first_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_year: Mapped[int | None]
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str | None] = mapped_column(String(80))
    name_key: Mapped[str | None] = mapped_column(String(80))
    """The English name in lower case, for look-ups."""
    level: Mapped[str] = mapped_column(Code(12))
    parent: Mapped[str | None] = mapped_column(Code(6))
    kind: Mapped[str] = mapped_column(String(20))
    successor: Mapped[str | None] = mapped_column(Code(6))
    source: Mapped[str] = mapped_column(String(200))
