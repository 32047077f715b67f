"""The table of stages: whole, documented, and the state in Python and in SQL the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from market.access import SYSTEM
from market.dealings.clock import recount
from market.dealings.model import Dealing
from market.dealings.stages import CLOCKS, OPEN, SIDES, STAGES, STEPS, TABLE, in_state, legal_steps, markdown, state_of
from market.fields.queries import code_lists
from market.rules.queries import rules
from market.store.session import Unit
from market.store.types import today
from tests.api.dealings.talks import talks

DOCS = Path(__file__).parents[3] / "docs" / "dealings.md"


def test_every_stage_is_reached_and_every_open_one_can_be_left():
    assert {line.to for line in TABLE} | {"interest", "lapsed"} == set(STAGES)
    for stage in OPEN:
        assert {line.to for line in TABLE if line.stage == stage} - {stage}
    assert not {line.stage for line in TABLE} - set(OPEN)
    assert len({(line.stage, line.step) for line in TABLE}) == len(TABLE)


def test_nobody_is_ever_without_a_step_in_open_talks():
    for stage in OPEN:
        for side in SIDES:
            for proposed_by in (None, *SIDES):
                row = {"stage": stage, "provisional": True, "due_on": today(), "proposed_by": proposed_by}
                assert "pass" in legal_steps(row, side, broker=False, day=today())
                assert set(legal_steps(row, side, broker=True, day=today())) <= {"hand_over"}


def test_the_documentation_has_this_table():
    assert markdown() in DOCS.read_text()


def test_rules_and_lists_stand_behind_it(database):
    with database.snapshot(SYSTEM) as unit:
        found, lists, day = rules(unit), code_lists(unit), today()
        for code in (*CLOCKS.values(), *(f"dealing.disclosure.{stage}" for stage in OPEN)):
            assert found.find(code, day) is not None, code
        for kind in ("demand", "achievement"):
            for word in found.find(f"dealing.questions.{kind}", day).words:
                assert lists.parent("interest_question", word) == kind.upper()
        for line in TABLE:
            assert line.reasons is None or lists.items(line.reasons)
    assert set(STEPS) == {line.step for line in TABLE}


def test_the_state_in_sql_is_the_state_in_python(api):
    """Every stage × due yesterday, today, tomorrow × provisional or not, asked on both engines."""
    dealing, day = talks(api, "interest"), today()
    for stage in ("interest", "negotiation", "agreed", "passed"):
        for shift in (-1, 0, 1):
            for provisional in (False, True):
                facts = {"stage": stage, "due_on": day + timedelta(days=shift), "provisional": provisional}
                facts["reason"] = "TIME" if stage == "passed" else None

                def told(unit: Unit, facts=facts) -> list[str]:
                    unit.execute(update(Dealing).where(Dealing.id == dealing).values(facts))
                    asked = select(Dealing.id)
                    return [
                        state for state in STAGES if unit.execute(asked.where(in_state(state)), {"today": day}).first()
                    ]

                assert api.world.database.write(SYSTEM, told) == [state_of(facts, day)]


def test_a_due_day_is_counted_anew_when_the_calendar_says_otherwise(api):
    dealing = talks(api, "interest")

    def moved(unit: Unit) -> tuple[int, int]:
        unit.execute(update(Dealing).values(due_on=today(), provisional=True))
        return recount(unit), recount(unit)

    assert api.world.database.write(SYSTEM, moved) == (1, 0)
    with api.world.database.read(SYSTEM) as unit:
        row = unit.execute(select(Dealing.due_on, Dealing.provisional).where(Dealing.id == dealing)).one()
    assert row.due_on > today()
