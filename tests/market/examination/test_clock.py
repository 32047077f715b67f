"""Due days follow the calendar: provisional ones are counted anew when their year is loaded."""

from __future__ import annotations

from datetime import date
from typing import Any

from click.testing import CliRunner
from sqlalchemy import insert, select

from market.access import SYSTEM
from market.cli import main
from market.examination.clock import recount
from market.examination.model import Case
from market.examination.states import ACCEPTED, EXPERT_REVIEW, RETURNED
from market.rules.calendar import due_by_rule
from market.store.session import Unit
from tests.world import World

NEW_YEAR = "day,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,workday,元旦调休\n"


def case(unit: Unit, world: World, name: str, state: str, code: str, start: date) -> None:
    """A case whose clock runs since a day."""
    values: dict[str, Any] = dict.fromkeys(column.name for column in Case.__table__.columns)
    limit = due_by_rule(unit, code, start)
    values |= {"id": name, "route": "application", "state": state, "office": world.ids["office"], "version": 1}
    values |= {"flags": [], "people": [], "excluded": [], "created_at": 0, "updated_at": 0}
    values |= {"clock_rule": code, "clock_from": start, "due_on": limit.on, "provisional": limit.provisional}
    unit.execute(insert(Case), values)


def clocks(world: World) -> dict[str, tuple[date, bool]]:
    with world.database.read(SYSTEM) as unit:
        rows = unit.execute(select(Case.id, Case.due_on, Case.provisional))
        return {row.id: (row.due_on, row.provisional) for row in rows}


def populate(unit: Unit, world: World) -> None:
    case(unit, world, "cas_known", ACCEPTED, "review.limit", date(2026, 9, 18))
    case(unit, world, "cas_new_year", ACCEPTED, "review.limit", date(2026, 12, 20))
    case(unit, world, "cas_expert", EXPERT_REVIEW, "review.expert_limit", date(2026, 12, 20))
    case(unit, world, "cas_returned", RETURNED, "review.limit", date(2026, 12, 20))


def test_loading_a_year_counts_open_cases_anew(world: World, tmp_path: Any, monkeypatch: Any) -> None:
    world.database.write(SYSTEM, lambda unit: populate(unit, world))
    before = clocks(world)
    assert before["cas_known"] == (date(2026, 10, 15), False)
    assert before["cas_new_year"] == (date(2027, 1, 8), True)
    monkeypatch.setenv("DATABASE_URL", world.database.engine.url.render_as_string(hide_password=False))
    file = tmp_path / "2027.csv"
    file.write_text(NEW_YEAR)
    done = CliRunner().invoke(main, ["calendar", "load", str(file), "--declare", "2027", "--source", "示例通知"])
    assert done.exit_code == 0, done.output
    assert "2027" in done.output
    assert "2 due days" in done.output
    assert clocks(world) == {
        "cas_known": (date(2026, 10, 15), False),
        "cas_new_year": (date(2027, 1, 8), False),
        "cas_expert": (date(2027, 1, 29), False),
        "cas_returned": before["cas_returned"],
    }
    assert world.database.write(SYSTEM, recount) == 0


def test_a_wrong_file_is_told_in_a_line_and_changes_nothing(world: World, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.engine.url.render_as_string(hide_password=False))
    file = tmp_path / "2027.csv"
    file.write_text(NEW_YEAR)
    done = CliRunner().invoke(main, ["calendar", "load", str(file), "--source", "示例通知"])
    assert done.exit_code == 1
    assert "/1/day: 2027 is not known" in done.output
    file.write_bytes(b"day,kind,name\n\xff\xfe")
    done = CliRunner().invoke(main, ["calendar", "load", str(file), "--source", "示例通知"])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)


def test_a_new_limit_holds_for_clocks_that_begin_under_it(world: World, tmp_path: Any, monkeypatch: Any) -> None:
    world.database.write(SYSTEM, lambda unit: populate(unit, world))
    monkeypatch.setenv("DATABASE_URL", world.database.engine.url.render_as_string(hide_password=False))
    file = tmp_path / "rules.csv"
    file.write_text(
        "code,kind,value,unit,name_zh,name_en,valid_from,valid_to,source,reference,status,note\n"
        "review.limit,deadline,10,working_day,受理后审查期限,Limit,2026-12-01,,示例办法,,official,\n"
    )
    done = CliRunner().invoke(main, ["rules", "load", str(file)])
    assert done.exit_code == 0, done.output
    assert clocks(world)["cas_known"] == (date(2026, 10, 15), False)
    assert clocks(world)["cas_new_year"] == (date(2027, 1, 1), True)
