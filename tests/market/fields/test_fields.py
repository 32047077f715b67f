from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from market.access import PUBLIC, SYSTEM
from market.errors import NotFound
from market.fields.actions import renew
from market.fields.model import CodeEntry
from market.fields.queries import CodeLists, Fields, catalogue, code_lists
from market.store.session import Database, Unit
from market.store.types import today


@pytest.fixture
def fields(database: Database) -> Fields:
    with database.read(PUBLIC) as unit:
        return catalogue(unit)


@pytest.fixture
def lists(database: Database) -> CodeLists:
    with database.read(PUBLIC) as unit:
        return code_lists(unit)


def test_a_tag_and_its_aliases_are_one_field(fields: Fields) -> None:
    field = fields.find("contract:01")
    assert field is not None
    assert (field.tag, field.name_zh, field.status) == ("contract:01", "电子信息", "unverified")
    assert fields.find("contract:电子信息") is field
    assert fields.find("contract:1") is field
    assert fields.find("hightech:contract") is None
    assert fields.find("01") is None


def test_lineage_and_children(fields: Fields) -> None:
    assert fields.lineage("hightech:40103") == ("hightech:40103", "hightech:401", "hightech:40")
    assert fields.lineage("nothing:1") == ()
    assert [child.tag for child in fields.children("hightech:602")] == ["hightech:60201", "hightech:60202"]
    assert fields.children("contract:01") == []


def test_an_ancestor_beside_its_descendant_is_dropped(fields: Fields) -> None:
    given = ["hightech:40", "contract:新材料", "hightech:40103", "contract:05", "hightech:401", "nothing:1"]
    assert fields.without_ancestors(given) == ["contract:05", "hightech:40103"]


def test_crosswalks_are_seen_from_both_ends(fields: Fields) -> None:
    assert ("hightech:207", "narrower") in fields.related("contract:09")
    assert ("contract:09", "broader") in fields.related("hightech:207")
    assert ("hightech:30", "exact") in fields.related("contract:02")
    assert ("contract:02", "exact") in fields.related("hightech:30")
    assert fields.related("nothing:1") == []


def test_a_portrait(fields: Fields) -> None:
    portrait = fields.portrait("region:氢能", "en")
    assert portrait["tag"] == "region:hydrogen"
    assert portrait["name"] == "Hydrogen"
    assert [above["tag"] for above in portrait["ancestors"]] == ["region:new_energy"]
    assert {"tag": "contract:06", "relation": "broader"}.items() <= {
        link["tag"]: link for link in portrait["crosswalks"]
    }["contract:06"].items()
    assert "氢能" in portrait["aliases"]
    with pytest.raises(NotFound):
        fields.portrait("region:nothing", "en")


def test_code_lists(lists: CodeLists) -> None:
    assert lists.has("contract_type", "DEV")
    assert not lists.has("contract_type", "NOTHING")
    assert not lists.has("nothing", "DEV")
    assert lists.label("contract_type", "DEV", "zh") == "技术开发合同"
    assert lists.label("contract_type", "DEV", "en") == "Technology development"
    assert lists.label("contract_type", "NOTHING", "en") == "NOTHING"
    assert lists.label("industry", "A01", "en") == "农业"
    assert [item.code for item in lists.items("contract_type") if item.parent is None] == [
        *("DEV", "TRANSFER", "LICENSE", "CONSULT", "SERVICE")
    ]
    assert lists.items("nothing") == []
    assert lists.parent("contract_type", "SVC_TRAINING") == "SERVICE"
    assert lists.parent("contract_type", "SERVICE") is None
    assert lists.main("industry", "A0111") == "A"
    assert lists.main("contract_type", "CONSULT") == "CONSULT"


def test_thirteen_levels_of_maturity_map_to_nine(lists: CodeLists) -> None:
    assert [lists.main("maturity", str(level)) for level in range(1, 14)] == [str(min(n, 9)) for n in range(1, 14)]


@pytest.mark.parametrize(
    ("column", "days", "usable"), [("valid_from", 1, False), ("valid_from", 0, True), ("valid_to", -1, False)]
)
def test_a_code_is_usable_while_it_is_valid(database: Database, column: str, days: int, usable: bool) -> None:
    def bound(unit: Unit) -> None:
        this = (CodeEntry.list == "payment_mode") & (CodeEntry.code == "OTHER")
        unit.execute(update(CodeEntry).where(this).values({column: today() + timedelta(days)}))
        renew(unit)

    database.write(SYSTEM, bound)
    with database.read(PUBLIC) as unit:
        assert code_lists(unit).has("payment_mode", "OTHER") is usable
        assert code_lists(unit).label("payment_mode", "OTHER", "zh") == "其他"
