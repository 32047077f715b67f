"""The command line: a real installation from an empty database, keys, verification with teeth."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, text, update

from api.app import create_app
from market.access import SYSTEM
from market.cli import main
from market.fields.model import LoadedList
from market.journal.append import Event, append
from market.journal.model import JournalEntry
from market.statistics.model import DealCell
from market.store.config import Settings
from market.store.session import Database
from tests.market.journal.test_journal import GUARDS


@pytest.fixture
def bare(factory, engine, monkeypatch):
    """The address of an empty database, set as DATABASE_URL."""
    url = factory.copy(engine, None)
    monkeypatch.setenv("DATABASE_URL", url)
    yield url
    factory.drop(url)


def run(*arguments):
    return CliRunner().invoke(main, arguments)


INIT = ("init", "--admin-organisation", "测试管理部门", "--place", "150000")


def test_a_real_installation_from_an_empty_database(bare):
    done = run(*INIT)
    assert done.exit_code == 0, done.output
    token = done.output.split()[-1]
    with Database(bare) as database:
        client = create_app(database, Settings()).test_client()
        me = client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (me.status_code, me.json["role"]) == (200, "administrator")
        assert "Market-Synthetic" not in me.headers
        assert not database.is_demo()
    again = run(*INIT)
    assert again.exit_code == 1
    assert "administrator already" in again.output
    assert "tmk_" not in again.output


def test_a_market_of_another_region(bare):
    assert run(*INIT, "--region", "999999").exit_code == 2
    assert run(*INIT, "--region", "150200").exit_code == 0
    with Database(bare) as database:
        client = create_app(database, Settings()).test_client()
        assert client.get("/v1/statistics/deals?period=2018").json["region"]["code"] == "150200"


def test_statistics_before_the_market_is_set_up_are_unavailable(bare):
    run("migrate")
    with Database(bare) as database:
        reply = create_app(database, Settings()).test_client().get("/v1/statistics/deals?period=2018")
        assert (reply.status_code, reply.json["code"]) == (503, "not-set-up")


def test_a_wrong_place_sets_nothing_up(bare):
    refused = run("init", "--admin-organisation", "测试管理部门", "--place", "999999")
    assert refused.exit_code == 1
    assert "place" in refused.output
    assert run(*INIT).exit_code == 0


def test_migrate_is_repeatable(bare):
    assert run("migrate").exit_code == 0
    assert run("migrate").exit_code == 0


def test_migrate_brings_the_newest_reference_data(bare):
    run(*INIT)
    with Database(bare) as database:
        stale = update(LoadedList).where(LoadedList.name == "payment_mode").values(digest="stale")
        database.write(SYSTEM, lambda unit: unit.execute(stale))
        assert run("migrate").exit_code == 0
        with database.read(SYSTEM) as unit:
            now = select(LoadedList.version, LoadedList.digest).where(LoadedList.name == "payment_mode")
            version, digest = unit.execute(now).one()
        assert (version, len(digest)) == (2, 64)


def test_keys_are_issued_and_revoked(bare):
    run(*INIT)
    with Database(bare) as database:
        client = create_app(database, Settings()).test_client()
        with database.read(SYSTEM) as unit:
            organisation = unit.execute(text("SELECT id FROM organisation")).scalar_one()
        key_id, token = run("key", "issue", organisation).output.split()
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/v1/me", headers=headers).status_code == 200
        assert run("key", "revoke", key_id).exit_code == 0
        assert client.get("/v1/me", headers=headers).status_code == 401
        assert run("key", "revoke", "key_none").exit_code == 1
        assert run("key", "issue", "org_none").exit_code == 1


def test_verify_and_head(bare):
    run(*INIT)
    head = run("head").output.strip()
    assert run("verify").exit_code == 0
    assert run("verify", "--expect", head).exit_code == 0
    assert run("verify", "--expect", "1:00").exit_code == 1
    with Database(bare) as database:
        database.write(SYSTEM, lambda unit: append(unit, Event("test.done", "x", 1, {})) and None)
        assert run("verify", "--expect", head).exit_code == 0

        def tamper(unit):
            for guard in GUARDS[database.engine.dialect.name]:
                unit.execute(text(guard))
            unit.execute(update(JournalEntry).where(JournalEntry.seq == 1).values(reason="altered"))

        database.write(SYSTEM, tamper)
    failed = run("verify")
    assert failed.exit_code == 1
    assert "seq 1" in failed.output


def test_rebuild_repairs_the_cells_and_its_check_finds_a_difference(bare):
    run(*INIT)
    assert run("rebuild", "--check").exit_code == 0
    cell = dict.fromkeys(("cuboid", "stat_month", "stretch", "flow", "deals", "total", "tech", "income"), 1)
    with Database(bare) as database:
        database.write(SYSTEM, lambda unit: unit.execute(insert(DealCell), {**cell, "a": "x", "b": "x"}))
        assert run("rebuild", "--check").exit_code == 1
        assert run("verify").exit_code == 1
        assert run("rebuild").exit_code == 0
        with database.read(SYSTEM) as unit:
            assert unit.execute(select(DealCell.a)).all() == []
    assert run("rebuild", "--check").exit_code == 0


def test_the_sample_fills_an_empty_database_and_no_other(bare):
    run(*INIT)
    refused = run("sample")
    assert refused.exit_code == 1
    assert "set up already" in refused.output


@pytest.mark.parametrize("years", ["2016", "2017-2024", "2018-2017", "2017-", "x", "-2018", "2018-2019-2020"])
def test_only_years_with_figures_to_fit_are_made(bare, years):
    refused = run("sample", "--years", years)
    assert refused.exit_code == 2
    assert "Years are" in refused.output or "2017 to 2023" in refused.output


PAST = {
    "act": "registered",
    "registered_on": "2018-03-05",
    "project_name": "示例项目",
    "contract_type": "CONSULT",
    "seller": {"name": "示例卖方", "country": "CN", "place": "150102"},
    "buyer": {"name": "示例买方", "country": "CN", "place": "110000"},
    "total_amount": "1000.00",
    "tech_amount": "900.00",
    "signed_on": "2018-03-01",
    "valid_from": "2018-03-01",
    "valid_to": "2019-03-01",
    "field": "contract:01",
}


@pytest.fixture
def past(world, monkeypatch, tmp_path):
    """A function that imports lines into a world."""
    monkeypatch.setenv("DATABASE_URL", world.database.engine.url.render_as_string(hide_password=False))

    def run_import(*rows):
        file = tmp_path / "past.jsonl"
        file.write_text("\n".join(json.dumps(row) if isinstance(row, dict) else row for row in rows))
        return run("import", str(file))

    return run_import


def test_past_registrations_are_imported_and_marked_late(world, past):
    outside = {"number": "2018119900900001", "office": "示例外省登记处"}
    swapped = {"seller": PAST["buyer"], "buyer": PAST["seller"]}
    row = {**PAST, "office": world.ids["office"]}
    done = past(row, {**PAST, **swapped, "act": "outside", "office": world.ids["office"], "outside": outside})
    assert done.output == "2 contracts are in.\n"
    client = create_app(world.database, Settings()).test_client()
    found = client.get("/v1/contracts", headers={"Authorization": f"Bearer {world.keys['auditor']}"}).json["items"]
    assert {(item["number"], item["late"], item["registered_on"]) for item in found} == {
        ("2018990000000001", True, "2018-03-05"),
        (None, True, "2018-03-05"),
    }
    totals = client.get("/v1/statistics/deals?period=2018").json["totals"]
    assert totals["deals"] == 2
    assert run("verify").exit_code == 0
    again = past(row)
    assert again.exit_code == 1
    assert "/0" in again.output


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"total_amount": "x"}, "/1/total_amount"),
        ({"total_amount": "1e400"}, "/1/total_amount"),
        ({"total_amount": "1.001"}, "/1/total_amount"),
        ({"total_amount": 5}, "/1/total_amount"),
        ({"signed_on": "2018-02-30"}, "/1/signed_on"),
        ({"registered_on": None}, "/1/registered_on"),
        ({"act": "other"}, "/1/act"),
        ({"act": "outside"}, "/1/outside"),
        ({"registered_on": "2150-01-01"}, "/1/registered_on"),
        ({"office": None}, "/1/office"),
        ({"nothing": "x"}, "/1/nothing"),
        ({"seller": {"nobody": "x"}}, "/1/seller"),
        ({"seller": "x"}, "/1/seller"),
        ({"outside": {"number": "1"}}, "/1/outside"),
        ({"field": "contract:99"}, "/1/field"),
        ({"office": "org_none"}, "/1"),
        ({"project_name": None}, "/1/project_name"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(world, past, change, pointer):
    good = {**PAST, "office": world.ids["office"]}
    refused = past(good, {**good, "project_name": "另一个项目", **change})
    assert refused.exit_code == 1
    assert pointer in refused.output, refused.output
    client = create_app(world.database, Settings()).test_client()
    assert client.get("/v1/statistics/deals?period=2018").json["totals"]["deals"] == 0


@pytest.mark.parametrize("line", ["{", "[]", "null", '"x"', "{}"])
def test_a_line_that_is_no_contract_is_refused(past, line):
    refused = past(line)
    assert refused.exit_code == 1
    assert isinstance(refused.exception, SystemExit)
