"""The number series: how many registrations an office has made in a year."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code


class NumberSeries(Base):
    """The serial an office gave last in a year. It moves in the registering transaction, so no number is lost or given twice."""

    __tablename__ = "number_series"

    office: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
