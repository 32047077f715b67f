"""What owners say of their matches (useful, not for us because …, contested), and the operator's answers to what is contested.

It is kept to judge the ranker by, and never changes a ranking. An owner sees one's own words, an administrator all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, insert, select, update

from market.access import Permission
from market.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, check, check_version
from market.fields.queries import code_lists
from market.journal.append import Event, append
from market.listings.queries import find
from market.matching.model import MatchFeedback
from market.matching.queries import RANKER, why
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import instant_text, new_id, now

VERDICTS = ("useful", "not_for_us", "contested")
_SORT = Sort((MatchFeedback.created_at, MatchFeedback.id), ("created_at", "id"), descending=True)


def judge(unit: Unit, kind: str, listing_id: str, other_id: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """Say of a match of one's own listing what it is worth: `verdict`, `reason` (of the list `mismatch_reason`), `note`."""
    own = find(unit, kind, listing_id)
    if own["owner"] is None or own["owner"]["id"] != unit.actor.organisation:
        raise Forbidden("Only its owner may judge its matches.", code="not-owner")
    told = why(unit, kind, listing_id, other_id, mode="balanced", language="zh")
    errors = []
    if (words["verdict"] == "not_for_us") != (words["reason"] is not None):
        errors.append(FieldError("/reason", "reason-needed", "With not_for_us, and with it alone."))
    elif words["reason"] is not None and not code_lists(unit).has("mismatch_reason", words["reason"]):
        errors.append(FieldError("/reason", "unknown-value", "There is no such code in mismatch_reason."))
    if words["verdict"] == "contested" and words["note"] is None:
        errors.append(FieldError("/note", "required", "Say what is wrong with it."))
    check(errors)
    row = {
        **{name: words[name] for name in ("verdict", "reason", "note")},
        "id": new_id("fbk"),
        "listing": listing_id,
        "other": other_id,
        "organisation": unit.actor.organisation,
        "version": 1,
        "ranker": RANKER,
        "score": round(told["score"] * 1_000_000),
        "answer": None,
        "created_at": now(),
        "answered_at": None,
    }
    unit.execute(insert(MatchFeedback), row)
    _record(unit, row, "match.judged")
    return row


def answer(unit: Unit, feedback_id: str, text: str, expected: int | None) -> dict[str, Any]:
    """Answer what is contested, once. Raises Conflict `not-contested` or `already-answered`."""
    old = unit.execute(_one().with_for_update(), {"id": feedback_id}).mappings().one_or_none()
    if old is None:
        raise NotFound("There is no such feedback.")
    check_version(old["version"], expected)
    if old["verdict"] != "contested":
        raise Conflict("Only what is contested is answered.", code="not-contested")
    if old["answer"] is not None:
        raise Conflict("It is answered already.", code="already-answered")
    changes = {"answer": text, "answered_at": now(), "version": old["version"] + 1}
    unit.execute(update(MatchFeedback).where(MatchFeedback.id == feedback_id).values(changes))
    row = {**old, **changes}
    _record(unit, row, "match.answered")
    return row


def show(unit: Unit, feedback_id: str) -> RowMapping:
    """One of one's own, or, for an administrator, any."""
    row = unit.execute(_one(), {"id": feedback_id}).mappings().one_or_none()
    if row is None or not (
        row["organisation"] == unit.actor.organisation or unit.actor.may(Permission.ANSWER_CONTESTS)
    ):
        raise NotFound("There is no such feedback.")
    return row


def page_of(unit: Unit, *, verdict: str | None, cursor: str | None, limit: int) -> Page:
    """One's own, or, for an administrator, all; the newest first."""
    statement: Select[Any] = select(MatchFeedback.__table__)
    if not unit.actor.may(Permission.ANSWER_CONTESTS):
        statement = statement.where(MatchFeedback.organisation == unit.actor.organisation)
    if verdict is not None:
        if verdict not in VERDICTS:
            raise Invalid.field("/verdict", "unknown-value", f"One of {', '.join(VERDICTS)}.")
        statement = statement.where(MatchFeedback.verdict == verdict)
    page = fetch_page(unit, statement, _SORT, ["match-feedback", unit.actor.organisation, verdict], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def _one() -> Select[Any]:
    return select(MatchFeedback.__table__).where(MatchFeedback.id == bindparam("id"))


def _record(unit: Unit, row: Mapping[str, Any], kind: str) -> None:
    payload = {
        **row,
        "created_at": instant_text(row["created_at"]),
        "answered_at": row["answered_at"] and instant_text(row["answered_at"]),
    }
    append(unit, Event(kind, row["id"], row["version"], payload))
