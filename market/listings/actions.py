"""What is done with achievements (科技成果) and demands (技术需求): post, edit, publish, renew, copy, withdraw; each is an event.

Facts come in under the names of the model's columns. A listing belongs to the organisation of the actor who posted it, and only
that organisation may change it. Whoever may not see it is told that it does not exist. What dealings and contracts make of a
listing is recorded by `mark_matched` and `mark_closed`, whoever acts there.

`review` says whether somebody reads a listing before everybody does (`before`), afterwards (`after`) or not at all (`none`);
the reviewer's act stands in `market.listings.review`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, delete, insert, select, update

from market.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, check, check_version
from market.fields.queries import catalogue, code_lists
from market.files import actions as files
from market.journal.append import Event, append
from market.listings.completeness import blocking
from market.listings.finding import (
    field_mark,
    maturity_mark,
    mode_mark,
    owner_mark,
    place_mark,
    text_of,
    year_mark,
)
from market.listings.model import FAR_AWAY, Listing, ListingEntry
from market.listings.queries import Viewer, bindings, shown, viewer, visible_to
from market.listings.states import LIVE, is_listed, state_of
from market.listings.versions import as_payload
from market.places.queries import tree
from market.search.actions import Document, drop, put
from market.store.session import Unit
from market.store.types import civil_date, new_id, now, today

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
    "problem": None,
    "indicators": [],
    "better_than": None,
    "ip_ownership": None,
    "solver_conditions": None,
    "ip_type": None,
    "ip_numbers": [],
    "stage": None,
    "appraisal": None,
    "attachments": [],
}
FACTS = ("title", "summary", "fields", *_DEFAULTS)
"""What an owner says of a listing."""
REVIEWED = (
    *("title", "summary", "fields", "keywords", "maturity", "problem", "indicators", "better_than"),
    *("solver_conditions", "ip_type", "ip_numbers", "stage", "appraisal", "attachments"),
)
"""What a reviewer has read; when it changes, the listing waits for a reviewer again."""
_CODED = {"ip_ownership": "ip_ownership", "ip_type": "ip_type", "stage": "achievement_stage"}
"""Facts that are a code, and its list."""
_PREFIXES = {"achievement": "ach", "demand": "dem"}
_INDEXED = ("fields", "place", "anonymous", "valid_until", "published_at", "withdrawn_at", "refused_at", "closed_on")
"""What the entries are made of."""
_SEARCHED = (*_INDEXED, "title", "summary", "problem", "keywords", "modes", "maturity")
"""What the search index is made of."""
_CHUNK = 500


def post(unit: Unit, kind: str, facts: Mapping[str, Any], review: str = "none") -> dict[str, Any]:
    """Store a new achievement or demand: title, summary, fields, else of `FACTS`, and `publish`; as its owner sees it."""
    [row] = post_all(unit, kind, [facts], review)
    return _as_its_owner_sees(unit, row)


def post_all(unit: Unit, kind: str, many: Sequence[Mapping[str, Any]], review: str = "none") -> list[dict[str, Any]]:
    """Store many new listings of one kind; their rows."""
    rows = []
    for facts in many:
        row = _new(unit, kind, _checked(unit, kind, {**_DEFAULTS, **facts}, FACTS))
        if facts.get("publish"):
            _refuse_incomplete(kind, row)
            row |= _publication(unit, row, review)
        rows.append(row)
    _begin(unit, rows)
    return rows


def edit(
    unit: Unit, kind: str, listing_id: str, changes: Mapping[str, Any], expected: int | None, review: str = "none"
) -> None:
    """Change some facts of one's own listing, whatever its state; a change of nothing leaves its version."""
    row = lock_own(unit, kind, listing_id, expected)
    facts = {name: row[name] for name in FACTS}
    if "attachments" in changes:
        changes = {**changes, "attachments": _kept(row, changes["attachments"])}
    checked = _checked(unit, kind, {**facts, **changes}, changes)
    if checked != facts:
        changed = any(checked[name] != facts[name] for name in REVIEWED)
        write(unit, row, checked | (_read_again(row, review) if changed else {}), "listing.edited")


def publish(unit: Unit, kind: str, listing_id: str, expected: int | None, review: str = "none") -> None:
    """Show one's own draft, or what was withdrawn or refused, to everybody; with `review` before, to a reviewer first.

    What is published or waits already stays as it is, whatever version was expected: the call may be repeated.
    """
    row = lock_own(unit, kind, listing_id, None)
    state = state_of(row, today())
    if state in LIVE or (state == "in_review" and review == "before"):
        return
    check_version(row["version"], expected)
    if state == "closed":
        raise _is_closed()
    if row["valid_until"] is not None and row["valid_until"] < today():
        raise Invalid.field("/valid_until", "in-the-past", "Its validity has ended; give it a later day first.")
    _refuse_incomplete(kind, row)
    moments = _publication(unit, row, review)
    write(unit, row, moments, "listing.published" if moments["published_at"] else "listing.submitted")


def withdraw(unit: Unit, kind: str, listing_id: str, expected: int | None) -> None:
    """Take one's own published or expired listing back; what waits for a reviewer becomes a draft again."""
    row = lock_own(unit, kind, listing_id, expected)
    state = state_of(row, today())
    if state in ("draft", "refused"):
        raise Conflict("It is not published.", code="not-published")
    if state == "withdrawn":
        raise Conflict("It is withdrawn already.", code="already-withdrawn")
    if state == "closed":
        raise _is_closed()
    if state == "in_review":
        write(unit, row, {"submitted_at": None}, "listing.recalled")
    else:
        write(unit, row, {"withdrawn_at": now(), "submitted_at": None}, "listing.withdrawn")


def renew(unit: Unit, kind: str, listing_id: str, valid_until: date, expected: int | None) -> None:
    """Show one's own published or expired listing for longer; neither its place in lists nor its freshness begins anew."""
    row = lock_own(unit, kind, listing_id, None)
    if state_of(row, today()) not in (*LIVE, "expired"):
        raise Conflict("Only what is published, or was until it expired, is renewed.", code="not-published")
    if row["valid_until"] == valid_until >= today():
        return
    check_version(row["version"], expected)
    if row["valid_until"] is None or valid_until < row["valid_until"]:
        raise Invalid.field("/valid_until", "not-later", "Later than until now; what has no end needs none.")
    facts = _checked(unit, kind, {**row, "valid_until": valid_until}, ("valid_until",))
    write(unit, row, facts, "listing.renewed")


def copy(unit: Unit, kind: str, listing_id: str) -> dict[str, Any]:
    """A new draft with the facts of one's own listing, but without its files and days that are over; as its owner sees it.

    Published, it is as fresh as the one it was copied from.
    """
    row = lock_own(unit, kind, listing_id, None)
    facts = {name: row[name] for name in FACTS} | {"attachments": []}
    for name in ("ready_on", "valid_until"):
        if facts[name] is not None and facts[name] < today():
            facts[name] = None
    made = _new(unit, kind, facts) | {"copied_from": row["id"]}
    _begin(unit, [made])
    return _as_its_owner_sees(unit, made)


def attach(
    unit: Unit,
    kind: str,
    listing_id: str,
    *,
    name: str,
    content: bytes,
    confidential: bool,
    review: str = "none",
) -> dict[str, Any]:
    """Add a file to one's own listing, a new version of it; the file's facts. The same file again changes nothing."""
    row = lock_own(unit, kind, listing_id, None)
    if row["closed_on"] is not None:
        raise _is_closed()
    kept = files.keep(unit, row["id"], name, content)
    fact = {each: kept[each] for each in ("id", "name", "media", "size", "sha256")} | {"confidential": confidential}
    if known := [each for each in row["attachments"] if each["id"] == fact["id"]]:
        return dict(known[0])
    write(unit, row, {"attachments": [*row["attachments"], fact], **_read_again(row, review)}, "listing.edited")
    return fact


def mark_matched(unit: Unit, listing_id: str, on: date | None) -> None:
    """Record since when its owner is in talks about it; None: no more. The first day stands."""
    row = _lock_any(unit, listing_id)
    if (row["matched_on"] is None) != (on is None):
        facts = {"matched_on": on, "updated_at": row["updated_at"]}
        write(unit, row, facts, "listing.matched" if on else "listing.unmatched", on)


def mark_closed(unit: Unit, listing_id: str, on: date | None, contract: str | None) -> None:
    """Record which contract answered it and when; None: none does (any more)."""
    row = _lock_any(unit, listing_id)
    if (row["closed_on"], row["closed_by"]) != (on, contract):
        facts = {"closed_on": on, "closed_by": contract, "submitted_at": None if on else row["submitted_at"]}
        facts |= {"updated_at": row["updated_at"]}
        write(unit, row, facts, "listing.closed" if on else "listing.reopened", on)


def _new(unit: Unit, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a new draft."""
    instant = now()
    row = {**facts, "id": new_id(_PREFIXES[kind]), "kind": kind, "owner": unit.actor.organisation, "version": 1}
    row |= {"created_at": instant, "updated_at": instant, "ordered_at": instant}
    moments = ("published_at", "first_published_at", "withdrawn_at", "submitted_at", "refused_at")
    return _with_paths(unit, row | dict.fromkeys((*moments, "matched_on", "closed_on", "closed_by", "copied_from")))


def _begin(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new rows, let them be found, record them."""
    unit.execute(insert(Listing), rows)
    _enter(unit, rows)
    put(unit, [_document(unit, row) for row in rows if is_listed(row)])
    for row in rows:
        began = "published" if row["published_at"] else "submitted" if row["submitted_at"] else "drafted"
        _record(unit, row, f"listing.{began}")


def _as_its_owner_sees(unit: Unit, row: Mapping[str, Any]) -> dict[str, Any]:
    return shown({**row, "owner_name": unit.actor.name}, unit.actor, tree(unit), today())


def _publication(unit: Unit, row: Mapping[Any, Any], review: str) -> dict[str, Any]:
    """What becomes of the moments of a listing that its owner publishes."""
    moments = dict.fromkeys(("withdrawn_at", "refused_at", "matched_on"))
    moments |= {"submitted_at": None if review == "none" else now()}
    if review == "before":
        return moments | {"published_at": None}
    return moments | published_now(unit, row)


def published_now(unit: Unit, row: Mapping[Any, Any]) -> dict[str, Any]:
    """The moments of what everybody sees from now on: a copy is as fresh as the one it was copied from."""
    instant = now()
    first = row["first_published_at"]
    if first is None and row["copied_from"] is not None:
        origin = select(Listing.first_published_at).where(Listing.id == row["copied_from"])
        first = unit.execute(origin).scalar()
    return {"published_at": instant, "first_published_at": first or instant, "ordered_at": instant}


def _read_again(row: Mapping[Any, Any], review: str) -> dict[str, Any]:
    """What becomes of a published listing whose text or papers change: with a review before, it is hidden until then."""
    if review == "none" or not is_listed(row):
        return {}
    hidden: dict[str, Any] = {"published_at": None} if review == "before" else {}
    return {"submitted_at": now(), **hidden}


def _refuse_incomplete(kind: str, row: Mapping[Any, Any]) -> None:
    check(blocking(kind, row), f"The {kind} lacks what it cannot be published without.")


def _is_closed() -> Conflict:
    return Conflict("A contract has answered it; copy it to begin anew.", code="closed")


def _kept(row: Mapping[Any, Any], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The files of a listing that stay, each open or confidential."""
    known = {each["id"]: each for each in row["attachments"]}
    check(
        [
            FieldError(f"/attachments/{index}/id", "unknown-value", "It has no such file.")
            for index, each in enumerate(wanted)
            if each["id"] not in known
        ]
    )
    return [
        {**known[each], "confidential": confidential}
        for each, confidential in {each["id"]: each["confidential"] for each in wanted}.items()
    ]


def reindex(unit: Unit) -> int:
    """Make all entries and the search index anew, as after a load of new fields or places; how many listings are found."""
    from market.search.segments import rebuild  # loads numpy, which a short command does not need

    unit.execute(delete(ListingEntry))
    return rebuild(unit, _entered_anew(unit))


def _entered_anew(unit: Unit) -> Iterator[Document]:
    after = ""
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
        yield from (_document(unit, row) for row in fresh if is_listed(row))
        after = rows[-1]["id"]


@cache
def _locked(seen_by: Viewer) -> Select[Any]:
    return (
        visible_to(seen_by)
        .add_columns(Listing.tag_path, Listing.place_path)
        .where(Listing.id == bindparam("id"), Listing.kind == bindparam("kind"))
        .with_for_update(of=Listing)
    )


def lock(unit: Unit, kind: str, listing_id: str) -> RowMapping:
    """A listing the actor may know of, locked; NotFound when there is none."""
    given = {**bindings(unit.actor), "id": listing_id, "kind": kind}
    row = unit.execute(_locked(viewer(unit.actor)), given).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no such {kind}.")
    return row


def lock_own(unit: Unit, kind: str, listing_id: str, expected: int | None) -> RowMapping:
    """One's own listing, locked, in the expected version."""
    row = lock(unit, kind, listing_id)
    if row["owner"] != unit.actor.organisation:
        raise Forbidden("Only its owner may change it.", code="not-owner")
    check_version(row["version"], expected)
    return row


def _lock_any(unit: Unit, listing_id: str) -> RowMapping:
    """Any listing by its id, locked, whoever acts; its id tells its kind."""
    kind = next(kind for kind, prefix in _PREFIXES.items() if listing_id.startswith(prefix))
    return unit.execute(_locked(Viewer.ALL), {"id": listing_id, "kind": kind}).mappings().one()


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
    for name, coded in _CODED.items():
        if name in given and facts[name] is not None and not lists.has(coded, facts[name]):
            errors.append(FieldError(f"/{name}", "unknown-value", f"Not a code of the list {coded}."))
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
    for name in ("keywords", "ip_numbers"):
        checked[name] = list(dict.fromkeys(facts[name]))
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
    if entries := [entry for row in rows if is_listed(row) for entry in _entries(unit, row)]:
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


def _document(unit: Unit, row: Mapping[Any, Any]) -> Document:
    """A published listing as the search index takes it; what is anonymous has no mark of its owner's or its banner's (旗县)."""
    places = tree(unit)
    shown = [code for code in row["place_path"] if not row["anonymous"] or places.at_level(code, "county") is None]
    first = row["first_published_at"] or row["published_at"]
    marks = {field_mark(tag): depth for tag, depth in _depths(unit, row).items()}
    marks |= dict.fromkeys(map(place_mark, shown), 0) | dict.fromkeys(map(mode_mark, row["modes"]), 0)
    marks |= {year_mark(civil_date(first).year): 0, owner_mark(row["owner"], anonymous=row["anonymous"]): 0}
    if row["maturity"] is not None:
        marks[maturity_mark(row["maturity"])] = 0
    return Document(row["id"], row["kind"], text_of(row), marks, first // 1_000_000, row["valid_until"])


def write(
    unit: Unit,
    old: Mapping[Any, Any],
    changes: Mapping[str, Any],
    event: str,
    on: date | None = None,
    **told: Any,
) -> dict[str, Any]:
    """Write the new version of a locked listing, move its entries, record it with what else is `told` of it; its new row."""
    new = _with_paths(unit, {**old, "version": old["version"] + 1, "updated_at": now(), **changes})
    values = {name: value for name, value in new.items() if name != "owner_name" and value != old[name]}
    unit.execute(update(Listing).where(Listing.id == old["id"]).values(values))
    if any(name in values for name in (*_INDEXED, "tag_path", "place_path")):
        if is_listed(old):
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
    if any(name in values for name in (*_SEARCHED, "tag_path", "place_path")):
        if is_listed(old):
            drop(unit, old["kind"], old["id"])
        put(unit, [_document(unit, new)] if is_listed(new) else [])
    _record(unit, new, event, on, **told)
    return new


def _record(unit: Unit, row: Mapping[Any, Any], event: str, on: date | None = None, **told: Any) -> None:
    personal = {"contact": row["contact"]} if row["contact"] else None
    append(unit, Event(event, row["id"], row["version"], as_payload(row) | told, personal, occurred_on=on))
