"""Working days (工作日): holidays and moved workdays of the years that are known, and due dates that explain themselves.

Use `due_by_rule` for a limit of the rules, `due` for any number of working days. Beyond the known years days are counted by the
week and the due date is `provisional`: it may move when the year is loaded, and nothing is overdue by it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from market.rules.model import CalendarDay, CalendarYear
from market.rules.queries import Rule, rule
from market.store.session import Unit
from market.store.types import today

WORKDAY, HOLIDAY = "workday", "holiday"
_DAY = timedelta(days=1)
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Named:
    """A holiday (节假日), or a working day at a weekend (调休上班): `kind` is `holiday` or `workday`."""

    day: date
    kind: str
    name_zh: str
    name_en: str

    def plain(self) -> dict[str, str]:
        """As JSON has it."""
        return {"day": self.day.isoformat(), "kind": self.kind, "name_zh": self.name_zh, "name_en": self.name_en}


@dataclass(frozen=True, slots=True)
class Due:
    """A due day and how it was counted. Store `on`, `provisional`, `start` and the rule's code; the rest is made anew."""

    on: date
    provisional: bool
    start: date
    days: int
    unit: str
    rule: Rule | None
    exceptions: tuple[Named, ...]
    """The holidays and moved workdays between start and due day."""

    def is_overdue(self, on: date) -> bool:
        """Is the day past? A provisional one never is."""
        return not self.provisional and on > self.on

    def explained(self) -> dict[str, Any]:
        """The whole count as JSON, and in words in both languages."""
        holidays = [named.plain() for named in self.exceptions if named.kind == HOLIDAY]
        moved = [named.plain() for named in self.exceptions if named.kind == WORKDAY]
        return {
            "start": self.start.isoformat(),
            "days": self.days,
            "unit": self.unit,
            "due_on": self.on.isoformat(),
            "provisional": self.provisional,
            "holidays": holidays,
            "moved_workdays": moved,
            "rule": self.rule
            and {name: getattr(self.rule, name) for name in ("code", "source", "reference", "status")},
            "zh": self._in_chinese(holidays, moved),
            "en": self._in_english(holidays, moved),
        }

    def _in_chinese(self, holidays: list[dict[str, str]], moved: list[dict[str, str]]) -> str:
        parts = [f"自{self.start}次日起算{self.days}{'个工作日' if self.unit == 'working_day' else '日'}，至{self.on}"]
        for found, what in ((holidays, "节假日不计"), (moved, "调休上班计入")):
            if found:
                parts.append(f"{what}：" + "、".join(f"{each['day']}{each['name_zh']}" for each in found))
        if self.provisional:
            parts.append("该年度节假日安排尚未载入，按周一至周五暂计，载入后重算")
        if self.rule:
            parts.append(f"依据：{self.rule.name_zh}，{self.rule.citation}")
        return "；".join(parts) + "。"

    def _in_english(self, holidays: list[dict[str, str]], moved: list[dict[str, str]]) -> str:
        unit = "working days" if self.unit == "working_day" else "days"
        parts = [f"{self.days} {unit} counted from the day after {self.start}, up to {self.on}"]
        for found, what in ((holidays, "holidays left out"), (moved, "working days at weekends counted")):
            if found:
                parts.append(f"{what}: " + ", ".join(f"{each['day']} {each['name_en']}" for each in found))
        if self.provisional:
            parts.append(
                "the holidays of that year are not loaded yet: counted by the week, counted anew when they are"
            )
        if self.rule:
            parts.append(f"by {self.rule.name_en}, {self.rule.citation}")
        return "; ".join(parts) + "."


class Calendar:
    """Every known year, and each of their days that does not simply follow the week."""

    def __init__(self, years: dict[int, str], named: dict[date, Named]) -> None:
        self.years = years
        self.named = named

    def is_working(self, day: date) -> bool:
        """Does the public service work on this day?"""
        named = self.named.get(day)
        return day.weekday() <= _FRIDAY if named is None else named.kind == WORKDAY

    def due(self, start: date, days: int, basis: Rule | None = None) -> Due:
        """The last of so many working days (of a `basis` in plain days: days) after `start`, which is not counted itself."""
        unit = "working_day" if basis is None else basis.unit
        day, left, exceptions = start, days, []
        while left:
            day += _DAY
            if unit != "working_day" or self.is_working(day):
                left -= 1
            if unit == "working_day" and day in self.named:
                exceptions.append(self.named[day])
        provisional = unit == "working_day" and any(year not in self.years for year in range(start.year, day.year + 1))
        return Due(day, provisional, start, days, unit, basis, tuple(exceptions))

    def portrait(self, year: int) -> dict[str, Any]:
        """A year in the shape of the wire: is it known, from whom, and what does not follow the week in it."""
        found = [self.named[day] for day in sorted(self.named) if day.year == year]
        first, days = date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days
        return {
            "year": year,
            "known": year in self.years,
            "source": self.years.get(year),
            "working_days": sum(self.is_working(first + timedelta(days=n)) for n in range(days)),
            "items": [named.plain() for named in found],
        }


def calendar(unit: Unit) -> Calendar:
    """The calendar as loaded."""
    return unit.reference("calendar", _load_calendar)


def _load_calendar(connection: Connection) -> Calendar:
    years = connection.execute(select(CalendarYear.year, CalendarYear.source).order_by(CalendarYear.year))
    days = connection.execute(
        select(CalendarDay.day, CalendarDay.working, CalendarDay.name_zh, CalendarDay.name_en).order_by(CalendarDay.day)
    )
    named = {row.day: Named(row.day, WORKDAY if row.working else HOLIDAY, row.name_zh, row.name_en) for row in days}
    return Calendar({row.year: row.source for row in years}, named)


def due(unit: Unit, start: date, working_days: int) -> Due:
    """The last of so many working days after `start`, which is not counted itself."""
    return calendar(unit).due(start, working_days)


def due_by_rule(unit: Unit, code: str, start: date) -> Due:
    """The due day of a deadline of the rules, in the version in force when it starts."""
    basis = rule(unit, code, start)
    return calendar(unit).due(start, basis.number, basis)


def year_of(unit: Unit, year: int | None) -> dict[str, Any]:
    """A year of the calendar (default: this one) in the shape of the wire."""
    return calendar(unit).portrait(year or today().year)
