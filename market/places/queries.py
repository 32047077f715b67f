"""The tree of places (行政区划) and the countries: what a code means, what lies in what.

Use `tree(unit)` whenever a place code comes in or a figure is cut by region: it stands in memory, once per version of the
reference data. A code of the past is found too; what a new record may name is asked with `present`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import pycountry
from sqlalchemy import Connection, Select, or_, select

from market.errors import Invalid, NotFound
from market.places.model import PlacePeriod
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit

LEVELS = ("province", "prefecture", "county")
HK_MO_TW = {"HK": "810000", "MO": "820000", "TW": "710000"}
"""港澳台 by country code: one bucket of the statistics, neither domestic nor abroad."""

_COLUMNS = (
    PlacePeriod.code,
    PlacePeriod.name_zh,
    PlacePeriod.name_en,
    PlacePeriod.level,
    PlacePeriod.parent,
    PlacePeriod.kind,
    PlacePeriod.first_year,
    PlacePeriod.last_year,
    PlacePeriod.successor,
    PlacePeriod.source,
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a code meant from `first_year` (None: unknown) to `last_year` (None: it still does)."""

    code: str
    name_zh: str
    name_en: str | None
    level: str
    parent: str | None
    kind: str
    first_year: int | None
    last_year: int | None
    successor: str | None
    source: str

    def label(self, language: str) -> str:
        """The name in `zh` or `en`; Chinese where no English one is known."""
        return self.name_en if language == "en" and self.name_en else self.name_zh

    def facts(self, language: str) -> dict[str, Any]:
        """All of it, with the label as `name` and the statistics' bucket."""
        bucket = "hk_mo_tw" if self.code in HK_MO_TW.values() else None
        return {**asdict(self), "name": self.label(language), "bucket": bucket}


class Places:
    """The whole tree."""

    def __init__(self, periods: Iterable[Place]) -> None:
        """`periods` come in order of code and time."""
        self._periods: dict[str, list[Place]] = {}
        for period in periods:
            self._periods.setdefault(period.code, []).append(period)
        self._latest = {code: periods[-1] for code, periods in self._periods.items()}
        self._children: dict[str, list[Place]] = {}
        for place in self._latest.values():
            if place.parent and place.last_year is None:
                self._children.setdefault(place.parent, []).append(place)
        self._lineages = {code: tuple(self._climb(code)) for code in self._latest}

    def _climb(self, code: str | None) -> Iterable[str]:
        while code is not None:
            yield code
            code = self._latest[code].parent

    def find(self, code: str) -> Place | None:
        """The latest meaning of a code, be it past or present."""
        return self._latest.get(code)

    def present(self, code: str) -> Place | None:
        """The meaning a code has today; None when it is unknown or of the past."""
        place = self._latest.get(code)
        return place if place is not None and place.last_year is None else None

    def history(self, code: str) -> list[Place]:
        """Everything a code ever meant, oldest first."""
        return self._periods.get(code, [])

    def lineage(self, code: str) -> tuple[str, ...]:
        """The code itself, its parent, … up to its province; empty for an unknown code."""
        return self._lineages.get(code, ())

    def at_level(self, code: str, level: str) -> str | None:
        """The code or ancestor of it at this level; None when it lies above that level or is unknown."""
        return next((above for above in self.lineage(code) if self._latest[above].level == level), None)

    def within(self, code: str, region: str) -> bool:
        """Is it the region or a part of it?"""
        return region in self.lineage(code)

    def children(self, code: str) -> list[Place]:
        """The present parts of a place, by code."""
        return self._children.get(code, [])

    def missing(self, code: str) -> str:
        """Why there is no such place: where no counties are known, what to give instead of one."""
        province = self.present(code[:2] + "0000") if len(code) == 6 else None
        if province is None or any(self.children(part.code) for part in self.children(province.code)):
            return "There is no such place."
        known = self.present(code[:4] + "00") or province
        return f"No counties of {province.label('en')} are known here: give its province or prefecture, {known.code}."

    def portrait(self, code: str, language: str) -> dict[str, Any]:
        """A place with its ancestors, children and history; NotFound when there is none."""
        place = self.find(code)
        if place is None:
            raise NotFound(self.missing(code))
        return {
            **place.facts(language),
            "ancestors": [self._latest[above].facts(language) for above in self.lineage(code)[1:]],
            "children": [child.facts(language) for child in self.children(code)],
            "history": [period.facts(language) for period in self.history(code)],
        }


def tree(unit: Unit) -> Places:
    """The tree of places."""
    return unit.reference("places", _load)


def _load(connection: Connection) -> Places:
    statement = select(*_COLUMNS).order_by(PlacePeriod.code, PlacePeriod.first_year)
    return Places(_place(row) for row in connection.execute(statement))


def _place(row: Any) -> Place:
    code, name_zh, name_en, level, parent, kind, first_year, last_year, successor, source = row
    return Place(code, name_zh, name_en, level, parent, kind, first_year or None, last_year, successor, source)


def page_of_places(
    unit: Unit,
    *,
    level: str | None,
    parent: str | None,
    q: str | None,
    year: int | None,
    cursor: str | None,
    limit: int,
) -> Page:
    """Places by code: of a level, below a parent, whose name begins with `q`, valid in `year` (None: today)."""
    if parent is not None and tree(unit).find(parent) is None:
        raise Invalid.field("/parent", "unknown-value", tree(unit).missing(parent))
    statement: Select[*tuple[Any, ...]] = select(*_COLUMNS)
    if level is not None:
        statement = statement.where(PlacePeriod.level == level)
    if parent is not None:
        statement = statement.where(PlacePeriod.parent == parent)
    if q is not None:
        named = PlacePeriod.name_zh.startswith(q, autoescape=True)
        statement = statement.where(or_(named, PlacePeriod.name_key.startswith(q.lower(), autoescape=True)))
    if year is None:
        statement = statement.where(PlacePeriod.last_year.is_(None))
    else:
        open_end = or_(PlacePeriod.last_year.is_(None), PlacePeriod.last_year >= year)
        statement = statement.where(PlacePeriod.first_year <= year, open_end)
    sort = Sort((PlacePeriod.code, PlacePeriod.first_year), ("code", "first_year"))
    page = fetch_page(unit, statement, sort, ["places", level, parent, q, year], cursor, limit)
    return Page([_place(row) for row in page.rows], page.next)


@cache
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)


def is_country(code: str) -> bool:
    """Is it an ISO 3166-1 alpha-2 code?"""
    return code in _countries()
