"""All that SQLite and PostgreSQL disagree on: engines, how a transaction begins, upserts, which failures may be retried.

Nothing outside this file and `migrations/` knows which engine it runs on.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Connection,
    Dialect,
    Engine,
    Executable,
    Integer,
    String,
    Text,
    TextClause,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    insert,
    inspect,
    literal,
    make_url,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.sql import ColumnElement, coercions, roles
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

BUSY_SECONDS = 10
"""How long a writer waits for another one before it gives up."""

_POSTGRESQL_MODES: dict[str, dict[str, Any]] = {
    "auto": {"isolation_level": "AUTOCOMMIT"},
    "snapshot": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "write": {"isolation_level": "READ COMMITTED"},
}
_SQLITE_BEGIN = {"auto": None, "snapshot": "BEGIN", "write": "BEGIN IMMEDIATE"}


def code_type(plain: String) -> TypeEngine[str]:
    """A string type that PostgreSQL compares byte by byte, as SQLite does."""
    return plain.with_variant(postgresql.VARCHAR(plain.length, collation="C"), "postgresql")


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine for a `sqlite:///file` or `postgresql://` address. SQLite in memory is refused: it has no second reader."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("an SQLite database needs a file")
        Path(parsed.database).absolute().parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_size=pool_size, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        # Starting parallel workers for a roll-up costs several times what reading its cells does.
        settings = f"-c lock_timeout={BUSY_SECONDS}s -c max_parallel_workers_per_gather=0"
        options = {"connect_timeout": BUSY_SECONDS, "options": settings}
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=pool_size, pool_use_lifo=True, connect_args=options
        )
    raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own transactions lose updates; _begin_sqlite opens ours
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    begin = _SQLITE_BEGIN[connection.get_execution_options().get("mode", "write")]
    if begin:
        connection.exec_driver_sql(begin)


@contextmanager
def transaction(engine: Engine, mode: str) -> Iterator[Connection]:
    """A connection in one of three modes: `auto` (single reads), `snapshot` (several reads, one state) or `write`.

    A writer on SQLite first queues on a lock file, because SQLite's own waiting starves some of them.
    """
    modes = _POSTGRESQL_MODES if engine.dialect.name == "postgresql" else {}
    with _queue(engine, mode), engine.connect() as connection:
        yield connection.execution_options(mode=mode, **modes.get(mode, {}))


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A writing connection for migrations, committed at the end.

    SQLite rebuilds altered tables; with foreign keys on that would delete the rows of their children.
    """
    with _queue(engine, "write"), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys=OFF")
            try:
                yield connection
                connection.commit()
            finally:
                connection.rollback()
                cursor.execute("PRAGMA foreign_keys=ON")
        else:
            yield connection
            connection.commit()


@contextmanager
def _queue(engine: Engine, mode: str) -> Iterator[None]:
    if engine.dialect.name != "sqlite" or mode != "write":
        yield
        return
    with open(f"{engine.url.database}.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def insert_missing(connection: Connection, model: type[DeclarativeBase], row: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is there, waiting for a concurrent holder of the key; was it inserted?"""
    return connection.execute(_missing(connection.dialect.name, model), row).first() is not None


@cache
def _missing(engine: str, model: type[DeclarativeBase]) -> Executable:
    """Made once, like the others here: making a statement costs several times what running it costs."""
    missing: Executable = _INSERT[engine](model).on_conflict_do_nothing().returning(literal(1))
    return missing


Write = tuple[str, type[DeclarativeBase], Sequence[Mapping[str, Any]]]
"""Rows to `insert`, the one row of a table to `update`, or rows to `add`, sorted by key: what stands beside the key is added to
a row that exists."""

FEW = 100
"""Longer statements took longer on both engines, they only seem to save something."""


def write_together(connection: Connection, writes: Sequence[Write]) -> None:
    """Run the last writes of a unit in order; on PostgreSQL in one statement unless they are many rows: others wait for it, and a
    round trip costs more than a row.
    """
    if writes and connection.dialect.name == "postgresql" and all(len(rows) <= FEW for _, _, rows in writes):
        _write(connection, writes)
        return
    for how, model, rows in writes:
        if how == "add":
            for start in range(0, len(rows), FEW):
                _add(connection, model, rows[start : start + FEW])
        else:
            connection.execute(_one(how, model), rows)


@cache
def _one(how: str, model: type[DeclarativeBase]) -> Executable:
    if how == "insert":
        return insert(model)
    return update(model).values({name: bindparam(name) for name in _beside_key(model)})


def _key(model: type[DeclarativeBase]) -> list[str]:
    return [column.name for column in inspect(model).primary_key]


def _beside_key(model: type[DeclarativeBase]) -> list[str]:
    return [column.name for column in model.__table__.columns if not column.primary_key]


def _write(connection: Connection, writes: Sequence[Write]) -> None:
    """Each table's rows as one JSON text: a value a column costs several times that, and as many rows take the same statement."""
    rows = {f"rows{number}": orjson.dumps(rows, _as_text).decode() for number, (_, _, rows) in enumerate(writes)}
    connection.exec_driver_sql(_joined(tuple((how, model) for how, model, _ in writes)), rows)


def _as_text(value: Any) -> str:
    """A value that JSON does not know, as PostgreSQL reads it: bytes."""
    return f"\\x{value.hex()}"


@cache
def _joined(parts: tuple[tuple[str, type[DeclarativeBase]], ...]) -> str:
    """Each write as a common table expression of a SELECT of nothing."""
    texts = []
    for number, (how, model) in enumerate(parts):
        table = model.__tablename__
        rows = f"json_populate_recordset(NULL::{table}, %(rows{number})s)"
        if how == "update":
            changes = ", ".join(f"{name} = new.{name}" for name in _beside_key(model))
            texts.append(f"UPDATE {table} SET {changes} FROM {rows} new")
        else:
            texts.append(f"INSERT INTO {table} SELECT * FROM {rows} {_or_add(model) if how == 'add' else ''}")
    return f"WITH {', '.join(f'write{number} AS ({part})' for number, part in enumerate(texts))} SELECT 1"


def _add(connection: Connection, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]) -> None:
    if connection.dialect.name == "postgresql":
        _write(connection, [("add", model, rows)])
    else:
        values = {f"{name}_{number}": value for number, row in enumerate(rows) for name, value in row.items()}
        connection.execute(_adding(model, len(rows)), values)


@lru_cache(128)
def _adding(model: type[DeclarativeBase], rows: int) -> TextClause:
    """Kept as text: SQLAlchemy would compile an insert of several rows each time anew, which cost half of a posting."""
    columns = _key(model) + _beside_key(model)
    values = ", ".join(f"({', '.join(f':{name}_{number}' for name in columns)})" for number in range(rows))
    return text(f"INSERT INTO {model.__tablename__} ({', '.join(columns)}) VALUES {values} {_or_add(model)}")


def _or_add(model: type[DeclarativeBase]) -> str:
    added = ", ".join(f"{name} = {model.__tablename__}.{name} + excluded.{name}" for name in _beside_key(model))
    return f"ON CONFLICT ({', '.join(_key(model))}) DO UPDATE SET {added}"


def take_next(
    connection: Connection, model: type[DeclarativeBase], row: Mapping[str, Any], counter: str, by: int
) -> int:
    """Advance a counter row by `by` (creating it) under its row lock and return its new value."""
    statement = _next(connection.dialect.name, model, counter)
    return int(connection.execute(statement, {**row, counter: by}).scalar_one())


@cache
def _next(engine: str, model: type[DeclarativeBase], counter: str) -> Executable:
    new, column = _INSERT[engine](model), model.__table__.c[counter]
    advanced = {counter: column + new.excluded[counter]}
    statement: Executable = new.on_conflict_do_update(index_elements=_key(model), set_=advanced).returning(column)
    return statement


_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class _Texts(TypeDecorator[list[str]]):
    """A list of texts as each engine takes it."""

    impl = Text
    cache_ok = True
    each: TypeEngine[Any] = Text()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return postgresql.ARRAY(self.each) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


class _Numbers(_Texts):
    """A list of whole numbers."""

    cache_ok = True
    each = BigInteger()


class among(ColumnElement[bool]):
    """Is the column one of the texts or whole numbers bound, as a list, to `parameter`?

    PostgreSQL takes the list as one array, SQLite as JSON, so that one statement serves all. SQLite uses an index for one
    such list of a statement only: for that whose column is named first in the index.
    """

    inherit_cache = True
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("values", InternalTraversal.dp_clauseelement),
    ]
    type = Boolean()
    _is_implicitly_boolean = True  # else SQLite is asked whether it equals 1, and forgets its index

    def __init__(self, column: ColumnElement[Any] | InstrumentedAttribute[Any], parameter: str) -> None:
        self.column = coercions.expect(roles.ExpressionElementRole, column)
        kind = _Texts if isinstance(self.column.type, String) else _Numbers
        self.values: BindParameter[Any] = bindparam(parameter, type_=kind())


@compiles(among, "postgresql")
def _among_array(element: among, compiler: Any, **rest: Any) -> str:
    return f"{compiler.process(element.column, **rest)} = ANY({compiler.process(element.values, **rest)})"


@compiles(among, "sqlite")
def _among_json(element: among, compiler: Any, **rest: Any) -> str:
    values = compiler.process(element.values, **rest)
    return f"{compiler.process(element.column, **rest)} IN (SELECT value FROM json_each({values}))"


class _values_of(GenericFunction[Any]):
    """The values of a JSON array as a table."""

    inherit_cache = True


@compiles(_values_of, "postgresql")
def _values_of_text(element: _values_of, compiler: Any, **rest: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **rest)} AS json))"


@compiles(_values_of, "sqlite")
def _values_of_json(element: _values_of, compiler: Any, **rest: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **rest)})"


def listed(numbers: Sequence[int] | BindParameter[str]) -> ColumnElement[int]:
    """A column of a row for each of these numbers (or of those a parameter has as JSON), to be joined with what is under each."""
    given = numbers if isinstance(numbers, BindParameter) else literal(json.dumps(numbers))
    rows = _values_of(given).table_valued("value", name="listed")
    return cast(rows.c.value, Integer)


def whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    """An integer sum as a plain integer: PostgreSQL's sum of bigint is numeric and the driver would answer Decimal."""
    return cast(func.coalesce(total, 0), BigInteger)


def load_rows(connection: Connection, model: type[DeclarativeBase], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert many rows, values in the order of the model's columns, as quickly as the engine can."""
    table = model.__table__
    names = ", ".join(column.name for column in table.columns)
    cursor = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in table.columns)
        many: Any = cursor.executemany  # takes any iterable, unlike what the DBAPI promises
        many(f"INSERT INTO {model.__tablename__} ({names}) VALUES ({marks})", rows)
    else:
        with cursor.copy(f"COPY {model.__tablename__} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    cursor.close()


def analyze(connection: Connection, model: type[DeclarativeBase] | None = None) -> None:
    """Refresh the planner's statistics, of one table or all, after a bulk load."""
    connection.execute(text("ANALYZE" if model is None else f"ANALYZE {model.__tablename__}"))


def is_lock_timeout(error: DBAPIError) -> bool:
    """The bounded wait for a lock ran out."""
    return _sqlstate(error) == "55P03" or (_is_sqlite(error) and "locked" in str(error.orig))


def is_retryable(error: DBAPIError) -> bool:
    """The transaction was undone through no fault of its own and may be run again: serialisation, deadlock, lost connection."""
    return _sqlstate(error) in ("40001", "40P01") or is_unreachable(error)


def is_unreachable(error: DBAPIError) -> bool:
    """The server did not answer, or ended the connection."""
    if error.connection_invalidated:
        return True
    state = "no answer" if _sqlstate(error) is None else str(_sqlstate(error))
    return (
        isinstance(error, OperationalError) and not _is_sqlite(error) and state.startswith(("no answer", "57P", "08"))
    )


def is_unmigrated(error: DBAPIError) -> bool:
    """A table or column is not there: the schema is older than this code."""
    return _sqlstate(error) in ("42P01", "42703") or (_is_sqlite(error) and "no such" in str(error.orig))


def broken_constraint(error: DBAPIError) -> str:
    """Name of the violated unique constraint (PostgreSQL) or the columns SQLite names instead."""
    if _is_sqlite(error):
        return str(error.orig)
    return getattr(error.orig, "diag").constraint_name or ""  # noqa: B009 - psycopg's, which is not loaded for SQLite


def _is_sqlite(error: DBAPIError) -> bool:
    return isinstance(error.orig, sqlite3.Error)


def _sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's code of the error. Its driver is not imported here: a service on SQLite does not need its megabytes."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
