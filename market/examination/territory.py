"""Where a contract is registered: once, by the office of the applicant's own place (按登记主体所在地实行一次登记)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.contracts.rules import SIDES
from market.errors import FieldError
from market.places.queries import HK_MO_TW, Places

IMPORT_ORIGINS = frozenset({"abroad", "hk_mo_tw"})
"""A seller from here makes a contract a technology import (技术进口), for which the domestic buyer applies.

Draft of the 2024 rules, article 11; that Hong Kong, Macao and Taiwan count like abroad is our reading of 技术进出口管理条例.
"""


def origin(facts: Mapping[str, Any], side: str) -> str:
    """Where a party sits: `mainland`, `hk_mo_tw` or `abroad`."""
    if facts[f"{side}_place"] in HK_MO_TW.values():
        return "hk_mo_tw"
    return "mainland" if facts[f"{side}_country"] == "CN" else "abroad"


def applicant(facts: Mapping[str, Any]) -> str:
    """Who applies (登记主体): the seller, or for a technology import the buyer."""
    return "buyer" if origin(facts, "seller") in IMPORT_ORIGINS else "seller"


def outside_territory(facts: Mapping[str, Any], territory: str | None, places: Places) -> list[FieldError]:
    """Why an office with this territory may not register the contract, if so."""
    side = applicant(facts)
    if side == "buyer" and origin(facts, "buyer") in IMPORT_ORIGINS:
        return [FieldError("/buyer", "no-domestic-party", "A technology import is registered for a domestic buyer.")]
    place = facts[f"{side}_place"]
    if place is None:
        return [FieldError(f"/{side}/place", "required", "The place of this party decides which office registers.")]
    if territory is None or not places.within(place, territory):
        return [FieldError(f"/{side}", "outside-territory", "This party does not sit in the office's territory.")]
    return []


def outside_region(facts: Mapping[str, Any], region: str, places: Places) -> list[FieldError]:
    """Why an outside registration does not concern the region, if so."""
    if any((place := facts[f"{side}_place"]) is not None and places.within(place, region) for side in SIDES):
        return []
    return [FieldError(f"/{side}", "outside-region", "One of the parties must sit in the region.") for side in SIDES]
