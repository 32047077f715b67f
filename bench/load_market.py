"""Loading the invented market into the service: contracts through its bulk import, listings into its table and `reindex`.

Afterwards the service's own check must find that cube, ledger, contracts and journal agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert

from bench.data import Market, chunks, parsed
from market.access import SYSTEM, Actor, Role
from market.listings import actions as listings
from market.listings.model import Listing
from market.organisations.actions import add_member, enrol, issue_key
from market.reference.loader import load_all
from market.registration.actions import import_contracts
from market.statistics.agreement import check
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database, Unit


def load(url: str, market: Market, size: int) -> tuple[dict[str, str], dict[str, str]]:
    """Set up a demonstration market and load `size` demands and contracts; answers ids and keys by member."""
    ids: dict[str, str] = {}
    keys: dict[str, str] = {}

    def begin(unit: Unit) -> None:
        set_up(unit.connection, "demo")
        load_all(unit)
        for member in market.members:
            ids[member.key] = enrol(unit, member.facts)["id"]
            person = add_member(unit, ids[member.key], "示例登记员")["id"] if member.key == "office" else None
            _, keys[member.key] = issue_key(unit, ids[member.key], label="bench", member=person)

    with Database(url) as database:
        upgrade(database)
        database.write(SYSTEM, begin)
        for chunk in chunks(demand_rows(market, size, ids)):
            database.write(SYSTEM, lambda unit, rows=chunk: unit.execute(insert(Listing), rows))
        database.write(SYSTEM, listings.reindex)
        office = Actor(Role.OFFICE, ids["office"], place="150000")
        for chunk in chunks(contract_rows(market, size, ids)):
            database.write(office, lambda unit, rows=chunk: import_contracts(unit, rows))
        with database.snapshot(SYSTEM) as unit:
            if wrong := check(unit):
                raise RuntimeError(f"the loaded market does not agree with itself: {wrong[:3]}")
    return ids, keys


def demand_rows(market: Market, size: int, ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Demands as rows of the table of listings."""
    for facts in market.demands(size):
        kept = {name: facts.pop(name) for name in ("id", "owner", "state", "at", "published_at")}
        body = parsed(facts)
        body |= {"amount_fen": body.pop("budget"), "ready_on": body.pop("needed_by")}
        at = round(kept["at"].timestamp() * 1_000_000)
        yield {
            **body,
            "id": kept["id"],
            "kind": "demand",
            "owner": ids[kept["owner"]],
            "version": 1,
            "created_at": at,
            "updated_at": at,
            "published_at": kept["published_at"] and at,
            "withdrawn_at": at if kept["state"] == "withdrawn" else None,
            "ordered_at": at,
            "tag_path": [],
            "place_path": [],
        }


def contract_rows(market: Market, size: int, ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Contracts as the bulk import takes them."""
    for facts in market.contracts(size):
        day = facts.pop("registered_on")
        for side in ("seller", "buyer"):
            if "organisation" in facts[side]:
                facts[side] = {"organisation": ids[facts[side]["organisation"]]}
        yield {**parsed(facts), "act": "registered", "office": ids["office"], "registered_on": day}
