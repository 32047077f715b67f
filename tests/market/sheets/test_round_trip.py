"""What is written into a sheet and read again is the same, to the character, in both forms; and no text of it is a formula."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.examination.schemas import CaseIn
from api.schema import Text
from market.fields.queries import catalogue, code_lists
from market.places.queries import tree
from market.sheets import actions, queries
from market.sheets.columns import columns, letter, recognised, required
from market.sheets.form import Layout, cells, headings, whole
from market.sheets.table import Table, csv_file
from market.sheets.values import KINDS, Words
from market.sheets.workbook import escaped, unescaped, workbook
from market.store.formulas import guarded, meant
from market.store.types import MAX_FEN
from tests.market.contracts.samples import content
from tests.market.examination.cases import FORM
from tests.market.sheets.test_taking import Hand

FORMS = {"csv": csv_file, "xlsx": lambda head, rows: workbook([("申请", head, rows)])}

nasty = st.sampled_from(
    ["=1+1", "'=1", "''=1", "@x", "-1", "＝1", "\t=1", "_x0041_", "_x005F_x0041_", "a\rb", "a\r\nb", "a\nb"]
)
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
texts = st.one_of(
    nasty, st.text(characters, max_size=30), st.builds("{}{}".format, nasty, st.text(characters, max_size=5))
)


def cut(text: str, maximum: int) -> str | None:
    """As the API takes it: trimmed; nothing for an empty one."""
    return text[:maximum].strip() or None


VALUES = {
    "flag": st.booleans(),
    "yuan": st.integers(1, MAX_FEN),
    "day": st.dates(date(1900, 1, 1), date(2200, 12, 31)),
    "decimal": st.from_regex(r"[0-9]{1,15}(\.[0-9]{1,8})?", fullmatch=True),
    "country": st.sampled_from(["CN", "US", "de"]),
    "postcode": st.from_regex(r"[0-9]{1,6}", fullmatch=True),
    "identifier": st.from_regex(r"[!-~]{1,3}", fullmatch=True),
    "exclusions": st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["equipment", "material", "other"]),
                "name": texts.map(lambda text: cut(text, 200) or "炉"),
                "quantity": st.none() | st.integers(1, 10**9),
                "amount": st.integers(1, MAX_FEN),
                "reasonable_quantity": st.booleans(),
            }
        ),
        max_size=3,
    ),
}


def contents(unit):
    """Content that an application may have, whole, with codes that there are."""
    codes = {
        "place": st.sampled_from([place.code for place in tree(unit).children("150000")]),
        "field": st.sampled_from([f"contract:{number:02d}" for number in range(1, 12)] + ["contract:新材料及其应用"]),
    }

    def value(column):
        if column.kind == "code":
            return st.sampled_from([item.code for item in code_lists(unit).items(column.list)])
        if column.kind == "text":
            return texts.map(lambda text: cut(text, column.maximum))
        return codes[column.kind] if column.kind in codes else VALUES[column.kind]

    fields = {c.field: st.none() | value(c) for c in columns() if c.kind not in ("record", "office")}
    return st.fixed_dictionaries(fields)


def flat_content(values):
    """As `whole` has it; a currency is given whole or not at all."""
    nested: dict = {}
    for field, value in values.items():
        first, _, part = field.partition(".")
        if part:
            nested.setdefault(first, {})[part] = value
        else:
            nested[first] = value
    if None in nested["currency"].values():
        nested["currency"] = None
    return whole(nested)


@pytest.mark.parametrize("form", FORMS)
def test_content_comes_back_exactly(world, form):
    with world.database.read(world.actor("university")) as unit:
        assert catalogue(unit).find("contract:新材料及其应用") is not None

        @settings(
            max_examples=30,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(contents(unit), min_size=1, max_size=3))
        def holds(drawn):
            given_ = [flat_content(values) for values in drawn]
            words = Words(unit)
            record = {"office": world.ids["office"]}
            file = FORMS[form](headings(), [cells(words, record, one) for one in given_])
            table = Table.of(file, with_office=True)
            layout = Layout([each and each.field for each in table.columns])
            read = [layout.read(words, line, row) for line, row in table.lines]
            assert [one.notes for one in read] == [[]] * len(given_)
            assert [one.content for one in read] == given_
            assert {one.office for one in read} == {world.ids["office"]}

        holds()


@given(texts)
def test_the_guard_can_be_undone(text):
    assert meant(unescaped(escaped(guarded(text)))) == text


@pytest.mark.parametrize("form", FORMS)
def test_no_text_becomes_a_formula(form):
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "'=1", "=cmd|'/c calc'!A1"]
    file = FORMS[form](["=头"], [[text] for text in evil])
    if form == "csv":
        found = [line[0] for line in csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))]
    else:
        page = openpyxl.load_workbook(io.BytesIO(file)).worksheets[0]
        assert {cell.data_type for line in page for cell in line} == {"s"}
        found = [line[0].value for line in page]
    assert {text[0] for text in found} <= {"'", "_"}


@pytest.mark.parametrize("form", FORMS)
def test_an_export_handed_in_again_doubles_nothing_and_elsewhere_makes_the_same(world, form):
    hand = Hand(world)
    hand.run(FORMS["csv"](*_sheet(world, hand)))
    with hand.database.read(hand.actor) as unit:
        exported = queries.applications(unit, form, state=None)
    again = hand.run(exported, office=None)
    assert (again["standing"], again["taken"], again["bad"]) == (3, 0, 0)
    assert "该申请已存在，内容相同，未重复建立" in hand.rows(again)[0][2][0]


def _sheet(world, hand):
    """Three applications with every kind of trouble in their texts."""
    trouble = ['=HYPERLINK("x")项目', "'=1项目", "项目\n二行"]
    with hand.database.read(hand.actor) as unit:
        words = Words(unit)
        rows = []
        for number, name in enumerate(trouble):
            one = content(world, contract_no=f"'=SYN{number}", **FORM)
            one["project_name"] = name if "\n" not in name else "第三个项目"
            one["royalty_formula"] = name
            one["exclusions"] = [
                {"kind": "material", "name": '=a,"b"', "quantity": 2, "amount": 100, "reasonable_quantity": True}
            ]
            rows.append(cells(words, {"office": world.ids["office"]}, whole(one)))
    return headings(), rows


def test_a_changed_row_of_an_export_is_told_so(world):
    hand = Hand(world)
    hand.run(FORMS["csv"](*_sheet(world, hand)))
    with hand.database.read(hand.actor) as unit:
        lines = list(
            csv.reader(io.StringIO(queries.applications(unit, "csv", state=None).decode("utf-8-sig"), newline=""))
        )
    lines[1][lines[0].index("经办人")] = "示例经办人"
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    again = hand.run(text.getvalue().encode(), office=None)
    assert (again["standing"], again["bad"], again["taken"]) == (2, 1, 0)
    assert "该申请编号的申请内容与本行不同" in hand.rows(again)[0][2][0]


def test_the_columns_are_the_form_whole_and_of_the_lengths_of_the_api():
    """Every field of an application has its column and no other; texts have the same bounds."""
    fields, wanted = CaseIn().fields, {}
    for name, field in fields.items():
        if name in ("seller", "buyer", "currency"):
            wanted |= {f"{name}.{part}": inner for part, inner in field.schema.fields.items()}
        else:
            wanted[name] = field
    ours = {each.field: each for each in columns() if each.kind != "record"}
    assert ours.keys() == wanted.keys()
    for name, each in ours.items():
        assert each.kind in KINDS
        if each.maximum:
            assert isinstance(wanted[name], Text)
            assert next(v.max for v in wanted[name].validators if hasattr(v, "max")) == each.maximum, name


def test_good_rows_fit_the_api(world):
    """What a sheet brings in could have come as JSON: the schema takes what the file of a draft says."""
    hand = Hand(world)
    hand.run(FORMS["xlsx"](*_sheet(world, hand)))
    with hand.database.read(hand.actor) as unit:
        assert queries.applications(unit, "csv", state="draft").count(b"SYN") == 3
        assert queries.applications(unit, "csv", state="submitted").count(b"SYN") == 0


def test_every_header_is_recognised_by_every_name_and_no_name_means_two():
    for each in columns():
        assert recognised(each.header) is each
        assert recognised(f" {each.header}（必填）") is each
        for alias in each.aliases:
            assert recognised(alias) is each, alias
        assert recognised(each.field) is each
    assert recognised("buyer_zipcode") is next(each for each in columns() if each.field == "buyer.postcode")
    assert recognised("随便") is None
    assert {each.field for each in required()} <= {each.field for each in columns()}


def test_columns_are_lettered_as_spreadsheet_programs_do():
    assert [letter(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_every_column_names_its_source_and_standing():
    from pathlib import Path

    import market.sheets.columns as module

    with (Path(module.__file__).parent / "columns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} <= {"official", "unverified", "proposed"}
    assert all(row["source"] and row["header"] for row in rows)


@pytest.mark.parametrize("form", FORMS)
def test_the_register_goes_out_in_the_same_columns(world, form):
    from market.registration.actions import register

    world.database.write(world.actor("office"), lambda unit: register(unit, content(world, contract_no="=SYN")))
    with world.database.snapshot(world.actor("office")) as unit:
        file = queries.contracts(unit, form, registered_from=None, registered_to=None)
        table = Table.of(file, with_office=True)
        layout = Layout([each and each.field for each in table.columns])
        [read] = [layout.read(Words(unit), line, row) for line, row in table.lines]
    assert read.content["contract_no"] == "=SYN"
    assert read.content["total_amount"] == 1_200_000_00
    assert read.content["seller"]["organisation"] == world.ids["university"]
    with world.database.snapshot(world.actor("office2")) as unit:
        assert queries.contracts(unit, "csv", registered_from=None, registered_to=None).count(b"\r\n") == 1


def test_the_template_can_be_filled_in_and_explains_itself(world):
    with world.database.read(world.actor("university")) as unit:
        book = openpyxl.load_workbook(io.BytesIO(queries.template(unit, "xlsx")))
    assert [cell.value for cell in book.worksheets[0][1]] == headings()
    assert [page.title for page in book] == ["申请", "填写说明", "代码表"]
    assert book["填写说明"].max_row == len(columns()) + 1
    assert book["代码表"].max_row > 1000
    assert actions.STEP <= 500
