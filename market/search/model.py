"""The tables of the index of published listings: what changed lately as it came, the rest folded into segments.

A segment numbers its documents from 0. Its postings and arrays are little-endian bytes for numpy and never change, except that
`until` is emptied for documents that left, and that segments are joined into new ones.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import Code, LongText

Term = Code(100)


class SearchState(Base):
    """One row: locked by whoever folds; `generation` grows with every fold, so that readers know what they may keep in memory."""

    __tablename__ = "search_state"
    __table_args__ = (CheckConstraint("one = 1", name="one"),)

    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[int]
    next_segment: Mapped[int]


class SearchSegment(Base):
    """A run of folded documents of one kind. By document: `born` (u32, second of first publication), `until` (u16, last day it
    is shown, 0 when it left), `size` (u8, class of its length)."""

    __tablename__ = "search_segment"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(Code(12))
    born: Mapped[bytes] = mapped_column(LargeBinary)
    until: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[bytes] = mapped_column(LargeBinary)


class SearchPosting(Base):
    """The documents of a segment that have a term: `ids` (u16 each) and `weights` (u16 each: number × 256 + class of length; of a
    mark the depth)."""

    __tablename__ = "search_posting"

    term: Mapped[str] = mapped_column(Term, primary_key=True)
    segment: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """In the key, so that how many documents have a term is read from there alone."""
    ids: Mapped[bytes] = mapped_column(LargeBinary)
    weights: Mapped[bytes] = mapped_column(LargeBinary)


class SearchDocument(Base):
    """Where a folded listing stands: segment × 65,536 + number."""

    __tablename__ = "search_document"
    __table_args__ = (UniqueConstraint("place"),)

    listing_id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger)


class SearchChange(Base):
    """What the next fold takes in. A listing that came: its marks and terms in one order with their weights and digests (8 bytes
    each). One that left (`name` is `:` and its place): the rest is empty."""

    __tablename__ = "search_change"

    kind: Mapped[str] = mapped_column(Code(12), primary_key=True)
    name: Mapped[str] = mapped_column(Code(40), primary_key=True)
    born: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[int]
    marks: Mapped[str] = mapped_column(LongText)
    terms: Mapped[str] = mapped_column(LongText)
    weights: Mapped[bytes] = mapped_column(LargeBinary)
    digests: Mapped[bytes] = mapped_column(LargeBinary)
