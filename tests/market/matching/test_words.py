"""What words and tags add to a match, told and explained: the explanation of a pair is the ranking's own arithmetic."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
import time_machine

from market.access import PUBLIC
from market.errors import NotFound
from market.listings import actions
from market.listings.model import Listing
from market.matching.model import MatchFeedback
from market.matching.queries import MODES, OTHER, RANKER, matches, why
from market.matching.scoring import WEIGHTS, shared_words
from market.search import actions as index
from market.search import segments
from market.search.terms import runs_of
from market.store.types import today
from tests.market.listings.samples import OWNERS, TAGS, post

TEXTS = (
    "稀土永磁材料",
    "烧结钕铁硼磁体",
    "草原土壤改良",
    "苜蓿草种选育",
    "laser welding",
    "rare earth magnets",
    "煤基新材料",
)


@pytest.fixture(params=[2, 512], ids=["folded", "fresh"])
def folded(request, monkeypatch):
    for module in (index, segments):
        monkeypatch.setattr(module, "FOLD", request.param)


def found_for(world, kind, listing_id, mode="balanced", actor=PUBLIC, limit=100):
    with world.database.snapshot(actor) as unit:
        return matches(unit, kind, listing_id, mode=mode, limit=limit, language="zh")["items"]


def told(world, kind, listing_id, other, mode="balanced", actor=PUBLIC):
    with world.database.snapshot(actor) as unit:
        return why(unit, kind, listing_id, other, mode=mode, language="zh")


def change(world, owner, kind, listing_id, **changes):
    world.database.write(world.actor(owner), lambda unit: actions.edit(unit, kind, listing_id, changes, None))


def market_of(world, rng, many=24):
    """By kind the ids of random listings."""
    made = {"achievement": [], "demand": []}
    for number in range(many):
        facts = {
            "title": rng.choice(TEXTS),
            "summary": "，".join(rng.sample(TEXTS, rng.randint(1, 4))),
            "fields": rng.sample(TAGS, rng.randint(1, 3)),
        }
        kind = ("achievement", "demand")[number % 2]
        made[kind].append(post(world, OWNERS[number % 5], kind, **facts))
    return made


@pytest.mark.usefixtures("folded")
def test_why_says_what_the_ranking_did_of_every_pair(world):
    made = market_of(world, Random(4))
    listed = 0
    for kind, ids in made.items():
        for own in ids[::3]:
            for mode in MODES:
                found = {row[OTHER[kind]]["id"]: row for row in found_for(world, kind, own, mode)}
                assert found_for(world, kind, own, mode, limit=3) == [*found.values()][:3]
                for other in made[OTHER[kind]]:
                    pair = told(world, kind, own, other, mode)
                    assert (pair["ranker"], pair["mode"]) == (RANKER, mode)
                    assert pair["listed"] == (other in found)
                    if other in found:
                        assert (pair["score"], pair["reasons"]) == (found[other]["score"], found[other]["reasons"])
                        listed += 1
                    elif not any(reason["kind"] in ("tag", "word") for reason in pair["reasons"]):
                        assert pair["score"] == 0
    assert listed > 200


def test_a_mode_counts_what_it_says(world):
    demand = post(world, "enterprise", "demand", title="稀土永磁", summary="电机", fields=["region:rare_earth"])
    tagged = post(world, "university", title="草原", summary="土壤", fields=["region:rare_earth"])
    worded = post(world, "university", title="稀土永磁", summary="电机", fields=["hightech:10101"])
    both = post(world, "university", title="稀土永磁", summary="电机", fields=["region:rare_earth"])
    ranked = {mode: [row["achievement"]["id"] for row in found_for(world, "demand", demand, mode)] for mode in MODES}
    assert ranked == {"tags": [both, tagged], "balanced": [both, worded, tagged], "text": [both, worded]}
    scores = [row["score"] for row in found_for(world, "demand", demand)]
    assert scores[0] - scores[1] == pytest.approx(WEIGHTS["balanced"][1], abs=1e-6)


@pytest.mark.usefixtures("folded")
def test_another_tag_never_raises_the_score_for_demands_not_related_to_it(world):
    rng = Random(8)
    made = market_of(world, rng)
    related = 0
    for achievement in made["achievement"][:6]:
        before = {demand: told(world, "demand", demand, achievement) for demand in made["demand"]}
        with world.database.read(PUBLIC) as unit:
            row = unit.execute(Listing.__table__.select().where(Listing.id == achievement)).one()
        more = rng.choice([tag for tag in TAGS if tag not in row.fields])
        owner = next(name for name, id in world.ids.items() if id == row.owner)
        change(world, owner, "achievement", achievement, fields=[*row.fields, more])
        for demand, old in before.items():
            new = told(world, "demand", demand, achievement)
            tags = {reason["tag"] for reason in new["reasons"] if reason["kind"] == "tag"}
            if new["score"] > old["score"]:
                assert more in tags
                related += 1
    assert related


def test_nothing_but_text_tags_and_first_publication_has_a_part_in_the_score(world):
    """Neither money, nor owner, nor place, nor what somebody set or said of it."""
    demand = post(world, "enterprise", "demand")
    plain = post(world, "university")
    rich = post(
        world,
        "broker",
        amount_fen=1,
        place="150203",
        maturity=9,
        modes=["service"],
        ready_on=today(),
        contact={"name": "示例"},
        anonymous=True,
    )
    scores = {row["achievement"]["id"]: row["score"] for row in found_for(world, "demand", demand)}
    assert scores[plain] == scores[rich]
    columns = {*Listing.__table__.columns.keys(), *MatchFeedback.__table__.columns.keys()}
    assert not columns & {"weight", "boost", "priority", "rank", "paid", "promoted", "featured"}


def test_edit_renewal_and_publishing_again_do_not_make_it_fresh(world):
    demand = post(world, "enterprise", "demand")
    offer = post(world, "university", valid_until=today() + timedelta(days=500))
    with time_machine.travel(today() + timedelta(days=365)):
        (old,) = found_for(world, "demand", demand)
        change(world, "university", "achievement", offer, valid_until=today() + timedelta(days=900))
        for act in (actions.withdraw, actions.publish):
            world.database.write(world.actor("university"), lambda unit, act=act: act(unit, "achievement", offer, None))
        (new,) = found_for(world, "demand", demand)
        assert new["score"] == old["score"]
        fresh = next(reason for reason in new["reasons"] if reason["kind"] == "freshness")
        assert (fresh["days"], fresh["weight"]) == (365, 0.005)


def test_the_named_words_stand_in_both_texts(world):
    made = market_of(world, Random(2))
    named = 0
    for demand in made["demand"]:
        for row in found_for(world, "demand", demand):
            text = f"{row['achievement']['title']}\n{row['achievement']['summary']}"
            words = [reason["word"] for reason in row["reasons"] if reason["kind"] == "word"]
            assert all(word in text for word in words)
            assert len(set(words)) == len(words)
            named += sum(len(word) > 2 for word in words)
    assert named


def test_neighbouring_pairs_are_told_as_one_word():
    own, other = runs_of("稀土永磁材料 laser 磁体"), "永磁材料与稀土 laser 磁体"
    weights = {"稀土": 0.1, "永磁": 0.2, "磁材": 0.1, "材料": 0.1, "laser": 0.3, "磁体": 0.05}
    assert [(word, round(weight, 6)) for word, weight in shared_words(own, other, weights)] == [
        ("永磁材料", 0.4),
        ("laser", 0.3),
        ("稀土", 0.1),
        ("磁体", 0.05),
    ]
    assert shared_words(runs_of("稀土永"), "稀土 土永", {"稀土": 1, "土永": 1}) == [("土永", 1), ("稀土", 1)]


def test_why_of_what_may_not_be_seen_is_not_found(world):
    demand = post(world, "enterprise", "demand")
    draft = post(world, "university", publish=False)
    for actor in (PUBLIC, world.actor("enterprise")):
        with pytest.raises(NotFound):
            told(world, "demand", demand, draft, actor=actor)
    pair = told(world, "achievement", draft, demand, actor=world.actor("university"))
    assert pair["listed"]
    own = post(world, "university", "demand")
    assert not told(world, "demand", own, draft, actor=world.actor("university"))["listed"]
    with pytest.raises(NotFound):
        told(world, "demand", demand, demand)


def test_a_gap_or_reason_does_not_tell_whose_an_anonymous_listing_is(world):
    demand = post(world, "broker", "demand")
    own = post(world, "broker", anonymous=True, place="150203")
    for stranger in (PUBLIC, world.actor("university")):
        pair = told(world, "demand", demand, own, actor=stranger)
        assert pair["listed"]
        assert world.ids["broker"] not in str(pair["reasons"])
        assert "150203" not in str(pair)
    assert not told(world, "demand", demand, own, actor=world.actor("broker"))["listed"]
