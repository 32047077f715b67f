"""What the database says of itself: demonstration or real, and the version of its reference data."""

from __future__ import annotations

import secrets

from sqlalchemy import CheckConstraint, Connection, LargeBinary, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from market.errors import Conflict
from market.store.base import Base
from market.store.types import Code, Instant, now


class MarketInfo(Base):
    """One row, written when the market is set up and never changed.

    `demo` databases hold invented data and say so. `home_region` is the place whose statistics these are: ledger and cells were
    made relative to it.
    """

    __tablename__ = "market_info"
    __table_args__ = (CheckConstraint("one = 1", name="one"), CheckConstraint("kind IN ('demo', 'real')", name="kind"))

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Code(8))
    home_region: Mapped[str] = mapped_column(Code(6))
    cursor_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[int] = mapped_column(Instant)


class ReferenceState(Base):
    """One row whose version grows with every load of places, fields, code lists or cross-walks."""

    __tablename__ = "reference_state"
    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]


INNER_MONGOLIA = "150000"


def set_up(connection: Connection, kind: str, home_region: str = INNER_MONGOLIA) -> None:
    """Say once and for all whether this database is `demo` or `real`, and of which region it is.

    Conflict `already-set-up` if it was said before.
    """
    if connection.execute(select(MarketInfo.kind)).first() is not None:
        raise Conflict("This market is set up already.", code="already-set-up")
    connection.execute(
        insert(MarketInfo),
        {
            "one": 1,
            "kind": kind,
            "home_region": home_region,
            "cursor_key": secrets.token_bytes(32),
            "created_at": now(),
        },
    )
