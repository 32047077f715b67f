"""Short forms of the register's acts, for its tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from market.access import SYSTEM
from market.contracts.queries import by_number, by_outside_id
from market.examination import actions as examination
from market.examination.model import Case
from market.journal import read as journal
from market.registration import actions
from market.store.session import Database
from tests.market.contracts.samples import content, outside
from tests.world import World


def register(world: World, office: str = "office", **changes: Any) -> dict[str, Any]:
    body = content(world, **changes)
    return world.database.write(world.actor(office), lambda unit: actions.register(unit, body))


def record(world: World, number: str = "2026110000000001", office: str = "office", **changes: Any) -> dict[str, Any]:
    body = outside(world, number, **changes)
    return world.database.write(world.actor(office), lambda unit: actions.record_outside(unit, body))


def change(
    world: World, made: dict[str, Any], office: str = "office", *, expected: int | None = None, **changes: Any
) -> dict[str, Any]:
    why = {"reason": "CORRECTION", "text": "写错了", "changes": changes}
    return _again(world, actions.change, made, office, expected, why)


def cancel(world: World, made: dict[str, Any], office: str = "office", expected: int | None = None) -> dict[str, Any]:
    why = {"reason": "RESCINDED", "text": None, "asked_by": "both" if made["number"] else None}
    return _again(world, actions.cancel, made, office, expected, why)


def revoke(world: World, made: dict[str, Any]) -> dict[str, Any]:
    """One clerk of the office proposes it, another decides."""
    propose(world, made)
    return decide(world, made)


def decide(
    world: World, made: dict[str, Any], office: str = "colleague", expected: int | None = None
) -> dict[str, Any]:
    return _again(world, actions.revoke, made, office, expected, {"text": None})


def take_off(world: World, made: dict[str, Any], office: str = "office") -> dict[str, Any]:
    return _again(world, actions.take_off, made, office, None, {"reason": "FRAUD", "text": None})


def propose(world: World, made: dict[str, Any], reason: str = "FRAUD") -> dict[str, Any]:
    def work(unit: Any) -> dict[str, Any]:
        case = select(Case.id).where(Case.contract_id == made["id"])
        return examination.propose_revocation(unit, unit.execute(case).scalar_one(), None, reason, "示例")

    return world.database.write(world.actor("office"), work)


def _again(
    world: World, act: Any, made: dict[str, Any], office: str, expected: int | None, why: dict[str, Any]
) -> dict[str, Any]:
    this = by_number(made["number"]) if made["number"] else by_outside_id(made["id"])
    return world.database.write(world.actor(office), lambda unit: act(unit, this, expected=expected, **why))


def rows(database: Database, model: Any, **equal: Any) -> list[Any]:
    """The rows of a table in order of its key."""
    table = model.__table__
    statement = select(table).filter_by(**equal).order_by(*table.primary_key)
    with database.read(SYSTEM) as unit:
        return list(unit.execute(statement).mappings())


def events(database: Database, kind: str) -> list[Any]:
    """The journal's entries of a kind."""
    with database.read(SYSTEM) as unit:
        return list(journal.entries(unit, kinds=(kind,)))
