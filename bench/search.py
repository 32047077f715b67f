"""`python -m bench.search [--quick | --full]`: search and matches against the same questions in plain SQL, in the same run.

Each size is a market of that many achievements: titles, and summaries of sentences drawn from 1,600 abstracts, so that terms are
as common and as rare as in real texts; tags of the shipped schemes. The plain SQL answers the same question over the same
listings, or the run fails: `LIKE '%…%'` over title, summary and keywords with the same hits; and for matches a GROUP BY over
narrow covering tables of tags and of terms, weights as values, with the same twenty. Ours also reads the twenty listings and
tells the reasons. Times are CPU of a call, of this process and the database's (of the service and the database's over HTTP),
since other work on the machine disturbs those least: the median of one's own and the mean of the database's.
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

import numpy as np
from sqlalchemy import BigInteger, Double, insert, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.data import FIRST_INSTANT, Market, chunks, parsed
from bench.databases import Server, postgresql, sqlite
from bench.measure import Result, plain
from bench.report import lines, write
from bench.services import PROJECT, Loaded, Request, children, cpu_seconds, serving, spent
from market.access import PUBLIC, SYSTEM, Actor, Role
from market.listings import actions
from market.listings.actions import _document, _with_paths
from market.listings.finding import Wanted, search
from market.listings.model import Listing
from market.listings.queries import find
from market.matching.queries import Question, matches
from market.matching.scoring import FRESH, HALF_LIFE, day_of
from market.organisations.actions import enrol, issue_key
from market.reference.loader import load_all
from market.search.actions import Document
from market.search.model import SearchDocument, SearchPosting, SearchSegment, SearchState
from market.search.queries import Index
from market.search.segments import MOST_DOCUMENTS, rebuild
from market.store.dialect import load_rows
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database, Unit
from market.store.types import Code, today

TYPICAL, COMMON = 30, 10
"""Demands with one to three tags of their own, and demands with five of the commonest tags there are."""
POSTED = 10_000
"""Listings loaded through the room's own action, as an import does it: journal, entries, index and all."""
MODES = ("tags", "balanced")
DRAWN = 100_000
"""So many achievements are drawn; a larger market has them several times."""


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
    """Achievements as rows of the table of listings, one in fifty a draft; then the demands."""
    random = Random("search")
    for number in range(size + TYPICAL + COMMON):
        facts = parsed({**market.demand(random), **texts.draw(random)})
        if number >= size + TYPICAL:
            facts["fields"] = market.tops[:5]
        facts |= {"amount_fen": facts.pop("budget"), "ready_on": facts.pop("needed_by")}
        kind = "achievement" if number < size else "demand"
        at = round((FIRST_INSTANT + timedelta(seconds=31 * number)).timestamp() * 1_000_000)
        shown = None if number % 50 == 7 and kind == "achievement" else at
        yield {
            **facts,
            "id": f"{kind[:3]}_{number:026d}",
            "kind": kind,
            "problem": None,
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
    """A market of `size` achievements; the ids of its demands, a key, and the seconds loading took. Lists by place and field
    are left empty: nobody asks for them here."""
    database = Database(server.create(f"search_{size}"))
    owners: list[str] = []
    keys: list[str] = []

    def begin(unit: Unit) -> None:
        set_up(unit.connection, "demo")
        load_all(unit)
        for member in market.members[1:]:
            owners.append(enrol(unit, member.facts)["id"])
        keys.append(issue_key(unit, owners[0], label="bench")[1])

    def documents(unit: Unit) -> Iterator[Document]:
        for chunk in chunks(rows(market, texts, drawn, owners)):
            these = [_with_paths(unit, row) for row in chunk]
            unit.execute(insert(Listing), these)
            yield from (_document(unit, row) for row in these if row["published_at"])

    drawn = min(size, DRAWN)
    upgrade(database)
    database.write(SYSTEM, begin)
    started = time.perf_counter()
    database.write(SYSTEM, lambda unit: rebuild(unit, documents(unit)))
    seconds = time.perf_counter() - started
    demands = [f"dem_{number:026d}" for number in range(drawn, drawn + TYPICAL + COMMON)]
    database.write(SYSTEM, lambda unit: _plain_tables(unit, demands))
    if size > drawn:
        database.write(SYSTEM, lambda unit: multiply(unit, size // drawn))
    server.tidy(str(database.engine.url.render_as_string(hide_password=False)).replace("+psycopg", ""))
    return database, demands, keys[0], seconds


def multiply(unit: Unit, times: int) -> None:
    """Let there be every achievement so many times, in all tables; each copy in segments of its own."""
    segments = "(SELECT id FROM search_segment WHERE kind = 'achievement')"
    step = 1_000
    for model, changed, which in (
        (Listing, {"id": "id || '_' || number"}, "kind = 'achievement'"),
        (PlainListing, {"listing_id": "listing_id || '_' || number"}, "1 = 1"),
        (PlainTag, {"listing_id": "listing_id || '_' || number"}, "1 = 1"),
        (PlainTerm, {"listing_id": "listing_id || '_' || number"}, "1 = 1"),
        (SearchPosting, {"segment": f"segment + {step} * number"}, f"segment IN {segments}"),
        (
            SearchDocument,
            {"listing_id": "listing_id || '_' || number", "place": f"place + {step * MOST_DOCUMENTS} * number"},
            f"place / {MOST_DOCUMENTS} IN {segments}",
        ),
        (SearchSegment, {"id": f"id + {step} * number"}, "kind = 'achievement'"),
    ):
        names = [column.name for column in model.__table__.columns]
        chosen = ", ".join(changed.get(name, name) for name in names)
        copies = ", ".join(f"({number})" for number in range(1, times))
        unit.execute(
            text(
                f"INSERT INTO {model.__tablename__} ({', '.join(names)}) WITH copy (number) AS (VALUES {copies}) "
                f"SELECT {chosen} FROM {model.__tablename__} CROSS JOIN copy WHERE {which}"
            )
        )
    unit.execute(update(SearchState).values(generation=SearchState.generation + 1, next_segment=step * times))


class Plain(DeclarativeBase):
    """The tables that plain SQL runs over."""


class PlainTag(Plain):
    """A tag or ancestor of a published achievement, and how far above its own tags it lies."""

    __tablename__ = "plain_tag"

    tag: Mapped[str] = mapped_column(Code(100), primary_key=True)
    listing_id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    depth: Mapped[int] = mapped_column(primary_key=True)


class PlainTerm(Plain):
    """A term of a published achievement and what share of its weight it earns; only of terms that are asked for."""

    __tablename__ = "plain_term"

    term: Mapped[str] = mapped_column(Code(100), primary_key=True)
    listing_id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    worth: Mapped[float] = mapped_column(Double, primary_key=True)


class PlainListing(Plain):
    """A published achievement: whose (if everybody may know), since when, and what its freshness adds."""

    __tablename__ = "plain_listing"

    listing_id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    owner: Mapped[str] = mapped_column(Code(40), primary_key=True)
    born: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    fresh: Mapped[float] = mapped_column(Double, primary_key=True)


def _plain_tables(unit: Unit, demands: Sequence[str]) -> None:
    """Every column is in the key: each table is its own covering index."""
    Plain.metadata.create_all(unit.connection)
    unit.execute(
        text(
            "INSERT INTO plain_listing SELECT id, CASE WHEN anonymous THEN '' ELSE owner END, first_published_at / 1000000, "
            ":fresh * power(2.0, -((:day - (first_published_at / 1000000 + 28800) / 86400) / :half)) "
            "FROM listing WHERE kind = 'achievement' AND published_at > 0"
        ),
        {"fresh": FRESH, "day": day_of(today()), "half": float(HALF_LIFE)},
    )
    wanted: dict[str, None] = {}
    for demand in demands:
        wanted |= dict.fromkeys(Question(unit, find(unit, "demand", demand), "balanced").shares)
    worth = Index(unit, ["achievement"]).worth
    segments = unit.execute(select(SearchSegment.id).where(SearchSegment.kind == "achievement")).scalars().all()
    for segment in segments:
        first = segment * MOST_DOCUMENTS
        places = unit.execute(
            select(SearchDocument.place, SearchDocument.listing_id).where(
                SearchDocument.place.between(first, first + MOST_DOCUMENTS - 1)
            )
        )
        names = {place - first: listing_id for place, listing_id in places}

        def postings(condition: Any, this: int = segment) -> list[tuple[str, list[int], Any]]:
            these = select(SearchPosting.__table__).where(SearchPosting.segment == this, condition)
            return [
                (row.term, np.frombuffer(row.ids, "<u2").tolist(), np.frombuffer(row.weights, "<u2"))
                for row in unit.execute(these)
            ]

        marked = postings(SearchPosting.term.like("f:%"))
        load_rows(
            unit.connection,
            PlainTag,
            ((term[2:], names[n], int(d)) for term, ids, depths in marked for n, d in zip(ids, depths, strict=True)),
        )
        for start in range(0, len(wanted), 500):
            worded = postings(SearchPosting.term.in_(list(wanted)[start : start + 500]))
            load_rows(
                unit.connection,
                PlainTerm,
                (
                    (term, names[number], value)
                    for term, ids, weights in worded
                    for number, value in zip(ids, worth[weights].tolist(), strict=True)
                ),
            )


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


def group_by(database: Database, demand: str, mode: str) -> Callable[[], list[str]]:
    """The same question in plain SQL: a GROUP BY over all listings with a related tag or a shared term but the owner's own, with
    freshness, in the order of the ranking. What each tag and term weighs is given."""
    with database.snapshot(PUBLIC) as unit:
        own = find(unit, "demand", demand)
        question = Question(unit, own, mode)
    reach = ", ".join(
        f"({number}, '{reach.tag}', {question.rarities[tag] * reach.closeness}, {reach.deepest})"
        for number, (tag, found) in enumerate(question.reaches.items())
        for reach in found
    )
    tag_weight = question.tag_weight / question.full
    parts = [
        f"SELECT listing_id, max(reach.worth >> depth) * CAST({tag_weight!r} AS DOUBLE PRECISION) AS score "
        "FROM reach JOIN plain_tag ON plain_tag.tag = reach.tag AND depth <= deepest GROUP BY listing_id, own"
    ]
    values = f"WITH reach (own, tag, worth, deepest) AS (VALUES {reach})"
    if question.shares:
        words = ", ".join(f"('{term}', CAST({share!r} AS DOUBLE PRECISION))" for term, share in question.shares.items())
        values += f", word (term, share) AS (VALUES {words})"
        parts.append("SELECT listing_id, share * worth FROM word JOIN plain_term ON plain_term.term = word.term")
    statement = text(
        f"{values} SELECT plain_listing.listing_id FROM (SELECT listing_id, sum(score) AS score FROM "
        f"({' UNION ALL '.join(parts)}) AS part GROUP BY listing_id) AS found "
        "JOIN plain_listing ON plain_listing.listing_id = found.listing_id AND owner <> :owner "
        "ORDER BY round((score + fresh) * 1000000) DESC, born DESC, plain_listing.listing_id DESC LIMIT 20"
    ).bindparams(owner=own["owner"]["id"] if own["owner"] else "nobody")

    def run() -> list[str]:
        with database.read(PUBLIC) as unit:
            return list(unit.execute(statement).scalars())

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


def measured(server: Server, sizes: Sequence[int], market: Market) -> list[Result]:
    """The lines of one engine; SQLite stops at a hundred thousand."""
    texts = Texts()
    sizes = [size for size in sizes if server.process or size <= DRAWN]
    results: list[Result] = []
    over_http: list[float] = []

    def told(name: str, size: int, ours: float, other: float, limit: float | None) -> None:
        said = f"{name}, {size:,} ({ours:.1f} ms : {other:.1f} ms)"
        results.append(Result(server.engine, said, ours / other, ours / other, ours / other, "×", limit))
        print(server.engine, said, flush=True)

    for size in sizes:
        database, demands, key, seconds = load(server, market, texts, size)
        with database:
            results.append(plain(server.engine, f"{size:,} listings loaded in bulk", seconds, " s", None))
            random = Random(1)
            for length in (2, 3, 4):
                words = texts.words(random, 30, length)
                for word in words[: 10 if size <= 100_000 else 2]:
                    _check_same_hits(database, word)
                ours = cost(server, [partial(ask_search, database, word) for word in words])
                like = cost(
                    server, [partial(ask_like, database, word) for word in words[: 30 if size <= 100_000 else 5]]
                )
                told(f"search of {length} characters : LIKE", size, ours, like, 0.1 if size == 100_000 else None)
            limit = {100_000: 0.25, 1_000_000: 0.1}.get(size)
            for kind, these in (("", demands[:TYPICAL]), (" of the commonest tags", demands[TYPICAL:])):
                for mode in MODES:
                    asked = [partial(ask_matches, database, demand, mode) for demand in these]
                    plain_sql = [group_by(database, demand, mode) for demand in these]
                    for ask, run in list(zip(asked, plain_sql, strict=True))[:10]:
                        _check_same_matches(ask(), run())
                    told(f"matches{kind}, {mode} : GROUP BY", size, cost(server, asked), cost(server, plain_sql), limit)
        url = str(database.engine.url.render_as_string(hide_password=False)).replace("+psycopg", "")
        with serving(Loaded("ours", size, url, {}, {"any": key})) as service:
            calls = [Request("GET", f"/v1/demands/{demand}/matches", "any") for demand in demands[:TYPICAL]]
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


def _check_same_matches(found: dict[str, Any], expected: list[str]) -> None:
    """Sums of floating numbers may differ in the last digit: then two neighbours with the same score in millionths may change
    places, nothing else."""
    ids = [item["achievement"]["id"] for item in found["items"]]
    scores = [round(item["score"] * 1_000_000) for item in found["items"]]
    for number, (listing_id, other) in enumerate(zip(ids, expected, strict=True)):
        if listing_id != other:
            at = ids.index(other) if other in ids else len(ids) - 1
            if abs(scores[at] - scores[number]) > 1:
                raise RuntimeError(f"place {number}: {listing_id}, but {other} by GROUP BY")


def posting_seconds(server: Server, market: Market, texts: Texts) -> float:
    """How long it takes to load listings, a few hundred in a unit."""
    with Database(server.create("search_posting")) as database:
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
    market = Market()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="market-bench-") as directory:
        for opened in (sqlite, postgresql):
            if given.engine in (None, opened.__name__):
                sizes = (2_000, 10_000) if given.quick else (10_000, 100_000, *((1_000_000,) if given.full else ()))
                with opened(Path(directory)) as server:
                    results += measured(server, sizes, market)
    print("\n" + "\n".join(lines(results)))
    write(PROJECT / "var" / "bench-search.json", {"plan": vars(given)}, results)


if __name__ == "__main__":
    main()
