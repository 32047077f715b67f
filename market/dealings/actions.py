"""Taking talks (对接) through their stages: interest, introduction, non-disclosure agreement, negotiation, an end.

Every act is one unit: lock the dealing, ask the table of `stages`, write the next version, its step and its event. Free words and
contacts stand in the erasable part of events only. A dealing is locked before listings, listings in the order of their ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update

from market.dealings.model import Broker, Brokerage, Dealing, DealingStep, Disclosure, Profile
from market.dealings.queries import OPENED, Part, files_of, is_disclosed, known, names_opened, other, side_of_file, told
from market.dealings.stages import (
    AGREED,
    CLOCKS,
    INTEREST,
    LAPSED,
    OPEN,
    OTHER,
    OWNER,
    SEEKER,
    state_of,
    transition,
)
from market.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, check, check_version
from market.fields.queries import code_lists
from market.files.actions import keep
from market.files.model import StoredFile
from market.journal.append import Event, append
from market.listings.actions import mark_matched
from market.listings.model import Listing
from market.listings.queries import find
from market.matching.queries import OTHER as OTHER_KIND
from market.matching.queries import why
from market.organisations.model import Organisation
from market.organisations.queries import find as organisation
from market.rules.calendar import due_by_rule
from market.rules.queries import rule
from market.store.session import Unit
from market.store.types import instant_text, new_id, now, today

Row = dict[str, Any]

_WORDS = ("answers", "contacts", "proposal", "nda", "outcome", "match", "listing_title", "from_title")
"""Columns that stand in the erasable part of events."""
_INSTANTS = ("created_at", "introduced_at", "agreed_at", "updated_at")


def express_interest(
    unit: Unit,
    kind: str,
    listing_id: str,
    *,
    answers: Sequence[Mapping[str, str]],
    listing: str | None,
    anonymous: bool,
    contact: Mapping[str, Any] | None,
) -> str:
    """Tell the owner of a published listing that one is interested; answers the id of the dealing.

    `answers` are those to the standard questions, `listing` one's own listing of the other kind that it fits: the match and its
    reasons are kept as they are today. Conflict `own-listing` or `already-interested`.
    """
    held = unit.execute(select(Listing.owner).where(Listing.id == listing_id).with_for_update()).one_or_none()
    target = find(unit, kind, listing_id)
    assert held is not None
    me = str(unit.actor.organisation)
    if held.owner == me:
        raise Conflict("It is your own.", code="own-listing")
    open_one = _open_one(unit, listing_id, me)
    if open_one is not None:
        raise Conflict(f"You talk about it already: {open_one}.", code="already-interested")
    own = None if listing is None else _own_listing(unit, OTHER_KIND[kind], listing, anonymous)
    _check_answers(unit, kind, answers)
    instant, clock = now(), _clock(unit, INTEREST)
    row: Row = {
        "id": new_id("dea"),
        **{f"listing_{name}": target[name] for name in ("id", "kind", "version", "title")},
        "from_listing": listing,
        "from_version": own and own["version"],
        "from_title": own and own["title"],
        "match": own and _match(unit, own, listing_id),
        "owner": held.owner,
        "seeker": me,
        "owner_hidden": target["anonymous"],
        "seeker_hidden": anonymous,
        "stage": INTEREST,
        "answers": [dict(each) for each in answers],
        "contacts": {SEEKER: contact, OWNER: None},
        **dict.fromkeys(("proposal", "proposed_by", "nda", "outcome", "reason", "introduced_at", "agreed_at")),
        "awaits": OWNER,
        **clock,
        "version": 1,
        "created_at": instant,
        "updated_at": instant,
    }
    unit.execute(insert(Dealing), row)
    _record(unit, row, SEEKER, "express", "dealing.expressed", None)
    return str(row["id"])


def _open_one(unit: Unit, listing_id: str, seeker: str) -> str | None:
    rows = unit.execute(
        select(Dealing.id, Dealing.stage, Dealing.due_on, Dealing.provisional).where(
            Dealing.listing_id == listing_id, Dealing.seeker == seeker, Dealing.stage.in_(OPEN)
        )
    ).mappings()
    return next((row["id"] for row in rows if state_of(row, today()) != LAPSED), None)


def _own_listing(unit: Unit, kind: str, listing_id: str, anonymous: bool) -> Row:
    """One's own published listing; who stays unnamed names no listing that names one."""
    try:
        own = find(unit, kind, listing_id)
    except NotFound:
        own = None
    if own is None or own["owner"] is None or own["owner"]["id"] != unit.actor.organisation:
        raise Invalid.field("/listing", "unknown-value", f"The id of a published {kind} of yours is needed.")
    if own["published_at"] is None or own["state"] not in ("published", "matched"):
        raise Invalid.field("/listing", "not-published", "Only a published listing may be named.")
    if own["anonymous"] != anonymous:
        raise Invalid.field("/anonymous", "unlike-listing", "As anonymous as the listing you name.")
    return own


def _match(unit: Unit, own: Mapping[str, Any], other_id: str) -> Row:
    found = why(unit, own["kind"], own["id"], other_id, mode="balanced", language="zh")
    return {name: found[name] for name in ("score", "reasons", "listed", "ranker", "mode")}


def _check_answers(unit: Unit, kind: str, answers: Sequence[Mapping[str, str]]) -> None:
    lists, asked = code_lists(unit), [each["question"] for each in answers]
    errors = []
    for index, code in enumerate(asked):
        if not lists.has("interest_question", code) or lists.parent("interest_question", code) != kind.upper():
            errors.append(
                FieldError(f"/answers/{index}/question", "unknown-value", "No question of interest_question.")
            )
        elif code in asked[:index]:
            errors.append(FieldError(f"/answers/{index}/question", "repeated", "Answered twice."))
    for code in rule(unit, f"dealing.questions.{kind}", today()).words:
        if code not in asked:
            label = lists.label("interest_question", code, "en")
            errors.append(FieldError("/answers", "required", f"{code} must be answered: {label}"))
    check(errors, "The standard questions are not answered as they must be.")


def introduce(
    unit: Unit, dealing_id: str, expected: int | None, *, contact: Mapping[str, Any] | None, text: str | None
) -> None:
    """The owner agrees to be introduced (引见): from now on each side may open who the other is."""
    row, part = _lock(unit, dealing_id, expected)
    contacts = {**row["contacts"], part.side: contact}
    _advance(unit, row, part, "introduce", text=text, contacts=contacts, introduced_at=now())


def propose_nda(unit: Unit, dealing_id: str, expected: int | None, *, terms: str) -> None:
    """Put the text of a non-disclosure agreement (保密协议) on the table, in place of one that lies there."""
    row, part = _lock(unit, dealing_id, expected)
    digest = hashlib.sha256(terms.encode()).hexdigest()
    proposal = {"kind": "nda", "terms": terms, "sha256": digest}
    _advance(unit, row, part, "propose_nda", proposal=proposal, proposed_by=part.side)


def sign_nda(unit: Unit, dealing_id: str, expected: int | None, *, sha256: str) -> None:
    """Sign the text that the other side proposed, named by its digest; it is on record from now on."""
    row, part = _lock(unit, dealing_id, expected)
    line = transition(row, "sign_nda", part.side, broker=part.broker, day=today())
    if row["proposal"]["sha256"] != sha256:
        raise Conflict("Another text lies on the table; read it again.", code="other-text")
    signed = {
        "terms": row["proposal"]["terms"],
        "sha256": sha256,
        "proposed_by": row["proposed_by"],
        "signed_by": part.side,
        "signed_at": instant_text(now()),
    }
    _advance(unit, row, part, line.step, nda=signed, proposal=None, proposed_by=None)


def negotiate(unit: Unit, dealing_id: str, expected: int | None, *, text: str | None) -> None:
    """Begin to negotiate (洽谈)."""
    row, part = _lock(unit, dealing_id, expected)
    _advance(unit, row, part, "negotiate", text=text)


def propose_terms(unit: Unit, dealing_id: str, expected: int | None, *, terms: str) -> None:
    """Put what might be agreed on the table, in place of what lies there."""
    row, part = _lock(unit, dealing_id, expected)
    digest = hashlib.sha256(terms.encode()).hexdigest()
    proposal = {"kind": "terms", "terms": terms, "sha256": digest}
    _advance(unit, row, part, "propose_terms", proposal=proposal, proposed_by=part.side)


def agree(unit: Unit, dealing_id: str, expected: int | None, *, sha256: str) -> None:
    """Agree (达成) to what the other side proposed; the listings are matched."""
    row, part = _lock(unit, dealing_id, expected)
    transition(row, "agree", part.side, broker=part.broker, day=today())
    if row["proposal"]["sha256"] != sha256:
        raise Conflict("Other terms lie on the table; read them again.", code="other-text")
    outcome = row["proposal"]["terms"]
    _advance(unit, row, part, "agree", outcome=outcome, proposal=None, proposed_by=None, agreed_at=now())
    for listing_id in sorted(each for each in (row["listing_id"], row["from_listing"]) if each):
        mark_matched(unit, listing_id, today())


def pass_by(unit: Unit, dealing_id: str, expected: int | None, *, reason: str, text: str | None) -> None:
    """End the talks without a deal (放弃) for a coded reason."""
    row, part = _lock(unit, dealing_id, expected)
    if not code_lists(unit).has("pass_reason", reason):
        raise Invalid.field("/reason", "unknown-value", "Not a code of the list pass_reason.")
    _advance(unit, row, part, "pass", text=text, reason=reason, proposal=None, proposed_by=None)


def engage_broker(unit: Unit, dealing_id: str, expected: int | None, *, broker: str, text: str | None) -> None:
    """Take an accredited broker (技术经理人) on for one's own side, in place of the one in charge."""
    row, part = _lock(unit, dealing_id, expected)
    _serve(unit, row, part, "engage_broker", broker, text)


def hand_over(unit: Unit, dealing_id: str, expected: int | None, *, broker: str, text: str | None) -> Row:
    """The broker in charge hands over to another one; what was done before stays attributed to it. Answers the step."""
    row, part = _lock(unit, dealing_id, expected)
    return _serve(unit, row, part, "hand_over", broker, text)


def _serve(unit: Unit, row: Row, part: Part, step: str, broker_id: str, text: str | None) -> Row:
    transition(row, step, part.side, broker=part.broker, day=today())
    if row[f"{other(part)}_hidden"] and not names_opened(unit, [row["id"]]):
        raise Conflict("Open who the other side is first: a broker must not be theirs.", code="not-opened")
    broker = unit.execute(select(Broker.__table__).where(Broker.id == broker_id)).mappings().one_or_none()
    day = today()
    if (
        broker is None
        or broker["ended_on"] is not None
        or not broker["valid_from"] <= day <= (broker["valid_to"] or day)
    ):
        raise Invalid.field("/broker", "unknown-value", "No broker with this id is accredited today.")
    serving = (Brokerage.dealing_id == row["id"], Brokerage.until.is_(None))
    across = select(Brokerage.organisation_id).where(*serving, Brokerage.side == other(part))
    if broker["organisation_id"] in {row[other(part)], *unit.execute(across).scalars()}:
        raise Invalid.field("/broker", "conflict-of-interest", "The other side, or in the other side's service.")
    ended = update(Brokerage).where(*serving, Brokerage.side == part.side)
    unit.execute(ended.values(until=row["version"] + 1))
    served = {
        "dealing_id": row["id"],
        "since": row["version"] + 1,
        "side": part.side,
        "broker_id": broker_id,
        "organisation_id": broker["organisation_id"],
        "until": None,
    }
    unit.execute(insert(Brokerage), served)
    return _advance(unit, row, part, step, text=text, broker=broker_id)


def _lock(unit: Unit, dealing_id: str, expected: int | None) -> tuple[Row, Part]:
    row, part = known(unit, dealing_id, lock=True)
    check_version(row["version"], expected)
    return row, part


def _clock(unit: Unit, stage: str) -> Row:
    day = today()
    due = due_by_rule(unit, CLOCKS[stage], day)
    return {"clock_rule": CLOCKS[stage], "clock_from": day, "due_on": due.on, "provisional": due.provisional}


def _advance(
    unit: Unit, row: Row, part: Part, step: str, *, text: str | None = None, broker: str | None = None, **changes: Any
) -> Row:
    """Write the next version of a dealing, its step and its event; answers the step."""
    line = transition(row, step, part.side, broker=part.broker, day=today())
    if line.to not in OPEN:
        changes |= {"awaits": None, "clock_rule": None, "clock_from": None, "due_on": None, "provisional": False}
    elif line.clock:
        changes |= {"awaits": OTHER[part.side], **_clock(unit, line.to)}
    changes |= {"stage": line.to, "version": row["version"] + 1, "updated_at": now()}
    unit.execute(update(Dealing).where(Dealing.id == row["id"]).values(changes))
    return _record(unit, {**row, **changes}, part.side, step, line.event, text, broker=broker)


def _record(unit: Unit, row: Row, side: str, step: str, event: str, text: str | None, broker: str | None = None) -> Row:
    entry = {
        "dealing_id": row["id"],
        "version": row["version"],
        "step": step,
        "stage": row["stage"],
        "side": side,
        "member": unit.actor.member,
        "reason": row["reason"],
        "text": text,
        "at": row["updated_at"],
    }
    unit.execute(insert(DealingStep), entry)
    payload, personal = recorded(row)
    payload |= {"side": side, "step": step, "broker": broker}
    append(unit, Event(event, row["id"], row["version"], payload, {**personal, "text": text}, reason=row["reason"]))
    return entry


def recorded(row: Mapping[Any, Any]) -> tuple[Row, Row]:
    """A version of a dealing as its event keeps it, and the erasable part of that."""
    payload = {name: value for name, value in row.items() if name not in _WORDS}
    payload |= {name: row[name] and instant_text(row[name]) for name in _INSTANTS}
    payload |= {name: row[name] and row[name].isoformat() for name in ("clock_from", "due_on")}
    return payload, {name: row[name] for name in _WORDS}


def open_particulars(unit: Unit, dealing_id: str) -> Row:
    """Who the other side is and whom to ask, as far as the stage discloses it; each field's opening goes on record."""
    row, part = known(unit, dealing_id, lock=True)
    side = other(part)
    fields = [field for field in OPENED if is_disclosed(unit, row, field)]
    if not fields:
        raise Conflict("This stage discloses nothing to open.", code="nothing-disclosed")
    member = organisation(unit, row[side])
    values: dict[str, Any] = dict.fromkeys(OPENED)
    opened = []
    for field in fields:
        value, subject, version = member.get(field), member["id"], member["version"]
        if field == "contact":
            value, subject, version = _contact(unit, row, side)
        values[field] = value
        if value is not None:
            opened.append((field, subject, version))
    items = _disclose(unit, row, part, opened)
    return {
        "id": row["id"],
        "side": side,
        "organisation": row[side] if "name" in fields else None,
        **values,
        "items": items,
    }


def _contact(unit: Unit, row: Row, side: str) -> tuple[Any, str, int]:
    """Whom a side named for these talks, else in its listing; with what says so, and its version."""
    listing_id = row["listing_id"] if side == OWNER else row["from_listing"]
    if row["contacts"][side] is not None or listing_id is None:
        return row["contacts"][side], row["id"], row["version"]
    found = unit.execute(select(Listing.contact, Listing.version).where(Listing.id == listing_id)).one()
    return found.contact, listing_id, found.version


def open_file(unit: Unit, dealing_id: str, file_id: str) -> Row:
    """Put on record that one opens a file of the other side; its bytes may be fetched from now on."""
    row, part = known(unit, dealing_id, lock=True)
    if side_of_file(unit, row, part, file_id) == part.side:
        raise Conflict("It is your own side's; there is nothing to open.", code="own-file")
    [item] = _disclose(unit, row, part, [("file", file_id, 1)])
    return item


def _disclose(unit: Unit, row: Row, part: Part, opened: Sequence[tuple[str, str, int]]) -> list[Row]:
    lines: list[Row] = [
        {
            "id": new_id("dis"),
            "dealing_id": row["id"],
            "viewer": unit.actor.organisation,
            "member": unit.actor.member,
            "side": part.side,
            "broker": part.broker,
            "stage": row["stage"],
            "field": field,
            "subject": subject,
            "subject_version": version,
            "at": now(),
        }
        for field, subject, version in opened
    ]
    if lines:
        unit.execute(insert(Disclosure), lines)
        payload = {"lines": [{**line, "at": instant_text(line["at"])} for line in lines]}
        append(unit, Event("dealing.disclosed", row["id"], row["version"], payload))
    return [told(line, part) for line in lines]


def add_file(unit: Unit, dealing_id: str, *, name: str, content: bytes) -> Row:
    """Keep a file for the other side, who sees it once the stage discloses files."""
    row, part = known(unit, dealing_id, lock=True)
    if state_of(row, today()) not in (*OPEN, AGREED):
        raise Conflict("These talks have ended.", code="talks-ended")
    if part.broker:
        raise Forbidden("Only the side itself hands in files.", code="not-your-step")
    subject = files_of(dealing_id, part.side)
    before = set(unit.execute(select(StoredFile.id).where(StoredFile.subject == subject)).scalars())
    file: Row = {**keep(unit, subject, name, content), "side": part.side}
    if file["id"] not in before:
        payload = {key: file[key] for key in ("id", "side", "media", "size", "sha256")}
        append(unit, Event("dealing_file.added", file["id"], 1, {**payload, "dealing_id": dealing_id}, {"name": name}))
    return file


def profile(unit: Unit) -> Row:
    """What the acting organisation says of itself; version 0: nothing yet."""
    me = unit.actor.organisation
    row = unit.execute(select(Profile.__table__).where(Profile.organisation_id == me)).mappings().one_or_none()
    return dict(row) if row else {"organisation_id": me, "size_class": None, "version": 0}


def describe(unit: Unit, expected: int | None, *, size_class: str | None) -> Row:
    """Say of which size one's own organisation is (企业规模)."""
    unit.execute(select(Organisation.id).where(Organisation.id == unit.actor.organisation).with_for_update())
    old = profile(unit)
    check_version(old["version"], expected)
    if size_class is not None and not code_lists(unit).has("enterprise_size", size_class):
        raise Invalid.field("/size_class", "unknown-value", "Not a code of the list enterprise_size.")
    row = {**old, "size_class": size_class, "version": old["version"] + 1}
    if old["version"]:
        unit.execute(update(Profile).where(Profile.organisation_id == row["organisation_id"]).values(row))
    else:
        unit.execute(insert(Profile), row)
    append(unit, Event("profile.described", row["organisation_id"], row["version"], row))
    return row
