"""Several clerks at once: numbers stay gapless, and of two acts that exclude each other one wins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from market.access import SYSTEM
from market.contracts.model import Contract, NumberSeries
from market.errors import Conflict, MarketError, Stale
from market.journal import read as journal
from market.registration import actions
from market.statistics.model import LedgerLine
from market.store.session import Database
from market.store.types import today
from tests.market.contracts.samples import content, plain
from tests.market.registration.acts import cancel, change, register, rows

THREADS = 8


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all works together; the result of each, or the refusal it met."""
    start = Barrier(len(works), timeout=60)

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except MarketError as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def won(results: list[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, MarketError)]


def test_eight_clerks_of_one_office_get_gapless_numbers_though_some_units_fail(world):
    def clerk(clerk_number: int) -> list[str]:
        numbers = []
        for deal in range(6):
            body = content(world, contract_no=f"{clerk_number}-{deal}")

            def work(unit, body=body, fail=deal % 3 == 2):
                made = actions.register(unit, body)
                if fail:
                    raise Conflict("after the number was taken")
                return made["number"]

            try:
                numbers.append(world.database.write(world.actor("office"), work))
            except Conflict:
                continue
        return numbers

    results = at_once(*(lambda n=n: clerk(n) for n in range(THREADS)))
    numbers = sorted(number for result in results for number in result)
    assert numbers == [f"{today().year}990000{serial:06d}" for serial in range(1, 4 * THREADS + 1)]
    assert sorted(row["number"] for row in rows(world.database, Contract)) == numbers
    [series] = rows(world.database, NumberSeries)
    assert series["last"] == len(numbers)
    with world.database.read(SYSTEM) as unit:
        assert journal.verify(unit) == []


def test_of_identical_registrations_at_two_offices_exactly_one_wins(world):
    """Each office holds its own number series, so only the fingerprint decides; the loser's number is given to the next."""
    baotou = {"organisation": world.ids["university2"]}
    offices = ["office", "office2"] * 4
    results = at_once(*(lambda office=office: register(world, office, seller=baotou) for office in offices))
    [winner] = won(results)
    assert {result.code for result in results if isinstance(result, MarketError)} == {"duplicate-contract"}
    assert [row["number"] for row in rows(world.database, Contract)] == [winner["number"]]
    assert len(rows(world.database, LedgerLine)) == 1
    for office in ("office", "office2"):
        made = register(world, office, seller=baotou, contract_no=office)
        expected = 2 if made["number"][4:10] == winner["number"][4:10] else 1
        assert int(made["number"][-6:]) == expected


def test_of_concurrent_ends_one_wins(world):
    made = register(world)
    results = at_once(*[lambda: cancel(world, made, expected=1)] * 8)
    [winner] = won(results)
    assert all(isinstance(result, Stale) for result in results if result is not winner)
    [row] = rows(world.database, Contract)
    assert (row["state"], row["version"]) == (winner["state"], 2)
    assert [line["sign"] for line in rows(world.database, LedgerLine)] == [1, -1]


def test_of_concurrent_changes_of_one_version_one_wins_and_unconditional_ones_queue(world):
    made = register(world)
    works = [lambda n=n: change(world, made, expected=1, tech_amount=n) for n in range(1, 5)]
    assert len(won(at_once(*works))) == 1
    works = [lambda n=n: change(world, made, total_amount=2_000_000_00 + n) for n in range(4)]
    assert len(won(at_once(*works))) == 4
    [row] = rows(world.database, Contract)
    assert row["version"] == 6
    assert sum(line["total"] for line in rows(world.database, LedgerLine)) == row["total_fen"]


def test_of_a_change_and_a_registration_that_would_be_the_same_contract_one_wins(world):
    made = [register(world, contract_no=f"A-{n}") for n in range(4)]
    works: list[Callable[[], Any]] = [lambda one=one: change(world, one, contract_no="B") for one in made]
    works += [lambda: register(world, contract_no="B") for _ in range(4)]
    results = at_once(*works)
    assert len(won(results)) == 1
    assert {result.code for result in results if isinstance(result, MarketError)} == {"duplicate-contract"}
    live = [row["live_fingerprint"] for row in rows(world.database, Contract)]
    assert len(set(live)) == len(live)


def test_acts_at_several_offices_do_not_deadlock(world):
    """Registrations, changes and imports over two series in both orders."""
    baotou = {"organisation": world.ids["university2"]}
    made = [register(world, contract_no=f"old-{n}") for n in range(2)]

    def bulk(name: str) -> Any:
        batch = [
            {
                **content(world, contract_no=f"{name}-{n}", seller=plain(f"示例企业{n}", place="150200")),
                "act": "registered",
                "office": world.ids[office],
                "registered_on": today(),
            }
            for n in range(5)
            for office in (("office", "office2") if name < "c" else ("office2", "office"))[n % 2 : n % 2 + 1]
        ]
        return world.database.write(SYSTEM, lambda unit: actions.import_contracts(unit, batch))

    works: list[Callable[[], Any]] = [lambda name=name: bulk(name) for name in "abcd"]
    works += [lambda n=n: register(world, "office2", seller=baotou, contract_no=f"new-{n}") for n in range(2)]
    works += [lambda one=one: change(world, one, tech_amount=1) for one in made]
    results = at_once(*works)
    assert len(won(results)) == len(works), results
    for series in rows(world.database, NumberSeries):
        prefix = {world.ids["office"]: "990000", world.ids["office2"]: "990200"}[series["office"]]
        given = sorted(row["number"] for row in rows(world.database, Contract) if row["number"][4:10] == prefix)
        assert given == [f"{today().year}{prefix}{serial:06d}" for serial in range(1, series["last"] + 1)]


def test_as_many_units_as_there_are_connections_learn_the_region_without_one_more(world):
    url = world.database.engine.url.render_as_string(hide_password=False)
    with Database(url, pool_size=2) as new:
        full = Barrier(12, timeout=60)  # the pool lets ten more be opened

        def ask() -> str:
            with new.snapshot(SYSTEM) as unit:
                full.wait()
                return unit.database.home_region()

        assert at_once(*[ask] * 12) == ["150000"] * 12
