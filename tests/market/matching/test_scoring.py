"""The score and its reasons, on the shipped fields and places, without a listing in the store."""

from __future__ import annotations

import math
from datetime import date

import pytest

from market.access import SYSTEM
from market.fields.queries import RELATIONS, catalogue
from market.matching.scoring import CLOSENESS, FULL, LEAST_RARITY, conditions, rarity, reaches, shared_tags
from market.places.queries import tree

LISTING = {"modes": [], "place": None, "maturity": None, "amount_fen": None, "ready_on": None}


@pytest.fixture
def fields(database):
    with database.read(SYSTEM) as unit:
        return catalogue(unit)


@pytest.fixture
def places(database):
    with database.read(SYSTEM) as unit:
        return tree(unit)


def shared(fields, rarities, candidate):
    return shared_tags(fields, {own: list(reaches(fields, own)) for own in rarities}, rarities, candidate)


def test_the_rarer_tag_tells_more():
    weights = [rarity(1000, having) for having in (0, 1, 10, 100, 500, 1000)]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 6
    assert weights[-1] == LEAST_RARITY
    assert rarity(0, 0) > LEAST_RARITY
    assert rarity(10, 2) == round(1_000_000 * math.log(1 + 8.5 / 2.5))
    assert rarity(10**9, 10**9) == LEAST_RARITY


def test_every_relation_of_a_cross_walk_has_its_worth():
    assert set(CLOSENESS) == set(RELATIONS)
    assert all(0 < worth < FULL for worth in CLOSENESS.values())


NEAR = [
    # own tag, candidate's tag, relation, share of the own tag
    ("hightech:101", "hightech:101", "same", 1),
    ("hightech:101", "hightech:10101", "descendant", 1 / 2),
    ("hightech:10", "hightech:10101", "descendant", 1 / 4),
    ("hightech:101", "hightech:10", "ancestor", 1 / 2),
    ("hightech:10101", "hightech:10", "ancestor", 1 / 4),
    ("hightech:10101", "hightech:10102", None, 0),
    ("hightech:101", "hightech:102", None, 0),
    ("contract:01", "hightech:10", "close", 0.4),
    ("contract:01", "hightech:101", "close", 0.2),
    ("hightech:10", "contract:01", "close", 0.4),
    ("hightech:101", "contract:01", "close", 0.2),
    ("region:hydrogen", "hightech:60202", "exact", 0.8),
    ("region:rare_earth", "contract:05", "broader", 0.3),
    ("contract:05", "region:rare_earth", "narrower", 0.3),
    ("contract:01", "hightech:108", "close", 0.2),
    ("contract:01", "hightech:801", "related", 0.2),
    ("contract:01", "contract:02", None, 0),
]


@pytest.mark.parametrize(("own", "other", "relation", "share"), NEAR, ids=lambda value: str(value))
def test_how_close_two_tags_are(fields, own, other, relation, share):
    found = shared(fields, {own: 1}, [other])
    assert [(each.own, each.tag, each.relation) for each in found] == ([(own, other, relation)] if relation else [])
    assert sum(each.weight for each in found) == share * FULL


def test_nearness_is_mutual(fields):
    """Who finds whom does not depend on who asks: the weight of two tags is the same both ways."""
    tags = ["contract:01", "contract:05", "region:rare_earth", "region:new_energy", "hightech:40103"]
    tags += ["hightech:10", "hightech:101", "hightech:10101", "hightech:602", "hightech:60202", "region:hydrogen"]
    pairs = 0
    for own in tags:
        for other in tags:
            there = [each.weight for each in shared(fields, {own: 1}, [other])]
            back = [each.weight for each in shared(fields, {other: 1}, [own])]
            assert there == back, (own, other)
            pairs += bool(there) and own != other
    assert pairs > 10


def test_only_the_best_relation_of_an_own_tag_counts(fields):
    found = shared(fields, {"hightech:101": 1}, ["hightech:10101", "hightech:10", "hightech:101", "contract:01"])
    assert [(each.tag, each.relation, each.weight) for each in found] == [("hightech:101", "same", FULL)]


def test_the_heaviest_reason_stands_first(fields):
    rarities = {"contract:05": 1000, "hightech:101": 9000}
    found = shared(fields, rarities, ["contract:05", "hightech:10"])
    assert [(each.own, each.weight) for each in found] == [("hightech:101", 4500 * FULL), ("contract:05", 1000 * FULL)]


def test_a_reach_names_known_tags_once_or_more(fields):
    for own in ("hightech:10101", "contract:01"):
        found = list(reaches(fields, own))
        assert found[0].tag == own
        assert all(fields.find(reach.tag) for reach in found)
        assert {reach.own for reach in found} == {own}


def judged(places, name, *, achievement=None, demand=None):
    found = conditions(LISTING | (achievement or {}), LISTING | (demand or {}), places)
    assert [each["condition"] for each in found] == ["mode", "place", "maturity", "money", "date"]
    return next((each["state"], each["detail"]) for each in found if each["condition"] == name)


CONDITIONS = [
    ("mode", {"modes": ["service"]}, {"modes": []}, "unknown", None),
    ("mode", {"modes": []}, {"modes": ["service"]}, "unknown", None),
    ("mode", {"modes": ["service"]}, {"modes": ["consulting"]}, "missed", None),
    ("mode", {"modes": ["service", "consulting", "other"]}, {"modes": ["other", "service"]}, "met", "service, other"),
    ("place", {"place": None}, {"place": "150203"}, "unknown", None),
    ("place", {"place": "150203"}, {"place": "150203"}, "met", "county 150203"),
    ("place", {"place": "150203"}, {"place": "150202"}, "met", "prefecture 150200"),
    ("place", {"place": "150203"}, {"place": "150102"}, "met", "province 150000"),
    ("place", {"place": "150203"}, {"place": "150000"}, "met", "province 150000"),
    ("place", {"place": "150203"}, {"place": "110000"}, "missed", "150203, 110000"),
    ("maturity", {"maturity": None}, {"maturity": 3}, "unknown", None),
    ("maturity", {"maturity": 3}, {"maturity": 3}, "met", "3 >= 3"),
    ("maturity", {"maturity": 2}, {"maturity": 3}, "missed", "2 < 3"),
    ("money", {"amount_fen": 100}, {"amount_fen": None}, "unknown", None),
    ("money", {"amount_fen": None}, {"amount_fen": 100}, "unknown", None),
    ("money", {"amount_fen": 100}, {"amount_fen": 100}, "met", "1.00 <= 1.00"),
    ("money", {"amount_fen": 101}, {"amount_fen": 100}, "missed", "1.01 > 1.00"),
    ("date", {"ready_on": date(2026, 5, 1)}, {"ready_on": None}, "unknown", None),
    ("date", {"ready_on": date(2026, 5, 1)}, {"ready_on": date(2026, 5, 1)}, "met", "2026-05-01 <= 2026-05-01"),
    ("date", {"ready_on": date(2026, 5, 2)}, {"ready_on": date(2026, 5, 1)}, "missed", "2026-05-02 > 2026-05-01"),
]


@pytest.mark.parametrize(("name", "achievement", "demand", "state", "detail"), CONDITIONS, ids=range(len(CONDITIONS)))
def test_conditions(places, name, achievement, demand, state, detail):
    assert judged(places, name, achievement=achievement, demand=demand) == (state, detail)
