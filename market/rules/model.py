"""Tables of what regulation says, version by version, and of the days on which the public service works."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, LongText


class RuleEntry(Base):
    """A rule (规则) from one day to another; `SINCE_EVER` stands for a first day that is not known.

    What the operator has `edited` is not overwritten by a later load of the shipped rules.
    """

    __tablename__ = "rule"

    code: Mapped[str] = mapped_column(Code(60), primary_key=True)
    valid_from: Mapped[date] = mapped_column(CivilDate, primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(CivilDate)
    kind: Mapped[str] = mapped_column(Code(20))
    value: Mapped[str] = mapped_column(LongText)
    unit: Mapped[str] = mapped_column(Code(20))
    name_zh: Mapped[str] = mapped_column(LongText)
    name_en: Mapped[str] = mapped_column(LongText)
    source: Mapped[str] = mapped_column(LongText)
    reference: Mapped[str] = mapped_column(LongText)
    status: Mapped[str] = mapped_column(Code(12))
    note: Mapped[str] = mapped_column(LongText)
    edited: Mapped[bool]


class CalendarDay(Base):
    """A day that is a holiday (节假日) or a working day at a weekend (调休上班); all others follow the week."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(CivilDate, primary_key=True)
    working: Mapped[bool]
    name_zh: Mapped[str] = mapped_column(LongText)
    name_en: Mapped[str] = mapped_column(LongText)


class CalendarYear(Base):
    """A year whose calendar is known whole, and from whom. One that the operator `edited` stays as it is."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(LongText)
    edited: Mapped[bool]
