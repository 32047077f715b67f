"""The check finds every kind of difference."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Boolean, Date, delete, select, text, update

from market.access import SYSTEM
from market.contracts.model import Contract, NumberSeries
from market.journal import append
from market.journal.model import JournalPersonal
from market.journal.read import entries as entries_of
from market.journal.read import payload
from market.organisations.model import Organisation
from market.registration import entries
from market.statistics import ledger
from market.statistics.ledger import plus
from market.statistics.rebuild import rebuild
from tests.market.contracts.samples import plain
from tests.market.registration.acts import cancel, change, record, register
from tests.market.statistics import history as kept
from tests.market.statistics.tampering import found, tamper


@pytest.fixture
def filled(history, monkeypatch):
    """Three live contracts, one of them changed, and one that was cancelled, in the month after they were recorded."""
    months = [datetime(2030, month, 10, tzinfo=UTC) for month in (1, 2)]
    monkeypatch.setattr(append, "now", lambda: round(months[0].timestamp()) * 1_000_000)
    ids = history.add(*(history.contract(seller_place=place) for place in ("150203", "150102", "110000", None)))
    monkeypatch.setattr(append, "now", lambda: round(months[1].timestamp()) * 1_000_000)
    history.database.write(SYSTEM, lambda unit: history.change(unit, ids[1], total_fen=9_00, tech_fen=1_00))
    history.database.write(SYSTEM, lambda unit: history.end(unit, ids[3]))
    assert found(history.database) == []
    return history.database


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE deal_cell SET total = total + 1 WHERE cuboid = 26 AND a = '150100'", "cell"),
        ("UPDATE deal_cell SET deals = deals + 1 WHERE cuboid = 13", "cell"),
        ("UPDATE deal_cell SET income = income + 1 WHERE cuboid = -24", "cell"),
        ("DELETE FROM deal_cell WHERE cuboid = 14 AND a = '150200'", "the cube has not"),
        ("UPDATE deal_cell SET a = 'abroad' WHERE cuboid = -20 AND a = '150200'", "the ledger has not"),
        ("DELETE FROM stretch", "which is none or still open"),
        ("UPDATE stretch SET until = until - 1", "the ledger has not"),
    ],
)
def test_a_wrong_cell_or_stretch_is_found_and_mended(filled, statement, words):
    tamper(filled, statement)
    assert any(words in line for line in found(filled))
    rebuild(filled)
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
        ("UPDATE ledger SET income = 7 WHERE seller_place = '150203'", "not what the event posted"),
        ("UPDATE ledger SET income = 7 WHERE sign = -1", "do not come to nothing or one"),
    ],
)
def test_a_difference_between_contracts_ledger_and_journal_is_found(filled, statement, words):
    tamper(filled, statement)
    assert any(words in line for line in found(filled)), found(filled)


def test_an_event_from_before_there_was_income_agrees(history, monkeypatch):
    def without(unit, row):
        line = plus(unit, row)
        del line["income"]
        return line

    def post(unit, event, lines):
        ledger.post(unit, event, [{**line, "income": 0} for line in lines])

    monkeypatch.setattr(kept, "plus", without)
    monkeypatch.setattr(entries, "post", post)
    history.add(history.contract())
    with history.database.read(SYSTEM) as unit:
        assert "income" not in payload(list(entries_of(unit))[-1])["ledger"][0]
    assert found(history.database) == []


def test_an_empty_register_agrees(history):
    assert found(history.database) == []
    rebuild(history.database)
    assert found(history.database) == []


def alter(database, model, this, **values):
    statement = update(model).where(*(getattr(model, name) == value for name, value in this.items())).values(values)
    assert database.write(SYSTEM, lambda unit: unit.execute(statement).rowcount) == 1


def row_of(database, model, row_id):
    with database.read(SYSTEM) as unit:
        return unit.execute(select(model.__table__).where(model.id == row_id)).mappings().one()


def another(model, column, value):
    """A value the column doesn't hold and its type allows."""
    kind = model.__table__.c[column].type
    if isinstance(kind, Boolean):
        return not value
    if isinstance(kind, Date):
        return date(2001, 1, 1)
    return value - 1 if isinstance(value, int) else "XX"


COLUMNS = [column.name for column in Contract.__table__.columns]
MEMBER_COLUMNS = [column.name for column in Organisation.__table__.columns if column.name != "created_at"]
TOGETHER = {
    "act": {"number": None, "office": None, "outside_number": "1"},
    "state": {"live_fingerprint": None},
}
"""Columns a constraint holds together."""


@pytest.mark.parametrize("column", COLUMNS)
def test_every_altered_column_of_a_contract_is_found(world, column):
    made = record(world) if "outside" in column or column == "id" else register(world)
    ended = cancel(world, register(world, contract_no="2"))
    made = change(world, made, tech_amount=5_00)
    assert found(world.database) == []
    values = {
        "act": "outside",
        "state": "revoked",
        **dict.fromkeys(("office", "recorder", "seller_organisation", "buyer_organisation"), world.ids["broker"]),
    }
    value = values.get(column) or another(Contract, column, row_of(world.database, Contract, made["id"])[column])
    alter(world.database, Contract, {"id": made["id"]}, **{column: value}, **TOGETHER.get(column, {}))
    told = found(world.database)
    if column == "id":
        assert {"XX: there is a row, but no event", f"{made['id']}: there are events, but no row"} <= set(told)
    else:
        [line] = [line for line in told if line.startswith(f"{made['id']}: the journal has another ")]
        assert column in line.partition(" another ")[2].split(", ")
    assert not any(ended["id"] in line for line in told)


@pytest.mark.parametrize("column", MEMBER_COLUMNS)
def test_every_altered_column_of_an_organisation_is_found(world, column):
    assert found(world.database) == []
    database, known = world.database, world.ids["office"]
    if column == "id":  # others refer to it, so this one is added
        row = {**row_of(database, Organisation, known), "id": "org_x", "credit_code": None, "number_prefix": None}
        database.write(SYSTEM, lambda unit: unit.execute(Organisation.__table__.insert(), row))
        assert found(database) == ["org_x: there is a row, but no event"]
        return
    alter(
        database,
        Organisation,
        {"id": known},
        **{column: another(Organisation, column, row_of(database, Organisation, known)[column])},
    )
    assert found(database) == [f"{known}: the journal has another {column}"]


def test_a_removed_contract_and_a_removed_organisation_are_found(world):
    made, alone = record(world), world.ids["broker"]

    def work(unit):
        unit.execute(delete(Contract))
        unit.execute(text("DELETE FROM api_key WHERE organisation_id = :id"), {"id": alone})
        unit.execute(delete(Organisation).where(Organisation.id == alone))

    world.database.write(SYSTEM, work)
    told = found(world.database)
    assert f"{made['id']}: there are events, but no row" in told
    assert f"{alone}: there are events, but no row" in told


def test_the_name_of_a_person_is_compared_until_it_is_erased(world):
    made = register(world, seller=plain("测试自然人", nature="natural_person", place="150100"))
    assert found(world.database) == []
    alter(world.database, Contract, {"id": made["id"]}, seller_name="另一人")
    assert found(world.database) == [
        f"{made['id']}: the journal has another seller_name, fingerprint, live_fingerprint"
    ]
    world.database.write(SYSTEM, lambda unit: unit.execute(update(JournalPersonal).values(salt=None, payload=None)))
    assert found(world.database) == []
    alter(world.database, Contract, {"id": made["id"]}, seller_name="x", seller_code="x", live_fingerprint="x")
    assert found(world.database) == [f"{made['id']}: the journal has another seller_code, live_fingerprint"]


@pytest.mark.parametrize(
    ("last", "words"), [(3, "the last number given is 000002, kept is 000003"), (1, "kept is 000001")]
)
def test_a_number_series_that_is_not_at_its_last_number_is_found(world, last, words):
    register(world)
    cancel(world, register(world, contract_no="2"))
    assert found(world.database) == []
    alter(world.database, NumberSeries, {"office": world.ids["office"]}, last=last)
    [line] = found(world.database)
    assert words in line


def test_a_missing_number_or_series_is_found(world):
    made = [register(world, contract_no=str(n)) for n in range(3)]
    alter(world.database, Contract, {"id": made[1]["id"]}, number=made[2]["number"][:-1] + "9")
    assert any("there is a hole" in line for line in found(world.database))
    world.database.write(SYSTEM, lambda unit: unit.execute(delete(NumberSeries)))
    assert any("kept is None" in line for line in found(world.database))
    alter(world.database, Contract, {"id": made[1]["id"]}, number="x")
    assert any("kept is None" in line for line in found(world.database))


def test_many_contracts_are_compared_in_pieces(history, monkeypatch):
    ids = history.add(*(history.contract() for _ in range(7)))
    monkeypatch.setattr("market.statistics.agreement.CHUNK", 3)
    assert found(history.database) == []
    for one in ids:
        alter(history.database, Contract, {"id": one}, outside_office="x")
    assert found(history.database) == [f"{one}: the journal has another outside_office" for one in sorted(ids)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM stretch WHERE since = (SELECT min(since) FROM stretch)", "lies in no stretch"),
        ("UPDATE stretch SET until = until + 1", "overlap"),
    ],
)
def test_stretches_that_leave_lines_out_or_share_them_are_found_and_mended(history, short_stretches, statement, words):
    for _ in range(14):
        history.add(history.contract())
    assert found(history.database) == []
    tamper(history.database, statement)
    assert any(words in line for line in found(history.database))
    rebuild(history.database)
    assert found(history.database) == []
