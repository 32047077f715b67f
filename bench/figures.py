"""Statistics measured below HTTP: the service's `figures` against SQL that a ready-made table or the ledger answers.

Ours and the floor run over the same connection of the same driver, in turn, round by round. Hot cuts are held against a SELECT
over a summary table that has just the asked grain by month, other cuts against the engine's own GROUP BY over the ledger; both
must give the same figures. Costs are CPU of this process and of the database's.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import func, select, text

from bench.data import YEAR
from bench.databases import Server
from bench.history import History
from bench.measure import Cost, Result, typical
from bench.services import children, cpu_seconds, spent
from market.access import SYSTEM
from market.journal.model import JournalEntry
from market.statistics.cube import FLOWS, closed_stretches
from market.statistics.points import point
from market.statistics.queries import Figures, Measures, figures
from market.statistics.question import BASES, Period, Question
from market.store.session import Database, Unit

FLAT, SUMMARY, GROUP_BY, MONTH_END, ANY_SEQ = 1.3, 5.0, 1.2, 3.0, 10.0
HOME = "150000"
PERIOD = Period(YEAR * 100 + 1, YEAR * 100 + 12)
CUTS = {
    "period": (),
    "league": ("league",),
    "type": ("contract_type",),
    "field": ("field",),
    "office": ("office",),
    "seller province": ("seller_province",),
    "buyer province": ("buyer_province",),
    "league × type × month": ("league", "contract_type", "month"),
}
OTHERS = {
    "industry × nature": ("output", ("served_industry", "buyer_nature"), "substr(served_industry, 1, 1), buyer_nature"),
    "sub-type × field": ("involved", ("contract_subtype", "field"), "contract_subtype, field"),
    "payment × source × month": (
        "absorbed",
        ("payment_mode", "plan_source", "month"),
        "payment_mode, plan_source, stat_month",
    ),
    "office place": ("registered", ("office", "ip_type"), "office, ip_type"),
}
"""Cuts that no cuboid holds, with the basis they are asked on and the same in SQL."""
_SUMS = ", ".join(f"CAST(sum({name}) AS bigint)" for name in Measures._fields)

Run = Callable[[], Any]


@dataclass(frozen=True)
class Opened:
    """A loaded register with a snapshot open on it."""

    size: int
    unit: Unit


def measured(server: Server, histories: Sequence[History], rounds: int, seconds: float) -> list[Result]:
    """All rows of an engine over its registers of growing size."""
    meter = _Meter(server.process, rounds, seconds)
    results: list[Result] = []
    gc.collect()
    gc.freeze()  # what loading left behind would be gone through again and again, as in no service
    with ExitStack() as stack:
        opened = []
        for history in histories:
            database = stack.enter_context(Database(history.url))
            _summarise(database)
            server.tidy(history.url)
            opened.append(Opened(history.size, stack.enter_context(database.snapshot(SYSTEM))))
        for name, by in CUTS.items():
            results += _hot(server.engine, name, by, opened, meter)
        for name, (basis, by, columns) in OTHERS.items():
            results += _other(server.engine, name, Question(PERIOD, basis, HOME, by), columns, opened, meter)
        for name, by in CUTS.items():
            results += _past(server.engine, name, {basis: asked(by, basis) for basis in BASES}, opened[-1], meter)
        payment = {"output": Question(PERIOD, "output", HOME, ("payment_mode",))}
        results += _past(server.engine, "payment", payment, opened[-1], meter)
    return results


def asked(by: tuple[str, ...], basis: str) -> Question:
    """The question of a hot cut; where `league` needs a side it is the seller's."""
    sided = basis in ("internal", "registered")
    return Question(PERIOD, basis, HOME, tuple("seller_league" if sided and name == "league" else name for name in by))


def _summarise(database: Database) -> None:
    """Make the ready-made tables, filled with what we answer."""
    rows = []
    with database.snapshot(SYSTEM) as unit:
        for name, by in CUTS.items():
            for basis in BASES:
                question = asked((*(cut for cut in by if cut != "month"), "month"), basis)
                for key, sums in figures(unit, question).groups.items():
                    keys = dict(zip(("k1", "k2"), (*key[:-1], "", ""), strict=False))
                    month = int(key[-1].replace("-", ""))
                    rows.append({"cut": name, "basis": basis, "month": month, **keys, **sums._asdict()})
    columns = ", ".join(("cut", "basis", "month", "k1", "k2", *Measures._fields))

    def fill(unit: Unit) -> None:
        unit.execute(
            text(
                "CREATE TABLE bench_summary (cut text, basis text, month int, k1 text, k2 text, deals int, total bigint, "
                "tech bigint, income bigint, PRIMARY KEY (cut, basis, month, k1, k2))"
            )
        )
        unit.execute(
            text(f"INSERT INTO bench_summary ({columns}) VALUES ({', '.join(':' + c for c in columns.split(', '))})"),
            rows,
        )

    database.write(SYSTEM, fill)


def _hot(engine: str, name: str, by: tuple[str, ...], opened: Sequence[Opened], meter: _Meter) -> list[Result]:
    """A hot cut on every basis: against the summary at each size, and the growth; the worst basis counts."""
    keys = ["k1", "k2"][: len([cut for cut in by if cut != "month"])] + ["month"] * ("month" in by)
    grouping = f"GROUP BY {', '.join(keys)}" if keys else ""
    select_sums = text(
        f"SELECT {', '.join([*keys, _SUMS])} FROM bench_summary WHERE cut = :cut AND basis = :basis "
        f"AND month BETWEEN :first AND :last {grouping}"
    )
    floors: dict[int, list[Result]] = {each.size: [] for each in opened}
    flat = []
    for basis in BASES:
        question = asked(by, basis)
        runs: list[Run] = []
        for each in opened:
            given = {"cut": name, "basis": basis, "first": PERIOD.first, "last": PERIOD.last}
            runs.append(lambda each=each, question=question: figures(each.unit, question))
            runs.append(lambda each=each, given=given: each.unit.execute(select_sums, given).all())
            _same(runs[-2](), runs[-1](), f"{name}, {basis}")
        sizes = {len(run().groups) for run in runs[::2]}
        if len(sizes) > 1:
            raise RuntimeError(f"{name}, {basis}: the sizes have {sizes} groups")
        costs = meter.measure(runs)
        for number, each in enumerate(opened):
            floors[each.size].append(_ratio(engine, basis, SUMMARY, costs[2 * number], costs[2 * number + 1]))
        flat.append(_ratio(engine, basis, FLAT, costs[-2], costs[0]))
    found = [_worst(f"{name}, {size:,}: figures / ready-made table", results) for size, results in floors.items()]
    return [*found, _worst(f"{name}, {opened[-1].size:,} to {opened[0].size:,}: figures", flat)]


def _other(
    engine: str, name: str, question: Question, columns: str, opened: Sequence[Opened], meter: _Meter
) -> list[Result]:
    """A cut answered by the ledger against the engine's own GROUP BY, at each size."""
    flows = ", ".join(map(str, FLOWS[question.basis]))
    group_by = text(
        f"SELECT {columns}, {_SUMS.replace('deals', 'sign')} FROM ledger WHERE stat_month BETWEEN :first AND :last "
        f"AND flow IN ({flows}) GROUP BY {columns}"
    )
    found = []
    for each in opened:
        given = {"first": PERIOD.first, "last": PERIOD.last}
        runs: list[Run] = [
            lambda each=each: figures(each.unit, question),
            lambda each=each, given=given: each.unit.execute(group_by, given).all(),
        ]
        _same(runs[0](), runs[1](), name)
        ours, floor = meter.measure(runs)
        limit = GROUP_BY if each.size >= 1_000_000 else None
        found.append(_ratio(engine, f"{name}, {each.size:,}: figures / GROUP BY", limit, ours, floor))
    return found


def _past(engine: str, name: str, questions: Mapping[str, Question], largest: Opened, meter: _Meter) -> list[Result]:
    """As of month ends and of seqs in the middle of stretches, the farthest from cells, against the present; the worst counts."""
    unit, months = largest.unit, (YEAR * 100 + 6, YEAR * 100 + 12)
    last = select(func.max(JournalEntry.seq))
    ends = [unit.execute(last.where(JournalEntry.rec_month == month)).scalar_one() for month in months]
    begun = [
        max(closed_stretches(unit, to=end)[-4:], key=lambda stretch: stretch.until - stretch.since) for end in ends
    ]
    seqs = (*ends, *((stretch.since + stretch.until) // 2 for stretch in begun))
    points = [None, *(point(unit, str(seq)) for seq in seqs)]
    past: dict[str, list[Result]] = {"month end": [], "seq within a month": []}
    for asked_as, question in questions.items():
        runs: list[Run] = [lambda at=at, question=question: figures(unit, question, at=at) for at in points]
        present, *costs = meter.measure(runs)
        for number, cost in enumerate(costs):
            words, limit = ("month end", MONTH_END) if number < 2 else ("seq within a month", ANY_SEQ)
            past[words].append(_ratio(engine, asked_as, limit, cost, present))
    return [_worst(f"{name}, {largest.size:,}: as of {words} / present", results) for words, results in past.items()]


def _same(ours: Figures, rows: Sequence[Any], what: str) -> None:
    """The floor has the same figures as we."""
    parts = (tuple(row[-len(Measures._fields) :]) for row in rows)
    sums = sorted(part for part in parts if part[0])
    mine = sorted(map(tuple, ours.groups.values())) or [tuple(ours.totals)]
    if sums != mine:
        raise RuntimeError(f"{what}: the figures and the SQL differ")


class _Meter:
    """Runs things in turn, round by round, and reads the CPU clocks around each."""

    def __init__(self, process: int | None, rounds: int, seconds: float) -> None:
        self.process, self.rounds, self.seconds = process, rounds, seconds

    def measure(self, runs: Sequence[Run]) -> list[list[Cost]]:
        """For each run its cost in every round."""
        started = time.perf_counter()
        for run in runs:
            run()
        each = (time.perf_counter() - started) / len(runs)
        count = max(3, min(300, round(self.seconds / each / 4)))
        rounds = [[self._cost(run, count) for run in runs] for _ in range(self.rounds)]
        return [list(costs) for costs in zip(*rounds, strict=True)]

    def _cost(self, run: Run, count: int) -> Cost:
        others = children(self.process) if self.process else []
        before, own, started = cpu_seconds(others), time.process_time(), time.perf_counter()
        for _ in range(count):
            run()
        spending = time.process_time() - own, spent(before, cpu_seconds(others)), time.perf_counter() - started
        return Cost(*(1000 * seconds / count for seconds in spending))


def _ratio(engine: str, name: str, limit: float | None, over: list[Cost], under: list[Cost]) -> Result:
    ratios = [first.cpu / second.cpu for first, second in zip(over, under, strict=True)]
    return Result(engine, name, median(ratios), min(ratios), max(ratios), "×", limit, typical(over), typical(under))


def _worst(name: str, results: Sequence[Result]) -> Result:
    """The highest of several results, named with what it was."""
    worst = max(results, key=lambda result: result.value)
    low = min(result.value for result in results)
    named = f"{name} ({worst.name})" if worst.name else name
    return Result(worst.engine, named, worst.value, low, worst.value, "×", worst.limit, worst.first, worst.second)
