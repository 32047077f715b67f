"""Questions about achievements (科技成果) and demands (技术需求): pages of them, one of them, and how each caller sees it.

Every statement starts from `visible_to`, and every row leaves through `shown`, which hides what the caller may not know: the
contact, and the owner and exact place of an anonymous listing. Statements are made once and kept: making one costs ten times
what running it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Select, and_, bindparam, false, or_, select, true

from market.access import Actor, Permission
from market.errors import FieldError, NotFound, Unauthenticated, check
from market.fields.queries import catalogue, code_lists
from market.listings.model import Listing, ListingEntry, holds, pattern
from market.listings.states import IN_STATE, IS_LIVE, TODAY, state_of
from market.organisations.model import Organisation
from market.places.queries import Places, tree
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import SHANGHAI, CivilDate, today

SORTS = ("-published_at", "published_at")

_COLUMNS = (
    Listing.id,
    Listing.kind,
    Listing.owner,
    Organisation.name.label("owner_name"),
    Listing.version,
    Listing.title,
    Listing.summary,
    Listing.fields,
    Listing.keywords,
    Listing.place,
    Listing.modes,
    Listing.maturity,
    Listing.amount_fen,
    Listing.negotiable,
    Listing.ready_on,
    Listing.valid_until,
    Listing.contact,
    Listing.anonymous,
    Listing.problem,
    Listing.indicators,
    Listing.better_than,
    Listing.ip_ownership,
    Listing.solver_conditions,
    Listing.ip_type,
    Listing.ip_numbers,
    Listing.stage,
    Listing.appraisal,
    Listing.attachments,
    Listing.created_at,
    Listing.updated_at,
    Listing.published_at,
    Listing.first_published_at,
    Listing.withdrawn_at,
    Listing.submitted_at,
    Listing.refused_at,
    Listing.matched_on,
    Listing.closed_on,
    Listing.closed_by,
    Listing.copied_from,
    Listing.ordered_at,
)


class Viewer(StrEnum):
    """What kind of caller looks at listings."""

    PUBLIC = "public"
    MEMBER = "member"
    REVIEWER = "reviewer"
    ALL = "all"


def viewer(actor: Actor) -> Viewer:
    """The kind of viewer an actor is."""
    if actor.may(Permission.SEE_ALL_LISTINGS):
        return Viewer.ALL
    if actor.may(Permission.REVIEW_LISTINGS):
        return Viewer.REVIEWER
    return Viewer.PUBLIC if actor.organisation is None else Viewer.MEMBER


@cache
def visible_to(seen_by: Viewer) -> Select[Any]:
    """The listings a viewer may know of: what is live, all of one's own, what waits for a review, or everything.

    Takes `bindings`.
    """
    visible = {
        Viewer.PUBLIC: IS_LIVE,
        Viewer.MEMBER: or_(IS_LIVE, Listing.owner == bindparam("me")),
        Viewer.REVIEWER: or_(IS_LIVE, IN_STATE["in_review"], Listing.owner == bindparam("me")),
        Viewer.ALL: true(),
    }
    return select(*_COLUMNS).join(Organisation, Organisation.id == Listing.owner).where(visible[seen_by])


def bindings(actor: Actor) -> dict[str, Any]:
    """The values every statement that starts from `visible_to` takes."""
    return {"today": today(), "me": actor.organisation}


def sees_all_of(actor: Actor, row: Mapping[Any, Any]) -> bool:
    """May the actor know everything about this listing: contact, owner, exact place?"""
    return bool(row["owner"] == actor.organisation) or actor.may(Permission.SEE_ALL_LISTINGS)


def league_or_above(places: Places, code: str | None) -> str | None:
    """The place itself, or the league (盟市) a banner lies in."""
    return next((above for above in places.lineage(code or "") if places.at_level(above, "county") is None), None)


def shown(row: Mapping[Any, Any], actor: Actor, places: Places, day: date) -> dict[str, Any]:
    """A listing as the actor may see it; files of an anonymous one may tell whose it is."""
    everything = sees_all_of(actor, row)
    hidden = row["anonymous"] and not everything
    return {
        **row,
        "state": state_of(row, day),
        "owner": None if hidden else {"id": row["owner"], "name": row["owner_name"]},
        "owner_name": None if hidden else row["owner_name"],
        "place": league_or_above(places, row["place"]) if hidden else row["place"],
        "contact": row["contact"] if everything else None,
        "attachments": [file for file in row["attachments"] if everything or not (hidden or file["confidential"])],
    }


@cache
def _one(seen_by: Viewer) -> Select[Any]:
    return visible_to(seen_by).where(Listing.id == bindparam("id"), Listing.kind == bindparam("kind"))


@cache
def _several(seen_by: Viewer) -> Select[Any]:
    return visible_to(seen_by).where(Listing.id.in_(bindparam("ids", expanding=True)))


def one(unit: Unit, kind: str, listing_id: str) -> RowMapping:
    """One listing as it stands, not to be handed out; NotFound when there is none the actor may know of."""
    given = {**bindings(unit.actor), "id": listing_id, "kind": kind}
    row = unit.execute(_one(viewer(unit.actor)), given).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no such {kind}.")
    return row


def find(unit: Unit, kind: str, listing_id: str) -> dict[str, Any]:
    """One listing as the actor may see it; NotFound when there is none the actor may know of."""
    return shown(one(unit, kind, listing_id), unit.actor, tree(unit), today())


def by_ids(unit: Unit, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The listings with these ids as the actor may see them, by id; what the actor may not know of is left out."""
    given = bindings(unit.actor)
    rows = unit.execute(_several(viewer(unit.actor)), {**given, "ids": list(ids)}).mappings()
    places = tree(unit)
    return {row["id"]: shown(row, unit.actor, places, given["today"]) for row in rows}


def page_of(
    unit: Unit,
    kind: str,
    *,
    field: str | None = None,
    place: str | None = None,
    mode: str | None = None,
    owner: str | None = None,
    state: str | None = None,
    published_from: date | None = None,
    published_to: date | None = None,
    sort: str = SORTS[0],
    expiring_within: int | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page:
    """A page of achievements or demands. A field or place includes what lies below it; `owner` may be `me`.

    Without `state`: what is live, of one's own (`owner` me) in every state. Other states than published show one's own only, and
    so does `expiring_within`: what is live and expires within so many days.
    """
    actor = unit.actor
    seen_by = viewer(actor)
    if expiring_within is not None:
        owner, state = "me", _EXPIRING
    tag = _resolve(unit, field, place, mode, published_from, published_to)
    if owner == "me" or (owner is None and state not in (None, "published") and seen_by is not Viewer.ALL):
        if actor.organisation is None:
            raise Unauthenticated("To see one's own needs a key: Authorization: Bearer <key>.")
        owner = actor.organisation
    if state is None and (owner is None or owner != actor.organisation):
        state = _LIVE
    given = {
        **bindings(actor),
        "kind": kind,
        "owner": owner,
        "mode": pattern(mode or ""),
        "since": _day_begins(published_from) if published_from else 0,
        "until": _day_begins(published_to + timedelta(days=1)) if published_to else 0,
        "last": today() + timedelta(days=expiring_within or 0),
    }
    bounds = (published_from is not None, published_to is not None)
    if state in (_LIVE, "published") and owner is None:
        statement, order = _listed(seen_by, state, mode is not None, bounds), _ENTRY_SORTS[sort]
        given |= {"tag": tag or "", "place": place or ""}
    else:
        revealed = owner == actor.organisation or seen_by is Viewer.ALL
        statement = _owned(
            seen_by, owner is not None, revealed, state, (tag is not None, place is not None, mode is not None), bounds
        )
        order = _OWNER_SORTS[sort]
        given |= {"tag": pattern(tag or ""), "place": pattern(place or "")}
    question = [kind, tag, place, mode, owner, state, given["since"], given["until"], sort, expiring_within]
    page = fetch_page(unit, statement, order, question, cursor, limit, given)
    places, day = tree(unit), given["today"]
    return Page([shown(row._mapping, actor, places, day) for row in page.rows], page.next)


_ENTRY_SORTS = {
    sort: Sort((ListingEntry.published_at, ListingEntry.listing_id), ("published_at", "id"), sort.startswith("-"))
    for sort in SORTS
}
_OWNER_SORTS = {
    sort: Sort((Listing.ordered_at, Listing.id), ("ordered_at", "id"), sort.startswith("-")) for sort in SORTS
}


_LIVE, _EXPIRING = "live", "expiring"
_HELD = {
    **IN_STATE,
    _LIVE: IS_LIVE,
    _EXPIRING: and_(IS_LIVE, Listing.valid_until <= bindparam("last", type_=CivilDate)),
}
"""What a list asks for: a state, published and matched together, or of these what expires soon."""


@cache
def _listed(seen_by: Viewer, state: str, mode: bool, bounds: tuple[bool, bool]) -> Select[Any]:
    """What is live, or of that what is not matched, as a walk along the key of the entries."""
    statement = (
        visible_to(seen_by)
        .join(ListingEntry, ListingEntry.listing_id == Listing.id)
        .where(
            ListingEntry.kind == bindparam("kind"),
            ListingEntry.tag == bindparam("tag"),
            ListingEntry.place == bindparam("place"),
            ListingEntry.expires_on >= TODAY,
        )
    )
    if state == "published":
        statement = statement.where(Listing.matched_on.is_(None))
    if mode:
        statement = statement.where(holds(Listing.modes, "mode"))
    return _published_within(statement, ListingEntry.published_at, bounds)


@cache
def _owned(
    seen_by: Viewer,
    owner: bool,
    revealed: bool,
    state: str | None,
    held: tuple[bool, bool, bool],
    bounds: tuple[bool, bool],
) -> Select[Any]:
    """Listings of an owner in any state; anonymous ones only where the caller knows their owner anyway."""
    statement = visible_to(seen_by).where(Listing.kind == bindparam("kind"))
    if owner:
        statement = statement.where(Listing.owner == bindparam("owner"))
    if not revealed:
        statement = statement.where(Listing.anonymous == false())
    if state is not None:
        statement = statement.where(_HELD[state])
    columns = ((Listing.tag_path, "tag"), (Listing.place_path, "place"), (Listing.modes, "mode"))
    for asked, (column, name) in zip(held, columns, strict=True):
        if asked:
            statement = statement.where(holds(column, name))
    return _published_within(statement, Listing.published_at, bounds)


def _published_within(statement: Select[Any], column: Any, bounds: tuple[bool, bool]) -> Select[Any]:
    if bounds[0]:
        statement = statement.where(column >= bindparam("since"))
    if bounds[1]:
        statement = statement.where(column < bindparam("until"))
    return statement


def _resolve(
    unit: Unit, field: str | None, place: str | None, mode: str | None, since: date | None, until: date | None
) -> str | None:
    """The canonical tag of `field`; all wrong filters are refused together."""
    errors = []
    found = catalogue(unit).find(field) if field is not None else None
    if field is not None and found is None:
        errors.append(FieldError("/field", "unknown-value", "There is no such field."))
    if place is not None and tree(unit).find(place) is None:
        errors.append(FieldError("/place", "unknown-value", tree(unit).missing(place)))
    if mode is not None and not code_lists(unit).has("cooperation_mode", mode):
        errors.append(FieldError("/mode", "unknown-value", "There is no such cooperation mode."))
    if since is not None and until is not None and until < since:
        errors.append(FieldError("/published_to", "end-before-start", "Not before published_from."))
    check(errors, "The request has wrong fields.")
    return None if found is None else found.tag


def _day_begins(day: date) -> int:
    return int(datetime.combine(day, time.min, SHANGHAI).timestamp()) * 1_000_000
