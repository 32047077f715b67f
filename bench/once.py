"""What is measured once, of the service alone: statements of a list, memory when preloaded, time to load the sample."""

from __future__ import annotations

import contextlib
import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event

from api.app import create_app
from bench.data import Market
from bench.measure import rows
from bench.services import Loaded, Service, children, connect, cpu_seconds, pss_megabytes, serving
from market.sample.demo import prepare
from market.store.config import Settings
from market.store.session import Database

WORKERS = 2
CLIENTS = 8
BUSY_SECONDS = 1.0
"""CPU each worker must have spent before its memory is read."""


def list_statements(loaded: Loaded, market: Market) -> list[str]:
    """The statements a warm service sends for one page of the list."""
    request = rows(market)["list"](loaded.size, 0)
    headers = {"Authorization": f"Bearer {loaded.keys[request.key]}"}
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    with Database(loaded.url) as database:
        client = create_app(database, Settings(loaded.url)).test_client()
        client.get(request.path, headers=headers)
        event.listen(database.engine, "before_cursor_execute", see)
        if client.get(request.path, headers=headers).status_code != 200:
            raise RuntimeError("the list was refused")
    return seen


def preloaded_megabytes(loaded: Loaded, market: Market) -> float:
    """PSS of a parent and its preloaded workers after all of them answered every kind of request."""
    makers = rows(market)
    turns = count()
    with serving(loaded, workers=WORKERS) as service, ThreadPoolExecutor(CLIENTS) as pool:

        def client(_: int) -> None:
            own: Service = replace(service, connection=connect(service.port))
            for _ in range(5):
                for make in makers.values():
                    own.answer(make(loaded.size, next(turns)))
            own.connection.close()

        deadline = time.monotonic() + 60
        while True:
            list(pool.map(client, range(CLIENTS)))
            parent, *workers = children(service.process)
            if len(workers) == WORKERS and min(cpu_seconds(workers).values()) > BUSY_SECONDS:
                return pss_megabytes([parent, *workers])
            if time.monotonic() > deadline:
                raise RuntimeError("one worker got all the work")


def sample_seconds(directory: Path) -> tuple[float, float]:
    """Seconds on the wall, and of CPU, to make the demonstration database: schema, reference data and sample."""
    (directory / "sample").mkdir()
    used, started = sum(os.times()[:2]), time.monotonic()
    with contextlib.redirect_stderr(io.StringIO()):
        prepare(directory / "sample")
    return time.monotonic() - started, sum(os.times()[:2]) - used
