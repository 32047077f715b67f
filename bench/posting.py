"""What journal, ledger and cells add to entering a contract, and how many registrations eight writers get through.

The floor of the first is inserting the contract alone; of the second the same act with numbers from a counter that needs no lock
and nothing told to the journal.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from random import Random
from statistics import median
from typing import Any
from unittest import mock

from sqlalchemy import insert

from bench.data import OFFICE_PREFIX, Market, parsed
from bench.databases import Server
from bench.measure import Cost, Result, typical
from bench.services import Loaded, children, cpu_seconds, spent
from market.access import SYSTEM
from market.contracts.model import Contract
from market.registration import actions
from market.registration.entries import tell
from market.statistics.agreement import check
from market.statistics.ledger import plus
from market.store.session import Database, Unit
from market.store.types import today

ADDED, HALF = 2.0, 2.0
WRITERS = 8
TURNS = 200
WARM = 5
"""Registrations of a writer before its time begins."""

_started: Any = None
"""Where the writers of a process pool wait for each other."""


def measured(
    server: Server, loaded: Loaded, other: Loaded, market: Market, rounds: int, seconds: float
) -> list[Result]:
    """Both rows over a loaded service database; `other` gets contracts of which the journal knows nothing."""
    pairs = [
        (_rate(loaded, market, seconds, bare=False), _rate(other, market, seconds, bare=True)) for _ in range(rounds)
    ]
    ours, plain = zip(*pairs, strict=True)
    with Database(loaded.url) as database, database.snapshot(SYSTEM) as unit:
        if wrong := check(unit):
            raise RuntimeError(f"eight writers left {wrong[:3]}")
    with Database(other.url) as database:
        costs = [_posted(server, database, _Maker(other, market)) for _ in range(rounds)]
    whole, alone = ([pair[side] for pair in costs] for side in (0, 1))
    added = [(first.cpu - second.cpu) / second.cpu for first, second in zip(whole, alone, strict=True)]
    slower = [without / with_all for without, with_all in zip(plain, ours, strict=True)]
    engine, size = server.engine, f"{loaded.size:,}"
    name = f"posting, {size}: journal, ledger and cells / contract alone"
    rates = f"{WRITERS} writers, {size}: {median(plain):.0f}/s without journal / {median(ours):.0f}/s"
    return [
        Result(engine, name, median(added), min(added), max(added), "×", ADDED, typical(whole), typical(alone)),
        Result(engine, rates, median(slower), min(slower), max(slower), "×", HALF),
    ]


class _Maker:
    """Makes contracts as the bulk import takes them, each another."""

    def __init__(self, loaded: Loaded, market: Market, name: str = "post") -> None:
        self.loaded, self.market, self.name = loaded, market, name
        self.random, self.turns = Random(name), count()

    def row(self) -> dict[str, Any]:
        seller = self.random.choice(self.market.members[1:]).key
        number, day = f"{self.name}-{time.time_ns()}-{next(self.turns)}", today() - timedelta(days=3)
        facts = parsed(self.market.contract(self.random, "DEV", seller, number, day))
        for side in ("seller", "buyer"):
            if "organisation" in facts[side]:
                facts[side] = {"organisation": self.loaded.ids[facts[side]["organisation"]]}
        return {**facts, "act": "registered", "office": self.loaded.ids["office"], "registered_on": today()}


def _posted(server: Server, database: Database, maker: _Maker) -> tuple[Cost, Cost]:
    """The cost of contracts with all that is told of them, and of the contracts alone; the rows are made before."""
    rows: list[Any] = []

    def gather(unit: Unit) -> None:
        with mock.patch.object(actions, "tell", lambda _unit, _kind, row, *_, **__: rows.append(row)):
            actions.import_contracts(unit, [maker.row() for _ in range(2 * TURNS)])
        raise _Undone

    with contextlib.suppress(_Undone):
        database.write(SYSTEM, gather)
    for number, row in enumerate(rows, Random().randrange(10**14)):
        row["number"] = f"99{number:014d}"  # those that were given are free again

    def whole(unit: Unit, row: Any) -> None:
        unit.execute(insert(Contract), row)
        tell(unit, "registered", row, [plus(unit, row)], occurred_on=row["registered_on"])

    def alone(unit: Unit, row: Any) -> None:
        unit.execute(insert(Contract), row)

    return _cost(server, database, whole, rows[:TURNS]), _cost(server, database, alone, rows[TURNS:])


class _Undone(Exception):
    """Rows were wanted, not their entry."""


def _cost(server: Server, database: Database, enter: Any, rows: Sequence[Any]) -> Cost:
    with database.read(SYSTEM) as reading:
        version = reading.reference_version()  # a request knows it from its caller's key

    def work(unit: Unit, row: Any) -> None:
        unit.version = version
        enter(unit, row)

    others = children(server.process) if server.process else []
    before, own, started = cpu_seconds(others), time.process_time(), time.perf_counter()
    for row in rows:
        database.write(SYSTEM, lambda unit, row=row: work(unit, row))
    spending = (
        time.process_time() - own,
        spent(before, cpu_seconds(children(server.process) if server.process else [])),
        time.perf_counter() - started,
    )
    return Cost(*(1000 * seconds / len(rows) for seconds in spending))


def _rate(loaded: Loaded, market: Market, seconds: float, *, bare: bool) -> float:
    """Registrations a second by eight processes; `bare`: without journal, and with numbers from a counter."""
    processes = multiprocessing.get_context("fork")
    started = processes.Barrier(WRITERS, timeout=60)
    with processes.Pool(WRITERS, _begin_together, (started,)) as pool:
        asked = [(loaded, market, str(writer), seconds, bare) for writer in range(WRITERS)]
        return sum(pool.starmap(_write_for, asked, chunksize=1)) / seconds


def _begin_together(started: Any) -> None:
    global _started
    _started = started


def _write_for(loaded: Loaded, market: Market, name: str, seconds: float, bare: bool) -> int:
    """Register one contract after the other; answers how many in the time, once all writers are warm."""
    maker, done = _Maker(loaded, market, name), 0
    serial = count(Random().randrange(10**12))

    def numbers(_unit: Unit, _office: str, _prefix: str, year: int, _count: int = 1) -> list[str]:
        return [f"{year % 100:02d}{OFFICE_PREFIX[:2]}{next(serial):012d}"]

    with Database(loaded.url, pool_size=1) as database:
        if bare:
            actions.tell = lambda *_, **__: None  # type: ignore[assignment]
            actions.steps.tell = lambda *_, **__: None  # type: ignore[assignment]
            actions.next_numbers = numbers  # type: ignore[assignment]

        def register() -> None:
            row = maker.row()
            database.write(SYSTEM, lambda unit: actions.import_contracts(unit, [row]))

        for _ in range(WARM):
            register()
        _started.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            register()
            done += 1
    return done
