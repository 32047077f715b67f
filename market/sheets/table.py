"""A file as a table: XLSX or CSV by its content, the line with the headers found, every column recognised.

`Table.of(content)` refuses what cannot be read as a whole, in Chinese; its `lines` are the rows below the headers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from market.errors import FieldError, check
from market.sheets.columns import Column, letter, recognised, required
from market.sheets.workbook import MAX_COLUMNS, Cell, Line, Merged, escaped, refusal, rows_of, unescaped
from market.store.formulas import guarded

MAX_LINES = 20_000
"""Lines of one file."""
_SEARCHED = 10
"""Lines among which the headers are looked for."""
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Table:
    """The columns of a file by position (None: an empty column), and its lines to be read once."""

    columns: list[Column | None]
    lines: Iterator[Line]

    @classmethod
    def of(cls, content: bytes, *, with_office: bool) -> Table:
        """The table in a file; `with_office`: a column must name the office."""
        rows = iter(_rows(content))
        number, columns = _headed(rows)
        _check_columns(columns, with_office)
        return cls(columns, _below(rows, number, columns))


def _rows(content: bytes) -> Iterator[Line | Merged]:
    if content.startswith(b"PK"):
        return rows_of(content)
    if content.startswith(_OLD):
        raise refusal("encrypted", "文件已加密，或是旧版XLS格式；请取消密码并另存为XLSX后上传。")
    if content.startswith(_UTF16):
        raise refusal("unknown-type", "文件是UTF-16文本；请另存为“CSV UTF-8”或XLSX后上传。")
    if b"\0" in content:
        raise refusal("unknown-type", "按内容判断，文件不是XLSX，也不是CSV。")
    return _csv_rows(content)


def _csv_rows(content: bytes) -> Iterator[Line]:
    try:
        content.decode("utf-8-sig")
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "gb18030"
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            number = 1
            for values in reader:
                if len(values) > MAX_COLUMNS:
                    raise refusal("too-wide", f"第{number}行超过{MAX_COLUMNS}列。")
                if any(value.strip() for value in values):
                    yield number, [unescaped(value) if value.strip() else None for value in values]
                number += 1
        except UnicodeDecodeError:
            raise refusal("unknown-type", "按内容判断，文件不是XLSX，也不是UTF-8或GB18030编码的CSV。") from None
        except csv.Error:
            raise refusal("damaged", f"第{reader.line_num}行附近的引号不成对，或单元格过长。") from None


def _headed(rows: Iterator[Line | Merged]) -> tuple[int, list[Column | None]]:
    """The line of the headers: the first that holds several of them; what stands above is a title."""
    for line in rows:
        if isinstance(line, Merged) or line[0] > _SEARCHED:
            break
        number, cells = line
        texts = [cell if isinstance(cell, str) else None for cell in cells]
        found = [recognised(text) if text else None for text in texts]
        if sum(each is not None for each in found) < 3:
            continue
        errors = []
        seen: dict[str, int] = {}
        for position, (cell, each) in enumerate(zip(cells, found, strict=True)):
            name = f"{letter(position)}列"
            if each is None and cell is not None:
                errors.append(
                    _header(f"{name}的表头「{cell}」无法识别；请改用模板中的表头，或删除该列。", "unknown-column")
                )
            elif each is not None and each.field in seen:
                first = letter(seen[each.field])
                message = f"{name}的表头「{cell}」与{first}列重复（都是「{each.header}」）；请保留一列。"
                errors.append(_header(message, "duplicate-column"))
            elif each is not None:
                seen[each.field] = position
        check(errors, "The headers of the sheet are wrong; nothing was read.")
        return number, found
    raise refusal("no-headers", f"前{_SEARCHED}行中没有找到表头；请使用模板。")


def _header(message: str, code: str) -> FieldError:
    return FieldError("", code, message)


def _check_columns(columns: Sequence[Column | None], with_office: bool) -> None:
    have = {each.field for each in columns if each is not None}
    missing = [each.header for each in required() if each.field not in have]
    missing += [
        f"{zh}名称」或「{zh}单位标识"
        for zh, side in (("卖方", "seller"), ("买方", "buyer"))
        if not have & {f"{side}.name", f"{side}.organisation"}
    ]
    if with_office and "office" not in have:
        missing.append("登记机构")
    check(
        [_header(f"缺少列「{name}」。", "missing-column") for name in missing],
        "The sheet lacks columns; nothing was read.",
    )


def _below(rows: Iterator[Line | Merged], headers: int, columns: Sequence[Column | None]) -> Iterator[Line]:
    count = 0
    for line in rows:
        if isinstance(line, Merged):
            if line.last > headers:
                raise refusal("merged-cells", f"含有合并单元格{line.cells}；请取消合并，每行填写完整。")
            continue
        number, cells = line
        headed = (p < len(columns) and columns[p] is not None for p in range(len(cells)))
        over = next((p for p, has in enumerate(headed) if not has and cells[p] is not None), None)
        if over is not None:
            raise refusal("cell-without-header", f"第{number}行{letter(over)}列有内容，但该列没有表头。")
        count += 1
        if count > MAX_LINES:
            raise refusal("too-many-lines", f"一个文件最多{MAX_LINES}行；请分成几个文件上传。")
        yield number, cells
    if count == 0:
        raise refusal("empty", "表头之下没有数据。")


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The lines of a CSV file; no text is a formula, and what is read in again is the same."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in (headings, *rows):
        writer.writerow([_written(value) for value in row])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def csv_file(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheet programs read Chinese."""
    return "".join(csv_lines(headings, rows)).encode("utf-8-sig")


def _written(value: Cell) -> str:
    if isinstance(value, str):
        return escaped(guarded(value))
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
