"""What a listing still lacks, and why that matters to the other side (完整性检查); what may be lacking is data beside this file.

Only what `blocks` keeps a listing from being published; the rest is advice.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from market.errors import FieldError


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing a good listing has: `field` on the wire, the columns one of which must be filled, and words for both sides."""

    kind: str
    field: str
    columns: str
    blocks: bool
    zh: str
    en: str
    why_zh: str
    why_en: str

    def is_missing(self, row: Mapping[Any, Any]) -> bool:
        """Does a listing lack it?"""
        return not any(row[column] for column in self.columns.split())

    def told(self) -> dict[str, Any]:
        """All of it, with the pointer into the listing."""
        return {**asdict(self), "pointer": f"/{self.field}"}


def missing(kind: str, row: Mapping[Any, Any]) -> list[Wanted]:
    """What a listing lacks, in the order of the data."""
    return [wanted for wanted in _all() if wanted.kind == kind and wanted.is_missing(row)]


def blocking(kind: str, row: Mapping[Any, Any]) -> list[FieldError]:
    """What it lacks and cannot be published without."""
    return [FieldError(f"/{each.field}", "incomplete", each.en) for each in missing(kind, row) if each.blocks]


@cache
def _all() -> tuple[Wanted, ...]:
    with (Path(__file__).parent / "completeness.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(Wanted(blocks=line.pop("blocks") == "yes", **line) for line in csv.DictReader(lines))
