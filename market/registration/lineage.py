"""Where a contract came from (来龙去脉): the listings it names, the talks of its parties about them, and what became of it.

Told to whoever may see what the contract names. Of the talks only stages, days and the match are told, never what was said.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from market.contracts.queries import by_number, one, shown
from market.dealings.model import Dealing, DealingStep
from market.dealings.queries import brokers_of
from market.dealings.stages import state_of
from market.organisations.queries import by_ids
from market.registration.versions import page_of_versions
from market.store.paging import MAX_LIMIT
from market.store.session import Unit
from market.store.types import today

_LINKS = ("demand", "achievement")
_TOLD = ("id", "match", "created_at", "introduced_at", "agreed_at", "reason")


def lineage(unit: Unit, number: str) -> dict[str, Any]:
    """Demand and achievement in the versions the talks began with, match, interest, talks, contract, changes."""
    contract = shown(one(unit, by_number(number)), unit.actor)
    named = {kind: contract[kind] for kind in _LINKS if contract[kind] is not None}
    dealings = _dealings(unit, contract, list(named.values())) if named else []
    versions: dict[str, tuple[int, str]] = {}
    for row in dealings:
        versions[row["listing_id"]] = (row["listing_version"], row["listing_title"])
        if row["from_listing"] is not None:
            versions[row["from_listing"]] = (row["from_version"], row["from_title"])
    found: dict[str, Any] = dict.fromkeys(_LINKS)
    for kind, listing_id in named.items():
        version, title = versions.get(listing_id, (None, None))
        found[kind] = {"id": listing_id, "version": version, "title": title}
    changes = page_of_versions(unit, number, cursor=None, limit=MAX_LIMIT)
    return {**found, "dealings": _told(unit, dealings), "contract": contract, "changes": changes.rows}


def _dealings(unit: Unit, contract: dict[str, Any], listings: list[str]) -> list[dict[str, Any]]:
    """The talks of the contract's two parties about what it names, oldest first."""
    parties = [contract[side]["organisation"] for side in ("seller", "buyer")]
    statement = (
        select(Dealing.__table__)
        .where(or_(Dealing.listing_id.in_(listings), Dealing.from_listing.in_(listings)))
        .where(Dealing.owner.in_(parties), Dealing.seeker.in_(parties))
        .order_by(Dealing.id)
    )
    return [dict(row) for row in unit.execute(statement).mappings()] if None not in parties else []


def _told(unit: Unit, dealings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not dealings:
        return []
    ids = [row["id"] for row in dealings]
    order = (DealingStep.dealing_id, DealingStep.version)
    steps = unit.execute(
        select(DealingStep.__table__).where(DealingStep.dealing_id.in_(ids)).order_by(*order)
    ).mappings()
    taken: dict[str, list[Any]] = {row["id"]: [] for row in dealings}
    for step in steps:
        taken[step["dealing_id"]].append(step)
    brokers = brokers_of(unit, ids)
    names = by_ids(unit, [each["organisation_id"] for each in brokers])
    return [
        {
            **{name: row[name] for name in _TOLD},
            "state": state_of(row, today()),
            "owner": row["owner"],
            "seeker": row["seeker"],
            "listing": {"id": row["listing_id"], "version": row["listing_version"]},
            "from_listing": row["from_listing"] and {"id": row["from_listing"], "version": row["from_version"]},
            "nda": row["nda"] and {name: row["nda"][name] for name in ("sha256", "signed_at")},
            "brokers": [
                {
                    "broker": each["broker_id"],
                    "side": each["side"],
                    "organisation": names[each["organisation_id"]]["name"],
                    "since": each["since"],
                    "until": each["until"],
                }
                for each in brokers
                if each["dealing_id"] == row["id"]
            ],
            "steps": taken[row["id"]],
        }
        for row in dealings
    ]
