from __future__ import annotations

from typing import Any

import pytest

from market.access import PUBLIC, SYSTEM
from market.errors import Conflict, Invalid, NotFound, Stale
from market.fields.actions import change_link, link_fields, remove_link
from market.fields.queries import catalogue, crosswalk
from market.journal.read import entries, payload, verify
from market.store.session import Database

SAID = {"relation": "narrower", "status": "proposed", "source": "test"}


def facts(from_tag: str, to_tag: str, **rest: str) -> dict[str, Any]:
    return {"from_tag": from_tag, "to_tag": to_tag, **SAID, **rest}


def related(database: Database, tag: str) -> dict[str, str]:
    with database.read(PUBLIC) as unit:
        return dict(catalogue(unit).related(tag))


def test_a_new_link_is_seen_at_once(database: Database) -> None:
    assert "hightech:501" not in related(database, "contract:09")
    row = database.write(SYSTEM, lambda unit: link_fields(unit, facts("contract:农业", "hightech:501")))
    assert row == {**facts("contract:09", "hightech:501"), "version": 1}
    assert related(database, "contract:09")["hightech:501"] == "narrower"
    assert related(database, "hightech:501")["contract:09"] == "broader"


def test_a_link_joins_two_known_fields_of_two_schemes_once(database: Database) -> None:
    with pytest.raises(Invalid) as unknown:
        database.write(SYSTEM, lambda unit: link_fields(unit, facts("contract:99", "hightech:nothing")))
    assert [error.pointer for error in unknown.value.errors] == ["/from", "/to"]
    with pytest.raises(Invalid) as same:
        database.write(SYSTEM, lambda unit: link_fields(unit, facts("contract:01", "contract:02")))
    assert same.value.errors[0].code == "same-scheme"
    for ends in (("contract:01", "hightech:10"), ("hightech:10", "contract:01")):
        with pytest.raises(Conflict):
            database.write(SYSTEM, lambda unit, ends=ends: link_fields(unit, facts(*ends)))


def test_a_change_needs_the_version_that_was_read(database: Database) -> None:
    ends = ("contract:01", "hightech:10")
    row = database.write(SYSTEM, lambda unit: change_link(unit, *ends, SAID, 1))
    assert row["version"] == 2
    assert related(database, "contract:01")["hightech:10"] == "narrower"
    with pytest.raises(Stale):
        database.write(SYSTEM, lambda unit: change_link(unit, *ends, {**SAID, "relation": "related"}, 1))
    with pytest.raises(NotFound):
        database.write(SYSTEM, lambda unit: change_link(unit, "contract:01", "hightech:20", SAID, None))
    assert related(database, "contract:01")["hightech:10"] == "narrower"


def test_a_removed_link_is_gone_and_may_come_back(database: Database) -> None:
    ends = ("contract:01", "hightech:10")
    assert database.write(SYSTEM, lambda unit: remove_link(unit, *ends, 1))["version"] == 2
    assert "hightech:10" not in related(database, "contract:01")
    with database.read(PUBLIC) as unit, pytest.raises(NotFound):
        crosswalk(unit, *ends)
    with pytest.raises(NotFound):
        database.write(SYSTEM, lambda unit: remove_link(unit, *ends, None))
    row = database.write(SYSTEM, lambda unit: link_fields(unit, facts("hightech:10", "contract:01")))
    assert row["version"] == 3
    assert related(database, "contract:01")["hightech:10"] == "broader"


def test_every_act_is_in_the_journal(database: Database) -> None:
    ends = ("contract:01", "hightech:501")
    database.write(SYSTEM, lambda unit: link_fields(unit, facts(*ends)))
    database.write(SYSTEM, lambda unit: change_link(unit, *ends, {**SAID, "relation": "related"}, 1))
    database.write(SYSTEM, lambda unit: remove_link(unit, *ends, 2))
    with database.snapshot(PUBLIC) as unit:
        kinds = ("crosswalk.added", "crosswalk.changed", "crosswalk.removed")
        found = list(entries(unit, kinds=kinds))
        assert [(entry["kind"], entry["subject_version"]) for entry in found] == [
            *(("crosswalk.added", 1), ("crosswalk.changed", 2), ("crosswalk.removed", 3))
        ]
        assert {entry["subject"] for entry in found} == {"crosswalk:contract:01=hightech:501"}
        assert payload(found[1])["relation"] == "related"
        assert verify(unit) == []
