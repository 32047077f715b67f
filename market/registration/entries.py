"""One entry of the register in the making: content is judged, becomes a row, and is told to journal and ledger.

`actions` composes these; nothing here decides who may act, and nothing writes the register itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from market.contracts.fingerprint import fingerprint
from market.contracts.model import Contract
from market.contracts.queries import FACTS, visible_to
from market.contracts.rules import COLUMNS, SIDES, Grounds, check_together, check_whole, facts_of, gather
from market.errors import Conflict, FieldError
from market.examination.checks import dressed_up
from market.examination.content import PERSONAL_NATURES
from market.examination.territory import outside_region, outside_territory
from market.fields.queries import code_lists
from market.journal.append import Event, append
from market.organisations.parties import check_name
from market.places.queries import tree
from market.statistics.ledger import Line, post
from market.store.session import Unit
from market.store.types import new_id, now, today

OUTSIDE_NUMBER = r"^[0-9]{14}([0-9]{2})?$"
"""Numbers of other offices: 16 digits, 14 until the longer year came."""
_OBJECTS = (*SIDES, "outside")


@dataclass(frozen=True)
class Standing:
    """Under which act, by which office (a row of organisation) and when an entry is made.

    `outside` is the registration that another office made: its number and the office's name.
    """

    act: str
    office: Mapping[Any, Any] | None
    registered_on: date
    outside: Mapping[str, Any] | None = None
    late: bool = False
    applied_on: date | None = None
    """The day of the application, on which the contract must be in force; None: that of registration."""


def draft(content: Mapping[str, Any], standing: Standing, grounds: Grounds) -> tuple[dict[str, Any], list[FieldError]]:
    """The facts of a new contract as handed in, and everything that is wrong with it and with the act."""
    whole = {**dict.fromkeys(COLUMNS), **dict.fromkeys(SIDES), **content}
    facts, wrong = facts_of(whole, grounds)
    pointer = "/registered_on"
    if standing.act == "outside":
        pointer = "/outside/registered_on"
        wrong += _wrong_number(standing.outside["number"] if standing.outside else None, grounds)
        if standing.outside and standing.outside["office"]:
            wrong += check_name(standing.outside["office"], "/outside/office")
    if not standing.late:
        wrong += dressed(facts)
    if standing.registered_on > today():
        wrong.append(_in_future(pointer))
    return facts, judge(facts, wrong, standing, grounds)


def dressed(facts: Mapping[str, Any]) -> list[FieldError]:
    """The letters in names that stand in for others, each an error."""
    message = "{} (U+{:04X}) looks like another letter; write the usual one."
    return [
        FieldError(pointer, "look-alike-character", message.format(letter, ord(letter)))
        for pointer, letter in dressed_up(facts)
    ]


def judge_parts(unit: Unit, content: Mapping[str, Any], act: str = "registered") -> list[FieldError]:
    """What is wrong with those parts of a content that passed the schema, when others did not: nothing is named as missing.

    `act` is `registered` or `outside`.
    """
    parts = {name: content[name] for name in content if name not in _OBJECTS or isinstance(content[name], Mapping)}
    grounds = gather(unit, [parts])
    facts, wrong = facts_of(parts, grounds)
    wrong = [error for error in wrong if error.code != "required"]
    outside = parts.get("outside", {})
    if outside.get("number") is not None:
        wrong += _wrong_number(outside["number"], grounds)
    day = outside.get("registered_on") or today()
    if day > today():
        wrong.append(_in_future("/outside/registered_on"))
    return _beside(wrong, check_together(facts, code_lists(unit), day, in_force=act == "registered"))


def _in_future(pointer: str) -> FieldError:
    return FieldError(pointer, "in-future", "A registration cannot lie in the future.")


def _wrong_number(number: str | None, grounds: Grounds) -> list[FieldError]:
    if number is None or not re.fullmatch(OUTSIDE_NUMBER, number):
        return [FieldError("/outside/number", "bad-format", "14 or 16 digits are needed.")]
    if len(number) == 16 and number[4:10] in grounds.prefixes:
        return [FieldError("/outside/number", "our-series", "An office here gives the numbers of this series.")]
    return []


def judge(facts: Mapping[str, Any], wrong: list[FieldError], standing: Standing, grounds: Grounds) -> list[FieldError]:
    """All errors of complete facts. Fields that are `wrong` by themselves are not judged beside others as well."""
    registered = standing.act == "registered"
    day = standing.applied_on or standing.registered_on
    found = check_whole(facts, code_lists(grounds.unit), day, in_force=registered)
    if not any(_part(error) in SIDES for error in wrong):
        if registered:
            territory = standing.office["place"] if standing.office else None
            found += [] if standing.late else _own(facts, standing)
            found += outside_territory(facts, territory, tree(grounds.unit))
        else:
            found += outside_region(facts, grounds.unit.database.home_region(), tree(grounds.unit))
    return _beside(wrong, found)


def _own(facts: Mapping[str, Any], standing: Standing) -> list[FieldError]:
    office = standing.office and standing.office["id"]
    sides = [side for side in SIDES if office and facts[f"{side}_organisation"] == office]
    return [FieldError(f"/{side}", "own-office", "No office decides what it is a party to.") for side in sides]


def _beside(wrong: list[FieldError], found: list[FieldError]) -> list[FieldError]:
    parts = {_part(error) for error in wrong}
    return wrong + [error for error in found if _part(error) not in parts]


def _part(error: FieldError) -> str:
    return error.pointer.split("/")[1]


def new_row(facts: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    """The row of a new entry; a registration still lacks its number."""
    office, registered = standing.office, standing.act == "registered"
    outside_number = standing.outside["number"] if standing.outside else None
    mark, moment = fingerprint(facts), now()
    return {
        **facts,
        "id": new_id("con"),
        "number": None,
        "act": standing.act,
        "office": office["id"] if office and registered else None,
        "office_place": office["place"] if office and registered else None,
        "recorder": office["id"] if office else None,
        "outside_number": outside_number,
        "outside_office": standing.outside["office"] if standing.outside else None,
        "registered_on": standing.registered_on,
        "late": standing.late,
        "state": "registered",
        "version": 1,
        "fingerprint": mark,
        "live_fingerprint": mark,
        "live_outside_number": outside_number,
        "recorded_at": moment,
        "updated_at": moment,
    }


def clash(unit: Unit, row: Mapping[str, Any]) -> Conflict | None:
    """The refusal if another live contract is this one (重复登记), or has its outside number.

    Names the other one's number only to those who may know of it.
    """
    same = Contract.live_fingerprint == row["fingerprint"]
    if row["outside_number"] is not None:
        same = or_(same, Contract.live_outside_number == row["outside_number"])
    other = unit.execute(
        select(
            Contract.number, Contract.outside_number, Contract.fingerprint, visible_to(unit.actor).label("known")
        ).where(same, Contract.id != row["id"])
    ).first()
    if other is None:
        return None
    code = "duplicate-contract" if other.fingerprint == row["fingerprint"] else "duplicate-outside-number"
    under = f" under number {other.number or other.outside_number}" if other.known else ""
    return Conflict(f"This contract is registered already{under}.", code=code)


def tell(
    unit: Unit,
    kind: str,
    row: Mapping[str, Any],
    lines: Sequence[Line],
    *,
    reason: str | None = None,
    text: str | None = None,
    occurred_on: date | None = None,
    asked_by: str | None = None,
) -> None:
    """Put a new version into the journal, and its lines into event and ledger. `asked_by`: the party that wanted it so."""
    payload: dict[str, Any] = {name: _plain(row[name]) for name in FACTS}
    personal = {}
    for side in SIDES:
        if row[f"{side}_nature"] in PERSONAL_NATURES:
            personal[f"{side}_name"] = payload[f"{side}_name"]
            payload[f"{side}_name"] = None
    payload |= {"text": text, "ledger": list(lines)} | ({"asked_by": asked_by} if asked_by else {})
    event = Event(
        kind=f"contract.{kind}",
        subject=row["id"],
        version=row["version"],
        payload=payload,
        personal=personal or None,
        reason=reason,
        occurred_on=occurred_on,
    )
    post(unit, append(unit, event), lines)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
