"""Technology managers (技术经理人): who is accredited at which level. Serving in talks is an act of `actions`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, insert, select, update

from market.access import Permission, Role
from market.dealings.model import Broker
from market.errors import Conflict, FieldError, NotFound, check, check_version
from market.fields.queries import code_lists
from market.journal.append import Event, append
from market.organisations.model import Member, Organisation
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import new_id, now, today

_TRADERS = (Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER)
_EVERY = (
    select(Broker.__table__, Member.name, Organisation.name.label("organisation_name"))
    .join(Member, Member.id == Broker.member_id)
    .join(Organisation, Organisation.id == Broker.organisation_id)
)


def accredit(
    unit: Unit, *, member: str, level: str, certificate_no: str | None, valid_from: date | None, valid_to: date | None
) -> dict[str, Any]:
    """Accredit a member of an enterprise, university or broker as technology manager; Conflict `accredited-already`."""
    found = unit.execute(
        select(Member.organisation_id, Member.ended_at, Organisation.role)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id == member)
        .with_for_update(of=Member)
    ).one_or_none()
    since = valid_from or today()
    errors = []
    if found is None or found.ended_at is not None or found.role not in _TRADERS:
        errors.append(FieldError("/member", "unknown-value", "No such member of an enterprise, university or broker."))
    if not code_lists(unit).has("broker_level", level):
        errors.append(FieldError("/level", "unknown-value", "Not a code of the list broker_level."))
    if valid_to is not None and valid_to < since:
        errors.append(FieldError("/valid_to", "end-before-start", "Not before valid_from."))
    check(errors)
    assert found is not None
    same = select(Broker.id).where(Broker.member_id == member, Broker.ended_on.is_(None))
    if unit.execute(same).first() is not None:
        raise Conflict("This person is accredited already; end that first.", code="accredited-already")
    row = {
        "id": new_id("bro"),
        "member_id": member,
        "organisation_id": found.organisation_id,
        "level": level,
        "certificate_no": certificate_no,
        "valid_from": since,
        "valid_to": valid_to,
        "ended_on": None,
        "version": 1,
        "created_at": now(),
    }
    unit.execute(insert(Broker), row)
    _record(unit, "broker.accredited", row, None)
    return one(unit, str(row["id"]))


def end(unit: Unit, broker_id: str, expected: int | None, *, text: str) -> dict[str, Any]:
    """End an accreditation; talks in which it serves go on until they are handed over."""
    statement = select(Broker.__table__).where(Broker.id == broker_id).with_for_update()
    row = unit.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such broker.")
    check_version(row["version"], expected)
    if row["ended_on"] is not None:
        raise Conflict("It has ended already.", code="ended-already")
    changes = {"ended_on": today(), "version": row["version"] + 1}
    unit.execute(update(Broker).where(Broker.id == broker_id).values(changes))
    _record(unit, "broker.ended", {**row, **changes}, text)
    return one(unit, broker_id)


def one(unit: Unit, broker_id: str) -> dict[str, Any]:
    """One broker."""
    row = unit.execute(_EVERY.where(Broker.id == broker_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such broker.")
    return _shown(unit, row)


def page_of_brokers(unit: Unit, *, organisation: str | None, cursor: str | None, limit: int) -> Page:
    """The brokers accredited today, newest first; an administrator sees those who were, too."""
    statement: Select[Any] = _EVERY
    if not unit.actor.may(Permission.ACCREDIT_BROKERS):
        day = today()
        statement = statement.where(
            Broker.ended_on.is_(None), Broker.valid_from <= day, Broker.valid_to.is_(None) | (Broker.valid_to >= day)
        )
    if organisation is not None:
        statement = statement.where(Broker.organisation_id == organisation)
    sort = Sort((Broker.id,), ("id",), descending=True)
    page = fetch_page(unit, statement, sort, ["brokers", unit.actor.role, organisation], cursor, limit)
    return Page([_shown(unit, row._mapping) for row in page.rows], page.next)


def _shown(unit: Unit, row: Mapping[Any, Any]) -> dict[str, Any]:
    day = today()
    return {
        **row,
        "organisation": {"id": row["organisation_id"], "name": row["organisation_name"]},
        "in_force": row["ended_on"] is None and row["valid_from"] <= day <= (row["valid_to"] or day),
    }


def _record(unit: Unit, event: str, row: Mapping[str, Any], text: str | None) -> None:
    payload = {name: value for name, value in row.items() if name not in ("created_at", "certificate_no")}
    payload |= {name: row[name] and row[name].isoformat() for name in ("valid_from", "valid_to", "ended_on")}
    personal = {"certificate_no": row["certificate_no"], "text": text}
    append(unit, Event(event, row["id"], row["version"], payload, personal))
