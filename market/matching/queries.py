"""Which listings of the other kind fit one of the caller's or a published one, best first, each with its reasons.

Every published listing that shares a word or a related tag is scored in full by `market.search`; the rest of the score, and the
reasons, are made here. `why` explains any pair by the same sums. Ranking: score, then the newer first publication, then the
greater id. Nothing an owner pays or an operator sets has a part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from market.access import Permission
from market.fields.queries import catalogue
from market.listings.finding import field_mark, owner_mark, text_of
from market.listings.queries import by_ids, find
from market.listings.states import LIVE
from market.matching.scoring import (
    FRESH,
    FULL,
    WEIGHTS,
    Reach,
    conditions,
    day_of,
    freshness,
    rarity,
    reaches,
    shared_tags,
    shared_words,
)
from market.places.queries import tree
from market.search.terms import normal, runs_of, terms_of
from market.store.session import Unit
from market.store.types import today

if TYPE_CHECKING:
    from market.search.queries import Hit, Index, Numbers, Section

OTHER = {"achievement": "demand", "demand": "achievement"}
MODES = tuple(WEIGHTS)
RANKER = "2026-11"
"""Told in every answer; another one whenever the same listings might be ranked otherwise."""
MOST_WORDS = 12
"""Named among the reasons; what the others weigh is told in one."""
_DEPTHS = 64
_ROUNDED = 2e-6
"""By so much two scores may differ that are the same in millionths."""


def matches(unit: Unit, kind: str, listing_id: str, *, mode: str, limit: int, language: str) -> dict[str, Any]:
    """The best `limit` listings of the other kind for one the caller may see, with score and reasons; run in a snapshot."""
    question = Question(unit, find(unit, kind, listing_id), mode)
    hits = question.best(limit)
    rows = by_ids(unit, [hit.listing_id for hit, _ in hits])
    items = [question.told(rows[hit.listing_id], words, language) for hit, words in hits if hit.listing_id in rows]
    return {"items": items, "next": None, "ranker": RANKER, "mode": mode}


def why(unit: Unit, kind: str, listing_id: str, other_id: str, *, mode: str, language: str) -> dict[str, Any]:
    """Score and reasons of one pair, both of which the caller may see, listed or not; run in a snapshot."""
    own, other = find(unit, kind, listing_id), find(unit, OTHER[kind], other_id)
    question = Question(unit, own, mode)
    told = question.told(other, question.words_of(other), language)
    together = own["owner"] is not None and own["owner"] == other["owner"]
    fits = any(reason["kind"] not in ("freshness", "condition") for reason in told["reasons"])
    listed = other["state"] in LIVE and not together and fits
    return {**told, "listed": listed, "ranker": RANKER, "mode": mode}


class Question:
    """What fits one listing, and why: its tags and words with what each of them tells among the listings of the other kind."""

    def __init__(self, unit: Unit, own: Mapping[str, Any], mode: str) -> None:
        from market.search.queries import Index

        self.own, self.actor, self.day = own, unit.actor, today()
        with_words, self.tag_weight = WEIGHTS[mode]
        self.fields, self.places = catalogue(unit), tree(unit)
        self.index: Index = Index(unit, [OTHER[own["kind"]]])
        tags = self.fields.without_ancestors(own["fields"]) if self.tag_weight else []
        self.reaches: dict[str, list[Reach]] = {tag: list(reaches(self.fields, tag)) for tag in tags}
        marks = [field_mark(reach.tag) for found in self.reaches.values() for reach in found]
        self.index.read([*marks, *self._left_out()])
        having = self.index.having([field_mark(tag) for tag in tags])
        self.rarities = {tag: rarity(self.index.documents, having[field_mark(tag)]) for tag in tags}
        self.full = max(1, sum(self.rarities.values()) * FULL)
        self.worths = [
            [(field_mark(reach.tag), _worth(self.rarities[tag], reach)) for reach in found]
            for tag, found in self.reaches.items()
        ]
        text = normal(text_of(own)) if with_words else ""
        self.shares = self.index.shares(terms_of(text))
        self.runs = [
            tuple(run) for terms in runs_of(text) for counts, run in groupby(terms, self.shares.__contains__) if counts
        ]
        self.runs_with: dict[str, list[int]] = {}
        for number, run in enumerate(self.runs):
            for term in run:
                self.runs_with.setdefault(term, []).append(number)

    def _left_out(self) -> list[str]:
        """Marks of the owner's other listings: a gap must not tell a stranger whose an anonymous listing is."""
        owner = self.own["owner"]
        if owner is None:
            return []
        known = owner["id"] == self.actor.organisation or self.actor.may(Permission.SEE_ALL_LISTINGS)
        return [owner_mark(owner["id"], anonymous=hidden) for hidden in ((False, True) if known else (False,))]

    def best(self, limit: int) -> list[tuple[Hit, Mapping[str, float]]]:
        """The best `limit` of all that fit, in order, each with the words it shares and what they add to its score.

        Freshness adds little, so it is computed only for what may still come among the best with it.
        """
        import numpy as np

        from market.search.queries import Ranking

        scores: list[tuple[Section, Numbers, Numbers]] = []
        known = np.zeros(0)
        least = 0.0
        for section in self.index.sections:
            fitting = section.live.copy()
            for mark in self._left_out():
                if mark in section.packed:
                    fitting[section.posting(mark)[0]] = False
            total = self._score(section)
            ids = np.flatnonzero(total > least)
            ids = ids[fitting[ids]]
            days = (day_of(self.day) - day_of(section.born[ids].astype(np.int64))).clip(0)
            fresh = _freshnesses(int(days.max(initial=0)) // 1000 + 1)[days]
            scores.append((section, ids, total[ids] + fresh))
            known = np.concatenate([known, scores[-1][2]])
            if len(known) > limit:
                known = np.partition(known, -limit)[-limit:]
                least = max(0.0, known[0] - FRESH - _ROUNDED)
        hits = Ranking(self.index, scores).take(limit)
        words: dict[Hit, Mapping[str, float]] = {}
        for section in self.index.sections if self.shares else ():
            here = [hit for hit in hits if hit.section is section]
            numbers = [hit.number for hit in here]
            words |= zip(here, self.index.shared(section, self.shares, numbers), strict=True)
        return [(hit, words.get(hit, {})) for hit in hits]

    def _score(self, section: Section) -> Numbers:
        """The score of each document of a section, but for its freshness."""
        text = self.index.text_scores(section, self.shares)
        return text + self.tag_weight * (self._tag_scores(section) / self.full) if self.reaches else text

    def _tag_scores(self, section: Section) -> Numbers:
        """Rarity times closeness of the nearest tag, summed over the own tags; whole numbers."""
        import numpy as np

        total = np.zeros(len(section.live), np.int64)
        for found in self.worths:
            best = np.zeros(len(total), np.int64)
            for mark, worth in found:
                if mark in section.packed:
                    ids, depths = section.posting(mark)
                    best[ids] = np.maximum(best[ids], worth[depths])
            total += best
        return total

    def words_of(self, other: Mapping[str, Any]) -> Mapping[str, float]:
        """The words a listing shares, found in its text, each with what it adds to the score."""
        from market.search.queries import covered

        return covered(self.index, self.shares, normal(text_of(other))) if self.shares else {}

    def told(self, other: Mapping[str, Any], words: Mapping[str, float], language: str) -> dict[str, Any]:
        """Score and reasons of one listing by the words it shares, by the same sums as in the ranking."""
        tags = shared_tags(self.fields, self.reaches, self.rarities, other["fields"])
        first = other["first_published_at"] or other["published_at"]
        age = 0 if first is None else max(0, day_of(self.day) - day_of(first // 1_000_000))
        fresh = 0.0 if first is None else freshness(age)
        score = sum(words.values()) + self.tag_weight * (sum(each.weight for each in tags) / self.full)
        score = score + (fresh if words or tags else 0.0)
        reasons: list[dict[str, Any]] = []
        for shared in tags:
            field = self.fields.find(shared.tag)
            reasons.append(
                {
                    "kind": "tag",
                    "tag": shared.tag,
                    "own_tag": shared.own,
                    "relation": shared.relation,
                    "weight": round(self.tag_weight * shared.weight / self.full, 6),
                    "label": field and field.label(language),
                }
            )
        reasons += self._words(words, other)
        if (words or tags) and first is not None:
            reasons.append({"kind": "freshness", "days": age, "weight": round(fresh, 6)})
        pair = {self.own["kind"]: self.own, other["kind"]: other}
        judged = conditions(pair["achievement"], pair["demand"], self.places)
        reasons += [{"kind": "condition", **condition, "weight": 0} for condition in judged]
        return {other["kind"]: other, "score": round(score * 1_000_000) / 1_000_000, "reasons": reasons}

    def _words(self, words: Mapping[str, float], other: Mapping[str, Any]) -> list[dict[str, Any]]:
        numbers = sorted({number for word in words for number in self.runs_with.get(word, ())})
        found = shared_words([self.runs[number] for number in numbers], normal(text_of(other)), words) if words else []
        told = [{"kind": "word", "word": word, "weight": round(weight, 6)} for word, weight in found[:MOST_WORDS]]
        rest = found[MOST_WORDS:]
        if rest:
            told.append({"kind": "words", "many": len(rest), "weight": round(sum(weight for _, weight in rest), 6)})
        return told


@cache
def _freshnesses(thousands: int) -> Numbers:
    """What every number of days below so many thousands adds."""
    import numpy as np

    return np.array([freshness(days) for days in range(1000 * thousands)])


def _worth(rare: int, reach: Reach) -> Numbers:
    """What the own tag is worth by how far above a tag of the candidate the reached one lies."""
    import numpy as np

    worth = np.right_shift(rare * reach.closeness, np.arange(_DEPTHS))
    worth[reach.deepest + 1 :] = 0
    return worth
