"""`python -m bench.search [--quick | --full]`: search and matches against the same questions in plain SQL, in the same run.

Each size is a market of that many achievements: titles, and summaries of sentences drawn from 1,600 abstracts, so that terms are
as common and as rare as in real texts; tags of the shipped schemes. The plain SQL runs over the same listings: `LIKE '%…%'` over
title, summary and keywords, and for matches a GROUP BY over a table of one row a tag or ancestor, indexed, weights as values.
Times are CPU of a call, of this process and the database's (of the service and the database's over HTTP), since other work on
the machine disturbs those least: the median of one's own and the mean of the database's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import insert, text

from bench.data import FIRST_INSTANT, Market, chunks, parsed
from bench.databases import Server, postgresql, sqlite
from bench.measure import Result, plain
from bench.report import lines, write
from bench.services import PROJECT, Loaded, Request, children, cpu_seconds, serving, spent
from market.access import PUBLIC, SYSTEM, Actor, Role
from market.fields.queries import catalogue
from market.listings import actions
from market.listings.finding import Wanted, search
from market.listings.model import Listing
from market.matching.queries import matches
from market.matching.scoring import FULL, rarity, reaches
from market.organisations.actions import enrol, issue_key
from market.reference.loader import load_all
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database, Unit

DEMANDS = 60
POSTED = 10_000
"""Listings loaded through the room's own action, as an import does it: journal, entries, index and all."""


class Texts:
    """Texts as long-tailed as real ones."""

    def __init__(self) -> None:
        path = PROJECT / "bench" / "relevance" / "csl_zh_kw.offers.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            offers = [json.loads(row) for row in rows]
        self.titles = [offer["title"] for offer in offers]
        self.sentences = [
            part for offer in offers for part in re.split(r"(?<=[。;；.])", offer["summary"]) if len(part) > 9
        ]

    def draw(self, random: Random) -> dict[str, Any]:
        """A title and a summary of five sentences."""
        return {
            "title": random.choice(self.titles)[:200],
            "summary": "".join(random.choice(self.sentences) for _ in range(5)),
            "keywords": [],
        }

    def words(self, random: Random, count: int, length: int) -> list[str]:
        """Pieces of that many characters of titles, as people might look for."""
        found: list[str] = []
        while len(found) < count:
            run = random.choice(re.findall(rf"[\u4e00-\u9fff]{{{length},}}", random.choice(self.titles)) or [""])
            if run:
                start = random.randrange(len(run) - length + 1)
                found.append(run[start : start + length])
        return found


def rows(market: Market, texts: Texts, size: int, owners: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Achievements as rows of the table of listings, one in fifty a draft; then some demands."""
    random = Random("search")
    for number in range(size + DEMANDS):
        facts = parsed({**market.demand(random), **texts.draw(random)})
        facts |= {"amount_fen": facts.pop("budget"), "ready_on": facts.pop("needed_by")}
        kind = "achievement" if number < size else "demand"
        at = round((FIRST_INSTANT + timedelta(seconds=31 * number)).timestamp() * 1_000_000)
        shown = None if number % 50 == 7 and kind == "achievement" else at
        yield {
            **facts,
            "id": f"{kind[:3]}_{number:026d}",
            "kind": kind,
            "owner": random.choice(owners),
            "version": 1,
            "created_at": at,
            "updated_at": at,
            "ordered_at": at,
            "published_at": shown,
            "withdrawn_at": None,
            "first_published_at": shown,
            "tag_path": [],
            "place_path": [],
        }


def load(server: Server, market: Market, texts: Texts, size: int) -> tuple[Database, list[str], str, float]:
    """A market of `size` achievements; the ids of its demands, a key, and the seconds the index took."""
    database = Database(server.create(f"search_{size}"))
    owners: list[str] = []
    keys: list[str] = []

    def begin(unit: Unit) -> None:
        set_up(unit.connection, "demo")
        load_all(unit)
        for member in market.members[1:]:
            owners.append(enrol(unit, member.facts)["id"])
        keys.append(issue_key(unit, owners[0], label="bench")[1])

    upgrade(database)
    database.write(SYSTEM, begin)
    for chunk in chunks(rows(market, texts, size, owners)):
        database.write(SYSTEM, lambda unit, these=chunk: unit.execute(insert(Listing), these))
    started = time.perf_counter()
    database.write(SYSTEM, actions.reindex)
    seconds = time.perf_counter() - started
    database.write(SYSTEM, _plain_tables)
    server.tidy(str(database.engine.url.render_as_string(hide_password=False)).replace("+psycopg", ""))
    return database, [f"dem_{number:026d}" for number in range(size, size + DEMANDS)], keys[0], seconds


def _plain_tables(unit: Unit) -> None:
    """What a plain GROUP BY runs over: a row for each tag or ancestor of a published achievement."""
    unit.execute(
        text("CREATE TABLE plain_tag (tag VARCHAR(80) NOT NULL, listing_id VARCHAR(40) NOT NULL, depth INTEGER)")
    )
    unit.execute(
        text(
            "INSERT INTO plain_tag SELECT tag, listing_id, depth FROM listing_entry "
            "WHERE place = '' AND tag <> '' AND kind = 'achievement'"
        )
    )
    unit.execute(text("CREATE INDEX ix_plain_tag ON plain_tag (tag, listing_id, depth)"))


def ask_search(database: Database, word: str) -> Any:
    with database.snapshot(PUBLIC) as unit:
        return search(unit, Wanted(word, ("achievement",)), limit=20)


_LIKE = (
    "SELECT id FROM listing WHERE kind = 'achievement' AND published_at IS NOT NULL AND withdrawn_at IS NULL "
    "AND (title LIKE :word OR summary LIKE :word OR keywords LIKE :word) ORDER BY published_at DESC"
)


def ask_like(database: Database, word: str, limit: str = " LIMIT 20") -> list[str]:
    with database.read(PUBLIC) as unit:
        return list(unit.execute(text(_LIKE + limit), {"word": f"%{word}%"}).scalars())


def ask_matches(database: Database, demand: str, mode: str = "balanced") -> Any:
    with database.snapshot(PUBLIC) as unit:
        return matches(unit, "demand", demand, mode=mode, limit=20, language="zh")


def group_by(database: Database, demand: str) -> Callable[[], Any]:
    """The tags' part of the score of one demand in plain SQL, weights computed beforehand."""
    with database.read(PUBLIC) as unit:
        fields = catalogue(unit)
        own = json.loads(unit.execute(text("SELECT fields FROM listing WHERE id = :id"), {"id": demand}).scalar_one())
        total = unit.execute(
            text("SELECT count(*) FROM listing WHERE kind = 'achievement' AND published_at > 0")
        ).scalar_one()
        worths = []
        for number, tag in enumerate(own):
            having = unit.execute(text("SELECT count(*) FROM plain_tag WHERE tag = :tag"), {"tag": tag}).scalar_one()
            worths += [
                f"({number}, '{reach.tag}', {rarity(total, having) * reach.closeness // FULL}, {reach.deepest})"
                for reach in reaches(fields, tag)
            ]
    statement = text(
        f"WITH reach (own, tag, worth, deepest) AS (VALUES {', '.join(worths)}) "
        "SELECT listing_id, sum(worth) AS score FROM (SELECT plain_tag.listing_id, max(reach.worth / (1 << depth)) AS worth "
        "FROM reach JOIN plain_tag ON plain_tag.tag = reach.tag AND depth <= deepest GROUP BY plain_tag.listing_id, own) AS best "
        "GROUP BY listing_id ORDER BY score DESC, listing_id DESC LIMIT 20"
    )

    def run() -> Any:
        with database.read(PUBLIC) as unit:
            return unit.execute(statement).all()

    return run


def cost(server: Server, calls: Sequence[Callable[[], Any]], service: int | None = None) -> float:
    """Milliseconds of CPU a call takes, after one was made: here (or in `service`) and in the database."""
    calls[0]()
    calls[-1]()
    others = [parent for parent in (server.process, service) if parent]
    before = [cpu_seconds(children(parent)) for parent in others]
    own = []
    for call in calls:
        started = time.process_time()
        call()
        own.append(time.process_time() - started)
    used = sum(spent(old, cpu_seconds(children(parent))) for old, parent in zip(before, others, strict=True))
    return ((0 if service else median(own)) + used / len(calls)) * 1000


def measured(server: Server, sizes: Sequence[int], market: Market, texts: Texts) -> list[Result]:
    """The lines of one engine."""
    results: list[Result] = []
    over_http: list[float] = []

    def told(name: str, size: int, ours: float, other: float, limit: float | None) -> None:
        said = f"{name}, {size:,} ({ours:.1f} ms : {other:.1f} ms)"
        results.append(Result(server.engine, said, ours / other, ours / other, ours / other, "×", limit))
        print(server.engine, said, flush=True)

    for size in sizes:
        database, demands, key, seconds = load(server, market, texts, size)
        with database:
            results.append(plain(server.engine, f"index of {size:,} made anew", seconds, " s", None))
            random = Random(1)
            for length in (2, 3, 4):
                words = texts.words(random, 30, length)
                for word in words[:10]:
                    _check_same_hits(database, word)
                ours = cost(server, [partial(ask_search, database, word) for word in words])
                like = cost(server, [partial(ask_like, database, word) for word in words])
                told(f"search of {length} characters : LIKE", size, ours, like, 0.1 if size == 100_000 else None)
            plain_sql = cost(server, [group_by(database, demand) for demand in demands])
            limit = {100_000: 0.25, 1_000_000: 0.1}.get(size)
            for mode in ("tags", "balanced", "text"):
                ours = cost(server, [partial(ask_matches, database, demand, mode) for demand in demands])
                told(
                    f"matches, {mode} : GROUP BY of tags alone",
                    size,
                    ours,
                    plain_sql,
                    limit if mode != "text" else None,
                )
        url = str(database.engine.url.render_as_string(hide_password=False)).replace("+psycopg", "")
        with serving(Loaded("ours", size, url, {}, {"any": key})) as service:
            calls = [Request("GET", f"/v1/demands/{demand}/matches", "any") for demand in demands]
            over_http.append(cost(server, [partial(service.answer, call) for call in calls], service.process))
    small, large = over_http[0], over_http[-1]
    said = f"matches over HTTP, {sizes[-1]:,} to {sizes[0]:,} ({large:.1f} ms : {small:.1f} ms)"
    results.append(Result(server.engine, said, large / small, large / small, large / small, "×", 4))
    results.append(
        plain(server.engine, f"{POSTED:,} listings loaded", posting_seconds(server, market, texts), " s", 60)
    )
    return results


def _check_same_hits(database: Database, word: str) -> None:
    """The pages of a search hold what LIKE finds."""
    wanted, found, cursor = set(ask_like(database, word, "")), set(), None
    with database.snapshot(PUBLIC) as unit:
        while True:
            page = search(unit, Wanted(word, ("achievement",)), limit=100, cursor=cursor)
            found |= {hit.listing_id for hit, _ in page.hits}
            cursor = page.next
            if cursor is None or len(found) >= 2_000:
                break
    if not (found == wanted or (cursor is not None and found < wanted)):
        raise RuntimeError(f"{word}: {len(found)} found, {len(wanted)} by LIKE")


def posting_seconds(server: Server, market: Market, texts: Texts) -> float:
    """How long it takes to load listings, a few hundred in a unit."""
    with Database(server.create("posting")) as database:
        upgrade(database)
        database.write(SYSTEM, lambda unit: (set_up(unit.connection, "demo"), load_all(unit)))
        owner = database.write(SYSTEM, lambda unit: enrol(unit, market.members[1].facts)["id"])
        given = [
            {name: row[name] for name in actions.FACTS if name in row} | {"publish": True}
            for row in rows(market, texts, POSTED, [owner])
        ]
        actor = Actor(Role.UNIVERSITY, owner, place="150100")
        started = time.perf_counter()
        for start in range(0, POSTED, 250):
            database.write(
                actor, lambda unit, start=start: actions.post_all(unit, "achievement", given[start : start + 250])
            )
        return time.perf_counter() - started


def main() -> None:
    """Measure, print, write var/bench-search.json."""
    parser = argparse.ArgumentParser(prog="python -m bench.search")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--quick", action="store_true")
    choice.add_argument("--full", action="store_true")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    market, texts = Market(), Texts()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="market-bench-") as directory:
        for opened in (sqlite, postgresql):
            if given.engine in (None, opened.__name__):
                sizes = (2_000, 10_000) if given.quick else (10_000, 100_000)
                if given.full and opened is postgresql:
                    sizes = (10_000, 100_000, 1_000_000)
                with opened(Path(directory)) as server:
                    results += measured(server, sizes, market, texts)
    print("\n" + "\n".join(lines(results)))
    write(PROJECT / "var" / "bench-search.json", {"plan": vars(given)}, results)


if __name__ == "__main__":
    main()
