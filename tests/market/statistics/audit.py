"""An auditor who knows nothing of the rule: can any combination of sums be about too few contracts?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

PRIME = 2**61 - 1


def rank(rows: Iterable[Iterable[int]]) -> int:
    """Rank over a large prime field."""
    basis: list[list[int]] = []
    for row in rows:
        left = [value % PRIME for value in row]
        for known in basis:
            pivot = next(place for place, value in enumerate(known) if value)
            if left[pivot]:
                factor = left[pivot]
                left = [(value - factor * other) % PRIME for value, other in zip(left, known, strict=True)]
        lead = next((value for value in left if value), 0)
        if lead:
            inverse = pow(lead, -1, PRIME)
            basis.append([value * inverse % PRIME for value in left])
    return len(basis)


def told(sums: Iterable[dict[str, int]], contracts: Iterable[str], least: int) -> Iterator[tuple[str, ...]]:
    """Sets of fewer than `least` contracts about which some combination of the sums tells something, and of nothing else.

    A sum says how often it counts each contract. A combination is about those contracts alone exactly when leaving them out
    lowers the rank.
    """
    everyone = sorted(contracts)
    table = [[sum_.get(contract, 0) for contract in everyone] for sum_ in sums]
    alike: dict[tuple[int, ...], list[str]] = {}
    for contract, column in zip(everyone, zip(*table, strict=True), strict=True) if table else ():
        alike.setdefault(column, []).append(contract)
    columns = list(alike)
    whole = rank(zip(*columns, strict=True)) if columns else 0
    for number in range(1, least):
        for left_out in combinations(columns, number):
            if sum(len(alike[column]) for column in left_out) < least:
                kept = [column for column in columns if column not in left_out]
                if rank(zip(*kept, strict=True)) < whole:
                    yield tuple(contract for column in left_out for contract in alike[column])
