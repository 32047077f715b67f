"""Loading the shipped reference data into the store.

`load_all` may run at any time: a list whose digest is the stored one is left alone, a changed one becomes a new version with one
journal event, so that a `seq` pins every list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from market.access import SYSTEM
from market.examination.clock import recount
from market.fields.actions import renew, replace_code_list, replace_crosswalks, replace_scheme
from market.fields.model import LoadedList
from market.journal.append import Event, append
from market.places.actions import replace_places
from market.reference.files import table
from market.rules.actions import replace_calendar, replace_rules
from market.statistics.published import load_published
from market.statistics.rebuild import Tell, complete, silent
from market.statistics.targets import load_targets
from market.store.migrate import upgrade
from market.store.session import Database, Unit
from market.store.types import canonical

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Shipped:
    """One list as shipped: its rows, and how version n of it is put into the store."""

    kind: str
    name: str
    rows: Rows
    replace: Callable[[Unit, Rows, int], None]
    told: dict[str, Any] = field(default_factory=dict)
    """What its journal event says beside version and digest: all that figures of the past depend on."""

    @property
    def digest(self) -> str:
        """SHA-256 of the rows in their order, and of what is told of them."""
        return hashlib.sha256(canonical([*self.rows, *self.told.items()])).hexdigest()


def load_all(unit: Unit) -> list[str]:
    """Load every shipped list that is new or changed; answers their names."""
    stored = {
        (row.kind, row.name): row
        for row in unit.execute(select(LoadedList.kind, LoadedList.name, LoadedList.version, LoadedList.digest))
    }
    changed = []
    for shipped in shipped_lists():
        old = stored.get((shipped.kind, shipped.name))
        if old is None or old.digest != shipped.digest:
            _load(unit, shipped, 0 if old is None else old.version)
            changed.append(shipped.name)
    if changed:
        renew(unit)
    if {"rules", "calendar"} & set(changed):
        recount(unit)
    return changed


def _load(unit: Unit, shipped: Shipped, old_version: int) -> None:
    version = old_version + 1
    shipped.replace(unit, shipped.rows, version)
    facts = {"version": version, "digest": shipped.digest, "size": len(shipped.rows)}
    if version == 1:
        unit.execute(insert(LoadedList), {"kind": shipped.kind, "name": shipped.name, **facts})
    else:
        this = (LoadedList.kind == shipped.kind) & (LoadedList.name == shipped.name)
        unit.execute(update(LoadedList).where(this).values(**facts))
    payload = {"kind": shipped.kind, "name": shipped.name, **facts, **shipped.told}
    append(unit, Event("reference.loaded", f"reference:{shipped.kind}:{shipped.name}", version, payload))


def shipped_lists() -> Iterator[Shipped]:
    """Every shipped list."""
    yield Shipped("places", "places", [_years(row) for row in table("places")], _replace_places)
    for scheme in table("schemes"):
        yield Shipped("fields", str(scheme["scheme"]), _scheme_rows(scheme), _replace_scheme)
    links = list(table("crosswalks"))
    told = {"links": [[link["from_tag"], link["to_tag"], link["relation"]] for link in links]}
    yield Shipped("crosswalks", "crosswalks", links, replace_crosswalks, told)
    lists: dict[str, Rows] = {}
    for row in table("code_lists"):
        lists.setdefault(str(row.pop("list")), []).append(row)
    lists["industry"] = [
        {name: row[name] for name in ("code", "parent", "name_zh", "name_en", "source")} for row in table("industries")
    ]
    for name, rows in lists.items():
        yield Shipped("code_list", name, rows, _code_list_replacer(name))
    yield Shipped("rules", "rules", [*table("rules"), *_grounds(lists)], _replace_rules)
    yield Shipped("calendar", "calendar", _calendar_rows(), _replace_calendar)
    yield Shipped("figures", "published_figures", list(table("published_figures")), _replace_figures)
    yield Shipped("targets", "policy_targets", list(table("policy_targets")), _replace_targets)


def _years(row: dict[str, Any]) -> dict[str, Any]:
    last = row["last_year"]
    return {**row, "first_year": int(row["first_year"] or 0), "last_year": None if last is None else int(last)}


def _replace_places(unit: Unit, rows: Rows, _version: int) -> None:
    replace_places(unit, rows)


def _scheme_rows(scheme: dict[str, Any]) -> Rows:
    """The scheme itself, then its fields, then its aliases: what changes any of them is a new version of the scheme."""
    name = scheme["scheme"]
    fields = [row for row in table("fields") if row["scheme"] == name]
    aliases = [row for row in table("field_aliases") if row["scheme"] == name]
    return [scheme, *fields, *aliases]


def _replace_scheme(unit: Unit, rows: Rows, _version: int) -> None:
    scheme, *others = rows
    name = scheme["scheme"]
    fields = [
        {**row, "tag": f"{name}:{row['code']}", "parent": row["parent"] and f"{name}:{row['parent']}"}
        for row in others
        if "alias" not in row
    ]
    aliases = [
        {"alias": f"{name}:{row['alias']}", "tag": f"{name}:{row['code']}", "scheme": name}
        for row in others
        if "alias" in row
    ]
    replace_scheme(unit, scheme, fields, aliases)


_REASONS = ("return_reason", "refusal_reason", "rejection_reason", "cancellation_reason", "revocation_reason")


def _grounds(lists: dict[str, Rows]) -> Rows:
    """The coded reasons of return, refusal, rejection, cancellation and revocation, as the rules that they are."""
    return [
        {**row, "code": f"{name}.{row['code']}", "kind": "ground", "value": row["code"], "unit": name}
        for name in _REASONS
        for row in lists[name]
    ]


def _calendar_rows() -> Rows:
    """Every year the library knows whole, and each of their days that it names (a holiday, or a workday at a weekend)."""
    from chinese_calendar import Holiday, __version__
    from chinese_calendar.constants import holidays, workdays

    names = {holiday.value: holiday.chinese for holiday in Holiday}
    rows: Rows = [
        {"day": day.isoformat(), "kind": kind, "name_zh": names[name], "name_en": name}
        for kind, days in (("holiday", holidays), ("workday", workdays))
        for day, name in sorted(days.items())
    ]
    source = f"国务院办公厅节假日安排, PyPI chinese-calendar {__version__}"
    return rows + [{"year": year, "source": source} for year in sorted({day.year for day in holidays})]


def _replace_rules(unit: Unit, rows: Rows, _version: int) -> None:
    replace_rules(unit, rows)


def _replace_calendar(unit: Unit, rows: Rows, _version: int) -> None:
    replace_calendar(unit, rows)


def _replace_figures(unit: Unit, rows: Rows, _version: int) -> None:
    load_published(unit, rows)


def _replace_targets(unit: Unit, rows: Rows, _version: int) -> None:
    load_targets(unit, rows)


def _code_list_replacer(name: str) -> Callable[[Unit, Rows, int], None]:
    def replace(unit: Unit, rows: Rows, _version: int) -> None:
        replace_code_list(unit, name, [_code(row) for row in rows])

    return replace


def _code(row: dict[str, Any]) -> dict[str, Any]:
    start, end = row.get("valid_from"), row.get("valid_to")
    return {
        "name_en": None,
        "status": "official",
        **row,
        "valid_from": start and date.fromisoformat(start),
        "valid_to": end and date.fromisoformat(end),
    }


def bring_up_to_date(database: Database, tell: Tell = silent) -> None:
    """Bring an existing market to the newest schema, reference data and cuboids; one not set up yet to the schema only."""
    upgrade(database)
    if database.is_set_up():
        database.write(SYSTEM, load_all, channel="cli")
        complete(database, tell)
