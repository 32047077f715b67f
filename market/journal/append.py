"""Writing the journal: `append` inside a unit of work; the events get their seq, instant and chain hash at the seal.

The head row is the last lock of a unit, so seq order is commit order: the chain has no gap and a reader misses nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Executable, select

from market.journal.model import JournalEntry, JournalHead, JournalPersonal
from market.store.session import Unit
from market.store.types import canonical, civil_date, month_of, now

GENESIS = bytes(32)
"""Chain hash before the first event."""


@dataclass(frozen=True)
class Stamp:
    """What the seal gives an event."""

    seq: int
    recorded_at: int
    rec_month: int


@dataclass
class Event:
    """One change: what happened to which version of which subject, with the full new version as payload.

    `personal` holds personal data (names of natural persons, contacts), kept apart and erasable. No key or token may stand in
    either. `stamp` is set at the seal.
    """

    kind: str
    subject: str
    version: int
    payload: dict[str, Any]
    personal: dict[str, Any] | None = None
    reason: str | None = None
    occurred_on: date | None = None
    stamp: Stamp | None = None


def append(unit: Unit, event: Event) -> Event:
    """Queue an event for the seal of this unit and answer it."""
    unit.pending.setdefault("events", []).append(event)
    unit.at_seal(seal)
    return event


def seal(unit: Unit) -> None:
    """Lock the head, stamp and chain all queued events; they and the new head are among the last writes."""
    head = unit.execute(_lock_head()).one()
    recorded_at = max(head.recorded_at, now())
    day = civil_date(recorded_at)
    seq, chain = head.seq, head.hash
    entries, personal = [], []
    for event in unit.pending["events"]:
        seq += 1
        event.stamp = Stamp(seq, recorded_at, month_of(day))
        payload = canonical(event.payload)
        entry = {
            "seq": seq,
            "recorded_at": recorded_at,
            "rec_month": month_of(day),
            "occurred_on": event.occurred_on or day,
            "actor_organisation": unit.actor.organisation,
            "actor_key": unit.actor.key,
            "channel": unit.channel,
            "kind": event.kind,
            "subject": event.subject,
            "subject_version": event.version,
            "reason": event.reason,
            "payload": payload.decode(),
            "personal_digest": None,
            "digest": payload_digest(payload),
        }
        if event.personal:
            salt, text = secrets.token_bytes(16), canonical(event.personal)
            entry["personal_digest"] = salted_digest(salt, text)
            personal.append({"seq": seq, "salt": salt, "payload": text.decode()})
        entry["hash"] = chain = chain_hash(chain, entry)
        entries.append(entry)
    unit.last.append(("insert", JournalEntry, entries))
    if personal:
        unit.last.append(("insert", JournalPersonal, personal))
    unit.last.append(("update", JournalHead, [{"seq": seq, "recorded_at": recorded_at, "hash": chain}]))


@cache
def _lock_head() -> Executable:
    """Made once, for every unit."""
    return select(JournalHead.seq, JournalHead.recorded_at, JournalHead.hash).with_for_update()


def payload_digest(payload: bytes) -> bytes:
    """Digest of an event's canonical payload."""
    return hashlib.sha256(b"payload\0" + payload).digest()


def salted_digest(salt: bytes, payload: bytes) -> bytes:
    """Digest of an event's personal part; without the salt it says nothing about the content."""
    return hashlib.sha256(b"personal\0" + salt + payload).digest()


_ENVELOPE = "seq recorded_at rec_month actor_organisation actor_key channel kind subject subject_version reason".split()


def chain_hash(previous: bytes, entry: Any) -> bytes:
    """Hash of an entry (mapping of its columns) chained to the hash before it; covers every column of the row."""
    envelope = [entry[name] for name in _ENVELOPE]
    envelope += [entry["occurred_on"].isoformat(), entry["digest"].hex(), (entry["personal_digest"] or b"").hex()]
    return hashlib.sha256(b"entry\0" + previous + canonical(envelope)).digest()
