"""Eight writers post into the same cells at once: nothing is lost, nobody deadlocks, all finish."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event

from market.access import SYSTEM
from market.journal import read as journal
from market.statistics.agreement import check
from market.statistics.queries import Measures, figures
from market.statistics.question import Period, Question
from tests.market.registration.acts import cancel, change, register, revoke

WRITERS = 8
ROUNDS = 4


@pytest.mark.usefixtures("short_stretches")
def test_eight_writers_into_the_same_cells_lose_nothing(world):
    """All deals are alike, so each posting adds to the cells of all others; each writer registers four, changes two, ends two.

    And again and again one of them closes a stretch.
    """
    start = Barrier(WRITERS, timeout=60)
    failures: list[Any] = []
    event.listen(world.database.engine, "handle_error", lambda context: failures.append(context.original_exception))

    def writer(name: int) -> None:
        start.wait()
        for turn in range(ROUNDS):
            made = register(world, contract_no=f"{name}-{turn}")
            if turn % 2:
                change(world, made, total_amount=2_000_000_00)
            else:
                (cancel, revoke)[turn // 2](world, made)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(writer, range(WRITERS)))
    assert failures == []
    question = Question(Period(190001, 220012), "involved", "150000")
    live = WRITERS * ROUNDS // 2
    with world.database.snapshot(SYSTEM) as unit:
        assert check(unit) + journal.verify(unit) == []
        assert figures(unit, question).totals == Measures(live, live * 2_000_000_00, live * 400_000_00)
