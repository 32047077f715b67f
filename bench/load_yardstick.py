"""Loading the invented market into the yardstick's own tables, in bulk."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert

from bench.data import OFFICE_PREFIX, Market, Member, chunks, parsed
from bench.yardstick.app import open_engine
from bench.yardstick.contracts import fingerprint, party_columns
from bench.yardstick.model import (
    ApiKey,
    Base,
    Code,
    Contract,
    Demand,
    DemandTag,
    Field,
    OfficeCounter,
    Organisation,
    Place,
)
from bench.yardstick.reference import Reference, now
from market.reference.files import table


def load(url: str, market: Market, size: int) -> tuple[dict[str, str], dict[str, str]]:
    """Make the tables, load `size` demands and contracts; answers ids and keys by member."""
    engine = open_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        load_reference(connection)
        keys = load_members(connection, market.members)
        load_demands(connection, market, size)
        load_contracts(connection, market, size)
    engine.dispose()
    return {member.key: member.key for member in market.members}, keys


def load_reference(connection: Connection) -> None:
    """Places, fields and code lists."""
    places = [row for row in table("places") if row["last_year"] is None]
    connection.execute(insert(Place), [{**_named(row), "level": row["level"]} for row in places])
    fields = [{**row, "tag": f"{row['scheme']}:{row['code']}"} for row in table("fields")]
    tags = [
        {"tag": row["tag"], "name": row["name_zh"], "parent": row["parent"] and f"{row['scheme']}:{row['parent']}"}
        for row in fields
    ]
    connection.execute(insert(Field), tags)
    codes = [{**_named(row), "list": row["list"]} for row in table("code_lists")]
    codes += [{**_named(row), "list": "industry"} for row in table("industries")]
    connection.execute(insert(Code), codes)


def _named(row: dict[str, str | None]) -> dict[str, str | None]:
    return {"code": row["code"], "name": row["name_zh"], "parent": row["parent"]}


def load_members(connection: Connection, members: list[Member]) -> dict[str, str]:
    """Organisations and a key for each; answers the keys."""
    connection.execute(insert(Organisation), [{"id": member.key, **member.facts} for member in members])
    tokens = {member.key: f"yard_{secrets.token_urlsafe(32)}" for member in members}
    keys = [
        {"id": f"key_{key}", "digest": hashlib.sha256(token.encode()).hexdigest(), "organisation_id": key}
        for key, token in tokens.items()
    ]
    connection.execute(insert(ApiKey), keys)
    return tokens


def load_demands(connection: Connection, market: Market, size: int) -> None:
    """Demands with their tags."""
    tree = Reference(connection).fields
    for chunk in chunks(market.demands(size)):
        rows, tags = [], []
        for facts in chunk:
            body = parsed(facts)
            fields, owner, at = body.pop("fields"), body.pop("owner"), body.pop("at").replace(tzinfo=None)
            for position, tag in enumerate(tree.without_ancestors(fields)):
                tags.append({"demand_id": body["id"], "tag": tag, "position": position})
            body |= {"kind": "demand", "owner_id": owner, "created_at": at, "updated_at": at}
            rows.append({**body, "published_at": body["published_at"] and at})
        connection.execute(insert(Demand), rows)
        connection.execute(insert(DemandTag), tags)


def load_contracts(connection: Connection, market: Market, size: int) -> None:
    """Contracts, numbered in order, and the counter of the office."""
    known = Reference(connection)
    members = {member.key: member.facts for member in market.members}
    serials: Counter[int] = Counter()
    for chunk in chunks(market.contracts(size)):
        rows = []
        for facts in chunk:
            day: date = facts.pop("registered_on")
            serials[day.year] += 1
            body = parsed(facts)
            body |= {"demand_id": body.pop("demand"), "achievement_id": body.pop("achievement")}
            columns: dict[str, Any] = {}
            for side in ("seller", "buyer"):
                columns |= party_columns(known, members.get, side, {"organisation": None, **body.pop(side)}, {})
            rows.append(
                {
                    **body,
                    **columns,
                    "id": f"con_{serials.total():026d}",
                    "number": f"{day.year}{OFFICE_PREFIX}{serials[day.year]:06d}",
                    "office_id": "office",
                    "registered_on": day,
                    "late": True,
                    "state": "registered",
                    "fingerprint": fingerprint(body, columns),
                    "recorded_at": now(),
                }
            )
        connection.execute(insert(Contract), rows)
    counters = [{"office_id": "office", "year": year, "last": last} for year, last in serials.items()]
    connection.execute(insert(OfficeCounter), counters)
