"""Values as they stand on the paper, amounts in Chinese capital numerals above all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.certificates.face import day_text, figures, in_capitals
from market.store.types import MAX_FEN


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (1, "人民币壹分"),
        (50, "人民币伍角整"),
        (105, "人民币壹元零伍分"),
        (10_00, "人民币壹拾元整"),
        (1_200_000_00, "人民币壹佰贰拾万元整"),
        (10_001_00, "人民币壹万零壹元整"),
        (100_000_001_00, "人民币壹亿零壹元整"),
        (9_0305_0070_20, "人民币玖亿零叁佰零伍万零柒拾元贰角整"),
        (123_456_789_012_345, "人民币壹万贰仟叁佰肆拾伍亿陆仟柒佰捌拾玖万零壹佰贰拾叁元肆角伍分"),
        (MAX_FEN, "人民币壹拾万亿元整"),
    ],
)
def test_amounts_in_capitals(amount, words):
    assert in_capitals(amount) == words


@given(st.integers(1, MAX_FEN))
def test_capitals_read_back_to_the_amount(amount):
    assert amount_of(in_capitals(amount)) == amount


@given(st.integers(1, MAX_FEN))
def test_capitals_never_repeat_or_end_in_a_zero(amount):
    words = in_capitals(amount)
    assert "零零" not in words
    assert "零元" not in words


def amount_of(words: str) -> int:
    """The fen of an amount in capitals, read by another way than it is written."""
    whole, _, rest = words.removeprefix("人民币").rpartition("元")
    part = rest.removesuffix("整")
    fen = sum(
        {"角": 10, "分": 1}[unit] * "零壹贰叁肆伍陆柒捌玖".index(digit)
        for digit, unit in zip(part.lstrip("零")[::2], part.lstrip("零")[1::2], strict=True)
    )
    return value(whole.replace("零", "")) * 100 + fen


def value(words: str) -> int:
    for unit, factor in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
        if unit in words:
            above, _, below = words.rpartition(unit)
            return value(above) * factor + value(below)
    return "零壹贰叁肆伍陆柒捌玖".index(words) if words else 0


def test_figures_and_days():
    assert figures("1234567.05") == "¥1,234,567.05"
    assert day_text("2026-01-05") == "2026年1月5日"
