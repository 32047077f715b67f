"""The document defines every basis, measure and cut, each with an example. `test_load` runs the examples against the sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from market.statistics.answers import MEASURES
from market.statistics.question import BASES, DIMENSIONS

TEXT = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
_CODE = re.compile(r"`([^`]+)`")


def table(first: str) -> tuple[str, list[list[str]]]:
    """The address at the head of the table that begins with this heading, and its rows."""
    lines = TEXT[TEXT.index(f"| {first} |") :].split("\n\n")[0].splitlines()
    address = re.search(r"`GET (\S+)…`", lines[0])
    assert address, first
    return address[1], [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def told(cell: str) -> list[str]:
    """The questions in a cell: code with an equals sign."""
    return [code for code in _CODE.findall(cell) if "=" in code]


def examples() -> Iterator[str]:
    """The address of every example in the document."""
    for first in ("basis", "measure", "cut"):
        address, rows = table(first)
        yield from (address + code for row in rows for cell in row for code in told(cell))
    yield from re.findall(r"GET (/v1/[^\s`…]+\?[^\s`…]+)[\s`]", TEXT)
    yield from re.findall(r"http://127\.0\.0\.1:8000(/v1/[^'\"]+)", TEXT)


@pytest.mark.parametrize(("first", "names"), [("basis", BASES), ("measure", MEASURES), ("cut", tuple(DIMENSIONS))])
def test_each_is_defined_with_its_chinese_term_and_an_example(first, names):
    _, rows = table(first)
    assert sorted(name for row in rows for name in _CODE.findall(row[0])) == sorted(names)
    for row in rows:
        assert re.search("[一-鿿]", row[0]), row
        assert any(told(cell) for cell in row[1:]), row
