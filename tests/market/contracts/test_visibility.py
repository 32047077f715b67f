"""Who may know of a contract, and how much of it; and finding one among many."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market.access import PUBLIC, SYSTEM
from market.contracts.queries import by_number, by_outside_id, one, page_of_contracts, shown
from market.errors import Invalid, NotFound
from market.registration import actions
from market.store.types import today
from tests.market.contracts.samples import content, plain
from tests.market.registration.acts import cancel, record, register
from tests.world import World


def seen_by(world: World, name: str, **filters) -> list[dict]:
    with world.database.read(world.actor(name)) as unit:
        return list(page_of_contracts(unit, **filters).rows)


def test_rule_20_parties_the_office_and_auditors_see_it_others_do_not_know_of_it(world):
    made = register(world)
    recorded = record(world, office="office2")
    sees = {
        "enterprise": {made["id"], recorded["id"]},
        "university": {made["id"]},
        "office": {made["id"]},
        "office2": {recorded["id"]},
        "auditor": {made["id"], recorded["id"]},
        "statistician": {made["id"], recorded["id"]},
        "administrator": set(),
        "broker": set(),
        "enterprise2": set(),
        "university2": set(),
    }
    for name, expected in sees.items():
        assert {row["id"] for row in seen_by(world, name)} == expected, name
        for contract, this in ((made, by_number(made["number"])), (recorded, by_outside_id(recorded["id"]))):
            with world.database.read(world.actor(name)) as unit:
                if contract["id"] in expected:
                    assert one(unit, this)["id"] == contract["id"]
                else:
                    with pytest.raises(NotFound):
                        one(unit, this)
    for actor in (PUBLIC, SYSTEM):
        with world.database.read(actor) as unit:
            assert page_of_contracts(unit).rows == []


def test_those_who_see_it_see_it_whole(world):
    made = register(world, contract_no="A-1")
    for name in ("enterprise", "university", "office", "auditor"):
        assert seen_by(world, name) == [made], name


def test_rule_20_statisticians_see_coded_data_only(world):
    register(world, contract_no="A-1", buyer=plain("示例企业09", place="150600", nature="170"))
    [whole] = seen_by(world, "auditor")
    [coded] = seen_by(world, "statistician")
    for name in ("project_name", "contract_no", "demand", "achievement"):
        assert coded.pop(name) is None
        whole.pop(name)
    for side in ("seller", "buyer"):
        hidden = {"organisation": None, "name": None, "credit_code": None}
        assert coded.pop(side) == {**whole.pop(side), **hidden}
    assert coded == whole
    assert "示例" not in str(coded)


def test_an_outside_id_is_no_way_to_a_registered_contract(world):
    made = register(world)
    with world.database.read(world.actor("office")) as unit, pytest.raises(NotFound):
        one(unit, by_outside_id(made["id"]))


@pytest.fixture
def market(world):
    """Five entries: two acts, two offices, three days, one of them ended."""
    first = register(world, contract_no="1")
    cancel(world, register(world, contract_no="2", contract_type="CONSULT", contract_subtype=None))
    register(world, "office2", seller={"organisation": world.ids["university2"]}, field="contract:01")
    record(world)
    day = today() - timedelta(days=400)
    days = {"signed_on": day, "valid_from": day, "act": "registered", "registered_on": day}
    late = content(world, buyer=plain("示例企业09"), **days, office=world.ids["office"])
    world.database.write(SYSTEM, lambda unit: actions.import_contracts(unit, [late]))
    return first


@pytest.mark.usefixtures("market")
def test_filters(world):
    today_, day = today(), today() - timedelta(days=400)
    expected = [
        ({}, 5),
        ({"state": "cancelled"}, 1),
        ({"state": "registered"}, 4),
        ({"act": "outside"}, 1),
        ({"contract_type": "CONSULT"}, 1),
        ({"field": "contract:01"}, 1),
        ({"field": "contract:电子信息"}, 1),
        ({"registered_from": today_}, 4),
        ({"registered_to": day}, 1),
        ({"registered_from": day, "registered_to": today_, "act": "registered", "state": "registered"}, 3),
        ({"registered_from": today_ + timedelta(days=1)}, 0),
        ({"office": "me"}, 0),
        ({"party": "me"}, 0),
    ]
    assert [(filters, len(seen_by(world, "auditor", **filters))) for filters, _ in expected] == expected
    assert len(seen_by(world, "office", office="me")) == 4
    assert len(seen_by(world, "office2", office="me")) == 1
    assert len(seen_by(world, "enterprise", party="me")) == 4
    assert len(seen_by(world, "enterprise", office="me")) == 0
    for wrong in ({"contract_type": "WORK"}, {"field": "contract:77"}):
        with pytest.raises(Invalid):
            seen_by(world, "auditor", **wrong)


@pytest.mark.parametrize("sort", ["registered_on", "-registered_on"])
@pytest.mark.usefixtures("market")
def test_pages_in_either_order_give_each_once(world, sort):
    whole = seen_by(world, "auditor", sort=sort)
    days = [row["registered_on"] for row in whole]
    assert days == sorted(days, reverse=sort.startswith("-"))
    found, cursor = [], None
    with world.database.read(world.actor("auditor")) as unit:
        while True:
            page = page_of_contracts(unit, sort=sort, cursor=cursor, limit=2)
            found += page.rows
            if (cursor := page.next) is None:
                break
    assert found == whole


@pytest.mark.usefixtures("market")
def test_a_cursor_belongs_to_its_question(world):
    with world.database.read(world.actor("auditor")) as unit:
        cursor = page_of_contracts(unit, limit=2).next
        with pytest.raises(Invalid):
            page_of_contracts(unit, limit=2, cursor=cursor, state="registered")


def test_the_view_has_no_column_of_its_own_making(world):
    """`shown` answers what the representation promises, nothing more."""
    made = register(world)
    with world.database.read(world.actor("office")) as unit:
        again = shown(one(unit, by_number(made["number"])), unit.actor)
    assert set(again) == set(made)
    assert not any("fingerprint" in name for name in again)
