"""Schemas refuse what they should with stable codes, and the compiled dump is the schema's own."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from api.app import all_routes
from api.routes import Number
from api.schema import (
    Day,
    Flag,
    Identifier,
    Input,
    Many,
    Moment,
    Output,
    Part,
    Plain,
    Text,
    Whole,
    Yuan,
    dumper,
    field_errors,
    one_of,
)


class Inner(Output):
    name = Plain()
    at = Moment(allow_none=True)


class Outer(Output):
    id = Plain()
    renamed = Plain(attribute="inside")
    price = Yuan(allow_none=True)
    day = Day(allow_none=True)
    codes = Many(Plain(), 5)
    days = Many(Day(), 5)
    inner = Part(Inner, allow_none=True)
    inners = Part(Inner, many=True)


_instants = st.integers(0, 4 * 10**15) | st.none()
_inner = st.fixed_dictionaries({"name": st.text(), "at": _instants})
_days = st.dates(date(1900, 1, 1), date(2200, 1, 1))
_outer = st.fixed_dictionaries(
    {
        "id": st.text(),
        "inside": st.integers() | st.none() | st.booleans(),
        "price": st.integers(-(10**15), 10**15) | st.none(),
        "day": _days | st.none(),
        "codes": st.lists(st.text(), max_size=3),
        "days": st.lists(_days, max_size=3),
        "inner": _inner | st.none(),
        "inners": st.lists(_inner, max_size=3),
    }
)


@given(_outer)
def test_the_compiled_dump_is_the_schemas_own(row):
    assert dumper(Outer)(row) == Outer().dump(row)


def _row_for(schema, draw):
    row = {}
    for name, field in schema().dump_fields.items():
        row[field.attribute or name] = _value_for(field, draw)
    return row


def _value_for(field, draw):
    if isinstance(field, Part):
        if field.many:
            return [_row_for(type(field.schema), draw)]
        return _row_for(type(field.schema), draw)
    if isinstance(field, Many):
        return [_value_for(field.inner, draw)]
    if isinstance(field, fields.Boolean):
        return draw(st.booleans())
    if isinstance(field, Yuan | Moment | fields.Integer):
        return draw(st.integers(0, 10**12))
    if isinstance(field, Day):
        return draw(_days)
    return draw(st.text(max_size=5))


@pytest.mark.parametrize(
    "schema",
    sorted({op.reply for routes in all_routes() for op in routes.operations if op.reply}, key=lambda s: s.__name__),
    ids=lambda schema: schema.__name__,
)
@given(data=st.data())
def test_every_reply_of_the_api_is_dumped_as_its_schema_says(schema, data):
    row = _row_for(schema, data.draw)
    assert dumper(schema)(row) == schema().dump(row)


class Everything(Input):
    text = Text(5)
    code = Identifier(5)
    number = Whole(1, 9)
    flag = Flag()
    money = Yuan()
    day = Day()
    some = Many(Text(3), 2)
    choice = Text(validate=[one_of("a", "b")])


BAD = [
    ("text", 1, "wrong-type"),
    ("text", None, "null"),
    ("text", "", "wrong-length"),
    ("text", "123456", "wrong-length"),
    ("text", "a\0", "bad-character"),
    ("text", "\ud800", "bad-character"),
    ("text", ["x"], "wrong-type"),
    ("code", "a b", "bad-format"),
    ("code", "稀", "bad-format"),
    ("number", 0, "out-of-range"),
    ("number", 10, "out-of-range"),
    ("number", 1.0, "wrong-type"),
    ("number", True, "wrong-type"),
    ("number", "5", "wrong-type"),
    ("number", 10**30, "out-of-range"),
    ("flag", 1, "wrong-type"),
    ("flag", "yes", "wrong-type"),
    ("flag", "true", "wrong-type"),
    ("flag", "false", "wrong-type"),
    ("flag", {}, "wrong-type"),
    ("money", 12, "wrong-type"),
    ("money", 12.5, "wrong-type"),
    ("money", "12,5", "wrong-type"),
    ("money", "1e5", "wrong-type"),
    ("money", "NaN", "wrong-type"),
    ("money", "Infinity", "wrong-type"),
    ("money", "１２", "wrong-type"),
    ("money", "", "wrong-type"),
    ("money", "--1", "wrong-type"),
    ("money", "0", "out-of-range"),
    ("money", "-1.00", "out-of-range"),
    ("money", "10000000000000.01", "out-of-range"),
    ("money", "1.001", "too-precise"),
    ("day", "2026-02-30", "wrong-type"),
    ("day", "2026-1-1", "wrong-type"),
    ("day", "20260101", "wrong-type"),
    ("day", "2026-W01-1", "wrong-type"),
    ("day", "0001-01-01", "out-of-range"),
    ("day", 20260101, "wrong-type"),
    ("some", "x", "wrong-type"),
    ("some", ["a", "b", "c"], "wrong-length"),
    ("choice", "c", "unknown-value"),
    ("nothing", 1, "unknown-field"),
]


@pytest.mark.parametrize(("name", "value", "code"), BAD)
def test_bad_values_have_stable_codes(name, value, code):
    with pytest.raises(ValidationError) as refusal:
        Everything().load({name: value})
    found = field_errors(refusal.value.normalized_messages())
    assert [(error["pointer"], error["code"]) for error in found] == [(f"/{name}", code)]


def test_a_wrong_length_says_what_is_counted():
    with pytest.raises(ValidationError) as refusal:
        Everything().load({"text": "123456", "some": ["a", "b", "c"]})
    found = field_errors(refusal.value.normalized_messages())
    assert {error["message"] for error in found} == {"Between 1 and 5 characters.", "Between 0 and 2 items."}


def test_a_bad_item_is_named_by_its_place():
    with pytest.raises(ValidationError) as refusal:
        Everything().load({"some": ["ok", 5]})
    assert field_errors(refusal.value.normalized_messages())[0]["pointer"] == "/some/1"


@given(st.text(st.sampled_from("0123456789.-+eE ,NaInf"), max_size=20))
def test_any_amount_is_exact_or_refused(text):
    try:
        loaded = Everything().load({"money": text})["money"]
    except ValidationError:
        return
    whole, _, decimals = text.partition(".")
    assert loaded == int(whole or 0) * 100 + int((decimals + "00")[:2])


class Query(Input):
    n = Number(1, 100)


@pytest.mark.parametrize("text", ["0", "101", "-1", "1.0", "", "１", "1" * 40, "x"])
def test_numbers_in_queries_are_bounded(text):
    with pytest.raises(ValidationError):
        Query().load({"n": text})


def test_texts_are_trimmed():
    assert Everything().load({"text": "  a "}) == {"text": "a"}
