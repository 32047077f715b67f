"""What regulation said on a day, in figures: limits, thresholds, grounds, deadlines, each with its source and validity.

Ask `rule(unit, code, on)` wherever a limit is needed, never a constant; `rules(unit)` for several. Both stand in memory, once per
version of the reference data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from market.errors import NotFound
from market.rules.model import RuleEntry
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import today

KINDS = ("deadline", "threshold", "limit", "window", "flag", "document", "form_field", "requirement", "ground")
STATUSES = ("official", "draft", "copy", "unverified", "proposed")
SINCE_EVER = date(1900, 1, 1)
"""First day of a rule whose beginning is not known."""

_COLUMNS = tuple(column for column in RuleEntry.__table__.columns if column.name != "edited")


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule; `value` is a text, or the digits of a whole number in `unit`."""

    code: str
    valid_from: date
    valid_to: date | None
    kind: str
    value: str
    unit: str
    name_zh: str
    name_en: str
    source: str
    reference: str
    status: str
    note: str

    @property
    def number(self) -> int:
        """The value as a whole number."""
        return int(self.value)

    @property
    def fen(self) -> int:
        """The value, which is in yuan, in fen."""
        return self.number * 100

    @property
    def words(self) -> list[str]:
        """The value as codes with spaces between."""
        return self.value.split()

    @property
    def citation(self) -> str:
        """Where it is said: source and place in it."""
        return f"{self.source} {self.reference}".strip()

    def holds(self, on: date) -> bool:
        """Is it in force on this day?"""
        return self.valid_from <= on <= (self.valid_to or on)

    def facts(self, language: str) -> dict[str, Any]:
        """All of it in the shape of the wire, with the label as `name`."""
        since = None if self.valid_from == SINCE_EVER else self.valid_from
        name = self.name_en if language == "en" else self.name_zh
        return {**asdict(self), "valid_from": since, "name": name}


class Rules:
    """Every version of every rule."""

    def __init__(self, versions: Iterable[Rule]) -> None:
        self._versions: dict[str, list[Rule]] = {}
        for version in versions:
            self._versions.setdefault(version.code, []).append(version)

    def find(self, code: str, on: date) -> Rule | None:
        """The version in force on a day."""
        return next((version for version in self._versions.get(code, ()) if version.holds(on)), None)

    def of_kind(self, kind: str, on: date) -> list[Rule]:
        """All of a kind in force on a day, by code."""
        every = (version for versions in self._versions.values() for version in versions)
        return [version for version in every if version.kind == kind and version.holds(on)]

    def versions(self, code: str) -> list[Rule]:
        """Every version of a rule, oldest first."""
        return self._versions.get(code, [])


def rules(unit: Unit) -> Rules:
    """Every version of every rule."""
    return unit.reference("rules", _load_rules)


def _load_rules(connection: Connection) -> Rules:
    ordered = select(*_COLUMNS).order_by(RuleEntry.code, RuleEntry.valid_from)
    return Rules(Rule(*row) for row in connection.execute(ordered))


def rule(unit: Unit, code: str, on: date) -> Rule:
    """The version of a rule in force on a day; NotFound when none was."""
    found = rules(unit).find(code, on)
    if found is None:
        raise NotFound(f"There was no rule {code} on {on}.", code="no-such-rule")
    return found


def portrait(unit: Unit, code: str, on: date | None, language: str) -> dict[str, Any]:
    """The version in force on a day (default today) with every other one; NotFound when there is none at all."""
    versions = rules(unit).versions(code)
    if not versions:
        raise NotFound("There is no such rule.")
    current = rules(unit).find(code, on or today())
    return {
        "code": code,
        "current": current and current.facts(language),
        "versions": [version.facts(language) for version in versions],
    }


def page_of_rules(unit: Unit, *, on: date | None, kind: str | None, cursor: str | None, limit: int) -> Page:
    """The rules in force on a day (default today), by code."""
    on = on or today()
    statement: Select[*tuple[Any, ...]] = select(*_COLUMNS).where(
        RuleEntry.valid_from <= on, or_(RuleEntry.valid_to.is_(None), RuleEntry.valid_to >= on)
    )
    if kind is not None:
        statement = statement.where(RuleEntry.kind == kind)
    page = fetch_page(unit, statement, Sort((RuleEntry.code,), ("code",)), ["rules", on, kind], cursor, limit)
    return Page([Rule(*row) for row in page.rows], page.next)
