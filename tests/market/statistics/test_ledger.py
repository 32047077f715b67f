"""What is posted, when, and that nobody can alter it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from market.access import SYSTEM
from market.journal import append
from market.journal.append import Event
from market.statistics.agreement import check
from market.statistics.cube import CUBOIDS
from market.statistics.ledger import flow, minus, plus, post, with_income
from market.statistics.model import DealCell, LedgerLine
from market.statistics.rebuild import rebuild
from market.store.session import Database
from market.store.types import month_of, today
from tests.market.statistics.history import History


def lines(database, contract):
    columns = LedgerLine.__table__.columns
    with database.read(SYSTEM) as unit:
        found = unit.execute(
            select(*columns).where(LedgerLine.contract_id == contract).order_by(LedgerLine.seq, LedgerLine.line)
        )
        return [dict(row) for row in found.mappings()]


def posted(database, history, **given):
    with database.read(SYSTEM) as unit:
        return plus(unit, history.contract(**given))


PLACES = [
    ("CN", "150203", ("150203", "150200", "150000")),
    ("CN", "150200", ("150200", "150200", "150000")),
    ("CN", "150000", ("150000", "150000", "150000")),
    ("CN", "130100", ("130100", "130100", "130000")),
    ("CN", "110000", ("110000", "110000", "110000")),
    ("CN", "429000", ("429000", "429000", "420000")),
    ("CN", "152301", ("152301", "152300", "150000")),
    ("CN", None, ("unspecified",) * 3),
    ("CN", "810000", ("hk_mo_tw",) * 3),
    ("TW", None, ("hk_mo_tw",) * 3),
    ("HK", "810000", ("hk_mo_tw",) * 3),
    ("US", None, ("abroad",) * 3),
]


def test_places_are_kept_at_three_levels(history):
    for country, place, expected in PLACES:
        line = posted(history.database, history, seller_country=country, seller_place=place)
        assert (line["seller_place"], line["seller_league"], line["seller_province"]) == expected


FLOWS = [
    ("150203", "150102", "registered", 1),
    ("150203", "110000", "registered", 2),
    ("110000", "150203", "registered", 3),
    ("110000", None, "registered", 4),
    ("150203", "150102", "outside", 5),
    ("150203", "110000", "outside", 6),
    ("110000", "150203", "outside", 7),
]


def test_flow_tells_both_sides_and_who_registered(history):
    for seller, buyer, act, expected in FLOWS:
        assert posted(history.database, history, seller_place=seller, buyer_place=buyer, act=act)["flow"] == expected


def test_an_office_outside_the_region_is_not_registered_here():
    assert flow(True, True, registered_here=False) == 5


def test_home_is_what_the_market_was_set_up_for(history, monkeypatch):
    monkeypatch.setattr(history.database, "home_region", lambda: "110000")
    line = posted(history.database, history, seller_place="150203", buyer_place="110000")
    assert line["flow"] == 3 + 4


def test_what_a_contract_leaves_open_is_unspecified(history):
    line = posted(history.database, history, contract_type="CONSULT", contract_subtype=None, act="outside")
    assert line["ip_type"] == line["plan_source"] == line["served_industry"] == "unspecified"
    assert line["contract_subtype"] == "CONSULT"
    assert line["office"] == line["office_place"] == "elsewhere"
    assert (line["linked_demand"], line["linked_achievement"]) == (0, 0)
    assert None not in line.values()


def test_a_change_takes_back_exactly_what_was_posted(history):
    [contract] = history.add(history.contract(registered_on=date(2018, 3, 15)))
    history.database.write(
        SYSTEM, lambda unit: history.change(unit, contract, total_fen=7, tech_fen=5, ip_type="SECRET")
    )
    first, back, again = lines(history.database, contract)
    moved = {"seq", "line", "sign", "total", "tech"}
    assert {k: v for k, v in back.items() if k not in moved} == {k: v for k, v in first.items() if k not in moved}
    assert (back["sign"], back["total"], back["tech"]) == (-1, -first["total"], -first["tech"])
    assert (again["seq"], again["line"], again["version"]) == (back["seq"], 2, 2)
    assert (again["total"], again["tech"], again["ip_type"], again["stat_month"]) == (7, 5, "SECRET", 201803)
    assert {line["rec_month"] for line in (first, back, again)} == {month_of(today())}


def test_income_moves_nothing_but_income_and_stays_through_a_change(history):
    [contract] = history.add(history.contract())
    with history.database.read(SYSTEM) as unit:
        assert with_income(unit, contract, 0) == []
    for income in (70, 40, 40):
        history.database.write(SYSTEM, lambda unit, fen=income: history.approve(unit, contract, fen))
    posted = lines(history.database, contract)
    assert [(line["sign"], line["income"]) for line in posted] == [(1, 0), (-1, 0), (1, 70), (-1, -70), (1, 40)]
    assert {line["version"] for line in posted} == {1}
    moved = {"seq", "line", "sign", "total", "tech", "income"}
    assert len({tuple((k, v) for k, v in line.items() if k not in moved) for line in posted}) == 1
    history.database.write(SYSTEM, lambda unit: history.change(unit, contract, total_fen=7, tech_fen=5))
    history.database.write(SYSTEM, lambda unit: history.end(unit, contract))
    changed = lines(history.database, contract)[-3:]
    assert [(line["version"], line["total"], line["income"]) for line in changed] == [
        *((1, -100_000_00, -40), (2, 7, 40), (2, -7, -40)),
    ]


def test_an_ended_contract_cannot_be_taken_back_twice(history):
    [contract] = history.add(history.contract())
    history.database.write(SYSTEM, lambda unit: history.end(unit, contract))
    assert [line["sign"] for line in lines(history.database, contract)] == [1, -1]
    with pytest.raises(ValueError, match="no live line"), history.database.read(SYSTEM) as unit:
        minus(unit, contract)


def test_nothing_is_posted_without_its_event(history):
    def work(unit):
        line = plus(unit, history.contract())
        post(unit, Event("contract.registered", line["contract_id"], 1, {}), [line])

    with pytest.raises((ValueError, KeyError)):
        history.database.write(SYSTEM, work)
    with history.database.read(SYSTEM) as unit:
        assert unit.execute(select(func.count()).select_from(LedgerLine)).scalar_one() == 0


def test_a_failed_unit_leaves_neither_line_nor_cell(history):
    def work(unit):
        history.register(unit, history.contract())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        history.database.write(SYSTEM, work)
    with history.database.read(SYSTEM) as unit:
        assert unit.execute(select(func.count()).select_from(LedgerLine)).scalar_one() == 0
        assert unit.execute(select(func.count()).select_from(DealCell)).scalar_one() == 0


def test_a_contract_touches_one_cell_of_each_cuboid_and_one_of_each_league_in_one_statement(history, statements):
    with statements(history.database) as counted:
        history.add(history.contract())
    assert sum("deal_cell" in text for text in counted.texts) == 1
    with history.database.read(SYSTEM) as unit:
        cells = select(DealCell.cuboid, DealCell.a, DealCell.b).order_by(DealCell.cuboid, DealCell.a)
        found = [tuple(row) for row in unit.execute(cells)]
    assert sorted({-number for number, *_ in found}) == [cuboid.number for cuboid in CUBOIDS]
    assert [cell for cell in found if cell[0] == -23] == [(-23, "150100", "DEV"), (-23, "150200", "DEV")]
    assert len(found) == len(CUBOIDS) + 1


def stretches_closed(database):
    """The stretches that each cuboid was closed at; the check finds nothing."""
    with database.snapshot(SYSTEM) as unit:
        assert check(unit) == []
        kept = select(DealCell.cuboid, DealCell.stretch).where(DealCell.cuboid > 0).distinct()
        by_cuboid = {number: set() for number in (cuboid.number for cuboid in CUBOIDS)}
        for number, since in unit.execute(kept):
            by_cuboid[number].add(since)
        [closed] = {frozenset(each) for each in by_cuboid.values()}
        return set(closed)


def lines_of(database):
    """The seqs of the ledger's lines."""
    with database.read(SYSTEM) as unit:
        return unit.execute(select(LedgerLine.seq).order_by(LedgerLine.seq)).scalars().all()


def test_a_recorded_month_is_closed_when_the_next_one_begins(history, monkeypatch):
    """Whoever posts first in it, whatever else was recorded before, and once."""
    begun = {}
    for month in (1, 1, 3, 4, 4):
        at = round(datetime(2030, month, 10, tzinfo=UTC).timestamp()) * 1_000_000
        monkeypatch.setattr(append, "now", lambda at=at: at)
        history.database.write(SYSTEM, lambda unit: append.append(unit, Event("listing.seen", "lst_1", 1, {})))
        history.add(history.contract())
        begun.setdefault(month, lines_of(history.database)[-1])
        closed = {since for before, since in begun.items() if before < month}
        assert stretches_closed(history.database) == closed
        with Database(history.database.engine.url.render_as_string(hide_password=False)) as other:
            History(other, history.office).add(history.contract())
        assert stretches_closed(history.database) == closed


def test_a_month_of_many_lines_is_closed_in_stretches(history, monkeypatch, short_stretches):
    """After four lines, whatever seqs lie between, even within a unit; one that is refused closes nothing."""
    at = round(datetime(2030, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000
    monkeypatch.setattr(append, "now", lambda: at)

    def begun(*numbers):
        seqs = lines_of(history.database)
        return {seqs[number] for number in numbers}

    for _ in range(9):
        history.database.write(SYSTEM, lambda unit: append.append(unit, Event("listing.seen", "lst_1", 1, {})))
        history.add(history.contract())
    assert stretches_closed(history.database) == begun(0, 4)
    ids = history.add(*(history.contract() for _ in range(10)))
    assert stretches_closed(history.database) == begun(0, 4, 8, 12)

    def change_all(unit):
        for contract in ids:
            history.change(unit, contract, total_fen=9_00, tech_fen=1_00)

    def stumble(unit):
        change_all(unit)
        unit.at_seal(lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        history.database.write(SYSTEM, stumble)
    assert stretches_closed(history.database) == begun(0, 4, 8, 12)
    history.database.write(SYSTEM, change_all)  # from the twentieth line on; both lines of an entry stay together
    in_stretches = begun(0, 4, 8, 12, 16, 21, 25, 29, 33)
    assert stretches_closed(history.database) == in_stretches
    rebuild(history.database)
    assert stretches_closed(history.database) == in_stretches


def test_thousands_of_lines_are_posted_in_one_unit(history):
    months = [date(1950 + number // 12, number % 12 + 1, 1) for number in range(600)]
    history.add(*(history.contract(registered_on=day) for day in months))
    with history.database.read(SYSTEM) as unit:
        each = select(DealCell.cuboid, func.count()).group_by(DealCell.cuboid)
        stretches = {-cuboid.number: 50 if cuboid.yearly else 600 for cuboid in CUBOIDS}
        assert dict(map(tuple, unit.execute(each))) == stretches | {-23: 1200}


@pytest.mark.parametrize(
    "statement", [update(LedgerLine).values(total=0), delete(LedgerLine)], ids=["update", "delete"]
)
def test_the_database_refuses_to_alter_the_ledger(history, statement):
    history.add(history.contract())
    with pytest.raises(DBAPIError, match="append-only"):
        history.database.write(SYSTEM, lambda unit: unit.execute(statement))


@pytest.mark.parametrize("wrong", [{"rec_month": 201802}, {"sign": 2}, {"flow": 9}])
def test_the_database_refuses_an_impossible_line(history, wrong):
    line = posted(history.database, history)
    row = {**line, "seq": 1, "line": 1, "rec_month": 201803, **wrong}
    with pytest.raises(IntegrityError):
        history.database.write(SYSTEM, lambda unit: unit.execute(insert(LedgerLine), [row]))
