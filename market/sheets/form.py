"""A row of a sheet and the content of an application, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from market.contracts.rules import COLUMNS, PARTY, SIDES
from market.examination.content import EXTRAS, PARTY_EXTRAS
from market.sheets.columns import RECORD, column, columns, letter
from market.sheets.values import Words, Wrong
from market.sheets.workbook import Cell

CURRENCY = ("code", "original_amount", "rate", "rate_date")
_OBJECTS = {**dict.fromkeys(SIDES, (*PARTY, *PARTY_EXTRAS)), "currency": CURRENCY}

Note = dict[str, Any]
"""What is said of a row: which column, a code, how grave it is, and a sentence in Chinese."""


@dataclass(frozen=True)
class Read:
    """A row as it was read: content whole (every field, None where nothing is given), office, the id it names, and notes."""

    content: dict[str, Any]
    office: str | None
    case_id: str | None
    notes: list[Note]


class Layout:
    """Which column of a sheet is which, to read its rows and to name its cells."""

    def __init__(self, found: Sequence[str | None]) -> None:
        self._columns = [(position, column(field)) for position, field in enumerate(found) if field is not None]
        self._positions = {each.field: position for position, each in self._columns}

    def read(self, words: Words, line: int, cells: Sequence[Cell]) -> Read:
        """The content of a row, and everything wrong with its cells."""
        values: dict[str, Any] = {}
        notes = []
        for position, each in self._columns:
            if each.kind == RECORD and each.field != "id":
                continue
            try:
                values[each.field] = words.read(each, cells[position] if position < len(cells) else None)
            except Wrong as wrong:
                notes.append(self.note(line, each.field, wrong.code, "error", wrong.zh))
        content = assembled(values)
        given = content["currency"]
        if given is not None and None in given.values():
            content["currency"] = None
            missing = "、".join(column(f"currency.{name}").header for name in CURRENCY if given[name] is None)
            notes.append(self.note(line, "currency.code", "incomplete", "error", f"外币合同还应填写{missing}"))
        return Read(content, values.get("office"), values.get("id"), notes)

    def note(self, line: int, field: str | None, code: str, severity: str, zh: str) -> Note:
        """A note on a cell (on the row, when the field has no column), naming row and column."""
        where = f"第{line}行"
        if field is not None:
            header = next((each.header for each in columns() if each.field == field), None)
            position = self._positions.get(field)
            place = f"（{letter(position)}列）" if position is not None else ""
            where += f"「{header}」{place}" if header else ""
        zh = zh.rstrip("。")
        return {"column": field, "code": code, "severity": severity, "zh": f"{where}：{zh}。"}

    def field_at(self, pointer: str) -> str | None:
        """The field that a JSON pointer into the content points at; of a party as a whole its name."""
        parts = pointer.split("/")[1:]
        if not parts or not parts[0]:
            return None
        if parts[0] in SIDES:
            if len(parts) > 1 and not (parts[1] == "name" and f"{parts[0]}.name" not in self._positions):
                return f"{parts[0]}.{parts[1]}"
            named = (f"{parts[0]}.{name}" for name in ("name", "organisation"))
            return next((field for field in named if field in self._positions), f"{parts[0]}.name")
        return ".".join(parts) if parts[0] == "currency" and len(parts) > 1 else parts[0]


def assembled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Content from its fields, whole; a party or currency of which nothing is given is None."""
    content: dict[str, Any] = {name: values.get(name) for name in (*COLUMNS, *EXTRAS)}
    for name, parts in _OBJECTS.items():
        held = {part: values.get(f"{name}.{part}") for part in parts}
        content[name] = held if any(value is not None for value in held.values()) else None
    return content


def whole(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content in the shape that `assembled` gives it: what is left out is None."""
    return assembled(_flat(content))


def cells(words: Words, record: Mapping[str, Any], content: Mapping[str, Any]) -> list[Cell]:
    """The row of an application or contract, in the order of `columns()`; `record` is what the market itself says of it."""
    values = {**_flat(content), **record}
    return [words.write(each, values.get(each.field)) for each in columns()]


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in content.items():
        flat |= (
            {f"{name}.{part}": held for part, held in value.items()} if isinstance(value, Mapping) else {name: value}
        )
    return flat


def headings() -> list[str]:
    """The headers of every column."""
    return [each.header for each in columns()]


def as_json(row: Iterable[Cell]) -> list[Any]:
    """Cells as JSON keeps them: a date is a list with its text."""
    return [[cell.isoformat()] if isinstance(cell, date) else cell for cell in row]


def from_json(row: Iterable[Any]) -> list[Cell]:
    """The cells that were kept."""
    return [date.fromisoformat(cell[0]) if isinstance(cell, list) else cell for cell in row]
