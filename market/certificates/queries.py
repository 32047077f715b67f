"""Certificates (技术合同认定登记证明) as asked for: the page of a version, what holds of a printed one now, and the public keys.

A certificate is no record: it follows from a version of a registered contract in the journal, so it can never disagree with the
register, and number and certificate come to be in one commit. Whoever may see the contract prints it; whoever holds the paper may
ask for its state with the token on it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, select
from sqlalchemy.orm import aliased

from market.certificates.actions import signer
from market.certificates.face import face
from market.certificates.model import CertificateKey
from market.certificates.paper import draw
from market.certificates.text import digest, in_letters, sign, token
from market.contracts.model import Contract
from market.contracts.queries import by_number, one
from market.errors import Conflict, NotFound
from market.fields.queries import code_lists
from market.journal.model import JournalEntry, JournalPersonal
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import instant_text, yuan

_TOKEN = re.compile(r"([1-9][0-9]{0,8})-[A-Za-z0-9_-]{22}")
_NEWEST_FIRST = Sort((CertificateKey.serial,), ("serial",), descending=True)


def certificate(unit: Unit, number: str, version: int | None, password: str) -> bytes:
    """The PDF of a contract's version (None: the present one), for those who may see the contract.

    An ended registration has no certificate. A version changed since is marked as superseded.
    """
    contract = one(unit, by_number(number))
    if contract["state"] != "registered":
        raise Conflict(f"The registration is {contract['state']}: it has no certificate.", code="contract-ended")
    wanted = {"contract": contract["id"], "office": contract["office"], "version": version}
    event = unit.execute(_version(), wanted).mappings().first()
    if event is None:
        raise NotFound("There is no such version.")
    marks = ["演示 SAMPLE"] if unit.database.is_demo() else []
    if event["subject_version"] != event["newest"]:
        marks.append("已变更 SUPERSEDED")
    return _page(unit, event, marks, password)


def _page(unit: Unit, event: Mapping[Any, Any], marks: list[str], password: str) -> bytes:
    facts = orjson.loads(event["payload"]) | orjson.loads(event["personal"] or "{}")
    asked_by = token(unit.database.cursor_key(), facts["number"], facts["version"])
    said = face(facts, event, _name(event["office_then"]), asked_by, code_lists(unit))
    amounts = [yuan(facts["total_fen"]), yuan(facts["tech_fen"])]
    parts = [facts["number"], str(facts["version"]), *amounts, facts["registered_on"], said["office"]]
    return draw(said, sign([*parts, digest(said), asked_by], *signer(unit, password)), marks)


def look_up(unit: Unit, number: str, asked_by: str) -> dict[str, Any]:
    """What holds now of a printed certificate, for whoever has its token. Names of natural persons are left out.

    A wrong token leads to the same one statement, which then asks for a number nobody has: its time says nothing.
    """
    found = _TOKEN.fullmatch(asked_by)
    version = int(found[1]) if found else 0
    right = token(unit.database.cursor_key(), number, version)
    genuine = secrets.compare_digest(right.encode(), asked_by.encode(errors="replace"))
    row = unit.execute(_printed(), {"number": number if genuine else "", "version": version}).mappings().first()
    if row is None:
        raise NotFound("There is no such certificate.")
    facts = orjson.loads(row["payload"])
    state = "valid" if version == row["newest"] else "changed"
    return {
        **{name: facts[name] for name in _SHOWN},
        "state": state if row["state"] == "registered" else row["state"],
        "current_version": row["newest"],
        "registered_on": date.fromisoformat(facts["registered_on"]),
        "seller": facts["seller_name"],
        "buyer": facts["buyer_name"],
        "office": _name(row["office_then"]),
    }


def _name(event: str) -> str:
    """The name that an event of an organisation gave it."""
    return str(orjson.loads(event)["name"])


_SHOWN = ("number", "version", "project_name", "contract_type", "late", "total_fen", "tech_fen")


def page_of_keys(unit: Unit, cursor: str | None, limit: int) -> Page:
    """The public halves of all signing keys, the newest first."""
    page = fetch_page(unit, _public_keys(), _NEWEST_FIRST, ["certificate_keys"], cursor, limit)
    return Page([_key(row._mapping) for row in page.rows], page.next)


def published_keys(unit: Unit) -> dict[str, Any]:
    """All of them at once, in the shape of the wire."""
    rows = unit.execute(_public_keys().order_by(CertificateKey.serial.desc())).mappings()
    return {"items": [_wire(_key(row)) for row in rows], "next": None}


def _wire(key: Mapping[str, Any]) -> dict[str, Any]:
    moments = ("created_at", "retired_at", "compromised_at")
    told = {name: key[name] for name in ("id", "algorithm", "public_key", "state")}
    return told | {name: None if key[name] is None else instant_text(key[name]) for name in moments}


def _key(row: Mapping[Any, Any]) -> dict[str, Any]:
    state = "active" if row["retired_at"] is None else "retired"
    return {
        **row,
        "public_key": in_letters(row["public_key"]),
        "algorithm": "Ed25519",
        "state": state if row["compromised_at"] is None else "compromised",
    }


def _content_of(contract: Any, entry: type[JournalEntry]) -> ColumnElement[bool]:
    """The events whose payload is a version one can print."""
    return and_(entry.subject == contract, entry.kind.in_(("contract.registered", "contract.changed")))


def _newest(contract: Any) -> ScalarSelect[int]:
    entry = aliased(JournalEntry)
    return select(func.max(entry.subject_version)).where(_content_of(contract, entry)).scalar_subquery()


def _office_then(contract: Any, office: Any) -> ScalarSelect[str]:
    """What the journal said of the office when it registered the contract, which may have another name today."""
    then, registered = aliased(JournalEntry), aliased(JournalEntry)
    return (
        select(then.payload)
        .join(registered, then.seq < registered.seq)
        .where(registered.subject == contract, registered.kind == "contract.registered")
        .where(then.subject == office, then.kind.like("organisation.%"))
        .order_by(then.seq.desc())
        .limit(1)
        .scalar_subquery()
    )


@cache
def _version() -> Select[*tuple[Any, ...]]:
    contract = bindparam("contract", type_=Contract.id.type)
    newest = _newest(contract)
    wanted = func.coalesce(bindparam("version", type_=JournalEntry.subject_version.type), newest)
    columns = (JournalEntry.kind, JournalEntry.reason, JournalEntry.occurred_on, JournalEntry.subject_version)
    return (
        select(*columns, JournalEntry.payload, JournalPersonal.payload.label("personal"), newest.label("newest"))
        .add_columns(_office_then(contract, bindparam("office", type_=Contract.office.type)).label("office_then"))
        .outerjoin(JournalPersonal, JournalPersonal.seq == JournalEntry.seq)
        .where(_content_of(contract, JournalEntry), JournalEntry.subject_version == wanted)
    )


@cache
def _printed() -> Select[*tuple[Any, ...]]:
    newest = _newest(Contract.id)
    return (
        select(Contract.state, newest.label("newest"), JournalEntry.payload)
        .add_columns(_office_then(Contract.id, Contract.office).label("office_then"))
        .select_from(Contract)
        .join(JournalEntry, _content_of(Contract.id, JournalEntry))
        .where(Contract.number == bindparam("number"), JournalEntry.subject_version == bindparam("version"))
    )


@cache
def _public_keys() -> Select[*tuple[Any, ...]]:
    return select(
        CertificateKey.serial,
        CertificateKey.id,
        CertificateKey.public_key,
        CertificateKey.created_at,
        CertificateKey.retired_at,
        CertificateKey.compromised_at,
    )
