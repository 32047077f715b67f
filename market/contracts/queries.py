"""Questions about contracts, each starting from what the asker may see (`visible_to`).

Both parties, the office whose entry it is and auditors see a contract whole; statisticians see its coded data (`shown` leaves out
what says who and what); nobody else knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select, true

from market.access import Actor, Role
from market.contracts.model import Contract
from market.contracts.rules import COLUMNS, PARTY, SIDES, UNKNOWN_FIELD, wrong_codes
from market.errors import FieldError, NotFound, check
from market.fields.queries import catalogue, code_lists
from market.organisations.model import Organisation
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit

STATES = ("registered", "cancelled", "revoked")
ACTS = ("registered", "outside")
SORTS = {
    "-registered_on": Sort((Contract.registered_on, Contract.id), ("registered_on", "id"), descending=True),
    "registered_on": Sort((Contract.registered_on, Contract.id), ("registered_on", "id")),
}

_MARKS = {"fingerprint", "live_fingerprint", "live_outside_number"}
FACTS = tuple(name for name in Contract.__table__.columns.keys() if name not in _MARKS)  # noqa: SIM118
"""Columns as the journal keeps them; the marks follow from them, and could give a person's name away."""
_FACTS = (*(getattr(Contract, name) for name in FACTS), Organisation.name.label("office_name"))
_EVERY = select(*_FACTS).select_from(Contract).outerjoin(Organisation, Organisation.id == Contract.office)
_CODED_PARTY = ("country", "place", "nature")
_UNCODED = ("project_name", "contract_no", "demand", "achievement")


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which contracts the actor may know of."""
    if actor.role in (Role.AUDITOR, Role.STATISTICIAN):
        return true()
    if actor.organisation is None:
        return false()
    mine = (Contract.recorder, Contract.seller_organisation, Contract.buyer_organisation)
    return or_(*(column == actor.organisation for column in mine))


def known_to(actor: Actor) -> Select[Any]:
    """All facts of the contracts the actor may know of."""
    return _EVERY.where(visible_to(actor))


def one(unit: Unit, this: ColumnElement[bool], *, lock: bool = False) -> Mapping[str, Any]:
    """The facts of one contract; NotFound when there is none or the actor may not know of it."""
    statement = known_to(unit.actor).where(this)
    if lock:
        statement = statement.with_for_update(of=Contract)
    row = unit.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no such contract.")
    return dict(row)


def by_number(number: str) -> ColumnElement[bool]:
    """The contract registered here under this number."""
    return Contract.number == number


def by_id(contract_id: str) -> ColumnElement[bool]:
    """The contract with this id, of either act."""
    return Contract.id == contract_id


def by_outside_id(contract_id: str) -> ColumnElement[bool]:
    """The outside registration recorded under this id."""
    return (Contract.id == contract_id) & (Contract.act == "outside")


def page_of_contracts(
    unit: Unit,
    *,
    state: str | None = None,
    act: str | None = None,
    contract_type: str | None = None,
    field: str | None = None,
    registered_from: date | None = None,
    registered_to: date | None = None,
    office: str | None = None,
    party: str | None = None,
    sort: str = "-registered_on",
    cursor: str | None = None,
    limit: int = 20,
) -> Page:
    """Contracts of both acts by day of registration. `office`: the asking organisation's entries; `party`: its deals."""
    me = unit.actor.organisation
    tag = _checked(unit, contract_type, field, registered_from, registered_to)
    equal = {
        Contract.state: state,
        Contract.act: act,
        Contract.contract_type: contract_type,
        Contract.field: tag,
        Contract.recorder: me if office else None,
    }
    statement = known_to(unit.actor).where(*(column == value for column, value in equal.items() if value is not None))
    if party:
        statement = statement.where(or_(Contract.seller_organisation == me, Contract.buyer_organisation == me))
    if registered_from is not None:
        statement = statement.where(Contract.registered_on >= registered_from)
    if registered_to is not None:
        statement = statement.where(Contract.registered_on <= registered_to)
    question = ["contracts", sort, *equal.values(), registered_from, registered_to, party]
    page = fetch_page(unit, statement, SORTS[sort], question, cursor, limit)
    return Page([shown(row._mapping, unit.actor) for row in page.rows], page.next)


def _checked(
    unit: Unit, contract_type: str | None, field: str | None, first: date | None, last: date | None
) -> str | None:
    """The tag behind `field`; filters that no contract could ever pass are refused."""
    errors = wrong_codes({"contract_type": contract_type}, code_lists(unit))
    found = None if field is None else catalogue(unit).find(field)
    if field is not None and (found is None or found.scheme != "contract"):
        errors.append(UNKNOWN_FIELD)
    if first is not None and last is not None and first > last:
        errors.append(FieldError("/registered_to", "before-start", "A day not before registered_from is needed."))
    check(errors)
    return None if found is None else found.tag


def shown(row: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """A contract's facts in the shape of the wire, as far as the actor may see them."""
    view = {key: row[column] for key, column in COLUMNS.items()}
    for key in ("id", "number", "act", "registered_on", "late", "state", "version"):
        view[key] = row[key]
    view["office"] = row["office"] and {"id": row["office"], "name": row["office_name"]}
    view["outside"] = row["outside_number"] and {
        "number": row["outside_number"],
        "office": row["outside_office"],
        "registered_on": row["registered_on"],
    }
    for side in SIDES:
        view[side] = {name: row[f"{side}_{'code' if name == 'credit_code' else name}"] for name in PARTY}
    if actor.role == Role.STATISTICIAN:
        view |= dict.fromkeys(_UNCODED)
        for side in SIDES:
            view[side] |= {name: None for name in PARTY if name not in _CODED_PARTY}
    return view
