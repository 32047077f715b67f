"""Post, edit, publish, withdraw: what they store, journal and refuse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import select

from market.access import PUBLIC, SYSTEM
from market.errors import Forbidden, Invalid, MarketError, NotFound, Stale
from market.journal import read as journal
from market.listings import actions
from market.listings.model import Listing, ListingEntry
from market.store.types import instant_text, today
from tests.market.listings.samples import facts, listed, post, seen

TOMORROW = today() + timedelta(days=1)
YESTERDAY = today() - timedelta(days=1)
CONTACT = {"name": "示例联系人", "phone": "0471-000000", "email": None}
VERBS = {"edit": {"title": "改"}, "publish": None, "withdraw": None}


def do(world, owner, verb, listing_id, expected=None, kind="achievement", **changes):
    given = [changes or VERBS[verb]] if verb == "edit" else []
    work = getattr(actions, verb)
    return world.database.write(world.actor(owner), lambda unit: work(unit, kind, listing_id, *given, expected))


def events(world, listing_id):
    with world.database.read(SYSTEM) as unit:
        return [entry for entry in journal.entries(unit) if entry["subject"] == listing_id]


def entries(world, listing_id):
    with world.database.read(SYSTEM) as unit:
        statement = select(ListingEntry.tag, ListingEntry.place, ListingEntry.depth)
        return {tuple(row) for row in unit.execute(statement.where(ListingEntry.listing_id == listing_id))}


def refused(world, kind, **given):
    with pytest.raises(Invalid) as refusal:
        post(world, "enterprise", kind, **given)
    return [(error.pointer, error.code) for error in refusal.value.errors]


def test_a_listing_is_stored_with_its_defaults(world):
    made = post(world, "enterprise", "demand", publish=False)
    row = seen(world, world.actor("enterprise"), "demand", made)
    assert made.startswith("dem_")
    assert row["owner"] == {"id": world.ids["enterprise"], "name": "测试enterprise"}
    assert (row["state"], row["version"], row["place"], row["published_at"]) == ("draft", 1, "150203", None)
    assert (row["modes"], row["keywords"], row["contact"], row["anonymous"]) == ([], [], None, False)
    assert entries(world, made) == set()


def test_a_published_listing_is_entered_under_all_that_lies_above(world):
    made = post(world, "university", fields=["hightech:10101", "contract:05"], place="150203")
    tags = {("", 0), ("contract:05", 0), ("hightech:10101", 0), ("hightech:101", 1), ("hightech:10", 2)}
    places = ("", "150203", "150200", "150000")
    assert entries(world, made) == {(tag, place, depth) for tag, depth in tags for place in places}


def test_an_anonymous_listing_is_not_entered_below_league_level(world):
    made = post(world, "university", anonymous=True, place="150203")
    assert {place for _, place, _ in entries(world, made)} == {"", "150200", "150000"}


@pytest.mark.parametrize("tags", [["hightech:10101", "hightech:102"], ["hightech:102", "hightech:10101"]])
def test_the_depth_is_that_of_the_nearest_tag(world, tags):
    made = post(world, "university", fields=tags)
    depths = {(tag, depth) for tag, place, depth in entries(world, made) if not place}
    assert depths == {*(("", 0), ("hightech:10101", 0), ("hightech:102", 0), ("hightech:101", 1), ("hightech:10", 1))}


def test_tags_come_in_their_one_spelling(world):
    given = ["contract:5", "hightech:101", "hightech:10101", "contract:05", "hightech:10"]
    made = post(world, "university", fields=given, keywords=["a", "b", "a"], modes=["service", "service"])
    row = seen(world, PUBLIC, "achievement", made)
    assert row["fields"] == ["contract:05", "hightech:10101"]
    assert (row["keywords"], row["modes"]) == (["a", "b"], ["service"])


BAD = [
    (
        "achievement",
        {"fields": ["contract:05", "nothing:1", "x"]},
        ["/fields/1 unknown-value", "/fields/2 unknown-value"],
    ),
    ("achievement", {"modes": ["service", "barter"]}, ["/modes/1 unknown-value"]),
    ("achievement", {"place": "999999"}, ["/place unknown-value"]),
    ("achievement", {"place": "152500", "maturity": 3}, []),
    ("achievement", {"place": "152300"}, ["/place unknown-value"]),
    ("achievement", {"negotiable": True, "amount_fen": 1}, ["/negotiable amount-given"]),
    ("achievement", {"valid_until": YESTERDAY}, ["/valid_until in-the-past"]),
    ("achievement", {"valid_until": today()}, []),
    ("achievement", {"valid_until": today(), "ready_on": TOMORROW}, ["/valid_until end-before-start"]),
    ("achievement", {"valid_until": TOMORROW, "ready_on": TOMORROW}, []),
    ("achievement", {"ready_on": YESTERDAY}, []),
    ("demand", {"ready_on": YESTERDAY}, ["/needed_by in-the-past"]),
    ("demand", {"ready_on": today(), "valid_until": TOMORROW}, []),
    (
        "demand",
        {"fields": ["?"], "modes": ["?"], "place": "0", "negotiable": True, "amount_fen": 1, "ready_on": YESTERDAY},
        [
            "/fields/0 unknown-value",
            "/modes/0 unknown-value",
            "/place unknown-value",
            "/negotiable amount-given",
            "/needed_by in-the-past",
        ],
    ),
]


@pytest.mark.parametrize(("kind", "given", "wrong"), BAD, ids=range(len(BAD)))
def test_every_wrong_fact_is_named_at_once(world, kind, given, wrong):
    if not wrong:
        assert post(world, "enterprise", kind, **given)
    else:
        assert [f"{pointer} {code}" for pointer, code in refused(world, kind, **given)] == wrong
        assert listed(world, world.actor("enterprise"), kind, owner="me") == []


JUDGES = {"achievement": actions.judge_achievement, "demand": actions.judge_demand}


def judged(world, kind, given):
    with world.database.read(world.actor("enterprise")) as unit:
        return [f"{error.pointer} {error.code}" for error in JUDGES[kind](unit, given)]


@pytest.mark.parametrize(("kind", "given", "wrong"), BAD, ids=range(len(BAD)))
def test_what_is_given_is_judged_without_the_rest(world, kind, given, wrong):
    assert judged(world, kind, given) == wrong
    assert judged(world, kind, {**given, "title": "稀土永磁", "publish": True}) == wrong


@pytest.mark.parametrize("kind", JUDGES)
def test_no_part_of_a_listing_makes_the_judge_fail(world, kind):
    bad = {"fields": ["?"], "modes": ["?"], "place": "0", "negotiable": True, "amount_fen": 1}
    bad |= {"ready_on": TOMORROW, "valid_until": YESTERDAY}
    whole = judged(world, kind, bad)
    for left_out in range(1 << len(bad)):
        part = {name: value for bit, (name, value) in enumerate(bad.items()) if not left_out >> bit & 1}
        assert set(judged(world, kind, part)) <= set(whole)
    assert judged(world, kind, dict.fromkeys(("place", "amount_fen", "ready_on", "valid_until", "contact"))) == []


def test_every_change_is_an_event_with_the_full_version(world):
    made = post(world, "university", publish=False, contact=CONTACT, amount_fen=100, valid_until=TOMORROW)
    do(world, "university", "edit", made, title="二", contact=None)
    do(world, "university", "publish", made)
    do(world, "university", "withdraw", made)
    row = seen(world, world.actor("university"), "achievement", made)
    found = events(world, made)
    kinds = ["listing.drafted", "listing.edited", "listing.published", "listing.withdrawn"]
    assert [(entry["kind"], entry["subject_version"]) for entry in found] == list(zip(kinds, (1, 2, 3, 4), strict=True))
    assert all(entry["actor_organisation"] == world.ids["university"] for entry in found)
    moments = ("created_at", "updated_at", "published_at", "first_published_at", "withdrawn_at")
    empty = ("submitted_at", "refused_at", "matched_on", "closed_on", "closed_by", "copied_from")
    assert journal.payload(found[-1]) == {
        **{name: row[name] for name in actions.FACTS if name != "contact"},
        "id": made,
        "kind": "achievement",
        "owner": world.ids["university"],
        "version": 4,
        "valid_until": TOMORROW.isoformat(),
        **{name: instant_text(row[name]) for name in moments},
        **dict.fromkeys(empty),
    }
    assert [journal.payload(entry)["title"] for entry in found] == ["稀土永磁", "二", "二", "二"]
    assert "联系人" in found[0]["personal"]
    assert not any("联系人" in entry["payload"] for entry in found)
    assert [entry["personal"] for entry in found[1:]] == [None] * 3
    with world.database.snapshot(SYSTEM) as unit:
        assert journal.verify(unit) == []


def test_published_at_once_is_one_event(world):
    assert [entry["kind"] for entry in events(world, post(world, "university"))] == ["listing.published"]


def test_a_change_of_nothing_is_no_new_version(world):
    made = post(world, "university", fields=["contract:05"])
    do(world, "university", "edit", made, title="稀土永磁", fields=["contract:5"])
    assert len(events(world, made)) == 1
    assert seen(world, PUBLIC, "achievement", made)["version"] == 1


def test_what_an_edit_leaves_out_stays(world):
    made = post(world, "university", place="150203", maturity=5, modes=["service"], contact=CONTACT, amount_fen=7)
    before = seen(world, world.actor("university"), "achievement", made)
    do(world, "university", "edit", made, maturity=6)
    after = seen(world, world.actor("university"), "achievement", made)
    assert {name for name in before if before[name] != after[name]} == {"maturity", "version", "updated_at"}
    do(world, "university", "edit", made, maturity=None, amount_fen=None, negotiable=True, contact=None, place=None)
    emptied = seen(world, world.actor("university"), "achievement", made)
    assert (emptied["maturity"], emptied["amount_fen"], emptied["contact"]) == (None, None, None)
    assert (emptied["negotiable"], emptied["place"], emptied["modes"]) == (True, "150102", ["service"])


def test_an_edit_is_judged_together_with_what_stays(world):
    made = post(world, "university", amount_fen=7, valid_until=TOMORROW)
    for changes, pointer in (
        ({"negotiable": True}, "/negotiable"),
        ({"ready_on": TOMORROW + timedelta(days=1)}, "/valid_until"),
    ):
        with pytest.raises(Invalid) as refusal:
            do(world, "university", "edit", made, **changes)
        assert [error.pointer for error in refusal.value.errors] == [pointer]
    assert seen(world, PUBLIC, "achievement", made)["version"] == 1


def test_an_old_date_does_not_stand_in_the_way_of_an_edit(world):
    made = post(world, "university", valid_until=TOMORROW)
    with time_machine.travel(TOMORROW + timedelta(days=3)):
        do(world, "university", "edit", made, title="二")
        with pytest.raises(Invalid, match="rule"):
            do(world, "university", "edit", made, valid_until=TOMORROW + timedelta(days=2))
        assert listed(world) == []
        do(world, "university", "edit", made, valid_until=TOMORROW + timedelta(days=4))
        assert listed(world) == [made]


STEPS = [
    # state, verb, outcome
    ("draft", "publish", "published"),
    ("draft", "withdraw", "not-published"),
    ("published", "publish", "the same"),
    ("published", "withdraw", "withdrawn"),
    ("expired", "publish", "invalid"),
    ("expired", "withdraw", "withdrawn"),
    ("withdrawn", "publish", "published"),
    ("withdrawn", "withdraw", "already-withdrawn"),
]


@pytest.mark.parametrize(("state", "verb", "outcome"), STEPS, ids=lambda value: value)
def test_what_may_be_done_in_which_state(world, state, verb, outcome):
    made = post(world, "university", publish=state != "draft", valid_until=TOMORROW if state == "expired" else None)
    if state == "withdrawn":
        do(world, "university", "withdraw", made)
    actor = world.actor("university")
    with time_machine.travel(today() + timedelta(days=3)):
        before = seen(world, actor, "achievement", made)
        assert before["state"] == state
        refusal = refusal_of(world, verb, made)
        after = seen(world, actor, "achievement", made)
        if refusal or outcome == "the same":
            assert (refusal or "the same") == outcome
            assert after == before
        else:
            assert (after["state"], after["version"]) == (outcome, before["version"] + 1)
            assert (listed(world) == [made]) == (outcome == "published")
            assert bool(entries(world, made)) == (outcome == "published")


def refusal_of(world, verb, listing_id, expected=None):
    try:
        do(world, "university", verb, listing_id, expected)
    except MarketError as refusal:
        return refusal.code
    return None


def test_published_again_it_stands_first_again(world):
    first, second = post(world, "university"), post(world, "university")
    assert listed(world) == [second, first]
    do(world, "university", "withdraw", first)
    do(world, "university", "publish", first)
    assert listed(world) == [first, second]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("stranger", ["enterprise", "university2", "office"])
def test_another_ones_listing_is_not_to_be_touched(world, verb, stranger):
    draft, published = post(world, "university", publish=False), post(world, "university")
    with pytest.raises(NotFound):
        do(world, stranger, verb, draft)
    with pytest.raises(Forbidden):
        do(world, stranger, verb, published)
    with pytest.raises(NotFound):
        do(world, stranger, verb, "ach_00000000000000000000000000")
    with pytest.raises(NotFound):
        do(world, "university", verb, published, kind="demand")
    do(world, "university", "withdraw", published)
    with pytest.raises(NotFound):
        do(world, stranger, verb, published)


@pytest.mark.parametrize("verb", VERBS)
def test_a_version_of_before_is_not_changed(world, verb):
    made = post(world, "university", publish=verb == "withdraw")
    do(world, "university", "edit", made, summary="新")
    with pytest.raises(Stale):
        do(world, "university", verb, made, expected=1)
    do(world, "university", verb, made, expected=2)
    assert seen(world, world.actor("university"), "achievement", made)["version"] == 3


@pytest.mark.parametrize("expected", [1, None])
def test_published_by_several_at_once_it_is_published_once(world, expected):
    made, barrier = post(world, "university", publish=False), Barrier(4, timeout=60)

    def publish(_):
        barrier.wait()
        return refusal_of(world, "publish", made, expected) or "won"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(publish, range(4)))
    assert outcomes == ["won"] * 4
    assert [entry["kind"] for entry in events(world, made)] == ["listing.drafted", "listing.published"]


def test_of_those_who_withdraw_and_edit_at_once_one_wins(world):
    made = post(world, "university", valid_until=TOMORROW)
    verbs, barrier = ("withdraw", "withdraw", "edit", "edit"), Barrier(4, timeout=60)

    def act(verb):
        barrier.wait()
        return verb, refusal_of(world, verb, made, 1) or "won"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(act, verbs))
    assert sorted(outcome for _, outcome in outcomes) == ["stale", "stale", "stale", "won"]
    assert len(events(world, made)) == 2
    winner = next(verb for verb, outcome in outcomes if outcome == "won")
    state = seen(world, world.actor("university"), "achievement", made)["state"]
    assert state == {"withdraw": "withdrawn", "edit": "published"}[winner]
    assert (listed(world) == [made]) == (winner == "edit")


def test_in_talks_it_is_still_found(world):
    made, other = post(world, "enterprise", "demand"), post(world, "enterprise", "demand")
    day = today()

    def mark(on):
        world.database.write(world.actor("university"), lambda unit: actions.mark_matched(unit, made, on))
        return seen(world, PUBLIC, "demand", made)["state"]

    assert mark(day) == "matched"
    assert mark(TOMORROW) == "matched"
    assert seen(world, PUBLIC, "demand", made)["matched_on"] == day
    assert listed(world, kind="demand") == [other, made]
    assert listed(world, kind="demand", state="published") == [other]
    assert listed(world, world.actor("enterprise"), "demand", owner="me", state="matched") == [made]
    assert mark(None) == "published"
    assert mark(day) == "matched"
    assert [each["kind"] for each in events(world, made)] == [
        *("listing.published", "listing.matched", "listing.unmatched", "listing.matched")
    ]
    for act in (actions.withdraw, actions.publish):
        world.database.write(world.actor("enterprise"), lambda unit, act=act: act(unit, "demand", made, None))
    assert seen(world, PUBLIC, "demand", made)["state"] == "published", "offered anew, nobody is in talks about it"


def test_many_are_posted_as_each_alone(world):
    actor = world.actor("university")
    given = [facts(title=str(n), fields=["hightech:10101"], publish=n % 2 == 0) for n in range(5)]
    rows = world.database.write(actor, lambda unit: actions.post_all(unit, "achievement", given))
    many = [row["id"] for row in rows]
    alone = [post(world, "university", **each) for each in given]
    assert len({*many, *alone}) == 10
    for one, other in zip(many, alone, strict=True):
        left, right = (seen(world, actor, "achievement", each) for each in (one, other))
        differing = {name for name in left if left[name] != right[name]}
        assert differing <= {"id", "created_at", "updated_at", "published_at", "first_published_at", "ordered_at"}
        assert entries(world, one) == entries(world, other)
        assert [e["kind"] for e in events(world, one)] == [e["kind"] for e in events(world, other)]


def test_the_contact_is_for_its_owner_and_administrators(world):
    made = post(world, "university", contact=CONTACT)
    with world.database.read(SYSTEM) as unit:
        assert unit.execute(select(Listing.contact).where(Listing.id == made)).scalar_one() == CONTACT
    assert seen(world, PUBLIC, "achievement", made)["contact"] is None
    assert seen(world, world.actor("office"), "achievement", made)["contact"] is None
    assert seen(world, world.actor("university2"), "achievement", made)["contact"] is None
    assert seen(world, world.actor("university"), "achievement", made)["contact"] == CONTACT
    assert seen(world, world.actor("administrator"), "achievement", made)["contact"] == CONTACT
