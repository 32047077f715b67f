"""Putting the sample market into a demonstration database, through the rooms' own actions.

Use `load` once, on a database that is set up as `demo` and otherwise empty. Organisations become members, listings are
posted by their owners, contracts are imported with their days in the past: journal, ledger and cells stand as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from market.access import SYSTEM, Actor, Role
from market.errors import Conflict
from market.listings.actions import post_all
from market.organisations.actions import add_member, enrol, issue_key
from market.reference.loader import load_all
from market.registration.actions import import_contracts
from market.sample.generate import Contract, Listing, Market, generate
from market.sample.parties import Party
from market.store.dialect import analyze
from market.store.session import Database, Unit

BATCH = 2000
CHANNEL = "sample"
CLERKS = {"office": "示例登记员甲", "colleague": "示例登记员乙"}
"""Members of the demonstration office, by the names of their keys."""

_TERMS = tuple(field.name for field in fields(Contract) if field.name not in ("office", "outside", "seller", "buyer"))


def load(database: Database, market: Market | None = None) -> dict[str, str]:
    """Load reference data and the sample; answers a key for each demo role. Tells its progress on stderr."""
    if not database.is_demo():
        raise Conflict("Invented records belong into a demonstration database only.", code="not-a-demo")
    market = market or generate()
    _say("reference data")
    database.write(SYSTEM, load_all, CHANNEL)
    _say(f"{len(market.organisations)} organisations")
    ids, keys = database.write(SYSTEM, lambda unit: _enrol(unit, market), CHANNEL)
    _say(f"{len(market.listings)} achievements and demands")
    _post(database, market, ids)
    for done in _import(database, market, ids):
        _say(f"{done} of {len(market.contracts)} contracts")
    database.write(SYSTEM, lambda unit: analyze(unit.connection), CHANNEL)
    return keys


def _say(what: str) -> None:
    print(f"sample: {what}", file=sys.stderr, flush=True)


def _enrol(unit: Unit, market: Market) -> tuple[dict[str, str], dict[str, str]]:
    """Ids by the sample's own names, keys by role; the office's name two members, so that its desk has a second person."""
    ids = {organisation.key: enrol(unit, asdict(organisation))["id"] for organisation in market.organisations}
    keys = {role: _key(unit, ids[key], role) for role, key in market.demo.items()}
    keys["colleague"] = _key(unit, ids[market.demo["office"]], "colleague")
    return ids, keys


def _key(unit: Unit, organisation: str, role: str) -> str:
    name = CLERKS.get(role)
    member = None if name is None else add_member(unit, organisation, name)["id"]
    return issue_key(unit, organisation, label="demo", member=member)[1]


def _post(database: Database, market: Market, ids: dict[str, str]) -> None:
    """One unit for each owner and kind, since a listing belongs to whoever posts it."""
    owned: dict[tuple[str, str], list[Listing]] = {}
    for listing in market.listings:
        owned.setdefault((listing.owner, listing.kind), []).append(listing)
    owners = {organisation.key: organisation for organisation in market.organisations}
    for (owner, kind), listings in owned.items():
        actor = Actor(Role(owners[owner].role), ids[owner], place=owners[owner].place)
        _post_all(database, actor, kind, [_listing(listing) for listing in listings])


def _post_all(database: Database, actor: Actor, kind: str, facts: list[dict[str, Any]]) -> None:
    database.write(actor, lambda unit: post_all(unit, kind, facts), CHANNEL)


def _listing(listing: Listing) -> dict[str, Any]:
    facts = asdict(listing)
    return {
        **facts,
        "fields": list(listing.fields),
        "keywords": list(listing.keywords),
        "modes": list(listing.modes),
        "amount_fen": listing.amount,
        "publish": True,
    }


def _import(database: Database, market: Market, ids: dict[str, str]) -> Iterator[int]:
    """How many contracts are in, after each batch."""
    recorder = ids[market.demo["office"]]
    for start in range(0, len(market.contracts), BATCH):
        rows = list(_contracts(market.contracts[start : start + BATCH], ids, recorder))
        _import_batch(database, rows)
        yield start + len(rows)


def _import_batch(database: Database, rows: list[dict[str, Any]]) -> None:
    database.write(SYSTEM, lambda unit: import_contracts(unit, rows), CHANNEL)


def _contracts(contracts: Iterable[Contract], ids: dict[str, str], recorder: str) -> Iterator[dict[str, Any]]:
    """Contracts as the import takes them; `recorder` is the office that records what was registered outside."""
    for contract in contracts:
        yield {
            **{name: getattr(contract, name) for name in _TERMS},
            "office": recorder if contract.office is None else ids[contract.office],
            "outside": contract.outside and asdict(contract.outside),
            "seller": _party(contract.seller, ids),
            "buyer": _party(contract.buyer, ids),
        }


def _party(party: Party, ids: dict[str, str]) -> dict[str, Any]:
    return asdict(party) if party.organisation is None else {"organisation": ids[party.organisation]}
