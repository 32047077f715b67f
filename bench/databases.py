"""The two engines as the bench uses them: new databases, tidied after loading, on a durable server of our own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests import postgres


@dataclass(frozen=True)
class Server:
    """Where databases are made. `process` is the parent of all the database's processes (None: SQLite has none)."""

    engine: str
    process: int | None
    create: Callable[[str], str]
    """Make an empty database of this name and answer its address."""
    tidy: Callable[[str], None]
    """Do after a bulk load what the engine would do by itself later, in the middle of measuring."""


@contextlib.contextmanager
def sqlite(directory: Path) -> Iterator[Server]:
    """SQLite files in a directory."""
    yield Server("sqlite", None, lambda name: f"sqlite:///{directory / name}.db", _tidy_sqlite)


def _tidy_sqlite(url: str) -> None:
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextlib.contextmanager
def postgresql(_directory: Path) -> Iterator[Server]:
    """A PostgreSQL server with its default settings, fsync on."""
    with postgres.server(durable=True) as url, psycopg.connect(url, autocommit=True) as connection:
        status = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
        parent = int(status.rpartition(")")[2].split()[1])
        yield Server("postgresql", parent, lambda name: postgres.create_database(url, name), _tidy_postgresql)


def _tidy_postgresql(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
