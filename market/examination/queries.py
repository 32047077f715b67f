"""Questions about cases, each starting from what the asker may see (`visible_to`): lists, the desk's queues, files, attachments.

An applicant sees its own cases, an office those handed in to it, an auditor all that were handed in. Once a contract is
registered its other party sees the case too, but no contact data. Nobody else sees any.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, false, or_, select, union_all
from sqlalchemy.orm import aliased

from market.access import Actor, Role
from market.contracts.model import Contract
from market.contracts.rules import COLUMNS, PARTY, SIDES
from market.errors import NotFound
from market.examination import states
from market.examination.content import EXTRAS, PARTY_EXTRAS, PERSONAL, PERSONAL_PARTY, loaded
from market.examination.model import Attachment, Case, CaseStep
from market.organisations.model import Organisation
from market.rules.calendar import due_by_rule
from market.rules.queries import rule
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import today, yuan

QUEUES = ("open", "mine", "unassigned", "soon_due", "overdue", "ending")
INTERNAL = ("note", "assign", "propose_revocation", "drop_revocation")
"""Steps of the file that are the office's own business."""

_NEWEST = Sort((Case.id,), ("id",), descending=True)
_DUE = Sort((Case.due_on, Case.id), ("due_on", "id"))
_FILE = Sort((CaseStep.version,), ("version",))
_applicant, _office = aliased(Organisation), aliased(Organisation)
_seen = aliased(Case)
_CONTRACT = [Contract.__table__.c[name] for name in ("number", "registered_on", *COLUMNS.values())]
_CONTRACT += [
    Contract.__table__.c[f"{side}_{'code' if name == 'credit_code' else name}"] for side in SIDES for name in PARTY
]
_EVERY = (
    select(
        *Case.__table__.columns,
        *_CONTRACT,
        Contract.version.label("contract_version"),
        _applicant.name.label("applicant_name"),
        _office.name.label("office_name"),
    )
    .outerjoin(Contract, Contract.id == Case.contract_id)
    .outerjoin(_applicant, _applicant.id == Case.applicant)
    .join(_office, _office.id == Case.office)
)
_PLAIN = [column for column in Attachment.__table__.columns if column.name != "content"]


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which cases the actor may know of."""
    if actor.organisation is None or actor.role is Role.AUDITOR:
        return whole_to(actor)
    parties = (Contract.seller_organisation, Contract.buyer_organisation)
    registered = select(_seen.id).join(Contract, Contract.id == _seen.contract_id)
    of_party = [registered.where(party == actor.organisation) for party in parties]
    if actor.role is Role.OFFICE:
        return or_(whole_to(actor), Case.id.in_(union_all(*of_party)))
    own = select(_seen.id).where(_seen.applicant == actor.organisation)
    return Case.id.in_(union_all(own, *of_party))  # each part by an index of its own


def whole_to(actor: Actor) -> ColumnElement[bool]:
    """Which cases the actor may see with all that was handed in, contact data too."""
    handed_in = Case.state != states.DRAFT
    if actor.role is Role.AUDITOR:
        return handed_in
    if actor.role is Role.OFFICE:
        return and_(Case.office == actor.organisation, handed_in)
    return false() if actor.organisation is None else Case.applicant == actor.organisation


def one(unit: Unit, case_id: str) -> dict[str, Any]:
    """One case whole, in the shape of the wire."""
    row = unit.execute(_EVERY.where(Case.id == case_id, visible_to(unit.actor))).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such application.")
    case = dict(row)
    content = _content(case)
    if not _at_desk_of(unit, case) and unit.actor.organisation != case["applicant"]:
        content |= dict.fromkeys(PERSONAL)
        for side in SIDES:
            content[side] = content[side] and content[side] | dict.fromkeys(PERSONAL_PARTY)
    return {**summary(unit, case), **content, "clock": clock(unit, case, explain=True)}


def _at_desk_of(unit: Unit, case: Mapping[str, Any]) -> bool:
    """Is the actor an auditor, or the office whose case it is?"""
    return unit.actor.role is Role.AUDITOR or unit.actor.organisation == case["office"]


def page_of_cases(
    unit: Unit, *, state: str | None, number: str | None, route: str | None, cursor: str | None, limit: int
) -> Page:
    """Cases the actor may know of, newest first."""
    equal = {Case.state: state, Contract.number: number, Case.route: route}
    wanted = [column == value for column, value in equal.items() if value is not None]
    statement = _EVERY.where(visible_to(unit.actor), *wanted)
    page = fetch_page(unit, statement, _NEWEST, ["cases", state, number, route], cursor, limit)
    return Page([summary(unit, row._mapping) for row in page.rows], page.next)


def desk(
    unit: Unit,
    *,
    queue: str,
    state: str | None,
    member: str | None,
    flag: str | None,
    cursor: str | None,
    limit: int,
) -> Page:
    """The acting office's open cases, the next due first; what has no clock comes by age in the queue `open` of its state.

    `open` and `ending` have those whose cancellation is asked for or whose revocation is proposed. A provisional due day makes
    nothing overdue.
    """
    mine, ending = Case.office == unit.actor.organisation, Case.ending.is_not(None)
    open_ = Case.state.in_([state] if state else states.OPEN)
    wanted = [mine, open_]
    if queue == "ending":
        wanted = [mine, ending, *([open_] if state else [])]
    elif queue == "open" and state is None:
        parts = (
            select(_seen.id).where(_seen.office == unit.actor.organisation, each)
            for each in (_seen.state.in_(states.OPEN), _seen.ending.is_not(None))
        )
        wanted = [Case.id.in_(union_all(*parts))]  # each part by an index of its own
    if queue == "mine":
        wanted.append(Case.assignee == unit.actor.member)
    elif queue == "unassigned":
        wanted.append(Case.assignee.is_(None))
    elif queue == "overdue":
        wanted += [Case.state.in_(states.RUNNING), Case.due_on < today(), Case.provisional.is_(False)]
    elif queue == "soon_due":
        until = today() + timedelta(days=rule(unit, "review.soon_due", today()).number)
        wanted += [Case.state.in_(states.RUNNING), Case.due_on >= today(), Case.due_on <= until]
    if member is not None:
        wanted.append(Case.assignee == member)
    if flag is not None:
        wanted.append(Case.flags.contains(f'"{flag}"', autoescape=True))
    sort = _DUE if queue in ("soon_due", "overdue") else _NEWEST
    question = ["desk", queue, state, member, flag, unit.actor.organisation, unit.actor.member]
    page = fetch_page(unit, _EVERY.where(*wanted), sort, question, cursor, limit)
    return Page(
        [{**summary(unit, row._mapping), "clock": clock(unit, row._mapping, explain=True)} for row in page.rows],
        page.next,
    )


def summary(unit: Unit, row: Mapping[str, Any]) -> dict[str, Any]:
    """A case without its content, in the shape of the wire."""
    content = row["content"] or {}
    names = (
        "id",
        "route",
        "state",
        "number",
        "flags",
        "assignee",
        "endorsed_by",
        "version",
        "created_at",
        "updated_at",
    )
    view = {name: row[name] for name in (*names, "submitted_on", "accepted_on", "decided_on", "reason", "pending")}
    view["text"] = row["text"]
    view["legal_steps"] = states.legal_steps(row["state"], row["contract_id"] is not None)
    view["applicant"] = row["applicant"] and {"id": row["applicant"], "name": row["applicant_name"]}
    view["office"] = {"id": row["office"], "name": row["office_name"]}
    view["project_name"] = row["project_name"] or content.get("project_name")
    view["contract_type"] = row["contract_type"] or content.get("contract_type")
    view["claimed_tech_amount"], view["approved_tech_amount"] = row["claimed_fen"], row["approved_fen"]
    view["clock"] = clock(unit, row)
    wish, step = (row["wish"], row["ending"]) if _at_desk_of(unit, row) else (asked_for(row), "cancel")
    view["ending"] = wish and {"step": step, **wish}
    pending = row["pending"]
    view["pending"] = pending and {
        **dict.fromkeys(("objector", "authority", "text", "reason", "changes")),
        **pending,
        "changes": _told(pending.get("changes")),
    }
    return view


def asked_for(case: Mapping[Any, Any]) -> dict[str, Any] | None:
    """The cancellation that a party asked for and nobody decided, also while a revocation is proposed: no party sees that."""
    wish: dict[str, Any] = case["wish"] or {}
    return (wish.get("asked") if case["ending"] == "revoke" else wish) or None


def _told(changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Requested changes with amounts in yuan."""
    if changes is None:
        return None
    amounts = {name: yuan(changes[name]) for name in ("total_amount", "tech_amount") if name in changes}
    return {**changes, **amounts}


def clock(unit: Unit, row: Mapping[str, Any], *, explain: bool = False) -> dict[str, Any] | None:
    """The limit of a case, and with `explain` how its due day was counted."""
    if row["due_on"] is None:
        return None
    running = row["state"] in states.RUNNING
    due = due_by_rule(unit, row["clock_rule"], row["clock_from"]).explained() if explain else None
    return {
        "rule": row["clock_rule"],
        "started_on": row["clock_from"],
        "due_on": row["due_on"],
        "provisional": row["provisional"],
        "running": running,
        "overdue": running and not row["provisional"] and row["due_on"] < today(),
        "explanation_zh": due and due["zh"],
        "explanation_en": due and due["en"],
    }


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of the form: as claimed, or as registered when nothing else was claimed."""
    whole: dict[str, Any] = dict.fromkeys((*COLUMNS, *SIDES, *EXTRAS))
    if row["content"] is not None:
        whole |= loaded(row["content"])
    else:
        whole |= {key: row[column] for key, column in COLUMNS.items()}
        for side in SIDES:
            whole[side] = {name: row[f"{side}_{'code' if name == 'credit_code' else name}"] for name in PARTY}
    for side in SIDES:
        whole[side] = whole[side] and {**dict.fromkeys((*PARTY, *PARTY_EXTRAS)), **whole[side]}
    return whole


def history(unit: Unit, case_id: str, *, cursor: str | None, limit: int) -> Page:
    """The file of a case: its steps in order. The office's notes are for itself and for auditors."""
    case = known(unit, case_id)
    statement = select(CaseStep.__table__).where(CaseStep.case_id == case_id)
    if not _at_desk_of(unit, dict(case)):
        statement = statement.where(CaseStep.step.not_in(INTERNAL))
    page = fetch_page(unit, statement, _FILE, ["file", case_id], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def known(unit: Unit, case_id: str) -> RowMapping:
    """A case's state and who it belongs to; NotFound when the actor may not know of it."""
    statement = select(Case.id, Case.state, Case.applicant, Case.office, Case.contract_id)
    row = unit.execute(statement.where(Case.id == case_id, visible_to(unit.actor))).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such application.")
    return row


def page_of_attachments(unit: Unit, case_id: str, *, cursor: str | None, limit: int) -> Page:
    """The attachments of a case, in the order they came."""
    known(unit, case_id)
    statement = select(*_PLAIN).where(Attachment.case_id == case_id)
    page = fetch_page(unit, statement, Sort((Attachment.id,), ("id",)), ["attachments", case_id], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def attachment(unit: Unit, case_id: str, attachment_id: str) -> RowMapping:
    """One attachment with its bytes."""
    known(unit, case_id)
    statement = select(Attachment.__table__).where(Attachment.id == attachment_id, Attachment.case_id == case_id)
    row = unit.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such attachment.")
    return row


def attached_kinds(unit: Unit, case_id: str) -> frozenset[str]:
    """The kinds of paper a case has."""
    statement = select(Attachment.kind).where(Attachment.case_id == case_id).distinct()
    return frozenset(unit.execute(statement).scalars())
