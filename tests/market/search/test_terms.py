"""Texts become terms and searches parts, whatever is written in them; pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import Invalid
from market.search.highlights import LONGEST, excerpts
from market.search.terms import LONGEST_TERM, MOST_PARTS, lasts_of, normal, parts_of, squeezed, terms_of

TEXTS = [
    # text, terms with their numbers
    ("稀土永磁", {"稀土": 1, "土永": 1, "永磁": 1, "磁": 1}),
    ("稀土, 稀土", {"稀土": 2, "土": 1}),
    ("Nd-Fe-B 磁体", {"nd": 1, "fe": 1, "b": 1, "磁体": 1, "体": 1}),
    ("LASER laser", {"laser": 2}),
    ("ＬＥＤ灯", {"led": 1, "灯": 1}),
    ("稀\u200b土", {"稀土": 1, "土": 1}),
    ("\u202ela\u200dser\u202c", {"laser": 1}),
    ("snake_case", {"snake": 1, "case": 1}),
    ("5G通信", {"5g": 1, "通信": 1, "信": 1}),
    ("лазер", {"лазер": 1}),
    ("ᠮᠣᠩᠭᠣᠯ", {"ᠮᠣᠩᠭᠣᠯ": 1}),
    ("𠮷野家", {"𠮷野": 1, "野家": 1, "家": 1}),
    ("!?;:*\"'%_", {}),
    ("x" * 100, {"x" * LONGEST_TERM: 1}),
]


@pytest.mark.parametrize(("text", "terms"), TEXTS, ids=range(len(TEXTS)))
def test_the_terms_of_a_text(text, terms):
    lasts = {term for term in terms if len(term) == 1 and ord(term) > 0x3000}
    assert terms_of(normal(text)) == {term: number for term, number in terms.items() if term not in lasts}
    assert lasts_of(normal(text)) == lasts


PARTS = [
    # search, (terms, kind, exact) of each part
    ("永磁", [(("永磁",), "every", None)]),
    ("稀土永磁", [(("稀土", "土永", "永磁"), "every", "稀土永磁")]),
    ("稀土永磁体", [(("稀土", "土永", "永磁", "磁体"), "half", None)]),
    ("土", [(("土",), "beginning", None)]),
    ("laser", [(("laser",), "every", None)]),
    ("Las*", [(("las",), "beginning", None)]),
    ("l*", [(("l",), "every", None)]),
    ("*laser", [(("laser",), "every", None)]),
    ("rare earth", [(("rare",), "every", None), (("earth",), "every", None)]),
    ('"rare  Earth"', [(("rare", "earth"), "every", "rare earth")]),
    ("“稀土”永磁", [(("稀土",), "every", None), (("永磁",), "every", None)]),
    ('"稀土 永磁"', [(("稀土", "永磁"), "every", "稀土 永磁")]),
    ('"laser', [(("laser",), "every", None)]),
    ('""laser"', [(("laser",), "every", None)]),
    ('"土"', [(("土",), "beginning", None)]),
    ("laser laser", [(("laser",), "every", None)]),
    ("a AND NOT (b)", [((word,), "every", None) for word in ("a", "and", "not", "b")]),
    ("%laser_", [(("laser",), "every", None)]),
    ("5G通信", [(("5g",), "every", None), (("通信",), "every", None)]),
]


@pytest.mark.parametrize(("q", "parts"), PARTS, ids=[q for q, _ in PARTS])
def test_the_parts_of_a_search(q, parts):
    assert [(part.terms, part.kind, part.exact) for part in parts_of(q)] == parts


@pytest.mark.parametrize("q", ["*", '""', "' OR 1=1 --"[:1], "%_", "\u200b", "()", "。，"])
def test_nothing_to_search(q):
    with pytest.raises(Invalid) as refused:
        parts_of(q)
    assert refused.value.errors[0].code == "nothing-to-search"


def test_too_many_words():
    assert len(parts_of(" ".join(f"w{n}" for n in range(MOST_PARTS)))) == MOST_PARTS
    with pytest.raises(Invalid) as refused:
        parts_of(" ".join(f"w{n}" for n in range(MOST_PARTS + 1)))
    assert refused.value.errors[0].code == "too-many-words"


@given(st.text(max_size=200))
def test_any_text_has_terms_that_fit_the_index_and_stand_in_it(text):
    for term in {*terms_of(normal(text)), *lasts_of(normal(text))}:
        assert 1 <= len(term) <= LONGEST_TERM
        assert ":" not in term
        assert "\n" not in term
        assert term in normal(text)


@given(st.text(max_size=200), st.text(max_size=300))
def test_any_search_has_parts_or_is_refused_and_marks_lie_in_their_excerpt(q, text):
    try:
        parts = parts_of(q)
    except Invalid:
        return
    assert 1 <= len(parts) <= MOST_PARTS
    for excerpt in excerpts(parts, {"title": text, "summary": f"{text} {q}"}):
        assert len(excerpt["text"]) <= LONGEST
        for start, end in excerpt["marks"]:
            assert 0 <= start < end <= LONGEST


def test_what_is_marked_is_the_word_as_it_was_written():
    found = excerpts(parts_of("led 稀土"), {"title": "ＬＥＤ与稀\u200b土", "summary": "无" * 200 + "LED" + "无" * 200})
    assert [[each["text"][start:end] for start, end in each["marks"]] for each in found] == [
        ["ＬＥＤ", "稀\u200b土"],
        ["LED"],
    ]
    assert excerpts(parts_of("le"), {"title": "led"}) == []
    assert excerpts(parts_of("le*"), {"title": "led"})[0]["marks"] == [[0, 2]]


def test_a_phrase_is_looked_for_in_one_spelling():
    assert squeezed("Rare-Earth,\n 永磁 ") == "rare earth 永磁"
