"""Cell and value, both ways: what a person writes into a sheet, read generously; what the market knows, written so that it comes
back exactly.

`Words(unit)` knows the names of codes, places, fields and offices. `read` raises `Wrong` with a sentence in Chinese. A code is
written with its name (`0221 事业法人`) and read as code, as both, or as a name that only one code has.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select

from market.access import Role
from market.contracts.fingerprint import normalised
from market.fields.model import FieldEntry
from market.fields.queries import catalogue, code_lists
from market.organisations.model import Organisation
from market.places.model import PlacePeriod
from market.places.queries import tree
from market.sheets.columns import Column
from market.sheets.workbook import Cell, escaped, unescaped
from market.store.formulas import meant
from market.store.session import Unit
from market.store.types import MAX_FEN, fen, is_clean, yuan

EXCLUSIONS = {"equipment": "设备", "material": "材料", "other": "其他"}
MAX_EXCLUSIONS = 100
NOTHING = "无"
"""An empty list that was given, beside an empty cell: none given."""

_TRUE = frozenset({"是", "y", "yes", "true", "1", "√", "有"})
_FALSE = frozenset({"否", "n", "no", "false", "0", "×", "无"})
_AMOUNT = re.compile(r"(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(\.[0-9]*)?")
_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?")
_DAY = re.compile(
    r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))"
)
_TIME = re.compile(r"[ T]00:00(:00(\.0+)?)?$")
_LAST_SERIAL = 2_958_465
_MAX_DIGITS = 10**15
_IDENTIFIER = re.compile(r"[\x21-\x7e]+")


class Wrong(Exception):
    """What is wrong with a cell: a stable code and a sentence in Chinese."""

    def __init__(self, code: str, zh: str) -> None:
        super().__init__(zh)
        self.code, self.zh = code, zh


@dataclass
class _Names:
    """Codes of one kind with their names, and the codes of each name."""

    named: Mapping[str, str]
    codes: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, name in self.named.items():
            self.codes.setdefault(normalised(name), []).append(code)


class Words:
    """What codes are called, as of this unit."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._offices: _Names | None = None

    def read(self, column: Column, cell: Cell) -> Any:
        """The value in a cell; None when it is empty."""
        if isinstance(cell, str):
            cell = meant(cell).strip()
            if not is_clean(cell):
                raise Wrong("bad-character", "含有无法保存的字符")
        if cell is None or cell == "":
            return None
        return _READERS[column.kind](self, column, cell)

    def write(self, column: Column, value: Any) -> Cell:
        """The cell of a value."""
        if value is None:
            return None
        if column.kind in _NAMED:
            name = self._names(column).named.get(value)
            return value if name is None else f"{value} {name}"
        if column.kind == "flag":
            return "是" if value else "否"
        if column.kind == "yuan":
            return Decimal(value).scaleb(-2)
        if column.kind == "exclusions":
            return _exclusions_text(value)
        written: Cell = value
        return written

    def _names(self, column: Column) -> _Names:
        if column.kind == "office":  # no reference data: they come and go
            self._offices = self._offices or _Names(dict(_offices(self.unit, column)))
            return self._offices
        name = f"sheet names {column.list or column.kind}"
        return self.unit.reference(name, lambda _: _Names(dict(_NAMED[column.kind](self.unit, column))))

    def _code(self, column: Column, cell: Cell) -> str:
        names, text = self._names(column), _plain(cell)
        if text in names.named:
            return text
        code, _, name = text.partition(" ")
        if code in names.named and name:
            if normalised(name) != normalised(names.named[code]):
                raise Wrong("code-not-of-name", f"「{text}」的代码与名称不一致，该代码的名称是「{names.named[code]}」")
            return code
        found = names.codes.get(normalised(text), [])
        if len(found) > 1:
            raise Wrong("ambiguous", f"「{text}」对应多个代码（{'、'.join(found[:5])}），请填写代码")
        if found:
            return found[0]
        if isinstance(cell, int | float):  # a number format dropped the noughts before it
            padded = [each for length in range(len(text) + 1, 7) if (each := text.zfill(length)) in names.named]
            if len(padded) == 1:
                return padded[0]
        what = f"代码表{column.list}" if column.list else column.header
        raise Wrong("unknown-value", f"「{text}」不是{what}中的代码或名称")

    def _country(self, column: Column, cell: Cell) -> str:
        text = _plain(cell)
        if text == "中国":
            return "CN"
        if re.fullmatch("[A-Za-z]{2}", text):
            return text
        raise Wrong("unknown-value", f"「{text}」不是两位国别代码（ISO 3166，如CN、US）")

    def _field(self, column: Column, cell: Cell) -> str:
        text, fields = str(cell), catalogue(self.unit)
        if fields.find(text) is not None:
            return text
        found = fields.find(f"contract:{text}") or fields.find(f"contract:{_plain(cell)}")
        return self._code(column, cell) if found is None else found.tag


def _text(words: Words, column: Column, cell: Cell) -> str:
    if isinstance(cell, bool | date):
        raise Wrong("not-text", "单元格被表格软件转成了日期或逻辑值；请把单元格格式设为文本后重填")
    if isinstance(cell, int | float):
        if abs(cell) >= _MAX_DIGITS:
            raise Wrong("lost-digits", "单元格是数字格式，长数字的末位已失真；请设为文本格式后重填")
        cell = _number_text(cell)
    text = str(cell)
    if len(text) > column.maximum:
        raise Wrong("too-long", f"超过{column.maximum}个字符")
    return text


def _identifier(words: Words, column: Column, cell: Cell) -> str:
    text = _text(words, column, cell)
    if not _IDENTIFIER.fullmatch(text):
        raise Wrong("bad-format", f"「{text}」应为不含空格的字母和数字")
    return text


def _postcode(words: Words, column: Column, cell: Cell) -> str:
    text = _text(words, column, cell)
    return text.zfill(6) if isinstance(cell, int | float) else text


def _flag(words: Words, column: Column, cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    text = _plain(cell).casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Wrong("not-yes-or-no", f"「{_plain(cell)}」应为“是”或“否”")


def _yuan(words: Words, column: Column, cell: Cell) -> int:
    if isinstance(cell, bool | date):
        raise Wrong("not-an-amount", "应为金额（元）；请检查单元格格式")
    given = _plain(cell)
    text = given.removeprefix("¥").removeprefix("￥").replace(" ", "")
    scale = 10_000 if text.endswith(("万元", "万")) else 1
    text = re.sub("(万元|万|元)$", "", text)
    if not _AMOUNT.fullmatch(text):
        raise Wrong("not-an-amount", f"「{given}」应为以元为单位的金额，如1200.50或1,200.50")
    amount = Decimal(text.replace(",", "")) * scale
    if not 0 < amount * 100 <= MAX_FEN:
        raise Wrong("out-of-range", f"「{given}」应大于0且不超过{yuan(MAX_FEN)}元")
    try:
        return fen(amount)
    except ValueError:
        raise Wrong("too-precise", f"「{given}」的小数超过两位") from None


def _decimal(words: Words, column: Column, cell: Cell) -> str:
    text = _plain(cell).replace(",", "") if _AMOUNT.fullmatch(_plain(cell)) else _plain(cell)
    if isinstance(cell, bool | date) or not _DECIMAL.fullmatch(text):
        raise Wrong("not-a-number", f"「{_plain(cell)}」应为数字，小数最多八位")
    return text


def _day(words: Words, column: Column, cell: Cell) -> date:
    given = cell if isinstance(cell, date) else _day_of(_plain(cell), isinstance(cell, int | float))
    if given is None or isinstance(cell, bool):
        raise Wrong("not-a-date", f"「{_plain(cell)}」应为日期，如2026-01-05、2026/1/5或2026年1月5日")
    if not 1900 <= given.year <= 2200:
        raise Wrong("out-of-range", f"「{given.isoformat()}」的年份应在1900至2200之间")
    return given


def _day_of(text: str, is_number: bool) -> date | None:
    if is_number and text.isdigit() and 60 < int(text) <= _LAST_SERIAL:
        return date(1899, 12, 30) + timedelta(days=int(text))
    found = _DAY.fullmatch(_TIME.sub("", text))
    if found is None:
        return None
    year, _, *rest = found.groups()
    month, day = (part for part in rest if part is not None)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _exclusions(words: Words, column: Column, cell: Cell) -> list[dict[str, Any]]:
    """One line an item: kind, name, quantity, yuan, whether the quantity is reasonable (合理数量)."""
    if not isinstance(cell, str):
        raise Wrong("bad-format", _EXCLUSIONS_SHAPE)
    if cell == NOTHING:
        return []
    kinds = {zh: kind for kind, zh in EXCLUSIONS.items()}
    items = []
    for number, line in enumerate(csv.reader(io.StringIO(cell, newline="")), 1):
        parts = line[0].split("，") if len(line) == 1 else line
        try:
            kind, name, quantity, amount, *reasonable = (part.strip() for part in parts)
            items.append(
                {
                    "kind": kinds[kind],
                    "name": _text(words, _NAME, unescaped(name)),
                    "quantity": _quantity(quantity) if quantity else None,
                    "amount": _yuan(words, column, amount),
                    "reasonable_quantity": _flag(words, column, reasonable[0]) if reasonable else False,
                }
            )
        except Wrong as wrong:
            raise Wrong(wrong.code, f"第{number}项：{wrong.zh}") from None
        except (KeyError, ValueError):
            raise Wrong("bad-format", f"第{number}项：{_EXCLUSIONS_SHAPE}") from None
        if not name or len(reasonable) > 1:
            raise Wrong("bad-format", f"第{number}项：{_EXCLUSIONS_SHAPE}")
    if len(items) > MAX_EXCLUSIONS:
        raise Wrong("too-many", f"超过{MAX_EXCLUSIONS}项")
    return items


def _quantity(text: str) -> int:
    digits = unicodedata.normalize("NFKC", text)
    number = int(digits) if digits.isascii() and digits.isdigit() else 0
    if not 1 <= number <= 10**9:
        raise Wrong("out-of-range", "数量应在1至1000000000之间")
    return number


def _exclusions_text(items: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for item in items:
        kind, reasonable = EXCLUSIONS[item["kind"]], "是" if item["reasonable_quantity"] else "否"
        writer.writerow([kind, escaped(item["name"]), item["quantity"], yuan(item["amount"]), reasonable])
    return text.getvalue().removesuffix("\n") or NOTHING


def _plain(cell: Cell) -> str:
    """A cell as text of one width."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _number_text(cell)
    return unicodedata.normalize("NFKC", str(cell)).strip()


def _number_text(number: int | float) -> str:
    """A number as it was typed: spreadsheet programs keep 15 digits."""
    try:
        return f"{Decimal(f'{number:.15g}'):f}"
    except InvalidOperation:
        return str(number)


def _codes(unit: Unit, column: Column) -> Iterable[tuple[str, str]]:
    return ((item.code, item.name_zh) for item in code_lists(unit).items(column.list))


def _places(unit: Unit, column: Column) -> Iterable[tuple[str, str]]:
    places = tree(unit)
    codes = unit.execute(select(PlacePeriod.code).distinct()).scalars()
    return ((code, place.name_zh) for code in codes if (place := places.find(code)) is not None)


def _fields(unit: Unit, column: Column) -> Iterable[tuple[str, str]]:
    found = select(FieldEntry.tag, FieldEntry.name_zh).where(FieldEntry.scheme == "contract")
    return ((row.tag, row.name_zh) for row in unit.execute(found))


def _offices(unit: Unit, column: Column) -> Iterable[tuple[str, str]]:
    found = select(Organisation.id, Organisation.name).where(Organisation.role == Role.OFFICE)
    return ((row.id, row.name) for row in unit.execute(found))


_EXCLUSIONS_SHAPE = (
    "每行一项，依次为：类别（设备、材料或其他）,名称,数量,金额（元）,是否合理数量（是或否），用英文逗号分隔"
)
_NAME = Column("name", "text", "", 200, "名称", (), "")
_NAMED: dict[str, Callable[[Unit, Column], Iterable[tuple[str, str]]]] = {
    "code": _codes,
    "place": _places,
    "field": _fields,
    "office": _offices,
}
_READERS: dict[str, Callable[[Words, Column, Cell], Any]] = {
    "record": lambda words, column, cell: _plain(cell),
    "text": _text,
    "identifier": _identifier,
    "postcode": _postcode,
    "flag": _flag,
    "yuan": _yuan,
    "decimal": _decimal,
    "day": _day,
    "country": Words._country,
    "field": Words._field,
    "code": Words._code,
    "place": Words._code,
    "office": Words._code,
    "exclusions": _exclusions,
}
KINDS = frozenset(_READERS)
"""Everything a column of the map may hold."""
