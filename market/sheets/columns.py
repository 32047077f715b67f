"""The columns of a sheet (表格列): the known fields of the national form, their Chinese headers, and by which names they go.

`columns.csv` is the map: our name, what a cell holds (`kind`, and the code list), header, other headers, the name in the
national system where it was seen, and the source. Use `columns()` in the order of the form, `recognised(header)` for what a file
has.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from market.contracts.fingerprint import normalised
from market.contracts.rules import REQUIRED

RECORD = "record"
"""Kind of what the market itself says; written, and not read (but the id, which tells what stands already)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `field` is the name on the wire, with a dot inside a party or the currency."""

    field: str
    kind: str
    list: str
    maximum: int
    header: str
    aliases: tuple[str, ...]
    system: str

    @property
    def pointer(self) -> str:
        """The JSON pointer of the field."""
        return "/" + self.field.replace(".", "/")


@cache
def columns() -> tuple[Column, ...]:
    """All columns in the order of the form."""
    with (Path(__file__).parent / "columns.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Column(
                row["field"],
                row["kind"],
                row["list"],
                int(row["maximum"] or 0),
                row["header"],
                tuple(filter(None, row["aliases"].split("|"))),
                row["system"],
            )
            for row in csv.DictReader(file)
        )


@cache
def column(field: str) -> Column:
    """The column of a field."""
    return next(each for each in columns() if each.field == field)


@cache
def _names() -> dict[str, Column]:
    """Columns by everything they are called: headers first, so that no alias takes another one's header."""
    named: dict[str, Column] = {}
    for names in (lambda c: (c.header,), lambda c: c.aliases, lambda c: (c.system, c.field)):
        for each in columns():
            for name in filter(None, names(each)):
                named.setdefault(normalised(name), each)
    return named


def recognised(header: str) -> Column | None:
    """The column that a header means, whatever its width, spaces and punctuation."""
    name = normalised(header).removesuffix("必填")
    return _names().get(name)


def letter(position: int) -> str:
    """The name a spreadsheet program gives a column, counted from 0: A, B, … Z, AA."""
    name, rest = "", position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        name = chr(65 + digit) + name
    return name


def required() -> list[Column]:
    """The columns that a sheet of applications cannot do without; the office may be said for the whole sheet."""
    return [column(name) for name in REQUIRED]
