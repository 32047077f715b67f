"""Achievements (科技成果) and technology demands (技术需求): post, read, edit, publish, withdraw."""

from __future__ import annotations

from typing import Any

from api.gate import allow, public
from api.listings.schemas import AchievementChanges, AchievementIn, DemandChanges, DemandIn, ListingsQuery
from api.representations import AchievementOut, DemandOut
from api.routes import Created, Routes
from market.access import Permission
from market.listings import actions
from market.listings.queries import find, page_of
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("listings")


@routes.create("/v1/achievements", body=AchievementIn, reply=AchievementOut, judge=actions.judge_achievement)
@allow(Permission.LIST_ACHIEVEMENT)
def post_achievement(unit: Unit, body: dict[str, Any]) -> Created:
    """List an achievement, as a draft or published at once."""
    row = actions.post(unit, "achievement", body)
    return Created(row, f"/v1/achievements/{row['id']}")


@routes.list("/v1/achievements", item=AchievementOut, query=ListingsQuery)
@public
def list_achievements(unit: Unit, query: dict[str, Any]) -> Page:
    """Achievements that are published, and one's own in any state."""
    return page_of(unit, "achievement", **query)


@routes.get("/v1/achievements/<id>", reply=AchievementOut)
@public
def show_achievement(unit: Unit, id: str) -> dict[str, Any]:
    """One achievement."""
    return find(unit, "achievement", id)


@routes.change("/v1/achievements/<id>", method="PATCH", body=AchievementChanges, reply=AchievementOut)
@allow(Permission.LIST_ACHIEVEMENT)
def edit_achievement(unit: Unit, id: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Change one's own achievement: what is absent stays, null empties."""
    actions.edit(unit, "achievement", id, body, expected)
    return find(unit, "achievement", id)


@routes.change("/v1/achievements/<id>/publish", reply=AchievementOut)
@allow(Permission.LIST_ACHIEVEMENT)
def publish_achievement(unit: Unit, id: str, expected: int | None) -> dict[str, Any]:
    """Show one's own draft, or what one has withdrawn, to everybody."""
    actions.publish(unit, "achievement", id, expected)
    return find(unit, "achievement", id)


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
    row = actions.post(unit, "demand", body)
    return Created(row, f"/v1/demands/{row['id']}")


@routes.list("/v1/demands", item=DemandOut, query=ListingsQuery)
@public
def list_demands(unit: Unit, query: dict[str, Any]) -> Page:
    """Demands that are published, and one's own in any state."""
    return page_of(unit, "demand", **query)


@routes.get("/v1/demands/<id>", reply=DemandOut)
@public
def show_demand(unit: Unit, id: str) -> dict[str, Any]:
    """One technology demand."""
    return find(unit, "demand", id)


@routes.change("/v1/demands/<id>", method="PATCH", body=DemandChanges, reply=DemandOut)
@allow(Permission.POST_DEMAND)
def edit_demand(unit: Unit, id: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Change one's own demand: what is absent stays, null empties."""
    actions.edit(unit, "demand", id, body, expected)
    return find(unit, "demand", id)


@routes.change("/v1/demands/<id>/publish", reply=DemandOut)
@allow(Permission.POST_DEMAND)
def publish_demand(unit: Unit, id: str, expected: int | None) -> dict[str, Any]:
    """Show one's own draft, or what one has withdrawn, to everybody."""
    actions.publish(unit, "demand", id, expected)
    return find(unit, "demand", id)


@routes.change("/v1/demands/<id>/withdraw", reply=DemandOut)
@allow(Permission.POST_DEMAND)
def withdraw_demand(unit: Unit, id: str, expected: int | None) -> dict[str, Any]:
    """Take one's own demand back; only oneself sees it from now on."""
    actions.withdraw(unit, "demand", id, expected)
    return find(unit, "demand", id)
