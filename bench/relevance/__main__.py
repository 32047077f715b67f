"""`make relevance`: how good the matches are, asked of the running service over HTTP, beside baselines.

Each set is loaded into a market of its own on SQLite (`--engine postgresql` for the other; the ranking is the same, which a test
holds). Baselines: chance, the service by tags alone, and a plain BM25 on title and text computed here. Intervals are 95 in a
hundred resamples of the demands. `--write` puts the figures into `figures.json`, which CI holds every ranker against.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from bench.data import Market
from bench.databases import Server, postgresql, sqlite
from bench.relevance.sets import HERE, LOOKED_AT, SETS, RelevanceSet, interval, mean
from bench.services import Loaded, Request, Service, serving
from market.access import SYSTEM
from market.matching.queries import MODES
from market.organisations.actions import enrol, issue_key
from market.reference.loader import load_all
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database, Unit

FIGURES = HERE / "figures.json"
Values = dict[str, list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.relevance")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="market-relevance-") as directory:
        opened = sqlite if given.engine == "sqlite" else postgresql
        with opened(Path(directory)) as server:
            for name in SETS:
                values = measured(server, RelevanceSet.read(name))
                tell(name, values)
                figures[name] = {who: {m: round(mean(v), 4) for m, v in of.items()} for who, of in values.items()}
    if given.write:
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


def measured(server: Server, relevance: RelevanceSet) -> dict[str, Values]:
    """By ranking and measure the values of all demands."""
    url = server.create(relevance.name)
    with Database(url) as database:
        upgrade(database)
        owners, key = database.write(SYSTEM, _begin)
        demands, offers = relevance.load(database, owners)
    values = {"random": relevance.judged(relevance.random()), "BM25": relevance.judged(relevance.bm25())}
    with serving(Loaded("ours", len(offers), url, {}, {"any": key})) as service:
        for mode in MODES:
            values[mode] = relevance.judged(_asked(service, demands, offers, mode))
    return values


def _begin(unit: Unit) -> tuple[tuple[str, str], str]:
    set_up(unit.connection, "demo")
    load_all(unit)
    first, second = (enrol(unit, member.facts)["id"] for member in Market().members[1:3])
    return (first, second), issue_key(unit, first, label="relevance")[1]


def _asked(
    service: Service, demands: Mapping[str, str], offers: Mapping[str, str], mode: str
) -> Callable[[Mapping[str, Any]], list[str]]:
    def rank(demand: Mapping[str, Any]) -> list[str]:
        path = f"/v1/demands/{demands[demand['id']]}/matches?mode={mode}&limit={LOOKED_AT}"
        return [offers[match["achievement"]["id"]] for match in service.answer(Request("GET", path, "any"))["items"]]

    return rank


def tell(name: str, values: Mapping[str, Values]) -> None:
    """Print a set's table."""
    print(f"\n{name} ({len(next(iter(values['BM25'].values())))} demands)")
    for who, of in values.items():
        print(f"  {who:9}", *(f"{measure} {_with_interval(each)}" for measure, each in of.items()), sep="  ")
    first, second = values["balanced"]["nDCG@10"], values["BM25"]["nDCG@10"]
    gains = [one - other for one, other in zip(first, second, strict=True)]
    print(f"  balanced over BM25: nDCG@10 {_with_interval(gains)}; on random halves {_halves(gains)}")


def _with_interval(each: Sequence[float]) -> str:
    low, high = interval(each)
    return f"{mean(each):+.3f} [{low:+.3f}, {high:+.3f}]".replace("+", "" if min(each) >= 0 else "+")


def _halves(gains: Sequence[float]) -> str:
    """The gain on ten random halves of the demands, least and most: the parameters were not chosen on them."""
    random = Random(3)
    found = sorted(mean(random.sample(gains, len(gains) // 2)) for _ in range(10))
    return f"{found[0]:+.3f} to {found[-1]:+.3f}"


if __name__ == "__main__":
    main()
