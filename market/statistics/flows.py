"""Flows (技术流向): from where to where technology goes, as a sparse matrix of places of sellers and places of buyers.

Cells, row sums and column sums are three answers of the same question, cut by both sides, by the seller's and by the buyer's; so
what is withheld of one is withheld by the same rule as in any other answer, and of the sums also what would tell of a cell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from market.statistics.answers import Reader, answer
from market.statistics.points import Point
from market.statistics.question import Question
from market.statistics.weighing import weigh
from market.store.session import Unit

LEVELS = ("province", "league", "banner")
"""How finely a side is told apart; outside the home province always by province."""
COMMON = (
    *("period", "basis", "region", "filters", "definition", "definition_version", "as_of", "suppressed_below"),
    *("synthetic", "synthetic_note", "totals"),
)
"""What a matrix takes over from the answer that its cells are."""


def sides(seller: str, buyer: str) -> tuple[str, str]:
    """The two cuts of a matrix from sellers at one level to buyers at another."""
    return f"seller_{seller}", f"buyer_{buyer}"


def flows(unit: Unit, question: Question, reader: Reader, at: Point) -> dict[str, Any]:
    """The matrix of a question that is cut by `sides`.

    Under `involved` the row of a home place sums to its output and its column to what it absorbed; every cell counts once.
    """
    seller, buyer = question.by
    cells = answer(unit, question, reader, at)
    weighed = weigh(unit, question, at, reader.floor)
    rows, columns = (
        answer(unit, replace(question, by=(cut,)), reader, at, weighed.beside(place))
        for place, cut in enumerate(question.by)
    )
    return {
        **{name: cells[name] for name in COMMON},
        "from": seller.removeprefix("seller_"),
        "to": buyer.removeprefix("buyer_"),
        "rows": [_side(group, seller) for group in rows["groups"]],
        "columns": [_side(group, buyer) for group in columns["groups"]],
        "cells": [{**group, "from": group["key"][seller], "to": group["key"][buyer]} for group in cells["groups"]],
    }


def _side(group: dict[str, Any], cut: str) -> dict[str, Any]:
    return {**group, "key": group["key"][cut], "label": group["label"][cut]}
