"""The chain: gapless, in commit order, and `verify` finds whatever was tampered with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from market.access import SYSTEM
from market.errors import NotFound
from market.journal import read
from market.journal.append import Event, append
from market.journal.model import JournalEntry, JournalHead, JournalPersonal

GUARDS = {
    "sqlite": ["DROP TRIGGER journal_update", "DROP TRIGGER journal_delete", "DROP TRIGGER journal_personal_delete"],
    "postgresql": ["ALTER TABLE journal DISABLE TRIGGER ALL", "ALTER TABLE journal_personal DISABLE TRIGGER ALL"],
}


def write_events(database, count=5):
    for number in range(count):
        event = Event(
            "test.done", f"thing-{number}", 1, {"n": number, "text": "稀土"}, personal={"name": f"人{number}"}
        )
        database.write(SYSTEM, lambda unit, event=event: append(unit, event) and None)


def verify(database, expect=None):
    with database.snapshot(SYSTEM) as unit:
        return read.verify(unit, expect)


def tamper(database, *statements):
    """Change rows behind the guards' back, as someone with the database's password could."""
    engine = database.engine.dialect.name

    def work(unit):
        for guard in GUARDS[engine]:
            unit.execute(text(guard))
        for statement in statements:
            unit.execute(statement)

    database.write(SYSTEM, work)


@pytest.fixture
def written(empty_database):
    write_events(empty_database)
    assert verify(empty_database) == []
    return empty_database


@pytest.mark.parametrize(
    "column",
    [name for name in JournalEntry.__table__.columns.keys() if name not in ("seq", "hash")],  # noqa: SIM118
)
def test_any_altered_column_is_found(written, column):
    other = {
        "recorded_at": JournalEntry.recorded_at + 1,
        "rec_month": 190001,
        "occurred_on": "2001-01-01",
        "subject_version": 9,
        "personal_digest": b"x",
        "digest": b"x",
    }.get(column, "altered")
    if column == "occurred_on":
        statement = text("UPDATE journal SET occurred_on = '2001-01-01' WHERE seq = 3")
    else:
        statement = update(JournalEntry).where(JournalEntry.seq == 3).values({column: other})
    tamper(written, statement)
    assert verify(written)


def test_an_altered_hash_is_found(written):
    tamper(written, update(JournalEntry).where(JournalEntry.seq == 3).values(hash=b"x" * 32))
    assert verify(written)


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_row_is_found(written, seq):
    tamper(
        written,
        delete(JournalPersonal).where(JournalPersonal.seq == seq),
        delete(JournalEntry).where(JournalEntry.seq == seq),
    )
    assert verify(written)


def test_reordered_rows_are_found(written):
    tamper(
        written,
        delete(JournalPersonal),
        update(JournalEntry).where(JournalEntry.seq == 2).values(seq=99),
        update(JournalEntry).where(JournalEntry.seq == 3).values(seq=2),
        update(JournalEntry).where(JournalEntry.seq == 99).values(seq=3),
    )
    assert verify(written)


def test_a_cut_tail_is_found_by_the_kept_head(written):
    with written.read(SYSTEM) as unit:
        kept = str(read.head(unit))
    cut = (
        delete(JournalPersonal).where(JournalPersonal.seq > 3),
        delete(JournalEntry).where(JournalEntry.seq > 3),
    )
    tamper(written, *cut)
    assert any("head" in line for line in verify(written))
    third = select(JournalEntry.hash).where(JournalEntry.seq == 3).scalar_subquery()
    written.write(SYSTEM, lambda unit: unit.execute(update(JournalHead).values(seq=3, hash=third)))
    assert verify(written) == [], "whoever also moves the head goes unseen from inside"
    assert verify(written, kept), "but not from outside"


def test_a_missing_head_is_a_break(written):
    written.write(SYSTEM, lambda unit: unit.execute(delete(JournalHead)))
    assert verify(written) == ["the kept head is missing"]
    with written.read(SYSTEM) as unit, pytest.raises(NotFound, match="head is missing"):
        read.head(unit)


def test_an_altered_or_missing_personal_part_is_found_and_an_erased_one_is_not_a_break(written):
    erase = update(JournalPersonal).where(JournalPersonal.seq == 2).values(salt=None, payload=None)
    written.write(SYSTEM, lambda unit: unit.execute(erase))
    assert verify(written) == []
    tamper(written, update(JournalPersonal).where(JournalPersonal.seq == 3).values(payload='{"name":"x"}'))
    assert verify(written)


def test_a_missing_personal_row_is_found(written):
    tamper(written, delete(JournalPersonal).where(JournalPersonal.seq == 3))
    assert verify(written)


def test_an_added_row_is_found(written):
    def work(unit):
        row = dict(unit.execute(select(JournalEntry.__table__).where(JournalEntry.seq == 5)).mappings().one())
        unit.execute(insert(JournalEntry), {**row, "seq": 6})

    written.write(SYSTEM, work)
    assert verify(written)


@pytest.mark.parametrize("statement", [update(JournalEntry).values(reason="x"), delete(JournalEntry)])
def test_the_database_refuses_to_change_the_journal(written, statement):
    with pytest.raises(DBAPIError, match="append-only"):
        written.write(SYSTEM, lambda unit: unit.execute(statement))


def test_a_failed_unit_leaves_no_event_and_no_gap(written):
    def work(unit):
        append(unit, Event("test.done", "x", 1, {}))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        written.write(SYSTEM, work)
    write_events(written, 1)
    with written.read(SYSTEM) as unit:
        assert read.head(unit).seq == 6
    assert verify(written) == []


def test_concurrent_writers_leave_one_gapless_chain_and_a_polling_reader_misses_nothing(empty_database):
    seen: list[int] = []

    def poll():
        with empty_database.read(SYSTEM) as unit:
            seen.extend(entry["seq"] for entry in read.entries(unit, after=seen[-1] if seen else 0))

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write_events, empty_database, 10) for _ in range(8)]
        while not all(writer.done() for writer in writers):
            poll()
        for writer in writers:
            writer.result()
    poll()
    assert seen == list(range(1, 81))
    assert verify(empty_database) == []


def test_recorded_at_never_runs_backwards(empty_database, time_machine):
    time_machine.move_to("2026-06-01 12:00:00+00:00")
    write_events(empty_database, 1)
    time_machine.move_to("2026-05-01 12:00:00+00:00")
    write_events(empty_database, 1)
    with empty_database.read(SYSTEM) as unit:
        instants = [entry["recorded_at"] for entry in read.entries(unit)]
    assert instants == sorted(instants)
    assert verify(empty_database) == []
