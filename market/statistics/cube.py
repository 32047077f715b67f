"""The cuboids: narrow sums over the ledger, kept in the same transaction, so that the usual questions cost the same at any size.

A cuboid has one or two dimensions beside statistical month, recorded month and flow. Leagues (盟市) are seen from home: a place
in the home province by its league, any other by its province or bucket. Those of `CUBOIDS` tell recorded months apart, for
figures as of a past point; those of `PRESENT` are sums of them over all recorded months, for figures as of now. `queries` chooses
one that holds all a question needs; else the ledger answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from market.statistics.model import CuboidState, DealCell
from market.store import dialect
from market.store.session import Unit

ROWS_A_STATEMENT = 100
"""Longer statements took longer on both engines, they only seem to save something."""

KEYS = ("cuboid", "stat_month", "rec_month", "flow", "a", "b")
SUMS = ("deals", "total", "tech", "income")


@dataclass(frozen=True)
class Cuboid:
    """Number and dimensions (`b` may be empty); the numbers are stored and must not be used again for others.

    `of` is the cuboid that one of the present is a sum of. `within_league`: it has only the deals within one league of the home
    province, those that `league` under `involved` must not count on both sides.
    """

    number: int
    a: str
    b: str = ""
    of: int = 0
    within_league: bool = False

    def cell(self, home: str, row: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """The cell of a ledger row; None: it has none here."""
        if self.within_league and not row["seller_province"] == row["buyer_province"] == home:
            return None
        if self.within_league and row["seller_league"] != row["buyer_league"]:
            return None
        return _seen_from(home, row, self.a), _seen_from(home, row, self.b)


CUBOIDS = (
    Cuboid(5, "office"),
    Cuboid(1, "contract_type", "field"),
    Cuboid(2, "seller_league", "contract_type"),
    Cuboid(3, "buyer_league", "contract_type"),
    Cuboid(6, "seller_league", "contract_type", within_league=True),
    Cuboid(4, "seller_league", "buyer_league"),
)
PRESENT = (
    Cuboid(-7, "contract_type", of=1),
    Cuboid(-8, "field", of=1),
    Cuboid(-5, "office", of=5),
    Cuboid(-9, "seller_league", of=2),
    Cuboid(-10, "buyer_league", of=3),
    Cuboid(-11, "seller_league", of=6, within_league=True),
    Cuboid(-2, "seller_league", "contract_type", of=2),
    Cuboid(-3, "buyer_league", "contract_type", of=3),
    Cuboid(-6, "seller_league", "contract_type", of=6, within_league=True),
)
"""Smallest first: the first that fits a question answers it."""


def province_code(place: str) -> str:
    """The province of a six-digit code: the first two digits, by the construction of GB/T 2260."""
    return place[:2] + "0000"


def usable(unit: Unit, *, past: bool) -> list[Cuboid]:
    """The cuboids that can answer, smallest first: as of a past point those by recorded month. One still being built cannot."""
    ready = unit.reference("cuboids", _ready)
    if not ready >= {cuboid.number for cuboid in (*CUBOIDS, *PRESENT)}:
        return []
    return list(CUBOIDS if past else (*PRESENT, *CUBOIDS))


def _ready(connection: Connection) -> frozenset[int]:
    return frozenset(connection.execute(select(CuboidState.number).where(CuboidState.ready)).scalars())


def add_lines(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add complete ledger rows to every cuboid. Only under the lock of the journal's head."""
    home = province_code(unit.database.home_region())
    cells: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        for cuboid in (*CUBOIDS, *PRESENT):
            if (dimensions := cuboid.cell(home, row)) is None:
                continue
            rec_month = 0 if cuboid.of else row["rec_month"]
            cell = cells.setdefault(
                (cuboid.number, row["stat_month"], rec_month, row["flow"], *dimensions), [0] * len(SUMS)
            )
            cell[0] += row["sign"]
            cell[1] += row["total"]
            cell[2] += row["tech"]
            cell[3] += row["income"]
    values = [dict(zip(KEYS + SUMS, (*key, *cells[key]), strict=True)) for key in sorted(cells)]
    for start in range(0, len(values), ROWS_A_STATEMENT):
        chunk = values[start : start + ROWS_A_STATEMENT]
        dialect.add_to(unit.connection, DealCell, chunk, KEYS, SUMS)


def _seen_from(home: str, row: Mapping[str, Any], dimension: str) -> Any:
    side, _, level = dimension.partition("_")
    if level == "league" and row[f"{side}_province"] != home:
        return row[f"{side}_province"]
    return row[dimension] if dimension else ""
