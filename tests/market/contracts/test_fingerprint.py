"""What counts as the same contract, and what as another one."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from market.contracts.fingerprint import fingerprint, identity, normalised

FACTS = {
    "seller_code": "91150000MA0000001X",
    "seller_country": "CN",
    "seller_name": "示例大学01",
    "buyer_code": None,
    "buyer_country": "DE",
    "buyer_name": "Example Works GmbH",
    "contract_no": None,
    "signed_on": date(2026, 3, 1),
    "project_name": "示例项目:稀土永磁电机开发(一期)",
    "total_fen": 1_200_000_00,
}


def test_the_fingerprint_is_a_fixed_function():
    """Stored ones must stay comparable for ever."""
    signed = '["2026-03-01","示例项目稀土永磁电机开发一期",120000000]'
    text = f'[["91150000MA0000001X","DE:exampleworksgmbh"],{signed}]'
    assert fingerprint(FACTS) == hashlib.sha256(text.encode()).hexdigest()


def test_spelling_does_not_make_another_contract():
    spelled = {
        **FACTS,
        "project_name": " 示例项目 : 稀土永磁电机开发（一期）。",
        "buyer_name": "ＥＸＡＭＰＬＥ works　Gmbh.",
    }
    assert fingerprint(spelled) == fingerprint(FACTS)


def test_parties_date_name_and_total_each_make_another_contract():
    others = [
        {"seller_code": "91150000MA0000002X"},
        {"buyer_name": "Example Works AG"},
        {"buyer_country": "AT"},
        {"signed_on": date(2026, 3, 2)},
        {"project_name": "示例项目:稀土永磁电机开发(二期)"},
        {"total_fen": 1_200_000_01},
        {"contract_no": "A-1"},
    ]
    marks = {fingerprint({**FACTS, **other}) for other in others}
    assert len(marks | {fingerprint(FACTS)}) == len(others) + 1


def test_the_credit_code_is_the_identity_not_the_name():
    """Domain rule 18."""
    assert fingerprint({**FACTS, "seller_name": "示例大学01(改名)"}) == fingerprint(FACTS)


def test_the_parties_own_number_stands_for_date_name_and_total():
    numbered = {**FACTS, "contract_no": "HT-2026/7"}
    changed = {"project_name": "别的", "signed_on": date(2026, 4, 1), "total_fen": 5}
    assert fingerprint({**numbered, **changed}) == fingerprint(numbered)
    assert fingerprint({**numbered, "contract_no": "ht-2026／7 "}) == fingerprint(numbered)
    assert fingerprint({**numbered, "contract_no": "HT-20/267"}) != fingerprint(numbered)


def test_seller_and_buyer_are_not_interchangeable():
    swapped = {
        **FACTS,
        **{f"seller_{name}": FACTS[f"buyer_{name}"] for name in ("code", "country", "name")},
        **{f"buyer_{name}": FACTS[f"seller_{name}"] for name in ("code", "country", "name")},
    }
    assert fingerprint(swapped) != fingerprint(FACTS)


TEXT = st.text(st.characters(exclude_categories=("Cs",)))
DRESSING = st.text("  \t\n　,.:;!?，。、；：（）()[]【】《》“”\"'·—-_​﻿")


@given(TEXT)
def test_normalising_again_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


@given(TEXT)
def test_nothing_is_left_of_space_and_punctuation(text):
    assert not any(c.isspace() or unicodedata.category(c).startswith("P") for c in normalised(text))


@given(st.lists(st.sampled_from("稀土永磁电机开发abcXYZ0123"), min_size=1), st.data())
def test_space_punctuation_width_and_case_do_not_count(letters, data):
    dressed = "".join(data.draw(DRESSING) + data.draw(st.sampled_from([c, c.upper(), wide(c)])) for c in letters)
    assert normalised(dressed) == normalised("".join(letters)) == "".join(letters).lower()


def wide(character: str) -> str:
    """The full-width form of an ASCII character."""
    return chr(ord(character) + 0xFEE0) if character.isascii() else character


@given(TEXT, TEXT)
def test_two_names_are_one_only_if_they_normalise_alike(one, other):
    mine, theirs = ({**FACTS, "buyer_name": name} for name in (one, other))
    assert (identity(mine, "buyer") == identity(theirs, "buyer")) == (normalised(one) == normalised(other))
