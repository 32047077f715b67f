"""Tables as files for spreadsheet programs (CSV, XLSX), each with the facts that explain it.

`csv_file` and `xlsx_file` write any `Sheet`, the same sheet always as the same bytes. Values keep their kind: int is a count,
Decimal yuan, float a fraction, str text, which no spreadsheet program shall take for a formula.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from market.errors import Invalid
from market.store.formulas import harmless

MAX_ROWS = 10_000
"""Rows of one file."""
LAYOUT = 1
"""Raised with every change of what a file looks like."""

Value = str | int | Decimal | float | None


@dataclass(frozen=True)
class Sheet:
    """A table under `headings`, with the facts that explain it. `mark` says that the data is invented."""

    title: str
    mark: str | None
    facts: Sequence[tuple[str, Value]]
    headings: Sequence[str]
    rows: Sequence[Sequence[Value]]


def check_rows(complete: bool) -> None:
    """Refuse a file that would not hold all of the rows."""
    if not complete:
        message = f"A file holds at most {MAX_ROWS} rows: shorten the period, bring from and to closer, or filter."
        raise Invalid.field("/period", "too-many-rows", message)


def csv_file(sheet: Sheet) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheet programs read Chinese; facts, an empty line, headings, rows."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    mark: list[tuple[str, Value]] = [(sheet.mark, None)] if sheet.mark else []
    for label, value in [*mark, *sheet.facts]:
        writer.writerow([harmless(label), _text(value)])
    writer.writerow([])
    writer.writerow(map(harmless, sheet.headings))
    writer.writerows(map(_text, row) for row in sheet.rows)
    return lines.getvalue().encode("utf-8-sig")


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


_FORMATS = {int: "#,##0", Decimal: "#,##0.00", float: "0.00%"}
_WIDEST = 48


def xlsx_file(sheet: Sheet) -> bytes:
    """A workbook: the table with title and mark above it, and a second sheet with all facts."""
    from openpyxl import Workbook  # only here: most requests need no workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    table, about = book.create_sheet("数据 data"), book.create_sheet("说明 about")
    bold, large, red = Font(bold=True), Font(bold=True, size=14), Font(bold=True, color="C00000")

    def cell(page: Any, value: Value, font: Any = None) -> Any:
        made = WriteOnlyCell(page, harmless(value) if isinstance(value, str) else value)
        made.number_format = _FORMATS.get(type(value), "General")
        if font:
            made.font = font
        made.alignment = Alignment(wrap_text=page is about, vertical="top")
        return made

    head = [cell(table, sheet.title, large), *([cell(table, sheet.mark, red)] if sheet.mark else [])]
    for number, width in enumerate(_widths(sheet), 1):
        table.column_dimensions[get_column_letter(number)].width = width
    table.freeze_panes = f"A{len(head) + 3}"
    for line in head:
        table.append([line])
    table.append([])
    table.append([cell(table, text, bold) for text in sheet.headings])
    numbers: dict[tuple[int, type], Any] = {}  # a cell is written when appended, so it can serve the next row
    for row in sheet.rows:
        values: list[Any] = [harmless(value) if isinstance(value, str) else value for value in row]
        for number, value in enumerate(values):
            if type(value) in _FORMATS:
                if (number, type(value)) not in numbers:
                    numbers[number, type(value)] = cell(table, value)
                values[number] = numbers[number, type(value)]
                values[number].value = value
        table.append(values)
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 24, 100
    if sheet.mark:
        about.append([cell(about, sheet.mark, red)])
    for label, fact in sheet.facts:
        about.append([cell(about, label, bold), cell(about, fact)])
    raw = io.BytesIO()
    book.save(raw)
    return _undated(raw)


def _widths(sheet: Sheet) -> list[int]:
    columns = zip(sheet.headings, *sheet.rows[:500], strict=True)
    return [min(max(_width(_text(value)) for value in column) + 4, _WIDEST) for column in columns]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _undated(raw: io.BytesIO) -> bytes:
    """The workbook without the time of its making, so that the same answer is the same file."""
    made = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(entry.filename), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
