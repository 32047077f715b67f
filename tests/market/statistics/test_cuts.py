"""What stands around the groups: subtotals, the largest groups, shares, comparison; and how codes roll up by construction."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.access import SYSTEM
from market.fields.queries import code_lists
from market.places.queries import tree
from market.statistics.answers import MEASURES, Reader, answer
from market.statistics.points import point
from market.statistics.queries import Measures, figures
from market.statistics.question import DIMENSIONS, Period, Question
from market.statistics.sources import cheapest
from tests.market.statistics.history import History
from tests.market.statistics.test_figures import ACTS, LINKS, Counted, play, questions

YEAR = Period(201801, 201812)
ALL = Reader("en", 0)


def told(database, question, reader=ALL):
    with database.snapshot(SYSTEM) as unit:
        return answer(unit, question, reader, point(unit, None))


def cells(rows):
    return {tuple(row["key"].values()): tuple(row[name] for name in MEASURES) for row in rows}


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    acts=st.lists(ACTS, min_size=3, max_size=20),
    asked=st.lists(questions(), min_size=8, max_size=8),
    top=st.integers(1, 5),
    top_by=st.sampled_from(MEASURES),
)
def test_subtotals_the_largest_and_shares_of_any_question(factory, engine, acts, asked, top, top_by):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        play(history, acts)
        rows = list(history.live.values())
        with database.snapshot(SYSTEM) as unit:
            places = tree(unit)
        for question in asked:
            question = replace(question, rollup=True, shares=True)
            found = told(database, question)
            expected = Counted(places, question).figures(rows)
            assert cells(found["groups"]) == expected.groups
            levels = {}
            for count in range(1, len(question.by)):
                level = Counted(places, replace(question, by=question.by[:count])).figures(rows)
                levels |= {(*key, *[None] * (len(question.by) - count)): cell for key, cell in level.groups.items()}
            assert cells(found["subtotals"]) == levels
            for row in [*found["groups"], *found["subtotals"]]:
                for name in MEASURES:
                    total = found["totals"][name]
                    share = Fraction(row[name], total or 1) * 10_000
                    assert row["share"][name] == (int(share + Fraction(1, 2)) / 10_000 if total else None)
            if question.by:
                largest(found, told(database, replace(question, top=top, top_by=top_by)), top, top_by)


def largest(whole, ranked, top, top_by):
    """Kept and other make the whole, and nothing left out is larger than anything kept."""
    assert ranked["totals"] == whole["totals"]
    assert ranked["subtotals"] == whole["subtotals"]
    kept, every = cells(ranked["groups"]), cells(whole["groups"])
    assert len(kept) == min(top, len(every))
    assert kept.items() <= every.items()
    rest = {key: cell for key, cell in every.items() if key not in kept}
    measure = MEASURES.index(top_by)
    sizes = [cell[measure] for cell in kept.values()]
    assert sizes == sorted(sizes, reverse=True)
    assert all(cell[measure] <= sizes[-1] for cell in rest.values())
    if not rest:
        assert ranked["other"] is None
        return
    assert ranked["other"]["groups"] == len(rest)
    assert [ranked["other"][name] for name in MEASURES] == [sum(column) for column in zip(*rest.values(), strict=True)]
    overlap = ranked["overlap"] or dict.fromkeys(MEASURES, 0)
    for number, name in enumerate(MEASURES):
        parts = sum(cell[number] for cell in kept.values()) + ranked["other"][name]
        assert parts == ranked["totals"][name] + overlap[name]


@pytest.fixture
def filled(history):
    """Three deals in 包头 of 10, 20 and 30 yuan, two in 呼和浩特 of 5; a year before one of 100 in 鄂尔多斯 and one in 包头."""
    add = history.contract

    def deal(place, yuan, day=date(2018, 5, 2), **rest):
        return add(seller_place=place, total_fen=yuan * 100, tech_fen=yuan * 100, registered_on=day, **rest)

    history.add(
        *(deal("150203", yuan) for yuan in (10, 20, 30)),
        *(deal("150102", 5, contract_type="SERVICE", contract_subtype="SVC_GENERAL") for _ in range(2)),
        deal("150602", 100, date(2017, 5, 2)),
        deal("150203", 40, date(2017, 1, 2)),
    )
    return history.database


def test_the_largest_groups_and_the_others(filled):
    question = Question(YEAR, "output", "150000", ("league",), (), "previous_year", top=1, shares=True)
    found = told(filled, question)
    [baotou] = found["groups"]
    assert (baotou["label"]["league"], baotou["deals"], baotou["previous"]["deals"]) == ("Baotou", 3, 1)
    assert baotou["share"] == {"deals": 0.6, "total_amount": 0.8571, "tech_amount": 0.8571, "tech_income": None}
    other = found["other"]
    # Ordos has nothing this year: it is in what was, but is no group of now.
    assert (other["groups"], other["deals"], other["total_amount"]) == (1, 2, 10_00)
    assert (other["previous"]["deals"], other["previous"]["total_amount"]) == (1, 100_00)
    assert other["growth"] == {"deals": 1.0, "total_amount": -0.9, "tech_amount": -0.9, "tech_income": None}
    assert other["share"]["deals"] == 0.4


def test_what_is_withheld_ranks_last_and_hides_the_others_too(filled, history):
    history.add(history.contract(seller_place="150602", registered_on=date(2018, 5, 2)))
    question = Question(YEAR, "output", "150000", ("league",), (), "previous_year", top=1, top_by="total_amount")
    found = told(filled, replace(question, shares=True), Reader("en", 3))
    assert [group["key"]["league"] for group in found["groups"]] == ["150200"]
    assert found["groups"][0]["previous"]["suppressed"] is True
    assert found["groups"][0]["growth"] == {
        "deals": 2.0,
        "total_amount": None,
        "tech_amount": None,
        "tech_income": None,
    }
    other = found["other"]
    assert (other["deals"], other["total_amount"], other["suppressed"]) == (3, None, True)
    assert other["share"] == {"deals": 0.5, "total_amount": None, "tech_amount": None, "tech_income": None}
    assert other["previous"]["total_amount"] is None


def test_the_overlap_is_as_public_as_its_groups(history):
    history.add(history.contract(registered_on=date(2018, 1, 3)))
    question = Question(YEAR, "output", "150000", ("year_to_date",))
    assert told(history.database, question)["overlap"]["deals"] == 11
    assert told(history.database, question, Reader("en", 3))["overlap"] == {
        "deals": 11,
        "total_amount": None,
        "tech_amount": None,
        "tech_income": None,
        "suppressed": True,
    }


def test_subtotals_are_compared_and_named_too(filled):
    question = Question(YEAR, "output", "150000", ("league", "contract_type"), (), "previous_year", rollup=True)
    found = told(filled, question)["subtotals"]
    assert [(row["key"], row["label"]["league"], row["deals"], row["previous"]["deals"]) for row in found] == [
        ({"league": "150100", "contract_type": None}, "Hohhot", 2, 0),
        ({"league": "150200", "contract_type": None}, "Baotou", 3, 1),
        ({"league": "150600", "contract_type": None}, "Ordos", 0, 1),
    ]
    assert {row["label"]["contract_type"] for row in found} == {None}
    assert {row["share"] for row in found} == {None}


def test_keys_of_time_are_compared_by_their_place_in_the_period(filled):
    question = Question(Period(201805, 201805), "output", "150000", ("month",), (), "2017-05")
    [group] = told(filled, question)["groups"]
    assert (group["key"]["month"], group["deals"], group["previous"]["deals"]) == ("2018-05", 5, 1)
    question = Question(
        Period(201705, 201708), "output", "150000", ("month",), (("month", ("2017-05",)),), "previous_period"
    )
    found = told(filled, question)
    assert found["previous_period"] == {"first": "2017-01", "last": "2017-04"}
    assert [(group["key"]["month"], group["deals"], group["previous"]["deals"]) for group in found["groups"]] == [
        ("2017-05", 1, 1)
    ]


def test_periods_of_other_lengths_are_said_to_be(filled):
    question = Question(YEAR, "output", "150000", ("league",), (), "2017Q1")
    found = told(filled, question)
    assert set(found["totals"]["growth"].values()) == {None}
    assert "The period compared with has 3 months, this one 12: they are not alike" in found["definition"]
    assert "months, this one" not in told(filled, replace(question, compare="previous_year"))["definition"]


def test_the_years_to_date_add_up_from_january(filled):
    question = Question(Period(201701, 201812), "output", "150000", ("year_to_date",))
    found = {group["key"]["year_to_date"]: group["deals"] for group in told(filled, question)["groups"]}
    months = {f"2017-{month:02d}": 1 if month < 5 else 2 for month in range(1, 13)}
    assert found == months | {f"2018-{month:02d}": 5 for month in range(5, 13)}
    assert told(filled, question)["additive"] is False
    assert "cumulative from January" in told(filled, question)["definition"]


def test_a_deal_stands_in_the_provinces_of_both_parties(history):
    history.add(
        history.contract(seller_place="110000"),
        history.contract(buyer_place="110000"),
        history.contract(),
        history.contract(buyer_place=None, buyer_country="US"),
    )
    found = told(history.database, Question(YEAR, "involved", "150000", ("province",)))
    assert {row["key"]["province"]: row["deals"] for row in found["groups"]} == {"110000": 2, "150000": 4, "abroad": 1}
    assert (found["totals"]["deals"], found["overlap"]["deals"]) == (4, 3)
    asked = Question(YEAR, "involved", "150000", ("league",), (("province", ("110000",)),))
    assert told(history.database, asked)["totals"]["deals"] == 2


def test_fields_of_another_scheme_are_reached_by_what_is_as_wide_or_wider(history):
    history.add(*(history.contract(field=field) for field in ("contract:05", "contract:05", "contract:09")))
    found = told(history.database, Question(YEAR, "output", "150000", ("field_hightech",)))
    assert [(row["label"]["field_hightech"], row["deals"]) for row in found["groups"]] == [
        ("New materials", 2),
        ("Unspecified", 1),
    ]
    # 207 and 404 are narrower or related: a deal in 05 or 09 need not lie in them.
    assert ("contract:09", "hightech:207", "narrower") in LINKS
    assert found["additive"] is False
    assert "cross-walk" in found["definition"]
    filtered = told(history.database, Question(YEAR, "output", "150000", (), (("field_hightech", ("hightech:40",)),)))
    assert (filtered["totals"]["deals"], filtered["additive"]) == (2, True)
    assert "cross-walk" in filtered["definition"]


def test_classes_of_nature_by_construction_are_those_of_the_list(history):
    with history.database.snapshot(SYSTEM) as unit:
        lists = code_lists(unit)
        natures = [item.code for item in lists.items("party_nature")]
        expected = Counter((lists.main("party_nature", code),) for code in natures)
    history.add(*(history.contract(seller_nature=code) for code in natures))
    question = Question(YEAR, "output", "150000", ("seller_nature_class",))
    with history.database.snapshot(SYSTEM) as unit:
        assert {key: cell.deals for key, cell in figures(unit, question).groups.items()} == expected


def test_levels_of_industry_by_construction_are_those_of_the_list(database):
    with database.snapshot(SYSTEM) as unit:
        items = {item.code: item.parent for item in code_lists(unit).items("industry")}
    above = {5: 4, 4: 3, 3: 1}
    for code, parent in items.items():
        assert parent == (code[: above[len(code)]] if len(code) > 1 else None)


HOT = [
    (("province", "contract_type"), None),
    (("province",), None),
    (("field_hightech", "contract_type"), None),
    (("field_region", "year_to_date"), 17),
    (("seller_origin", "half_year"), 24),
    (("buyer_origin", "registration"), 15),
    (("seller_origin", "buyer_origin", "quarter"), None),
    (("seller_league", "contract_type", "registration", "month"), 26),
    (("size_class",), None),
]


def test_new_cuts_are_answered_by_a_cuboid_where_one_can_tell_them(world):
    with world.database.snapshot(SYSTEM) as unit:
        for by, cuboid in HOT:
            chosen = cheapest(unit, Question(YEAR, "output", "150000", by))
            assert (chosen and chosen.number) == cuboid, by


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1),
        ({"compare": "previous_year", "shares": True, "top": 2}, 2),
        ({"rollup": True}, 3),
        ({"rollup": True, "compare": "2016", "top": 1}, 6),
    ],
)
def test_each_level_and_period_costs_one_statement(world, statements, changes, expected):
    by = ("seller_league", "province", "field_hightech")
    question = replace(Question(YEAR, "output", "150000", by), **changes)
    told(world.database, question)
    with statements(world.database) as counted:
        told(world.database, question)
    reads = [text for text in counted.texts if "deal_cell" in text or "ledger" in text]
    assert len(reads) == expected


def test_every_key_there_can_be_has_a_name(history):
    history.add(
        history.contract(served_industry="A01", demand_id="dem_1", total_fen=2 * 10**10),
        history.contract(seller_place="110000", act="outside", served_industry="C"),
        history.contract(seller_place="810000", total_fen=10**7),
        history.contract(seller_place=None, total_fen=10**8),
        history.contract(seller_place=None, seller_country="US", total_fen=10**9),
    )
    for name in sorted(set(DIMENSIONS) - {"league", "banner"}):
        question = Question(YEAR, "registered", "150000", (name,))
        for language in ("zh", "en"):
            groups = told(history.database, question, Reader(language, 0))["groups"]
            assert groups, name
            if DIMENSIONS[name].kind not in ("time", "office"):
                assert all(row["label"][name] != row["key"][name] for row in groups), (name, groups)
    industry = Question(YEAR, "absorbed", "150000", ("served_industry_division",))
    names = {row["label"]["served_industry_division"] for row in told(history.database, industry)["groups"]}
    assert any(name.endswith(", no further detail") for name in names)


def test_four_cuts_at_once(history):
    history.add(history.contract(), history.contract(field="contract:01", demand_id="dem_1"))
    question = Question(YEAR, "internal", "150000", ("seller_banner", "size_class", "linked_demand", "field"))
    with history.database.snapshot(SYSTEM) as unit:
        assert figures(unit, question).groups == {
            ("150102", "00010-00100", "no", "contract:05"): Measures(1, 100_000_00, 80_000_00),
            ("150102", "00010-00100", "yes", "contract:01"): Measures(1, 100_000_00, 80_000_00),
        }
