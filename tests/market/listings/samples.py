"""Listings for tests: plain facts, random ones, and what the store must answer about them, told by plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from market.access import PUBLIC, Actor
from market.fields.queries import Fields, catalogue
from market.listings import actions
from market.listings.queries import find, page_of
from market.places.queries import Places, tree
from market.store.session import Unit
from market.store.types import today
from tests.world import World

OWNERS = ("enterprise", "university", "broker", "enterprise2", "university2")
KINDS = ("achievement", "demand")
TAGS = (
    *("contract:01", "contract:05", "region:rare_earth", "region:rare_earth_new_materials", "region:new_energy"),
    *("region:hydrogen", "hightech:10", "hightech:101", "hightech:10101", "hightech:10102", "hightech:40"),
    *("hightech:401", "hightech:40103", "hightech:40107", "hightech:404", "hightech:602", "hightech:60202"),
)
PLACES = ("150203", "150202", "150200", "150102", "150100", "150602", "150000", "110000")
MODES = ("patent_transfer", "patent_license", "service", "consulting")


def facts(**more: Any) -> dict[str, Any]:
    return {"title": "稀土永磁", "summary": "烧结磁体", "fields": ["region:rare_earth"], **more}


def random_facts(rng: Random) -> dict[str, Any]:
    days = (None, None, today(), today() + timedelta(days=1), today() + timedelta(days=9))
    return facts(
        fields=rng.sample(TAGS, rng.randint(1, 5)),
        place=rng.choice((None, *PLACES)),
        modes=rng.sample(MODES, rng.randint(0, 3)),
        maturity=rng.choice((None, 3, 6, 9)),
        amount_fen=rng.choice((None, 100, 10_000)),
        valid_until=rng.choice(days),
        anonymous=rng.random() < 0.3,
        publish=rng.random() < 0.7,
    )


def post(world: World, owner: str, kind: str = "achievement", **more: Any) -> str:
    """Post a published listing; its id."""
    given = facts(publish=True) | more
    return world.database.write(world.actor(owner), lambda unit: actions.post(unit, kind, given)["id"])


def seen(world: World, actor: Actor, kind: str, listing_id: str) -> dict[str, Any]:
    with world.database.read(actor) as unit:
        return find(unit, kind, listing_id)


def listed(world: World, actor: Actor = PUBLIC, kind: str = "achievement", limit: int = 7, **asked: Any) -> list[str]:
    """The ids on all pages of a list."""
    ids: list[str] = []
    cursor = None
    with world.database.read(actor) as unit:
        while True:
            page = page_of(unit, kind, **asked, cursor=cursor, limit=limit)
            ids += [row["id"] for row in page.rows]
            cursor = page.next
            if cursor is None:
                return ids


@dataclass
class Told:
    """A listing as plain Python knows it."""

    id: str
    kind: str
    owner: str
    facts: dict[str, Any]
    state: str
    order: tuple[int, str] = (0, "")


@dataclass
class History:
    """Random doings on a world, told twice: to the store and to a list of `Told`."""

    world: World
    rng: Random
    told: list[Told] = field(default_factory=list)

    def play(self, steps: int) -> None:
        for _ in range(steps):
            self.rng.choice((self.post, self.post, self.post, self.edit, self.publish, self.withdraw))()
        for each in self.told:
            row = seen(self.world, self.world.actor(each.owner), each.kind, each.id)
            each.order = (row["published_at"] or row["created_at"], each.id)

    def act(self, owner: str, work: Any) -> Any:
        return self.world.database.write(self.world.actor(owner), work)

    def post(self) -> None:
        owner, kind, given = self.rng.choice(OWNERS), self.rng.choice(KINDS), random_facts(self.rng)
        made = self.act(owner, lambda unit: actions.post(unit, kind, given)["id"])
        published = given.pop("publish")
        self.told.append(Told(made, kind, owner, self._placed(owner, given), "published" if published else "draft"))

    def edit(self) -> None:
        for each in self._some("draft", "published", "withdrawn"):
            fresh = random_facts(self.rng)
            changes = {name: fresh[name] for name in self.rng.sample(sorted(set(fresh) - {"publish"}), 3)}
            self.act(each.owner, lambda unit, each=each, changes=changes: self._edit(unit, each, changes))
            each.facts = self._placed(each.owner, each.facts | changes)

    @staticmethod
    def _edit(unit: Unit, each: Told, changes: dict[str, Any]) -> None:
        actions.edit(unit, each.kind, each.id, changes, None)

    def publish(self) -> None:
        for each in self._some("draft", "withdrawn"):
            self.act(each.owner, lambda unit, each=each: actions.publish(unit, each.kind, each.id, None))
            each.state = "published"

    def withdraw(self) -> None:
        for each in self._some("published"):
            self.act(each.owner, lambda unit, each=each: actions.withdraw(unit, each.kind, each.id, None))
            each.state = "withdrawn"

    def _some(self, *states: str) -> list[Told]:
        """One of those in these states, if there is any."""
        ready = [each for each in self.told if each.state in states]
        return [self.rng.choice(ready)] if ready else []

    def _placed(self, owner: str, given: dict[str, Any]) -> dict[str, Any]:
        return given | {"place": given["place"] or self.world.actor(owner).place}

    def expected(
        self,
        actor: Actor,
        kind: str,
        *,
        day: date | None = None,
        field: str | None = None,
        place: str | None = None,
        mode: str | None = None,
        owner: str | None = None,
        state: str | None = None,
        sort: str = "-published_at",
    ) -> list[str]:
        """What a list must answer, straight from its definition."""
        day = day or today()
        with self.world.database.read(actor) as unit:
            fields, places = catalogue(unit), tree(unit)
        names = {self.world.ids[name]: name for name in OWNERS}
        me = names.get(actor.organisation or "")
        whose = me if owner == "me" else names.get(owner or "")
        state = state or (None if owner is not None and whose == me else "published")
        found = []
        for each in self.told:
            now_in = "expired" if each.state == "published" and (each.facts["valid_until"] or day) < day else each.state
            wanted = (
                each.kind == kind
                and (each.owner == me or now_in == "published")
                and state in (None, now_in)
                and (state == "published" or owner is not None or each.owner == me)
                and (owner is None or (each.owner == whose and (each.owner == me or not each.facts["anonymous"])))
                and (mode is None or mode in each.facts["modes"])
                and _lies_under(fields, each, field)
                and _lies_in(places, each, place, hidden=each.facts["anonymous"] and owner is None)
            )
            if wanted:
                found.append(each.order)
        return [listing_id for _, listing_id in sorted(found, reverse=sort.startswith("-"))]


def _lies_under(fields: Fields, each: Told, tag: str | None) -> bool:
    return tag is None or any(tag in fields.lineage(own) for own in each.facts["fields"])


def _lies_in(places: Places, each: Told, place: str | None, hidden: bool) -> bool:
    """An anonymous listing is not found by its banner, unless one's own are asked for."""
    if place is None:
        return True
    return place in places.lineage(each.facts["place"]) and not (hidden and places.at_level(place, "county"))
