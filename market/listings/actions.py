"""What is done with achievements (科技成果) and demands (技术需求): post, edit, publish, withdraw; each is a journal event.

Facts come in under the names of the model's columns. A listing belongs to the organisation of the actor who posted it, and only
that organisation may change it. Whoever may not see it is told that it does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, delete, insert, select, update

from market.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, check, check_version
from market.fields.queries import catalogue, code_lists
from market.journal.append import Event, append
from market.listings.model import FAR_AWAY, Listing, ListingEntry
from market.listings.queries import Viewer, bindings, shown, state_of, viewer, visible_to
from market.places.queries import tree
from market.store.session import Unit
from market.store.types import instant_text, new_id, now, today

_DEFAULTS: dict[str, Any] = {
    "keywords": [],
    "place": None,
    "modes": [],
    "maturity": None,
    "amount_fen": None,
    "negotiable": False,
    "ready_on": None,
    "valid_until": None,
    "contact": None,
    "anonymous": False,
}
FACTS = ("title", "summary", "fields", *_DEFAULTS)
"""What an owner says of a listing."""
_PREFIXES = {"achievement": "ach", "demand": "dem"}
_INDEXED = ("fields", "place", "anonymous", "valid_until", "published_at", "withdrawn_at")
"""What the entries are made of."""
_CHUNK = 500


def post(unit: Unit, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Store a new achievement or demand: title, summary, fields, else of `FACTS`, and `publish`; as its owner sees it."""
    [row] = post_all(unit, kind, [facts])
    return shown({**row, "owner_name": unit.actor.name}, unit.actor, tree(unit), today())


def post_all(unit: Unit, kind: str, many: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Store many new listings of one kind; their rows."""
    rows, instant = [], now()
    for facts in many:
        rows.append(
            _with_paths(
                unit,
                {
                    **_checked(unit, kind, {**_DEFAULTS, **facts}, FACTS),
                    "id": new_id(_PREFIXES[kind]),
                    "kind": kind,
                    "owner": unit.actor.organisation,
                    "version": 1,
                    "created_at": instant,
                    "updated_at": instant,
                    "published_at": instant if facts.get("publish") else None,
                    "withdrawn_at": None,
                    "ordered_at": instant,
                },
            )
        )
    unit.execute(insert(Listing), rows)
    _enter(unit, rows)
    for row in rows:
        _record(unit, row, "listing.published" if row["published_at"] else "listing.drafted")
    return rows


def edit(unit: Unit, kind: str, listing_id: str, changes: Mapping[str, Any], expected: int | None) -> None:
    """Change some facts of one's own listing, whatever its state; a change of nothing leaves its version."""
    row = _own(unit, kind, listing_id, expected)
    facts = {name: row[name] for name in FACTS}
    checked = _checked(unit, kind, {**facts, **changes}, changes)
    if checked != facts:
        _store(unit, row, checked, "listing.edited")


def publish(unit: Unit, kind: str, listing_id: str, expected: int | None) -> None:
    """Show one's own draft, or what one has withdrawn, to everybody. Raises Conflict `already-published`."""
    row = _own(unit, kind, listing_id, expected)
    if state_of(row, today()) == "published":
        raise Conflict("It is published already.", code="already-published")
    if row["valid_until"] is not None and row["valid_until"] < today():
        raise Invalid.field("/valid_until", "in-the-past", "Its validity has ended; give it a later day first.")
    instant = now()
    _store(unit, row, {"published_at": instant, "ordered_at": instant, "withdrawn_at": None}, "listing.published")


def withdraw(unit: Unit, kind: str, listing_id: str, expected: int | None) -> None:
    """Take one's own published or expired listing back. Raises Conflict `not-published` or `already-withdrawn`."""
    row = _own(unit, kind, listing_id, expected)
    state = state_of(row, today())
    if state == "draft":
        raise Conflict("A draft is not published.", code="not-published")
    if state == "withdrawn":
        raise Conflict("It is withdrawn already.", code="already-withdrawn")
    _store(unit, row, {"withdrawn_at": now()}, "listing.withdrawn")


def reindex(unit: Unit) -> int:
    """Make all entries anew, as after a load of new fields or places; how many listings have some."""
    unit.execute(delete(ListingEntry))
    listed, after = 0, ""
    statement = select(Listing.__table__).order_by(Listing.id).limit(_CHUNK)
    paths = update(Listing).where(Listing.id == bindparam("this"))
    paths = paths.values(tag_path=bindparam("tags"), place_path=bindparam("places"))
    while rows := unit.execute(statement.where(Listing.id > after)).mappings().all():
        fresh = [_with_paths(unit, row) for row in rows]
        unit.execute(
            paths,
            [{"this": row["id"], "tags": row["tag_path"], "places": row["place_path"]} for row in fresh],
        )
        _enter(unit, fresh)
        listed, after = listed + sum(map(_is_listed, fresh)), rows[-1]["id"]
    return listed


@cache
def _locked(seen_by: Viewer) -> Select[Any]:
    return (
        visible_to(seen_by)
        .add_columns(Listing.tag_path, Listing.place_path)
        .where(Listing.id == bindparam("id"), Listing.kind == bindparam("kind"))
        .with_for_update(of=Listing)
    )


def _own(unit: Unit, kind: str, listing_id: str, expected: int | None) -> RowMapping:
    given = {**bindings(unit.actor), "id": listing_id, "kind": kind}
    row = unit.execute(_locked(viewer(unit.actor)), given).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no such {kind}.")
    if row["owner"] != unit.actor.organisation:
        raise Forbidden("Only its owner may change it.", code="not-owner")
    check_version(row["version"], expected)
    return row


def judge_achievement(unit: Unit, facts: Mapping[str, Any]) -> list[FieldError]:
    """Every rule broken by what is given of a new achievement; what is not given is not missed."""
    return _judge(unit, "achievement", facts, facts)


def judge_demand(unit: Unit, facts: Mapping[str, Any]) -> list[FieldError]:
    """Every rule broken by what is given of a new demand; what is not given is not missed."""
    return _judge(unit, "demand", facts, facts)


def _judge(unit: Unit, kind: str, facts: Mapping[str, Any], given: Collection[str]) -> list[FieldError]:
    """Every broken rule. Codes and days are judged only if `given` now."""
    errors: list[FieldError] = []
    fields, lists, places, day = catalogue(unit), code_lists(unit), tree(unit), today()
    for index, tag in enumerate(facts["fields"] if "fields" in given else ()):
        if fields.find(tag) is None:
            errors.append(FieldError(f"/fields/{index}", "unknown-value", "There is no such field."))
    for index, mode in enumerate(facts["modes"] if "modes" in given else ()):
        if not lists.has("cooperation_mode", mode):
            errors.append(FieldError(f"/modes/{index}", "unknown-value", "There is no such cooperation mode."))
    place = facts["place"] if "place" in given else None
    if place is not None and places.present(place) is None:
        message = places.missing(place) if places.find(place) is None else "There is no such place today."
        errors.append(FieldError("/place", "unknown-value", message))
    if facts.get("negotiable") and facts.get("amount_fen") is not None:
        errors.append(FieldError("/negotiable", "amount-given", "Either an amount or negotiable."))
    ready, end = facts.get("ready_on"), facts.get("valid_until")
    if "valid_until" in given and end is not None and end < day:
        errors.append(FieldError("/valid_until", "in-the-past", "Not before today."))
    elif kind == "achievement" and ready is not None and end is not None and end < ready:
        errors.append(FieldError("/valid_until", "end-before-start", "Not before available_from."))
    if kind == "demand" and "ready_on" in given and ready is not None and ready < day:
        errors.append(FieldError("/needed_by", "in-the-past", "Not before today."))
    return errors


def _checked(unit: Unit, kind: str, facts: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """The facts in their one spelling; every wrong one is refused."""
    check(_judge(unit, kind, facts, given), f"The {kind} breaks a rule.")
    checked = {name: facts[name] for name in FACTS}
    if "fields" in given:
        checked["fields"] = catalogue(unit).without_ancestors(facts["fields"])
    if "modes" in given:
        checked["modes"] = list(dict.fromkeys(facts["modes"]))
    checked["keywords"] = list(dict.fromkeys(facts["keywords"]))
    if facts["place"] is None:
        checked["place"] = unit.actor.place
    return checked


def _with_paths(unit: Unit, row: Mapping[Any, Any]) -> dict[str, Any]:
    return {**row, "tag_path": [*_depths(unit, row)], "place_path": [*tree(unit).lineage(row["place"] or "")]}


def _depths(unit: Unit, row: Mapping[Any, Any]) -> dict[str, int]:
    """Every tag and ancestor with its distance from the nearest own tag."""
    fields = catalogue(unit)
    depths: dict[str, int] = {}
    for tag in fields.without_ancestors(row["fields"]):
        for depth, above in enumerate(fields.lineage(tag)):
            depths[above] = min(depth, depths.get(above, depth))
    return depths


def _enter(unit: Unit, rows: Iterable[Mapping[Any, Any]]) -> None:
    """Let those of `rows` that are published be found."""
    if entries := [entry for row in rows if _is_listed(row) for entry in _entries(unit, row)]:
        unit.execute(insert(ListingEntry), entries)


def _entries(unit: Unit, row: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Where a published listing is found."""
    places = tree(unit)
    shown = [code for code in row["place_path"] if not row["anonymous"] or places.at_level(code, "county") is None]
    return [
        {
            "kind": row["kind"],
            "tag": tag,
            "place": place,
            "published_at": row["published_at"],
            "listing_id": row["id"],
            "depth": depth,
            "expires_on": row["valid_until"] or FAR_AWAY,
        }
        for tag, depth in {"": 0, **_depths(unit, row)}.items()
        for place in ("", *shown)
    ]


def _is_listed(row: Mapping[Any, Any]) -> bool:
    return row["published_at"] is not None and row["withdrawn_at"] is None


def _store(unit: Unit, old: Mapping[Any, Any], changes: Mapping[str, Any], event: str) -> None:
    """Write the new version, move its entries, record it."""
    new = _with_paths(unit, {**old, **changes, "version": old["version"] + 1, "updated_at": now()})
    values = {name: value for name, value in new.items() if name != "owner_name" and value != old[name]}
    unit.execute(update(Listing).where(Listing.id == old["id"]).values(values))
    if any(name in values for name in (*_INDEXED, "tag_path", "place_path")):
        if _is_listed(old):
            unit.execute(
                delete(ListingEntry).where(
                    ListingEntry.kind == old["kind"],
                    ListingEntry.tag.in_(["", *old["tag_path"]]),
                    ListingEntry.place.in_(["", *old["place_path"]]),
                    ListingEntry.published_at == old["published_at"],
                    ListingEntry.listing_id == old["id"],
                )
            )
        _enter(unit, [new])
    _record(unit, new, event)


def _record(unit: Unit, row: Mapping[Any, Any], event: str) -> None:
    payload: dict[str, Any] = {
        name: row[name] for name in ("id", "kind", "owner", "version", *FACTS) if name != "contact"
    }
    for name in ("ready_on", "valid_until"):
        payload[name] = row[name] and date.isoformat(row[name])
    for name in ("published_at", "withdrawn_at"):
        payload[name] = row[name] and instant_text(row[name])
    personal = {"contact": row["contact"]} if row["contact"] else None
    append(unit, Event(event, row["id"], row["version"], payload, personal))
