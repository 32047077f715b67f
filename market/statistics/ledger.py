"""The ledger (台账): what every registration posts, so that counts and values roll up at once and can be taken back.

A registered contract posts `plus`; a change posts `minus` of the old version and `plus` of the new; a cancellation or revocation
posts `minus`; income approved posts `with_income`. The lines go into the event's payload under `ledger` before it is appended,
then to `post`, which writes ledger and cells at the seal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from market.journal.append import Event, seal
from market.places.queries import HK_MO_TW as HK_MO_TW_PLACES
from market.places.queries import Places, tree
from market.statistics.cube import add_lines
from market.statistics.model import DIMENSIONS, LedgerLine
from market.store.session import Unit
from market.store.types import month_of

Line = dict[str, Any]
"""Columns of a ledger row without `seq`, `line` and `rec_month`; JSON-safe."""

UNSPECIFIED = "unspecified"
"""What a contract leaves open."""
ABROAD = "abroad"
"""A party of another country."""
HK_MO_TW = "hk_mo_tw"
"""A party of Hong Kong, Macao or Taiwan: neither domestic nor abroad."""
ELSEWHERE = "elsewhere"
"""The office of a contract that was recorded from outside."""
BUCKETS = (HK_MO_TW, ABROAD, UNSPECIFIED)
"""Places that are no divisions."""

INTERNAL, OUTPUT_ONLY, ABSORBED_ONLY, NEITHER = 1, 2, 3, 4
NOT_REGISTERED_HERE = 4
"""Added to the flow of a contract that no office of the home region registered."""

_AMOUNTS = ("total", "tech", "income")
_COLUMNS = ("contract_id", "version", "stat_month", "flow", *DIMENSIONS)
_OPTIONAL = (
    "ip_type",
    "plan_source",
    "served_industry",
    "socio_economic_objective",
    "payment_mode",
    "seller_nature",
    "buyer_nature",
)


def plus(unit: Unit, contract: Mapping[str, Any], income: int = 0) -> Line:
    """The +1 line of a contract version (mapping of the contract's columns); `income` is what is approved of it so far."""
    places, home = tree(unit), unit.database.home_region()
    line: Line = {
        "contract_id": contract["id"],
        "version": contract["version"],
        "sign": 1,
        "stat_month": month_of(contract["registered_on"]),
        "total": contract["total_fen"],
        "tech": contract["tech_fen"],
        "income": income,
        "contract_type": contract["contract_type"],
        "contract_subtype": contract["contract_subtype"] or contract["contract_type"],
        "field": contract["field"],
        "office": contract["office"] or ELSEWHERE,
        "office_place": contract["office_place"] or ELSEWHERE,
        "linked_demand": int(contract["demand_id"] is not None),
        "linked_achievement": int(contract["achievement_id"] is not None),
    }
    line |= {name: contract[name] or UNSPECIFIED for name in _OPTIONAL}
    for side in ("seller", "buyer"):
        found = _levels(places, contract[f"{side}_country"], contract[f"{side}_place"])
        line |= {f"{side}_{level}": value for level, value in zip(("place", "league", "province"), found, strict=True)}
    line["flow"] = flow(
        _lies_in(places, line["seller_place"], home),
        _lies_in(places, line["buyer_place"], home),
        _lies_in(places, line["office_place"], home),
    )
    return line


def flow(seller_inside: bool, buyer_inside: bool, registered_here: bool) -> int:
    """Where a deal runs as seen from home; every basis is a set of flows."""
    sides = {(True, True): INTERNAL, (True, False): OUTPUT_ONLY, (False, True): ABSORBED_ONLY}
    return sides.get((seller_inside, buyer_inside), NEITHER) + (0 if registered_here else NOT_REGISTERED_HERE)


def minus(unit: Unit, contract_id: str) -> Line:
    """The -1 line that takes back the live line of a contract exactly as it was posted."""
    columns = [getattr(LedgerLine, name) for name in (*_COLUMNS, "sign", *_AMOUNTS)]
    last = (
        unit.execute(
            select(*columns)
            .where(LedgerLine.contract_id == contract_id)
            .order_by(LedgerLine.seq.desc(), LedgerLine.line.desc())
            .limit(1)
        )
        .mappings()
        .one()
    )
    if last["sign"] != 1:
        raise ValueError(f"{contract_id} has no live line")
    return {**last, "sign": -1, **{name: -last[name] for name in _AMOUNTS}}


def with_income(unit: Unit, contract_id: str, income: int) -> list[Line]:
    """The lines that give a live contract this income in all and leave all else as it was posted; none if it has it already."""
    back = minus(unit, contract_id)
    if back["income"] == -income:
        return []
    return [back, {**back, "sign": 1, **{name: -back[name] for name in _AMOUNTS}, "income": income}]


def taken_back(by: int | None = None) -> ColumnElement[bool]:
    """A later -1 line, up to the seq `by`, takes back this +1 line. The lines of a contract take turns."""
    later = aliased(LedgerLine)
    undone = [later.contract_id == LedgerLine.contract_id, later.seq > LedgerLine.seq, later.sign == -1]
    return exists().where(*undone, *([] if by is None else [later.seq <= by]))


def post(unit: Unit, event: Event, lines: Sequence[Line]) -> None:
    """Write these lines under the event's seq, and add them to the cells, when the unit is sealed."""
    unit.pending.setdefault("ledger", []).append((event, lines))
    unit.at_seal(seal)
    unit.at_seal(_seal)


def _seal(unit: Unit) -> None:
    """Runs after the journal's seal, which holds the head and has stamped the events."""
    rows = []
    for event, lines in unit.pending["ledger"]:
        if event.stamp is None:
            raise ValueError(f"{event.kind} of {event.subject} was posted but never appended")
        stamped = {"seq": event.stamp.seq, "rec_month": event.stamp.rec_month}
        rows += [{**line, **stamped, "line": number} for number, line in enumerate(lines, 1)]
    add_lines(unit, rows)


def _levels(places: Places, country: str, place: str | None) -> tuple[str, str, str]:
    """Finest place, league and province of a party; a bucket stands at every level."""
    bucket = UNSPECIFIED if place is None else ""
    if country in HK_MO_TW_PLACES or place in HK_MO_TW_PLACES.values():
        bucket = HK_MO_TW
    elif country != "CN":
        bucket = ABROAD
    if place is None or bucket:
        return bucket, bucket, bucket
    province = places.lineage(place)[-1]
    return place, places.at_level(place, "prefecture") or province, province


def _lies_in(places: Places, place: str, region: str) -> bool:
    return place not in (*BUCKETS, ELSEWHERE) and places.within(place, region)
