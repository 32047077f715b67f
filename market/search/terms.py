"""What a text is made of and what a search asks for: the terms of the index, pure, no database.

A term is a pair of neighbouring characters of Chinese (and Japanese, Korean) writing, or a word of any other; both in one
spelling (NFKC, lower case, without invisible signs). The last character of a run of Chinese stands alone as well, so that every
character begins some term: a single one is found by its beginning. Nothing is a stop word: what everybody writes weighs little.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from operator import add

from market.errors import Invalid

MOST_PARTS = 32
"""So many words and phrases a search may have."""
LONGEST_TERM = 60
"""Of a longer word the beginning counts."""
LONGEST_WORD = 4
"""A run of Chinese of up to so many characters is a word and found as it stands; a longer one is a sentence."""

_IDEOGRAPHS = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
LETTER = rf"[^\W_{_IDEOGRAPHS}]"
"""Of a word."""
_RUN = re.compile(rf"([{_IDEOGRAPHS}]+)|({LETTER}+)")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]"
)
_GAP = re.compile(r"[\W_]+")
_PART = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』《》〝〞", '"'))


def normal(text: str) -> str:
    """The one spelling of a text: full and half width, capitals and invisible signs make no difference."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def squeezed(text: str) -> str:
    """The one spelling with a single space for whatever stands between words: what phrases are looked for in."""
    return _GAP.sub(" ", normal(text)).strip()


def terms_of(text: str) -> Counter[str]:
    """The terms with their numbers of a text in its one spelling (see `normal`)."""
    found: list[str] = []
    for run in runs_of(text):
        found += run
    return Counter(found)


def lasts_of(text: str) -> set[str]:
    """The last characters of its runs of Chinese, which are there to be looked up and tell nothing."""
    return {ideographs[-1] for ideographs, _ in _RUN.findall(text) if ideographs}


def runs_of(text: str) -> list[tuple[str, ...]]:
    """The terms in their order: those of a run of Chinese characters together, a word by itself."""
    return [
        (word[:LONGEST_TERM],) if word else tuple(map(add, ideographs, ideographs[1:]))
        for ideographs, word in _RUN.findall(text)
    ]


def digest(term: str) -> bytes:
    """Eight bytes that stand for a term where its letters would be too long."""
    return blake2b(term.encode(), digest_size=8).digest()


@dataclass(frozen=True)
class Part:
    """A part of a search. By `kind` hits have `every` one of `terms`, or one `beginning` with the only one of them, or `half` of
    them (a sentence); and `exact`, if given, stands in their text."""

    terms: tuple[str, ...]
    kind: str
    exact: str | None = None


def parts_of(q: str) -> list[Part]:
    """What a search asks for: words, "phrases", beginnings*; all of them must be met. Invalid: nothing, or too much."""
    parts: dict[Part, None] = {}
    for phrase, word in _PART.findall(unicodedata.normalize("NFKC", q).translate(_QUOTES)):
        if phrase:
            terms = tuple(terms_of(normal(phrase)))
            if len(terms) == 1 and terms[0] == squeezed(phrase):
                phrase, word = "", phrase
            elif terms:
                parts[Part(terms, "every", squeezed(phrase))] = None
                continue
            else:
                word = phrase
        for part in _words(word):
            parts[part] = None
    if not parts:
        raise Invalid.field("/q", "nothing-to-search", "There is no word in it.")
    if len(parts) > MOST_PARTS:
        raise Invalid.field("/q", "too-many-words", f"At most {MOST_PARTS} words and phrases.")
    return list(parts)


def _words(word: str) -> list[Part]:
    runs = list(_RUN.finditer(normal(word)))
    parts = []
    for run in runs:
        text, chinese = run[0], run[1] is not None
        begins = run is runs[-1] and word.rstrip().endswith("*") and normal(word).endswith(text + "*")
        pairs = tuple(dict.fromkeys(map(add, text, text[1:])))
        if not chinese:
            parts.append(Part((text[:LONGEST_TERM],), "beginning" if begins and len(text) > 1 else "every"))
        elif len(text) == 1:
            parts.append(Part((text,), "beginning"))
        elif len(text) <= LONGEST_WORD:
            parts.append(Part(pairs, "every", text if len(text) > 2 else None))
        else:
            parts.append(Part(pairs, "half"))
    return parts
