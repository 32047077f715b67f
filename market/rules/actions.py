"""Loading rules and calendar: as shipped, and what the operator adds from a file.

Nothing of it is code: a new limit is a new version of its rule, a new year a file of its holidays. Every load is a journal event.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import delete, insert, select, update

from market.errors import FieldError, Invalid, check
from market.fields.actions import renew
from market.fields.model import LoadedList
from market.journal.append import Event, append
from market.rules.calendar import HOLIDAY, WORKDAY, calendar
from market.rules.model import CalendarDay, CalendarYear, RuleEntry
from market.rules.queries import KINDS, SINCE_EVER, STATUSES, Rules, rules
from market.store.session import Unit
from market.store.types import canonical, is_clean

ROUTES = ("mark", "second_person", "expert")
"""What a flag asks for: nothing more, a second person's approval, or other people's expert review (专家评审)."""
NECESSITIES = ("required", "advised")
"""What a document or a field of the form is when it is missing: an error, or a warning."""
RULE_FIELDS = tuple("code kind value unit name_zh name_en valid_from valid_to source reference status note".split())
CALENDAR_FIELDS = ("day", "kind", "name")
MAX_TEXT = 2000

_NUMBERS = ("deadline", "threshold", "limit", "window")
_DAY = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_FORM_FIELD = re.compile(r"form\.[a-z_]+(\.[a-z_]+)?")
_OPTIONAL = ("unit", "valid_from", "valid_to", "reference", "note", "value")


def replace_rules(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the shipped rules in place of those stored, except versions that the operator has edited."""
    kept = _stored(unit, edited=True)
    spoken = {(row["code"], row["valid_from"]) for row in kept}
    fresh = [{**_version(row), "edited": False} for row in rows]
    _put_rules(unit, kept + [row for row in fresh if (row["code"], row["valid_from"]) not in spoken])


def _stored(unit: Unit, *, edited: bool | None = None) -> list[dict[str, Any]]:
    statement = select(RuleEntry.__table__)
    if edited is not None:
        statement = statement.where(RuleEntry.edited.is_(edited))
    return [dict(row) for row in unit.execute(statement).mappings()]


def _version(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of texts as columns; what is empty is no text."""
    texts = {name: row.get(name) or "" for name in RULE_FIELDS}
    first, last = texts["valid_from"], texts["valid_to"]
    return {
        **texts,
        "valid_from": date.fromisoformat(first) if first else SINCE_EVER,
        "valid_to": date.fromisoformat(last) if last else None,
    }


def _put_rules(unit: Unit, rows: list[dict[str, Any]]) -> None:
    """A version ends when the next one begins."""
    rows.sort(key=lambda row: (row["code"], row["valid_from"]))
    for row, following in pairwise(rows):
        if row["code"] == following["code"]:
            end = following["valid_from"] - timedelta(days=1)
            row["valid_to"] = min(row["valid_to"] or end, end)
    unit.execute(delete(RuleEntry))
    unit.execute(insert(RuleEntry), rows)


def load_rules(unit: Unit, lines: Iterable[str]) -> int:
    """Add versions of rules from a CSV file with the columns of the shipped one; all of it, or nothing.

    A version with the code and first day of a stored one takes its place. Invalid names every wrong cell as `/line/column`,
    counted from 1 under the header.
    """
    rows = _read_csv(lines, RULE_FIELDS)
    known = rules(unit)
    errors = [error for number, row in enumerate(rows, 1) for error in _wrong_rule(row, known, f"/{number}")]
    keys = [(row["code"], row["valid_from"]) for row in rows]
    errors += [
        FieldError(f"/{number}/valid_from", "repeated", "This version stands in the file already.")
        for number, key in enumerate(keys, 1)
        if key in keys[: number - 1]
    ]
    check(errors, "The file has wrong cells; nothing was loaded.")
    fresh = [{**_version(row), "edited": True} for row in rows]
    replaced = {(row["code"], row["valid_from"]) for row in fresh}
    renew(unit)
    kept = [row for row in _stored(unit) if (row["code"], row["valid_from"]) not in replaced]
    _put_rules(unit, kept + fresh)
    _record(unit, "rules", rows)
    return len(rows)


def _wrong_rule(row: Mapping[str, str], known: Rules, pointer: str) -> list[FieldError]:
    errors = [
        FieldError(f"{pointer}/{name}", "required", "This cell is needed.")
        for name in RULE_FIELDS
        if not row[name] and name not in _OPTIONAL
    ]
    versions = known.versions(row["code"])
    kind = row["kind"]
    if kind not in KINDS or kind == "ground":
        errors.append(FieldError(f"{pointer}/kind", "unknown-value", "A kind of rule; grounds are code lists."))
    elif versions and versions[0].kind != kind:
        errors.append(FieldError(f"{pointer}/kind", "other-kind", f"This rule is of the kind {versions[0].kind}."))
    elif not versions and not (kind == "form_field" and _FORM_FIELD.fullmatch(row["code"])):
        errors.append(FieldError(f"{pointer}/code", "unknown-value", "No rule of this code; only form.… may be new."))
    if row["status"] and row["status"] not in STATUSES:
        errors.append(FieldError(f"{pointer}/status", "unknown-value", f"One of {', '.join(STATUSES)}."))
    errors += _wrong_value(row, versions[0].unit if versions else "", pointer)
    days = {}
    for name in ("valid_from", "valid_to"):
        if row[name]:
            days[name] = _day(row[name])
            if days[name] is None:
                errors.append(FieldError(f"{pointer}/{name}", "bad-format", "A day such as 2026-01-31 is needed."))
    first, last = days.get("valid_from"), days.get("valid_to")
    if first and last and last < first:
        errors.append(FieldError(f"{pointer}/valid_to", "before-start", "The rule ends before it begins."))
    return errors


def _wrong_value(row: Mapping[str, str], unit: str, pointer: str) -> list[FieldError]:
    kind, value = row["kind"], row["value"]
    if kind in _NUMBERS:
        if not re.fullmatch("[0-9]{1,12}", value) or (kind == "deadline" and not 1 <= int(value) <= 1000):
            return [FieldError(f"{pointer}/value", "bad-format", "A whole number is needed; a deadline of 1 to 1000.")]
        fitting = ("day", "working_day") if kind == "deadline" else (unit,)
        if row["unit"] not in fitting:
            return [FieldError(f"{pointer}/unit", "unknown-value", f"One of {', '.join(fitting)}.")]
    if kind == "flag" and value not in ROUTES:
        return [FieldError(f"{pointer}/value", "unknown-value", f"One of {', '.join(ROUTES)}.")]
    if kind in ("document", "form_field") and row["unit"] not in NECESSITIES:
        return [FieldError(f"{pointer}/unit", "unknown-value", f"One of {', '.join(NECESSITIES)}.")]
    if kind == "form_field" and value != "/" + row["code"].removeprefix("form.").replace(".", "/"):
        return [FieldError(f"{pointer}/value", "bad-format", "The JSON pointer that the code spells is needed.")]
    return []


def replace_calendar(unit: Unit, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the shipped years in place of those stored, except years that the operator has edited.

    A row is a day (`day`, `kind`, `name_zh`, `name_en`) or, with `year` and `source`, says that a year is whole.
    """
    edited = set(unit.execute(select(CalendarYear.year).where(CalendarYear.edited.is_(True))).scalars())
    years = {row["year"]: row["source"] for row in rows if "year" in row and row["year"] not in edited}
    days = [{**row, "day": date.fromisoformat(row["day"])} for row in rows if "day" in row]
    _put_years(unit, years, [row for row in days if row["day"].year in years], edited=False)


def _put_years(unit: Unit, years: Mapping[int, str], days: Iterable[Mapping[str, Any]], *, edited: bool) -> None:
    for year in years:
        _forget(unit, date(year, 1, 1), date(year, 12, 31))
    if years:
        unit.execute(delete(CalendarYear).where(CalendarYear.year.in_(years)))
        unit.execute(
            insert(CalendarYear), [{"year": year, "source": years[year], "edited": edited} for year in sorted(years)]
        )
    _put_days(unit, days)


def _forget(unit: Unit, first: date, last: date) -> None:
    unit.execute(delete(CalendarDay).where(CalendarDay.day.between(first, last)))


def _put_days(unit: Unit, days: Iterable[Mapping[str, Any]]) -> None:
    rows = [
        {"day": row["day"], "working": row["kind"] == WORKDAY, "name_zh": row["name_zh"], "name_en": row["name_en"]}
        for row in days
        if row["name_zh"] or (row["kind"] == WORKDAY) != (row["day"].weekday() < 5)
    ]
    if rows:
        unit.execute(insert(CalendarDay), rows)


def load_calendar(unit: Unit, lines: Iterable[str], *, declared: Iterable[int] = (), source: str) -> list[int]:
    """Load days from a CSV file (`day`, `kind` workday or holiday, `name`); answers the years that are known by it anew.

    A year is known when the file names its every day, or when it is `declared`: then days that are not named follow the week. A
    day of a year known before is corrected singly, since the holidays of a new year may move days of the December before it.
    Invalid names every wrong cell as `/line/column`, counted from 1 under the header.
    """
    rows = _read_csv(lines, CALENDAR_FIELDS)
    before = calendar(unit)
    days = _read_days(rows)
    whole = {year for year in {day.year for day in days} if _is_whole(year, days)}
    anew = whole | set(declared)
    check(
        [
            FieldError(f"/{number}/day", "year-unknown", f"{day.year} is not known; name its every day, or declare it.")
            for number, day in enumerate(days, 1)
            if day.year not in anew and day.year not in before.years
        ],
        "The file leaves a year unknown; nothing was loaded.",
    )
    renew(unit)
    named: list[dict[str, Any]] = [{**row, "day": day} for day, row in days.items()]
    _put_years(unit, dict.fromkeys(anew, source), [row for row in named if row["day"].year in anew], edited=True)
    single = [row for row in named if row["day"].year not in anew]
    for row in single:
        _forget(unit, row["day"], row["day"])
    _put_days(unit, single)
    touched = {row["day"].year for row in single}
    if touched:
        unit.execute(update(CalendarYear).where(CalendarYear.year.in_(touched)).values(edited=True))
    _record(unit, "calendar", rows, declared=sorted(declared), source=source)
    return sorted(anew)


def _read_days(rows: Sequence[Mapping[str, str]]) -> dict[date, dict[str, str]]:
    """By day what the file says of it, in its order."""
    days: dict[date, dict[str, str]] = {}
    errors = []
    for number, row in enumerate(rows, 1):
        day = _day(row["day"])
        if day is None:
            errors.append(FieldError(f"/{number}/day", "bad-format", "A day such as 2026-01-31 is needed."))
        elif day in days:
            errors.append(FieldError(f"/{number}/day", "repeated", "This day stands in the file already."))
        else:
            days[day] = {"kind": row["kind"], "name_zh": row["name"], "name_en": row["name"]}
        if row["kind"] not in (WORKDAY, HOLIDAY):
            errors.append(FieldError(f"/{number}/kind", "unknown-value", f"{WORKDAY} or {HOLIDAY}."))
    check(errors, "The file has wrong cells; nothing was loaded.")
    return days


def _is_whole(year: int, days: Mapping[date, Any]) -> bool:
    first, days_of_year = date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return all(first + timedelta(days=n) in days for n in range(days_of_year))


def _read_csv(lines: Iterable[str], columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file with exactly these columns, trimmed."""
    reader = csv.DictReader(lines, strict=True)
    try:
        if sorted(reader.fieldnames or []) != sorted(columns):
            raise Invalid(f"The header must name {','.join(columns)}.", code="bad-header")
        rows = list(reader)
    except csv.Error as error:
        raise Invalid(f"This is not a CSV file: {error}.", code="bad-file") from None
    if not rows:
        raise Invalid("The file has no rows.", code="bad-file")
    check(
        [
            FieldError(f"/{number}", "bad-row", f"{len(columns)} cells of clean text, at most {MAX_TEXT} characters.")
            for number, row in enumerate(rows, 1)
            if set(row) != set(columns) or not all(map(_is_cell, row.values()))
        ],
        "The file has wrong rows; nothing was loaded.",
    )
    return [{name: text.strip() for name, text in row.items()} for row in rows]


def _is_cell(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= MAX_TEXT and is_clean(text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _record(unit: Unit, kind: str, rows: Sequence[Mapping[str, str]], **more: Any) -> None:
    """Count and tell a load of the operator's."""
    this = (LoadedList.kind == kind) & (LoadedList.name == "operator")
    last = unit.execute(select(LoadedList.version).where(this)).scalar()
    version = (last or 0) + 1
    facts = {
        "version": version,
        "digest": hashlib.sha256(canonical(list(rows))).hexdigest(),
        "size": len(rows),
    }
    if last is None:
        unit.execute(insert(LoadedList), {"kind": kind, "name": "operator", **facts})
    else:
        unit.execute(update(LoadedList).where(this).values(**facts))
    payload = {"kind": kind, "name": "operator", **facts, **more, "rows": [dict(row) for row in rows]}
    append(unit, Event("reference.loaded", f"reference:{kind}:operator", version, payload))
