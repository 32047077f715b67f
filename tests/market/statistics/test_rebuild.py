"""The check finds every kind of difference, and the cube can be made anew."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from market.access import SYSTEM
from market.statistics.rebuild import check, rebuild


def found(database):
    with database.snapshot(SYSTEM) as unit:
        return check(unit)


def tamper(database, *statements):
    """What nobody can do through the market: the guard is taken off first."""

    def work(unit):
        if unit.connection.dialect.name == "postgresql":
            unit.execute(text("ALTER TABLE ledger DISABLE TRIGGER USER"))
        else:
            unit.execute(text("DROP TRIGGER ledger_update"))
            unit.execute(text("DROP TRIGGER ledger_delete"))
        for statement in statements:
            assert unit.execute(text(statement)).rowcount > 0

    database.write(SYSTEM, work)


@pytest.fixture
def filled(history):
    """Three live contracts, one of them changed, and one that was cancelled."""
    ids = history.add(*(history.contract(seller_place=place) for place in ("150203", "150102", "110000", None)))
    history.database.write(SYSTEM, lambda unit: history.change(unit, ids[1], total_fen=9_00, tech_fen=1_00))
    history.database.write(SYSTEM, lambda unit: history.end(unit, ids[3]))
    assert found(history.database) == []
    return history.database


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE deal_cell SET total = total + 1 WHERE cuboid = 2 AND a = '150100'", "cell"),
        ("UPDATE deal_cell SET deals = deals + 1 WHERE cuboid = 1", "cell"),
        ("DELETE FROM deal_cell WHERE cuboid = 4 AND a = '150200'", "the cube has not"),
        ("UPDATE deal_cell SET a = 'abroad' WHERE cuboid = 4 AND a = '150200'", "the ledger has not"),
    ],
)
def test_a_wrong_cell_is_found_and_mended(filled, statement, words):
    tamper(filled, statement)
    assert any(words in line for line in found(filled))
    filled.write(SYSTEM, rebuild)
    assert found(filled) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE contract SET total_fen = total_fen + 1 WHERE seller_place = '110000'", "another total"),
        ("UPDATE contract SET field = 'contract:01' WHERE seller_place = '110000'", "another field"),
        ("UPDATE contract SET registered_on = '2018-04-01' WHERE seller_place = '110000'", "another stat_month"),
        (
            "UPDATE contract SET state = 'revoked', live_fingerprint = NULL WHERE seller_place = '110000'",
            "is revoked, but the ledger counts it",
        ),
        (
            "UPDATE contract SET state = 'registered', live_fingerprint = fingerprint WHERE state = 'cancelled'",
            "is live, but the ledger does not count it",
        ),
        ("DELETE FROM contract WHERE seller_place = '110000'", "there is no such contract"),
        ("DELETE FROM ledger WHERE seller_place = '110000'", "is live, but the ledger does not count it"),
        ("DELETE FROM ledger WHERE sign = -1", "do not come to nothing or one"),
        ("UPDATE ledger SET seller_place = '150202' WHERE seller_place = '150203'", "not what the event posted"),
        ("UPDATE ledger SET rec_month = rec_month + 1", "not what the event posted"),
    ],
)
def test_a_difference_between_contracts_ledger_and_journal_is_found(filled, statement, words):
    tamper(filled, statement)
    assert any(words in line for line in found(filled)), found(filled)


def test_an_empty_register_agrees(history):
    assert found(history.database) == []
    history.database.write(SYSTEM, rebuild)
    assert found(history.database) == []
