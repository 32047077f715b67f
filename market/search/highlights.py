"""Where the words of a search stand in the texts that were found: excerpts with the places to mark, pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from market.search.terms import LETTER, Part, normal

BEFORE, LONGEST = 30, 160
"""Characters of an excerpt before the first place, and at all."""
MOST_PLACES = 20


def excerpts(parts: Sequence[Part], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each text in which a word stands an excerpt and its `marks`, [start, end) in characters of the excerpt."""
    wanted = re.compile("|".join(sorted(_patterns(parts), key=len, reverse=True)))
    found = []
    for name, text in texts.items():
        if places := _places(wanted, text):
            start = max(0, places[0][0] - BEFORE) if len(text) > LONGEST else 0
            end = start + LONGEST
            marks = [[first - start, last - start] for first, last in places if last <= end]
            found.append({"in": name, "text": text[start:end], "marks": marks})
    return found


def _patterns(parts: Sequence[Part]) -> set[str]:
    patterns = set()
    for part in parts:
        for text in (part.exact,) if part.exact else part.terms:
            words = r"[\W_]*".join(map(re.escape, text.split()))
            if text[:1].isascii() and part.kind != "beginning":
                words = rf"(?<!{LETTER}){words}(?!{LETTER})"
            elif text[:1].isascii():
                words = rf"(?<!{LETTER}){words}"
            patterns.add(words)
    return patterns


def _places(wanted: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Where in the text as it was written; neighbouring places are one."""
    spelled, origin = normal(text), None
    if len(spelled) != len(text):
        pieces = [(normal(character), number) for number, character in enumerate(text)]
        spelled = "".join(piece for piece, _ in pieces)
        origin = [number for piece, number in pieces for _ in piece]
    places: list[tuple[int, int]] = []
    for match in wanted.finditer(spelled):
        start, end = match.span()
        if origin is not None:
            start, end = origin[start], origin[end - 1] + 1
        if places and start <= places[-1][1]:
            places[-1] = places[-1][0], max(end, places[-1][1])
        elif len(places) == MOST_PLACES:
            break
        else:
            places.append((start, end))
    return places
