"""What every act on a case is made of: `lock` (the case in the version its actor read), `permit` (may this actor make this step
now), `advance` (the new version, the file's entry, the event).

A case is locked before its contract, and before a number is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, insert, select, update

from market.contracts.model import Contract
from market.contracts.rules import SIDES
from market.errors import Forbidden, Invalid, NotFound, check_version
from market.examination import states
from market.examination.content import loaded, split
from market.examination.model import Case, CaseStep
from market.examination.queries import attached_kinds, visible_to
from market.examination.review import Review, claimed, shown
from market.examination.states import ASSIGNEE, OTHER, Transition, transition
from market.fields.queries import code_lists
from market.journal.append import Event, append
from market.rules.calendar import due_by_rule
from market.store.session import Unit
from market.store.types import new_id, now, today

Row = dict[str, Any]

CLOCKS = {states.NORMAL: "review.limit", states.RESTART: "review.limit", states.EXPERT: "review.expert_limit"}
"""The rule behind each clock."""
_BY = {line.step: line.by for line in states.TABLE}
_APART = ("content", "pending", "pair", "mark")
"""Columns the journal has in another way, or not: the marks follow from the content, and could give a person's name away."""
_NOTHING: Row = {column.name: None for column in Case.__table__.columns}


def new_case(route: str, state: str, applicant: str | None, office: str) -> Row:
    """The row of a new case; content, contract and days are the caller's to set."""
    moment = now()
    return _NOTHING | {
        "id": new_id("cas"),
        "route": route,
        "state": state,
        "applicant": applicant,
        "office": office,
        "flags": [],
        "people": [],
        "excluded": {"refer": [], "redo": []},
        "provisional": False,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }


@cache
def putting() -> Insert:
    """The statement that puts cases in; made once, since the register's every contract runs it."""
    return insert(Case)


def lock(unit: Unit, case_id: str, expected: int | None) -> Row:
    """A case the actor may know of, locked, in the version it read."""
    case = _locked(unit, select(Case.__table__).where(Case.id == case_id, visible_to(unit.actor)))
    if case is None:
        raise NotFound("There is no such application.")
    check_version(case["version"], expected)
    return case


def lock_by_contract(unit: Unit, contract_id: Select[Any]) -> Row | None:
    """The case of a contract (a select of its id), locked; None when it has none, being recorded from outside."""
    return _locked(unit, select(Case.__table__).where(Case.contract_id == contract_id.scalar_subquery()))


def _locked(unit: Unit, statement: Select[Any]) -> Row | None:
    row = unit.execute(statement.with_for_update()).mappings().one_or_none()
    return None if row is None else dict(row)


def permit(unit: Unit, case: Row, step: str, reason: str | None = None) -> Transition:
    """The line of the table for this step, if this actor may make it now, for a reason that is a code of its list."""
    by, actor = _BY[step], unit.actor
    if by == states.APPLICANT and case["applicant"] != actor.organisation:
        raise Forbidden("Only the applicant may do this.", code="not-the-applicant")
    if by == states.OFFICE:
        if case["office"] != actor.organisation:
            raise Forbidden("Only the office whose case it is may do this.", code="not-the-office")
        at_desk(unit, (case["applicant"], *concerned(unit, case)))
    if by == states.PARTY and actor.organisation not in concerned(unit, case):
        raise Forbidden("Only a party to the contract may do this.", code="not-a-party")
    line = transition(case["state"], step, case["contract_id"] is not None)
    if line.person == ASSIGNEE and case["assignee"] != actor.member:
        raise Forbidden("Only the person who has the case in hand may do this.", code="not-assigned")
    if line.person in (ASSIGNEE, OTHER) and actor.member in barred(case):
        raise Forbidden("You examined this case before; others must do it now.", code="same-person")
    if reason is not None and not code_lists(unit).has(str(line.reasons), reason):
        raise Invalid.field("/reason", "unknown-value", f"Not a code of the list {line.reasons}.")
    return line


def at_desk(unit: Unit, parties: tuple[str | None, ...]) -> None:
    """Refuse a key that names no member, and an office that is itself one of the parties."""
    if unit.actor.member is None:
        raise Forbidden("At the desk a key must name the member who uses it.", code="member-needed")
    if unit.actor.organisation in parties:
        raise Forbidden("No office decides what it is a party to.", code="own-application")


def concerned(unit: Unit, case: Row) -> Sequence[str | None]:
    """The registered organisations that are parties to what a case is about: seller and buyer of what is registered."""
    if case["contract_id"] is None:
        return parties(case["content"])
    named = select(Contract.seller_organisation, Contract.buyer_organisation).where(Contract.id == case["contract_id"])
    return tuple(unit.execute(named).one())


def parties(content: Mapping[str, Any]) -> tuple[str | None, ...]:
    """The registered organisations that a content names as parties."""
    return tuple(party.get("organisation") for side in SIDES if (party := content.get(side)))


def barred(case: Row) -> set[str]:
    """The people who may examine this case no more."""
    return {*case["excluded"].get("refer", ()), *case["excluded"].get("redo", ())}


def with_me(unit: Unit, case: Row) -> list[str]:
    """Those who took part in the case's decisions, the actor among them."""
    return sorted({*case["people"], str(unit.actor.member)})


def examine(unit: Unit, case: Mapping[str, Any]) -> Review:
    """Every check on a case's content, as of the day it was applied for (of today for a draft)."""
    return claimed(
        unit,
        loaded(case["content"]),
        office=case["office"],
        applicant=case["applicant"],
        attachments=attached_kinds(unit, case["id"]),
        on=case["submitted_on"] or today(),
        case=case,
    )


def advance(
    unit: Unit,
    case: Row,
    step: str,
    *,
    reason: str | None = None,
    text: str | None = None,
    findings: Review | None = None,
    **changes: Any,
) -> Row:
    """Make a permitted step: the next version of the case, its entry in the file, its event."""
    line = transition(case["state"], step, case["contract_id"] is not None)
    changes |= {"state": line.to, "version": case["version"] + 1, "updated_at": now()}
    if step not in states.APART:
        changes |= {"reason": reason, "text": text}
    changes |= _clock(unit, line)
    changed = {name: value for name, value in changes.items() if value != case[name]}
    after = {**case, **changed}
    unit.execute(update(Case).where(Case.id == case["id"]).values(changed))
    entry = {
        "case_id": case["id"],
        "version": after["version"],
        "step": step,
        "state": line.to,
        "day": today(),
        "at": after["updated_at"],
        "organisation": unit.actor.organisation,
        "member": unit.actor.member,
        "reason": reason,
        "text": text,
        "findings": findings and [shown(finding) for finding in findings.findings],
    }
    unit.execute(insert(CaseStep), entry)
    tell(unit, line.event, after, reason=reason, text=text, content="content" in changed)
    return after


def _clock(unit: Unit, line: Transition) -> Row:
    if line.clock not in CLOCKS:
        return {}
    started = today()
    limit = due_by_rule(unit, CLOCKS[line.clock], started)
    return {
        "clock_rule": CLOCKS[line.clock],
        "clock_from": started,
        "due_on": limit.on,
        "provisional": limit.provisional,
    }


def tell(
    unit: Unit,
    kind: str,
    case: Row,
    *,
    reason: str | None = None,
    text: str | None = None,
    content: bool = False,
    occurred_on: date | None = None,
) -> None:
    """Put a version of a case into the journal; its content only when it is new, and personal data apart."""
    payload, personal = recorded(case, content=content)
    payload["text"] = text
    append(
        unit,
        Event(kind, case["id"], case["version"], payload, personal or None, reason=reason, occurred_on=occurred_on),
    )


def recorded(case: Mapping[Any, Any], *, content: bool = True) -> tuple[Row, Row]:
    """A version of a case as its event keeps it, and the personal part of that."""
    payload = {name: _plain(value) for name, value in case.items() if value is not None and name not in _APART}
    personal = {}
    if content and case["content"] is not None:
        payload["content"], personal["content"] = split(case["content"])
    if case["pending"] is not None:
        payload["pending"], personal["pending"] = split(case["pending"].get("changes", {}))
        payload["pending"] |= {name: value for name, value in case["pending"].items() if name != "changes"}
    return payload, {name: part for name, part in personal.items() if part}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
