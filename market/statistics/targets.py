"""Policy targets (政策目标): how far the register's own figures have come, and what others reported where it cannot tell.

A target is either computed from the ledger, basis by basis, or has values as reported (whole lists, versioned, with source and
day); never both. Ask `standing` for all of them, `report` a list for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select

from market.errors import Conflict, FieldError, NotFound, check, check_version
from market.journal.append import Event, append
from market.statistics.answers import Reader, as_of, fraction, shown
from market.statistics.model import PolicyTarget, ReportedValue
from market.statistics.points import Point
from market.statistics.queries import figures
from market.statistics.question import Period, Question
from market.statistics.weighing import weigh
from market.statistics.wording import region_name, synthetic_note
from market.store.session import Unit
from market.store.types import civil_date, fen, today

COMPUTABLE = ("total_amount", "tech_amount", "tech_income")
"""Measures of a target that the register can tell."""
COMPARISONS = ("above", "reach")
"""More than the value; at least the value."""

_COLUMNS = tuple(column for column in PolicyTarget.__table__.columns if column.name != "line")


def load_targets(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace all targets by these (texts under the table's columns; `bases` with spaces between)."""
    unit.execute(delete(PolicyTarget))
    values = [
        {
            **row,
            "line": line,
            "bases": (row["bases"] or "").split(),
            "value": fen(Decimal(row["value"])),
            "source_date": date.fromisoformat(row["source_date"]),
        }
        for line, row in enumerate(rows, 1)
    ]
    unit.execute(insert(PolicyTarget), values)


def standing(unit: Unit, reader: Reader, at: Point) -> dict[str, Any]:
    """Every target in the order of its list, as of a point: computed with its progress, or with the values reported.

    Costs one statement for the targets, one for the reported values, and one for each computed target and basis
    (up to three if cells are weighed).
    """
    on = today() if at.month is None else civil_date(at.instant) if at.instant is not None else None
    reported = _reported(unit, at)
    targets = unit.execute(select(*_COLUMNS).order_by(PolicyTarget.line)).mappings()
    note = synthetic_note(unit, reader.language)
    return {
        "as_of": as_of(at),
        "on": on,
        "synthetic": note is not None,
        "synthetic_note": note,
        "items": [_item(unit, dict(target), reported, reader, at, on) for target in targets.all()],
    }


def _item(
    unit: Unit,
    target: Mapping[str, Any],
    reported: dict[str, dict[str, Any]],
    reader: Reader,
    at: Point,
    on: date | None,
) -> dict[str, Any]:
    computed = _is_computed(unit, target)
    progress = [_progress(unit, target, basis, reader, at, on) for basis in target["bases"]] if computed else []
    return {
        **target,
        "name": target[f"name_{reader.language}"],
        "region": {"code": target["region"], "name": region_name(unit, target["region"], reader.language)},
        "computed": computed,
        "progress": progress,
        "reported": [] if computed else _wire(reported.get(target["code"])),
    }


def _is_computed(unit: Unit, target: Mapping[str, Any]) -> bool:
    """Do the register's figures tell it?"""
    ours = target["region"] == unit.database.home_region()
    return ours and bool(target["bases"]) and target["measure"] in COMPUTABLE


def _progress(
    unit: Unit, target: Mapping[str, Any], basis: str, reader: Reader, at: Point, on: date | None
) -> dict[str, Any]:
    """How far the figure has come on one basis by a day, and where the pace of the elapsed days would lead."""
    period, value = Period.parse(target["period"]), target["value"]
    days, elapsed = _days(period, on)
    question = Question(period, basis, target["region"])
    totals = figures(unit, question, at=at).totals
    cell = shown(totals, weigh(unit, question, at, reader.floor).hides((), totals.deals))
    amount = cell[target["measure"]]
    run_rate = None if amount is None or not elapsed else _rounded(amount * days, elapsed)
    return {
        "basis": basis,
        "amount": amount,
        "suppressed": cell["suppressed"],
        "days": days,
        "elapsed_days": elapsed,
        "share": fraction(amount, value),
        "missing": None if amount is None else max(value - amount, 0),
        "reached": _meets(amount, target),
        "run_rate": run_rate,
        "on_course": _meets(run_rate, target),
    }


def _days(period: Period, on: date | None) -> tuple[int, int]:
    """How many days the period has, and how many of them are over at the end of a day (None: before any entry)."""
    first = date(period.first // 100, period.first % 100, 1)
    month_after = date(period.last // 100, period.last % 100, 28) + timedelta(days=4)
    days = (month_after.replace(day=1) - first).days
    return days, 0 if on is None else min(max((on - first).days + 1, 0), days)


def _rounded(value: int, by: int) -> int:
    """The quotient of two amounts that are not negative, rounded half-up."""
    return (value * 2 + by) // (by * 2)


def _meets(amount: int | None, target: Mapping[str, Any]) -> bool | None:
    if amount is None:
        return None
    met: bool = amount > target["value"] if target["comparison"] == "above" else amount >= target["value"]
    return met


def reported_of(unit: Unit, code: str) -> dict[str, Any]:
    """What is reported of one target at present, with the version of the list (0: nothing was ever)."""
    _find(unit, code, lock=False)
    return _list(code, _reported(unit).get(code))


def report(unit: Unit, code: str, values: list[dict[str, Any]], expected: int | None) -> dict[str, Any]:
    """Replace the list of what is reported of a target; each value has period, value (decimal text), source and reported_on.

    Conflict `computed-target` for one that the register tells itself.
    """
    target = _find(unit, code, lock=True)
    if _is_computed(unit, target):
        raise Conflict(
            "This target is computed from the register; official totals of it are published figures.",
            code="computed-target",
        )
    check(list(_errors(values)))
    last = _reported(unit).get(code)
    version = 0 if last is None else last["version"]
    check_version(version, expected)
    rows = [
        {**row, "value": fen(Decimal(row["value"])), "reported_on": row["reported_on"].isoformat()}
        for row in sorted(values, key=lambda row: (Period.parse(row["period"]).last, row["period"]))
    ]
    payload = {"target": code, "unit": target["unit"], "reported": rows}
    event = append(unit, Event("target.reported", f"target:{code}", version + 1, payload))
    unit.pending.setdefault("reported", []).append(event)
    unit.at_seal(_seal)
    return _list(code, {"version": version + 1, "reported": rows})


def _seal(unit: Unit) -> None:
    """Runs after the journal's seal, which has stamped the events."""
    rows = [
        {
            "target": event.payload["target"],
            "version": event.version,
            "seq": event.stamp.seq,
            "reported": event.payload["reported"],
        }
        for event in unit.pending["reported"]
    ]
    unit.execute(insert(ReportedValue), rows)


def _errors(values: list[dict[str, Any]]) -> Iterable[FieldError]:
    seen = set()
    for number, row in enumerate(values):
        try:
            Period.parse(row["period"])
        except ValueError as error:
            yield FieldError(f"/values/{number}/period", "bad-period", str(error))
        if row["period"] in seen:
            yield FieldError(f"/values/{number}/period", "repeated", "This period stands in the list already.")
        seen.add(row["period"])
        if row["reported_on"] > today():
            yield FieldError(f"/values/{number}/reported_on", "in-the-future", "This day has not come yet.")


def _find(unit: Unit, code: str, *, lock: bool) -> Mapping[str, Any]:
    statement = select(*_COLUMNS).where(PolicyTarget.code == code)
    found = unit.execute(statement.with_for_update() if lock else statement).mappings().first()
    if found is None:
        raise NotFound("There is no such target.")
    return dict(found)


def _reported(unit: Unit, at: Point | None = None) -> dict[str, dict[str, Any]]:
    """By target the newest list, as of a point (None: at present)."""
    newest = select(ReportedValue.target, func.max(ReportedValue.version).label("version")).group_by(
        ReportedValue.target
    )
    if at is not None:
        newest = newest.where(ReportedValue.seq <= at.seq)
    last = newest.subquery()
    statement = select(ReportedValue.target, ReportedValue.version, ReportedValue.reported).join(
        last, (ReportedValue.target == last.c.target) & (ReportedValue.version == last.c.version)
    )
    return {row["target"]: dict(row) for row in unit.execute(statement).mappings()}


def _list(code: str, found: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"target": code, "version": 0 if found is None else found["version"], "values": _wire(found)}


def _wire(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    rows = [] if found is None else found["reported"]
    return [{**row, "reported_on": date.fromisoformat(row["reported_on"])} for row in rows]
