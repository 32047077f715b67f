"""Behind every figure stand exactly the contracts it counts, as they were counted; the rest is a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.access import PUBLIC, Actor, Role
from market.journal.read import head
from market.places.queries import tree
from market.statistics.answers import Reader
from market.statistics.drilldown import contracts_of
from market.statistics.points import point
from market.statistics.queries import figures
from market.statistics.question import Period, Question
from tests.market.statistics.history import History
from tests.market.statistics.test_as_of import counted_lines
from tests.market.statistics.test_figures import ACTS, Counted, play, questions

AUDITOR = Actor(Role.AUDITOR, "org_auditor")
READER = Reader("en", 0)


def every_page(unit: Any, question: Any, at: Any, limit: int) -> dict[str, Any]:
    page = contracts_of(unit, question, READER, at, cursor=None, limit=limit)
    items = page["items"]
    while page["next"]:
        page = contracts_of(unit, question, READER, at, cursor=page["next"], limit=limit)
        items = items + page["items"]
    return {**page, "items": items}


def narrowed(question: Any, key: tuple[str, ...]) -> Any:
    """The question of one group."""
    filters = dict(question.filters) | {name: (part,) for name, part in zip(question.by, key, strict=True)}
    return replace(question, by=(), filters=tuple(sorted(filters.items())))


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    acts=st.lists(ACTS, min_size=2, max_size=12),
    asked=st.lists(questions(), min_size=5, max_size=5),
    limit=st.integers(1, 5),
    back=st.integers(0, 4),
)
def test_each_group_lists_what_a_plain_count_finds(factory, engine, acts, asked, limit, back):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        play(history, acts)
        with database.snapshot(AUDITOR) as unit:
            at = point(unit, str(head(unit).seq - back))
            live = {}
            for seq, version, sign in counted_lines(history, unit):
                if seq <= at.seq and sign == 1:
                    live[version] = history.versions[version]
                elif seq <= at.seq:
                    del live[version]
            for question in asked:
                counted = Counted(tree(unit), question)
                for key, measures in figures(unit, question, at=at).groups.items():
                    rows = {ident: row for ident, row in live.items() if key in counted.parts(row)}
                    found = every_page(unit, narrowed(question, key), at, limit)
                    assert (found["counted"], found["visible"], found["withheld"]) == (measures.deals, len(rows), 0)
                    assert {
                        (item["contract"]["id"], item["version"], item["tech_income"]) for item in found["items"]
                    } == rows.keys()
                    assert len(found["items"]) == len(rows)
                    assert sum(item["total_amount"] for item in found["items"]) == measures.total
                    assert sum(item["tech_amount"] for item in found["items"]) == measures.tech
                    assert sum(item["tech_income"] for item in found["items"]) == measures.income


def test_who_may_not_see_a_contract_learns_that_it_is_counted(world, history):
    mine = history.contract(seller_organisation=world.ids["enterprise"])
    history.add(mine, history.contract(), history.contract())
    question = Question(Period.parse("2018"), "involved", "150000")
    for actor, visible in ((PUBLIC, 0), (world.actor("enterprise"), 1), (world.actor("auditor"), 3)):
        with world.database.snapshot(actor) as unit:
            found = contracts_of(unit, question, READER, point(unit, None), cursor=None, limit=20)
            assert (found["counted"], found["visible"], found["withheld"]) == (3, visible, 3 - visible)
            assert len(found["items"]) == visible
    assert found["items"][0]["contract"]["number"] == mine["number"]
