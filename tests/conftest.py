"""Every test that touches the store runs on SQLite and on a real PostgreSQL, each time in a database of its own.

Databases are copies of a template made once per worker: `empty` (migrated), `reference` (reference data loaded) or `world`
(standard organisations with their keys).
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, make_url
from werkzeug.test import TestResponse

from market.access import SYSTEM
from market.store.config import Settings
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database
from tests import postgres

if TYPE_CHECKING:
    from tests.world import World

# The same examples every time and no clock: what is red here is red on the next machine, whatever its speed.
hypothesis.settings.load_profile("ci")

ENGINES = ("sqlite", "postgresql")
_server = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts the one PostgreSQL server; workers are told its address."""
    if hasattr(config, "workerinput"):
        config.postgres_url = config.workerinput["postgres_url"]
    elif not config.option.collectonly:
        config.postgres_url = _server.enter_context(postgres.url_from_environment_or_server())
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    config.template_prefix = f"market_{os.getppid() if worker != 'main' else os.getpid()}_{worker}"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["postgres_url"] = node.config.postgres_url


def pytest_unconfigure(config: pytest.Config) -> None:
    _server.close()


def pytest_report_header(config: pytest.Config) -> str:
    if not getattr(config, "postgres_url", None):
        return "engines: none (collecting only)"
    with psycopg.connect(_libpq(config.postgres_url)) as connection:
        version = connection.info.parameter_status("server_version")
    return f"engines: SQLite {sqlite3.sqlite_version}, PostgreSQL {version}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which engines the tests that ran used."""
    passed = terminalreporter.stats.get("passed", [])
    counts = {
        name: sum(f"[{name}" in report.nodeid or f"-{name}" in report.nodeid for report in passed) for name in ENGINES
    }
    terminalreporter.write_line("passed by engine: " + ", ".join(f"{name} {n}" for name, n in counts.items()))


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Factory:
    """Makes databases from templates on both engines, and removes them."""

    def __init__(self, directory: Path, postgres_url: str, prefix: str) -> None:
        self.directory, self.postgres_url, self.prefix = directory, postgres_url, prefix
        self.numbers = itertools.count()
        self.templates: dict[tuple[str, str], Any] = {}
        self.worlds: dict[str, World] = {}

    def template(self, engine: str, name: str) -> str:
        """The address of a template, made on first use."""
        if (engine, name) not in self.templates:
            base = {"empty": None, "reference": "empty", "world": "reference"}[name]
            url = self.copy(engine, base, f"{self.prefix}_{name}")
            with Database(url) as database:
                if name == "empty":
                    upgrade(database)
                    database.write(SYSTEM, lambda unit: set_up(unit.connection, "demo"))
                elif name == "reference":
                    from market.reference.loader import load_all

                    database.write(SYSTEM, load_all)
                else:
                    from tests.world import populate

                    self.worlds[engine] = database.write(SYSTEM, populate)
            self.templates[engine, name] = url
        return self.templates[engine, name]

    def copy(self, engine: str, template: str | None, name: str | None = None) -> str:
        """The address of a new database, a copy of a template."""
        source = self.template(engine, template) if template else None
        name = name or f"{self.prefix}_{next(self.numbers)}"
        if engine == "sqlite":
            path = self.directory / f"{name}.db"
            if source:
                shutil.copy(make_url(source).database, path)
            return f"sqlite:///{path}"
        with psycopg.connect(_libpq(self.postgres_url), autocommit=True) as connection:
            of = sql.SQL("")
            if source:
                of = sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(make_url(source).database))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + of)
        return make_url(self.postgres_url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a database."""
        if url.startswith("sqlite"):
            for path in self.directory.glob(Path(make_url(url).database).name + "*"):
                path.unlink()
        else:
            postgres.drop_database(self.postgres_url, make_url(url).database)

    @contextmanager
    def open(self, engine: str, template: str) -> Iterator[Database]:
        """A database of its own, removed at the end."""
        url = self.copy(engine, template)
        try:
            with Database(url) as database:
                yield database
        finally:
            self.drop(url)


@pytest.fixture(scope="session")
def factory(request: pytest.FixtureRequest) -> Iterator[Factory]:
    config = request.config
    memory = Path("/dev/shm")  # waiting for a disk tests nothing
    with tempfile.TemporaryDirectory(prefix="market-tests-", dir=memory if memory.is_dir() else None) as directory:
        made = Factory(Path(directory), config.postgres_url, config.template_prefix)
        yield made
        for url in made.templates.values():
            made.drop(url)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def empty_database(factory: Factory, engine: str) -> Iterator[Database]:
    """Migrated, nothing loaded."""
    with factory.open(engine, "empty") as database:
        yield database


@pytest.fixture
def database(factory: Factory, engine: str) -> Iterator[Database]:
    """With reference data."""
    with factory.open(engine, "reference") as database:
        yield database


@pytest.fixture
def fresh_database(factory: Factory, engine: str) -> Iterator[Callable[[], Database]]:
    """A function that makes one more database with reference data, for tests that need many."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(factory.open(engine, "reference"))


@pytest.fixture
def world(factory: Factory, engine: str) -> Iterator[World]:
    """With the standard organisations and their keys."""
    with factory.open(engine, "world") as database:
        yield factory.worlds[engine].on(database)


@dataclass(frozen=True)
class Api:
    """A client of the application over a world; `key` names one of its organisations."""

    world: World
    client: Any

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        key: str | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        headers: dict[str, str] | None = None,
        **rest: Any,
    ) -> TestResponse:
        headers = dict(headers or {})
        if key is not None:
            headers["Authorization"] = f"Bearer {self.world.keys.get(key, key)}"
        if if_match is not None:
            headers["If-Match"] = if_match
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        if json is not None:
            rest["json"] = json
        return self.client.open(path, method=method, headers=headers, **rest)

    def get(self, path: str, **rest: Any) -> TestResponse:
        return self.call("GET", path, **rest)

    def post(self, path: str, json: Any = None, **rest: Any) -> TestResponse:
        return self.call("POST", path, json, **rest)

    def patch(self, path: str, json: Any = None, **rest: Any) -> TestResponse:
        return self.call("PATCH", path, json, **rest)


@pytest.fixture
def api(world: World) -> Api:
    from api.app import create_app

    return Api(world, create_app(world.database, Settings()).test_client())


class Statements:
    """How many SQL statements ran."""

    def __init__(self) -> None:
        self.n = 0
        self.texts: list[str] = []

    def seen(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.n += 1
        self.texts.append(statement)


@contextmanager
def count_statements(database: Database) -> Iterator[Statements]:
    counted = Statements()
    event.listen(database.engine, "before_cursor_execute", counted.seen)
    try:
        yield counted
    finally:
        event.remove(database.engine, "before_cursor_execute", counted.seen)


@pytest.fixture
def statements() -> Callable[[Database], Any]:
    return count_statements
