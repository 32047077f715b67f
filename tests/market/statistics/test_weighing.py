"""What the public is shown of related questions tells nothing of fewer contracts than it may know of."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.access import SYSTEM
from market.journal.append import Event, append
from market.places.queries import tree
from market.statistics.points import point
from market.statistics.queries import figures
from market.statistics.question import Period, Question
from market.statistics.weighing import EVERYTHING, Judgements, Weighed, weigh
from tests.market.statistics.audit import told
from tests.market.statistics.history import History
from tests.market.statistics.test_figures import Counted

LEAST = 3
PARTIES = [("CN", "150203"), ("CN", "150202"), ("CN", "150102"), ("CN", "150102"), ("CN", "110000"), ("US", None)]
KINDS = [("DEV", "DEV_COMMISSIONED"), ("DEV", "DEV_COOPERATIVE"), ("SERVICE", "SVC_GENERAL")]
DAYS = [date(2018, 1, 5), date(2018, 2, 5), date(2018, 3, 5), date(2018, 8, 5), date(2018, 8, 6), date(2017, 5, 5)]
CUTS = [
    "seller_league",
    "buyer_banner",
    "seller_province",
    "contract_type",
    "contract_subtype",
    "field",
    "month",
    "quarter",
]
FILTERS = {
    "contract_type": [("DEV",), ("SERVICE",)],
    "contract_subtype": [("DEV_COMMISSIONED",), ("DEV_COMMISSIONED", "DEV_COOPERATIVE")],
    "seller_league": [("150100",), ("150200",), ("150100", "110000")],
    "buyer_league": [("150100",), ("150200",)],
    "field": [("contract:05",), ("contract:01",)],
    "month": [("2018-01", "2018-02")],
}
PERIODS = ["2018", "2018H1", "2018Q1", "2018-02", "2018-01..2018-02", "2018-01..2018-05", "2017-05..2018-02"]
COARSER = {"buyer_banner": "buyer_league", "seller_league": "seller_province", "banner": "league"}


@st.composite
def contents(draw: Any) -> dict[str, Any]:
    seller, buyer, kind = draw(st.sampled_from(PARTIES)), draw(st.sampled_from(PARTIES)), draw(st.sampled_from(KINDS))
    return {
        "act": draw(st.sampled_from(["registered", "registered", "outside"])),
        "seller_country": seller[0],
        "seller_place": seller[1],
        "buyer_country": buyer[0],
        "buyer_place": buyer[1],
        "contract_type": kind[0],
        "contract_subtype": kind[1],
        "field": draw(st.sampled_from(["contract:05", "contract:05", "contract:01"])),
        "registered_on": draw(st.sampled_from(DAYS)),
    }


@st.composite
def questions(draw: Any) -> Question:
    by = draw(st.lists(st.sampled_from(CUTS), max_size=2, unique=True))
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=2, unique=True))
    return Question(
        Period.parse(draw(st.sampled_from(PERIODS))),
        draw(st.sampled_from(["involved", "involved", "output", "absorbed", "internal", "registered"])),
        draw(st.sampled_from(["150000", "150000", "150200"])),
        tuple(by),
        tuple((name, draw(st.sampled_from(FILTERS[name]))) for name in sorted(names)),
    )


@st.composite
def pairs(draw: Any) -> tuple[Question, Question]:
    """Two questions that differ in one filter, the period, one place level, the region, the basis, or one cut."""
    question = draw(questions())
    filters = dict(question.filters)
    how = draw(st.sampled_from(["filter", "without", "period", "level", "region", "basis", "cut"]))
    if how == "filter":
        name = draw(st.sampled_from(sorted(FILTERS)))
        filters[name] = draw(st.sampled_from(FILTERS[name]))
    elif how == "without" and filters:
        del filters[draw(st.sampled_from(sorted(filters)))]
    other = replace(question, filters=tuple(sorted(filters.items())))
    if how == "period":
        other = replace(question, period=Period.parse(draw(st.sampled_from(PERIODS))))
    elif how == "level":
        other = replace(question, by=tuple(COARSER.get(name, name) for name in question.by))
    elif how == "region":
        other = replace(question, region=draw(st.sampled_from(["150000", "150200", "150203"])))
    elif how == "basis" and question.basis in ("involved", "output", "absorbed", "internal"):
        other = replace(question, basis=draw(st.sampled_from(["involved", "output", "absorbed", "internal"])))
    elif how == "cut" and question.by:
        gone = draw(st.sampled_from(question.by))
        other = replace(question, by=tuple(name for name in question.by if name != gone))
    return question, other


def shown_sums(
    unit: Any, question: Question, rows: list[dict[str, Any]], beside: Weighed = EVERYTHING
) -> list[dict[str, int]]:
    """What each cell shown to the public counts, contract by contract; totals, subtotals, groups."""
    weighed, counted = weigh(unit, question, None, LEAST) & beside, Counted(tree(unit), question)
    found: dict[tuple[str, ...], dict[str, int]] = {}
    deals: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        for key in {key[:depth] for key in counted.parts(row) for depth in range(len(question.by) + 1)}:
            deals[key] += 1
            if not weighed.hides(key, 1):
                found.setdefault(key, {})[row["id"]] = 1
    groups = figures(unit, question).groups
    assert {key: number for key, number in deals.items() if len(key) == len(question.by) > 0} == {
        key: measures.deals for key, measures in groups.items()
    }
    assert all(deals[key] >= LEAST for key in found)
    return list(found.values())


def registered(history: History, drawn: list[tuple[dict[str, Any], int]]) -> list[dict[str, Any]]:
    history.add(*(history.contract(**row) for row, times in drawn for _ in range(times)))
    return list(history.live.values())


REGISTERS = st.lists(st.tuples(contents(), st.sampled_from([1, 1, 2, 4, 6])), min_size=2, max_size=7)
RANDOM = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@RANDOM
@given(drawn=REGISTERS, asked=st.lists(pairs(), min_size=15, max_size=15))
def test_two_related_questions_tell_nothing_of_too_few(factory, engine, drawn, asked):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        rows = registered(history, drawn)
        with database.snapshot(SYSTEM) as unit:
            for question, other in asked:
                one, two = (shown_sums(unit, each, rows) for each in (question, other))
                assert not list(told(one + two, history.live, LEAST)), (question, other)


@RANDOM
@given(drawn=REGISTERS, filters=st.sampled_from([(), (("contract_type", ("DEV",)),)]))
def test_a_matrix_and_its_sums_tell_nothing_of_too_few(factory, engine, drawn, filters):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        rows = registered(history, drawn)
        with database.snapshot(SYSTEM) as unit:
            for basis in ("involved", "absorbed"):
                matrix = Question(Period.parse("2018"), basis, "150000", ("seller_province", "buyer_league"), filters)
                weighed = weigh(unit, matrix, None, LEAST)
                sums = shown_sums(unit, matrix, rows, Weighed(frozenset(key for key in weighed.shown if len(key) != 1)))
                for place, cut in enumerate(matrix.by):
                    sums += shown_sums(unit, replace(matrix, by=(cut,)), rows, weighed.beside(place))
                assert not list(told(sums, history.live, LEAST))


@RANDOM
@given(drawn=REGISTERS, kind=st.sampled_from([(), (("contract_type", ("DEV",)),)]))
def test_leagues_involved_tell_nothing_of_too_few(factory, engine, drawn, kind):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        rows = registered(history, drawn)
        with database.snapshot(SYSTEM) as unit:
            for name in ("league", "banner"):
                question = Question(Period.parse("2018"), "involved", "150000", (name,))
                sums = shown_sums(unit, question, rows) + shown_sums(unit, replace(question, filters=kind), rows)
                assert not list(told(sums, history.live, LEAST))


def test_a_judgement_is_kept_until_another_contract_counts(history, statements):
    """By question, smallness and state; an entry of something else weighs nothing anew."""
    question = Question(Period.parse("2018"), "involved", "150000", ("field",))

    def asked(at: str | None = None, least: int = LEAST) -> tuple[Weighed, bool]:
        with history.database.snapshot(SYSTEM) as unit, statements(history.database) as counted:
            judged = weigh(unit, question, point(unit, at), least)
            return judged, any("GROUP BY" in text for text in counted.texts)

    history.add(*(history.contract() for _ in range(3)))
    with history.database.snapshot(SYSTEM) as unit:
        seq = str(point(unit, None).seq)
    first = asked()
    assert (first[0].hides(("contract:05",), 3), first[1]) == (False, True)
    assert asked() == (first[0], False)
    assert asked(least=4)[0].hides(("contract:05",), 3)
    history.database.write(SYSTEM, lambda unit: append(unit, Event("other", "other:1", 1, {})))
    assert asked() == (first[0], False)
    history.database.write(SYSTEM, lambda unit: history.end(unit, next(iter(history.live))))
    assert [asked()[0].hides(("contract:05",), 2), asked(seq)[0].hides(("contract:05",), 3)] == [True, False]


def test_judgements_are_few():
    """Those not used for longest go first."""
    kept = Judgements(5)
    for name in "abc":
        kept.keep(name, Weighed(frozenset({(name,)})))
        kept.get("a")
    assert [kept.get(name) is not None for name in "abc"] == [True, False, True]
    assert kept.cells == 4


def test_offices_statisticians_and_auditors_see_all_and_one_is_no_rule(world):
    with world.database.snapshot(SYSTEM) as unit:
        question = Question(Period.parse("2018"), "involved", "150000", ("league",))
        for least in (0, 1):
            assert not weigh(unit, question, None, least).hides(("150200",), 1)
        assert weigh(unit, question, None, 2).hides(("150200",), 1)
        assert not weigh(unit, question, None, 2).hides(("150200",), 0)


def test_two_answers_would_tell_what_each_alone_does_not(history):
    """All but one are DEV: the total of DEV is as good as that one's amount."""
    history.add(
        *(history.contract() for _ in range(5)),
        history.contract(contract_type="SERVICE", contract_subtype="SVC_GENERAL"),
    )
    question = Question(Period.parse("2018"), "involved", "150000")
    narrow = replace(question, filters=(("contract_type", ("DEV",)),))
    with history.database.snapshot(SYSTEM) as unit:
        assert not weigh(unit, question, None, LEAST).hides((), 6)
        assert weigh(unit, narrow, None, LEAST).hides((), 5)
        assert not weigh(unit, replace(narrow, filters=(("field", ("contract:05",)),)), None, LEAST).hides((), 6)
