"""Matches between achievements (科技成果) and technology demands (技术需求), their reasons, and what owners say of them."""

from __future__ import annotations

from typing import Any

from api.gate import allow, language, public
from api.matching.schemas import (
    AchievementMatchesOut,
    AchievementPairOut,
    AnswerIn,
    DemandMatchesOut,
    DemandPairOut,
    FeedbackIn,
    FeedbackOut,
    FeedbackQuery,
    MatchesQuery,
    PairQuery,
)
from api.routes import Created, Routes
from market.access import Permission
from market.matching import feedback
from market.matching.queries import matches, why
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("matching")


@routes.get("/v1/demands/<id>/matches", reply=AchievementMatchesOut, query=MatchesQuery, snapshot=True)
@public
def match_demand(unit: Unit, id: str, query: dict[str, Any]) -> dict[str, Any]:
    """The achievements that fit a demand, the best first.

    Ranked by what they share: words and tags, the rarer and closer the better, and a little by freshness; ties: the newer first
    publication, then the greater id. Every item says why.
    """
    return matches(unit, "demand", id, **query, language=language())


@routes.get("/v1/achievements/<id>/matches", reply=DemandMatchesOut, query=MatchesQuery, snapshot=True)
@public
def match_achievement(unit: Unit, id: str, query: dict[str, Any]) -> dict[str, Any]:
    """The demands that fit an achievement, the best first.

    Ranked by what they share: words and tags, the rarer and closer the better, and a little by freshness; ties: the newer first
    publication, then the greater id. Every item says why.
    """
    return matches(unit, "achievement", id, **query, language=language())


@routes.get("/v1/demands/<id>/matches/<other>/why", reply=AchievementPairOut, query=PairQuery, snapshot=True)
@public
def explain_demand(unit: Unit, id: str, other: str, query: dict[str, Any]) -> dict[str, Any]:
    """Why an achievement fits a demand, or does not."""
    return why(unit, "demand", id, other, **query, language=language())


@routes.get("/v1/achievements/<id>/matches/<other>/why", reply=DemandPairOut, query=PairQuery, snapshot=True)
@public
def explain_achievement(unit: Unit, id: str, other: str, query: dict[str, Any]) -> dict[str, Any]:
    """Why a demand fits an achievement, or does not."""
    return why(unit, "achievement", id, other, **query, language=language())


@routes.create("/v1/demands/<id>/matches/<other>/feedback", body=FeedbackIn, reply=FeedbackOut)
@allow(Permission.JUDGE_MATCHES)
def judge_achievement_match(unit: Unit, id: str, other: str, body: dict[str, Any]) -> Created:
    """Say of an achievement matched to one's own demand: useful, not for us, or contested."""
    row = feedback.judge(unit, "demand", id, other, body)
    return Created(row, f"/v1/match-feedback/{row['id']}")


@routes.create("/v1/achievements/<id>/matches/<other>/feedback", body=FeedbackIn, reply=FeedbackOut)
@allow(Permission.JUDGE_MATCHES)
def judge_demand_match(unit: Unit, id: str, other: str, body: dict[str, Any]) -> Created:
    """Say of a demand matched to one's own achievement: useful, not for us, or contested."""
    row = feedback.judge(unit, "achievement", id, other, body)
    return Created(row, f"/v1/match-feedback/{row['id']}")


@routes.list("/v1/match-feedback", item=FeedbackOut, query=FeedbackQuery)
@allow(Permission.IDENTIFY)
def list_feedback(unit: Unit, query: dict[str, Any]) -> Page:
    """What one's organisation said of its matches; an administrator sees all."""
    return feedback.page_of(unit, **query)


@routes.get("/v1/match-feedback/<feedback_id>", reply=FeedbackOut)
@allow(Permission.IDENTIFY)
def show_feedback(unit: Unit, feedback_id: str) -> Any:
    """One of them, with the answer if it was contested."""
    return feedback.show(unit, feedback_id)


@routes.change("/v1/match-feedback/<feedback_id>/answer", body=AnswerIn, reply=FeedbackOut)
@allow(Permission.ANSWER_CONTESTS)
def answer_contest(unit: Unit, feedback_id: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Answer an owner who contests a match."""
    return feedback.answer(unit, feedback_id, body["answer"], expected)
