"""The page itself: everything on it, nothing over the edge, whatever the names."""

from __future__ import annotations

import numpy
import pytest

from market.certificates.face import LABELS
from market.certificates.paper import draw
from market.errors import Conflict
from tests.market.certificates.papers import picture_of, text_of

FACE = {
    "number": "2026990000000001",
    "project_name": "示例项目:稀土永磁电机开发",
    "contract_type": "技术开发合同 · 委托开发合同",
    "seller": "示例大学01",
    "buyer": "示例企业0001",
    "signed_on": "2026年11月22日",
    "validity": "2026年11月22日 至 2028年12月31日",
    "total": "¥1,200,000.00",
    "total_words": "人民币壹佰贰拾万元整",
    "tech": "¥900,000.00",
    "tech_words": "人民币玖拾万元整",
    "registered_on": "2026年11月22日",
    "version": "第 1 版 · 登记",
    "office": "示例技术合同登记处",
    "token": "1-lD6HkyzspHjgMoEHIwimVQ",
}
CODE = "TCR1|" + "0" * 240
LONG = {
    "chinese": ("示例研究院稀土" * 40)[:200],
    "latin": ("Example Rare Earth Institute " * 20)[:200].strip(),
    "one word": "W" * 200,
}


def drawn(marks=(), **changes):
    return draw({**FACE, **changes}, CODE, marks)


def test_every_value_and_both_names_of_each_can_be_read():
    text = text_of(drawn())
    assert FACE.keys() == LABELS.keys()
    for name, value in FACE.items():
        assert "".join(value.split()) in text, name
    for name, labels in LABELS.items():
        for label in labels:
            assert "".join(label.split()) in text or name == "number", label


def test_the_same_values_make_the_same_bytes_in_any_order_of_printing():
    first = drawn(seller="示例𬭎甲")
    drawn(seller="另一个示例名称,用别的字")
    assert drawn(seller="示例𬭎甲") == first
    assert drawn(seller="示例𬭎乙") != first


def test_the_file_is_small_and_carries_its_font():
    content = drawn(**dict.fromkeys(("project_name", "seller", "buyer"), LONG["chinese"]))
    assert len(content) < 200_000
    assert b"/FontFile2" in content


@pytest.mark.parametrize("name", LONG)
def test_names_of_200_characters_fit(name):
    changes = dict.fromkeys(("project_name", "seller", "buyer", "office"), LONG[name])
    content = drawn(**changes, total="¥10,000,000,000,000.00", total_words="人民币" + "玖仟" * 30)
    text = text_of(content)
    assert text.count("".join(LONG[name].split())) == 4
    picture = picture_of(content, 1)
    assert is_empty_between_frame_and_text(picture)
    pixels = 72 / 25.4
    assert (picture[int(206 * pixels) : int(212 * pixels), 90:-90] > 200).all(), "the table runs into the QR code"


def test_marks_stay_inside_the_page_and_the_text_above_them():
    content = drawn(["演示 SAMPLE", "已变更 SUPERSEDED"])
    text = text_of(content)
    assert text.count("演示SAMPLE") == 2
    assert text.count("已变更SUPERSEDED") == 2
    assert is_empty_between_frame_and_text(picture_of(content, 1))


def is_empty_between_frame_and_text(picture) -> bool:
    """White between the frame (12.9 mm) and the text (from 22 mm) on the left and on the right."""
    pixels = 72 / 25.4
    left, right = (
        picture[90:-90, int(14 * pixels) : int(22 * pixels)],
        picture[90:-90, int(189 * pixels) : int(196 * pixels)],
    )
    return bool((numpy.concatenate([left.ravel(), right.ravel()]) > 200).all())


@pytest.mark.parametrize("sign", ["𬭎", "㙍", "龘", "鿏", "é", "Ж", "ひ", "〇"])
def test_rare_characters_are_drawn_and_read_back(sign):
    content = drawn(seller=f"示例{sign}企业")
    assert f"示例{sign}企业" in text_of(content)
    blank = picture_of(drawn(seller="示例 企业"))
    assert (picture_of(content) != blank).any()


UNKNOWN = {"\U0001f600": "U+1F600", "ᠮ": "U+182E", "\u200b": "U+200B", "\U00020000": "U+20000"}


@pytest.mark.parametrize(("sign", "code"), UNKNOWN.items())
def test_a_character_without_a_glyph_is_refused_by_name_and_never_a_box(sign, code):
    with pytest.raises(Conflict, match=code.replace("+", r"\+")) as refusal:
        drawn(seller=f"示例{sign}")
    assert refusal.value.code == "unprintable-character"
