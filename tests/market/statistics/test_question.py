"""What may be asked, and what every refusal says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
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
    period = Period.parse(text)
    assert period.moved(-12) == Period(first - 100, last - 100)
    assert period.length == len(period.months(last))
    before = period.moved(-period.length)
    assert before.length == period.length
    assert Period(before.first, last).length == 2 * period.length


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


@settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # the first text takes a second on a busy machine
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
    ({"by": ["month", "year", "field", "office", "ip_type"]}, "/by", "too-many"),
    ({"by": ["year_to_date"], "period": "2018-02..2018-12"}, "/by", "not-from-january"),
    ({"filters": {"year_to_date": ["2018-03"]}, "period": "2018Q2"}, "/year_to_date", "not-from-january"),
    ({"top": 3}, "/top", "cut-needed"),
    ({"compare": "last"}, "/compare", "bad-period"),
    ({"compare": "2017-06..2017-01"}, "/compare", "bad-period"),
    ({"compare": "2018Q1"}, "/compare", "overlapping-periods"),
    ({"compare": "2018"}, "/compare", "overlapping-periods"),
    ({"compare": "previous_year", "period": "2017-01..2018-12"}, "/compare", "overlapping-periods"),
    ({"compare": "2017Q1", "by": ["month"]}, "/compare", "unequal-periods"),
    ({"compare": "2017Q1", "filters": {"half_year": ["2018H1"]}}, "/compare", "unequal-periods"),
    ({"compare": "2017-02..2018-01", "period": "2018-02..2019-01", "by": ["year"]}, None, None),
    ({"compare": "2017-01..2017-06", "period": "2018H2", "by": ["quarter"]}, None, None),
    ({"compare": "2017-02..2017-07", "period": "2018H2", "by": ["quarter"]}, "/compare", "unequal-periods"),
    ({"compare": "previous_period", "period": "2018H2", "by": ["year"]}, "/compare", "unequal-periods"),
    ({"compare": "previous_period", "period": "2018", "by": ["year_to_date", "month"]}, None, None),
    ({"filters": {"province": ["150200"]}}, "/province", "unknown-code"),
    ({"filters": {"seller_origin": ["150000"]}}, "/seller_origin", "unknown-code"),
    ({"filters": {"size_class": ["10000"]}}, "/size_class", "unknown-code"),
    ({"filters": {"linked_demand": ["true"]}}, "/linked_demand", "unknown-code"),
    ({"filters": {"registration": ["there"]}}, "/registration", "unknown-code"),
    ({"filters": {"field_hightech": ["contract:05"]}}, "/field_hightech", "unknown-code"),
    ({"filters": {"field_region": ["hightech:40"]}}, "/field_region", "unknown-code"),
    ({"filters": {"field": ["unspecified"]}}, "/field", "unknown-code"),
    ({"filters": {"served_industry_division": ["A011"]}}, "/served_industry_division", "unknown-code"),
    ({"filters": {"buyer_nature_class": ["170"]}}, "/buyer_nature_class", "unknown-code"),
    ({"filters": {"half_year": ["2018H3"]}}, "/half_year", "unknown-code"),
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
        if code is None:
            with database.read(PUBLIC) as unit:
                ask(unit, **{"period": "2018", "basis": "output", **asked})
        else:
            assert {pointer: code} == {where: error.code for where, error in refusals(database, **asked).items()}, asked


def test_refusals_say_how_to_go_on(database):
    for asked, pointer, words in (
        ({"compare": "last"}, "/compare", "previous_year or previous_period"),
        ({"compare": "2017Q1", "by": ["month"]}, "/compare", "12 and 3 months"),
        ({"compare": "previous_period", "period": "2018H2", "by": ["year"]}, "/compare", "cut by month"),
        ({"filters": {"size_class": ["1"]}}, "/size_class", "00000-00010, 00010-00100"),
    ):
        assert words in refusals(database, **asked)[pointer].message


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
    earlier = replace(question, compare="previous_year").earlier()
    assert earlier.period == Period(201701, 201712)
    assert dict(earlier.filters) == {**dict(question.filters), "month": ("2017-03",)}


@pytest.mark.parametrize(
    ("name", "value", "months", "expected"),
    [
        ("month", "2018-03", -12, "2017-03"),
        ("month", "2018-03", -3, "2017-12"),
        ("month", "2018-12", 1, "2019-01"),
        ("quarter", "2018Q1", -3, "2017Q4"),
        ("quarter", "2017Q4", 6, "2018Q2"),
        ("half_year", "2018H1", -6, "2017H2"),
        ("year", "2018", -24, "2016"),
        ("year_to_date", "2018-03", -12, "2017-03"),
        ("field", "contract:05", -12, "contract:05"),
    ],
)
def test_keys_of_time_move_with_the_period(name, value, months, expected):
    question = Question(Period(201801, 201812), "output", "150000")
    assert question.moved(name, value, months) == expected


@pytest.mark.parametrize(
    ("period", "compare", "expected"),
    [
        ("2018", "previous_year", Period(201701, 201712)),
        ("2018", "previous_period", Period(201701, 201712)),
        ("2018Q1", "previous_period", Period(201710, 201712)),
        ("2018-03", "previous_period", Period(201802, 201802)),
        ("2018-03..2018-07", "previous_period", Period(201710, 201802)),
        ("2018", "2016Q1", Period(201601, 201603)),
        ("2018", "2019", Period(201901, 201912)),
        ("2018", None, None),
    ],
)
def test_what_is_compared_with(period, compare, expected):
    assert Question(Period.parse(period), "output", "150000", compare=compare).against == expected


@pytest.mark.parametrize(
    ("period", "compare", "over", "expected"),
    [
        ("2018", "previous_year", 201812, ("2018-01..2018-12", "2017-01..2017-12", True)),
        ("2018", "previous_year", 201810, ("2018-01..2018-10", "2017-01..2017-10", True)),
        ("2018Q4", "previous_period", 201811, ("2018-10..2018-11", "2018-07..2018-08", True)),
        ("2018", "2016", 201801, ("2018-01", "2016-01", True)),
        ("2017", "2018", 201802, ("2017-01..2017-02", "2018-01..2018-02", True)),
        ("2018", "2017Q1", 201810, ("2018-01..2018-12", "2017-01..2017-03", False)),
        ("2018", "previous_year", 201712, None),
        ("2017", "2018", 0, None),
        ("2018", None, 0, ("2018-01..2018-12", "None", None)),
    ],
)
def test_a_running_period_is_compared_to_date(period, compare, over, expected):
    question = Question(Period.parse(period), "output", "150000", compare=compare)
    if expected is None:
        with pytest.raises(Invalid) as refused:
            question.to_date(over)
        assert [(error.pointer, error.code) for error in refused.value.errors] == [("/period", "unfinished-period")]
        return
    found = question.to_date(over)
    assert (str(found.period), str(found.against), found.like) == expected
    assert found.to_date(over) == found
    assert (found.asked is None) == (found.period == question.period)


def test_leagues_are_those_of_the_regions_province(database):
    with database.read(PUBLIC) as unit:
        question = ask(unit, period="2018", basis="output", region="130000", filters={"buyer_league": ["130100"]})
    assert question.view == "130000"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("league", ["150200", "150102"], "150102: no key of league; /v1/places has those of the level"),
        ("quarter", ["2018-01"], "2018-01: no key of quarter; they are such as 2018Q1."),
        ("office", ["org_none"], "org_none: no key of office; they are ids of offices, or elsewhere"),
        ("field_region", ["contract:05"], "/v1/fields?scheme=region has them."),
        ("served_industry_division", ["C999"], "/v1/code-lists/industry has them."),
        ("buyer_nature_class", ["170"], "/v1/code-lists/party_nature has them."),
        ("registration", ["there"], "there: no key of registration; they are here, elsewhere."),
    ],
)
def test_a_refused_key_is_named_with_where_the_right_ones_are(database, name, values, message):
    with database.snapshot(PUBLIC) as unit, pytest.raises(Invalid) as refused:
        ask(unit, period="2018", basis="involved", filters={name: values})
    assert message in refused.value.errors[0].message
