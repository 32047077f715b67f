"""What makes two registrations the same contract: a digest of the parties and of what they signed.

Use `fingerprint` on the columns of a contract; it is unique among live contracts, so nothing is registered twice (重复登记).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from market.store.types import canonical


def normalised(text: str) -> str:
    """The text as people mean it: one width and case, without white space, punctuation and invisible characters."""
    while True:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        kept = "".join(character for character in folded if not _is_dressing(character))
        if kept == text:
            return kept
        text = kept  # what was dropped may have kept two characters apart that belong together


def _is_dressing(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "PZ" or category in ("Cc", "Cf")


def identity(contract: Mapping[str, Any], side: str) -> str:
    """Who the seller or buyer is: the credit code (统一社会信用代码), else country and normalised name."""
    code: str | None = contract[f"{side}_code"]
    return code or f"{contract[f'{side}_country']}:{normalised(contract[f'{side}_name'])}"


def pair(contract: Mapping[str, Any]) -> str:
    """Digest of the two parties alone, to find what else they have."""
    return hashlib.sha256(canonical([identity(contract, "seller"), identity(contract, "buyer")])).hexdigest()


def fingerprint(contract: Mapping[str, Any]) -> str:
    """Digest of both parties with their own contract number if they gave one, else with date, project name and total."""
    parties = [identity(contract, "seller"), identity(contract, "buyer")]
    number = contract["contract_no"]
    if number is not None:
        # Punctuation counts here: 1-12 and 11-2 are two numbers.
        signed = ["".join(unicodedata.normalize("NFKC", number).casefold().split())]
    else:
        name = normalised(contract["project_name"])
        signed = [contract["signed_on"].isoformat(), name, contract["total_fen"]]
    return hashlib.sha256(canonical([parties, signed])).hexdigest()
