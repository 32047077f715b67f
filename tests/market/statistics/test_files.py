"""Files for spreadsheet programs: what is written is what is read again, and no text becomes a formula."""

from __future__ import annotations

import csv
import io
import time
from decimal import Decimal

import openpyxl
import pytest
import python_calamine
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from market.errors import Invalid
from market.statistics.files import Sheet, check_rows, csv_file, xlsx_file
from market.store.formulas import harmless

EVIL = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u3000=1",
    "\u200b=1",
    "\ufeff=cmd|'/c calc'!A1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "\u2212" + "2",
    "\ttab",
    "'=1",
]


def sheet(rows, *, mark=None, headings=("名", "数")):
    return Sheet("标题", mark, [("定义", "什么"), ("合计", Decimal("-1.50"))], headings, rows)


def read_csv(made):
    return list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", EVIL)
def test_what_could_be_a_formula_is_not_one(text):
    assert harmless(text) == f"'{text}"
    assert read_csv(csv_file(sheet([[text, 1]])))[-1][0] == f"'{text}".replace("\r", "\r")
    book = openpyxl.load_workbook(io.BytesIO(xlsx_file(sheet([[text, 1]]))))
    cell = book.worksheets[0].cell(4, 1)
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


@pytest.mark.parametrize("text", ["", "甲", "a=b", "2018-01", "—", "(x)", "'1", "0.5", "C++"])
def test_other_texts_stay_as_they_are(text):
    assert harmless(text) == text


def test_headings_and_facts_are_made_harmless_too():
    evil = Sheet("=t", "=m", [("=a", "=b")], ["=h"], [])
    assert {field[:1] for line in read_csv(csv_file(evil)) for field in line if field} == {"'"}
    for page in openpyxl.load_workbook(io.BytesIO(xlsx_file(evil))):
        assert {cell.value[:1] for row in page for cell in row if cell.value} == {"'"}


def test_numbers_stay_numbers():
    rows = [["甲", 5, Decimal("-1234567.10"), -0.0321, None], ["乙", -7, Decimal("0.00"), 1.5, None]]
    made = sheet(rows, headings=["名", "项", "元", "率", "空"])
    assert read_csv(csv_file(made))[-2:] == [["甲", "5", "-1234567.10", "-0.0321", ""], ["乙", "-7", "0.00", "1.5", ""]]
    content = xlsx_file(made)
    cells = list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(min_row=4))
    assert [[cell.value for cell in row] for row in cells] == [
        ["甲", 5, -1234567.1, -0.0321, None],
        ["乙", -7, 0, 1.5, None],
    ]
    assert [cell.number_format for cell in cells[0]] == ["General", "#,##0", "#,##0.00", "0.00%", "General"]
    page = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    assert page.to_python()[-2][:4] == ["甲", 5, -1234567.1, -0.0321]


def test_a_file_begins_with_its_facts_and_the_mark_is_first():
    lines = read_csv(csv_file(sheet([["甲", 1]], mark="演示")))
    assert lines == [["演示", ""], ["定义", "什么"], ["合计", "-1.50"], [], ["名", "数"], ["甲", "1"]]
    assert csv_file(sheet([])).startswith(b"\xef\xbb\xbf")
    book = openpyxl.load_workbook(io.BytesIO(xlsx_file(sheet([["甲", 1]], mark="演示"))))
    assert [[cell.value for cell in row] for row in book.worksheets[0]] == [
        ["标题", None],
        ["演示", None],
        [None, None],
        ["名", "数"],
        ["甲", 1],
    ]
    assert book.worksheets[0]["A2"].font.color.rgb == "00C00000"
    assert [[cell.value for cell in row] for row in book.worksheets[1]] == [
        ["演示", None],
        ["定义", "什么"],
        ["合计", -1.5],
    ]


def test_the_same_sheet_is_the_same_file():
    rows = [["甲", Decimal("1.00")]]
    first = xlsx_file(sheet(rows))
    with time_machine.travel(time.time() + 86_400):
        assert xlsx_file(sheet(rows)) == first


@given(st.lists(st.lists(st.text(max_size=30), min_size=2, max_size=2), min_size=1, max_size=5))
def test_any_text_makes_files_that_can_be_read(rows):
    made = sheet(rows)
    assert [[harmless(text) for text in row] for row in rows] == read_csv(csv_file(made))[-len(rows) :]
    page = openpyxl.load_workbook(io.BytesIO(xlsx_file(made))).worksheets[0]
    assert not [cell for row in page for cell in row if cell.data_type == "f"]


def test_a_file_that_would_not_hold_all_is_refused():
    check_rows(True)
    with pytest.raises(Invalid) as refused:
        check_rows(False)
    assert refused.value.errors[0].code == "too-many-rows"
