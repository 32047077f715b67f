"""Questions about dealings (对接), each starting from what the asker may see (`visible_to`), each answer leaving through `shown`.

Both sides see a dealing, and the broker in charge as the side it serves; nobody else knows of it. Of a side that hides itself the
other one sees what the rules `dealing.disclosure.<stage>` let it see, and its name only once it has opened it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, exists, false, or_, select

from market.access import Actor
from market.dealings.model import Broker, Brokerage, Dealing, DealingStep, Disclosure, Profile
from market.dealings.stages import (
    INTEREST,
    INTRODUCTION,
    NDA,
    OPEN,
    OTHER,
    OWNER,
    PASSED,
    SEEKER,
    SIDES,
    in_state,
    legal_steps,
    state_of,
)
from market.errors import NotFound
from market.files.model import StoredFile
from market.files.queries import TOLD
from market.files.queries import find as stored
from market.listings.queries import league_or_above
from market.organisations.model import Member
from market.organisations.queries import by_ids
from market.places.queries import tree
from market.rules.calendar import due_by_rule
from market.rules.queries import rules
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import today

OPENED = ("name", "place", "nature", "credit_code", "contact")
"""Fields that are opened, beside files."""
PROFILE = ("kind", "league", "size_class")
"""Fields that are simply shown."""

_NEWEST = Sort((Dealing.id,), ("id",), descending=True)


@dataclass(frozen=True)
class Part:
    """Which side an actor is on, and whether as its broker."""

    side: str
    broker: bool


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The dealings the actor may know of."""
    me = actor.organisation
    if me is None:
        return false()
    served = exists().where(
        Brokerage.dealing_id == Dealing.id, Brokerage.organisation_id == me, Brokerage.until.is_(None)
    )
    return or_(Dealing.owner == me, Dealing.seeker == me, served)


def known(unit: Unit, dealing_id: str, *, lock: bool = False) -> tuple[dict[str, Any], Part]:
    """A dealing and the actor's part in it; NotFound when the actor may not know of it."""
    statement = select(Dealing.__table__).where(Dealing.id == dealing_id, visible_to(unit.actor))
    row = unit.execute(statement.with_for_update(of=Dealing) if lock else statement).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such dealing.")
    return dict(row), _part(unit.actor, row, brokers_of(unit, [dealing_id]))


def _part(actor: Actor, row: Mapping[Any, Any], brokers: Iterable[Mapping[Any, Any]]) -> Part:
    for side in SIDES:
        if row[side] == actor.organisation:
            return Part(side, broker=False)
    served = (each for each in brokers if each["dealing_id"] == row["id"] and each["until"] is None)
    return Part(next(each["side"] for each in served if each["organisation_id"] == actor.organisation), broker=True)


def brokers_of(unit: Unit, dealing_ids: Sequence[str]) -> Sequence[RowMapping]:
    """Who served which side of these dealings as a broker, in order."""
    statement = (
        select(Brokerage.__table__, Member.name.label("name"))
        .join(Broker, Broker.id == Brokerage.broker_id)
        .join(Member, Member.id == Broker.member_id)
        .where(Brokerage.dealing_id.in_(dealing_ids))
        .order_by(Brokerage.dealing_id, Brokerage.since)
    )
    return unit.execute(statement).mappings().all()


def disclosed_at(unit: Unit, stage: str) -> list[str]:
    """The fields that one side may see of the other at a stage: those of the rules of this stage and all before."""
    reached = OPEN[: OPEN.index(stage) + 1] if stage in OPEN else OPEN
    found = (rules(unit).find(f"dealing.disclosure.{each}", today()) for each in reached)
    return [field for rule in found if rule is not None for field in rule.words]


def _reached(row: Mapping[Any, Any]) -> str:
    """The last stage whose fields are disclosed; of talks that ended no more than is sure to have been reached."""
    if row["stage"] != PASSED:
        return str(row["stage"])
    return INTEREST if row["introduced_at"] is None else INTRODUCTION if row["nda"] is None else NDA


def one(unit: Unit, dealing_id: str) -> dict[str, Any]:
    """One dealing whole, as the actor may see it."""
    row, _ = known(unit, dealing_id)
    return shown(unit, [row])[0]


def page_of_dealings(
    unit: Unit, *, state: str | None, side: str | None, listing: str | None, cursor: str | None, limit: int
) -> Page:
    """The actor's dealings, newest first; `side`: those in which it is the owner, the seeker, or a broker."""
    me, day = unit.actor.organisation, today()
    statement = select(Dealing.__table__).where(visible_to(unit.actor))
    if state is not None:
        statement = statement.where(in_state(state)).params(today=day)
    if side in SIDES:
        statement = statement.where((Dealing.owner if side == OWNER else Dealing.seeker) == me)
    elif side is not None:
        statement = statement.where(Dealing.owner != me, Dealing.seeker != me)
    if listing is not None:
        statement = statement.where(or_(Dealing.listing_id == listing, Dealing.from_listing == listing))
    page = fetch_page(unit, statement, _NEWEST, ["dealings", me, state, side, listing], cursor, limit)
    return Page(shown(unit, [row._mapping for row in page.rows]), page.next)


def shown(unit: Unit, rows: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Dealings in the shape of the wire, as far as the actor may see them."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    organisations = {row[side] for row in rows for side in SIDES}
    brokers = brokers_of(unit, ids)
    members = by_ids(unit, {*organisations, *(each["organisation_id"] for each in brokers)})
    size = select(Profile.organisation_id, Profile.size_class).where(Profile.organisation_id.in_(sorted(organisations)))
    sizes: dict[str, str | None] = {row.organisation_id: row.size_class for row in unit.execute(size)}
    opened = names_opened(unit, ids)
    told, places, day = [], tree(unit), today()
    for row in rows:
        part = _part(unit.actor, row, brokers)
        fields = disclosed_at(unit, _reached(row))
        view = {name: row[name] for name in _PLAIN}
        view["state"] = state_of(row, day)
        view["side"], view["as_broker"] = part.side, part.broker
        view["listing"] = {name: row[f"listing_{name}"] for name in ("id", "kind", "version", "title")}
        view["from_listing"] = row["from_listing"] and {
            "id": row["from_listing"],
            "kind": "demand" if row["listing_kind"] == "achievement" else "achievement",
            "version": row["from_version"],
            "title": row["from_title"],
        }
        unnamed = set()
        for side in SIDES:
            member = members[row[side]]
            own = side == part.side
            profile = {
                "kind": member["role"],
                "league": league_or_above(places, member["place"]),
                "size_class": sizes.get(row[side]),
            }
            named = own or not row[f"{side}_hidden"] or row["id"] in opened
            view[side] = {name: value if own or name in fields else None for name, value in profile.items()}
            view[side]["organisation"] = {"id": row[side], "name": member["name"]} if named else None
            unnamed |= set() if named else {row[side]}
        proposal = row["proposal"]
        view["proposal"] = proposal and {**proposal, "proposed_by": row["proposed_by"]}
        view["match"] = row["match"] if part.side == SEEKER or "place" in fields or not row["seeker_hidden"] else None
        view["clock"] = row["due_on"] and _clock(unit, row)
        view["brokers"] = [
            {
                "broker": each["broker_id"],
                "side": each["side"],
                "name": each["name"],
                "organisation": {"id": each["organisation_id"], "name": members[each["organisation_id"]]["name"]},
                "since": each["since"],
                "until": each["until"],
            }
            for each in brokers
            if each["dealing_id"] == row["id"] and each["organisation_id"] not in unnamed
        ]
        view["legal_steps"] = legal_steps(row, part.side, broker=part.broker, day=day)
        view["disclosed"] = fields if view["state"] in (*OPEN, "agreed") else []
        told.append(view)
    return told


def names_opened(unit: Unit, dealing_ids: Sequence[str]) -> set[str]:
    """Those of these dealings in which the actor has opened the other side's name."""
    opened = (Disclosure.viewer == unit.actor.organisation, Disclosure.field == "name")
    statement = select(Disclosure.dealing_id).where(Disclosure.dealing_id.in_(dealing_ids), *opened)
    return set(unit.execute(statement.distinct()).scalars())


_PLAIN = (
    "id",
    "answers",
    "nda",
    "outcome",
    "reason",
    "version",
    "created_at",
    "introduced_at",
    "agreed_at",
    "updated_at",
)


def _clock(unit: Unit, row: Mapping[Any, Any]) -> dict[str, Any]:
    explained = due_by_rule(unit, row["clock_rule"], row["clock_from"]).explained()
    return {
        "awaits": row["awaits"],
        "rule": row["clock_rule"],
        "started_on": row["clock_from"],
        "due_on": row["due_on"],
        "provisional": row["provisional"],
        "explanation_zh": explained["zh"],
        "explanation_en": explained["en"],
    }


def history(unit: Unit, dealing_id: str, *, cursor: str | None, limit: int) -> Page:
    """The steps of a dealing in order; of the persons who made them each side sees its own."""
    _, part = known(unit, dealing_id)
    statement = select(DealingStep.__table__).where(DealingStep.dealing_id == dealing_id)
    page = fetch_page(unit, statement, Sort((DealingStep.version,), ("version",)), ["steps", dealing_id], cursor, limit)
    rows = [dict(row._mapping) for row in page.rows]
    return Page([{**row, "member": row["member"] if row["side"] == part.side else None} for row in rows], page.next)


def page_of_disclosures(unit: Unit, dealing_id: str, *, cursor: str | None, limit: int) -> Page:
    """Who opened what when, in which version; both sides see all of it, oldest first."""
    row, part = known(unit, dealing_id)
    statement = select(Disclosure.__table__).where(Disclosure.dealing_id == dealing_id)
    page = fetch_page(unit, statement, Sort((Disclosure.id,), ("id",)), ["disclosures", dealing_id], cursor, limit)
    named = not row[f"{other(part)}_hidden"] or bool(names_opened(unit, [dealing_id]))
    unnamed = None if named else row[other(part)]
    return Page([told(each._mapping, part, unnamed) for each in page.rows], page.next)


def told(row: Mapping[Any, Any], part: Part, unnamed: str | None = None) -> dict[str, Any]:
    """One line of the ledger of disclosures; the person who looked only to their own side, `unnamed` to nobody."""
    member = row["member"] if row["side"] == part.side else None
    return {**row, "member": member, "subject": None if row["subject"] == unnamed else row["subject"]}


def files_of(dealing_id: str, side: str) -> str:
    """Under which subject the files of a side are kept."""
    return f"{dealing_id}/{side}"


def page_of_files(unit: Unit, dealing_id: str, *, cursor: str | None, limit: int) -> Page:
    """One's own side's files, and the other's from the stage on that discloses them."""
    row, part = known(unit, dealing_id)
    subjects = [files_of(dealing_id, side) for side in _open_sides(unit, row, part)]
    statement = select(*TOLD, StoredFile.subject).where(StoredFile.subject.in_(subjects))
    page = fetch_page(unit, statement, Sort((StoredFile.id,), ("id",)), ["files", subjects], cursor, limit)
    return Page([{**each._mapping, "side": each.subject.partition("/")[2]} for each in page.rows], page.next)


def file_of(unit: Unit, dealing_id: str, file_id: str) -> RowMapping:
    """One file with its bytes: of one's own side, or of the other's once it is disclosed and its opening is on record."""
    row, part = known(unit, dealing_id)
    side = side_of_file(unit, row, part, file_id)
    if side != part.side:
        opened = select(Disclosure.id).where(
            Disclosure.dealing_id == dealing_id,
            Disclosure.viewer == unit.actor.organisation,
            Disclosure.subject == file_id,
        )
        if unit.execute(opened.limit(1)).first() is None:
            raise NotFound("There is no such file, or it is not opened: POST …/open first.", code="not-opened")
    return stored(unit, files_of(dealing_id, side), file_id)


def side_of_file(unit: Unit, row: Mapping[Any, Any], part: Part, file_id: str) -> str:
    """Whose a file is; NotFound unless the actor may know of it."""
    subjects = {files_of(row["id"], side): side for side in _open_sides(unit, row, part)}
    found = unit.execute(
        select(StoredFile.subject).where(StoredFile.id == file_id, StoredFile.subject.in_(subjects))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such file.")
    return subjects[found]


def _open_sides(unit: Unit, row: Mapping[Any, Any], part: Part) -> list[str]:
    return [part.side, *([other(part)] if is_disclosed(unit, row, "file") else [])]


def is_disclosed(unit: Unit, row: Mapping[Any, Any], field: str) -> bool:
    """May the other side see this field now? Nothing more is disclosed when talks ended without an agreement."""
    state = state_of(row, today())
    return state not in ("passed", "lapsed") and field in disclosed_at(unit, row["stage"])


def other(part: Part) -> str:
    """The side across the table."""
    return OTHER[part.side]
