"""What a reader may see of a cell, and how growth is rounded."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.access import PUBLIC, Actor, Role
from market.statistics.answers import growth, reader_for, shown
from market.statistics.queries import Measures


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [
        (6277, 3765, 0.6672),
        (2_360_000_000_000, 1_627_586_206_897, 0.45),
        (20_001, 20_000, 0.0001),
        (19_999, 20_000, -0.0001),
        (200_009, 200_000, 0.0),
        (5, 5, 0.0),
        (0, 5, -1.0),
        (5, 0, None),
        (0, 0, None),
        (None, 5, None),
        (5, None, None),
    ],
)
def test_growth(value, base, expected):
    assert growth(value, base) == expected


@given(st.integers(0, 10**9), st.integers(1, 10**9) | st.sampled_from([2, 20_000, 80_000]))
def test_growth_is_rounded_half_up_exactly(value, base):
    exact = Decimal((value - base) * 10_000) / base if abs(value - base) * 10_000 % base == 0 else None
    found = Decimal(str(growth(value, base)))
    assert abs(found * base - (value - base)) * 20_000 <= base
    if exact is not None:
        assert found == (exact / 10_000).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def test_what_is_withheld_shows_its_count_alone():
    names = ("deals", "total_amount", "tech_amount", "tech_income", "suppressed")
    assert shown(Measures(2, 7, 5, 3), True) == dict(zip(names, (2, None, None, None, True), strict=True))
    assert shown(Measures(2, 7, 5, 3), False) == dict(zip(names, (2, 7, 5, 3, False), strict=True))


def test_the_floor_is_a_setting_and_does_not_bind_those_who_count():
    assert reader_for(PUBLIC, "zh", 5).floor == 5
    assert reader_for(Actor(Role.ENTERPRISE, "org_1"), "zh", 5).floor == 5
    assert reader_for(Actor(Role.OFFICE, "org_1"), "zh", 5).floor == 0
    assert reader_for(Actor(Role.OFFICE, "org_1", scopes=frozenset({"identify"})), "zh", 5).floor == 5
