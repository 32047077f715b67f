"""The figures follow the register's own acts, and writers at the same time lose nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from market.access import SYSTEM
from market.statistics.agreement import check
from market.statistics.queries import Measures, figures
from market.statistics.question import Period, Question
from market.store.types import month_of, today
from tests.market.contracts.samples import plain
from tests.market.registration.acts import cancel, change, record, register, revoke


def totals(database, basis, **asked):
    month = month_of(today())
    with database.snapshot(SYSTEM) as unit:
        assert check(unit) == []
        return figures(unit, Question(Period(month, month), basis, "150000", **asked)).totals


def test_every_act_of_the_register_rolls_up_at_once(world):
    beijing = plain("示例公司01", place="110000")
    output = register(world, buyer=beijing, total_amount=100_00, tech_amount=50_00)
    internal = register(world, total_amount=20_00, tech_amount=20_00)
    record(world, seller=beijing, total_amount=3_00, tech_amount=1_00)
    assert totals(world.database, "involved") == Measures(3, 123_00, 71_00)
    assert totals(world.database, "output") == Measures(2, 120_00, 70_00)
    assert totals(world.database, "absorbed") == Measures(2, 23_00, 21_00)
    assert totals(world.database, "internal") == Measures(1, 20_00, 20_00)
    assert totals(world.database, "registered") == Measures(2, 120_00, 70_00)
    change(world, output, total_amount=200_00)
    assert totals(world.database, "output") == Measures(2, 220_00, 70_00)
    cancel(world, internal)
    assert totals(world.database, "involved") == Measures(2, 203_00, 51_00)
    revoke(world, output)
    assert totals(world.database, "registered") == Measures()


def test_writers_into_the_same_cells_lose_nothing(history):
    rows = [[history.contract() for _ in range(10)] for _ in range(6)]

    def write(mine):
        for row in mine:
            history.add(row)

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(write, rows))
    question = Question(Period(201803, 201803), "internal", "150000", ("contract_type",))
    with history.database.snapshot(SYSTEM) as unit:
        assert figures(unit, question).groups == {("DEV",): Measures(60, 60 * 100_000_00, 60 * 80_000_00)}
        assert check(unit) == []
