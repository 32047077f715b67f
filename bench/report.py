"""The report: a table for people, a JSON file for comparing runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from bench.measure import Cost, Result

MARKS = {True: "pass", False: "MISS", None: ""}
HEAD = ("engine", "row", "value", "min–max", "target", "", "ours: CPU (database) / wall ms", "against")


def lines(results: Sequence[Result]) -> list[str]:
    """The table."""
    cells = [HEAD, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cells(result: Result) -> tuple[str, ...]:
    digits = 0 if result.unit == "" else 1 if result.unit in (" MB", " s") else 2
    value, low, high = (f"{number:.{digits}f}{result.unit}" for number in (result.value, result.low, result.high))
    target = "" if result.limit is None else f"≤ {result.limit:g}{result.unit}"
    spread = "" if result.low == result.high else f"{low}–{high}"
    return (
        result.engine,
        result.name,
        value,
        spread,
        target,
        MARKS[result.met],
        _cost(result.first),
        _cost(result.second),
    )


def _cost(cost: Cost | None) -> str:
    return "" if cost is None else f"{cost.cpu:.2f} ({cost.database:.2f}) / {cost.wall:.2f}"


def write(path: Path, facts: dict[str, Any], results: Sequence[Result]) -> None:
    """The JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {**facts, "results": [result.facts() for result in results]}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
