"""Changes that the applicant asks for (变更登记): requested, then approved by the office as a new version, the number kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from market.contracts.queries import by_id, one
from market.errors import Conflict, Forbidden
from market.examination import steps
from market.examination.content import loaded, stored
from market.examination.review import review
from market.registration.actions import grown_doubts, judged_change, rewritten
from market.store.session import Unit
from market.store.types import today

Row = dict[str, Any]


def request_change(
    unit: Unit, case_id: str, expected: int | None, *, reason: str, text: str | None, changes: Mapping[str, Any]
) -> Row:
    """Ask the office to change a registration; what is asked is judged at once."""
    case = steps.lock(unit, case_id, expected)
    steps.permit(unit, case, "request_change", reason)
    row = one(unit, by_id(case["contract_id"]), lock=True)
    after, _ = judged_change(unit, row, reason, changes)
    pending = {"reason": reason, "text": text, "changes": stored(changes)}
    return steps.advance(
        unit,
        case,
        "request_change",
        reason=reason,
        text=text,
        findings=review(unit, {}, after, today(), case),
        pending=pending,
        assignee=None,
        endorsed_by=None,
    )


def approve_change(unit: Unit, case_id: str, expected: int | None, text: str | None) -> Row:
    """Make the requested change: the contract's next version. What it makes doubtful takes a second person."""
    case = steps.lock(unit, case_id, expected)
    steps.permit(unit, case, "approve_change")
    row = one(unit, by_id(case["contract_id"]), lock=True)
    asked = case["pending"]
    changes = loaded(asked["changes"])
    after, _ = judged_change(unit, row, asked["reason"], changes)
    doubts = grown_doubts(unit, case, row, after)
    if doubts and case["endorsed_by"] is None:
        raise Conflict(
            f"The change makes it {', '.join(doubts)}: a second person must endorse it first.",
            code="needs-second-person",
        )
    if case["endorsed_by"] == unit.actor.member:
        raise Forbidden("Who endorsed the change cannot approve it as well.", code="same-person")
    after = rewritten(unit, row, reason=asked["reason"], text=text or asked["text"], changes=changes)
    return steps.advance(
        unit,
        case,
        "approve_change",
        reason=asked["reason"],
        text=text,
        pending=None,
        endorsed_by=None,
        approved_fen=after["tech_fen"],
        people=steps.with_me(unit, case),
    )
