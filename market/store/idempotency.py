"""Replies kept with the key under which a client asked, so that asking again answers again instead of acting again.

`claim` comes first in a writing unit, `keep` last: key, change and reply are stored in the same transaction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cache

from sqlalchemy import LargeBinary, Update, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from market.errors import Conflict, Invalid
from market.store import dialect
from market.store.base import Base
from market.store.session import Unit
from market.store.types import Code, Instant, now


class IdempotencyKey(Base):
    """A client's key within its scope (organisation or `public`, method, path)."""

    __tablename__ = "idempotency_key"

    scope: Mapped[str] = mapped_column(Code(200), primary_key=True)
    key: Mapped[str] = mapped_column(Code(200), primary_key=True)
    body_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(Code(200))
    etag: Mapped[str | None] = mapped_column(Code(80))
    reply: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[int] = mapped_column(Instant, index=True)


@dataclass(frozen=True)
class KeptReply:
    """A reply as it was first given."""

    status: int
    location: str | None
    etag: str | None
    reply: bytes


def claim(unit: Unit, scope: str, key: str, body_digest: bytes) -> KeptReply | None:
    """Take the key for this unit (None), or answer the reply it already has.

    Waits for a concurrent holder (Busy when the bounded wait runs out). Raises Invalid `idempotency-key-reused` when the key was
    used with another body, Conflict `secret-already-shown` when the first reply held a secret, which is never stored.
    """
    row = {"scope": scope, "key": key, "body_digest": body_digest, "created_at": now()}
    if dialect.insert_missing(unit.connection, IdempotencyKey, row):
        return None
    kept = unit.execute(select(IdempotencyKey).where(IdempotencyKey.scope == scope, IdempotencyKey.key == key)).one()
    if kept.body_digest != body_digest:
        raise Invalid("This idempotency key was used with another request body.", code="idempotency-key-reused")
    if kept.reply is None:
        raise Conflict("The first reply held a secret that is shown only once.", code="secret-already-shown")
    return KeptReply(kept.status, kept.location, kept.etag, kept.reply)


def keep(unit: Unit, scope: str, key: str, reply: KeptReply) -> None:
    """Store the reply of the unit that claimed the key. A reply with a secret is not kept: just don't call this."""
    unit.execute(_keep(), {"in_scope": scope, "with_key": key, **asdict(reply)})


@cache
def _keep() -> Update:
    """Made once: making a statement costs several times what running it costs."""
    this = (IdempotencyKey.scope == bindparam("in_scope"), IdempotencyKey.key == bindparam("with_key"))
    return update(IdempotencyKey).where(*this).values({each.name: bindparam(each.name) for each in fields(KeptReply)})
