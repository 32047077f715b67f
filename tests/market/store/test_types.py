"""Money, instants, dates, ids and text are exact."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from market.access import SYSTEM
from market.store.idempotency import IdempotencyKey
from market.store.types import civil_date, fen, instant_text, is_clean, month_of, new_id, today, yuan


@given(st.integers(-(10**17), 10**17))
def test_yuan_and_fen_are_inverse(amount):
    assert fen(Decimal(yuan(amount))) == amount


def test_a_fraction_of_a_fen_is_refused():
    with pytest.raises(ValueError, match="two decimals"):
        fen(Decimal("1.001"))


@given(st.integers(0, 7_000_000_000), st.integers(0, 999_999))
def test_instants_keep_their_microseconds(seconds, micros):
    aware = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    micros = int(aware.timestamp()) * 1_000_000 + aware.microsecond
    text = instant_text(micros)
    assert datetime.fromisoformat(text) == aware
    assert len(text) == 27


def test_civil_dates_are_those_of_shanghai(time_machine):
    time_machine.move_to("2026-12-31 15:59:59.999999+00:00")
    assert today() == date(2026, 12, 31)
    time_machine.move_to("2026-12-31 16:00:00+00:00")
    assert today() == date(2027, 1, 1)
    assert month_of(today()) == 202701
    assert civil_date(0) == date(1970, 1, 1)


def test_ids_sort_by_age_and_do_not_repeat():
    ids = [new_id("dem") for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert {len(one) for one in ids} == {30}
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x\udfff"])
def test_unclean_text_is_known(text):
    assert not is_clean(text)


def test_codes_compare_byte_by_byte_on_both_engines(empty_database):
    keys = ["a", "B", "_", "Z", "é", "稀", "-", "1"]
    rows = [{"scope": "s", "key": key, "created_at": 0, "body_digest": b""} for key in keys]
    empty_database.write(SYSTEM, lambda unit: unit.execute(insert(IdempotencyKey), rows))
    with empty_database.read(SYSTEM) as unit:
        found = unit.execute(select(IdempotencyKey.key).order_by(IdempotencyKey.key)).scalars().all()
    assert found == sorted(keys, key=lambda key: key.encode())
