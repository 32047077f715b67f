"""What is done with organisations, their members and keys: apply, approve, refuse, claim, enrol, issue and revoke keys.

An applicant gets a claim code at once, an approved one exchanges it for its first key. Secrets (keys, claim codes) leave these
functions once and are kept as hashes; no event ever holds one.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from market.access import PERMISSIONS, Permission, Role
from market.errors import Conflict, FieldError, Forbidden, NotFound, Unauthenticated, check, check_version
from market.fields.queries import code_lists
from market.journal.append import Event, append
from market.organisations.model import ApiKey, Application, Member, Organisation
from market.organisations.parties import HOME_COUNTRY, check_name, check_party, judge_party, spelt
from market.organisations.queries import find, member_of, secret_hash, visible_applications, visible_keys
from market.places.queries import HK_MO_TW, tree
from market.store.dialect import broken_constraint
from market.store.info import MarketInfo
from market.store.session import Unit
from market.store.types import instant_text, new_id, now

DEMO_PREFIX = "99"
"""Number prefixes of demo offices begin so, and no real one's: no province has this code."""

KINDS = ("enterprise", "university", "broker", "office", "department")
"""As what one may apply. A department becomes what the administrator says: statistician, auditor or administrator."""

OFFICE_GIVES = (Role.ENTERPRISE, Role.UNIVERSITY, Role.BROKER)
"""The roles an office may give; the others are an administrator's to give."""

CLAIM_DAYS = 30
"""An approved applicant has so long to fetch its key: a holiday and a forgotten letter fit in, a lost code doesn't stay open."""

MAX_WRONG_CLAIMS = 10
"""Wrong claim codes an application bears: nobody mistypes more often, and guessing 256 bits is stopped early."""


def enrol(unit: Unit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Make an organisation a member: `name`, `role`, `credit_code`, `country`, `place`, `nature`, `development_zone`,
    `number_prefix` (offices).

    A zone (开发区) is an attribute and no place: it has no GB/T 2260 code. Whoever calls this has decided on role and place.
    Raises Conflict `credit-code-taken` or `number-prefix-taken`.
    """
    role = Role(facts["role"])
    party, errors = check_party(unit, facts)
    errors += _check_seat(unit, party)
    prefix = facts.get("number_prefix")
    errors += _check_prefix(unit, role, prefix)
    zone = facts.get("development_zone")
    if zone is not None and not code_lists(unit).has("development_zone", zone):
        errors.append(FieldError("/development_zone", "unknown-value", "There is no such development zone."))
    check(errors, "The organisation cannot be enrolled so.")
    row = {
        "id": new_id("org"),
        **party,
        "role": role.value,
        "development_zone": zone,
        "number_prefix": prefix,
        "version": 1,
        "created_at": now(),
    }
    try:
        unit.execute(insert(Organisation), row)
    except IntegrityError as error:
        what = "number-prefix" if "number_prefix" in broken_constraint(error) else "credit-code"
        raise Conflict(f"Another organisation has this {what.replace('-', ' ')}.", code=f"{what}-taken") from error
    payload = {name: value for name, value in row.items() if name != "created_at"}
    append(unit, Event("organisation.enrolled", row["id"], 1, payload))
    return row


def _check_seat(unit: Unit, party: Mapping[str, Any]) -> list[FieldError]:
    """A domestic member sits in a place of today (a contract's party may name one of the past, or none)."""
    if party.get("place") is None:
        domestic = "place" in party and party.get("country") == HOME_COUNTRY
        return [FieldError("/place", "required", "A domestic organisation needs a place.")] if domestic else []
    places = tree(unit)
    if places.find(party["place"]) is not None and places.present(party["place"]) is None:
        return [FieldError("/place", "of-the-past", "This place exists no longer.")]
    return []


def _check_prefix(unit: Unit, role: Role, prefix: str | None) -> list[FieldError]:
    if role is not Role.OFFICE:
        return (
            []
            if prefix is None
            else [FieldError("/number_prefix", "not-an-office", "Only an office numbers contracts.")]
        )
    if prefix is None or not re.fullmatch("[0-9]{6}", prefix):
        return [FieldError("/number_prefix", "bad-format", "An office needs six digits.")]
    demo = unit.execute(select(MarketInfo.kind)).scalar_one() == "demo"
    if demo != prefix.startswith(DEMO_PREFIX):
        rule = "begin with" if demo else "not begin with"
        message = f"On this database the prefix must {rule} {DEMO_PREFIX}."
        return [FieldError("/number_prefix", "wrong-prefix", message)]
    return []


def apply(unit: Unit, given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A wish to join: `name`, `kind`, `credit_code`, `country`, `place`, `nature`, `contact`, `note`.

    Answers the application and its claim code, which is shown this once.
    """
    check(judge_application(unit, given), "The application has wrong fields.")
    party = spelt(given)
    claim_code = "tmc_" + secrets.token_urlsafe(32)
    row = {
        "id": new_id("app"),
        "state": "submitted",
        **party,
        "kind": given["kind"],
        "contact": given["contact"],
        "note": given["note"],
        "claim_hash": secret_hash(claim_code),
        "claim_expires_at": None,
        "wrong_claims": 0,
        "organisation_id": None,
        "reason": None,
        "version": 1,
        "created_at": now(),
        "decided_at": None,
    }
    unit.execute(insert(Application), row)
    personal = {"contact": row["contact"], "note": row["note"]}
    append(unit, Event("application.submitted", row["id"], 1, _application_payload(row), personal))
    return row, claim_code


def judge_application(unit: Unit, given: Mapping[str, Any]) -> list[FieldError]:
    """Every rule broken by what is given of an application; what is not given is not missed."""
    party = spelt(given)
    errors = judge_party(unit, party) + _check_seat(unit, party)
    known = {"country", "place", "credit_code"} <= party.keys()
    mainland = known and party["country"] == HOME_COUNTRY and party["place"] not in HK_MO_TW.values()
    if mainland and party["credit_code"] is None:
        errors.append(FieldError("/credit_code", "required", "An organisation of the mainland needs its credit code."))
    contact = given.get("contact") or {}
    if "name" in contact:
        errors += check_name(contact["name"], "/contact/name")
    return errors


def approve(unit: Unit, application_id: str, decision: Mapping[str, Any], expected: int | None) -> dict[str, Any]:
    """Enrol an applicant with the `role`, `place`, `nature` (None: as claimed), zone and number prefix the reviewer sets.

    An office gives the roles of `OFFICE_GIVES` only, and only a place of its territory.
    """
    row = _open_application(unit, application_id, expected)
    role = Role(decision["role"])
    if unit.actor.role is Role.OFFICE:
        if role not in OFFICE_GIVES:
            raise Forbidden("Only an administrator gives this role.", code="role-beyond-office")
        if not _in_territory(unit, decision["place"]):
            raise Forbidden("This place lies outside your territory.", code="outside-territory")
    facts = {
        **row,
        "role": role,
        "place": decision["place"],
        "nature": decision["nature"] or row["nature"],
        "development_zone": decision["development_zone"],
        "number_prefix": decision["number_prefix"],
    }
    organisation = enrol(unit, facts)
    decided = now()
    return _decide(
        unit,
        row,
        state="approved",
        organisation_id=organisation["id"],
        claim_expires_at=decided + CLAIM_DAYS * 86_400_000_000,
        decided_at=decided,
    )


def refuse(unit: Unit, application_id: str, reason: str, expected: int | None) -> dict[str, Any]:
    """Turn an application down; whoever holds its claim code may read the reason."""
    row = _open_application(unit, application_id, expected)
    return _decide(unit, row, state="refused", reason=reason, decided_at=now())


def _open_application(unit: Unit, application_id: str, expected: int | None) -> dict[str, Any]:
    statement = visible_applications(unit).where(Application.id == application_id).with_for_update()
    row = unit.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such application.")
    check_version(row["version"], expected)
    if row["state"] != "submitted":
        raise Conflict("This application has been decided.", code="application-decided")
    return dict(row)


def _in_territory(unit: Unit, place: str | None) -> bool:
    return place is not None and unit.actor.place is not None and tree(unit).within(place, unit.actor.place)


def _decide(unit: Unit, row: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    changes["version"] = row["version"] + 1
    unit.execute(update(Application).where(Application.id == row["id"]).values(**changes))
    changed = {**row, **changes}
    kind = f"application.{changed['state']}"
    append(
        unit, Event(kind, row["id"], changed["version"], _application_payload(changed), reason=changes.get("reason"))
    )
    return changed


def _application_payload(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "state", "name", "kind", "credit_code", "country", "place", "nature", "organisation_id", "version")
    return {name: row[name] for name in names}


def claim(unit: Unit, application_id: str, claim_code: str) -> dict[str, Any]:
    """Exchange the claim code of an approved application for its organisation's first key: its row with `key`, shown this once.

    A wrong code, an unknown application and one with too many wrong tries are told alike; only the holder of the right code
    learns why there is no key. Whoever lost its code, or came too late, gets a key from the operator.
    """
    row = unit.execute(select(Application.__table__).where(Application.id == application_id).with_for_update())
    found = row.mappings().one_or_none()
    kept = bytes(32) if found is None else found["claim_hash"]
    right = hmac.compare_digest(kept, secret_hash(claim_code))
    if found is None or not right or found["wrong_claims"] >= MAX_WRONG_CLAIMS:
        refusal = NotFound("There is no such application, or this is not its claim code.")
        refusal.record = lambda other: _count_wrong_claim(other, application_id)
        raise refusal
    if found["state"] == "submitted":
        raise Conflict("The application has not been decided yet.", code="application-pending")
    if found["state"] == "refused":
        raise Conflict(f"The application was refused: {found['reason']}", code="application-refused")
    if found["state"] == "claimed":
        raise Conflict("The key was claimed already.", code="application-claimed")
    if found["claim_expires_at"] <= now():
        raise Conflict("The claim code has expired; ask the operator for a key.", code="claim-expired")
    _decide(unit, dict(found), state="claimed")
    return _issue(unit, found["organisation_id"], "first key", None, None)


def _count_wrong_claim(unit: Unit, application_id: str) -> None:
    """Only a guard against guessing, no change of business state: the journal doesn't tell of it."""
    unit.execute(
        update(Application)
        .where(Application.id == application_id, Application.wrong_claims < MAX_WRONG_CLAIMS)
        .values(wrong_claims=Application.wrong_claims + 1)
    )


def issue_own_key(
    unit: Unit, *, label: str, scopes: Collection[str] | None, expires_at: int | None, member: str | None = None
) -> dict[str, Any]:
    """Another key of the actor's organisation, never wider than the key that asks for it (`scopes` None: as wide).

    A key that names a member issues keys of this member only, so that nobody makes a second person of themselves; one that
    names none may name any. Answers its row with `key`, shown this once.
    """
    errors = check_name(label, "/label", 100)
    own, me = unit.actor.scopes, unit.actor.member
    if me is not None and member not in (None, me):
        errors.append(FieldError("/member", "beyond-key", "A member's key may only issue keys of this member."))
    if own is not None and set(scopes or ()) - own:
        errors.append(FieldError("/scopes", "beyond-key", "A key may only issue keys as narrow as itself."))
    check(errors, "The key cannot be issued so.")
    asking = unit.execute(select(ApiKey.revoked_at).where(ApiKey.id == unit.actor.key).with_for_update())
    if asking.scalar_one() is not None:
        raise Unauthenticated("This key has been revoked.")
    assert unit.actor.organisation is not None
    return _issue(unit, unit.actor.organisation, label, own if scopes is None else scopes, expires_at, me or member)


def issue_key(
    unit: Unit,
    organisation_id: str,
    *,
    label: str,
    scopes: Collection[str] | None = None,
    expires_at: int | None = None,
    member: str | None = None,
) -> tuple[str, str]:
    """A new key of an organisation, or of its member: its id, and the key itself, which is shown this once.

    `scopes` None: all the role may do. Raises Invalid when the role has not all of `scopes`.
    """
    row = _issue(unit, organisation_id, label, scopes, expires_at, member)
    return row["id"], row["key"]


def _issue(
    unit: Unit,
    organisation_id: str,
    label: str,
    scopes: Collection[str] | None,
    expires_at: int | None,
    member: str | None = None,
) -> dict[str, Any]:
    role = Role(find(unit, organisation_id)["role"])
    kept = None if scopes is None else sorted(set(scopes))
    beyond = set(kept or ()) - {permission.value for permission in Permission if role in PERMISSIONS[permission]}
    errors = []
    if beyond:
        errors.append(FieldError("/scopes", "beyond-role", f"This role has not: {', '.join(sorted(beyond))}."))
    if expires_at is not None and expires_at <= now():
        errors.append(FieldError("/expires_at", "in-the-past", "A key cannot expire before it is issued."))
    if member is not None:
        person = member_of(unit, organisation_id, member, lock=True)
        if person is None or person["ended_at"] is not None:
            errors.append(FieldError("/member", "unknown-value", "No such member works for this organisation."))
    check(errors, "The key cannot be issued so.")
    token = "tmk_" + secrets.token_urlsafe(32)
    row: dict[str, Any] = {
        "id": new_id("key"),
        "organisation_id": organisation_id,
        "label": label,
        "member": member,
        "scopes": kept,
        "expires_at": expires_at,
        "revoked_at": None,
        "version": 1,
        "created_at": now(),
    }
    unit.execute(insert(ApiKey), {**row, "secret_hash": secret_hash(token)})
    append(unit, Event("key.issued", row["id"], 1, _key_payload(row)))
    return {**row, "key": token}


def revoke_key(unit: Unit, key_id: str, expected: int | None = None) -> dict[str, Any]:
    """End a key at once: one of the actor's organisation, or any for whoever may manage keys. Answers its row."""
    statement = visible_keys(unit.actor).where(ApiKey.id == key_id).with_for_update()
    row = unit.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such key.")
    check_version(row["version"], expected)
    if row["revoked_at"] is not None:
        raise Conflict("This key is revoked already.", code="key-revoked")
    return _revoke(unit, row)


def _revoke(unit: Unit, row: Mapping[Any, Any]) -> dict[str, Any]:
    ended = {**row, "revoked_at": now(), "version": row["version"] + 1}
    unit.execute(
        update(ApiKey).where(ApiKey.id == row["id"]).values(revoked_at=ended["revoked_at"], version=ended["version"])
    )
    append(unit, Event("key.revoked", row["id"], ended["version"], _key_payload(ended)))
    return ended


def add_member(unit: Unit, organisation_id: str, name: str) -> dict[str, Any]:
    """Take a person on as a member of an organisation; the journal keeps the name erasable."""
    check(check_name(name, maximum=100))
    row: dict[str, Any] = {
        "id": new_id("mem"),
        "organisation_id": organisation_id,
        "name": name,
        "ended_at": None,
        "version": 1,
        "created_at": now(),
    }
    unit.execute(insert(Member), row)
    append(unit, Event("member.added", row["id"], 1, _member_payload(row), {"name": name}))
    return row


def add_own_member(unit: Unit, name: str) -> dict[str, Any]:
    """A new member of the actor's organisation; only by a key that names no member."""
    return add_member(unit, _governing(unit), name)


def end_member(unit: Unit, member_id: str, expected: int | None) -> dict[str, Any]:
    """A member leaves: every key that names them is revoked, what they did stays theirs."""
    row = member_of(unit, _governing(unit), member_id, lock=True)
    if row is None:
        raise NotFound("There is no such member.")
    check_version(row["version"], expected)
    if row["ended_at"] is not None:
        raise Conflict("This member has left already.", code="member-ended")
    ended = {**row, "ended_at": now(), "version": row["version"] + 1}
    unit.execute(
        update(Member).where(Member.id == member_id).values(ended_at=ended["ended_at"], version=ended["version"])
    )
    append(unit, Event("member.ended", member_id, ended["version"], _member_payload(ended)))
    columns = [column for column in ApiKey.__table__.columns if column.name != "secret_hash"]
    keys = select(*columns).where(ApiKey.member == member_id, ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)
    for key in unit.execute(keys.with_for_update()).mappings().all():
        _revoke(unit, key)
    return ended


def _governing(unit: Unit) -> str:
    """The actor's organisation, if its key is the organisation's own and not a member's."""
    assert unit.actor.organisation is not None
    if unit.actor.member is not None:
        raise Forbidden("Members are managed by a key that names none of them.", code="member-key")
    return unit.actor.organisation


def _member_payload(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "organisation": row["organisation_id"],
        "ended": row["ended_at"] is not None,
        "version": row["version"],
    }


def _key_payload(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key's full version without its hash; the label is left out, since it may name a person."""
    return {
        "id": row["id"],
        "organisation": row["organisation_id"],
        "member": row["member"],
        "scopes": row["scopes"],
        "expires_at": row["expires_at"] and instant_text(row["expires_at"]),
        "revoked": row["revoked_at"] is not None,
        "version": row["version"],
    }
