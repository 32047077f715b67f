"""Every registration has its case, however it came; the import brings large ones in as decided elsewhere."""

from __future__ import annotations

import orjson

from market.access import SYSTEM
from market.contracts.model import Contract
from market.examination.model import Case, CaseStep
from market.journal import read as journal
from market.registration import actions
from market.store.types import today
from tests.market.contracts.samples import content
from tests.market.registration.acts import cancel, change, events, record, register, rows


def bring_in(world, **changes):
    row = {**content(world, **changes), "act": "registered", "office": world.ids["office"], "registered_on": today()}
    [made] = world.database.write(SYSTEM, lambda unit: actions.import_contracts(unit, [row]))
    return made


def test_rule_10_an_import_takes_large_ones_with_the_decision_recorded_as_imported(world):
    made = bring_in(world, total_amount=9_000_000_00, tech_amount=5_000_000_00)
    [case] = rows(world.database, Case)
    assert (case["route"], case["state"], case["contract_id"]) == ("imported", "registered", made["id"])
    assert (case["applicant"], case["office"]) == (world.ids["university"], world.ids["office"])
    assert (case["claimed_fen"], case["approved_fen"], case["people"]) == (5_000_000_00, 5_000_000_00, [])
    [event] = events(world.database, "case.imported")
    assert (event["subject"], event["subject_version"]) == (case["id"], 1)
    assert journal.payload(event)["route"] == "imported"


def test_a_registration_at_the_counter_is_a_case_decided_by_the_person_of_the_key(world):
    made = register(world)
    [case] = rows(world.database, Case)
    assert (case["route"], case["state"], case["contract_id"]) == ("direct", "registered", made["id"])
    assert case["people"] == [world.members["office"]]
    assert rows(world.database, CaseStep) == []
    assert [journal.payload(event)["people"] for event in events(world.database, "case.registered")] == [case["people"]]


def test_what_is_recorded_from_outside_has_no_case(world):
    made = record(world)
    assert rows(world.database, Case) == []
    assert cancel(world, made)["state"] == "cancelled"


def test_each_step_raises_the_version_and_stands_in_file_and_journal(world):
    made = register(world)
    change(world, made, tech_amount=300_000_00)
    cancel(world, made)
    [case] = rows(world.database, Case)
    assert (case["state"], case["version"], case["approved_fen"]) == ("cancelled", 3, 300_000_00)
    steps = rows(world.database, CaseStep)
    assert [(step["version"], step["step"], step["reason"]) for step in steps] == [
        (2, "change", "CORRECTION"),
        (3, "cancel", "RESCINDED"),
    ]
    assert {step["member"] for step in steps} == {world.members["office"]}
    with world.database.read(SYSTEM) as unit:
        told = [(e["kind"], e["subject_version"]) for e in journal.entries(unit) if e["subject"] == case["id"]]
    assert told == [("case.registered", 1), ("case.changed", 2), ("case.cancelled", 3)]


def test_what_the_journal_tells_of_a_case_is_the_case(world):
    """The last event has every column that says something, but content and words of the last step."""
    made = register(world)
    change(world, made, tech_amount=300_000_00)
    [case] = rows(world.database, Case)
    [event] = events(world.database, "case.changed")
    told = orjson.loads(event["payload"])
    kept = {name: value for name, value in case.items() if value is not None and name not in ("content", "pending")}
    assert told == {**{n: v.isoformat() if hasattr(v, "isoformat") else v for n, v in kept.items()}, "text": "写错了"}


def test_an_import_beside_the_counter_leaves_numbers_gapless(world):
    register(world, contract_no="A")
    bring_in(world, contract_no="B")
    register(world, contract_no="C")
    serials = sorted(int(row["number"][-6:]) for row in rows(world.database, Contract))
    assert serials == [1, 2, 3]
