"""What may be asked, and what every refusal says."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.access import PUBLIC
from market.errors import Invalid
from market.statistics.question import Period, Question, ask


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2018", 201801, 201812),
        ("2018Q1", 201801, 201803),
        ("2018Q4", 201810, 201812),
        ("2018H1", 201801, 201806),
        ("2018H2", 201807, 201812),
        ("2018-03", 201803, 201803),
        ("2018-12", 201812, 201812),
        ("2018-01..2018-06", 201801, 201806),
        ("2017-11..2018-02", 201711, 201802),
        ("2018-03..2018-03", 201803, 201803),
    ],
)
def test_periods(text, first, last):
    assert Period.parse(text) == Period(first, last)
    assert Period.parse(text).year_before() == Period(first - 100, last - 100)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",
        "2018Q0",
        "2018Q5",
        "2018H3",
        "2018-00",
        "2018-13",
        "2018-1",
        "2018-06..2018-01",
        "2018..2019",
        "2018-01..",
        "2018-01..2018-13",
        "2018-01-01",
        " 2018",
        "2018\n",
        "٢٠١٨",
        "1899",
        "2201",
        "2018-01..2201-01",
    ],
)
def test_what_is_no_period(text):
    with pytest.raises(ValueError, match="period"):
        Period.parse(text)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{4}[-QH.][0-9.-]{0,12}", fullmatch=True))
def test_any_text_is_a_period_or_refused(text):
    with suppress(ValueError):
        period = Period.parse(text)
        assert 190001 <= period.first <= period.last <= 220012


def refusals(database, **asked):
    with database.read(PUBLIC) as unit, pytest.raises(Invalid) as refused:
        ask(unit, **{"period": "2018", "basis": "output", **asked})
    return {error.pointer: error for error in refused.value.errors}


REFUSED = [
    ({"period": "2018Q9"}, "/period", "bad-period"),
    ({"region": "159999"}, "/region", "unknown-place"),
    ({"region": "810000"}, "/region", "not-a-region"),
    ({"by": ["month", "year", "field", "office"]}, "/by", "too-many"),
    ({"by": ["month", "month"]}, "/by", "repeated"),
    ({"by": ["league", "seller_league"]}, "/by", "repeated"),
    ({"filters": {"field": ["contract:99"]}}, "/field", "unknown-code"),
    ({"filters": {"field": ["hightech:10"]}}, "/field", "unknown-code"),
    ({"filters": {"contract_type": ["DEV", "DEV_COMMISSIONED"]}}, "/contract_type", "unknown-code"),
    ({"filters": {"contract_type": ["unspecified"]}}, "/contract_type", "unknown-code"),
    ({"filters": {"served_industry": ["A01"]}}, "/served_industry", "unknown-code"),
    ({"filters": {"seller_province": ["150200"]}}, "/seller_province", "unknown-code"),
    ({"filters": {"seller_province": ["810000"]}}, "/seller_province", "unknown-code"),
    ({"filters": {"buyer_league": ["130100"]}}, "/buyer_league", "unknown-code"),
    ({"filters": {"buyer_league": ["150203"]}}, "/buyer_league", "unknown-code"),
    ({"filters": {"office": ["org_nobody"]}}, "/office", "unknown-code"),
    ({"filters": {"month": ["2018-13"]}}, "/month", "unknown-code"),
    ({"filters": {"quarter": ["2018"]}}, "/quarter", "unknown-code"),
]


def test_refusals(database):
    for asked, pointer, code in REFUSED:
        assert {pointer: code} == {where: error.code for where, error in refusals(database, **asked).items()}, asked


def test_every_fault_is_named_at_once(database):
    found = refusals(database, period="x", region="1", by=["year", "year"], filters={"ip_type": ["?"]})
    assert set(found) == {"/period", "/region", "/by", "/ip_type"}


def test_whose_league_must_be_said_where_both_sides_count(database):
    for basis, name in product(["internal", "registered"], ["league", "banner"]):
        cut = refusals(database, basis=basis, by=[name])["/by"]
        filtered = refusals(database, basis=basis, filters={name: ["150200"]})[f"/{name}"]
        for error in (cut, filtered):
            assert error.code == "side-needed"
            assert f"seller_{name}" in error.message
            assert f"buyer_{name}" in error.message


def test_a_question_is_canonical(world):
    with world.database.read(PUBLIC) as unit:
        question = ask(
            unit,
            period="2018",
            basis="output",
            by=["month"],
            filters={
                "office": [world.ids["office"], "elsewhere"],
                "field": ["contract:1", "contract:01"],
                "seller_banner": ["150203", "150200", "110000", "abroad"],
                "month": ["2018-03"],
                "ip_type": ["unspecified", "SECRET"],
            },
        )
    assert question == Question(
        Period(201801, 201812),
        "output",
        "150000",
        ("month",),
        (
            ("field", ("contract:01",)),
            ("ip_type", ("SECRET", "unspecified")),
            ("month", ("2018-03",)),
            ("office", tuple(sorted([world.ids["office"], "elsewhere"]))),
            ("seller_banner", ("110000", "150200", "150203", "abroad")),
        ),
    )
    assert question.year_before().period == Period(201701, 201712)
    assert dict(question.year_before().filters)["month"] == ("2017-03",)


def test_leagues_are_those_of_the_regions_province(database):
    with database.read(PUBLIC) as unit:
        question = ask(unit, period="2018", basis="output", region="130000", filters={"buyer_league": ["130100"]})
    assert question.view == "130000"
