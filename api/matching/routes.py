"""Matches between achievements (科技成果) and technology demands (技术需求), with their reasons."""

from __future__ import annotations

from typing import Any

from api.gate import language, public
from api.matching.schemas import AchievementMatchesOut, DemandMatchesOut, MatchesQuery
from api.routes import Routes
from market.matching.queries import matches
from market.store.session import Unit

routes = Routes("matching")


@routes.get("/v1/demands/<id>/matches", reply=AchievementMatchesOut, query=MatchesQuery, snapshot=True)
@public
def match_demand(unit: Unit, id: str, query: dict[str, Any]) -> dict[str, Any]:
    """The achievements that fit a demand, the best first.

    Ranked by how rare and how close the shared fields are; ties: the newer publication, then the greater id.
    """
    return {"items": matches(unit, "demand", id, query["limit"], language()), "next": None}


@routes.get("/v1/achievements/<id>/matches", reply=DemandMatchesOut, query=MatchesQuery, snapshot=True)
@public
def match_achievement(unit: Unit, id: str, query: dict[str, Any]) -> dict[str, Any]:
    """The demands that fit an achievement, the best first.

    Ranked by how rare and how close the shared fields are; ties: the newer publication, then the greater id.
    """
    return {"items": matches(unit, "achievement", id, query["limit"], language()), "next": None}
