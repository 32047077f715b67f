"""Links from figures to the contracts they count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from api.statistics.asking import Asked

CONTRACTS = "/v1/statistics/contracts"


def linked(answer: dict[str, Any], asked: Asked, as_of: str | None) -> dict[str, Any]:
    """The answer with a link to the contracts behind its totals, groups and subtotals: the same question, narrowed to the key."""
    link = _linker(answer, asked, as_of)
    answer["totals"]["contracts"] = link({})
    for row in (*answer["groups"], *answer["subtotals"]):
        row["contracts"] = link(row["key"])
    return answer


def linked_flows(answer: dict[str, Any], asked: Asked, as_of: str | None) -> dict[str, Any]:
    """The matrix with such links behind its totals, sums and cells."""
    link, (seller, buyer) = _linker(answer, asked, as_of), asked.question.by
    answer["totals"]["contracts"] = link({})
    for cut, sums in ((seller, answer["rows"]), (buyer, answer["columns"])):
        for row in sums:
            row["contracts"] = link({cut: row["key"]})
    for cell in answer["cells"]:
        cell["contracts"] = link({seller: cell["from"], buyer: cell["to"]})
    return answer


def _linker(answer: dict[str, Any], asked: Asked, as_of: str | None) -> Callable[[dict[str, str | None]], str]:
    question, period = asked.question, answer["period"]
    span = period["first"] if period["first"] == period["last"] else f"{period['first']}..{period['last']}"
    plain = {"period": span, "basis": question.basis, "region": question.region}
    if as_of is not None:
        plain["as_of"] = as_of

    def link(key: dict[str, str | None]) -> str:
        narrowed = {name: [value] for name, value in key.items() if value is not None}
        filters = {name: list(values) for name, values in question.filters} | narrowed
        return f"{CONTRACTS}?{urlencode({**plain, **filters}, doseq=True)}"

    return link
