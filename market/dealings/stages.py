"""The stages of dealings (对接) and the steps between them: one table, nothing else decides what may follow what.

`legal_steps` says what one side may do now, `transition` is asked before a step is made. Every step is an answer: it starts the
clock of the stage it leads to, for the other side. Talks whose due day is past have lapsed and know no steps any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, not_

from market.dealings.model import Dealing
from market.errors import Conflict, FieldError, Forbidden
from market.store.types import CivilDate

INTEREST, INTRODUCTION, NDA, NEGOTIATION = "interest", "introduction", "nda", "negotiation"
AGREED, PASSED, LAPSED = "agreed", "passed", "lapsed"
STAGES = {
    INTEREST: ("意向", "Interest"),
    INTRODUCTION: ("引见", "Introduction"),
    NDA: ("保密", "Under a non-disclosure agreement"),
    NEGOTIATION: ("洽谈", "Negotiation"),
    AGREED: ("达成", "Agreed"),
    PASSED: ("放弃", "Passed"),
    LAPSED: ("逾期失效", "Lapsed"),
}
"""Every stage, with its names in Chinese and English."""
OPEN = (INTEREST, INTRODUCTION, NDA, NEGOTIATION)
CLOCKS = {stage: f"dealing.clock.{stage}" for stage in OPEN}
"""The rule behind each stage's clock."""

OWNER, SEEKER = "owner", "seeker"
SIDES = (OWNER, SEEKER)
OTHER = {OWNER: SEEKER, SEEKER: OWNER}
EITHER, ADDRESSEE, BROKER = "either", "addressee", "broker"
"""Who makes a step: a side; either of them; the one to whom the proposal on the table was made; a broker who serves a side."""


@dataclass(frozen=True)
class Transition:
    """One line of the table. `proposal` is what must lie on the table before, `reasons` the list its coded reason is from."""

    stage: str
    step: str
    to: str
    by: str
    zh: str
    event: str
    proposal: str | None = None
    reasons: str | None = None
    clock: bool = True


def _lines() -> Iterator[Transition]:
    yield Transition(INTEREST, "introduce", INTRODUCTION, OWNER, "同意引见", "dealing.introduced")
    yield Transition(INTRODUCTION, "propose_nda", INTRODUCTION, EITHER, "提出保密协议", "dealing.nda_proposed")
    yield Transition(INTRODUCTION, "sign_nda", NDA, ADDRESSEE, "签署保密协议", "dealing.nda_signed", "nda")
    yield Transition(NDA, "negotiate", NEGOTIATION, EITHER, "进入洽谈", "dealing.negotiated")
    yield Transition(NEGOTIATION, "propose_terms", NEGOTIATION, EITHER, "提出成交条件", "dealing.terms_proposed")
    yield Transition(NEGOTIATION, "agree", AGREED, ADDRESSEE, "达成一致", "dealing.agreed", "terms")
    for stage in OPEN:
        yield Transition(stage, "pass", PASSED, EITHER, "放弃", "dealing.passed", reasons="pass_reason")
    for stage in OPEN[1:]:
        yield Transition(stage, "engage_broker", stage, EITHER, "委托技术经理人", "dealing.broker_engaged", clock=False)
        yield Transition(stage, "hand_over", stage, BROKER, "移交技术经理人", "dealing.broker_changed", clock=False)


TABLE = tuple(_lines())
STEPS = tuple(dict.fromkeys(line.step for line in TABLE))


def state_of(row: Mapping[Any, Any], day: date) -> str:
    """The state that follows from a dealing's facts on a day; a provisional due day lets nothing lapse."""
    stage: str = row["stage"]
    return LAPSED if stage in OPEN and not row["provisional"] and row["due_on"] < day else stage


def in_state(state: str) -> ColumnElement[bool]:
    """The same asked of rows; `today` is bound."""
    lapsed = and_(
        Dealing.stage.in_(OPEN), not_(Dealing.provisional), Dealing.due_on < bindparam("today", type_=CivilDate)
    )
    if state == LAPSED:
        return lapsed
    return and_(Dealing.stage == state, not_(lapsed)) if state in OPEN else Dealing.stage == state


def legal_steps(row: Mapping[Any, Any], side: str, *, broker: bool, day: date) -> list[str]:
    """The steps a side, or a broker who serves it, may make now."""
    state = state_of(row, day)
    return [line.step for line in TABLE if line.stage == state and _may(line, row, side, broker)]


def transition(row: Mapping[Any, Any], step: str, side: str, *, broker: bool, day: date) -> Transition:
    """The line for this step. Conflict `illegal-step` names the steps that are legal now, Forbidden `not-your-step` that it is
    the other side's."""
    state = state_of(row, day)
    legal = legal_steps(row, side, broker=broker, day=day)
    for line in TABLE:
        if (line.stage, line.step) != (state, step):
            continue
        if step in legal:
            return line
        if line.proposal is None or row["proposed_by"] is not None:
            raise Forbidden("This step is not yours to make.", code="not-your-step")
    raise Conflict(
        f"Talks in the state {state} cannot take the step {step}; yours now: {', '.join(legal) or 'none'}.",
        code="illegal-step",
        errors=[FieldError("", "legal-step", name) for name in legal],
    )


def _may(line: Transition, row: Mapping[Any, Any], side: str, broker: bool) -> bool:
    if broker or line.by == BROKER:
        return broker and line.by == BROKER
    if line.by == ADDRESSEE:
        return bool(row["proposed_by"] == OTHER[side])
    return line.by in (EITHER, side)


def markdown() -> str:
    """The table for the documentation."""
    rows = ["| Stage | Step | Next stage | Who | Coded reason | Event |", "|---|---|---|---|---|---|"]
    for line in TABLE:
        who = {ADDRESSEE: "the side the proposal was made to", BROKER: "the broker in charge"}.get(line.by, line.by)
        reasons = f"`{line.reasons}`" if line.reasons else ""
        rows.append(f"| {line.stage} | `{line.step}` {line.zh} | {line.to} | {who} | {reasons} | {line.event} |")
    return "\n".join(rows)
