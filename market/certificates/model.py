"""The keys that sign certificates. A certificate itself is no row: it follows from a version of a contract in the journal."""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code, Instant


class CertificateKey(Base):
    """An Ed25519 key pair. The newest that is not retired signs; a retired one keeps its public half only."""

    __tablename__ = "certificate_key"

    serial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Code(20), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[int] = mapped_column(Instant)
    retired_at: Mapped[int | None] = mapped_column(Instant)
    compromised_at: Mapped[int | None] = mapped_column(Instant)
