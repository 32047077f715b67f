"""Fields of technology (技术领域) and every other code list: what a tag or code means and how tags hang together.

Use `catalogue(unit)` whenever a tag comes in or is compared, `code_lists(unit)` for any other code. Both stand in memory, once
per version of the reference data. A tag is `scheme:code`; an alias in place of the code leads to the same field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, or_, select

from market.errors import FieldError, Invalid, NotFound, check
from market.fields.model import AliasEntry, CodeEntry, CrosswalkEntry, FieldEntry, LoadedList, SchemeEntry
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import today

RELATIONS = ("exact", "close", "broader", "narrower", "related")
STATUSES = ("official", "unverified", "proposed")
CROSSWALK_COLUMNS = (
    CrosswalkEntry.from_tag,
    CrosswalkEntry.to_tag,
    CrosswalkEntry.relation,
    CrosswalkEntry.status,
    CrosswalkEntry.source,
    CrosswalkEntry.version,
)

_INVERSE = {"broader": "narrower", "narrower": "broader"}
_FIELD_COLUMNS = (
    FieldEntry.tag,
    FieldEntry.scheme,
    FieldEntry.code,
    FieldEntry.parent,
    FieldEntry.name_zh,
    FieldEntry.name_en,
    FieldEntry.source,
    FieldEntry.status,
)
_SCHEME_COLUMNS = (
    SchemeEntry.scheme,
    SchemeEntry.name_zh,
    SchemeEntry.name_en,
    SchemeEntry.edition,
    SchemeEntry.source,
    SchemeEntry.status,
    SchemeEntry.note,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a scheme; `parent` is a tag."""

    tag: str
    scheme: str
    code: str
    parent: str | None
    name_zh: str
    name_en: str
    source: str
    status: str

    def label(self, language: str) -> str:
        """The name in `zh` or `en`."""
        return self.name_en if language == "en" else self.name_zh

    def facts(self, language: str) -> dict[str, Any]:
        """All of it, with the label as `name`."""
        return {**asdict(self), "name": self.label(language)}


@dataclass(frozen=True, slots=True)
class Link:
    """A cross-walk as seen from one of its ends: `tag` is a `relation` match of that end."""

    tag: str
    relation: str
    status: str
    source: str


class Fields:
    """All schemes with their fields, aliases and cross-walks. Wherever a tag is asked for, an alias will do."""

    def __init__(self, fields: Iterable[Field], aliases: dict[str, str], crosswalks: Iterable[RowMapping]) -> None:
        self._fields = {field.tag: field for field in fields}
        self._schemes = {field.scheme for field in self._fields.values()}
        self._aliases = aliases
        self._children: dict[str, list[Field]] = {}
        for field in self._fields.values():
            if field.parent:
                self._children.setdefault(field.parent, []).append(field)
        self._lineages = {tag: tuple(self._climb(tag)) for tag in self._fields}
        self._links: dict[str, list[Link]] = {}
        for row in crosswalks:
            start, end, relation = self.find(row["from_tag"]), self.find(row["to_tag"]), row["relation"]
            if start and end:
                self._links.setdefault(start.tag, []).append(Link(end.tag, relation, row["status"], row["source"]))
                inverse = _INVERSE.get(relation, relation)
                self._links.setdefault(end.tag, []).append(Link(start.tag, inverse, row["status"], row["source"]))

    def _climb(self, tag: str | None) -> Iterable[str]:
        while tag is not None:
            yield tag
            tag = self._fields[tag].parent

    def find(self, tag: str) -> Field | None:
        """The field of a tag or alias."""
        return self._fields.get(tag) or self._fields.get(self._aliases.get(tag, ""))

    def has_scheme(self, scheme: str) -> bool:
        """Has any field this scheme?"""
        return scheme in self._schemes

    def lineage(self, tag: str) -> tuple[str, ...]:
        """The tag itself, its parent, … up to the top of its scheme; empty for an unknown tag."""
        field = self.find(tag)
        return self._lineages[field.tag] if field else ()

    def children(self, tag: str) -> list[Field]:
        """The fields right below, by tag."""
        field = self.find(tag)
        return self._children.get(field.tag, []) if field else []

    def aliases(self, tag: str) -> list[str]:
        """The aliases of a field, without their scheme."""
        return sorted(alias.partition(":")[2] for alias, meant in self._aliases.items() if meant == tag)

    def without_ancestors(self, tags: Iterable[str]) -> list[str]:
        """Known tags in their order: aliases resolved, each once, an ancestor beside its descendant dropped."""
        found = dict.fromkeys(field.tag for tag in tags if (field := self.find(tag)))
        above = {ancestor for tag in found for ancestor in self.lineage(tag)[1:]}
        return [tag for tag in found if tag not in above]

    def links(self, tag: str) -> list[Link]:
        """The cross-walks of a field, seen from it."""
        field = self.find(tag)
        return self._links.get(field.tag, []) if field else []

    def related(self, tag: str) -> list[tuple[str, str]]:
        """(other tag, relation) of every cross-walk of a field, seen from it."""
        return [(link.tag, link.relation) for link in self.links(tag)]

    def portrait(self, tag: str, language: str) -> dict[str, Any]:
        """A field with its ancestors, children, cross-walks and aliases; NotFound when there is none."""
        field = self.find(tag)
        if field is None:
            raise NotFound("There is no such field.")
        links = [{**asdict(link), "name": self._fields[link.tag].label(language)} for link in self.links(field.tag)]
        return {
            **field.facts(language),
            "ancestors": [self._fields[above].facts(language) for above in self.lineage(field.tag)[1:]],
            "children": [child.facts(language) for child in self.children(field.tag)],
            "crosswalks": links,
            "aliases": self.aliases(field.tag),
        }


def catalogue(unit: Unit) -> Fields:
    """All schemes with their fields, aliases and cross-walks."""
    return unit.reference("fields", _load_fields)


def _load_fields(connection: Connection) -> Fields:
    fields = connection.execute(select(*_FIELD_COLUMNS).order_by(FieldEntry.tag)).all()
    aliases = connection.execute(select(AliasEntry.alias, AliasEntry.tag)).all()
    links = connection.execute(
        select(*CROSSWALK_COLUMNS)
        .where(CrosswalkEntry.removed.is_(False))
        .order_by(CrosswalkEntry.from_tag, CrosswalkEntry.to_tag)
    ).mappings()
    return Fields((Field(*row) for row in fields), {row.alias: row.tag for row in aliases}, links)


@dataclass(frozen=True, slots=True)
class CodeItem:
    """A code of a list; `parent` is a code of the same list."""

    code: str
    parent: str | None
    name_zh: str
    name_en: str | None
    valid_from: date | None
    valid_to: date | None
    source: str
    status: str

    def label(self, language: str) -> str:
        """The name in `zh` or `en`; Chinese where there is no English one."""
        return self.name_en if language == "en" and self.name_en else self.name_zh

    def facts(self, language: str) -> dict[str, Any]:
        """All of it, with the label as `name`."""
        return {**asdict(self), "name": self.label(language)}


@dataclass(frozen=True, slots=True)
class CodeList:
    """A whole list in its own order, with its version and the digest of its rows."""

    name: str
    version: int
    digest: str
    codes: dict[str, CodeItem]

    def portrait(self, language: str) -> dict[str, Any]:
        """The list and its codes, with labels in `zh` or `en`."""
        items = [item.facts(language) for item in self.codes.values()]
        return {"name": self.name, "version": self.version, "digest": self.digest, "size": len(items), "items": items}


class CodeLists:
    """Every code list but the schemes of fields."""

    def __init__(self, lists: Iterable[CodeList]) -> None:
        self._lists = {each.name: each for each in lists}

    def whole(self, name: str) -> CodeList:
        """A whole list; NotFound when there is none of this name."""
        found = self._lists.get(name)
        if found is None:
            raise NotFound("There is no such code list.")
        return found

    def has(self, name: str, code: str) -> bool:
        """May the code be used today?"""
        item = self._item(name, code)
        day = today()
        return item is not None and (item.valid_from or day) <= day <= (item.valid_to or day)

    def label(self, name: str, code: str, language: str) -> str:
        """The name of a code in `zh` or `en`; the code itself when it is unknown."""
        item = self._item(name, code)
        return code if item is None else item.label(language)

    def items(self, name: str) -> list[CodeItem]:
        """The codes of a list in its order."""
        found = self._lists.get(name)
        return [] if found is None else list(found.codes.values())

    def parent(self, name: str, code: str) -> str | None:
        """The code right above."""
        item = self._item(name, code)
        return None if item is None else item.parent

    def main(self, name: str, code: str) -> str:
        """The top ancestor of a code, or the code itself."""
        while (above := self.parent(name, code)) is not None:
            code = above
        return code

    def _item(self, name: str, code: str) -> CodeItem | None:
        found = self._lists.get(name)
        return None if found is None else found.codes.get(code)


def code_lists(unit: Unit) -> CodeLists:
    """Every code list but the schemes of fields."""
    return unit.reference("code_lists", _load_code_lists)


def _load_code_lists(connection: Connection) -> CodeLists:
    codes: dict[str, dict[str, CodeItem]] = {}
    rows = connection.execute(
        select(
            CodeEntry.list,
            CodeEntry.code,
            CodeEntry.parent,
            CodeEntry.name_zh,
            CodeEntry.name_en,
            CodeEntry.valid_from,
            CodeEntry.valid_to,
            CodeEntry.source,
            CodeEntry.status,
        ).order_by(CodeEntry.list, CodeEntry.position)
    )
    for row in rows:
        codes.setdefault(row.list, {})[row.code] = CodeItem(*row[1:])
    lists = connection.execute(
        select(LoadedList.name, LoadedList.version, LoadedList.digest).where(LoadedList.kind == "code_list")
    )
    return CodeLists(CodeList(row.name, row.version, row.digest, codes.get(row.name, {})) for row in lists)


def page_of_schemes(unit: Unit, *, cursor: str | None, limit: int) -> Page:
    """The schemes by name."""
    sort = Sort((SchemeEntry.scheme,), ("scheme",))
    page = fetch_page(unit, select(*_SCHEME_COLUMNS), sort, ["schemes"], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def page_of_fields(unit: Unit, *, scheme: str | None, parent: str | None, cursor: str | None, limit: int) -> Page:
    """Fields by tag: of a scheme, right below a parent (a tag or alias)."""
    fields = catalogue(unit)
    above = None if parent is None else fields.find(parent)
    errors = []
    if scheme is not None and not fields.has_scheme(scheme):
        errors.append(FieldError("/scheme", "unknown-value", "There is no such scheme."))
    if parent is not None and above is None:
        errors.append(FieldError("/parent", "unknown-value", "There is no such field."))
    check(errors, "The request has wrong fields.")
    statement: Select[*tuple[Any, ...]] = select(*_FIELD_COLUMNS)
    if scheme is not None:
        statement = statement.where(FieldEntry.scheme == scheme)
    if above is not None:
        statement = statement.where(FieldEntry.parent == above.tag)
    page = fetch_page(unit, statement, Sort((FieldEntry.tag,), ("tag",)), ["fields", scheme, parent], cursor, limit)
    return Page([Field(*row) for row in page.rows], page.next)


def page_of_code_lists(unit: Unit, *, cursor: str | None, limit: int) -> Page:
    """The code lists by name."""
    statement = select(LoadedList.name, LoadedList.version, LoadedList.digest, LoadedList.size)
    statement = statement.where(LoadedList.kind == "code_list")
    page = fetch_page(unit, statement, Sort((LoadedList.name,), ("name",)), ["code-lists"], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def page_of_crosswalks(unit: Unit, *, tag: str | None, cursor: str | None, limit: int) -> Page:
    """Cross-walks by their two tags: all, or those of one field (a tag or alias)."""
    field = None if tag is None else catalogue(unit).find(tag)
    if tag is not None and field is None:
        raise Invalid.field("/tag", "unknown-value", "There is no such field.")
    statement: Select[*tuple[Any, ...]] = select(*CROSSWALK_COLUMNS).where(CrosswalkEntry.removed.is_(False))
    if field is not None:
        statement = statement.where(or_(CrosswalkEntry.from_tag == field.tag, CrosswalkEntry.to_tag == field.tag))
    sort = Sort((CrosswalkEntry.from_tag, CrosswalkEntry.to_tag), ("from_tag", "to_tag"))
    page = fetch_page(unit, statement, sort, ["crosswalks", tag], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def crosswalk(unit: Unit, from_tag: str, to_tag: str) -> RowMapping:
    """One cross-walk; NotFound when there is none (any more)."""
    this = (CrosswalkEntry.from_tag == from_tag) & (CrosswalkEntry.to_tag == to_tag)
    row = unit.execute(select(*CROSSWALK_COLUMNS).where(this, CrosswalkEntry.removed.is_(False))).mappings().first()
    if row is None:
        raise NotFound("There is no such cross-walk.")
    return row
