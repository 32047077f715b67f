from __future__ import annotations

import pytest

from market.access import PUBLIC
from market.errors import NotFound
from market.places.queries import HK_MO_TW, Places, is_country, page_of_places, tree
from market.store.session import Database


@pytest.fixture
def places(database: Database) -> Places:
    with database.read(PUBLIC) as unit:
        return tree(unit)


def codes(database: Database, **asked: object) -> list[str]:
    """All pages of a list."""
    question = {"level": None, "parent": None, "q": None, "year": None, **asked}
    found: list[str] = []
    cursor = None
    with database.read(PUBLIC) as unit:
        while True:
            page = page_of_places(unit, **question, cursor=cursor, limit=50)
            found += [place.code for place in page.rows]
            if page.next is None:
                return found
            cursor = page.next


def test_the_tree_holds_what_the_issue_counts(places: Places, database: Database) -> None:
    assert len(codes(database, level="province")) == 34
    assert len(codes(database, level="prefecture")) == 337
    assert len(codes(database, level="county")) == 103
    leagues = places.children("150000")
    assert len(leagues) == 12
    assert sum(len(places.children(league.code)) for league in leagues) == 103


def test_lineage_and_levels(places: Places) -> None:
    assert places.lineage("150203") == ("150203", "150200", "150000")
    assert places.at_level("150203", "province") == "150000"
    assert places.at_level("150203", "prefecture") == "150200"
    assert places.at_level("150203", "county") == "150203"
    assert places.at_level("150200", "county") is None
    assert places.at_level("110000", "prefecture") is None
    assert places.lineage("429000") == ("429000", "420000")


def test_within(places: Places) -> None:
    assert places.within("150203", "150000")
    assert places.within("150000", "150000")
    assert not places.within("150000", "150203")
    assert not places.within("110000", "150000")


def test_unknown_codes(places: Places) -> None:
    assert places.find("999999") is None
    assert places.lineage("999999") == ()
    assert places.at_level("999999", "province") is None
    assert not places.within("999999", "150000")
    assert places.children("999999") == []
    assert places.history("999999") == []
    with pytest.raises(NotFound):
        places.portrait("999999", "zh")


def test_past_codes_are_known_but_not_present(places: Places) -> None:
    old = places.find("152300")
    assert old is not None
    assert (old.name_zh, old.first_year, old.last_year, old.successor) == ("哲里木盟", 1980, 1998, "150500")
    assert places.present("152300") is None
    assert places.present("150500") is places.find("150500")
    assert places.within("152301", "150000")
    assert "152300" not in {league.code for league in places.children("150000")}


def test_a_code_used_twice_keeps_both_meanings(places: Places) -> None:
    assert [place.name_zh for place in places.history("152500")] == ["伊克昭盟", "锡林郭勒盟"]
    assert places.find("152500") == places.history("152500")[-1]


def test_a_year_shows_the_divisions_of_its_time(database: Database) -> None:
    leagues = codes(database, parent="150000", year=1995)
    assert "152300" in leagues
    assert "150500" not in leagues
    assert codes(database, parent="152500", year=1981) == [f"15252{n}" for n in range(1, 9)]


def test_names_are_found_by_their_beginning(database: Database) -> None:
    assert codes(database, q="包头") == ["150200"]
    assert codes(database, q="BAOT") == ["150200"]
    assert codes(database, q="鄂托克") == ["150623", "150624"]
    assert codes(database, q="%") == codes(database, q="_") == codes(database, q="\\") == []


def test_labels_fall_back_to_chinese(places: Places) -> None:
    assert places.portrait("150200", "en")["name"] == "Baotou"
    assert places.portrait("150200", "zh")["name"] == "包头市"
    assert places.portrait("130100", "en")["name"] == "Shijiazhuang"
    assert places.portrait("152821", "en")["name"] == "临河县"


def test_hong_kong_macao_and_taiwan_are_a_bucket_of_their_own(places: Places) -> None:
    bucket = {code for code in ("710000", "810000", "820000", "110000") if places.portrait(code, "zh")["bucket"]}
    assert bucket == set(HK_MO_TW.values())


def test_countries() -> None:
    assert is_country("CN")
    assert is_country("DE")
    assert not is_country("XX")
    assert not is_country("cn")
