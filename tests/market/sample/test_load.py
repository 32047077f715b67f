"""The sample in a database: the published figures come out over the API, and no figure knows the targets."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest

from api.app import create_app
from market.access import SYSTEM
from market.errors import Conflict
from market.journal import read as journal
from market.sample.generate import generate
from market.sample.load import load
from market.statistics.agreement import check
from market.store.config import Settings
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database
from tests.market.statistics.test_document import examples

PUBLISHED = [
    ("2018", "output", 814, "1983983056.48"),
    ("2018", "absorbed", 5983, "22687411200.00"),
    ("2018", "internal", 520, "1071394256.48"),
    ("2018", "involved", 6277, "23600000000.00"),
    ("2017", "output", 678, "1960868088.62"),
    ("2017", "absorbed", 3579, "15745978431.76"),
    ("2017", "internal", 492, "1430984451.41"),
    ("2017", "involved", 3765, "16275862068.97"),
]


def client_of(database):
    return create_app(database, Settings()).test_client()


def deals(client, **question):
    reply = client.get("/v1/statistics/deals", query_string=question)
    assert reply.status_code == 200, reply.json
    return reply.json


def breaks(database):
    with database.snapshot(SYSTEM) as unit:
        return journal.verify(unit, None) + check(unit)


def change_one_contract(client, keys, **question):
    """Raise a recorded contract of 2018 by 1.00 yuan; what the total grew by."""
    office = {"Authorization": f"Bearer {keys['office']}"}
    before = deals(client, **question)["totals"]["total_amount"]
    recorded = {"act": "outside", "registered_from": "2018-01-01", "limit": 1}
    [contract] = client.get("/v1/contracts", headers=office, query_string=recorded).json["items"]
    path = f"/v1/outside-contracts/{contract['id']}"
    tag = client.get(path, headers=office).headers["ETag"]
    body = {
        "reason": "AMOUNT_CHANGED",
        "changes": {"total_amount": str(Decimal(contract["total_amount"]) + 1)},
    }
    changed = client.post(f"{path}/change", headers={**office, "If-Match": tag}, json=body)
    assert changed.status_code == 200, changed.json
    return Decimal(deals(client, **question)["totals"]["total_amount"]) - Decimal(before)


def refused(client, keys):
    """The examples of the document that are not answered: with a key only where it says so."""
    found = []
    for address in examples():
        for_all = "adjustments" not in address
        reply = client.get(address, headers={} if for_all else {"Authorization": f"Bearer {keys['auditor']}"})
        if reply.status_code != 200:
            found.append((address, reply.text))
    return found


def test_the_published_figures_come_out(factory, engine, capsys):
    with factory.open(engine, "empty") as database:
        keys = load(database)
        assert "10042 of 10042 contracts" in capsys.readouterr().err
        assert breaks(database) == []
        client = client_of(database)
        for period, basis, count, amount in PUBLISHED:
            totals = deals(client, period=period, basis=basis)["totals"]
            assert (totals["deals"], totals["total_amount"]) == (count, amount)
        headline = deals(client, period="2018", basis="involved", compare="previous_year")
        assert (headline["totals"]["growth"]["deals"], headline["totals"]["growth"]["total_amount"]) == (0.6672, 0.45)
        assert headline["synthetic"] is True
        assert refused(client, keys) == []
        assert change_one_contract(client, keys, period="2018", basis="involved") == 1
        assert breaks(database) == []


def test_a_later_year_reproduces_the_yearbook(factory):
    """On one engine: what another one would add to these 6,302 contracts, `test_the_published_figures_come_out` adds."""
    with factory.open("sqlite", "empty") as database:
        load(database, generate(years=(2019,)))
        client = client_of(database)
        quoted = client.get("/v1/published-figures", query_string={"region": "150000", "period": "2019"}).json["items"]
        assert [(one["basis"], one["measure"], one["difference"]) for one in quoted] == [
            ("output", "deals", 0),
            ("output", "total_amount", "0.00"),
            ("absorbed", "deals", 0),
            ("absorbed", "total_amount", "0.00"),
        ]
        assert quoted[3]["computed"] == quoted[3]["value"] == "17945840000.00"
        answer = deals(client, period="2019", basis="involved")
        assert answer["totals"]["deals"] == 6302
        assert "2018 年以后的区内与涉及" in answer["synthetic_note"]


@pytest.fixture
def small():
    """A market of few listings and contracts of every kind."""
    market = generate(years=(2018,))
    kinds = Counter()
    contracts = []
    for contract in market.contracts:
        kind = contract.act, contract.seller.inside, contract.seller.foreign, contract.seller.place is None
        kinds[kind] += 1
        if kinds[kind] <= 3:
            contracts.append(contract)
    achievements = islice((one for one in market.listings if one.kind == "achievement"), 8)
    demands = islice((one for one in market.listings if one.kind == "demand"), 12)
    return replace(market, listings=(*achievements, *demands), contracts=tuple(contracts))


def test_each_key_is_of_its_role(factory, engine, small):
    with factory.open(engine, "empty") as database:
        keys = load(database, small)
        client = client_of(database)
        for role, key in keys.items():
            me = client.get("/v1/me", headers={"Authorization": f"Bearer {key}"}).json
            assert me["role"] == {"colleague": "office"}.get(role, role)
            assert me["organisation"]["name"].startswith("示例")
        assert len(keys) == 8


def test_listings_are_public_and_belong_to_their_owners(factory, engine, small):
    with factory.open(engine, "empty") as database:
        load(database, small)
        client = client_of(database)
        shown = [
            item for path in ("achievements", "demands") for item in client.get(f"/v1/{path}?limit=100").json["items"]
        ]
        names = {organisation.key: organisation.name for organisation in small.organisations}
        expected = {
            (one.title, None if one.anonymous else names[one.owner], one.amount is None) for one in small.listings
        }
        assert {
            (item["title"], item["owner"] and item["owner"]["name"], item["negotiable"]) for item in shown
        } == expected
        assert any(one.anonymous for one in small.listings)


def test_contracts_keep_their_days_and_say_that_they_came_late(factory, engine, small):
    with factory.open(engine, "empty") as database:
        keys = load(database, small)
        client = client_of(database)
        listed = client.get("/v1/contracts?limit=100", headers={"Authorization": f"Bearer {keys['auditor']}"}).json
        by_number = {item["contract_no"]: item for item in listed["items"]}
        assert len(by_number) == len(small.contracts)
        names = {organisation.key: organisation.name for organisation in small.organisations}
        for contract in small.contracts:
            item = by_number[contract.contract_no]
            assert item["late"] is True
            assert item["registered_on"] == str(contract.registered_on)
            assert Decimal(item["total_amount"]) * 100 == contract.total_amount
            assert item["seller"]["name"] == contract.seller.name
            assert (item["seller"]["organisation"] is None) == (contract.seller.organisation is None)
            if contract.act == "registered":
                assert item["office"]["name"] == names[contract.office]
                assert item["number"].startswith("201899")
            else:
                assert item["outside"]["number"] == contract.outside.number


def test_a_real_database_refuses_the_sample(factory, engine, small):
    url = factory.copy(engine, None)
    try:
        with Database(url) as database:
            upgrade(database)
            database.write(SYSTEM, lambda unit: set_up(unit.connection, "real"))
            with pytest.raises(Conflict) as refusal:
                load(database, small)
            assert refusal.value.code == "not-a-demo"
            with database.snapshot(SYSTEM) as unit:
                assert str(journal.head(unit)).startswith("0:")
    finally:
        factory.drop(url)
