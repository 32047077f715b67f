"""What is measured and how: every row in turn on all running services, round after round, in the same run.

A round of a row sends the same requests to each service one after the other over one kept connection and reads the CPU clocks
of the service's processes and of all processes of the database before and after. Ratios are made inside a round; reported are
their median and range.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from random import Random
from statistics import median
from typing import Any

from bench.data import TYPES, YEAR, Market, published_id
from bench.services import Request, Service, children, cpu_seconds, spent
from market.store.types import today

Maker = Callable[[int, int], Request]
"""Size of the database and number of the turn to the request."""


ROLL_UP = f"/v1/statistics/deals?period={YEAR}&basis=output&by=seller_league,contract_type,month"


@dataclass(frozen=True)
class Cost:
    """Of one request, in milliseconds: CPU of the service, CPU of the database, time on the wall."""

    service: float
    database: float
    wall: float

    @property
    def cpu(self) -> float:
        """Service and database."""
        return self.service + self.database


@dataclass(frozen=True)
class Result:
    """One line of the report. `value` is held against `limit` (None: for information)."""

    engine: str
    name: str
    value: float
    low: float
    high: float
    unit: str
    limit: float | None
    first: Cost | None = None
    second: Cost | None = None

    @property
    def met(self) -> bool | None:
        """Is the target met?"""
        return None if self.limit is None else self.value <= self.limit

    def facts(self) -> dict[str, Any]:
        """For the JSON file."""
        return {**asdict(self), "met": self.met}


def rows(market: Market) -> dict[str, Maker]:
    """The measured requests by name; each number gives the same request to every service of a size."""
    questions = market.questions()
    year = today().year
    run = time.time_ns()  # tells apart what is posted in this run and before

    def get(size: int, turn: int) -> Request:
        return Request("GET", f"/v1/demands/{published_id(turn, size)}", "enterprise1")

    def listed(_size: int, turn: int) -> Request:
        tag, place = questions[turn % len(questions)]
        return Request("GET", f"/v1/demands?field={tag}&place={place}&limit=20", "enterprise1")

    def roll_up(_size: int, _turn: int) -> Request:
        return Request("GET", ROLL_UP, "office")

    def post(_size: int, turn: int) -> Request:
        body = market.demand(Random(turn)) | {"publish": True}
        return Request("POST", "/v1/demands", "enterprise1", body, f"post-{run}-{turn}")

    def register(_size: int, turn: int) -> Request:
        random = Random(turn)
        kind = random.choice(list(TYPES))
        seller = random.choice(market.members[1:]).key
        name = f"{year}-{run}-{turn}"
        body = market.contract(random, kind, seller, name, today() - timedelta(days=3)) | {
            "project_name": f"{sha256(name.encode()).hexdigest()}技术合同",
            "total_amount": f"{random.randrange(300_000, 400_000)}.00",
            "tech_amount": f"{random.randrange(200_000, 300_000)}.00",
        }  # what one person may decide: neither large, nor like another one, nor part of a larger one
        return Request("POST", "/v1/contracts", "office", body, f"register-{run}-{turn}")

    return {"get": get, "list": listed, "roll-up": roll_up, "post": post, "register": register}


class Meter:
    """Measures rows on services over the processes of one database server (none for SQLite)."""

    def __init__(self, database: int | None, rounds: int, seconds: float) -> None:
        self.database, self.rounds, self.seconds = database, rounds, seconds
        self.turn = 0

    def measure(self, services: Sequence[Service], make: Maker) -> list[list[Cost]]:
        """For each round the costs of one row on each service."""
        count = self._count(services, make)
        costs = []
        for _ in range(self.rounds):
            turns = range(self.turn, self.turn + count)
            self.turn += count
            costs.append(
                [self._cost(service, [make(service.loaded.size, turn) for turn in turns]) for service in services]
            )
        return costs

    def _count(self, services: Sequence[Service], make: Maker) -> int:
        """Warm up, and choose how many requests fill the seconds of a round."""
        turns = range(self.turn, self.turn + 20)
        self.turn += len(turns)
        started = time.perf_counter()
        for service in services:
            for turn in turns:
                service.answer(make(service.loaded.size, turn))
        each = (time.perf_counter() - started) / len(turns) / len(services)
        return max(8, min(400, round(self.seconds / each)))

    def _cost(self, service: Service, requests: list[Request]) -> Cost:
        own, others = children(service.process), children(self.database) if self.database else []
        before = cpu_seconds(own), cpu_seconds(others)
        started = time.perf_counter()
        for request in requests:
            status, content = service.call(request)
            if status not in (200, 201):
                raise RuntimeError(f"{service.loaded.name}: {request.path} answered {status}: {content[:500].decode()}")
        wall = time.perf_counter() - started
        others = children(self.database) if self.database else []
        spending = spent(before[0], cpu_seconds(own)), spent(before[1], cpu_seconds(others)), wall
        return Cost(*(1000 * seconds / len(requests) for seconds in spending))


def ratio(engine: str, name: str, limit: float | None, over: list[Cost], under: list[Cost]) -> Result:
    """The CPU of one service over that of another, round by round."""
    ratios = [first.cpu / second.cpu for first, second in zip(over, under, strict=True)]
    return Result(engine, name, median(ratios), min(ratios), max(ratios), "×", limit, typical(over), typical(under))


def plain(engine: str, name: str, value: float, unit: str, limit: float | None) -> Result:
    """A figure measured once."""
    return Result(engine, name, value, value, value, unit, limit)


def typical(costs: list[Cost]) -> Cost:
    """The medians of several costs."""
    columns = zip(*((cost.service, cost.database, cost.wall) for cost in costs), strict=True)
    return Cost(*(median(column) for column in columns))
