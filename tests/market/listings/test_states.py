"""The state follows from the facts alone, and SQL says the same as Python: every combination of facts is tried."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

from sqlalchemy import insert, select

from market.access import SYSTEM
from market.listings.model import Listing
from market.listings.states import IN_STATE, IS_LIVE, LIVE, STATES, is_listed, state_of
from market.store.types import today

DAY = today()
YESTERDAY = DAY - timedelta(days=1)
FACTS = {
    "published_at": (None, 1),
    "withdrawn_at": (None, 2),
    "refused_at": (None, 3),
    "submitted_at": (None, 4),
    "matched_on": (None, YESTERDAY),
    "closed_on": (None, YESTERDAY),
    "valid_until": (None, YESTERDAY, DAY),
}
COMBINATIONS = [
    dict(zip(FACTS, values, strict=True))
    for values in product(*FACTS.values())
    if values[0] is not None or values[1] is None  # what was never published is not withdrawn
]


def row(number, owner, facts):
    return {
        "id": f"dem_{number:026}",
        "kind": "demand",
        "owner": owner,
        "version": 1,
        "title": "x",
        "summary": "x",
        "fields": ["contract:05"],
        "keywords": [],
        "modes": [],
        "indicators": [],
        "ip_numbers": [],
        "attachments": [],
        "negotiable": False,
        "anonymous": False,
        "created_at": 1,
        "updated_at": 1,
        "ordered_at": 1,
        "tag_path": [],
        "place_path": [],
        **facts,
    }


def test_the_state_in_sql_is_the_state_in_python_for_all_facts(world):
    owner = world.ids["enterprise"]
    rows = [row(number, owner, facts) for number, facts in enumerate(COMBINATIONS)]
    world.database.write(SYSTEM, lambda unit: unit.execute(insert(Listing), rows))
    with world.database.snapshot(SYSTEM) as unit:
        held = {
            state: set(unit.execute(select(Listing.id).where(condition), {"today": DAY}).scalars())
            for state, condition in IN_STATE.items()
        }
        live = set(unit.execute(select(Listing.id).where(IS_LIVE), {"today": DAY}).scalars())
    assert set(held) == set(STATES) == {state_of(each, DAY) for each in rows}
    for each in rows:
        state = state_of(each, DAY)
        assert [name for name, ids in held.items() if each["id"] in ids] == [state], each
        assert (each["id"] in live) == (state in LIVE)
        assert is_listed(each) == (state in (*LIVE, "expired"))


def test_the_order_of_the_facts():
    nothing = dict.fromkeys(FACTS)
    published = nothing | {"published_at": 1}
    assert state_of(nothing, DAY) == "draft"
    assert state_of(nothing | {"valid_until": YESTERDAY}, DAY) == "draft"
    assert state_of(nothing | {"submitted_at": 1}, DAY) == "in_review"
    assert state_of(published, DAY) == "published"
    assert state_of(published | {"submitted_at": 1}, DAY) == "published"
    assert state_of(published | {"valid_until": DAY}, DAY) == "published"
    assert state_of(published | {"matched_on": DAY}, DAY) == "matched"
    assert state_of(published | {"matched_on": DAY, "valid_until": YESTERDAY}, DAY) == "expired"
    assert state_of(published | {"refused_at": 1, "valid_until": YESTERDAY}, DAY) == "refused"
    assert state_of(published | {"withdrawn_at": 1, "refused_at": 1}, DAY) == "withdrawn"
    assert state_of(published | {"closed_on": DAY, "withdrawn_at": 1}, DAY) == "closed"
