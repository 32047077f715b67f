"""How well an achievement (科技成果) and a demand (技术需求) fit, and why; pure, no database.

Score = share of one's own text that is covered (0 to 1) + `WEIGHTS` × share of one's own tags that is covered (0 to 1)
+ freshness. Each tag of the listing one asks for counts by how rare it is on the other side, times how close the nearest tag of
the candidate is; each word by how rare it is (see `market.search.queries`). Nothing depends on the other candidates but the
numbers of listings with a tag or word.

Mode, place, maturity, money and date are told, not scored: a person decides what a missed condition is worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from market.fields.queries import Fields
from market.places.queries import Places
from market.store.types import yuan

FULL = 10 << 12
"""Closeness of the same tag; tenths of it stay whole when they are halved a dozen times."""
CLOSENESS = {
    "exact": FULL * 8 // 10,
    "close": FULL * 4 // 10,
    "broader": FULL * 3 // 10,
    "narrower": FULL * 3 // 10,
    "related": FULL * 2 // 10,
}
"""Closeness of a cross-walked tag: only an exact one stands before a tag one step away in the same scheme (a half).

These tenths, and the halving for every step up or down a scheme, are our design: no evidence stands behind them.
"""
WEIGHTS = {"tags": (False, 1), "balanced": (True, 0.05), "text": (True, 0)}
"""Whether the text counts (in full) and what the tags weigh in each mode."""
FRESH, HALF_LIFE = 0.01, 365
"""What the day of its first publication adds to a listing, and the days in which that halves."""
LEAST_RARITY = 1_000
"""A tag that everybody has still counts for a little."""
_ANY_DEPTH = 12
_EAST = 8 * 3_600


@dataclass(frozen=True, slots=True)
class Reach:
    """A tag under which candidates for the own tag are found, if it lies at most `deepest` steps above a tag of theirs."""

    own: str
    tag: str
    relation: str
    closeness: int
    deepest: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A tag of one's own and the tag of the candidate that is closest to it; `weight` is rarity times closeness."""

    own: str
    tag: str
    relation: str
    weight: int


def rarity(total: int, having: int) -> int:
    """How much a tag tells, in millionths, when `having` of `total` listings have it or one below it (idf of BM25)."""
    return max(LEAST_RARITY, round(1_000_000 * math.log(1 + (total - having + 0.5) / (having + 0.5))))


def day_of(moment: Any) -> Any:
    """The number of a civil date (China Standard Time); of a day, or of seconds, also of an array of them."""
    if isinstance(moment, date):
        return moment.toordinal() - date(1970, 1, 1).toordinal()
    return (moment + _EAST) // 86_400


def freshness(days: int) -> float:
    """What so many days since its first publication add to the score."""
    added: float = FRESH * 2 ** (-days / HALF_LIFE)
    return added


def shared_words(own: Sequence[tuple[str, ...]], other: str, weights: Mapping[str, float]) -> list[tuple[str, float]]:
    """The shared terms as words a person finds in both texts, the heaviest first. `own`: runs of terms; `other`: a text.

    Neighbouring pairs of characters are joined as long as the joined word stands in the other text; each counts once.
    """
    left = dict(weights)
    found: list[tuple[str, float]] = []
    for run in own:
        word = ""
        for term in run:
            longer = word + term[1:] if word else term
            if word and (term not in left or longer not in other):
                word, longer = "", term
            if term in left:
                if word:
                    found[-1] = longer, found[-1][1] + left.pop(term)
                else:
                    found.append((longer, left.pop(term)))
                word = longer
    return sorted(found, key=lambda each: (-each[1], each[0]))


def reaches(fields: Fields, own: str) -> Iterator[Reach]:
    """Every tag that counts for the own one: itself and what lies below, what lies above, and across the cross-walks.

    Across a cross-walk one may climb before it or descend after it, not both: that would relate cousins.
    """
    for steps, above in enumerate(fields.lineage(own)):
        deepest = 0 if steps else _ANY_DEPTH
        yield Reach(own, above, "ancestor" if steps else "same", FULL >> steps, deepest)
        for tag, relation in fields.related(above):
            yield Reach(own, tag, relation, CLOSENESS[relation] >> steps, deepest)


def shared_tags(
    fields: Fields, reached: Mapping[str, Sequence[Reach]], rarities: Mapping[str, int], candidate: Iterable[str]
) -> list[Shared]:
    """For each own tag its closest tag of the candidate, the heaviest first; own tags without one are left out."""
    lineages = {tag: fields.lineage(tag) for tag in candidate}
    found = []
    for own, rare in rarities.items():
        best = None
        for reach in reached[own]:
            for tag, lineage in lineages.items():
                depth = lineage.index(reach.tag) if reach.tag in lineage else _ANY_DEPTH + 1
                worth = rare * reach.closeness >> depth
                if depth <= reach.deepest and (best is None or worth > best.weight):
                    below = reach.relation == "same" and depth > 0
                    best = Shared(own, tag, "descendant" if below else reach.relation, worth)
        if best is not None:
            found.append(best)
    return sorted(found, key=lambda each: -each.weight)


def conditions(achievement: Mapping[str, Any], demand: Mapping[str, Any], places: Places) -> list[dict[str, Any]]:
    """Which conditions are met, missed or unknown, each with the facts it was judged by."""
    return [
        _modes(achievement["modes"], demand["modes"]),
        _place(achievement["place"], demand["place"], places),
        _maturity(achievement["maturity"], demand["maturity"]),
        _money(achievement["amount_fen"], demand["amount_fen"]),
        _date(achievement["ready_on"], demand["ready_on"]),
    ]


def _modes(offered: list[str], wanted: list[str]) -> dict[str, Any]:
    both = [mode for mode in offered if mode in wanted]
    return _condition("mode", bool(both) if offered and wanted else None, ", ".join(both) or None)


def _place(one: str | None, other: str | None, places: Places) -> dict[str, Any]:
    if one is None or other is None:
        return _condition("place", None, None)
    theirs = places.lineage(other)
    shared = next((places.find(code) for code in places.lineage(one) if code in theirs), None)
    if shared is None:
        return _condition("place", False, f"{one}, {other}")
    return _condition("place", True, f"{shared.level} {shared.code}")


def _maturity(reached: int | None, least: int | None) -> dict[str, Any]:
    if reached is None or least is None:
        return _condition("maturity", None, None)
    return _condition("maturity", reached >= least, f"{reached} {'>=' if reached >= least else '<'} {least}")


def _money(price: int | None, budget: int | None) -> dict[str, Any]:
    if price is None or budget is None:
        return _condition("money", None, None)
    return _condition("money", price <= budget, f"{yuan(price)} {'<=' if price <= budget else '>'} {yuan(budget)}")


def _date(available: date | None, needed: date | None) -> dict[str, Any]:
    if available is None or needed is None:
        return _condition("date", None, None)
    return _condition("date", available <= needed, f"{available} {'<=' if available <= needed else '>'} {needed}")


def _condition(name: str, met: bool | None, detail: str | None) -> dict[str, Any]:
    state = "unknown" if met is None else "met" if met else "missed"
    return {"condition": name, "state": state, "detail": detail}
