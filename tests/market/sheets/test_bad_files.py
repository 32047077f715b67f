"""Files that cannot be read, and cells as people write them: a clear sentence in Chinese, or the meant value."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import pytest

from market.errors import Invalid
from market.sheets import table as table_module
from market.sheets import workbook as workbook_module
from market.sheets.columns import column
from market.sheets.table import Table
from market.sheets.values import Words, Wrong
from market.sheets.workbook import Merged, rows_of
from tests.market.sheets.files import HEADERS, csv_of, rezipped, xlsx

SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"


def book(*rows, **rest):
    return xlsx([HEADERS, *rows], **rest)


def with_sheet(rows: bytes) -> bytes:
    """A workbook whose sheet is written by hand."""
    return rezipped(book(["x"]), {SHEET: HEAD + rows + TAIL})


def read(content: bytes, *, with_office: bool = False):
    table = Table.of(content, with_office=with_office)
    return [each and each.field for each in table.columns], list(table.lines)


def refused(content: bytes, **rest) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        read(content, **rest)
    return [(error.code, error.message) for error in refusal.value.errors]


ROW = ["示例项目"]
BAD_FILES = {
    "pdf": (lambda: b"%PDF-1.7\n\0", "unknown-type"),
    "another archive": (lambda: rezipped(book(ROW), {"xl/workbook.xml": None}), "unknown-type"),
    "an old workbook, or an encrypted one": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "encrypted"),
    "utf-16": (lambda: csv_of([HEADERS, ROW], "utf-16"), "unknown-type"),
    "no text": (lambda: b"\xff\xfa\x80\x81" * 9, "unknown-type"),
    "macros": (lambda: rezipped(book(ROW), {"xl/vbaProject.bin": b"x"}), "has-macros"),
    "cut short": (lambda: book(ROW)[:-900], "damaged"),
    "no archive at all": (lambda: b"PK\x03\x04 nothing", "damaged"),
    "a sheet that is none": (lambda: rezipped(book(ROW), {SHEET: b"<html/>"}), "damaged"),
    "an entity": (lambda: rezipped(book(ROW), {"xl/workbook.xml": lambda old: b"<!DOCTYPE x>" + old}), "damaged"),
    "no sheet": (lambda: rezipped(book(ROW), {SHEET: None}), "damaged"),
    "no data": (lambda: book(), "empty"),
    "no headers": (lambda: xlsx([["甲", "乙"], ["1", "2"]]), "no-headers"),
    "nothing": (lambda: b"", "no-headers"),
    "merged cells": (lambda: book(ROW, ROW, merge="A2:A3"), "merged-cells"),
    "a quote without its other": (lambda: csv_of([HEADERS]) + b'"x', "damaged"),
    "a column without header": (lambda: book([*ROW, *[None] * len(HEADERS), "多"]), "cell-without-header"),
    "too wide": (lambda: book([None] * 250 + ["x"]), "too-wide"),
    "too wide, as text": (lambda: csv_of([HEADERS, ["x"] * 300]), "too-wide"),
    "a cell far away": (
        lambda: with_sheet(b'<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>'),
        "too-wide",
    ),
    "a cell in another row": (lambda: with_sheet(b'<row r="1"><c r="A1048576"><v>1</v></c></row>'), "damaged"),
    "rows out of order": (
        lambda: with_sheet(b'<row r="9"><c r="A9"><v>1</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>'),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_sheet_is_refused_in_chinese(name):
    make, code = BAD_FILES[name]
    [(found, message)] = refused(make())
    assert found == code
    assert any("\u4e00" <= char <= "\u9fff" for char in message)


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(workbook_module, "MAX_UNPACKED", 3_000_000)
    large = rezipped(book(ROW), {SHEET: HEAD + b" " * 4_000_000 + TAIL})
    assert len(large) < 20_000
    assert refused(large)[0][0] == "too-large-unpacked"
    monkeypatch.setattr(workbook_module, "MAX_UNPACKED", 10**9)
    steep = rezipped(book(ROW), {"xl/media/x": b"\0" * 40_000_000})
    assert refused(steep)[0][0] == "too-large-unpacked"
    many = rezipped(book(ROW), {f"x/{number}": b"" for number in range(600)})
    assert refused(many)[0][0] == "too-large-unpacked"


def test_a_bomb_that_lies_about_its_size_is_damaged():
    content = bytearray(rezipped(book(ROW), {SHEET: HEAD + b" " * 2_000_000 + TAIL}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert refused(bytes(content).replace(size, (1000).to_bytes(4, "little")))[0][0] == "damaged"


def test_opposite_corners_cost_no_memory():
    far = b'<row r="1048576"><c r="GR1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    near = b'<row r="1"><c r="A1" t="inlineStr"><is><t>y</t></is></c></row>'
    lines = list(rows_of(with_sheet(near + far)))
    assert [(line[0], [cell for cell in line[1] if cell]) for line in lines] == [(1, ["y"]), (1048576, ["x"])]


def test_rows_without_numbers_and_with_a_prefix_are_read():
    rows = b"<row><c t='inlineStr'><is><t>a</t></is></c></row><row/><row><c><v>2</v></c></row>"
    assert list(rows_of(with_sheet(rows))) == [(1, ["a"]), (3, [2.0])]
    prefixed = (
        (HEAD + b'<row r="4"><c r="B4"><v>7</v></c></row>' + TAIL).replace(b"<", b"<x:").replace(b"<x:/", b"</x:")
    )
    assert list(rows_of(rezipped(book(ROW), {SHEET: prefixed.replace(b"xmlns=", b"xmlns:x=")}))) == [(4, [None, 7.0])]


def test_many_rows_are_read_by_windows_with_their_numbers():
    content = xlsx([[f"行{number}", number] for number in range(1, 1800)])
    assert list(rows_of(content)) == [(number, [f"行{number}", float(number)]) for number in range(1, 1800)]


def test_merged_titles_above_the_headers_and_empty_rows_do_no_harm():
    content = xlsx([["技术合同申请表", None], HEADERS, [None], ROW, [], ["再一行"]], merge="A1:F1")
    fields, lines = read(content)
    assert fields[:2] == ["project_name", "contract_type"]
    assert [number for number, _ in lines] == [4, 6]
    assert Merged(1, "A1:F1") in list(rows_of(content))


def test_headers_are_told_by_column():
    twice = [*HEADERS, "合同名称", "颜色"]
    assert refused(csv_of([twice, ROW])) == [
        ("duplicate-column", "S列的表头「合同名称」与A列重复（都是「项目名称」）；请保留一列。"),
        ("unknown-column", "T列的表头「颜色」无法识别；请改用模板中的表头，或删除该列。"),
    ]
    assert refused(csv_of([HEADERS[:-9], ROW]), with_office=True) == [
        ("missing-column", "缺少列「合同成交总额」。"),
        ("missing-column", "缺少列「技术交易额」。"),
        ("missing-column", "缺少列「技术领域」。"),
        ("missing-column", "缺少列「登记机构」。"),
    ]


def test_aliases_and_dressed_headers_are_taken():
    dressed = [
        "合同名称",
        "合同类型 ",
        "合同子类（必填）",
        "合同编号",
        "签订日期",
        "合同有效期(起)",
        "合同有效期（止）",
    ]
    fields, _ = read(csv_of([[*dressed, *HEADERS[7:]], ROW]))
    assert fields == read(book(ROW))[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_comes_in_the_encodings_of_chinese_offices(encoding):
    assert read(csv_of([HEADERS, ["稀土永磁"]], encoding))[1][0][1][0] == "稀土永磁"


def test_a_file_has_only_so_many_lines(monkeypatch):
    monkeypatch.setattr(table_module, "MAX_LINES", 3)
    assert len(read(csv_of([HEADERS, *[ROW] * 3]))[1]) == 3
    assert refused(csv_of([HEADERS, *[ROW] * 4]))[0][0] == "too-many-lines"


READ = {
    "total_amount": [
        (1200.5, 120050),
        ("1,234,567.80", 123456780),
        ("１２００．５０", 120050),
        ("¥1200元", 120000),
        ("12.5万元", 12500000),
        (0.1 + 0.2, 30),
        ("1,23", "not-an-amount"),
        ("-5", "not-an-amount"),
        (-5, "not-an-amount"),
        ("0", "out-of-range"),
        ("1e5", "not-an-amount"),
        ("1.005", "too-precise"),
        (True, "not-an-amount"),
        (date(2026, 1, 5), "not-an-amount"),
        ("10000000000000.01", "out-of-range"),
    ],
    "signed_on": [
        (date(2026, 1, 5), date(2026, 1, 5)),
        (46027.0, date(2026, 1, 5)),
        ("2026-01-05", date(2026, 1, 5)),
        ("2026/1/5", date(2026, 1, 5)),
        ("2026.1.5", date(2026, 1, 5)),
        ("2026年1月5日", date(2026, 1, 5)),
        ("２０２６年１月５日", date(2026, 1, 5)),
        ("2026-01-05 00:00:00", date(2026, 1, 5)),
        ("20260105", date(2026, 1, 5)),
        (20260105.0, date(2026, 1, 5)),
        ("46027", "not-a-date"),
        ("2026-02-30", "not-a-date"),
        ("2026-1/5", "not-a-date"),
        ("1.5", "not-a-date"),
        (5.0, "not-a-date"),
        ("1800-01-01", "out-of-range"),
        (True, "not-a-date"),
    ],
    "is_related_party": [
        ("是", True),
        ("否", False),
        (True, True),
        (0.0, False),
        ("Ｙ", True),
        ("也许", "not-yes-or-no"),
    ],
    "contract_no": [
        (20260001.0, "20260001"),
        ("00012", "00012"),
        (1234567890123456789.0, "lost-digits"),
        (date(2026, 1, 5), "not-text"),
        ("长" * 101, "too-long"),
        ("'=1", "=1"),
        ("\0", "bad-character"),
    ],
    "seller.postcode": [(10010.0, "010010"), ("010010", "010010")],
    "seller.nature": [
        ("0221", "0221"),
        (221.0, "ambiguous-or-padded"),
        ("0221 私营企业", "code-not-of-name"),
        ("没有这个", "unknown-value"),
    ],
    "contract_subtype": [("委托开发", "DEV_COMMISSIONED"), ("DEV_COMMISSIONED 委托开发", "DEV_COMMISSIONED")],
    "seller.place": [("150203", "150203"), (150203.0, "150203"), ("昆都仑区", "150203"), ("火星", "unknown-value")],
    "field": [
        ("05", "contract:05"),
        ("contract:05", "contract:05"),
        ("电子信息", "contract:01"),
        ("烹饪", "unknown-value"),
    ],
    "seller.country": [("中国", "CN"), ("US", "US"), ("美利坚", "unknown-value")],
    "currency.rate": [("7.1", "7.1"), (7.1, "7.1"), ("1,000.5", "1000.5"), ("七", "not-a-number")],
    "exclusions": [
        ("无", []),
        (
            "设备，真空炉，2，3500，是",
            [{"kind": "equipment", "name": "真空炉", "quantity": 2, "amount": 350000, "reasonable_quantity": True}],
        ),
        ("设备,真空炉", "bad-format"),
        ("飞船,真空炉,1,5,否", "bad-format"),
        ("材料,钢,0,5,否", "out-of-range"),
        ("材料,钢,1,五元,否", "not-an-amount"),
        (5.0, "bad-format"),
    ],
}


def test_cells_are_read_as_people_write_them(world):
    with world.database.read(world.actor("university")) as unit:
        words = Words(unit)

        def outcome(field, cell):
            try:
                return words.read(column(field), cell)
            except Wrong as wrong:
                return wrong.code

        wrong = [
            (field, cell, outcome(field, cell), wanted)
            for field, cases in READ.items()
            for cell, wanted in cases
            if wanted != "ambiguous-or-padded" and outcome(field, cell) != wanted
        ]
        assert not wrong
        assert words.read(column("seller.nature"), 221.0) == "0221"
        assert all(words.read(column(field), empty) is None for field in READ for empty in (None, "", "  ", "\u3000"))


def test_a_workbooks_days_are_days():
    content = xlsx([HEADERS, [*ROW, None, None, None, datetime(2026, 1, 5), 46027]], formats={"F2": "yyyy/m/d"})  # noqa: DTZ001
    [(_, cells)] = read(content)[1]
    assert cells[4:6] == [date(2026, 1, 5), date(2026, 1, 5)]
