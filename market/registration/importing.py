"""Importing past registrations from a file of JSON lines: `market import FILE`.

A line is a contract as `POST /v1/contracts` takes it, with `act` (`registered` or `outside`), `office` (id of the registering or
recording office, or null for an outside one), `registered_on`, and for an outside one `outside` with `number` and `office`. The
whole file goes in, marked late, or nothing does; the refusal names line and field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from market.contracts.queries import ACTS
from market.contracts.rules import COLUMNS, PARTY, SIDES
from market.errors import FieldError, Invalid, check
from market.registration.actions import Row, import_contracts
from market.store.session import Unit
from market.store.types import MAX_FEN, fen, is_clean, today

MAX_LINES = 20_000
"""Lines of one file: they are one unit of work."""

_DATES = ("signed_on", "valid_from", "valid_to", "registered_on")
_AMOUNTS = ("total_amount", "tech_amount")
_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,2})?")
_DAY = re.compile("(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_NEEDED = ("act", "office", "registered_on", *SIDES)
_KNOWN = {*COLUMNS, *_NEEDED, "outside"}


def import_lines(unit: Unit, lines: Iterable[bytes]) -> list[Row]:
    """Enter the contracts of a file; answers their rows. Blank lines are skipped.

    Invalid names every wrong field as `/line/field`, counted from 0.
    """
    rows: dict[int, dict[str, Any]] = {}
    errors: list[FieldError] = []
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if len(rows) == MAX_LINES:
            check([FieldError(f"/{number}", "too-many-lines", f"At most {MAX_LINES} lines at a time.")])
        rows[number], wrong = _row(line)
        errors += [FieldError(f"/{number}{error.pointer}", error.code, error.message) for error in wrong]
    if not rows:
        raise Invalid("The file has no lines; there is nothing to import.")
    check(errors, "The file has wrong fields; nothing was imported.")
    return import_contracts(unit, list(rows.values()), list(rows))


def _row(line: bytes) -> tuple[dict[str, Any], list[FieldError]]:
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return {}, [FieldError("", "malformed-json", f"Not JSON: {error}.")]
    if not isinstance(given, dict):
        return {}, [FieldError("", "wrong-type", "An object is needed.")]
    errors = [FieldError(f"/{name}", "unknown-field", "There is no such field.") for name in given.keys() - _KNOWN]
    errors += [FieldError(f"/{name}", "required", "This field is needed.") for name in _NEEDED if name not in given]
    row = {**dict.fromkeys(COLUMNS), "outside": None, **given}
    for name in SIDES:
        row[name], wrong = _party(row.get(name), name)
        errors += wrong
    outside = row["outside"]
    if outside is not None and not (isinstance(outside, dict) and outside.keys() == {"number", "office"}):
        errors.append(FieldError("/outside", "wrong-type", "An object with number and office is needed."))
    values = [(f"/{name}", name, row) for name in row if name not in SIDES and name != "outside"]
    values += [(f"/outside/{name}", name, outside) for name in outside] if isinstance(outside, dict) else []
    for pointer, name, holder in values:
        holder[name], wrong = _value(name, holder[name], pointer)
        errors += wrong
    return row, errors or _standing_errors(row)


def _standing_errors(row: dict[str, Any]) -> list[FieldError]:
    """What the rules of contracts take for granted."""
    errors = []
    if row["act"] not in ACTS:
        errors.append(FieldError("/act", "unknown-value", f"One of {', '.join(ACTS)}."))
    if row["registered_on"] is None or row["registered_on"] > today():
        errors.append(FieldError("/registered_on", "out-of-range", "A day not in the future is needed."))
    if row["act"] == "registered" and row["office"] is None:
        errors.append(FieldError("/office", "required", "The registering office is needed."))
    if (row["act"] == "outside") != (row["outside"] is not None):
        errors.append(FieldError("/outside", "not-of-act", "Needed for an outside registration, and for no other."))
    return errors


def _party(given: Any, side: str) -> tuple[Any, list[FieldError]]:
    if not isinstance(given, dict) or given.keys() - set(PARTY):
        return given, [FieldError(f"/{side}", "wrong-type", f"An object with some of {', '.join(PARTY)} is needed.")]
    checked = {name: _value(name, value, f"/{side}/{name}") for name, value in given.items()}
    return {name: value for name, (value, _) in checked.items()}, [e for _, wrong in checked.values() for e in wrong]


def _value(name: str, value: Any, pointer: str) -> tuple[Any, list[FieldError]]:
    """The value inside, and what is wrong with it; the rules of contracts judge the rest."""
    if value is None:
        return None, []
    if not isinstance(value, str) or not is_clean(value) or not 0 < len(value) <= 200:
        return None, [FieldError(pointer, "wrong-type", "A text of at most 200 characters is needed.")]
    if name in _AMOUNTS:
        amount = fen(Decimal(value)) if _AMOUNT.fullmatch(value) else 0
        if 0 < amount <= MAX_FEN:
            return amount, []
        return None, [FieldError(pointer, "bad-format", "A yuan amount such as 1200.50 is needed.")]
    if name in _DATES:
        try:
            if _DAY.fullmatch(value):  # Python would read weeks and days without dashes too
                return date.fromisoformat(value), []
        except ValueError:
            pass
        return None, [FieldError(pointer, "bad-format", "A date such as 2018-03-05 is needed.")]
    return value.strip(), []
