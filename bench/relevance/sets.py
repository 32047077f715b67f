"""The sets relevance is measured with, how a market is filled with one, and the measures.

A set's offers become achievements and its demands demands; its tags become a scheme of their own, which exists in the measured
market only. A demand's `self` is the offer it was made from and is dropped from every ranking.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from market.access import SYSTEM, Actor, Role
from market.fields.actions import renew, replace_scheme
from market.listings.actions import post_all
from market.store.session import Database, Unit

HERE = Path(__file__).parent
SETS = ("csl_zh_kw", "sbir_en")
SCHEME = "relevance"
MEASURES = ("nDCG@10", "recall@20", "MRR")
LOOKED_AT = 100
"""Matches asked for; the measures look at fewer."""
_RESAMPLES = 1_000


@dataclass(frozen=True)
class RelevanceSet:
    """Offers, demands, and by demand the relevant offers."""

    name: str
    offers: list[dict[str, Any]]
    demands: list[dict[str, Any]]
    relevant: dict[str, set[str]]

    @classmethod
    def read(cls, name: str) -> RelevanceSet:
        """A set by its name."""
        offers, demands, pairs = (_rows(HERE / f"{name}.{part}.jsonl.gz") for part in ("offers", "demands", "qrels"))
        relevant: dict[str, set[str]] = defaultdict(set)
        for pair in pairs:
            relevant[pair["demand"]].add(pair["offer"])
        return cls(name, offers, demands, dict(relevant))

    def load(self, database: Database, owners: tuple[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Post everything as two members; the ids of demands by theirs, and theirs of offers by ids."""
        database.write(SYSTEM, self._load_tags)
        university, enterprise = Actor(Role.UNIVERSITY, owners[0]), Actor(Role.ENTERPRISE, owners[1])
        offers = database.write(university, lambda unit: post_all(unit, "achievement", self._listings(self.offers)))
        demands = database.write(enterprise, lambda unit: post_all(unit, "demand", self._listings(self.demands)))
        return (
            {each["id"]: row["id"] for each, row in zip(self.demands, demands, strict=True)},
            {row["id"]: each["id"] for each, row in zip(self.offers, offers, strict=True)},
        )

    def _codes(self) -> dict[str, str]:
        tags = sorted({tag for each in [*self.offers, *self.demands] for tag in each["tags"]})
        return {tag: f"{number:04d}" for number, tag in enumerate(tags)}

    def _load_tags(self, unit: Unit) -> None:
        origin = {"source": "the relevance sets", "status": "proposed"}
        names = {"name_zh": "测试标签", "name_en": "Tags of a relevance set"}
        fields = [
            {
                **origin,
                "tag": f"{SCHEME}:{code}",
                "scheme": SCHEME,
                "code": code,
                "parent": None,
                "name_zh": tag[:100],
                "name_en": tag[:100],
            }
            for tag, code in self._codes().items()
        ]
        replace_scheme(unit, {**origin, **names, "scheme": SCHEME, "edition": "1", "note": ""}, fields, [])
        renew(unit)

    def _listings(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        codes = self._codes()
        return [
            {
                "title": row["title"],
                "summary": row["summary"] or "—",  # a market wants one; this one has no word in it
                "fields": [f"{SCHEME}:{codes[tag]}" for tag in row["tags"]],
                "negotiable": True,
                "publish": True,
            }
            for row in rows
        ]

    def judged(self, rank: Callable[[Mapping[str, Any]], list[str]]) -> dict[str, list[float]]:
        """By measure its value for each demand that has a relevant offer."""
        values: dict[str, list[float]] = {measure: [] for measure in MEASURES}
        for demand in self.demands:
            if wanted := self.relevant.get(demand["id"]):
                ranked = [offer for offer in rank(demand) if offer != demand.get("self")]
                for measure, value in zip(MEASURES, _measured(ranked, wanted), strict=True):
                    values[measure].append(value)
        return values

    def random(self) -> Callable[[Mapping[str, Any]], list[str]]:
        """A ranking by chance."""
        random, ids = Random(7), [offer["id"] for offer in self.offers]
        return lambda demand: random.sample(ids, len(ids))

    def bm25(self) -> Callable[[Mapping[str, Any]], list[str]]:
        """The textbook's BM25 on title and text, apart from the service: k1 1.2, b .75, words and pairs of characters."""
        texts = {offer["id"]: Counter(_terms(offer)) for offer in self.offers}
        lengths = {offer: sum(terms.values()) for offer, terms in texts.items()}
        mean = sum(lengths.values()) / len(lengths)
        having = Counter(term for terms in texts.values() for term in terms)

        def rank(demand: Mapping[str, Any]) -> list[str]:
            wanted = Counter(_terms(demand))
            scores = {}
            for offer, terms in texts.items():
                total = 0.0
                for term in wanted.keys() & terms.keys():
                    idf = math.log(1 + (len(texts) - having[term] + 0.5) / (having[term] + 0.5))
                    saturated = terms[term] + 1.2 * (0.25 + 0.75 * lengths[offer] / mean)
                    total += wanted[term] * idf * 2.2 * terms[term] / saturated
                scores[offer] = total
            return sorted(scores, key=lambda offer: (-scores[offer], offer))

        return rank


def interval(values: Sequence[float]) -> tuple[float, float]:
    """What 95 in a hundred resamples of the demands lie in."""
    random = Random(11)
    means = sorted(sum(random.choices(values, k=len(values))) / len(values) for _ in range(_RESAMPLES))
    return means[_RESAMPLES // 40], means[-_RESAMPLES // 40 - 1]


def mean(values: Sequence[float]) -> float:
    """The average."""
    return sum(values) / len(values)


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _measured(ranked: Sequence[str], wanted: set[str]) -> tuple[float, float, float]:
    gain = sum(1 / math.log2(place + 2) for place, offer in enumerate(ranked[:10]) if offer in wanted)
    best = sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted))))
    found = len(wanted.intersection(ranked[:20])) / len(wanted)
    first = next((1 / place for place, offer in enumerate(ranked, 1) if offer in wanted), 0.0)
    return gain / best, found, first


def _terms(row: Mapping[str, Any]) -> list[str]:
    terms: list[str] = []
    for chinese, word in re.findall(r"([\u4e00-\u9fff]+)|([a-z0-9]+)", f"{row['title']}\n{row['summary']}".lower()):
        terms += [word] if word else ["".join(pair) for pair in pairwise(chinese)]
    return terms
