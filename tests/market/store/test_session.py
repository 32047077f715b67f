"""The unit of work: all or nothing, retried where that is safe, honest where it is not, fair among writers."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from market.access import SYSTEM
from market.errors import Busy, OutcomeUnknown, Unavailable
from market.store import dialect
from market.store.idempotency import IdempotencyKey
from market.store.info import ReferenceState
from market.store.session import ATTEMPTS, Database


def add_one(unit):
    version = unit.execute(select(ReferenceState.version).with_for_update()).scalar_one()
    time.sleep(0.001)
    unit.execute(update(ReferenceState).values(version=version + 1))


def version(database):
    with database.read(SYSTEM) as unit:
        return unit.execute(select(ReferenceState.version)).scalar_one()


def test_read_then_write_loses_nothing(empty_database):
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(empty_database.write, SYSTEM, add_one) for _ in range(80)]:
            done.result()
    assert version(empty_database) == 80


def test_an_error_undoes_everything(empty_database):
    def work(unit):
        add_one(unit)
        raise KeyError

    with pytest.raises(KeyError):
        empty_database.write(SYSTEM, work)
    assert version(empty_database) == 0


def test_a_sealer_that_fails_undoes_everything(empty_database):
    def fail(unit):
        raise KeyError

    def work(unit):
        add_one(unit)
        unit.at_seal(fail)

    with pytest.raises(KeyError):
        empty_database.write(SYSTEM, work)
    assert version(empty_database) == 0


def test_a_serialisation_failure_is_retried_and_at_last_reported(empty_database):
    attempts = []

    def work(unit):
        attempts.append(1)
        add_one(unit)
        if len(attempts) < failures:
            raise OperationalError("", {}, psycopg.errors.SerializationFailure())

    failures = 3
    empty_database.write(SYSTEM, work)
    assert (len(attempts), version(empty_database)) == (3, 1)
    attempts.clear()
    failures = 99
    with pytest.raises(Unavailable):
        empty_database.write(SYSTEM, work)
    assert (len(attempts), version(empty_database)) == (ATTEMPTS, 1)


def test_other_database_errors_are_not_retried(empty_database):
    attempts = []

    def work(unit):
        attempts.append(1)
        unit.execute(insert(ReferenceState), {"one": 1, "version": 0})

    with pytest.raises(DBAPIError):
        empty_database.write(SYSTEM, work)
    assert len(attempts) == 1


def test_deadlocked_writers_both_get_through(empty_database):
    """Two units that lock two rows in opposite order: PostgreSQL ends one, which is then run again."""

    def rows(unit):
        for key in ("a", "b"):
            row = {"scope": "s", "key": key, "body_digest": b"", "created_at": 0}
            unit.execute(insert(IdempotencyKey), row)

    empty_database.write(SYSTEM, rows)

    def bump(first, second):
        def work(unit):
            for key in (first, second):
                change = update(IdempotencyKey).where(IdempotencyKey.key == key)
                unit.execute(change.values(created_at=IdempotencyKey.created_at + 1))
                time.sleep(0.1)

        empty_database.write(SYSTEM, work)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(bump, "a", "b"), pool.submit(bump, "b", "a")]:
            done.result()
    with empty_database.read(SYSTEM) as unit:
        assert unit.execute(select(IdempotencyKey.created_at)).scalars().all() == [2, 2]


def lost(statement):
    return OperationalError(statement, {}, Exception("gone"), connection_invalidated=True)


def test_a_connection_lost_while_committing_is_of_unknown_outcome(empty_database, monkeypatch):
    def lose(self):
        raise lost("COMMIT")

    monkeypatch.setattr(Connection, "commit", lose)
    with pytest.raises(OutcomeUnknown):
        empty_database.write(SYSTEM, add_one)


def test_a_connection_lost_before_commit_is_retried(empty_database):
    attempts = []

    def work(unit):
        attempts.append(1)
        add_one(unit)
        if len(attempts) == 1 and unit.connection.dialect.name == "postgresql":
            own = unit.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with empty_database.read(SYSTEM) as other:
                other.execute(text(f"SELECT pg_terminate_backend({own})"))
            unit.execute(text("SELECT 1"))
        elif len(attempts) == 1:
            raise lost("SELECT 1")

    empty_database.write(SYSTEM, work)
    assert (len(attempts), version(empty_database)) == (2, 1)


def test_a_wait_that_is_too_long_is_busy(empty_database, monkeypatch):
    if empty_database.engine.dialect.name == "sqlite":

        def locked(unit):
            raise OperationalError("", {}, sqlite3.OperationalError("database is locked"))

        with pytest.raises(Busy):
            empty_database.write(SYSTEM, locked)
        return
    monkeypatch.setattr(dialect, "BUSY_SECONDS", 1)
    with Database(empty_database.engine.url.render_as_string(hide_password=False)) as impatient:

        def hold(unit):
            add_one(unit)
            with pytest.raises(Busy):
                impatient.write(SYSTEM, add_one)

        empty_database.write(SYSTEM, hold)
    assert version(empty_database) == 1


def test_a_snapshot_sees_one_state(empty_database):
    with empty_database.snapshot(SYSTEM) as unit:
        before = unit.execute(select(ReferenceState.version)).scalar_one()
        empty_database.write(SYSTEM, add_one)
        assert unit.execute(select(ReferenceState.version)).scalar_one() == before
    assert version(empty_database) == before + 1


def test_a_snapshot_on_postgresql_cannot_write(empty_database):
    with empty_database.snapshot(SYSTEM) as unit:
        if empty_database.engine.dialect.name == "postgresql":
            with pytest.raises(DBAPIError, match="read-only"):
                unit.execute(delete(ReferenceState))
        else:
            unit.execute(delete(ReferenceState))
    assert version(empty_database) == 0


def test_writers_take_turns(empty_database):
    """No writer waits for all the others: with the queue each of 8 does its share of the first half."""
    order = []

    def work_for(name):
        def work(unit):
            add_one(unit)
            order.append(name)

        return work

    def writer(name):
        for _ in range(20):
            empty_database.write(SYSTEM, work_for(name))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(writer, name) for name in range(8)]:
            done.result()
    first_half = order[: len(order) // 2]
    assert len(order) == 160
    assert all(name in first_half for name in range(8))


def test_reference_data_is_loaded_once_per_version(empty_database):
    loads = []

    def load(connection):
        loads.append(1)
        return len(loads)

    for _ in range(3):
        with empty_database.read(SYSTEM) as unit:
            assert unit.reference("thing", load) == 1
    empty_database.write(SYSTEM, add_one)
    with empty_database.read(SYSTEM) as unit:
        assert unit.reference("thing", load) == 2


def test_sqlite_is_durable_and_strict(empty_database):
    if empty_database.engine.dialect.name != "sqlite":
        return
    with empty_database.read(SYSTEM) as unit:
        pragma = {
            name: unit.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 10000}
