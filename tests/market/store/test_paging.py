"""Keyset pages: every row once, in order, whatever changes between pages; a cursor serves only its own question."""

from __future__ import annotations

import base64

import orjson
import pytest
from sqlalchemy import delete, insert, select

from market.access import SYSTEM
from market.errors import Invalid
from market.store.idempotency import IdempotencyKey
from market.store.paging import Sort, fetch_page

STATEMENT = select(IdempotencyKey.created_at, IdempotencyKey.key)


def sort(descending=False):
    return Sort((IdempotencyKey.created_at, IdempotencyKey.key), ("created_at", "key"), descending)


def put(database, *rows):
    values = [{"scope": "s", "key": key, "created_at": at, "body_digest": b""} for at, key in rows]
    database.write(SYSTEM, lambda unit: unit.execute(insert(IdempotencyKey), values))


def pages(database, limit, descending=False, between=lambda: None):
    cursor, found = None, []
    while True:
        with database.read(SYSTEM) as unit:
            page = fetch_page(unit, STATEMENT, sort(descending), ["q"], cursor, limit)
        found += [tuple(row) for row in page.rows]
        assert len(page.rows) <= limit
        if page.next is None:
            return found
        cursor = page.next
        between()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_every_row_comes_once_in_order(empty_database, limit, descending):
    rows = [(number // 3, f"k{number:02}") for number in range(7)]
    put(empty_database, *rows)
    assert pages(empty_database, limit, descending) == sorted(rows, reverse=descending)


def test_rows_that_come_and_go_shift_nothing(empty_database):
    put(empty_database, *[(number, "k") for number in range(0)], *[(number, f"k{number}") for number in range(6)])
    numbers = iter(range(100))

    def between():
        number = next(numbers)
        put(empty_database, (-1, f"new{number}"))
        gone = delete(IdempotencyKey).where(IdempotencyKey.key == f"k{number}")
        empty_database.write(SYSTEM, lambda unit: unit.execute(gone))

    found = pages(empty_database, 2, between=between)
    assert found == [(number, f"k{number}") for number in range(6)]


def forge(values):
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def test_a_forged_or_foreign_cursor_is_refused(empty_database):
    put(empty_database, (1, "a"), (2, "b"))
    with empty_database.read(SYSTEM) as unit:
        good = fetch_page(unit, STATEMENT, sort(), ["q"], None, 1).next
        digest, at, key = orjson.loads(base64.urlsafe_b64decode(good + "=="))
        assert fetch_page(unit, STATEMENT, sort(), ["q"], forge([digest, at, key]), 1).rows
        bad = ["", "x", "§", "AAAA", forge([]), forge({}), forge([digest]), forge([digest, "1", "a"])]
        bad += [
            forge([digest, 1, 2]),
            forge([digest, 2**63, "a"]),
            forge([digest, True, "a"]),
            forge([digest, 1, "\0"]),
        ]
        bad += [forge([digest, at, key + "x"]), forge([digest, at + 1, key]), forge(["0" * 24, at, key])]
        bad += [forge([digest, 1, "a", "b"]), forge("text"), forge(None)]
        for cursor in bad:
            with pytest.raises(Invalid):
                fetch_page(unit, STATEMENT, sort(), ["q"], cursor, 1)
        with pytest.raises(Invalid):
            fetch_page(unit, STATEMENT, sort(), ["another question"], good, 1)
