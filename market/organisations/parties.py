"""What may be said of a party: its name, credit code (统一社会信用代码), country, place (行政区划) and nature (单位性质).

Use `check_party` wherever an organisation or a plain party of a contract comes in: it answers the facts in their one spelling
and every wrong field at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from stdnum.cn import uscc

from market.errors import FieldError
from market.fields.queries import code_lists
from market.places.queries import HK_MO_TW, is_country, tree
from market.store.session import Unit

HOME_COUNTRY = "CN"
_OPTIONAL = {"credit_code": None, "country": HOME_COUNTRY, "place": None, "nature": None}
MAX_NAME = 200

_UNSEEN_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing, although Unicode does not call them controls."""


def check_name(name: str, pointer: str = "/name", maximum: int = MAX_NAME) -> list[FieldError]:
    """A name is visible characters only, trimmed: no control, no zero width, no change of writing direction."""
    if not 1 <= len(name) <= maximum:
        return [FieldError(pointer, "wrong-length", f"Between 1 and {maximum} characters.")]
    if name != name.strip() or _UNSEEN.search(name) or any(map(_is_unseen, name)):
        return [FieldError(pointer, "bad-character", "Only visible characters, and no space at either end.")]
    return []


def _is_unseen(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in _UNSEEN_CATEGORIES or (category == "Zs" and letter not in " \u3000")


def check_party(unit: Unit, given: Mapping[str, Any], pointer: str = "") -> tuple[dict[str, Any], list[FieldError]]:
    """The facts (name, credit_code, country, place, nature) in their one spelling, and every wrong one.

    A domestic party may have a place and a credit code; a foreign one has neither.
    """
    facts = spelt({**_OPTIONAL, **given})
    return facts, judge_party(unit, facts, pointer)


def spelt(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given of the facts, in their one spelling."""
    facts = {name: given[name] for name in ("name", *_OPTIONAL) if name in given}
    if "name" in facts:
        facts["name"] = unicodedata.normalize("NFC", facts["name"].strip())
    if "credit_code" in facts:
        facts["credit_code"] = uscc.compact(facts["credit_code"]) if facts["credit_code"] else None
    if "country" in facts:
        facts["country"] = (facts["country"] or HOME_COUNTRY).upper()
    return facts


def judge_party(unit: Unit, facts: Mapping[str, Any], pointer: str = "") -> list[FieldError]:
    """Every wrong one of the `spelt` facts that are there; credit code and place are judged by the country only."""
    errors = check_name(facts["name"], f"{pointer}/name") if "name" in facts else []
    code, country, place = facts.get("credit_code"), facts.get("country"), facts.get("place")
    if country in HK_MO_TW:
        advice = f"Say country CN and place {HK_MO_TW[country]}."
        errors.append(FieldError(f"{pointer}/country", "not-a-country-here", advice))
    elif country is not None and not is_country(country):
        errors.append(FieldError(f"{pointer}/country", "unknown-value", "An ISO 3166-1 alpha-2 code is needed."))
    elif country == HOME_COUNTRY:
        if code is not None and not (code.isascii() and uscc.is_valid(code)):
            errors.append(FieldError(f"{pointer}/credit_code", "bad-credit-code", "No valid credit code (GB 32100)."))
        if place is not None and tree(unit).find(place) is None:
            errors.append(FieldError(f"{pointer}/place", "unknown-value", tree(unit).missing(place)))
    elif country is not None:
        for name, value in (("credit_code", code), ("place", place)):
            if value is not None:
                errors.append(FieldError(f"{pointer}/{name}", "not-domestic", "Only a domestic party has one."))
    nature = facts.get("nature")
    if nature is not None and not code_lists(unit).has("party_nature", nature):
        errors.append(FieldError(f"{pointer}/nature", "unknown-value", "There is no such party nature."))
    return errors
