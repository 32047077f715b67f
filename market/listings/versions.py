"""Every version of a listing, as the journal keeps it: one of them, all, the difference of two, and how it stood at an instant.

Owner and administrators read all. Others read of what they may see now those versions that everybody saw then, and of what is or
was anonymous neither owner nor exact place nor files: an edit does not unsay what was public, but withdrawing does. What talks
and contracts made of it others learn by the day: of two listings that change in the same moment they would learn who met whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import RowMapping, Select, or_, select

from market.errors import Invalid, NotFound
from market.files import queries as files
from market.journal.model import JournalEntry, JournalPersonal
from market.listings.model import Listing
from market.listings.queries import find, one, sees_all_of, shown
from market.listings.states import LIVE, state_of
from market.places.queries import tree
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import SHANGHAI, civil_date, instant_text, today, yuan

_SORT = Sort((JournalEntry.seq,), ("seq",))
_QUIET = ("listing.matched", "listing.unmatched", "listing.closed", "listing.reopened")
"""What talks and contracts made of it."""
_LEFT_OUT = ("contact", "tag_path", "place_path", "ordered_at")
_RECORDED = tuple(column.name for column in Listing.__table__.columns if column.name not in _LEFT_OUT)
_DAYS = ("ready_on", "valid_until", "matched_on", "closed_on")
_MOMENTS = tuple(name for name in _RECORDED if name.endswith("_at"))
_LISTS = ("indicators", "ip_numbers", "attachments")
_COMPARED = (
    *("state", "title", "summary", "fields", "keywords", "place", "modes", "maturity", "amount_fen", "negotiable"),
    *("ready_on", "valid_until", "contact", "anonymous", "problem", "indicators", "better_than", "ip_ownership"),
    *("solver_conditions", "ip_type", "ip_numbers", "stage", "appraisal", "attachments"),
)
_NAMES = {
    "achievement": {"amount_fen": "price", "ready_on": "available_from"},
    "demand": {"amount_fen": "budget", "ready_on": "needed_by"},
}
"""Names on the wire that differ from the columns'."""


def as_payload(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A version as its event keeps it; the contact is personal and kept apart."""
    told = {name: row[name] for name in _RECORDED}
    return (
        told
        | {name: told[name] and date.isoformat(told[name]) for name in _DAYS}
        | {name: told[name] and instant_text(told[name]) for name in _MOMENTS}
    )


def _as_row(event: Mapping[Any, Any]) -> dict[str, Any]:
    """A version as the table had it. What an event of before a column does not know is empty."""
    told = dict.fromkeys(_RECORDED) | {name: [] for name in _LISTS} | orjson.loads(event["payload"])
    personal = orjson.loads(event["personal"] or "{}")
    told |= {name: told[name] and date.fromisoformat(told[name]) for name in _DAYS}
    told |= {name: told[name] and _micros(datetime.fromisoformat(told[name])) for name in _MOMENTS}
    moments = {name: told[name] or event["recorded_at"] for name in ("created_at", "updated_at")}
    return {**told, **moments, "contact": personal.get("contact")}


def read(unit: Unit, kind: str, listing_id: str, as_of: str | None) -> dict[str, Any]:
    """A listing as it stands, or stood at an instant or at the end of a day."""
    return find(unit, kind, listing_id) if as_of is None else _as_of(unit, kind, listing_id, as_of)


def page_of_versions(unit: Unit, kind: str, listing_id: str, *, cursor: str | None, limit: int) -> Page:
    """The versions of a listing that the actor may read, oldest first; a page may hold fewer than its limit."""
    present = one(unit, kind, listing_id)
    events = _events(listing_id)
    if not sees_all_of(unit.actor, present):
        events = events.where(JournalEntry.kind.not_in(_QUIET))
    page = fetch_page(unit, events, _SORT, ["versions", listing_id], cursor, limit)
    found = [(row._mapping, _as_row(row._mapping)) for row in page.rows]
    return Page([_told(event, row) for event, row in found if _readable(unit, present, event, row)], page.next)


def version_of(unit: Unit, kind: str, listing_id: str, version: str) -> dict[str, Any]:
    """One version as it stood when it was made; NotFound when there is none that the actor may read."""
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0
    return _version(unit, one(unit, kind, listing_id), number)


def _as_of(unit: Unit, kind: str, listing_id: str, moment: str) -> dict[str, Any]:
    present = one(unit, kind, listing_id)
    instant = _instant(moment)
    latest = _events(listing_id).where(JournalEntry.recorded_at <= instant)
    if not sees_all_of(unit.actor, present):
        latest = latest.where(
            or_(JournalEntry.kind.not_in(_QUIET), JournalEntry.recorded_at < _begin(civil_date(instant)))
        )
    event = unit.execute(latest.order_by(JournalEntry.seq.desc()).limit(1)).mappings().first()
    return _seen(unit, present, event, civil_date(instant))


def file_of(unit: Unit, kind: str, listing_id: str, file_id: str) -> RowMapping:
    """A file with its `content`: others get what the listing shows them now, its owner whatever it ever had."""
    present = one(unit, kind, listing_id)
    told = shown(present, unit.actor, tree(unit), today())["attachments"]
    if not sees_all_of(unit.actor, present) and file_id not in [each["id"] for each in told]:
        raise NotFound("There is no such file.")
    return files.find(unit, listing_id, file_id)


def difference(unit: Unit, kind: str, listing_id: str, first: int, second: int) -> dict[str, Any]:
    """What differs between two versions that the actor may read, field by field, under the names of the wire."""
    present = one(unit, kind, listing_id)
    before, after = (_version(unit, present, number) for number in (first, second))
    changes = [
        {
            "field": _NAMES[kind].get(name, name),
            "before": _plain(name, before[name]),
            "after": _plain(name, after[name]),
        }
        for name in _COMPARED
        if before[name] != after[name]
    ]
    return {"from": first, "to": second, "changes": changes}


def _version(unit: Unit, present: RowMapping, number: int) -> dict[str, Any]:
    this = _events(present["id"]).where(JournalEntry.subject_version == number)
    event = unit.execute(this).mappings().first()
    return _seen(unit, present, event, None if event is None else civil_date(event["recorded_at"]))


def _seen(unit: Unit, present: RowMapping, event: RowMapping | None, day: date | None) -> dict[str, Any]:
    """A version on a day as the actor may see it."""
    if event is not None and day is not None:
        row = _as_row(event)
        if _readable(unit, present, event, row, day):
            hidden = row["anonymous"] or present["anonymous"]
            stood = {**row, "anonymous": hidden, "owner_name": present["owner_name"]}
            return shown(stood, unit.actor, tree(unit), day) | {"anonymous": row["anonymous"]}
    raise NotFound("There is no such version.")


def _readable(
    unit: Unit, present: Mapping[Any, Any], event: Mapping[Any, Any], row: Mapping[str, Any], day: date | None = None
) -> bool:
    return sees_all_of(unit.actor, present) or state_of(row, day or civil_date(event["recorded_at"])) in LIVE


def _told(event: Mapping[Any, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": event["subject_version"],
        "kind": event["kind"],
        "recorded_at": event["recorded_at"],
        "state": state_of(row, civil_date(event["recorded_at"])),
        "title": row["title"],
    }


def _events(listing_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            JournalEntry.seq,
            JournalEntry.kind,
            JournalEntry.subject_version,
            JournalEntry.recorded_at,
            JournalEntry.payload,
            JournalPersonal.payload.label("personal"),
        )
        .outerjoin(JournalPersonal, JournalPersonal.seq == JournalEntry.seq)
        .where(JournalEntry.subject == listing_id, JournalEntry.kind.startswith("listing."))
    )


def _instant(moment: str) -> int:
    """The last microsecond of a day, or an instant."""
    try:
        if len(moment) == 10:
            return _begin(date.fromisoformat(moment) + timedelta(days=1)) - 1
        instant = _micros(datetime.fromisoformat(moment))
        civil_date(instant)  # one at the edge of the calendar may have none
        return instant
    except (ValueError, OverflowError):
        message = "A day (2026-01-31: its end in Asia/Shanghai) or an instant (2026-01-31T16:00:00Z)."
        raise Invalid.field("/as_of", "bad-as-of", message) from None


def _begin(day: date) -> int:
    return _micros(datetime.combine(day, datetime.min.time(), SHANGHAI))


def _micros(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return (moment - datetime.fromtimestamp(0, moment.tzinfo)) // timedelta(microseconds=1)


def _plain(name: str, value: Any) -> Any:
    """A fact as the wire has it."""
    if name == "amount_fen" and value is not None:
        return yuan(value)
    return value.isoformat() if isinstance(value, date) else value
