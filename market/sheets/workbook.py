"""XLSX in and out, in bounded memory.

`rows_of` reads the first sheet a few hundred rows at a time: the library that reads workbooks makes a whole sheet at once, as a
rectangle, so two cells in opposite corners would take gigabytes. Here the sheet's rows are cut out as they are unpacked, their
places checked, and handed to it in small workbooks. `workbook` writes.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree import ElementTree

from market.errors import Invalid
from market.sheets.columns import letter
from market.store.formulas import guarded

Cell = str | int | float | bool | date | Decimal | None
Line = tuple[int, list[Cell]]
"""The number of a row, counted from 1, and its cells."""


class Merged(NamedTuple):
    """Merged cells: the last row they cover, and which they are (`A1:C2`)."""

    last: int
    cells: str


MAX_BYTES = 10_000_000
"""Bytes of a file."""
MAX_UNPACKED = 200_000_000
"""Bytes of its parts, unpacked."""
MAX_RATIO = 200
MAX_PARTS = 500
MAX_COLUMNS = 200
_WINDOW = 500
"""Rows that are read at a time, and how far they may lie apart."""
_BLOCK = 1 << 18
_MAX_ROW = 4_000_000
"""Bytes of one row."""
_MAX_STRINGS = 30_000_000
"""Bytes of the texts that a workbook keeps apart from its sheets."""

_ROW = re.compile(rb"<((?:\w+:)?)row\b([^>]*?)(?:/>|>(.*?)</\1row\s*>)", re.DOTALL)
_START = re.compile(rb"<((?:\w+:)?)sheetData\b[^>]*>")
_FILLED = re.compile(rb"<(?:\w+:)?(?:v|is)\b")
_ONE_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,8})([0-9]{1,12})["']""")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*\bref\s*=\s*["']([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)["']""")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_DAMAGES = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    KeyError,
    OSError,
    ElementTree.ParseError,
    ValueError,
    EOFError,
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_KEPT = ("[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/styles.xml")


def refusal(code: str, message: str) -> Invalid:
    """The refusal of a file as a whole."""
    return Invalid.field("", code, message)


def rows_of(content: bytes) -> Iterator[Line | Merged]:
    """The rows of the first sheet that hold something, with their numbers; then its merged cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive)
            sheet = _first_sheet(archive)
            yield from _read(archive, sheet)
    except _DAMAGES:
        raise refusal("damaged", "文件已损坏，或不是有效的XLSX文件；请用表格软件重新另存后上传。") from None
    except NotImplementedError:
        raise refusal("damaged", "文件使用了不支持的压缩方式；请用表格软件重新另存后上传。") from None


def _check_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise refusal("encrypted", "文件已加密；请取消密码后上传。")
    if any(name.endswith(("vbaproject.bin", ".bas")) or "/macrosheets/" in name for name in names):
        raise refusal("has-macros", "文件含有宏；请另存为不含宏的XLSX文件后上传。")
    if "xl/workbook.xml" not in names:
        raise refusal("unknown-type", "按内容判断，文件不是XLSX，也不是CSV。")
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 10_000):
        raise refusal("too-large-unpacked", f"文件解压后过大（上限{MAX_UNPACKED // 1_000_000}MB），或压缩比异常。")
    if len(names) != len(parts):
        raise zipfile.BadZipFile("a part twice")


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """The part that is the first sheet."""
    book, relations = (_parsed(archive, name) for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    if b"macroEnabled" in archive.read("[Content_Types].xml"):
        raise refusal("has-macros", "文件含有宏；请另存为不含宏的XLSX文件后上传。")
    for sheet in book.iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            target = targets[sheet.get(_RELATION)]
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise refusal("empty", "文件中没有工作表。")


def _parsed(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > 1_000_000:
        raise refusal("damaged", "文件的目录部分异常。")
    content = archive.read(name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise refusal("damaged", "文件含有不允许的XML声明。")
    return ElementTree.fromstring(content)


def _read(archive: zipfile.ZipFile, sheet: str) -> Iterator[Line | Merged]:
    """Rows by windows; the sheet is unpacked once, block by block."""
    if (
        "xl/sharedStrings.xml" in archive.namelist()
        and archive.getinfo("xl/sharedStrings.xml").file_size > _MAX_STRINGS
    ):
        raise refusal("too-large-unpacked", "文件中的文字过多；请分成几个文件上传。")
    kept = {name: archive.read(name) for name in (*_KEPT, "xl/sharedStrings.xml") if name in archive.namelist()}
    buffer, head, first, number, last_filled = b"", b"", 0, 0, 0
    window: list[bytes] = []
    with archive.open(sheet) as part:
        while block := part.read(_BLOCK):
            buffer += block
            if not head:
                found = _START.search(buffer)
                if found is None:
                    if len(buffer) > _MAX_ROW:
                        raise refusal("damaged", "工作表的内容异常。")
                    continue
                head, buffer = buffer[: found.end()], buffer[found.end() :]
                if b"<!DOCTYPE" in head:
                    raise refusal("damaged", "文件含有不允许的XML声明。")
            done = 0
            for row in _ROW.finditer(buffer):
                done = row.end()
                said = _PLACE.search(row[2])
                number = int(said[2]) if said else number + 1
                if not row[3] or not _FILLED.search(row[3]):
                    continue
                _check_places(row[3], number)
                if number <= last_filled:
                    raise ValueError("rows out of order")
                if window and (len(window) == _WINDOW or number - first >= 2 * _WINDOW):
                    yield from _window(kept, sheet, head, window)
                    window = []
                first = first if window else number
                last_filled = number
                window.append(row[0] if said else row[0].replace(b"row", b'row r="%d"' % number, 1))
            buffer = buffer[done:]
            if len(buffer) > _MAX_ROW:
                raise refusal("damaged", "工作表中有一行过长，或内容异常。")
    if not head:
        raise ValueError("no sheet data")
    if window:
        yield from _window(kept, sheet, head, window)
    yield from _merged(buffer)


def _check_places(cells: bytes, row: int) -> None:
    """Refuse a cell far to the right, or one that says it stands in another row."""
    if len(_ONE_CELL.findall(cells)) > MAX_COLUMNS:
        raise refusal("too-wide", f"第{row}行超过{MAX_COLUMNS}列。")
    for letters, number in _PLACE.findall(cells):
        if letters and int(number) != row:
            raise ValueError("a cell in another row")
        if _column_number(letters) > MAX_COLUMNS:
            raise refusal("too-wide", f"第{row}行超过{MAX_COLUMNS}列。")


def _column_number(letters: bytes) -> int:
    number = 0
    for each in letters.upper():
        number = number * 26 + each - 64
    return number


def _window(kept: dict[str, bytes], sheet: str, head: bytes, rows: list[bytes]) -> Iterator[Line]:
    from python_calamine import CalamineError, CalamineWorkbook  # only here: most requests read no workbook

    found = _START.search(head)
    prefix = found[1] if found else b""
    page = head + b"".join(rows) + b"</%ssheetData></%sworksheet>" % (prefix, prefix)
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {**kept, sheet: page}.items():
            archive.writestr(name, content)
    small.seek(0)
    try:
        read = CalamineWorkbook.from_filelike(small).get_sheet_by_index(0)
        lines = read.to_python(skip_empty_area=True)
    except CalamineError as error:
        raise ValueError("not a sheet") from error
    if read.start is None:
        return
    top, left = read.start
    for number, line in enumerate(lines, top + 1):
        cells = [None] * left + [_cell(value) for value in line]
        if any(cell is not None for cell in cells):
            yield number, cells


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, bool | int | float | date):
        return value
    return str(value)


def _merged(tail: bytes) -> Iterator[Merged]:
    for left, top, right, bottom in _MERGED.findall(tail):
        yield Merged(int(bottom), f"{left.decode()}{int(top)}:{right.decode()}{int(bottom)}")


def escaped(text: str) -> str:
    """Characters that XML cannot hold, and the carriage return it drops, as spreadsheet programs write them: `_x000D_`."""
    return _UNSAFE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """The text that was written as `escaped(text)`. (Readers of workbooks do this by themselves.)"""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def workbook(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]]) -> bytes:
    """A workbook of sheets: title, headings, rows. Amounts and days are cells of their kind; no text is a formula."""
    from openpyxl import Workbook  # only here, like the reader
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book, bold = Workbook(write_only=True), Font(bold=True)
    for title, headings, rows in sheets:
        page = book.create_sheet(title)
        page.freeze_panes = "A2"
        first = []
        for position, heading in enumerate(headings):
            page.column_dimensions[letter(position)].width = 20
            first.append(WriteOnlyCell(page, escaped(guarded(heading))))
            first[-1].font = bold
        page.append(first)
        for row in rows:
            page.append([_written(value, page) for value in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _written(value: Cell, page: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, Decimal):
        cell = WriteOnlyCell(page, value)
        cell.number_format = "#,##0.00"
        return cell
    return escaped(guarded(value)) if isinstance(value, str) else value
