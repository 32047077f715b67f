"""Achievements (科技成果) and technology demands (技术需求): post, read, edit, publish, withdraw."""

from __future__ import annotations

from typing import Any

from api.gate import allow, language, public
from api.listings.lifecycle import add_to, published, review_mode
from api.listings.schemas import (
    AchievementIn,
    AchievementPatch,
    AsOfQuery,
    DemandIn,
    DemandPatch,
    ListingsQuery,
    SearchOut,
    SearchQuery,
)
from api.representations import AchievementOut, DemandOut
from api.routes import Accepted, Created, Routes
from market.access import Permission
from market.listings import actions
from market.listings.finding import page, results
from market.listings.queries import find
from market.listings.versions import read
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("listings")


@routes.create("/v1/achievements", body=AchievementIn, reply=AchievementOut, judge=actions.judge_achievement)
@allow(Permission.LIST_ACHIEVEMENT)
def post_achievement(unit: Unit, body: dict[str, Any]) -> Created:
    """List an achievement, as a draft or published at once."""
    row = actions.post(unit, "achievement", body, review_mode())
    return Created(row, f"/v1/achievements/{row['id']}")


@routes.get("/v1/search", reply=SearchOut, query=SearchQuery, snapshot=True)
@public
def search_listings(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """Published achievements and demands by what is written in them.

    Words, `"phrases"` and beginnings such as `laser*` must all be met; one Chinese character finds every word with it, a run of
    two to four must stand as it is, of a longer one half of its pairs. The best first; ties: the newer first
    publication, then the greater id.
    """
    return results(unit, **query, language=language())


@routes.list("/v1/achievements", item=AchievementOut, query=ListingsQuery, snapshot="q")
@public
def list_achievements(unit: Unit, query: dict[str, Any]) -> Page:
    """Achievements that are published, and one's own in any state; with `q` those found, the best first."""
    return page(unit, "achievement", **query)


@routes.get("/v1/achievements/<id>", reply=AchievementOut, query=AsOfQuery)
@public
def show_achievement(unit: Unit, id: str, query: dict[str, Any]) -> dict[str, Any]:
    """One achievement, as it stands or stood."""
    return read(unit, "achievement", id, **query)


@routes.change("/v1/achievements/<id>", method="PATCH", body=AchievementPatch, reply=AchievementOut)
@allow(Permission.LIST_ACHIEVEMENT)
def edit_achievement(unit: Unit, id: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Change one's own achievement: what is absent stays, null empties."""
    actions.edit(unit, "achievement", id, body, expected, review_mode())
    return find(unit, "achievement", id)


@routes.change("/v1/achievements/<id>/publish", reply=AchievementOut, deferred=True)
@allow(Permission.LIST_ACHIEVEMENT)
def publish_achievement(unit: Unit, id: str, expected: int | None) -> dict[str, Any] | Accepted:
    """Show one's own draft, or what was withdrawn or refused, to everybody

    202 where a reviewer must read it first. What is published already stays so, whatever If-Match says: it may be repeated.
    """
    return published(unit, "achievement", id, expected)


@routes.change("/v1/achievements/<id>/withdraw", reply=AchievementOut)
@allow(Permission.LIST_ACHIEVEMENT)
def withdraw_achievement(unit: Unit, id: str, expected: int | None) -> dict[str, Any]:
    """Take one's own achievement back; only oneself sees it from now on."""
    actions.withdraw(unit, "achievement", id, expected)
    return find(unit, "achievement", id)


@routes.create("/v1/demands", body=DemandIn, reply=DemandOut, judge=actions.judge_demand)
@allow(Permission.POST_DEMAND)
def post_demand(unit: Unit, body: dict[str, Any]) -> Created:
    """Post a technology demand, as a draft or published at once."""
    row = actions.post(unit, "demand", body, review_mode())
    return Created(row, f"/v1/demands/{row['id']}")


@routes.list("/v1/demands", item=DemandOut, query=ListingsQuery, snapshot="q")
@public
def list_demands(unit: Unit, query: dict[str, Any]) -> Page:
    """Demands that are published, and one's own in any state; with `q` those found, the best first."""
    return page(unit, "demand", **query)


@routes.get("/v1/demands/<id>", reply=DemandOut, query=AsOfQuery)
@public
def show_demand(unit: Unit, id: str, query: dict[str, Any]) -> dict[str, Any]:
    """One technology demand, as it stands or stood."""
    return read(unit, "demand", id, **query)


@routes.change("/v1/demands/<id>", method="PATCH", body=DemandPatch, reply=DemandOut)
@allow(Permission.POST_DEMAND)
def edit_demand(unit: Unit, id: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Change one's own demand: what is absent stays, null empties."""
    actions.edit(unit, "demand", id, body, expected, review_mode())
    return find(unit, "demand", id)


@routes.change("/v1/demands/<id>/publish", reply=DemandOut, deferred=True)
@allow(Permission.POST_DEMAND)
def publish_demand(unit: Unit, id: str, expected: int | None) -> dict[str, Any] | Accepted:
    """Show one's own draft, or what was withdrawn or refused, to everybody

    202 where a reviewer must read it first. What is published already stays so, whatever If-Match says: it may be repeated.
    """
    return published(unit, "demand", id, expected)


@routes.change("/v1/demands/<id>/withdraw", reply=DemandOut)
@allow(Permission.POST_DEMAND)
def withdraw_demand(unit: Unit, id: str, expected: int | None) -> dict[str, Any]:
    """Take one's own demand back; only oneself sees it from now on."""
    actions.withdraw(unit, "demand", id, expected)
    return find(unit, "demand", id)


add_to(routes)
