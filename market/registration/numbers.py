"""Registration numbers (合同登记编号): 16 digits, YYYY + the office's six + a serial of six, gapless per office and year.

Which digits mean what is unverified beyond the year and the length, so the office's six are one opaque prefix.
"""

from __future__ import annotations

from market.contracts.model import NumberSeries
from market.errors import Conflict
from market.store.dialect import take_next
from market.store.session import Unit

LAST_SERIAL = 999_999


def next_numbers(unit: Unit, office: str, prefix: str, year: int, count: int = 1) -> list[str]:
    """The next `count` numbers of an office in a year.

    Locks the office's series until the end of the unit: call it before any contract is written, and for several offices and years
    in sorted order.
    """
    last = take_next(unit.connection, NumberSeries, {"office": office, "year": year}, "last", count)
    if last > LAST_SERIAL:
        raise Conflict(f"The office has no number left for {year}.", code="number-series-exhausted")
    return [f"{year:04d}{prefix}{serial:06d}" for serial in range(last - count + 1, last + 1)]
