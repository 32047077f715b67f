"""Loading schemes, cross-walks and code lists, and the administrator's editing of single cross-walks.

Whatever changes reference data calls `renew`, so that no process goes on with an old copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from market.errors import Conflict, FieldError, NotFound, check, check_version
from market.fields.model import AliasEntry, CodeEntry, CrosswalkEntry, FieldEntry, SchemeEntry
from market.fields.queries import CROSSWALK_COLUMNS, catalogue
from market.journal.append import Event, append
from market.store.info import ReferenceState
from market.store.session import Unit

_SHIPPED = {"edited": False, "removed": False}


def renew(unit: Unit) -> None:
    """Raise the version of the reference data; changes of it pass here one after the other."""
    unit.execute(update(ReferenceState).values(version=ReferenceState.version + 1))
    unit.version = None


def replace_scheme(
    unit: Unit, scheme: dict[str, Any], fields: Sequence[dict[str, Any]], aliases: Sequence[dict[str, Any]]
) -> None:
    """Put this scheme with all its fields and aliases in place of the stored one."""
    for table in (AliasEntry, FieldEntry, SchemeEntry):
        unit.execute(delete(table).where(table.scheme == scheme["scheme"]))
    unit.execute(insert(SchemeEntry), scheme)
    unit.execute(insert(FieldEntry), list(fields))
    if aliases:
        unit.execute(insert(AliasEntry), list(aliases))


def replace_crosswalks(unit: Unit, rows: Sequence[dict[str, Any]], version: int) -> None:
    """Put these links in place of the stored ones, except where an administrator has spoken."""
    unit.execute(delete(CrosswalkEntry).where(CrosswalkEntry.edited.is_(False)))
    kept = unit.execute(select(CrosswalkEntry.from_tag, CrosswalkEntry.to_tag)).all()
    spoken = {frozenset(pair) for pair in kept}
    fresh = [row for row in rows if frozenset((row["from_tag"], row["to_tag"])) not in spoken]
    unit.execute(insert(CrosswalkEntry), [{**row, "version": version, **_SHIPPED} for row in fresh])


def replace_code_list(unit: Unit, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Put these codes in place of the stored list."""
    unit.execute(delete(CodeEntry).where(CodeEntry.list == name))
    unit.execute(insert(CodeEntry), [{**row, "list": name, "position": n} for n, row in enumerate(rows)])


def link_fields(unit: Unit, facts: dict[str, Any]) -> dict[str, Any]:
    """Add a link: `from_tag`, `to_tag` (aliases allowed), `relation`, `status`, `source`."""
    fields = catalogue(unit)
    ends = [fields.find(facts["from_tag"]), fields.find(facts["to_tag"])]
    check(
        [
            FieldError(pointer, "unknown-field-tag", "There is no such field.")
            for pointer, end in zip(("/from", "/to"), ends, strict=True)
            if end is None
        ]
    )
    from_tag, to_tag = (end.tag for end in ends if end)
    if from_tag.split(":")[0] == to_tag.split(":")[0]:
        check([FieldError("/to", "same-scheme", "A cross-walk joins two schemes.")])
    renew(unit)
    either = or_(
        (CrosswalkEntry.from_tag == from_tag) & (CrosswalkEntry.to_tag == to_tag),
        (CrosswalkEntry.from_tag == to_tag) & (CrosswalkEntry.to_tag == from_tag),
    )
    old = unit.execute(select(*CROSSWALK_COLUMNS, CrosswalkEntry.removed).where(either)).mappings().first()
    if old is not None and not old["removed"]:
        raise Conflict("These two fields are linked already.", code="crosswalk-exists")
    # A link that was removed and is made again goes on counting its versions.
    unit.execute(delete(CrosswalkEntry).where(either))
    version = 1 if old is None else old["version"] + 1
    row = {**facts, "from_tag": from_tag, "to_tag": to_tag, "version": version, "edited": True, "removed": False}
    unit.execute(insert(CrosswalkEntry), row)
    return _recorded(unit, "crosswalk.added", from_tag, to_tag)


def change_link(unit: Unit, from_tag: str, to_tag: str, facts: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Change `relation`, `status` and `source` of a link."""
    _take(unit, from_tag, to_tag, expected, {**facts, "removed": False})
    return _recorded(unit, "crosswalk.changed", from_tag, to_tag)


def remove_link(unit: Unit, from_tag: str, to_tag: str, expected: int | None) -> dict[str, Any]:
    """Remove a link; a later load does not bring it back. Answers its last version."""
    _take(unit, from_tag, to_tag, expected, {"removed": True})
    return _recorded(unit, "crosswalk.removed", from_tag, to_tag)


def _take(unit: Unit, from_tag: str, to_tag: str, expected: int | None, values: dict[str, Any]) -> None:
    renew(unit)
    this = (CrosswalkEntry.from_tag == from_tag) & (CrosswalkEntry.to_tag == to_tag)
    version = unit.execute(
        select(CrosswalkEntry.version).where(this, CrosswalkEntry.removed.is_(False))
    ).scalar_one_or_none()
    if version is None:
        raise NotFound("There is no such cross-walk.")
    check_version(version, expected)
    unit.execute(update(CrosswalkEntry).where(this).values(**values, version=version + 1, edited=True))


def _recorded(unit: Unit, kind: str, from_tag: str, to_tag: str) -> dict[str, Any]:
    this = (CrosswalkEntry.from_tag == from_tag) & (CrosswalkEntry.to_tag == to_tag)
    row: dict[str, Any] = {**unit.execute(select(*CROSSWALK_COLUMNS).where(this)).mappings().one()}
    append(unit, Event(kind, f"crosswalk:{from_tag}={to_tag}", row["version"], row))
    return row
