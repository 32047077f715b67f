"""Registering (登记): number, row, event and ledger line of one contract, and that nothing is registered twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine

from market.access import SYSTEM
from market.contracts.model import Contract, NumberSeries
from market.errors import Conflict, Forbidden, Invalid
from market.journal import read as journal
from market.registration import actions
from market.statistics.model import LedgerLine
from market.store.types import SHANGHAI, today
from tests.market.contracts.samples import content, plain
from tests.market.registration.acts import cancel, events, record, register, revoke, rows
from tests.world import credit_code


def test_a_registration_makes_number_row_event_and_ledger_line(world):
    made = register(world)
    assert made["number"] == f"{today().year}990000000001"
    assert made["registered_on"] == today()
    assert (made["act"], made["state"], made["version"], made["late"]) == ("registered", "registered", 1, False)
    assert made["office"] == {"id": world.ids["office"], "name": "测试office"}
    assert made["outside"] is None
    assert made["seller"] == {
        "organisation": world.ids["university"],
        "name": "测试university",
        "credit_code": credit_code(2),
        "country": "CN",
        "place": "150102",
        "nature": "0221",
    }
    [row] = rows(world.database, Contract)
    assert (row["id"], row["office_place"], row["recorder"]) == (made["id"], "150000", world.ids["office"])
    [line] = rows(world.database, LedgerLine)
    assert (line["contract_id"], line["sign"], line["total"], line["tech"]) == (made["id"], 1, 1_200_000_00, 400_000_00)
    [entry] = events(world.database, "contract.registered")
    payload = journal.payload(entry)
    assert (entry["subject"], entry["subject_version"], entry["occurred_on"]) == (made["id"], 1, today())
    assert (entry["seq"], entry["actor_organisation"]) == (line["seq"], world.ids["office"])
    assert payload["seller_name"] == "测试university"
    assert payload["signed_on"] == today().isoformat()
    assert payload["ledger"] == [{name: line[name] for name in payload["ledger"][0]}]
    with world.database.read(SYSTEM) as unit:
        assert journal.verify(unit) == []


def test_a_registration_costs_at_most_twelve_statements(world, statements):
    register(world)
    body = content(world, contract_no="A-2")
    world.database.write(world.actor("office"), lambda unit: actions.register(unit, body))
    with statements(world.database) as count:
        body = content(world, contract_no="A-3")
        world.database.write(world.actor("office"), lambda unit: actions.register(unit, body))
    assert count.n <= 12, count.texts


def test_numbers_run_by_office_and_by_the_shanghai_year(world):
    baotou, year = {"organisation": world.ids["university2"]}, today().year + 1
    days = {"signed_on": today(), "valid_from": today(), "valid_to": today() + timedelta(days=9000)}
    last, first = datetime(year, 12, 31, 23, 59, tzinfo=SHANGHAI), datetime(year + 1, 1, 1, 0, 1, tzinfo=SHANGHAI)
    with time_machine.travel(last, tick=False):
        assert register(world, contract_no="1", **days)["number"] == f"{year}990000000001"
        assert register(world, contract_no="2", **days)["number"] == f"{year}990000000002"
        assert register(world, "office2", seller=baotou, **days)["number"] == f"{year}990200000001"
    with time_machine.travel(first, tick=False):
        made = register(world, contract_no="3", **days)
        assert (made["number"], made["registered_on"]) == (f"{year + 1}990000000001", first.date())


def test_a_refused_registration_leaves_no_hole(world):
    register(world)
    with pytest.raises(Conflict):
        register(world)
    with pytest.raises(Invalid):
        register(world, tech_amount=0)

    def fail(unit):
        actions.register(unit, content(world, contract_no="2"))
        raise RuntimeError("after the number was taken")

    with pytest.raises(RuntimeError):
        world.database.write(world.actor("office"), fail)
    assert register(world, contract_no="3")["number"].endswith("000002")
    [series] = rows(world.database, NumberSeries)
    assert (series["year"], series["last"]) == (today().year, 2)


def test_a_full_series_gives_no_number(world):
    body = {"office": world.ids["office"], "year": today().year, "last": 999_999}
    world.database.write(SYSTEM, lambda unit: unit.execute(NumberSeries.__table__.insert(), body))
    with pytest.raises(Conflict) as refusal:
        register(world)
    assert refusal.value.code == "number-series-exhausted"


def test_only_an_organisation_with_a_prefix_registers(world):
    actor = replace(world.actor("administrator"), member="mem_0")
    with pytest.raises(Conflict) as refusal:
        world.database.write(actor, lambda unit: actions.register(unit, content(world)))
    assert refusal.value.code == "no-number-prefix"
    with pytest.raises(Forbidden):
        world.database.write(SYSTEM, lambda unit: actions.register(unit, content(world)))


def test_rule_3_the_same_contract_is_registered_once_at_whatever_office(world):
    baotou = {"organisation": world.ids["university2"]}
    made = register(world, "office2", seller=baotou)
    for spelled in ("示例项目：稀土永磁电机 开发", "示例项目:稀土永磁电机开发!"):
        with pytest.raises(Conflict) as refusal:
            register(world, "office2", seller=baotou, project_name=spelled)
        assert refusal.value.code == "duplicate-contract"
        assert made["number"] in refusal.value.detail
    with pytest.raises(Conflict) as refusal:
        register(world, "office", seller=baotou)
    assert refusal.value.code == "duplicate-contract"
    assert made["number"] not in refusal.value.detail  # the other office may not know of it
    assert len(rows(world.database, Contract)) == 1


def test_rule_3_holds_over_both_acts(world):
    made = record(world)
    same = {"seller": plain("x", credit_code=credit_code(901), place="150100")}  # the seller, moved into the region
    with pytest.raises(Conflict) as refusal:
        register(world, **same)
    assert made["outside"]["number"] in refusal.value.detail


def test_rule_11_an_ended_contract_may_be_registered_again_under_a_new_number(world):
    first = register(world)
    cancel(world, first)
    second = register(world)
    revoke(world, second)
    third = register(world)
    numbers = [first["number"], second["number"], third["number"]]
    assert [number[-6:] for number in numbers] == ["000001", "000002", "000003"]
    assert [row["state"] for row in rows(world.database, Contract)] == ["cancelled", "revoked", "registered"]


def test_the_name_of_a_natural_person_is_personal_data(world):
    person = plain("测试自然人", nature="natural_person", place="150100")
    made = register(world, seller=person)
    assert made["seller"]["name"] == "测试自然人"
    [entry] = events(world.database, "contract.registered")
    assert "测试自然人" not in entry["payload"]
    assert journal.payload(entry)["seller_name"] is None
    assert entry["personal"] == '{"seller_name":"测试自然人"}'
    assert "fingerprint" not in entry["payload"]  # from which the name could be guessed
