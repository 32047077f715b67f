"""What a contract's content must fulfil, whoever registers it; every breach is found, not only the first.

`gather` loads what the rules look at, `facts_of` turns content as it is handed in (whole, or the parts to be changed) into
columns and checks each, `check_whole` checks columns against each other. Only `gather` asks the database, so that ten
thousand contracts are checked as one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, select

from market.contracts.fingerprint import identity
from market.errors import FieldError
from market.fields.queries import CodeLists, catalogue, code_lists
from market.listings.model import Listing
from market.organisations.parties import check_party
from market.organisations.queries import by_ids
from market.store.session import Unit

SIDES = ("seller", "buyer")
PARTY = ("organisation", "name", "credit_code", "country", "place", "nature")
COLUMNS = {
    "project_name": "project_name",
    "contract_type": "contract_type",
    "contract_subtype": "contract_subtype",
    "contract_no": "contract_no",
    "total_amount": "total_fen",
    "tech_amount": "tech_fen",
    "signed_on": "signed_on",
    "valid_from": "valid_from",
    "valid_to": "valid_to",
    "field": "field",
    "ip_type": "ip_type",
    "plan_source": "plan_source",
    "served_industry": "served_industry",
    "socio_economic_objective": "socio_economic_objective",
    "payment_mode": "payment_mode",
    "demand": "demand_id",
    "achievement": "achievement_id",
}
"""Columns of content by their names on the wire; the parties come besides."""
REQUIRED = (
    "project_name",
    "contract_type",
    "total_amount",
    "tech_amount",
    "signed_on",
    "valid_from",
    "valid_to",
    "field",
)
CODED = {
    "ip_type": "ip_type",
    "plan_source": "plan_source",
    "served_industry": "industry",
    "socio_economic_objective": "socio_economic_objective",
    "payment_mode": "payment_mode",
}
"""Content that is a code, and the list it comes from."""
LINKS = ("demand", "achievement")


@dataclass(frozen=True)
class Grounds:
    """What the rules look at."""

    unit: Unit
    organisations: Mapping[str, RowMapping]
    listings: Mapping[str, str]
    """Kind of each listing that some content names and that was ever published."""


def gather(unit: Unit, contents: Iterable[Mapping[str, Any]], organisations: Iterable[str] = ()) -> Grounds:
    """The grounds to judge these contents, with further organisations by id."""
    wanted, linked = set(organisations), set()
    for content in contents:
        wanted |= {
            party["organisation"] for side in SIDES if (party := content.get(side)) and party.get("organisation")
        }
        linked |= {content[link] for link in LINKS if content.get(link)}
    listings = {}
    if linked:
        known = select(Listing.id, Listing.kind).where(
            Listing.id.in_(sorted(linked)), Listing.published_at.is_not(None)
        )
        listings = {row.id: row.kind for row in unit.execute(known)}
    return Grounds(unit, by_ids(unit, wanted), listings)


def facts_of(content: Mapping[str, Any], grounds: Grounds) -> tuple[dict[str, Any], list[FieldError]]:
    """The columns that the given content fills, and every field of it that is wrong by itself."""
    facts = {column: content[key] for key, column in COLUMNS.items() if key in content}
    errors = _wrong_codes(content, code_lists(grounds.unit))
    if content.get("field") is not None:
        field = catalogue(grounds.unit).find(content["field"])
        if field is None or field.scheme != "contract":
            errors.append(
                FieldError("/field", "unknown-value", "A field of the scheme contract is needed, contract:05.")
            )
        else:
            facts["field"] = field.tag
    for link in LINKS:
        if content.get(link) is not None and grounds.listings.get(content[link]) != link:
            errors.append(FieldError(f"/{link}", "unknown-value", f"There is no such {link}."))
    for side in SIDES:
        if side in content:
            party, wrong = _party(content[side] or {}, grounds)
            facts |= {f"{side}_{'code' if name == 'credit_code' else name}": party[name] for name in PARTY}
            errors += [FieldError(f"/{side}{error.pointer}", error.code, error.message) for error in wrong]
    return facts, errors


def _wrong_codes(content: Mapping[str, Any], lists: CodeLists) -> list[FieldError]:
    errors = []
    for key, name in CODED.items():
        if content.get(key) is not None and not lists.has(name, content[key]):
            errors.append(FieldError(f"/{key}", "unknown-value", f"Not a code of the list {name}."))
    kind = content.get("contract_type")
    if kind is not None and not (lists.has("contract_type", kind) and lists.parent("contract_type", kind) is None):
        errors.append(FieldError("/contract_type", "unknown-value", "Not a main type of the list contract_type."))
    subtype = content.get("contract_subtype")
    if subtype is not None and not lists.has("contract_type", subtype):
        errors.append(FieldError("/contract_subtype", "unknown-value", "Not a code of the list contract_type."))
    return errors


def _party(given: Mapping[str, Any], grounds: Grounds) -> tuple[dict[str, Any], list[FieldError]]:
    """A party's facts: those of the registered organisation it names, or as given."""
    party = {name: given.get(name) for name in PARTY}
    if party["organisation"] is not None:
        errors = [
            FieldError(f"/{name}", "not-with-organisation", "A registered organisation's own record says this.")
            for name in PARTY[1:]
            if party[name] is not None
        ]
        known = grounds.organisations.get(party["organisation"])
        if known is None:
            return party, [*errors, FieldError("/organisation", "unknown-value", "There is no such one.")]
        return party | {name: known[name] for name in PARTY[1:]}, errors
    if party["name"] is None:
        return party, [FieldError("/name", "required", "A party is an organisation, or has a name.")]
    if party["country"] is None and party["credit_code"] is None:
        return party, [FieldError("/country", "required", "A party without credit code needs its country.")]
    facts, errors = check_party(grounds.unit, party)
    return party | facts, errors


def check_whole(facts: Mapping[str, Any], lists: CodeLists, registered_on: date, *, in_force: bool) -> list[FieldError]:
    """What is wrong with a complete content; `in_force`: on the day of registration the contract must be."""
    errors = [
        FieldError(f"/{key}", "required", "This field is needed.")
        for key in REQUIRED
        if facts.get(COLUMNS[key]) is None
    ]
    if errors:
        return errors
    errors += _wrong_subtype(facts, lists)
    if not 0 < facts["tech_fen"] <= facts["total_fen"]:
        errors.append(FieldError("/tech_amount", "exceeds-total", "More than 0 and at most total_amount is needed."))
    errors += _wrong_dates(facts, registered_on, in_force)
    named = all(facts[f"{side}_name"] is not None for side in SIDES)
    if named and identity(facts, "seller") == identity(facts, "buyer"):
        errors.append(FieldError("/buyer", "same-party", "Seller and buyer must be two parties."))
    return errors


def _wrong_subtype(facts: Mapping[str, Any], lists: CodeLists) -> list[FieldError]:
    kind, subtype = facts["contract_type"], facts["contract_subtype"]
    if subtype is None:
        if any(item.parent == kind for item in lists.items("contract_type")):
            return [FieldError("/contract_subtype", "required", "This type needs its sub-type.")]
    elif lists.has("contract_type", subtype) and lists.parent("contract_type", subtype) != kind:
        return [FieldError("/contract_subtype", "not-of-type", "Not a sub-type of contract_type.")]
    return []


def _wrong_dates(facts: Mapping[str, Any], registered_on: date, in_force: bool) -> list[FieldError]:
    errors = []
    if facts["signed_on"] > registered_on:
        errors.append(FieldError("/signed_on", "after-registration", "A contract is signed before it is registered."))
    if facts["valid_from"] > facts["valid_to"]:
        errors.append(FieldError("/valid_to", "before-start", "The validity ends before it begins."))
    elif in_force and registered_on < facts["valid_from"]:
        errors.append(FieldError("/valid_from", "not-in-force", "Not yet in force on the day of registration."))
    elif in_force and registered_on > facts["valid_to"]:
        errors.append(FieldError("/valid_to", "expired", "Expired before the day of registration."))
    return errors
