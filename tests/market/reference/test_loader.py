from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from market.access import PUBLIC, SYSTEM
from market.fields.actions import change_link, link_fields, remove_link
from market.fields.model import CodeEntry, CrosswalkEntry, FieldEntry, LoadedList
from market.fields.queries import catalogue, code_lists
from market.journal.read import entries, payload, verify
from market.places.model import PlacePeriod
from market.places.queries import tree
from market.reference import loader
from market.reference.loader import Shipped, load_all, shipped_lists
from market.statistics.model import PolicyTarget, PublishedFigure
from market.store.session import Database, Unit

SAID = {"relation": "related", "status": "official", "source": "test"}


def ship(monkeypatch: pytest.MonkeyPatch, **changed: list[dict[str, Any]]) -> None:
    """Let the next load find other rows in some lists."""

    def altered() -> Iterator[Shipped]:
        for shipped in shipped_lists():
            yield replace(shipped, rows=changed.get(shipped.name, shipped.rows))

    monkeypatch.setattr(loader, "shipped_lists", altered)


def shipped_rows(name: str) -> list[dict[str, Any]]:
    """The rows of one list as shipped."""
    return next(shipped.rows for shipped in shipped_lists() if shipped.name == name)


def version(database: Database) -> int:
    with database.read(PUBLIC) as unit:
        return unit.reference_version()


def test_everything_is_loaded_with_one_event_for_each_list(empty_database: Database) -> None:
    changed = empty_database.write(SYSTEM, load_all)
    assert len(changed) == len(set(changed)) == len(list(shipped_lists()))
    assert {"places", "contract", "hightech", "region", "crosswalks", "contract_type", "industry"} <= set(changed)
    with empty_database.snapshot(PUBLIC) as unit:
        count = {
            table: unit.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (PlacePeriod, FieldEntry, CrosswalkEntry, CodeEntry, PublishedFigure, PolicyTarget)
        }
        assert count == {
            PlacePeriod: 605,
            FieldEntry: 368,
            CrosswalkEntry: 187,
            CodeEntry: 238 + 1971,
            PublishedFigure: 1952,
            PolicyTarget: 5,
        }
        events = list(entries(unit, kinds=("reference.loaded",)))
        assert [payload(event)["name"] for event in events] == changed
        digests = {shipped.name: shipped.digest for shipped in shipped_lists()}
        assert {payload(event)["name"]: payload(event)["digest"] for event in events} == digests
        assert {event["subject_version"] for event in events} == {1}
        assert unit.reference_version() == 1
        assert verify(unit) == []


def test_loading_again_changes_nothing(database: Database) -> None:
    before = version(database)
    assert database.write(SYSTEM, load_all) == []
    assert version(database) == before
    with database.snapshot(PUBLIC) as unit:
        assert len(list(entries(unit, kinds=("reference.loaded",)))) == len(list(shipped_lists()))


def test_a_changed_list_is_a_new_version_and_replaces_the_copy_in_memory(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.read(PUBLIC) as unit:
        assert code_lists(unit).label("payment_mode", "OTHER", "zh") == "其他"
    rows = [{**row, "name_zh": "其它"} if row["code"] == "OTHER" else row for row in shipped_rows("payment_mode")]
    places = [row for row in shipped_rows("places") if row["code"] != "150203"]
    ship(monkeypatch, payment_mode=rows, places=places)
    assert database.write(SYSTEM, load_all) == ["places", "payment_mode"]
    with database.read(PUBLIC) as unit:
        assert code_lists(unit).label("payment_mode", "OTHER", "zh") == "其它"
        assert tree(unit).find("150203") is None
        assert tree(unit).find("150202") is not None
        stored = unit.execute(select(LoadedList.version).where(LoadedList.name == "payment_mode")).scalar_one()
        assert stored == 2
        assert code_lists(unit).whole("payment_mode").version == 2


def test_a_replaced_code_lives_on_as_an_alias(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**row, "code": "A1"} if row.get("code") == "01" else row for row in shipped_rows("contract")]
    ship(monkeypatch, contract=[*rows, {"scheme": "contract", "alias": "01", "code": "A1", "source": "test"}])
    assert database.write(SYSTEM, load_all) == ["contract"]
    with database.read(PUBLIC) as unit:
        fields = catalogue(unit)
        assert fields.find("contract:01").tag == "contract:A1"  # type: ignore[union-attr]
        assert fields.find("contract:电子信息").tag == "contract:A1"  # type: ignore[union-attr]
        assert fields.lineage("contract:01") == ("contract:A1",)
        assert ("contract:A1", "close") in fields.related("hightech:10")
        assert ("hightech:10", "close") in fields.related("contract:01")


def test_an_administrators_word_outlives_a_new_load(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def speak(unit: Unit) -> None:
        change_link(unit, "contract:01", "hightech:10", SAID, None)
        remove_link(unit, "contract:02", "hightech:30", None)

    def link(unit: Unit) -> None:
        link_fields(unit, {"from_tag": "contract:03", "to_tag": "hightech:10", **SAID})

    database.write(SYSTEM, speak)
    database.write(SYSTEM, link)
    rows = shipped_rows("crosswalks")
    dropped = rows.index(next(row for row in rows if row["from_tag"] == "contract:05"))
    ship(monkeypatch, crosswalks=rows[:dropped] + rows[dropped + 1 :])
    assert database.write(SYSTEM, load_all) == ["crosswalks"]
    with database.read(PUBLIC) as unit:
        fields = catalogue(unit)
        assert ("hightech:10", "related") in fields.related("contract:01")
        assert "hightech:30" not in dict(fields.related("contract:02"))
        assert ("hightech:10", "related") in fields.related("contract:03")
        assert rows[dropped]["to_tag"] not in dict(fields.related("contract:05"))
        assert ("hightech:20", "close") in fields.related("contract:04")
