"""Taking a case through its steps: the applicant's and the office's acts that give no number; `registration` has those that do.

Each is made of `steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from market.access import Role
from market.contracts.fingerprint import fingerprint, pair
from market.contracts.rules import COLUMNS, SIDES
from market.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from market.examination import states
from market.examination.content import EXTRAS, PARTY_EXTRAS, stored
from market.examination.model import Case
from market.examination.queries import asked_for, visible_to
from market.examination.review import Review, claimed
from market.examination.steps import advance, barred, concerned, examine, lock, new_case, permit, putting, tell, with_me
from market.organisations.queries import by_ids, member_of
from market.store.session import Unit
from market.store.types import canonical, today

Row = dict[str, Any]

DISPUTED = "disputed"
"""The flag that stays once it is there: a dispute is not settled by a supplement."""
MAX_CONTENT = 200_000
"""Bytes of an application's content."""
_REMEMBERED = 20
"""Earlier applications that are looked through for what is known of a party."""


def draft(unit: Unit, *, office: str | None = None, **content: Any) -> Row:
    """A new application (草稿) of the acting organisation at an office; what is known of a party is filled in."""
    assert unit.actor.organisation is not None
    _check_office(unit, office)
    case = new_case("application", states.DRAFT, unit.actor.organisation, str(office))
    case["content"] = _kept(_filled(unit, content))
    case["claimed_fen"] = content.get("tech_amount")
    unit.execute(putting(), case)
    tell(unit, "case.drafted", case, content=True)
    return case


def edit(unit: Unit, case_id: str, expected: int | None, changes: Mapping[str, Any]) -> Row:
    """Put parts of a draft, or of what was returned, in another way; a party is given whole."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "edit")
    office = changes.get("office", case["office"])
    _check_office(unit, office)
    content = case["content"] | stored({name: value for name, value in changes.items() if name != "office"})
    if case["state"] != states.DRAFT and office != case["office"]:
        raise Invalid.field("/office", "not-now", "The office of an application that was submitted stays.")
    return advance(unit, case, "edit", office=office, content=_kept(content), claimed_fen=content.get("tech_amount"))


def _check_office(unit: Unit, office: str | None) -> None:
    found = by_ids(unit, [office]).get(office) if office else None
    if found is None or found["role"] != Role.OFFICE:
        raise Invalid.field("/office", "unknown-value", "The id of a registration office is needed.")


def submit(unit: Unit, case_id: str, expected: int | None) -> Row:
    """Hand a draft in (提交) with what must be right about it being right."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "submit")
    return _hand_in(unit, case, "submit", submitted_on=today())


def resubmit(unit: Unit, case_id: str, expected: int | None, text: str | None) -> Row:
    """Hand the supplement in (补正): this day is the day of acceptance, and the limit begins anew."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "resubmit")
    excluded = {**case["excluded"], "refer": []}
    return _hand_in(
        unit, case, "resubmit", text=text, accepted_on=today(), assignee=None, endorsed_by=None, excluded=excluded
    )


def _hand_in(unit: Unit, case: Row, step: str, **changes: Any) -> Row:
    found = examine(unit, {**case, **changes})
    found.refuse_errors()
    changes |= {"pair": pair(found.facts), "mark": fingerprint(found.facts)}
    flags = sorted({*found.flags, *({DISPUTED} & set(case["flags"]))})
    return advance(unit, case, step, findings=found, flags=flags, **changes)


def withdraw(unit: Unit, case_id: str, expected: int | None, text: str | None) -> Row:
    """Take an application back (撤回) before it is decided."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "withdraw")
    return advance(unit, case, "withdraw", text=text)


def accept(unit: Unit, case_id: str, expected: int | None) -> Row:
    """Accept an application (受理); the limit begins."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "accept")
    return advance(unit, case, "accept", accepted_on=today())


def take(unit: Unit, case_id: str, expected: int | None) -> Row:
    """Take a case in hand (审核, or as an expert); an endorsement given before is void."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "take")
    me = unit.actor.member
    if case["assignee"] not in (None, me) and case["state"] == states.ACCEPTED:
        raise Forbidden("This case is assigned to somebody else.", code="not-assigned")
    return advance(unit, case, "take", assignee=me, endorsed_by=None, people=with_me(unit, case))


def assign(unit: Unit, case_id: str, expected: int | None, member: str) -> Row:
    """Assign a case to a person of the office (分派)."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "assign")
    person = member_of(unit, case["office"], member)
    if person is None or person["ended_at"] is not None:
        raise Invalid.field("/member", "unknown-value", "No such member works for this office.")
    if member in barred(case):
        raise Invalid.field("/member", "same-person", "This person examined the case before; others must do it now.")
    return advance(unit, case, "assign", assignee=member, endorsed_by=None)


def endorse(unit: Unit, case_id: str, expected: int | None, text: str | None) -> Row:
    """A second person agrees (复核); who has the case in hand cannot."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "endorse")
    if unit.actor.member == case["assignee"]:
        raise Forbidden("The person who has the case in hand cannot be the second one.", code="same-person")
    return advance(unit, case, "endorse", text=text, endorsed_by=unit.actor.member, people=with_me(unit, case))


def request_supplement(unit: Unit, case_id: str, expected: int | None, reason: str, text: str) -> Row:
    """Give an application back for a supplement (要求补正), with a coded reason; nothing is decided by it."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "request_supplement", reason)
    return advance(unit, case, "request_supplement", reason=reason, text=text, endorsed_by=None)


def refer(unit: Unit, case_id: str, expected: int | None, text: str | None) -> Row:
    """Refer a large or disputed case to expert review (专家评审) by other people; the longer limit begins.

    A text says what is disputed, when the applicant did not say so; then it stays disputed.
    """
    case = lock(unit, case_id, expected)
    permit(unit, case, "refer")
    flags = case["flags"]
    if case["contract_id"] is None and DISPUTED not in flags and not examine(unit, case).needs_experts:
        if not text:
            raise Conflict(
                "This case is neither large nor disputed; decide it here, or say what is disputed.",
                code="no-experts-needed",
            )
        flags = sorted({*flags, DISPUTED})
    people = with_me(unit, case)
    excluded = {**case["excluded"], "refer": people}
    return advance(
        unit,
        case,
        "refer",
        text=text,
        flags=flags,
        assignee=None,
        endorsed_by=None,
        people=people,
        excluded=excluded,
    )


def refuse(unit: Unit, case_id: str, expected: int | None, reason: str, text: str) -> Row:
    """Refuse registration (不予登记) with a coded reason; final for this application but for an objection."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "refuse", reason)
    return advance(
        unit,
        case,
        "refuse",
        reason=reason,
        text=text,
        decided_on=today(),
        people=with_me(unit, case),
        approved_fen=None,
    )


def note(unit: Unit, case_id: str, expected: int | None, text: str) -> Row:
    """Write a note into the file (记录); the office and auditors read it."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "note")
    return advance(unit, case, "note", text=text)


def raise_objection(unit: Unit, case_id: str, expected: int | None, text: str, authority: str | None) -> Row:
    """Object to a decision (异议): the applicant, or an auditor who puts on record what an `authority` objects."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "object")
    applicant = case["applicant"] == unit.actor.organisation
    if applicant == (authority is not None):
        message = "An auditor names the authority that objects; the applicant objects for itself."
        raise Invalid.field("/authority", "required" if authority is None else "not-with-applicant", message)
    pending = {"objector": unit.actor.organisation, "authority": authority, "text": text}
    return advance(unit, case, "object", text=text, pending=pending, assignee=None)


def uphold(unit: Unit, case_id: str, expected: int | None, text: str) -> Row:
    """Leave a decision as it is (维持), by somebody who did not make it."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "uphold")
    _not_of_the_people(unit, case)
    return advance(unit, case, "uphold", text=text, pending=None)


def redo(unit: Unit, case_id: str, expected: int | None, text: str) -> Row:
    """Have a case examined again (重新认定) by other people; a registration stays valid meanwhile."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "redo")
    _not_of_the_people(unit, case)
    excluded = {"refer": [], "redo": case["people"]}
    return advance(
        unit, case, "redo", text=text, pending=None, assignee=None, endorsed_by=None, excluded=excluded, decided_on=None
    )


def confirm(unit: Unit, case_id: str, expected: int | None, text: str) -> Row:
    """Leave a registration as it is after a second examination (维持登记)."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "confirm")
    return advance(unit, case, "confirm", text=text, decided_on=today(), people=with_me(unit, case))


def reject_change(unit: Unit, case_id: str, expected: int | None, reason: str, text: str) -> Row:
    """Turn a requested change down (驳回变更), with a coded reason; the registration stays as it is."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "reject_change", reason)
    return advance(unit, case, "reject_change", reason=reason, text=text, pending=None, endorsed_by=None)


def request_cancellation(unit: Unit, case_id: str, expected: int | None, reason: str, text: str | None) -> Row:
    """Ask the office to cancel a registration (申请注销), as a party to the contract."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "request_cancellation", reason)
    if asked_for(case) is not None:
        raise Conflict("The end of this registration is asked for already.", code="ending-already")
    seller = unit.actor.organisation == concerned(unit, case)[0]
    asked = _wish(unit, reason, text) | {"asked_by": "seller" if seller else "buyer"}
    proposed = case["ending"] == "revoke"  # which the parties are not told: it is asked for as ever, and waits
    ending, wish = ("revoke", {**case["wish"], "asked": asked}) if proposed else ("cancel", asked)
    return advance(unit, case, "request_cancellation", reason=reason, text=text, ending=ending, wish=wish)


def reject_cancellation(unit: Unit, case_id: str, expected: int | None, reason: str, text: str) -> Row:
    """Turn a request to cancel down (驳回注销申请), with a coded reason; the registration stays as it is."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "reject_cancellation", reason)
    if case["ending"] == "revoke":
        raise Conflict("A revocation is proposed; decide that first.", code="revocation-proposed")
    if case["ending"] is None:
        raise Conflict("Nobody asked to cancel this registration.", code="not-asked-for")
    return advance(unit, case, "reject_cancellation", reason=reason, text=text, ending=None, wish=None)


def propose_revocation(unit: Unit, case_id: str, expected: int | None, reason: str, text: str) -> Row:
    """Propose to take a registration back for cause (提议撤销); another person of the office decides.

    It stands before a request to cancel, so that no party escapes it by asking for the other end.
    """
    case = lock(unit, case_id, expected)
    permit(unit, case, "propose_revocation", reason)
    if case["ending"] == "revoke":
        raise Conflict("The revocation of this registration is proposed already.", code="ending-already")
    wish = _wish(unit, reason, text) | {"asked_by": None, "asked": case["wish"]}
    return advance(unit, case, "propose_revocation", reason=reason, text=text, ending="revoke", wish=wish)


def drop_revocation(unit: Unit, case_id: str, expected: int | None, text: str) -> Row:
    """Let a proposed revocation drop (撤回撤销提议); a cancellation that was asked for waits again."""
    case = lock(unit, case_id, expected)
    permit(unit, case, "drop_revocation")
    if case["ending"] != "revoke":
        raise Conflict("Nobody proposed to revoke this registration.", code="not-proposed")
    asked = asked_for(case)
    return advance(unit, case, "drop_revocation", text=text, ending=asked and "cancel", wish=asked)


def _wish(unit: Unit, reason: str, text: str | None) -> Row:
    actor = {"organisation": unit.actor.organisation, "member": unit.actor.member}
    return {**actor, "reason": reason, "text": text, "on": today().isoformat()}


def _not_of_the_people(unit: Unit, case: Row) -> None:
    if unit.actor.member in case["people"]:
        raise Forbidden("Somebody who did not take part in the decision must do this.", code="same-person")


def precheck(unit: Unit, case_id: str) -> Review:
    """Every check on a case as it stands, for whoever may know of it; nothing is written."""
    row = (
        unit.execute(select(Case.__table__).where(Case.id == case_id, visible_to(unit.actor))).mappings().one_or_none()
    )
    if row is None:
        raise NotFound("There is no such application.")
    if row["content"] is None:
        raise Conflict("This case has no application to be checked.", code="no-application")
    return examine(unit, dict(row))


def check_content(unit: Unit, content: Mapping[str, Any]) -> Review:
    """Every check on what might become an application of the actor; nothing is written."""
    given = {name: value for name, value in content.items() if name not in ("office", "attachments")}
    return claimed(
        unit,
        given,
        office=content.get("office"),
        applicant=None if unit.actor.role in (Role.OFFICE, Role.AUDITOR) else unit.actor.organisation,
        attachments=content.get("attachments") or (),
        on=today(),
    )


def _kept(content: Mapping[str, Any]) -> Row:
    kept = stored(content)
    if len(canonical(kept)) > MAX_CONTENT:
        raise Invalid("The application holds too much.", errors=[FieldError("", "too-long", f"At most {MAX_CONTENT}.")])
    return kept


def _filled(unit: Unit, content: Mapping[str, Any]) -> Row:
    """The content whole, with what earlier applications of the actor told of the same parties (by credit code)."""
    whole: Row = {**dict.fromkeys((*COLUMNS, *SIDES, *EXTRAS)), **content}
    wanted = {side: key for side in SIDES if (key := _identity(whole[side]))}
    if not wanted:
        return whole
    earlier = (
        select(Case.content)
        .where(Case.applicant == unit.actor.organisation, Case.content.is_not(None))
        .order_by(Case.id.desc())
        .limit(_REMEMBERED)
    )
    known = [party for (old,) in unit.execute(earlier) for side in SIDES if (party := old.get(side))]
    for side, key in wanted.items():
        told: Row = next((party for party in known if _identity(party) == key), {})
        filled = {name: told.get(name) for name in PARTY_EXTRAS if whole[side].get(name) is None and told.get(name)}
        whole[side] = {**whole[side], **filled}
    return whole


def _identity(party: Mapping[str, Any] | None) -> str | None:
    return None if party is None else party.get("credit_code") or party.get("organisation")
