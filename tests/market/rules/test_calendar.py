"""Working days and due dates: official holidays and moved days, years that are not known yet, loads of the operator."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.access import PUBLIC, SYSTEM
from market.errors import Invalid
from market.journal.read import verify
from market.reference.loader import load_all
from market.rules.actions import load_calendar
from market.rules.calendar import Calendar, Due, calendar, due, due_by_rule, year_of
from market.store.session import Database

SOURCE = "示例通知"
NEW_YEAR = ("2027-01-01,holiday,元旦", "2027-01-02,workday,元旦调休")
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def due_on(database: Database, start: str, code: str = "review.limit") -> Due:
    with database.snapshot(PUBLIC) as unit:
        return due_by_rule(unit, code, date.fromisoformat(start))


def load(database: Database, *rows: str, declared: tuple[int, ...] = ()) -> list[int]:
    lines = [f"{line}\n" for line in ("day,kind,name", *rows)]
    return database.write(SYSTEM, lambda unit: load_calendar(unit, lines, declared=declared, source=SOURCE))


def refused(database: Database, *rows: str, declared: tuple[int, ...] = ()) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        load(database, *rows, declared=declared)
    return {error.pointer: error.code for error in refusal.value.errors}


def test_rule_8_days_are_working_days_of_the_official_calendar(database: Database) -> None:
    """National Day 2026: two working Sundays and Saturdays are counted, ten days off are not."""
    found = due_on(database, "2026-09-18")
    assert (found.on, found.provisional) == (date(2026, 10, 15), False)
    explained = found.explained()
    assert [day["day"] for day in explained["moved_workdays"]] == ["2026-09-20", "2026-10-10"]
    assert len(explained["holidays"]) == 10
    assert explained["rule"]["code"] == "review.limit"
    for text in (explained["zh"], explained["en"]):
        assert "2026-10-15" in text
        assert "第十四条" in text
    assert "15个工作日" in explained["zh"]
    assert "国庆节" in explained["zh"]
    assert "National Day" in explained["en"]


def test_the_expert_route_has_30_working_days_from_referral(database: Database) -> None:
    assert due_on(database, "2026-09-18", "review.expert_limit").on == date(2026, 11, 5)


def test_the_old_rule_counted_days(database: Database) -> None:
    found = due_on(database, "2024-02-01")
    assert (found.on, found.unit, found.exceptions) == (date(2024, 3, 2), "day", ())
    assert "30日" in found.explained()["zh"]


def test_the_calendar_is_that_of_the_library_in_all_its_years(database: Database) -> None:
    with database.snapshot(PUBLIC) as unit:
        known = calendar(unit)
    assert sorted(known.years) == list(range(2004, 2027))
    day = date(2004, 1, 1)
    while day.year < 2027:
        assert known.is_working(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


@given(start=DAYS, days=st.integers(1, 60))
def test_a_due_day_has_so_many_working_days_before_it(start: date, days: int) -> None:
    known = Calendar({2026: "x"}, {})
    found = known.due(start, days)
    passed = [start + timedelta(days=n) for n in range(1, (found.on - start).days + 1)]
    assert sum(map(known.is_working, passed)) == days
    assert known.is_working(found.on)
    assert found.provisional == (found.on.year > 2026)


def test_beyond_the_known_years_a_due_day_is_provisional_and_never_overdue(database: Database) -> None:
    found = due_on(database, "2026-12-20")
    assert (found.on, found.provisional) == (date(2027, 1, 8), True)
    assert not found.is_overdue(date(2030, 1, 1))
    assert "暂计" in found.explained()["zh"]
    load(database, *NEW_YEAR, declared=(2027,))
    counted = due_on(database, "2026-12-20")
    assert (counted.on, counted.provisional) == (date(2027, 1, 8), False)
    assert [day["day"] for day in counted.explained()["moved_workdays"]] == ["2027-01-02"]
    assert not counted.is_overdue(date(2027, 1, 8))
    assert counted.is_overdue(date(2027, 1, 9))


def test_a_load_is_seen_at_once_told_and_kept(database: Database) -> None:
    assert load(database, *NEW_YEAR, declared=(2027,)) == [2027]
    with database.snapshot(PUBLIC) as unit:
        year = year_of(unit, 2027)
        assert (year["known"], year["source"]) == (True, SOURCE)
        assert [(day["day"], day["kind"]) for day in year["items"]] == [
            ("2027-01-01", "holiday"),
            ("2027-01-02", "workday"),
        ]
        assert year["working_days"] == 261
        assert verify(unit) == []
    assert database.write(SYSTEM, load_all) == []


def test_a_file_that_names_every_day_needs_no_declaration(database: Database) -> None:
    first = date(2027, 1, 1)
    days = [first + timedelta(days=n) for n in range(365)]
    rows = [f"{day},{'workday' if day.weekday() < 5 else 'holiday'}," for day in days]
    assert refused(database, *rows[:-1])["/1/day"] == "year-unknown"
    assert load(database, *rows) == [2027]
    with database.snapshot(PUBLIC) as unit:
        assert year_of(unit, 2027)["items"] == []


def test_a_december_is_corrected_by_the_file_of_the_next_year(database: Database) -> None:
    load(database, "2026-12-31,holiday,元旦", *NEW_YEAR, declared=(2027,))
    with database.snapshot(PUBLIC) as unit:
        assert not calendar(unit).is_working(date(2026, 12, 31))
        assert not calendar(unit).is_working(date(2026, 10, 1))
    load(database, "2026-12-31,workday,")
    with database.snapshot(PUBLIC) as unit:
        assert calendar(unit).is_working(date(2026, 12, 31))
        assert "2026-12-31" not in {day["day"] for day in year_of(unit, 2026)["items"]}


def test_a_corrected_year_outlives_a_new_load_of_the_shipped_calendar(database: Database) -> None:
    load(database, "2026-12-31,holiday,元旦")

    def forget_digest(unit):
        from sqlalchemy import update

        from market.fields.model import LoadedList

        unit.execute(update(LoadedList).where(LoadedList.kind == "calendar").values(digest=""))

    database.write(SYSTEM, forget_digest)
    assert database.write(SYSTEM, load_all) == ["calendar"]
    with database.snapshot(PUBLIC) as unit:
        assert not calendar(unit).is_working(date(2026, 12, 31))
        assert not calendar(unit).is_working(date(2026, 10, 1))
        assert calendar(unit).is_working(date(2025, 10, 11))


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("2027-13-01,holiday,元旦", {"/2/day": "bad-format"}),
        ("01/01/2027,holiday,元旦", {"/2/day": "bad-format"}),
        ("2027-01-01,holiday,元旦", {"/2/day": "repeated"}),
        ("2027-05-01,feast,劳动节", {"/2/kind": "unknown-value"}),
        ("2028-05-01,holiday,劳动节", {"/2/day": "year-unknown"}),
        ("2027-05-01,holiday", {"/2": "bad-row"}),
    ],
)
def test_a_wrong_file_changes_nothing(database: Database, row: str, wrong: dict[str, str]) -> None:
    assert refused(database, NEW_YEAR[0], row, declared=(2027,)) == wrong
    assert due_on(database, "2026-12-20").provisional


def test_any_number_of_working_days_may_be_asked_for(database: Database) -> None:
    with database.snapshot(PUBLIC) as unit:
        assert due(unit, date(2026, 9, 30), 1).on == date(2026, 10, 8)
        assert due(unit, date(2026, 9, 30), 0).on == date(2026, 9, 30)
