"""What an applicant fills in (认定登记申请表): the contract, and what the national form asks beyond the register's own columns.

Use `stored` and `loaded` to keep content in a row, `split` to keep personal data out of the journal's payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from market.contracts.rules import COLUMNS, PARTY, SIDES

EXTRAS = (
    "is_related_party",
    "tax_related",
    "disputed",
    "exclusions",
    "amount_is_estimated",
    "royalty_formula",
    "currency",
    "expected_investment",
    "expected_output",
    "handler",
)
"""Content beside the contract's own, by its names on the wire."""
PARTY_EXTRAS = (
    "is_tech_transfer_org",
    "is_rd_org",
    "is_converted_institute",
    "in_national_hightech_zone",
    "is_listed",
    "enterprise_size",
    "industry",
    "address",
    "postcode",
    "legal_representative",
    "contact",
    "phone",
)
"""What the form asks of a party beside what the register keeps of it."""
FIELDS = (*COLUMNS, *SIDES, *EXTRAS)
"""All content of an application."""
PERSONAL = ("handler",)
PERSONAL_PARTY = ("address", "postcode", "legal_representative", "contact", "phone")
PERSONAL_NATURES = frozenset({"natural_person"})
"""Natures of a party (party_nature) whose name is personal data."""

_DAYS = ("signed_on", "valid_from", "valid_to", "rate_date")


def stored(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as JSON keeps it."""
    return {
        name: stored(value)
        if isinstance(value, Mapping)
        else [stored(item) if isinstance(item, Mapping) else item for item in value]
        if isinstance(value, list)
        else value.isoformat()
        if isinstance(value, date)
        else value
        for name, value in content.items()
    }


def loaded(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as the rules look at it, from how it is kept."""
    return {
        name: loaded(value)
        if isinstance(value, Mapping)
        else date.fromisoformat(value)
        if name in _DAYS and value is not None
        else value
        for name, value in content.items()
    }


def split(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Stored content without personal data, and the personal data in the same shape."""
    kept = {name: value for name, value in content.items() if name not in PERSONAL}
    personal = {name: content[name] for name in PERSONAL if content.get(name) is not None}
    for side in SIDES:
        party = content.get(side)
        if party is not None:
            private = {*PERSONAL_PARTY, *(("name",) if party.get("nature") in PERSONAL_NATURES else ())}
            kept[side] = {name: None if name in private else value for name, value in party.items()}
            told = {name: value for name, value in party.items() if name in private and value is not None}
            personal |= {side: told} if told else {}
    return kept, personal


def bare(content: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's own part of the content, whole: what is not given is None."""
    own: dict[str, Any] = {name: content.get(name) for name in COLUMNS}
    for side in SIDES:
        party = content.get(side)
        own[side] = party and {name: party.get(name) for name in PARTY}
    return own
