"""Reading the journal: its head, the events of a subject, and the check that nothing was altered.

`verify` finds any altered, missing, added or reordered row, and a cut-off tail as long as the head row or an `expect` from
outside is honest. It cannot find a journal rewritten whole together with its head: keep `seq:hash` somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import RowMapping, select

from market.errors import NotFound
from market.journal.append import GENESIS, chain_hash, payload_digest, salted_digest
from market.journal.model import JournalEntry, JournalHead, JournalPersonal
from market.store.session import Unit

CHUNK = 2000


@dataclass(frozen=True)
class Head:
    """The latest event: `str()` is the `seq:hash` to keep outside."""

    seq: int
    recorded_at: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


def head(unit: Unit) -> Head:
    """The kept head; NotFound when somebody removed it."""
    kept = _kept_head(unit)
    if kept is None:
        raise NotFound("The journal's kept head is missing.")
    return kept


def _kept_head(unit: Unit) -> Head | None:
    row = unit.execute(select(JournalHead.seq, JournalHead.recorded_at, JournalHead.hash)).first()
    return None if row is None else Head(row.seq, row.recorded_at, row.hash)


def entries(unit: Unit, *, kinds: tuple[str, ...] | None = None, after: int = 0) -> Iterator[RowMapping]:
    """Every entry (of these kinds) in seq order, with its personal part, read in chunks."""
    statement = (
        select(
            JournalEntry.__table__,
            JournalPersonal.seq.label("personal_seq"),
            JournalPersonal.salt,
            JournalPersonal.payload.label("personal"),
        )
        .outerjoin(JournalPersonal, JournalPersonal.seq == JournalEntry.seq)
        .order_by(JournalEntry.seq)
        .limit(CHUNK)
    )
    if kinds:
        statement = statement.where(JournalEntry.kind.in_(kinds))
    while rows := unit.execute(statement.where(JournalEntry.seq > after)).mappings().all():
        yield from rows
        after = rows[-1]["seq"]


def payload(entry: RowMapping) -> dict[str, Any]:
    """The full version an entry recorded."""
    value: dict[str, Any] = orjson.loads(entry["payload"])
    return value


def verify(unit: Unit, expect: str | None = None) -> list[str]:
    """Walk the whole chain; answer every break found, in words (empty: all is well). Run in a snapshot."""
    breaks: list[str] = []
    seq, chain, instant = 0, GENESIS, 0
    expected_seq, _, expected_hash = (expect or "").partition(":")
    for entry in entries(unit):
        seq += 1
        if entry["seq"] != seq:
            breaks.append(f"seq {seq} is missing: {entry['seq']} follows {seq - 1}")
            seq = entry["seq"]
        if entry["recorded_at"] < instant:
            breaks.append(f"seq {seq}: recorded before its predecessor")
        if payload_digest(entry["payload"].encode()) != entry["digest"]:
            breaks.append(f"seq {seq}: the payload was altered")
        breaks += _personal_breaks(entry)
        if chain_hash(chain, entry) != entry["hash"]:
            breaks.append(f"seq {seq}: the entry, or one before it, was altered")
        chain, instant = entry["hash"], entry["recorded_at"]
        if expected_seq == str(seq) and chain.hex() != expected_hash:
            breaks.append(f"seq {seq}: the hash is not the expected one")
    kept = _kept_head(unit)
    if kept is None:
        breaks.append("the kept head is missing")
    elif (kept.seq, kept.hash) != (seq, chain):
        breaks.append(f"the journal ends at seq {seq}, its kept head at {kept.seq}")
    if expected_seq and (not expected_seq.isdigit() or not 0 < int(expected_seq) <= seq):
        breaks.append(f"the expected seq {expected_seq} is not in the journal")
    return breaks


def _personal_breaks(entry: RowMapping) -> list[str]:
    if (entry["personal_digest"] is None) != (entry["personal_seq"] is None):
        return [f"seq {entry['seq']}: the personal part is missing or was added"]
    if entry["salt"] is None and entry["personal"] is None:
        return []
    if salted_digest(entry["salt"] or b"", (entry["personal"] or "").encode()) != entry["personal_digest"]:
        return [f"seq {entry['seq']}: the personal part was altered"]
    return []
