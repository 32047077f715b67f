"""Text in cells of spreadsheets: a guard against formulas (公式注入), and the way back, for files that are read in again.

Use `harmless` on every text that is written into a CSV or XLSX file; where the file is to be read in again, `guarded`, and
`meant` on what comes back.
"""

from __future__ import annotations

import re
import unicodedata

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_STARTERS = frozenset("=+-@\u2212")


def printable(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def harmless(text: str) -> str:
    """A printable text that no spreadsheet program takes for a formula."""
    return guarded(printable(text))


def guarded(text: str) -> str:
    """A text that no spreadsheet program takes for a formula: an apostrophe is put before one that could be.

    White space and invisible characters are looked through, and full-width forms (＝) taken for what they mean. An
    apostrophe that stands before such a text already gets one more, so that `meant` can tell ours from its own.
    """
    return f"'{text}" if _could_be_formula(text) else text


def meant(text: str) -> str:
    """The text that was written as `guarded(text)`."""
    return text[1:] if text.startswith("'") and _could_be_formula(text) else text


def _could_be_formula(text: str) -> bool:
    bare = text.lstrip("'")
    first = next((char for char in bare if not char.isspace() and unicodedata.category(char) != "Cf"), "")
    starts = unicodedata.normalize("NFKC", first)[:1] in _STARTERS if first else False
    return starts or bare[:1] in ("\t", "\r", "\n")
