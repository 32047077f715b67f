"""Lists answer what their definition says, for every viewer and filter, in the stated order, and stay one walk along an index."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
import time_machine
from sqlalchemy import delete, select, text, update

from market.access import PUBLIC, SYSTEM
from market.errors import Invalid, Unauthenticated
from market.listings import actions
from market.listings.model import Listing, ListingEntry
from market.listings.queries import find, page_of
from market.listings.states import STATES
from market.store.types import today
from tests.market.listings.samples import MODES, PLACES, TAGS, History, listed, post, seen

ANY = (None, None, None)


def entries(world):
    with world.database.read(SYSTEM) as unit:
        return sorted(map(tuple, unit.execute(select(ListingEntry.__table__))))


@pytest.mark.parametrize("seed", range(4))
def test_lists_are_what_plain_python_finds(world, seed):
    rng = Random(seed)
    history = History(world, rng)
    history.play(60)
    viewers = [PUBLIC, world.actor("university"), world.actor("office")]
    for _ in range(60):
        viewer = rng.choice(viewers)
        asked = {
            "field": rng.choice((None, *TAGS, "hightech:60")),
            "place": rng.choice((None, *PLACES)),
            "mode": rng.choice((*ANY, *MODES)),
            "owner": rng.choice((*ANY, *world.ids.values(), *(["me"] if viewer is not PUBLIC else []))),
            "state": rng.choice((*ANY, "published", *(STATES if viewer is not PUBLIC else []))),
            "sort": rng.choice(("-published_at", "published_at")),
        }
        kind, days = rng.choice(("achievement", "demand")), rng.choice((0, 0, 1, 5))
        day = today() + timedelta(days=days)
        with time_machine.travel(day):
            found = listed(world, viewer, kind, **asked)
        assert found == history.expected(viewer, kind, day=day, **asked), (viewer, kind, day, asked)


@pytest.mark.parametrize("seed", range(2))
def test_entries_kept_up_are_entries_made_anew(world, seed):
    history = History(world, Random(seed))
    history.play(60)
    kept = entries(world)
    assert {row[0] for row in kept} == {"achievement", "demand"}
    world.database.write(SYSTEM, lambda unit: unit.execute(delete(ListingEntry).where(ListingEntry.place != "")))
    world.database.write(SYSTEM, lambda unit: unit.execute(update(Listing).values(tag_path=[], place_path=[])))
    assert entries(world) != kept
    listed_now = world.database.write(SYSTEM, actions.reindex)
    assert listed_now == len({row[4] for row in kept})
    assert entries(world) == kept
    owned = [each for each in history.told if each.owner == "university" and each.kind == "demand"]
    with_tag = [each.order for each in owned if "hightech:401" in str(each.facts["fields"])]
    found = listed(world, world.actor("university"), "demand", owner="me", field="hightech:401")
    assert found == [listing_id for _, listing_id in sorted(with_tag, reverse=True)]


def test_the_state_in_sql_is_the_state_in_python(world):
    history = History(world, Random(5))
    history.play(80)
    with time_machine.travel(today() + timedelta(days=2)):
        for name in ("university", "broker"):
            actor = world.actor(name)
            by_state = {state: set(listed(world, actor, owner="me", state=state)) for state in STATES}
            own = listed(world, actor, owner="me")
            assert sorted(own) == sorted(listing_id for ids in by_state.values() for listing_id in ids)
            for state, ids in by_state.items():
                assert all(seen(world, actor, "achievement", listing_id)["state"] == state for listing_id in ids)


def test_an_administrator_lists_what_is_published_and_every_other_state_by_name(world):
    administrator = world.actor("administrator")
    draft, ending = post(world, "university", publish=False), post(world, "broker", valid_until=today())
    lasting = post(world, "enterprise", anonymous=True)
    with time_machine.travel(today() + timedelta(days=1)):
        assert listed(world, administrator) == [lasting]
        assert listed(world, administrator, state="draft") == [draft]
        assert listed(world, administrator, state="expired") == [ending]
        assert listed(world, administrator, owner=world.ids["enterprise"]) == [lasting]


def test_days_of_publication_are_days_in_shanghai(world):
    with time_machine.travel("2026-03-01T15:59:59.5Z", tick=False):
        last_of_the_first = post(world, "university")
    with time_machine.travel("2026-03-01T16:00:00Z", tick=False):
        first_of_the_second = post(world, "university")
    first, second = (date_of(f"2026-03-0{n}") for n in (1, 2))
    for more in ({}, {"owner": world.ids["university"]}):
        assert listed(world, published_to=first, **more) == [last_of_the_first]
        assert listed(world, published_from=second, **more) == [first_of_the_second]
        assert len(listed(world, published_from=first, published_to=second, **more)) == 2
        assert listed(world, published_from=second + timedelta(days=1), **more) == []


def date_of(text):
    return today().fromisoformat(text)


def test_wrong_filters_are_refused_together(world):
    asked = {"field": "contract:99", "place": "999999", "mode": "barter"}
    dates = {"published_from": today(), "published_to": today() - timedelta(days=1)}
    with pytest.raises(Invalid) as refusal:
        listed(world, **asked, **dates)
    assert [(e.pointer, e.code) for e in refusal.value.errors] == [
        ("/field", "unknown-value"),
        ("/place", "unknown-value"),
        ("/mode", "unknown-value"),
        ("/published_to", "end-before-start"),
    ]


@pytest.mark.parametrize("asked", [{"owner": "me"}, {"state": "draft"}, {"state": "expired"}, {"state": "withdrawn"}])
def test_the_public_has_nothing_of_its_own(world, asked):
    with pytest.raises(Unauthenticated):
        listed(world, **asked)


def test_an_alias_filters_as_its_field(world):
    made = post(world, "university", fields=["contract:05"])
    assert listed(world, field="contract:5") == [made]
    assert listed(world, field="contract:06") == []


def test_an_underscore_stands_for_itself(world):
    actor, made = world.actor("university"), post(world, "university")
    assert listed(world, actor, owner="me", field="region:rare_earth") == [made]
    almost = update(Listing).values(tag_path=["region:rare-earth"])
    world.database.write(SYSTEM, lambda unit: unit.execute(almost))
    assert listed(world, actor, owner="me", field="region:rare_earth") == []


def test_pages_are_whole_where_many_were_published_in_one_instant(world):
    with time_machine.travel(today(), tick=False):
        made = sorted(post(world, "university") for _ in range(8))
    for more in ({}, {"owner": world.ids["university"]}):
        assert listed(world, limit=3, **more) == made[::-1]
        assert listed(world, limit=3, sort="published_at", **more) == made


def test_a_cursor_serves_its_own_question_only(world):
    for _ in range(3):
        post(world, "university")
    with world.database.read(PUBLIC) as unit:
        cursor = page_of(unit, "achievement", limit=1).next
        assert cursor
        assert len(page_of(unit, "achievement", cursor=cursor, limit=5).rows) == 2
        for other in ({"field": "region:rare_earth"}, {"sort": "published_at"}, {"place": "150000"}):
            with pytest.raises(Invalid, match="cursor"):
                page_of(unit, "achievement", cursor=cursor, **other)
        with pytest.raises(Invalid, match="cursor"):
            page_of(unit, "demand", cursor=cursor)


SHAPES = [
    {},
    {"field": "region:rare_earth"},
    {"place": "150000"},
    {"field": "region:rare_earth", "place": "150200"},
    {"field": "region:rare_earth", "place": "150200", "sort": "published_at"},
    {"field": "region:rare_earth", "place": "150200", "mode": "service"},
    {"field": "region:rare_earth", "published_from": today(), "published_to": today()},
    {"owner": "org_x"},
    {"owner": "me"},
    {"owner": "me", "state": "draft", "field": "region:rare_earth"},
]


@pytest.mark.parametrize("asked", SHAPES, ids=str)
@pytest.mark.parametrize("analysed", [False, True])
def test_a_page_is_one_statement_and_one_walk_along_an_index(world, statements, asked, analysed):
    for number in range(30):
        post(world, "university", modes=["service"], place=PLACES[number % len(PLACES)])
    database = world.database
    if analysed:
        with database.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
    for actor in (PUBLIC, world.actor("university")):
        if asked.get("owner") == "me" and actor is PUBLIC:
            continue
        with database.read(actor) as unit:
            first = page_of(unit, "achievement", limit=3, **asked)
            for cursor in (None, first.next):
                with statements(database) as ran:
                    page_of(unit, "achievement", cursor=cursor, limit=3, **asked)
                assert ran.n == 1
                if database.engine.dialect.name == "sqlite":
                    plan = plan_of(unit, ran)
                    assert "TEMP B-TREE" not in plan
                    assert "SCAN" not in plan
                    index = "ix_listing_owner" if "owner" in asked else "listing_entry USING PRIMARY KEY"
                    assert index in plan


def plan_of(unit, ran):
    statement = ran.texts[0]
    rows = unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?"))
    return "\n".join(row.detail for row in rows)


def test_one_listing_is_one_statement(world, statements):
    made = post(world, "university")
    seen(world, PUBLIC, "achievement", made)
    with world.database.read(PUBLIC) as unit:
        unit.reference_version()
        with statements(world.database) as ran:
            find(unit, "achievement", made)
    assert ran.n == 1
