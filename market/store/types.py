"""Values and column types shared by all rooms: exact money, instants, civil dates, months, codes, ids, clean text.

Inside: money is integer fen (分), an instant is integer microseconds UTC, a civil date is a `date` in Asia/Shanghai, a month is
the integer yyyymm. On the wire: yuan string, RFC 3339, ISO date, `2018-03`.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import BigInteger, Date, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from market.store.dialect import code_type

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAX_FEN = 10**15
"""Upper bound of one amount: ten trillion yuan, far inside a 64-bit sum of a million contracts."""

Instant = BigInteger
"""Column of microseconds since 1970-01-01 UTC."""
Fen = BigInteger
"""Column of money in fen."""
Month = Integer
"""Column of a month as yyyymm."""
CivilDate = Date
"""Column of a date in Asia/Shanghai."""
LongText = Text
"""Column of free text."""


def Code(length: int) -> TypeEngine[str]:
    """Column of a code or id: compared byte by byte on both engines."""
    return code_type(String(length))


class Json(TypeDecorator[Any]):
    """Column of a JSON value kept as canonical text; never looked into by SQL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


def canonical(value: Any) -> bytes:
    """The one JSON encoding of a value: sorted keys, no spaces, UTF-8. Digests are taken of it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def now() -> int:
    """The present instant in microseconds UTC."""
    return time.time_ns() // 1000


def civil_date(instant: int) -> date:
    """The civil date of an instant."""
    return datetime.fromtimestamp(instant // 1_000_000, SHANGHAI).date()


def today() -> date:
    """The civil date of the present instant."""
    return civil_date(now())


def month_of(day: date) -> int:
    """The month (yyyymm) a civil date lies in."""
    return day.year * 100 + day.month


def month_text(month: int) -> str:
    """A month as it stands on the wire: `2018-03`."""
    return f"{month // 100:04d}-{month % 100:02d}"


def instant_text(instant: int) -> str:
    """An instant as RFC 3339 with microseconds and Z."""
    seconds, micros = divmod(instant, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{micros:06d}Z"


def yuan(fen: int) -> str:
    """Fen as a yuan string with two decimals."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def fen(amount: Decimal) -> int:
    """A yuan amount as fen; a fraction of a fen raises ValueError."""
    scaled = amount * 100
    if scaled != scaled.to_integral_value():
        raise ValueError("more than two decimals")
    return int(scaled)


def is_clean(text: str) -> bool:
    """Free of NUL and of lone surrogates, which one or both engines cannot store."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """A new public id such as `dem_01jc…`: 48 bits of milliseconds (so ids sort by age), then 80 random bits."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
