"""Flows reconcile: cells with row and column sums, and these with output and absorbed of the same deals, whatever happened."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.access import SYSTEM
from market.statistics.answers import MEASURES, Reader, answer
from market.statistics.flows import LEVELS, flows, sides
from market.statistics.points import point
from market.statistics.question import BASES, Period, Question
from tests.market.statistics.history import History
from tests.market.statistics.test_figures import ACTS, REGIONS, play

ALL = Reader("zh", 0)
RANDOM = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def measures(cell):
    return tuple(cell[name] for name in MEASURES)


def summed(cells, side):
    found = {}
    for cell in cells:
        found.setdefault(cell[side], Counter()).update(dict(zip(MEASURES, measures(cell), strict=True)))
    return {key: tuple(sums[name] for name in MEASURES) for key, sums in found.items()}


@RANDOM
@given(
    acts=st.lists(ACTS, min_size=1, max_size=20),
    asked=st.lists(
        st.tuples(
            st.sampled_from(["2017", "2018", "2017-12..2018-03"]),
            st.sampled_from(BASES),
            st.sampled_from(REGIONS),
            st.sampled_from(LEVELS),
            st.sampled_from(LEVELS),
            st.sampled_from([(), (("contract_type", ("DEV",)),), (("seller_province", ("110000", "150000")),)]),
        ),
        min_size=8,
        max_size=8,
    ),
)
def test_rows_columns_and_cells_add_up_and_are_output_and_absorbed(factory, engine, acts, asked):
    with factory.open(engine, "world") as database:
        play(History(database, factory.worlds[engine].ids["office"]), acts)
        with database.snapshot(SYSTEM) as unit:
            at = point(unit, None)
            for period, basis, region, seller, buyer, filters in asked:
                question = Question(Period.parse(period), basis, region, sides(seller, buyer), filters)
                matrix = flows(unit, question, ALL, at)
                rows, columns = ({line["key"]: measures(line) for line in matrix[name]} for name in ("rows", "columns"))
                assert summed(matrix["cells"], "from") == rows
                assert summed(matrix["cells"], "to") == columns
                for lines in (rows, columns):
                    assert tuple(sum(line[n] for line in lines.values()) for n in range(len(MEASURES))) == measures(
                        matrix["totals"]
                    )
                if basis == "involved" and region == "150000":
                    for lines, side, other in (
                        (rows, f"seller_{seller}", "output"),
                        (columns, f"buyer_{buyer}", "absorbed"),
                    ):
                        told = answer(unit, Question(question.period, other, region, (side,), filters), ALL, at)
                        home = {group["key"][side]: measures(group) for group in told["groups"]}
                        assert home == {key: line for key, line in lines.items() if key.startswith("15")}
                        level = side.partition("_")[2]
                        for place in {"league": ["150200"], "banner": ["150203"]}.get(level, []):
                            alone = answer(unit, Question(question.period, other, place, (), filters), ALL, at)
                            assert measures(alone["totals"]) == lines.get(place, (0,) * len(MEASURES))


def test_from_beijing_into_each_league_is_one_call(history):
    add = history.contract
    history.add(
        add(seller_place="110000", buyer_place="150203", act="outside", total_fen=3_00, tech_fen=1_00),
        add(seller_place="110000", buyer_place="150102", act="outside", total_fen=5_00, tech_fen=2_00),
        add(seller_place="310000", buyer_place="150102", act="outside", total_fen=7_00, tech_fen=4_00),
        add(seller_place="150102", buyer_place="150203"),
    )
    question = Question(Period.parse("2018"), "absorbed", "150000", sides("province", "league"))
    with history.database.snapshot(SYSTEM) as unit:
        matrix = flows(unit, question, ALL, point(unit, None))
    beijing = {cell["to"]: measures(cell) for cell in matrix["cells"] if cell["from"] == "110000"}
    assert beijing == {"150200": (1, 3_00, 1_00, 0), "150100": (1, 5_00, 2_00, 0)}
    assert [(row["key"], row["label"], row["deals"]) for row in matrix["rows"]] == [
        ("110000", "北京市", 2),
        ("150000", "内蒙古自治区", 1),
        ("310000", "上海市", 1),
    ]


def test_a_matrix_costs_three_statements(history, statements):
    history.add(history.contract())
    question = Question(Period.parse("2018"), "involved", "150000", sides("province", "league"))
    with history.database.snapshot(SYSTEM) as unit:
        at = point(unit, None)
        flows(unit, question, ALL, at)
        with statements(history.database) as count:
            flows(unit, question, ALL, at)
    assert count.n == 3, count.texts
