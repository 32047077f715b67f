"""Questions about organisations and keys: who is calling, who is this, which keys does one have.

`authenticate` is the gate's one statement; the other rooms use `find` and `by_ids`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, select

from market.access import PUBLIC, Actor, Permission, Role
from market.errors import NotFound, Unauthenticated
from market.organisations.model import ApiKey, Application, Member, Organisation
from market.places.queries import Places, tree
from market.store.info import ReferenceState
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import now

TOKEN = re.compile(r"tmk_[A-Za-z0-9_-]{43}\Z")
"""The shape of a key; the prefix lets a leaked one be recognised."""


def secret_hash(secret: str) -> bytes:
    """How a key or claim code is kept. Both are 256 random bits, so one plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def authenticate(connection: Connection, token: str | None) -> tuple[Actor, int]:
    """The actor behind a key (no key: the public), and the version of the reference data; one statement."""
    if token is None:
        return PUBLIC, connection.execute(_keyless()).scalar_one()
    if not TOKEN.match(token):
        raise _unknown_key()
    row = connection.execute(_keyed(), {"secret_hash": secret_hash(token)}).one()
    ended = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now())
    if row.id is None or ended:
        raise _unknown_key()
    scopes = None if row.scopes is None else frozenset(row.scopes)
    actor = Actor(Role(row.role), row.organisation_id, row.id, row.place, scopes, row.name, row.member)
    return actor, row.version


@cache
def _keyless() -> Select[Any]:
    return select(ReferenceState.version)


@cache
def _keyed() -> Select[Any]:
    """Made once: making it costs several times what running it costs, and every request does."""
    return (
        select(
            ReferenceState.version,
            ApiKey.id,
            ApiKey.scopes,
            ApiKey.member,
            ApiKey.expires_at,
            ApiKey.revoked_at,
            ApiKey.organisation_id,
            Organisation.role,
            Organisation.place,
            Organisation.name,
        )
        .select_from(ReferenceState)
        .outerjoin(ApiKey, ApiKey.secret_hash == bindparam("secret_hash"))
        .outerjoin(Organisation, Organisation.id == ApiKey.organisation_id)
    )


def _unknown_key() -> Unauthenticated:
    return Unauthenticated("This key is unknown, expired or revoked.")


def find(unit: Unit, organisation_id: str) -> RowMapping:
    """One organisation."""
    found = by_ids(unit, [organisation_id]).get(organisation_id)
    if found is None:
        raise NotFound("There is no such organisation.")
    return found


def by_ids(unit: Unit, ids: Iterable[str]) -> dict[str, RowMapping]:
    """The organisations with these ids, by id; unknown ids are left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = unit.execute(_by_ids(), {"ids": wanted}).mappings()
    return {row["id"]: row for row in rows}


@cache
def _by_ids() -> Select[Any]:
    return select(Organisation.__table__).where(Organisation.id.in_(bindparam("ids", expanding=True)))


def administrator_exists(unit: Unit) -> bool:
    """Has the market an administrator yet?"""
    statement = select(Organisation.id).where(Organisation.role == Role.ADMINISTRATOR.value).limit(1)
    return unit.execute(statement).first() is not None


def described(unit: Unit, organisation_id: str) -> dict[str, Any]:
    """One organisation as the actor may see it: `details` for itself, offices and administrators, else None."""
    row = find(unit, organisation_id)
    entitled = unit.actor.role in (Role.OFFICE, Role.ADMINISTRATOR) or unit.actor.organisation == organisation_id
    return {**row, "details": row if entitled else None}


def introduce(unit: Unit) -> dict[str, Any]:
    """Who the actor is, with every permission its role and the scopes of its key leave it."""
    actor = unit.actor
    assert actor.organisation is not None
    return {
        "organisation": described(unit, actor.organisation),
        "role": actor.role.value,
        "key": actor.key,
        "member": actor.member,
        "scopes": None if actor.scopes is None else sorted(actor.scopes),
        "permissions": [permission.value for permission in Permission if actor.may(permission)],
    }


def visible_applications(unit: Unit) -> Select[Any]:
    """The applications the actor may review: all, or for an office those that claim a place of its territory."""
    columns = [column for column in Application.__table__.columns if column.name != "claim_hash"]
    if unit.actor.role is Role.ADMINISTRATOR:
        return select(*columns)
    office = unit.actor.place if unit.actor.role is Role.OFFICE else None
    territory = sorted(_territory(tree(unit), office)) if office else []
    return select(*columns).where(Application.place.in_(territory))


def _territory(places: Places, region: str) -> Iterator[str]:
    yield region
    for part in places.children(region):
        yield from _territory(places, part.code)


def application(unit: Unit, application_id: str) -> RowMapping:
    """One application the actor may review."""
    row = unit.execute(visible_applications(unit).where(Application.id == application_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such application.")
    return row


def page_of_applications(unit: Unit, *, state: str | None, cursor: str | None, limit: int) -> Page:
    """The applications the actor may review, newest first, in one state or all."""
    statement = visible_applications(unit)
    if state is not None:
        statement = statement.where(Application.state == state)
    return _newest_first(unit, statement, Application.id, ["applications", state], cursor, limit)


def key(unit: Unit, key_id: str) -> RowMapping:
    """One key the actor may know of."""
    row = unit.execute(visible_keys(unit.actor).where(ApiKey.id == key_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such key.")
    return row


def page_of_keys(unit: Unit, *, organisation: str | None, cursor: str | None, limit: int) -> Page:
    """The keys of an organisation (default: the actor's own), newest first, as far as the actor may know of them."""
    owner = organisation or unit.actor.organisation
    statement = visible_keys(unit.actor).where(ApiKey.organisation_id == owner)
    return _newest_first(unit, statement, ApiKey.id, ["keys", owner], cursor, limit)


def member_of(unit: Unit, organisation_id: str, member_id: str, *, lock: bool = False) -> dict[str, Any] | None:
    """One member of an organisation, ended or not."""
    statement = select(Member.__table__).where(Member.id == member_id, Member.organisation_id == organisation_id)
    row = unit.execute(statement.with_for_update() if lock else statement).mappings().one_or_none()
    return None if row is None else dict(row)


def member(unit: Unit, member_id: str) -> dict[str, Any]:
    """One member of the actor's organisation."""
    row = member_of(unit, str(unit.actor.organisation), member_id)
    if row is None:
        raise NotFound("There is no such member.")
    return row


def page_of_members(unit: Unit, *, cursor: str | None, limit: int) -> Page:
    """The members of the actor's organisation, newest first, ended ones included."""
    own = unit.actor.organisation
    statement = select(Member.__table__).where(Member.organisation_id == own)
    return _newest_first(unit, statement, Member.id, ["members", own], cursor, limit)


def _newest_first(
    unit: Unit, statement: Select[Any], column: Any, question: list[Any], cursor: str | None, limit: int
) -> Page:
    page = fetch_page(unit, statement, Sort((column,), ("id",), True), question, cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def visible_keys(actor: Actor) -> Select[Any]:
    """The keys the actor may know of: its organisation's, or all for whoever may manage keys. Never their hashes."""
    columns = [column for column in ApiKey.__table__.columns if column.name != "secret_hash"]
    if actor.may(Permission.MANAGE_KEYS):
        return select(*columns)
    return select(*columns).where(ApiKey.organisation_id == actor.organisation)
