"""The data files shipped beside this module; the README there names origin and licence of each."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

DATA = Path(__file__).parent / "data"


def table(name: str) -> Iterator[dict[str, str | None]]:
    """The rows of a CSV file; an empty cell is None."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {column: value or None for column, value in row.items()}


def objects(name: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    with (DATA / f"{name}.jsonl").open("rb") as file:
        for line in file:
            yield orjson.loads(line)
