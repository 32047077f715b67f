"""Keyset paging, the only kind: stable under change, equally quick on every page.

A list is a statement, a `Sort` whose columns end in the key and all run the same way, and a cursor that holds the last row's
values. The cursor is signed, and bound to the question it was given for.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Integer, Select, bindparam, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from market.errors import Invalid
from market.store.session import Unit
from market.store.types import canonical

MAX_LIMIT = 100


@dataclass(frozen=True)
class Sort:
    """An order: columns (all ascending or all descending) of which the last one is unique."""

    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
    names: tuple[str, ...]
    """The names under which the statement returns these columns."""
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """Rows of one page, and the cursor of the next (None: this was the last)."""

    rows: Sequence[Any]
    next: str | None


def fetch_page(
    unit: Unit,
    statement: Select[*tuple[Any, ...]],
    sort: Sort,
    question: Any,
    cursor: str | None,
    limit: int,
    parameters: dict[str, Any] | None = None,
) -> Page:
    """One page of `statement` in `sort` order. `question` identifies filters and sort; a cursor of another one is refused.

    A statement made once and kept gives its values as `parameters`; its paged form is then kept too, since making it anew costs
    more than running it.
    """
    values = {**(parameters or {}), "page_limit": limit + 1}
    if cursor is not None:
        wanted = [column.type.python_type for column in sort.columns]
        after = zip(read_cursor(unit, cursor, question), wanted, strict=True)
        values |= {f"after_{n}": date.fromisoformat(v) if kind is date else v for n, (v, kind) in enumerate(after)}
    paged = _paged if parameters is None else _kept
    rows = unit.execute(paged(statement, sort, cursor is not None), values).all()
    if len(rows) <= limit:
        return Page(rows, None)
    rows = rows[:limit]
    last = [getattr(rows[-1], name) for name in sort.names]
    return Page(rows, make_cursor(unit, question, last))


def _paged(statement: Select[*tuple[Any, ...]], sort: Sort, resumed: bool) -> Select[*tuple[Any, ...]]:
    if resumed:
        after = [bindparam(f"after_{n}", type_=column.type) for n, column in enumerate(sort.columns)]
        here, last = tuple_(*sort.columns), tuple_(*after)
        statement = statement.where(here < last if sort.descending else here > last)
    order = [column.desc() if sort.descending else column.asc() for column in sort.columns]
    return statement.order_by(*order).limit(bindparam("page_limit", type_=Integer))


_kept = lru_cache(maxsize=1000)(_paged)


def _signature(unit: Unit, question: Any, values: list[Any]) -> str:
    """What makes a cursor ours, and of this question alone."""
    return hashlib.blake2b(canonical([question, values]), key=unit.database.cursor_key(), digest_size=12).hexdigest()


def make_cursor(unit: Unit, question: Any, last: Sequence[Any]) -> str:
    """The cursor of the page after the row with these values, for a list that is not put in order by a statement."""
    values = [value.isoformat() if isinstance(value, date) else value for value in last]
    return base64.urlsafe_b64encode(orjson.dumps([_signature(unit, question, values), *values])).decode().rstrip("=")


def read_cursor(unit: Unit, cursor: str, question: Any) -> list[Any]:
    """The values in a cursor (days as text); Invalid unless it was given for this question."""
    try:
        values: list[Any]
        signature, *values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        ours = secrets.compare_digest(str(signature).encode(), _signature(unit, question, values).encode())
    except (ValueError, TypeError):
        ours = False
    if not ours or not unit.database.is_set_up():
        raise Invalid.field("/cursor", "bad-cursor", "This cursor was not given for this list, filter and sort.")
    return values
