"""The table of states is the one of the domain, for every state and step; the documentation repeats it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from market.errors import Conflict
from market.examination.states import RUNNING, STATES, STEPS, TABLE, legal_steps, markdown, transition

DOCUMENT = Path(__file__).parents[3] / "docs" / "registration.md"
GRID = """
draft: edit>draft submit>submitted withdraw>withdrawn
submitted: accept>accepted request_supplement>returned withdraw>withdrawn note assign
accepted: take>under_review withdraw>withdrawn note assign
under_review: take endorse request_supplement>returned refer>expert_review register>registered refuse>refused \
withdraw>withdrawn note assign
returned: edit resubmit>accepted withdraw>withdrawn note
expert_review: take request_supplement>returned register>registered refuse>refused withdraw>withdrawn note assign
registered:
refused: object>objection_pending note
withdrawn: note
change_pending:
objection_pending: uphold>refused redo>under_review note assign
cancelled:
revoked:
"""
"""What a case without a number may do, written by hand: step, and the next state unless it stays."""
NUMBERED = """
draft:
submitted:
accepted:
under_review: take refer>expert_review confirm>registered change {ends} note assign
returned:
expert_review: take confirm>registered change {ends} note assign
registered: change request_change>change_pending {ends} object>objection_pending note
refused:
withdrawn:
change_pending: endorse approve_change>registered reject_change>registered {ends} note assign
objection_pending: uphold>registered redo>under_review {ends} note assign
cancelled: note
revoked: note
"""
"""The same for a case with a number; what is registered, in whatever state, knows the same ends."""
ENDS = "request_cancellation reject_cancellation cancel>cancelled propose_revocation drop_revocation revoke>revoked"
WITHOUT = ("draft", "submitted", "accepted", "returned", "refused", "withdrawn")
WITH = ("registered", "change_pending", "cancelled", "revoked")


def grid(text: str) -> dict[tuple[str, str], str]:
    found = {}
    for line in text.replace("\\\n", "").strip().splitlines():
        state, _, steps = line.partition(":")
        for step in steps.split():
            name, _, to = step.partition(">")
            found[state, name] = to or state
    return found


@pytest.mark.parametrize("numbered", [False, True])
def test_every_state_and_step_is_as_the_domain_has_it(numbered):
    decided = grid(NUMBERED.replace("{ends}", ENDS) if numbered else GRID)
    for state, step in itertools.product(STATES, STEPS):
        if state in (WITHOUT if numbered else WITH):
            continue  # no such case: a number comes with the state
        if (state, step) in decided:
            assert transition(state, step, numbered).to == decided[state, step], (state, step)
            assert step in legal_steps(state, numbered)
        else:
            with pytest.raises(Conflict) as refusal:
                transition(state, step, numbered)
            assert refusal.value.code == "illegal-step"
            assert [error.message for error in refusal.value.errors] == legal_steps(state, numbered)


def test_no_line_stands_twice_and_every_step_is_somewhere():
    keys = [
        (line.state, line.step, numbered)
        for line in TABLE
        for numbered in (True, False)
        if line.numbered in (None, numbered)
    ]
    assert len(keys) == len(set(keys))
    assert {line.step for line in TABLE} == set(STEPS)
    assert {line.to for line in TABLE} <= set(STATES)


def test_rules_8_and_9_clocks_run_from_acceptance_anew_from_a_supplement_and_longer_with_experts():
    clocks = {(line.state, line.step): line.clock for line in TABLE if line.clock}
    assert clocks["submitted", "accept"] == "normal"
    assert clocks["returned", "resubmit"] == "restart"
    assert clocks["under_review", "refer"] == "expert"
    assert all(line.to in RUNNING for line in TABLE if line.clock in ("normal", "restart", "expert"))


def test_rule_13_every_return_refusal_rejection_and_end_carries_a_coded_reason():
    coded = {line.step: line.reasons for line in TABLE if line.reasons}
    assert coded == {
        "request_supplement": "return_reason",
        "refuse": "refusal_reason",
        "change": "change_reason",
        "request_change": "change_reason",
        "reject_change": "rejection_reason",
        "request_cancellation": "cancellation_reason",
        "reject_cancellation": "rejection_reason",
        "cancel": "cancellation_reason",
        "propose_revocation": "revocation_reason",
    }


def test_the_documentation_has_this_table():
    assert markdown() in DOCUMENT.read_text()
