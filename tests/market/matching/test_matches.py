"""Matches by tags: ranked as plain Python ranks them, on both engines; nothing leaks; a constant number of statements.

What the words add is tested in `test_words.py`.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from fractions import Fraction
from itertools import product
from random import Random

import pytest
import time_machine

from market.access import PUBLIC, SYSTEM
from market.errors import NotFound
from market.fields.queries import catalogue
from market.listings import actions
from market.matching.queries import matches
from market.matching.scoring import rarity
from market.store.types import SHANGHAI, civil_date, today
from tests.market.listings.samples import KINDS, OWNERS, History, post, seen

NOON = datetime.combine(today(), time(12), SHANGHAI)
OTHER = {"achievement": "demand", "demand": "achievement"}
TENTHS = {"exact": 8, "close": 4, "broader": 3, "narrower": 3, "related": 2}


FRESH = 0.01


def found_for(world, actor, kind, listing_id, limit=100, language="zh", mode="tags"):
    with world.database.snapshot(actor) as unit:
        return matches(unit, kind, listing_id, mode=mode, limit=limit, language=language)["items"]


def ids(found):
    return [row[kind]["id"] for row in found for kind in KINDS if kind in row]


# --- The definition once more, in the plainest words, over all pairs. ---


def closeness(fields, own, other):
    """The best way from an own tag to another one: every step up or down halves."""
    ways = [Fraction(0)]
    up, down = fields.lineage(own), fields.lineage(other)
    if other in up:
        ways.append(Fraction(1, 2 ** up.index(other)))
    if own in down:
        ways.append(Fraction(1, 2 ** down.index(own)))
    for tag, relation in fields.related(own):
        if tag in down:
            ways.append(Fraction(TENTHS[relation], 10 * 2 ** down.index(tag)))
    for steps, above in enumerate(up):
        related = [relation for tag, relation in fields.related(above) if tag == other]
        ways += [Fraction(TENTHS[relation], 10 * 2**steps) for relation in related]
    return max(ways)


def ranked(fields, history, first, own, day):
    """(score in millionths, second of first publication, id) of every match, the best first."""
    tags = fields.without_ancestors(own.facts["fields"])
    live = [
        each
        for each in history.told
        if each.kind == OTHER[own.kind] and each.state == "published" and (each.facts["valid_until"] or day) >= day
    ]
    weights = {}
    for tag in tags:
        having = sum(any(tag in fields.lineage(theirs) for theirs in each.facts["fields"]) for each in live)
        weights[tag] = rarity(len(live), having)
    found = []
    for each in live:
        theirs = fields.without_ancestors(each.facts["fields"])
        score = sum(weights[tag] * max(closeness(fields, tag, other) for other in theirs) for tag in tags)
        if score and each.owner != own.owner:
            age = (day - civil_date(first[each.id])).days
            total = float(score / sum(weights.values())) + FRESH * 2 ** (-age / 365)
            found.append((round(total * 1_000_000), first[each.id] // 1_000_000, each.id))
    return sorted(found, reverse=True)


def first_published(world, each):
    return seen(world, world.actor(each.owner), each.kind, each.id)["first_published_at"]


@pytest.mark.parametrize("seed", range(3))
def test_the_ranking_is_what_plain_python_ranks(world, seed):
    history = History(world, Random(seed))
    history.play(150)
    with world.database.read(SYSTEM) as unit:
        fields = catalogue(unit)
    first = {each.id: first_published(world, each) for each in history.told}
    pairs = 0
    for day in (today(), today() + timedelta(days=2)):
        with time_machine.travel(day):
            for own in history.told[::3]:
                found = found_for(world, world.actor(own.owner), own.kind, own.id)
                expected = ranked(fields, history, first, own, day)
                assert ids(found) == [listing_id for _, _, listing_id in expected]
                assert [row["score"] for row in found] == [score / 1_000_000 for score, _, _ in expected]
                assert found_for(world, world.actor(own.owner), own.kind, own.id, limit=5) == found[:5]
                pairs += len(found)
    assert pairs > 300


def test_the_weights_of_the_reasons_add_up_to_the_score(world):
    history = History(world, Random(9))
    history.play(100)
    for own, mode in product(history.told[::5], ("tags", "balanced", "text")):
        for row in found_for(world, world.actor(own.owner), own.kind, own.id, mode=mode):
            tags = [reason for reason in row["reasons"] if reason["kind"] == "tag"]
            assert sum(reason["weight"] for reason in row["reasons"]) == pytest.approx(row["score"], abs=2e-5)
            assert 0 < row["score"] <= 1.06
            assert len({tag["own_tag"] for tag in tags}) == len(tags)
            assert all(tag["tag"] in row[OTHER[own.kind]]["fields"] for tag in tags)
            told = [reason["condition"] for reason in row["reasons"] if reason["kind"] == "condition"]
            assert told == ["mode", "place", "maturity", "money", "date"]


def test_a_match_says_why(world):
    demand = post(world, "enterprise", "demand", fields=["region:rare_earth", "hightech:101"], maturity=5)
    offer = post(world, "university", fields=["region:rare_earth_new_materials", "hightech:10101"], maturity=6)
    post(world, "university", fields=["hightech:60202"])
    (row,) = found_for(world, PUBLIC, "demand", demand, language="en")
    assert row["achievement"]["id"] == offer
    first, second, fresh, *conditions = row["reasons"]
    assert {(each["own_tag"], each["tag"], each["relation"]) for each in (first, second)} == {
        ("region:rare_earth", "region:rare_earth_new_materials", "descendant"),
        ("hightech:101", "hightech:10101", "descendant"),
    }
    assert {each["label"] for each in (first, second)} == {"Rare-earth new materials", "System and basic software"}
    assert (row["score"], first["weight"], second["weight"]) == (0.51, 0.25, 0.25)
    assert fresh == {"kind": "freshness", "days": 0, "weight": FRESH}
    assert {each["condition"]: each["state"] for each in conditions} == {
        "mode": "unknown",
        "place": "met",
        "maturity": "met",
        "money": "unknown",
        "date": "unknown",
    }


def test_the_rarer_tag_decides(world):
    demand = post(world, "enterprise", "demand", fields=["contract:01", "region:hydrogen"])
    common = [post(world, "university", fields=["contract:01"]) for _ in range(5)]
    rare = post(world, "university", fields=["region:hydrogen"])
    best, *others = ids(found_for(world, PUBLIC, "demand", demand))
    assert best == rare
    assert sorted(others) == sorted(common)


def test_the_newer_first_publication_breaks_a_tie_and_is_not_begun_anew(world):
    demand = post(world, "enterprise", "demand")
    made = []
    for second in range(3):
        with time_machine.travel(NOON + timedelta(seconds=second), tick=False):
            made.append(post(world, "university"))
    first, second, third = made
    with time_machine.travel(NOON + timedelta(hours=1)):
        assert ids(found_for(world, PUBLIC, "demand", demand)) == [third, second, first]
        for act in (actions.withdraw, actions.publish):
            world.database.write(world.actor("university"), lambda unit, act=act: act(unit, "achievement", first, None))
        changes = {"summary": "已经改写", "valid_until": today()}
        world.database.write(
            world.actor("university"), lambda unit: actions.edit(unit, "achievement", first, changes, None)
        )
        assert ids(found_for(world, PUBLIC, "demand", demand)) == [third, second, first]
        assert ids(found_for(world, PUBLIC, "demand", demand, limit=2)) == [third, second]


def test_what_was_published_long_ago_adds_less(world):
    demand = post(world, "enterprise", "demand")
    post(world, "university")
    for days, fresh in ((0, FRESH), (365, FRESH / 2), (730, FRESH / 4)):
        with time_machine.travel(today() + timedelta(days=days)):
            (row,) = found_for(world, PUBLIC, "demand", demand)
            assert row["score"] == pytest.approx(1 + fresh, abs=1e-6)


def test_of_those_published_in_the_same_instant_the_greater_id_comes_first(world):
    demand = post(world, "enterprise", "demand")
    with time_machine.travel(today(), tick=False):
        made = [post(world, "university") for _ in range(8)]
    assert ids(found_for(world, PUBLIC, "demand", demand)) == sorted(made, reverse=True)


def test_only_what_is_published_and_still_valid_matches(world):
    demand = post(world, "enterprise", "demand")
    post(world, "university", publish=False)
    withdrawn = post(world, "university")
    world.database.write(world.actor("university"), lambda unit: actions.withdraw(unit, "achievement", withdrawn, None))
    ending = post(world, "university", valid_until=today())
    lasting = post(world, "university", valid_until=today() + timedelta(days=1))
    assert ids(found_for(world, PUBLIC, "demand", demand)) == [lasting, ending]
    with time_machine.travel(today() + timedelta(days=1)):
        assert ids(found_for(world, PUBLIC, "demand", demand)) == [lasting]


def test_an_expired_tag_is_not_counted_as_common(world):
    demand = post(world, "enterprise", "demand", fields=["contract:01", "region:hydrogen"])
    post(world, "university", fields=["contract:01"])
    post(world, "university", fields=["region:hydrogen"])
    for _ in range(4):
        post(world, "university2", fields=["region:hydrogen"], valid_until=today())
    (first, second) = found_for(world, PUBLIC, "demand", demand)[0:6:5]
    assert first["reasons"][0]["tag"] == "contract:01"
    assert first["score"] > second["score"]
    with time_machine.travel(today() + timedelta(days=1)):
        scores = [row["score"] for row in found_for(world, PUBLIC, "demand", demand)]
        assert scores == [pytest.approx(0.5 + FRESH, abs=1e-4)] * 2


def test_matches_of_a_draft_are_its_owners(world):
    draft = post(world, "enterprise", "demand", publish=False)
    offer = post(world, "university")
    assert ids(found_for(world, world.actor("enterprise"), "demand", draft)) == [offer]
    for stranger in (PUBLIC, world.actor("university"), world.actor("office")):
        with pytest.raises(NotFound):
            found_for(world, stranger, "demand", draft)
    with pytest.raises(NotFound):
        found_for(world, world.actor("enterprise"), "achievement", draft)


def test_ones_own_offers_do_not_match_ones_own_demand(world):
    demand = post(world, "broker", "demand")
    post(world, "broker")
    other = post(world, "university")
    for actor in (PUBLIC, world.actor("broker"), world.actor("university"), world.actor("administrator")):
        assert ids(found_for(world, actor, "demand", demand)) == [other]


@pytest.mark.parametrize("hidden", ["demand", "achievement", "both"])
def test_a_gap_does_not_tell_whose_an_anonymous_listing_is(world, hidden):
    demand = post(world, "broker", "demand", anonymous=hidden in ("demand", "both"))
    own = post(world, "broker", "achievement", anonymous=hidden in ("achievement", "both"))
    for stranger in (PUBLIC, world.actor("university"), world.actor("office")):
        assert ids(found_for(world, stranger, "demand", demand)) == [own]
        assert ids(found_for(world, stranger, "achievement", own)) == [demand]
    for knowing in (world.actor("broker"), world.actor("administrator")):
        assert ids(found_for(world, knowing, "demand", demand)) == []
        assert ids(found_for(world, knowing, "achievement", own)) == []


def test_an_anonymous_match_tells_neither_owner_nor_banner(world):
    demand = post(world, "enterprise", "demand", place="150203")
    offer = post(world, "university", anonymous=True, place="150203", contact={"name": "示例联系人"})
    for stranger in (PUBLIC, world.actor("enterprise"), world.actor("office")):
        (row,) = found_for(world, stranger, "demand", demand)
        assert world.ids["university"] not in str(row)
        assert "测试university" not in str(row)
        assert "示例联系人" not in str(row)
        assert row["achievement"]["place"] == "150200"
        place = next(reason for reason in row["reasons"] if reason.get("condition") == "place")
        assert (place["state"], place["detail"]) == ("met", "prefecture 150200")
        # Nor does asking from the other side.
    (row,) = found_for(world, world.actor("enterprise"), "achievement", offer)
    assert next(r for r in row["reasons"] if r.get("condition") == "place")["detail"] == "prefecture 150200"
    (row,) = found_for(world, world.actor("university"), "achievement", offer)
    assert next(r for r in row["reasons"] if r.get("condition") == "place")["detail"] == "county 150203"


@pytest.mark.parametrize("many", [3, 40])
def test_the_number_of_statements_does_not_grow(world, statements, many):
    demand = post(world, "enterprise", "demand", fields=["contract:01", "region:rare_earth", "hightech:101"])
    for number in range(many):
        post(world, OWNERS[number % 5], fields=["contract:01", "hightech:40103"][: 1 + number % 2])
    with world.database.snapshot(PUBLIC) as unit:
        asked = {"mode": "balanced", "limit": 100, "language": "zh"}
        assert matches(unit, "demand", demand, **asked)["items"]
        with statements(world.database) as ran:
            matches(unit, "demand", demand, **asked)
    assert ran.n == 3


def test_a_listing_of_many_broad_tags_is_matched(world):
    """The longest reach there is: every field of the contract scheme, all with their cross-walks."""
    wide = ["contract:01", "contract:04", "contract:05", "contract:03", "contract:09"]
    demand = post(world, "enterprise", "demand", fields=wide)
    made = [post(world, "university", fields=[tag]) for tag in wide]
    assert set(ids(found_for(world, PUBLIC, "demand", demand))) == set(made)
    assert seen(world, PUBLIC, "demand", demand)["fields"] == wide
