"""The states of a case (认定登记申请) and the steps between them: one table, nothing else decides what may follow what.

Use `transition` before a step is made and `legal_steps` to say what may be done. A case that has a number (`numbered`) may know
other steps in the same state than one that has none: what is registered is confirmed or taken back, never registered again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from market.errors import Conflict, FieldError

DRAFT = "draft"
SUBMITTED = "submitted"
ACCEPTED = "accepted"
UNDER_REVIEW = "under_review"
RETURNED = "returned"
EXPERT_REVIEW = "expert_review"
REGISTERED = "registered"
REFUSED = "refused"
WITHDRAWN = "withdrawn"
CHANGE_PENDING = "change_pending"
OBJECTION_PENDING = "objection_pending"
CANCELLED = "cancelled"
REVOKED = "revoked"

STATES = {
    DRAFT: ("草稿", "Draft"),
    SUBMITTED: ("已提交", "Submitted"),
    ACCEPTED: ("已受理", "Accepted"),
    UNDER_REVIEW: ("审核中", "Under review"),
    RETURNED: ("退回补正", "Returned for a supplement"),
    EXPERT_REVIEW: ("专家评审", "Expert review"),
    REGISTERED: ("已登记", "Registered"),
    REFUSED: ("不予登记", "Refused"),
    WITHDRAWN: ("已撤回", "Withdrawn"),
    CHANGE_PENDING: ("变更待审", "Change pending"),
    OBJECTION_PENDING: ("异议待审", "Objection pending"),
    CANCELLED: ("已注销", "Cancelled"),
    REVOKED: ("已撤销登记", "Revoked"),
}
"""Every state, with its names in Chinese and English."""

APPLICANT, OFFICE, OBJECTOR, PARTY = "applicant", "office", "objector", "party"
"""Who makes a step. An objector is the applicant, or a tax or finance authority whose objection is put on record; a party is the
seller or the buyer of a registered contract."""

MEMBER = "member"
"""A person of the office, named by the key."""
ASSIGNEE = "assignee"
"""The person the case is assigned to, who must not be barred from it."""
OTHER = "other"
"""A person who has not examined this case before."""

NORMAL, RESTART, EXPERT, STOP, NONE = "normal", "restart", "expert", "stop", ""
"""What a step does to the clock: the normal limit from acceptance, the same again from the day a supplement is handed in, the
expert limit from referral, or nothing runs any more."""

APART = ("note", "propose_revocation", "drop_revocation")
"""Steps that leave the reason and words of the last open step standing: they are the office's own."""

RUNNING = (ACCEPTED, UNDER_REVIEW, EXPERT_REVIEW)
"""States in which the office's limit runs."""
OPEN = (SUBMITTED, *RUNNING, CHANGE_PENDING, OBJECTION_PENDING)
"""States in which the office has something to do."""
APPLIED_FOR = (SUBMITTED, *RUNNING, RETURNED)
"""States of an application that was handed in and may yet be registered."""


@dataclass(frozen=True)
class Transition:
    """One line of the table. `numbered` None: whether or not the case has a number."""

    state: str
    step: str
    to: str
    by: str
    zh: str
    person: str = NONE
    needs: str = ""
    clock: str = NONE
    reasons: str | None = None
    numbered: bool | None = None
    event: str = ""


def _lines() -> Iterator[Transition]:
    correct = "no finding that is an error"
    fit = "no error; not large or disputed (those go to experts); flagged: endorsed by a second person"
    yield Transition(DRAFT, "edit", DRAFT, APPLICANT, "修改")
    yield Transition(DRAFT, "submit", SUBMITTED, APPLICANT, "提交", needs=correct)
    yield Transition(SUBMITTED, "accept", ACCEPTED, OFFICE, "受理", MEMBER, clock=NORMAL)
    yield Transition(ACCEPTED, "take", UNDER_REVIEW, OFFICE, "开始审核", OTHER)
    yield Transition(EXPERT_REVIEW, "take", EXPERT_REVIEW, OFFICE, "接受评审", OTHER)
    yield Transition(UNDER_REVIEW, "take", UNDER_REVIEW, OFFICE, "接手审核", OTHER)
    for state in (SUBMITTED, UNDER_REVIEW, EXPERT_REVIEW):
        yield Transition(
            state,
            "request_supplement",
            RETURNED,
            OFFICE,
            "要求补正",
            MEMBER if state == SUBMITTED else ASSIGNEE,
            clock=STOP,
            reasons="return_reason",
            numbered=False,
        )
    yield Transition(RETURNED, "edit", RETURNED, APPLICANT, "修改")
    yield Transition(RETURNED, "resubmit", ACCEPTED, APPLICANT, "补正提交", needs=correct, clock=RESTART)
    yield Transition(
        UNDER_REVIEW,
        "refer",
        EXPERT_REVIEW,
        OFFICE,
        "提请专家评审",
        ASSIGNEE,
        clock=EXPERT,
        needs="large, or disputed as the text says",
    )
    yield Transition(UNDER_REVIEW, "endorse", UNDER_REVIEW, OFFICE, "复核", OTHER, numbered=False)
    for state in (UNDER_REVIEW, EXPERT_REVIEW):
        needs = fit if state == UNDER_REVIEW else "no error"
        yield Transition(state, "register", REGISTERED, OFFICE, "予以登记", ASSIGNEE, needs, STOP, numbered=False)
        yield Transition(
            state, "refuse", REFUSED, OFFICE, "不予登记", ASSIGNEE, "", STOP, "refusal_reason", numbered=False
        )
        yield Transition(state, "confirm", REGISTERED, OFFICE, "维持登记", ASSIGNEE, "", STOP, numbered=True)
        yield Transition(state, "change", state, OFFICE, "更正登记", ASSIGNEE, "", NONE, "change_reason", numbered=True)
    for state in (DRAFT, SUBMITTED, ACCEPTED, UNDER_REVIEW, RETURNED, EXPERT_REVIEW):
        yield Transition(state, "withdraw", WITHDRAWN, APPLICANT, "撤回", clock=STOP, numbered=False)
    yield Transition(REGISTERED, "change", REGISTERED, OFFICE, "变更登记", MEMBER, reasons="change_reason")
    yield Transition(
        REGISTERED, "request_change", CHANGE_PENDING, APPLICANT, "申请变更", needs=correct, reasons="change_reason"
    )
    yield Transition(CHANGE_PENDING, "endorse", CHANGE_PENDING, OFFICE, "复核", MEMBER)
    yield Transition(
        CHANGE_PENDING,
        "approve_change",
        REGISTERED,
        OFFICE,
        "准予变更",
        MEMBER,
        "no error; large or flagged by the change: endorsed by a second person",
    )
    yield Transition(
        CHANGE_PENDING, "reject_change", REGISTERED, OFFICE, "驳回变更", MEMBER, "a text", reasons="rejection_reason"
    )
    for state in (REGISTERED, CHANGE_PENDING, OBJECTION_PENDING, UNDER_REVIEW, EXPERT_REVIEW):
        for step, to, by, zh, needs, reasons in (
            ("request_cancellation", state, PARTY, "申请注销", "not asked for already", "cancellation_reason"),
            (
                "reject_cancellation",
                state,
                OFFICE,
                "驳回注销申请",
                "a cancellation asked for; a text",
                "rejection_reason",
            ),
            ("cancel", CANCELLED, OFFICE, "注销", "asked for by a party, here or on paper", "cancellation_reason"),
            ("propose_revocation", state, OFFICE, "提议撤销", "a text", "revocation_reason"),
            ("drop_revocation", state, OFFICE, "撤回撤销提议", "a revocation proposed; a text", None),
            ("revoke", REVOKED, OFFICE, "撤销登记", "proposed by another person", None),
        ):
            person, clock = MEMBER if by == OFFICE else NONE, NONE if to == state else STOP
            yield Transition(state, step, to, by, zh, person, needs, clock, reasons, numbered=True)
    for state in (REGISTERED, REFUSED):
        yield Transition(state, "object", OBJECTION_PENDING, OBJECTOR, "提出异议", needs="a text")
    yield Transition(OBJECTION_PENDING, "uphold", REGISTERED, OFFICE, "维持原决定", OTHER, "a text", numbered=True)
    yield Transition(OBJECTION_PENDING, "uphold", REFUSED, OFFICE, "维持原决定", OTHER, "a text", numbered=False)
    yield Transition(OBJECTION_PENDING, "redo", UNDER_REVIEW, OFFICE, "重新认定", OTHER, "a text", clock=NORMAL)
    for state in STATES:
        if state != DRAFT:
            yield Transition(state, "note", state, OFFICE, "记录", MEMBER, "a text")
    for state in OPEN:
        yield Transition(state, "assign", state, OFFICE, "分派", MEMBER)


_EVENTS = {
    "edit": "edited",
    "submit": "submitted",
    "accept": "accepted",
    "take": "taken",
    "request_supplement": "returned",
    "resubmit": "resubmitted",
    "refer": "referred",
    "endorse": "endorsed",
    "register": "registered",
    "refuse": "refused",
    "confirm": "confirmed",
    "change": "changed",
    "withdraw": "withdrawn",
    "request_change": "change_requested",
    "approve_change": "change_approved",
    "reject_change": "change_rejected",
    "request_cancellation": "cancellation_requested",
    "reject_cancellation": "cancellation_rejected",
    "cancel": "cancelled",
    "propose_revocation": "revocation_proposed",
    "drop_revocation": "revocation_dropped",
    "revoke": "revoked",
    "object": "objected",
    "uphold": "upheld",
    "redo": "redone",
    "note": "noted",
    "assign": "assigned",
}
"""The journal's word for each step, after `case.`."""

TABLE = tuple(replace(line, event=f"case.{_EVENTS[line.step]}") for line in _lines())
STEPS = tuple(_EVENTS)


def transition(state: str, step: str, numbered: bool) -> Transition:
    """The line for this step; Conflict `illegal-step`, naming the steps that are legal now, when there is none."""
    for line in TABLE:
        if (line.state, line.step) == (state, step) and line.numbered in (None, numbered):
            return line
    legal = legal_steps(state, numbered)
    raise Conflict(
        f"A case that is {state} cannot take the step {step}; legal now: {', '.join(legal) or 'none'}.",
        code="illegal-step",
        errors=[FieldError("", "legal-step", name) for name in legal],
    )


def legal_steps(state: str, numbered: bool) -> list[str]:
    """The steps a case in this state may take, whoever makes them."""
    return [line.step for line in TABLE if line.state == state and line.numbered in (None, numbered)]


def markdown() -> str:
    """The table for the documentation."""
    rows = [
        "| State | Step | Next state | Who | Needs | Coded reason | Clock | Event |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for line in TABLE:
        needs = "; ".join(
            part
            for part in (
                {True: "has a number", False: "has no number", None: ""}[line.numbered],
                {MEMBER: "", ASSIGNEE: "the assigned person", OTHER: "a person who did not examine it before"}.get(
                    line.person, ""
                ),
                line.needs,
            )
            if part
        )
        step = f"`{line.step}` {line.zh}"
        reasons = f"`{line.reasons}`" if line.reasons else ""
        rows.append(
            f"| {line.state} | {step} | {line.to} | {line.by} | {needs} | {reasons} | {line.clock} | {line.event} |"
        )
    return "\n".join(rows)
