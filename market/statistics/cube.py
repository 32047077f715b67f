"""The cuboids: narrow sums over the ledger, kept in the same transaction, so that the usual questions cost the same at any size.

A cuboid has two dimensions beside statistical month, recorded month and flow. Leagues (盟市) are seen from home: a place
in the home province by its league, any other by its province or bucket. `queries` chooses a cuboid when it holds all a
question needs; else the ledger answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from market.statistics.model import DealCell
from market.store import dialect
from market.store.session import Unit

ROWS_A_STATEMENT = 100
"""Longer statements took longer on both engines, they only seem to save something."""

KEYS = ("cuboid", "stat_month", "rec_month", "flow", "a", "b")
SUMS = ("deals", "total", "tech")


@dataclass(frozen=True)
class Cuboid:
    """Number and two dimensions; the numbers are stored and must not be used again for others."""

    number: int
    a: str
    b: str


CUBOIDS = (
    Cuboid(1, "contract_type", "field"),
    Cuboid(2, "seller_league", "contract_type"),
    Cuboid(3, "buyer_league", "contract_type"),
    Cuboid(4, "seller_league", "buyer_league"),
)
"""Smallest first: the first that fits a question answers it."""


def province_code(place: str) -> str:
    """The province of a six-digit code: the first two digits, by the construction of GB/T 2260."""
    return place[:2] + "0000"


def add_lines(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add complete ledger rows to every cuboid. Only under the lock of the journal's head."""
    home = province_code(unit.database.home_region())
    cells: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        for cuboid in CUBOIDS:
            a, b = _seen_from(home, row, cuboid.a), _seen_from(home, row, cuboid.b)
            key = (cuboid.number, row["stat_month"], row["rec_month"], row["flow"], a, b)
            cell = cells.setdefault(key, [0, 0, 0])
            cell[0] += row["sign"]
            cell[1] += row["total"]
            cell[2] += row["tech"]
    values = [dict(zip(KEYS + SUMS, (*key, *cells[key]), strict=True)) for key in sorted(cells)]
    for start in range(0, len(values), ROWS_A_STATEMENT):
        chunk = values[start : start + ROWS_A_STATEMENT]
        dialect.add_to(unit.connection, DealCell, chunk, KEYS, SUMS)


def _seen_from(home: str, row: Mapping[str, Any], dimension: str) -> Any:
    side, _, level = dimension.partition("_")
    if level == "league" and row[f"{side}_province"] != home:
        return row[f"{side}_province"]
    return row[dimension]
