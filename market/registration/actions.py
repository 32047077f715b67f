"""The office's acts (登记机构): register, record an outside registration, change, cancel, revoke, and import from the past.

Each act is one unit of work: it judges the content, takes the number, writes the register and the case, and tells journal and
ledger. A number is given in three ways, all steps of one state machine: `register_case` after an examination, `register` for what
the office may decide at once, and the import of the past. Only the office whose entry it is may touch an entry again; cancelled
(注销, as a party asked) and revoked (撤销, for cause, as two people of the office find) are ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from market.contracts.fingerprint import fingerprint
from market.contracts.model import Contract
from market.contracts.queries import one, shown
from market.contracts.rules import facts_of, gather
from market.errors import Conflict, FieldError, Forbidden, check, check_version
from market.examination import states, steps
from market.examination.checks import ERROR
from market.examination.content import bare, loaded
from market.examination.review import APPLIED_FOR, review, route
from market.examination.territory import applicant
from market.fields.queries import code_lists
from market.registration.entries import Standing, clash, draft, dressed, judge, new_row, tell
from market.registration.income import approved_income
from market.registration.listings import settle
from market.registration.numbers import next_numbers
from market.statistics.ledger import minus, plus
from market.store.dialect import insert_missing
from market.store.session import Unit
from market.store.types import now, today, yuan

Row = dict[str, Any]

ASKERS = ("seller", "buyer", "both")
"""Who may have asked for a cancellation."""
_ENDS = {"cancel": "cancelled", "revoke": "revoked"}
_QUESTION = 500
"""Values one look-up names at most."""


def register(unit: Unit, content: Mapping[str, Any]) -> Row:
    """Register a contract (登记) at once, today, at the acting office: the short way through the same states and checks.

    The number is taken first, and given back with a refusal: so the office's clerks wait for each other, and of parts of one
    contract that are registered in the same moment each sees the others.
    Conflict `needs-application` for what must be examined by more than one person: large, disputed or flagged.
    """
    office_id = _acting_office(unit)
    steps.at_desk(unit, steps.parties(content))
    grounds = gather(unit, [content], [office_id])
    office = grounds.organisations[office_id]
    standing = Standing("registered", office, today())
    facts, errors = draft(content, standing, grounds)
    check(errors)
    row = new_row(facts, standing)
    [row["number"]] = next_numbers(unit, office_id, _prefix(office), standing.registered_on.year)
    found = review(unit, content, facts, standing.registered_on)
    if found.is_duplicate:
        raise clash(unit, row) or _gone()
    if found.has(APPLIED_FOR):
        raise Conflict("This contract is applied for already: decide that application.", code=APPLIED_FOR)
    found.refuse_errors()
    if needing := [flag for flag in found.flags if route(unit, flag)]:
        raise _needs_application(needing)
    _enter(unit, row)
    case = _case_of(row, "direct", [str(unit.actor.member)])
    unit.execute(steps.putting(), case)
    line = plus(unit, row)
    tell(unit, "registered", row, [line], occurred_on=row["registered_on"])
    steps.tell(unit, "case.registered", case)
    return shown({**row, "office_name": office["name"]}, unit.actor)


def register_case(unit: Unit, case_id: str, *, expected: int | None, tech_amount: int | None, text: str | None) -> Row:
    """Register what an application asks for (予以登记): its number, its contract, and the case that led to it.

    `tech_amount` is the technology amount as approved (核定), when it is not the claimed one; the text then says why, and it is
    judged as if it had been claimed.
    """
    case = steps.lock(unit, case_id, expected)
    steps.permit(unit, case, "register")
    content = bare(loaded(case["content"]))
    grounds = gather(unit, [content], [case["office"]])
    office = grounds.organisations[case["office"]]
    standing = Standing("registered", office, today(), applied_on=case["submitted_on"])
    [number] = next_numbers(unit, case["office"], _prefix(office), standing.registered_on.year)
    claimed = steps.examine(unit, case)
    if not claimed.is_duplicate:
        claimed.refuse_errors()
    approved, found = content["tech_amount"] if tech_amount is None else tech_amount, claimed
    if approved != content["tech_amount"]:
        check([] if text else [FieldError("/text", "required", "Say why another technology amount is approved.")])
        content["tech_amount"] = approved
        found = steps.examine(unit, {**case, "content": {**case["content"], "tech_amount": approved}})
        if not found.is_duplicate:
            found.refuse_errors()
    _enough_people(case, {*claimed.flags, *found.flags, *case["flags"]}, unit)
    facts, errors = draft(content, standing, grounds)
    check(errors)
    row = {**new_row(facts, standing), "number": number}
    _enter(unit, row)
    tell(unit, "registered", row, [plus(unit, row)], occurred_on=row["registered_on"])
    return steps.advance(
        unit,
        case,
        "register",
        text=text,
        findings=found,
        contract_id=row["id"],
        approved_fen=approved,
        decided_on=standing.registered_on,
        people=steps.with_me(unit, case),
    )


def _enough_people(case: Row, flags: set[str], unit: Unit) -> None:
    """Refuse to decide alone what takes more: experts for the large and disputed, a second person for what is flagged."""
    if case["state"] == states.EXPERT_REVIEW:
        return
    routes = {code: route(unit, code) for code in sorted(flags)}
    if "expert" in routes.values():
        raise Conflict("Large or disputed: refer it to expert review by other people.", code="needs-experts")
    if "second_person" in routes.values() and case["endorsed_by"] is None:
        named = ", ".join(code for code in routes if routes[code] == "second_person")
        raise Conflict(f"Flagged ({named}): a second person must endorse it first.", code="needs-second-person")


def _needs_application(flags: Sequence[str]) -> Conflict:
    return Conflict(
        f"This needs an examination by more than one person ({', '.join(flags)}): POST /v1/applications, by the applicant.",
        code="needs-application",
        errors=[FieldError("", flag, "This takes an application.") for flag in flags],
    )


def _case_of(row: Mapping[str, Any], way: str, people: list[str]) -> Row:
    """The case of a contract that was registered without an application, in its last state."""
    side = applicant(row)
    case = steps.new_case(way, states.REGISTERED, row[f"{side}_organisation"], row["office"])
    days = dict.fromkeys(("submitted_on", "accepted_on", "decided_on"), row["registered_on"])
    amounts = dict.fromkeys(("claimed_fen", "approved_fen"), row["tech_fen"])
    return case | days | amounts | {"contract_id": row["id"], "people": people}


def record_outside(unit: Unit, content: Mapping[str, Any]) -> Row:
    """Record what an office elsewhere registered; `content["outside"]` holds its number, office and day. No number of ours."""
    office_id = _acting_office(unit)
    grounds = gather(unit, [content], [office_id])
    outside = content["outside"]
    standing = Standing("outside", grounds.organisations[office_id], outside["registered_on"], outside)
    facts, errors = draft(content, standing, grounds)
    check(errors)
    row = new_row(facts, standing)
    if (refusal := clash(unit, row)) is not None:
        raise refusal
    _enter(unit, row)
    line = plus(unit, row)
    tell(unit, "recorded", row, [line], occurred_on=row["registered_on"])
    return shown({**row, "office_name": None}, unit.actor)


def change(
    unit: Unit,
    this: ColumnElement[bool],
    *,
    expected: int | None,
    reason: str,
    text: str | None,
    changes: Mapping[str, Any],
) -> Row:
    """Change the content of an entry (变更登记); what `changes` leaves out stays. Number, act, office and day stay for ever."""
    case = steps.lock_by_contract(unit, select(Contract.id).where(this))
    row = _own_live(unit, this, expected)
    _permit(unit, case, "change")
    after = rewritten(unit, row, reason=reason, text=text, changes=changes)
    if case is not None:
        doubts = [] if case["state"] == states.EXPERT_REVIEW else grown_doubts(unit, case, row, after)
        if doubts:
            raise Conflict(
                f"This change takes a second person ({', '.join(doubts)}): the applicant requests it.",
                code="needs-application",
            )
        steps.advance(unit, case, "change", reason=reason, text=text, approved_fen=after["tech_fen"])
    return shown(after, unit.actor)


def rewritten(
    unit: Unit,
    row: Mapping[str, Any],
    *,
    reason: str,
    text: str | None,
    changes: Mapping[str, Any],
) -> Row:
    """Write the next version of an own live entry, with its ledger lines and its event."""
    after, changed = judged_change(unit, row, reason, changes)
    mark = after["fingerprint"]
    back = minus(unit, row["id"])
    lines = [back, plus(unit, after, income=-back["income"])]
    _rewrite(unit, after, *changed, fingerprint=mark, live_fingerprint=mark)
    settle(unit, [row, after])
    tell(unit, "changed", after, lines, reason=reason, text=text)
    return after


def judged_change(
    unit: Unit, row: Mapping[str, Any], reason: str, changes: Mapping[str, Any]
) -> tuple[Row, Sequence[str]]:
    """The next version of an entry and the columns that change, judged; refuses what is wrong or registered already."""
    grounds = gather(unit, [changes])
    standing = Standing(row["act"], {"id": row["office"], "place": row["office_place"]}, row["registered_on"])
    facts, wrong = facts_of(changes, grounds)
    wrong += dressed(facts)
    changed = {name: value for name, value in facts.items() if value != row[name]}
    after = _next(row, **changed)
    errors = [
        FieldError(f"/changes{error.pointer}", error.code, error.message)
        for error in judge(after, wrong, standing, grounds)
    ]
    if not changed and not wrong:
        errors.append(FieldError("/changes", "nothing-changed", "The contract is like this already."))
    if after["tech_fen"] < row["tech_fen"] and after["tech_fen"] < (income := approved_income(unit, row["id"])):
        message = f"{yuan(income)} of income stand approved: correct these first."
        errors.append(FieldError("/changes/tech_amount", "below-income", message))
    check(_wrong_reason(unit, "change_reason", reason) + errors)
    after["fingerprint"] = fingerprint(after)
    if (refusal := clash(unit, after)) is not None:
        raise refusal
    return after, list(changed)


def cancel(
    unit: Unit,
    this: ColumnElement[bool],
    *,
    expected: int | None,
    reason: str | None,
    text: str | None,
    asked_by: str | None = None,
) -> Row:
    """End an entry because the parties ended their contract (注销), as one of them or both asked.

    What a party asked for here says who, and why; otherwise `asked_by` (`ASKERS`) says who asked on paper. What was recorded
    from outside is asked for there.
    """
    case = steps.lock_by_contract(unit, select(Contract.id).where(this))
    row = _own_live(unit, this, expected)
    _permit(unit, case, "cancel")
    wish = (case and case["wish"]) or {}
    if case is not None and case["ending"] == "revoke":
        raise Conflict("A revocation is proposed; decide that first.", code="revocation-proposed")
    reason = reason or wish.get("reason")
    errors = _wrong_reason(unit, "cancellation_reason", reason)
    if (asked_by is None) == (row["act"] == "registered" and not wish):
        message = "Who asked on paper is needed where no party asked here, and only there."
        errors.append(FieldError("/asked_by", "required" if asked_by is None else "asked-here", message))
    check(errors)
    return _end(unit, case, row, "cancel", reason, text, asked_by or wish.get("asked_by"))


def revoke(unit: Unit, this: ColumnElement[bool], *, expected: int | None, text: str | None) -> Row:
    """Take a registration back for cause (撤销), as somebody else of the office proposed, for the reason named there."""
    case = steps.lock_by_contract(unit, select(Contract.id).where(this))
    row = _own_live(unit, this, expected)
    _permit(unit, case, "revoke")
    if case is None or case["ending"] != "revoke":
        raise Conflict("A revocation takes two people: one proposes it, another decides.", code="needs-second-person")
    if case["wish"]["member"] == unit.actor.member:
        raise Forbidden("Who proposed the revocation cannot decide it as well.", code="same-person")
    return _end(unit, case, row, "revoke", case["wish"]["reason"], text or case["wish"]["text"])


def take_off(unit: Unit, this: ColumnElement[bool], *, expected: int | None, reason: str, text: str | None) -> Row:
    """End what was recorded from outside because it was revoked there (撤销)."""
    row = _own_live(unit, this, expected)
    check(_wrong_reason(unit, "revocation_reason", reason))
    return _end(unit, None, row, "revoke", reason, text)


def _end(
    unit: Unit,
    case: Row | None,
    row: Mapping[str, Any],
    step: str,
    reason: str | None,
    text: str | None,
    asked_by: str | None = None,
) -> Row:
    after = _next(row, state=_ENDS[step])
    lines = [minus(unit, row["id"])]
    _rewrite(unit, after, "state", live_fingerprint=None, live_outside_number=None)
    settle(unit, [after])
    tell(unit, _ENDS[step], after, lines, reason=reason, text=text, asked_by=asked_by)
    if case is not None:
        people = steps.with_me(unit, case)
        steps.advance(unit, case, step, reason=reason, text=text, pending=None, ending=None, wish=None, people=people)
    return shown(after, unit.actor)


def _permit(unit: Unit, case: Row | None, step: str) -> None:
    """May this actor make the step now? What was recorded from outside has no case, and only its recorder comes here."""
    if case is not None:
        steps.permit(unit, case, step)


def _acting_office(unit: Unit) -> str:
    if unit.actor.organisation is None:
        raise Forbidden("Only a registration office may do this.")
    return unit.actor.organisation


def _prefix(office: RowMapping) -> str:
    prefix: str | None = office["number_prefix"]
    if prefix is None:
        raise Conflict("This organisation has no number prefix, so it registers nothing.", code="no-number-prefix")
    return prefix


def grown_doubts(unit: Unit, case: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a change makes of a contract that it was not before and that takes a second person.

    Large (or larger still), split, nearly another; and what was an error in the application: technology with equipment in it.
    """
    claimed = loaded(case["content"] or {})
    content = {name: claimed.get(name) for name in ("exclusions", "royalty_formula")}
    were, are = (review(unit, content, facts, today(), case) for facts in (before, after))
    grown = {finding.code for finding in are.findings if finding.route or finding.severity == ERROR}
    grown = {code for code in grown if not were.has(code)}
    if are.has("large") and after["tech_fen"] > before["tech_fen"]:
        grown.add("large")
    return sorted(grown)


def _wrong_reason(unit: Unit, reasons: str, reason: str | None) -> list[FieldError]:
    if reason is None:
        return [FieldError("/reason", "required", f"A code of the list {reasons} is needed.")]
    if code_lists(unit).has(reasons, reason):
        return []
    return [FieldError("/reason", "unknown-value", f"Not a code of the list {reasons}.")]


def _own_live(unit: Unit, this: ColumnElement[bool], expected: int | None) -> Mapping[str, Any]:
    """The acting office's own entry, locked, in the expected version and not ended."""
    row = one(unit, this, lock=True)
    if row["recorder"] != unit.actor.organisation:
        raise Forbidden("Only the office whose entry it is may do this.")
    check_version(row["version"], expected)
    if row["state"] != "registered":
        raise Conflict(f"This entry is {row['state']}, which is final.", code="contract-ended")
    return row


def _enter(unit: Unit, row: Row) -> None:
    if not insert_missing(unit.connection, Contract, row):
        raise clash(unit, row) or _gone()
    settle(unit, [row])


def _next(row: Mapping[str, Any], **changed: Any) -> Row:
    return {**row, **changed, "version": row["version"] + 1, "updated_at": now()}


def _rewrite(unit: Unit, after: Mapping[str, Any], *changed: str, **marks: Any) -> None:
    values = {name: after[name] for name in (*changed, "version", "updated_at")}
    try:
        unit.execute(update(Contract).where(Contract.id == after["id"]).values(**values, **marks))
    except IntegrityError:
        raise _gone() from None


def _gone() -> Conflict:
    """Another unit entered or ended the same contract in this moment; which one can't be asked any more."""
    return Conflict("This contract is registered already.", code="duplicate-contract")


def import_contracts(unit: Unit, rows: Sequence[Mapping[str, Any]], names: Sequence[int] | None = None) -> list[Row]:
    """Enter many contracts of both acts with their days in the past, marked late; answers their rows in the same order.

    A row is content with `act`, `office` (id of the registering or recording office; null if nobody here records it),
    `registered_on` and, for an outside registration, `outside` (`number`, `office`). All or nothing: the refusal names every
    wrong field with the row's position in front, or its number of `names`. Hand in a few thousand at a time.
    """
    names = names or range(len(rows))
    grounds = gather(unit, rows, {row["office"] for row in rows if row["office"] is not None})
    entries, errors = [], []
    for name, row in zip(names, rows, strict=True):
        office = grounds.organisations.get(row["office"]) if row["office"] is not None else None
        standing = Standing(row["act"], office, row["registered_on"], row.get("outside"), late=True)
        facts, wrong = draft(row, standing, grounds)
        if not wrong:
            entries.append(new_row(facts, standing))
        errors += [FieldError(f"/{name}{error.pointer}", error.code, error.message) for error in wrong]
    check(errors)
    _refuse_known(unit, entries, names)
    _number(unit, entries, grounds.organisations)
    try:
        unit.execute(insert(Contract), sorted(entries, key=itemgetter("fingerprint")))
    except IntegrityError:
        raise _gone() from None
    settle(unit, entries)
    cases = {entry["id"]: _case_of(entry, "imported", []) for entry in entries if entry["act"] == "registered"}
    if cases:
        unit.execute(steps.putting(), list(cases.values()))
    for entry in entries:
        kind = "registered" if entry["act"] == "registered" else "recorded"
        tell(unit, kind, entry, [plus(unit, entry)], occurred_on=entry["registered_on"])
        if entry["id"] in cases:
            steps.tell(unit, "case.imported", cases[entry["id"]], occurred_on=entry["registered_on"])
    return entries


def _refuse_known(unit: Unit, entries: Sequence[Row], names: Sequence[int]) -> None:
    errors = []
    for column, live, what in (
        ("fingerprint", Contract.live_fingerprint, "contract"),
        ("outside_number", Contract.live_outside_number, "outside number"),
    ):
        holders: dict[str, str] = {}
        values = sorted({entry[column] for entry in entries if entry[column] is not None})
        for start in range(0, len(values), _QUESTION):
            known = select(live.label("value"), Contract.number, Contract.outside_number)
            for row in unit.execute(known.where(live.in_(values[start : start + _QUESTION]))):
                holders[row.value] = f"Registration {row.number or row.outside_number}"
        for name, entry in zip(names, entries, strict=True):
            if entry[column] is None:
                continue
            if entry[column] in holders:
                errors.append(FieldError(f"/{name}", "duplicate", f"{holders[entry[column]]} has the same {what}."))
            else:
                holders[entry[column]] = f"Line /{name}"
    if errors:
        raise Conflict("Some of these contracts are registered already.", code="duplicate-contract", errors=errors)


def _number(unit: Unit, entries: Sequence[Row], organisations: Mapping[str, RowMapping]) -> None:
    """Give every registration its number: series in order of office and year, numbers in order of day."""
    series = defaultdict(list)
    for entry in sorted(entries, key=itemgetter("registered_on")):
        if entry["act"] == "registered":
            series[entry["office"], entry["registered_on"].year].append(entry)
    for office, year in sorted(series):
        group = series[office, year]
        numbers = next_numbers(unit, office, _prefix(organisations[office]), year, len(group))
        for entry, number in zip(group, numbers, strict=True):
            entry["number"] = number
