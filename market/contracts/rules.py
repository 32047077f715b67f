"""What a contract's content must fulfil, whoever registers it; every breach is found, not only the first.

`gather` loads what the rules look at, `facts_of` turns content as it is handed in (whole, or the parts to be changed) into
columns and checks each, `check_whole` checks columns against each other. Only `gather` asks the database, so that ten
thousand contracts are checked as one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, Select, select
from stdnum.cn import uscc

from market.contracts.fingerprint import identity, normalised
from market.errors import FieldError
from market.fields.queries import CodeLists, catalogue, code_lists
from market.listings.model import Listing
from market.organisations.model import Organisation
from market.organisations.parties import check_name, check_party
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
UNKNOWN_FIELD = FieldError("/field", "unknown-value", "A field of the scheme contract is needed, contract:05.")
LINKS = ("demand", "achievement")
NAMED = ("project_name", "contract_no")
"""Content that tells contracts apart, so that nothing invisible may be in it."""

_NAMELESS = "?"
"""Stands for the name of a party that has none yet, so that its other facts are judged."""
_QUESTION = 10_000
"""Values one look-up names at most; both engines take more."""


@dataclass(frozen=True)
class Grounds:
    """What the rules look at."""

    unit: Unit
    organisations: Mapping[str, RowMapping]
    holders: Mapping[str, RowMapping]
    """The registered organisations by the credit codes that some content gives."""
    prefixes: frozenset[str]
    """The number prefixes of the offices here, if some content brings a number of another one."""
    listings: Mapping[str, str]
    """Kind of each listing that some content names and that was ever published."""


def gather(unit: Unit, contents: Iterable[Mapping[str, Any]], organisations: Iterable[str] = ()) -> Grounds:
    """The grounds to judge these contents, with further organisations by id."""
    wanted, codes, linked, outside = set(organisations), set(), set(), False
    for content in contents:
        parties = [party for side in SIDES if (party := content.get(side))]
        wanted |= {party["organisation"] for party in parties if party.get("organisation")}
        codes |= {uscc.compact(party["credit_code"]) for party in parties if party.get("credit_code")}
        linked |= {content[link] for link in LINKS if content.get(link)}
        outside = outside or bool(content.get("outside"))
    holders = select(Organisation.__table__)
    published = select(Listing.id, Listing.kind).where(Listing.first_published_at.is_not(None))
    ours = select(Organisation.number_prefix).where(Organisation.number_prefix.is_not(None))
    return Grounds(
        unit,
        by_ids(unit, wanted),
        {row["credit_code"]: row for row in _rows(unit, holders, Organisation.credit_code, codes)},
        frozenset(unit.execute(ours).scalars()) if outside else frozenset(),
        {row["id"]: row["kind"] for row in _rows(unit, published, Listing.id, linked)},
    )


def _rows(unit: Unit, statement: Select[*tuple[Any, ...]], column: Any, values: Iterable[str]) -> Iterator[RowMapping]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _QUESTION):
        yield from unit.execute(statement.where(column.in_(ordered[start : start + _QUESTION]))).mappings()


def facts_of(content: Mapping[str, Any], grounds: Grounds) -> tuple[dict[str, Any], list[FieldError]]:
    """The columns that the given content fills, and every field of it that is wrong by itself."""
    facts = {column: content[key] for key, column in COLUMNS.items() if key in content}
    errors = wrong_codes(content, code_lists(grounds.unit))
    if content.get("field") is not None:
        field = catalogue(grounds.unit).find(content["field"])
        if field is None or field.scheme != "contract":
            errors.append(UNKNOWN_FIELD)
        else:
            facts["field"] = field.tag
    for link in LINKS:
        if content.get(link) is not None and grounds.listings.get(content[link]) != link:
            errors.append(FieldError(f"/{link}", "unknown-value", f"There is no such {link}."))
    for name in NAMED:
        if content.get(name) is not None:
            errors += check_name(content[name], f"/{name}")
    for side in SIDES:
        if side in content:
            party, wrong = _party(content[side] or {}, grounds)
            facts |= {f"{side}_{'code' if name == 'credit_code' else name}": party[name] for name in PARTY}
            errors += [FieldError(f"/{side}{error.pointer}", error.code, error.message) for error in wrong]
    return facts, errors


def wrong_codes(content: Mapping[str, Any], lists: CodeLists) -> list[FieldError]:
    """The codes in some content that their list does not have."""
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
    """A party's facts: those of the registered organisation it names, or as given.

    Identity is the credit code: a party with that of an organisation is this organisation, which also says what is not given.
    """
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
    errors = []
    if party["name"] is None:
        errors.append(FieldError("/name", "required", "A party is an organisation, or has a name."))
    elif party["country"] is None and party["credit_code"] is None:
        errors.append(FieldError("/country", "required", "A party without credit code needs its country."))
    holder = grounds.holders.get(uscc.compact(party["credit_code"])) if party["credit_code"] else None
    if holder is not None:
        party |= {"organisation": holder["id"]}
        party |= {name: holder[name] for name in ("country", "place", "nature") if party[name] is None}
        if party["name"] is not None and normalised(party["name"]) != normalised(holder["name"]):
            errors.append(FieldError("/name", "name-mismatch", "The organisation with this credit code has another."))
    facts, wrong = check_party(grounds.unit, {**party, "name": party["name"] or _NAMELESS})
    return party | facts | {"name": party["name"] and facts["name"]}, errors + wrong


def check_whole(facts: Mapping[str, Any], lists: CodeLists, registered_on: date, *, in_force: bool) -> list[FieldError]:
    """What is wrong with a complete content; `in_force`: on the day of registration the contract must be."""
    errors = [
        FieldError(f"/{key}", "required", "This field is needed.")
        for key in REQUIRED
        if facts.get(COLUMNS[key]) is None
    ]
    errors += check_together(facts, lists, registered_on, in_force=in_force)
    named = all(facts[f"{side}_name"] is not None for side in SIDES)
    if named and identity(facts, "seller") == identity(facts, "buyer"):
        errors.append(FieldError("/buyer", "same-party", "Seller and buyer must be two parties."))
    return errors


def check_together(
    facts: Mapping[str, Any], lists: CodeLists, registered_on: date, *, in_force: bool
) -> list[FieldError]:
    """What is wrong with types, amounts and days beside each other; what is missing is not judged."""
    errors = []
    if facts.get("contract_type") is not None and "contract_subtype" in facts:
        errors += _wrong_subtype(facts["contract_type"], facts["contract_subtype"], lists)
    tech, total = facts.get("tech_fen"), facts.get("total_fen")
    if tech is not None and not 0 < tech <= (tech if total is None else total):
        errors.append(FieldError("/tech_amount", "exceeds-total", "More than 0 and at most total_amount is needed."))
    return errors + _wrong_dates(facts, registered_on, in_force)


def _wrong_subtype(kind: str, subtype: str | None, lists: CodeLists) -> list[FieldError]:
    if subtype is None:
        if any(item.parent == kind for item in lists.items("contract_type")):
            return [FieldError("/contract_subtype", "required", "This type needs its sub-type.")]
    elif lists.has("contract_type", subtype) and lists.parent("contract_type", subtype) != kind:
        return [FieldError("/contract_subtype", "not-of-type", "Not a sub-type of contract_type.")]
    return []


def _wrong_dates(facts: Mapping[str, Any], registered_on: date, in_force: bool) -> list[FieldError]:
    errors = []
    signed_on, valid_from, valid_to = (facts.get(name) for name in ("signed_on", "valid_from", "valid_to"))
    if signed_on is not None and signed_on > registered_on:
        errors.append(FieldError("/signed_on", "after-registration", "A contract is signed before it is registered."))
    if valid_from is not None and valid_to is not None and valid_from > valid_to:
        errors.append(FieldError("/valid_to", "before-start", "The validity ends before it begins."))
    elif in_force and valid_from is not None and registered_on < valid_from:
        errors.append(FieldError("/valid_from", "not-in-force", "Not yet in force on the day of registration."))
    elif in_force and valid_to is not None and registered_on > valid_to:
        errors.append(FieldError("/valid_to", "expired", "Expired before the day of registration."))
    return errors
