"""The unit of work: the one place where a transaction begins, is sealed, commits and is retried.

Use `Database.read` for one statement, `Database.snapshot` for several that must see one state, and `Database.write` for every
change. `write` takes a function, since it may have to run it again. Order inside a write: idempotency key, number counters,
business rows, then the seal (journal head, journal, ledger, cells) as the last locks, then commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Row, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from market.access import Actor
from market.errors import Busy, MarketError, OutcomeUnknown, Unavailable
from market.store import dialect
from market.store.info import MarketInfo, ReferenceState

T = TypeVar("T")

_INFO = select(MarketInfo.kind, MarketInfo.home_region, MarketInfo.cursor_key)

ATTEMPTS = 4
"""How often a unit is run before a repeated serialisation failure, deadlock or lost connection is reported."""


@dataclass
class Unit:
    """One transaction and who acts in it."""

    connection: Connection
    database: Database
    actor: Actor
    channel: str
    sealers: list[Callable[[Unit], None]] = field(default_factory=list)
    pending: dict[str, list[Any]] = field(default_factory=dict)
    version: int | None = None
    last: list[dialect.Write] = field(default_factory=list)
    """What sealers write: it goes out together, after the last of them unless one must read it."""

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement in this unit."""
        return self.connection.execute(statement, parameters)

    def at_seal(self, sealer: Callable[[Unit], None]) -> None:
        """Run `sealer` once, after the work and before the commit, in order of first asking."""
        if sealer not in self.sealers:
            self.sealers.append(sealer)

    def write_last(self) -> None:
        """Send out what sealers have written."""
        dialect.write_together(self.connection, self.last)
        self.last.clear()

    def reference_version(self) -> int:
        """The version of the reference data this unit works with; read once."""
        if self.version is None:
            self.version = self.connection.execute(select(ReferenceState.version)).scalar_one()
        return self.version

    def reference(self, name: str, load: Callable[[Connection], T]) -> T:
        """Reference data such as the place tree: loaded once per process and version."""
        return self.database.cached(name, self.reference_version(), lambda: load(self.connection))


class Database:
    """The store behind one address. Safe to share between threads; after a fork, call `engine.dispose(close=False)`."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.engine = dialect.open_engine(url, pool_size=pool_size)
        self._cache: dict[str, tuple[int, Any]] = {}
        self._lock = Lock()
        self._said: Row[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def cached(self, name: str, version: int, load: Callable[[], T]) -> T:
        """The value of `name` at `version`; another version replaces the one kept."""
        kept = self._cache.get(name)
        if kept is None or kept[0] != version:
            kept = (version, load())
            with self._lock:
                self._cache[name] = kept
        value: T = kept[1]
        return value

    def is_set_up(self) -> bool:
        """Has this market said what it is (`market init`, or the sample)?"""
        return self._info() is not None

    def is_demo(self) -> bool:
        """Is this a demonstration (`market_info.kind`)? What is not set up yet is none."""
        found = self._info()
        return found is not None and found.kind == "demo"

    def home_region(self) -> str:
        """The place whose statistics these are (`market_info.home_region`). Unavailable before the market is set up."""
        found = self._info()
        if found is None:
            raise Unavailable("This market is not set up: run `market init`.", code="not-set-up")
        region: str = found.home_region
        return region

    def cursor_key(self) -> bytes:
        """The secret that signs the cursors of this market's pages."""
        found = self._info()
        return b"" if found is None else bytes(found.cursor_key)

    def _info(self) -> Row[Any] | None:
        """What the database says of itself; it never changes, so it is read once.

        Units ask before they take a connection: with all of them taken it would wait for one more.
        """
        if self._said is None:
            with self._reading("auto") as connection:
                self._said = connection.execute(_INFO).one_or_none()  # type: ignore[assignment]
        return self._said

    def is_ready(self) -> bool:
        """Does the database answer, and does it have our tables?"""
        try:
            with dialect.transaction(self.engine, "auto") as connection:
                connection.execute(select(ReferenceState.version)).scalar_one()
        except SQLAlchemyError:
            return False
        return True

    @contextmanager
    def read(self, actor: Actor, channel: str = "api") -> Iterator[Unit]:
        """A unit whose every statement stands alone (no transaction is opened)."""
        self._info()
        with self._reading("auto") as connection:
            yield Unit(connection, self, actor, channel)

    @contextmanager
    def snapshot(self, actor: Actor, channel: str = "api") -> Iterator[Unit]:
        """A reading unit in which all statements see the same state."""
        self._info()
        with self._reading("snapshot") as connection:
            yield Unit(connection, self, actor, channel)

    def write(self, actor: Actor, work: Callable[[Unit], T], channel: str = "api") -> T:
        """Run `work` in a writing unit, seal and commit; all or nothing.

        Run again, at most `ATTEMPTS` times, after a serialisation failure, a deadlock or a connection lost before COMMIT.
        Raises Busy (bounded wait for a lock ran out), Unavailable (nothing stored), OutcomeUnknown (lost at COMMIT).
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._write_once(actor, work, channel)
            except MarketError as refusal:
                if refusal.record is not None:
                    self.write(actor, refusal.record, channel)
                raise
            except DBAPIError as error:
                if dialect.is_lock_timeout(error):
                    raise Busy("Another request holds what this one needs; try again.") from error
                if not dialect.is_retryable(error):
                    raise _refusal(error) or error from error
                if attempt == ATTEMPTS:
                    raise Unavailable("The store did not let this change through; nothing was stored.") from error
        raise AssertionError("unreachable")

    def _write_once(self, actor: Actor, work: Callable[[Unit], T], channel: str) -> T:
        self._info()
        with dialect.transaction(self.engine, "write") as connection:
            unit = Unit(connection, self, actor, channel)
            result = work(unit)
            for sealer in unit.sealers:
                sealer(unit)
            unit.write_last()
            try:
                connection.commit()
            except BaseException as error:
                connection.invalidate()  # SQLAlchemy would pool it inside the open transaction
                if isinstance(error, DBAPIError) and error.connection_invalidated:
                    raise OutcomeUnknown(
                        "The connection was lost while committing; ask again with the same key."
                    ) from error
                raise
            return result

    @contextmanager
    def _reading(self, mode: str) -> Iterator[Connection]:
        try:
            with dialect.transaction(self.engine, mode) as connection:
                yield connection
        except DBAPIError as error:
            raise _refusal(error) or error from error


def _refusal(error: DBAPIError) -> Unavailable | None:
    """What a caller is told of a failure that lies with the store; None: it lies with us."""
    if dialect.is_unmigrated(error):
        return Unavailable("The store is not set up for this version: run `market migrate`.", code="not-set-up")
    return Unavailable("The store does not answer; try again.") if dialect.is_unreachable(error) else None
