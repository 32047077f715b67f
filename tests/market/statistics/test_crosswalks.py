"""The cross-walk as the journal knew it."""

from __future__ import annotations

from market.access import SYSTEM
from market.fields.actions import renew
from market.journal.append import Event, append
from market.statistics.crosswalks import crosswalk_as_of
from market.statistics.points import Point

LOADS = [
    {},
    {"links": [["contract:05", "hightech:30", "exact"]]},
    {"links": [["contract:05", "hightech:40", "close"]]},
]
"""What a load told before it told its links, and after."""


def test_before_the_first_load_that_told_its_links_these_count(factory, engine):
    with factory.open(engine, "empty") as database:
        for version, told in enumerate(LOADS, 1):

            def load(unit, version=version, told=told):
                renew(unit)
                append(unit, Event("reference.loaded", "reference:crosswalks:crosswalks", version, told))

            database.write(SYSTEM, load)
        with database.snapshot(SYSTEM) as unit:
            found = [
                crosswalk_as_of(unit, Point(seq, None, month=0)).keys("hightech", "contract:05") for seq in (1, 2, 3)
            ]
    assert found == [("hightech:30",), ("hightech:30",), ("hightech:40",)]
