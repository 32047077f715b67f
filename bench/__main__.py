"""`python -m bench [--quick | --full] [--noise | --statistics]`: the service against the yardstick on both engines, in one run.

Both are loaded with the same rows at each size, all services run at once, and every row is measured on each in turn. A missed
target is printed and does not fail the run; different answers of the two services do. `--noise` puts the yardstick in the place
of the service, to see how far ratios stray on this machine. `--statistics` leaves the services out and measures
rebuilding, figures and posting alone (`history`, `figures`, `posting`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import figures, history, load_market, load_yardstick, once, posting, report, search
from bench.data import Market
from bench.databases import Server, postgresql, sqlite
from bench.measure import Cost, Meter, Result, plain, ratio, rows
from bench.same import check_same
from bench.services import PROJECT, Loaded, Service, serving

LOADERS = {"ours": load_market.load, "yardstick": load_yardstick.load}
SERVICE_LIMITS = {"get": 0.6, "list": 0.4, "post": 1.5, "register": 1.5, "roll-up": None}
FLAT = {"list": 1.3, "roll-up": 1.3}


@dataclass(frozen=True)
class Plan:
    """How much is measured: sizes, rounds of a row, and seconds each service works in a round."""

    sizes: tuple[int, ...]
    rounds: int
    seconds: float


PLANS = {
    "quick": Plan((2_000, 10_000), 3, 0.2),
    "usual": Plan((10_000, 100_000), 7, 0.5),
    "full": Plan((10_000, 100_000, 1_000_000), 7, 0.5),
}


def main() -> None:
    """Measure, print, write var/bench.json."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--quick", dest="plan", action="store_const", const="quick", default="usual")
    choice.add_argument("--full", dest="plan", action="store_const", const="full")
    parser.add_argument("--noise", action="store_true", help="measure the yardstick against itself")
    parser.add_argument("--statistics", action="store_true", help="only rebuilding, figures and posting, no service")
    given = parser.parse_args()
    plan = PLANS[given.plan]
    started = time.monotonic()
    market = Market()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="market-bench-") as directory:
        for opened in (sqlite, postgresql):
            with opened(Path(directory)) as server:
                if not given.statistics:
                    results += measured(server, market, plan, "yardstick" if given.noise else "ours", started)
                if not given.noise:
                    results += statistics(server, market, plan, started)
                if not given.noise and not given.statistics:
                    say(started, f"{server.engine}: search and matches")
                    results += search.measured(server, plan.sizes, market)
        if not given.noise and not given.statistics:
            say(started, "loading the sample")
            wall, used = once.sample_seconds(Path(directory))
            results.append(plain("sqlite", f"sample, wall ({used:.1f} s CPU)", wall, " s", 30))
    say(started, "done")
    print("\n" + "\n".join(report.lines(results)))
    missed = sum(result.met is False for result in results)
    print(f"\n{sum(result.met is True for result in results)} targets met, {missed} missed. Sizes: {plan.sizes}.")
    machine = {"machine": platform.machine(), "processors": os.cpu_count(), "python": platform.python_version()}
    facts = {"plan": given.plan, "noise": given.noise, **asdict(plan), **machine}
    report.write(PROJECT / "var" / "bench.json", facts, results)


def say(started: float, what: str) -> None:
    """Show progress."""
    print(f"[{time.monotonic() - started:5.0f} s] {what}", flush=True)


def measured(server: Server, market: Market, plan: Plan, subject: str, started: float) -> list[Result]:
    """All results of one engine."""
    results: list[Result] = []
    with contextlib.ExitStack() as stack:
        services: list[Service] = []
        for size in plan.sizes:
            for name in (subject, "yardstick"):
                say(started, f"{server.engine}: loading {size:,} demands and contracts for {name}")
                services.append(stack.enter_context(serving(load(server, market, name, size, len(services)))))
            groups = check_same(*services[-2:], market)
            say(started, f"{server.engine}: {size:,}: same answers; {groups} groups in the roll-up")
        meter = Meter(server.process, plan.rounds, plan.seconds)
        for name, make in rows(market).items():
            say(started, f"{server.engine}: measuring {name}")
            results += compared(server.engine, name, plan.sizes, meter.measure(services, make))
        largest = services[-2].loaded
    if subject == "ours":
        say(started, f"{server.engine}: counting statements, weighing two workers")
        number = len(once.list_statements(largest, market))
        results.append(plain(server.engine, "list, statements", number, "", 3))
        weight = once.preloaded_megabytes(largest, market)
        results.append(plain(server.engine, "parent and two workers, PSS", weight, " MB", 130))
    return results


def statistics(server: Server, market: Market, plan: Plan, started: float) -> list[Result]:
    """What is measured below HTTP: rebuilding, figures, posting."""
    results: list[Result] = []
    histories = []
    for size in sorted({max(size, history.SMALLEST) for size in plan.sizes}):
        say(started, f"{server.engine}: loading a register with a past of {size:,} contracts")
        made = history.load(server.create(f"history_{size}"), market, size, server.tidy)
        histories.append(made)
        limit = 60 if size == 1_000_000 and server.process else None  # the target is PostgreSQL's
        results.append(plain(server.engine, f"rebuild, {size:,}", made.rebuild_seconds, " s", limit))
        results.append(plain(server.engine, f"rebuild --check, {size:,}", made.check_seconds, " s", None))
    say(started, f"{server.engine}: measuring figures")
    results += figures.measured(server, histories, plan.rounds, plan.seconds)
    say(started, f"{server.engine}: measuring posting and eight writers")
    loaded, other = (load(server, market, "ours", plan.sizes[0], len(plan.sizes) * 2 + more) for more in (0, 1))
    return results + posting.measured(server, loaded, other, market, plan.rounds, 4 * plan.seconds)


def load(server: Server, market: Market, name: str, size: int, number: int) -> Loaded:
    """A database of its own with `size` rows, tidied."""
    url = server.create(f"{name}_{number}")
    ids, keys = LOADERS[name](url, market, size)
    server.tidy(url)
    return Loaded(name, size, url, ids, keys)


def compared(engine: str, name: str, sizes: Sequence[int], rounds: list[list[Cost]]) -> list[Result]:
    """The lines of one row: against the yardstick at each size, and the growth from the smallest to the largest."""
    columns = [list(costs) for costs in zip(*rounds, strict=True)]
    ours, yardstick = columns[::2], columns[1::2]
    found = [
        ratio(engine, f"{name}, {size:,}", SERVICE_LIMITS[name], mine, other)
        for size, mine, other in zip(sizes, ours, yardstick, strict=True)
    ]
    if name in FLAT:
        between = f"{sizes[-1]:,} to {sizes[0]:,}"
        found.append(ratio(engine, f"{name}, {between}", FLAT[name], ours[-1], ours[0]))
        found.append(ratio(engine, f"{name}, {between}, yardstick", None, yardstick[-1], yardstick[0]))
    return found


if __name__ == "__main__":
    main()
