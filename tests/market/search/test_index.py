"""The index finds what plain Python finds in the same documents, whatever was folded when; nobody who writes disturbs another."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from random import Random
from threading import Thread

import pytest
import time_machine
from sqlalchemy import func, select

from market.access import SYSTEM
from market.errors import Invalid
from market.search import actions, queries, segments
from market.search.actions import Document, drop, put
from market.search.model import SearchChange, SearchDocument, SearchPosting, SearchSegment
from market.search.queries import Index, Ranking, search
from market.search.segments import JOINED, joined_with, rebuild
from market.search.terms import lasts_of, parts_of, terms_of
from market.store.types import today

KIND = "achievement"
WORDS = ("稀土", "永磁", "磁体", "电机", "草种", "土壤", "laser", "lasers", "rare", "earth", "a", "土")
MARKS = ("f:contract:05", "f:region:hydrogen", "p:150200", "m:service")


@pytest.fixture
def folding(monkeypatch):
    """Fold after every few changes."""

    def every(changes):
        for module in (actions, segments):
            monkeypatch.setattr(module, "FOLD", changes)

    return every


def document(rng, number, kind=KIND, until=None):
    text = "".join(rng.choice(WORDS) + rng.choice(("", " ", "，")) for _ in range(rng.randint(1, 12)))
    marks = {mark: rng.randint(0, 2) for mark in MARKS if rng.random() < 0.5}
    return Document(f"ach_{number:04d}", kind, text, marks, 1_000_000 + number % 7, until)


class Kept:
    """The documents that should be in the index, and the index."""

    def __init__(self, database, rng):
        self.database, self.rng, self.documents, self.numbers = database, rng, {}, 0

    def write(self, work):
        return self.database.write(SYSTEM, work)

    def play(self, steps):
        for _ in range(steps):
            self.rng.choice((self.put, self.put, self.replace, self.drop))()

    def put(self):
        self.numbers += 1
        kind, until = self.rng.choice((KIND, KIND, "demand")), self.rng.choice((None, None, today(), today()))
        made = document(self.rng, self.numbers, kind, until)
        self.write(lambda unit: put(unit, [made]))
        self.documents[made.listing_id] = made

    def replace(self):
        if self.documents:
            old = self.documents[self.rng.choice(sorted(self.documents))]
            new = document(self.rng, int(old.listing_id[4:]), old.kind)

            def work(unit):
                drop(unit, old.kind, old.listing_id)
                put(unit, [new])

            self.write(work)
            self.documents[new.listing_id] = new

    def drop(self):
        if self.documents:
            old = self.documents.pop(self.rng.choice(sorted(self.documents)))
            self.write(lambda unit: drop(unit, old.kind, old.listing_id))

    # --- What should be found, in the plainest words. ---

    def live(self, kind):
        day = today()
        return [each for each in self.documents.values() if each.kind == kind and (each.until or day) >= day]

    def idf(self, live, having):
        return math.log(1 + (len(live) - having + 0.5) / (having + 0.5))

    def worth(self, live, each, number):
        def rounded(document):
            length = terms_of(document.text).total()
            return 2 ** (round(16 * math.log2(max(1, length))) / 16)

        mean = max(1.0, sum(map(rounded, live)) / len(live))
        return number / (number + 1.2 * (0.25 + 0.75 * rounded(each) / mean))

    def searched(self, kind, q, filters=()):
        live = self.live(kind)
        texts = {each.listing_id: terms_of(each.text) + Counter(lasts_of(each.text)) for each in live}
        found, total = {each.listing_id: 0.0 for each in live}, 0.0
        met = {each.listing_id for each in live if all(set(marks) & set(each.marks) for marks in filters)}
        for part in parts_of(q):
            if part.kind == "beginning":
                having = {
                    id: [n for term, n in terms.items() if term.startswith(part.terms[0])]
                    for id, terms in texts.items()
                }
                weights = {part.terms[0]: self.idf(live, sum(map(bool, having.values()))) ** 2}
                numbers = {id: {part.terms[0]: max(these)} for id, these in having.items() if these}
            else:
                weights = {t: self.idf(live, sum(t in terms for terms in texts.values())) ** 2 for t in part.terms}
                numbers = {id: {t: terms[t] for t in part.terms if t in terms} for id, terms in texts.items()}
            total += sum(weights.values())
            for each in live:
                these = numbers.get(each.listing_id, {})
                found[each.listing_id] += sum(weights[t] * self.worth(live, each, n) for t, n in these.items())
                if len(these) < len(weights) * (0.5 if part.kind == "half" else 1):
                    met.discard(each.listing_id)
        return {id: (score / total, self.documents[id].born) for id, score in found.items() if id in met}


def hits_of(database, kinds, q, filters=(), limit=1_000):
    with database.snapshot(SYSTEM) as unit:
        return search(Index(unit, kinds), parts_of(q), filters).take(limit)


QUERIES = ("稀土", "土", "稀土永磁", "laser", "laser*", "rare earth", "稀土永磁磁体电机", "a", "磁体电机 laser", "无此")
FILTERS = ([], [["f:contract:05"]], [["p:150200"], ["m:service", "f:region:hydrogen"]])


@pytest.mark.parametrize(("seed", "fold"), [(0, 3), (1, 8), (2, 10_000)])
def test_it_finds_what_plain_python_finds(database, folding, seed, fold):
    folding(fold)
    kept = Kept(database, Random(seed))
    kept.play(150)
    found = 0
    for day in (today(), today() + timedelta(days=1)):
        with time_machine.travel(day):
            for q in QUERIES:
                for filters in FILTERS:
                    for kind in (KIND, "demand"):
                        hits = hits_of(database, [kind], q, filters)
                        expected = kept.searched(kind, q, filters)
                        assert {hit.listing_id for hit in hits} == set(expected), (q, filters, kind)
                        for hit in hits:
                            score, born = expected[hit.listing_id]
                            assert hit.score == pytest.approx(score, abs=2e-6)
                            assert hit.key & 0xFFFFFFFF == born
                        assert [hit.place for hit in hits] == sorted((hit.place for hit in hits), reverse=True)
                        found += len(hits)
    assert found > 200


def everything(database):
    with database.snapshot(SYSTEM) as unit:
        index = Index(unit, [KIND, "demand"])
        shares = index.shares({"稀土": 2, "土稀": 1, "永磁": 1, "laser": 3})
        texts = search(index, parts_of("土"), [])
        return shares, index.documents, round(index.mean_length, 9), texts.take(500), texts.facet("f:"), texts.kinds()


@pytest.mark.parametrize("seed", range(2))
def test_when_it_was_folded_makes_no_difference(database, fresh_database, folding, seed):
    answers = []
    for fold in (2, 5, 10_000):
        folding(fold)
        other = database if fold == 5 else fresh_database()
        kept = Kept(other, Random(seed))
        kept.play(120)
        answers.append(everything(other))
        if fold == 5:
            documents = sorted(kept.documents.values(), key=lambda each: (each.kind, each.listing_id))
            assert other.write(SYSTEM, lambda unit, these=documents: rebuild(unit, these)) == len(documents)
            answers.append(everything(other))
    assert all(answer == answers[0] for answer in answers)


def test_a_fold_leaves_no_change_and_joins_small_segments(database, folding):
    folding(4)
    kept = Kept(database, Random(5))
    for _ in range(200):
        kept.put()
    with database.read(SYSTEM) as unit:
        assert unit.execute(select(func.count()).select_from(SearchChange)).scalar_one() < 4
        segments_left = unit.execute(select(SearchSegment.kind)).scalars().all()
        assert 2 <= len(segments_left) <= 2 * JOINED * 3
        folded = unit.execute(select(func.count()).select_from(SearchDocument)).scalar_one()
        assert folded > 190
    for listing_id in sorted(kept.documents):
        old = kept.documents.pop(listing_id)
        kept.write(lambda unit, old=old: drop(unit, old.kind, old.listing_id))
    assert hits_of(database, [KIND, "demand"], "土") == []


def test_which_segments_are_joined():
    one = actions.FOLD
    assert joined_with({}, one) == []
    assert joined_with({1: one, 2: one}, one) == []
    assert joined_with({1: one, 2: one, 3: one}, one) == [1, 2, 3]
    assert joined_with({1: 4 * one, 2: one, 3: one, 4: one}, one) == [2, 3, 4]
    assert joined_with({1: 4 * one, 2: 4 * one, 3: 4 * one, 4: one, 5: one, 6: one}, one) == [1, 2, 3, 4, 5, 6]
    assert joined_with({1: 65_536, 2: 65_000, 3: 65_536}, one) == []


def test_pages_follow_each_other_and_ties_are_broken_by_the_id(database, folding):
    folding(20)
    made = [Document(f"ach_{n:04d}", KIND, "稀土", {}, 5 if n < 30 else 6, None) for n in range(50)]
    for start in range(0, 50, 10):
        database.write(SYSTEM, lambda unit, these=made[start : start + 10]: put(unit, these))
    with database.snapshot(SYSTEM) as unit:
        ranking = search(Index(unit, [KIND]), parts_of("稀土"), [])
        assert len(ranking) == 50
        pages, after = [], None
        while page := ranking.take(7, after):
            pages += [hit.listing_id for hit in page]
            after = page[-1].place
    assert pages == [f"ach_{n:04d}" for n in (*range(49, 29, -1), *range(29, -1, -1))]


def test_a_long_text_counts_by_its_weightiest_terms(database, monkeypatch):
    monkeypatch.setattr(queries, "MOST_TERMS", 3)
    texts = ["稀土 永磁 laser", "稀土 永磁", "稀土", "稀土 电机"]
    made = [Document(f"ach_{n}", KIND, text, {}, 1, None) for n, text in enumerate(texts)]
    database.write(SYSTEM, lambda unit: put(unit, made))
    with database.snapshot(SYSTEM) as unit:
        index = Index(unit, [KIND])
        shares = index.shares({"稀土": 1, "永磁": 1, "laser": 1, "电机": 1})
    assert list(shares) == ["laser", "永磁", "电机"]
    assert sum(shares.values()) == pytest.approx(1)


def test_postings_beyond_the_limit_are_passed_over(database, monkeypatch):
    monkeypatch.setattr(queries, "SURE_TERMS", 1)
    monkeypatch.setattr(queries, "MOST_POSTINGS", 3)
    made = [
        Document(f"ach_{n}", KIND, text, {}, 1, None) for n, text in enumerate(["稀土 永磁", "稀土 永磁", "稀土 电机"])
    ]
    database.write(SYSTEM, lambda unit: put(unit, made))
    with database.snapshot(SYSTEM) as unit:
        assert list(Index(unit, [KIND]).shares({"稀土": 1, "永磁": 1, "电机": 1})) == ["永磁", "电机"]


def test_a_beginning_of_too_many_words_is_refused(database, folding, monkeypatch):
    folding(1)
    monkeypatch.setattr(queries, "MOST_BEGINNINGS", 3)
    made = Document("ach_1", KIND, "laa lab lac lad", {}, 1, None)
    database.write(SYSTEM, lambda unit: put(unit, [made]))
    assert len(hits_of(database, [KIND], "lac")) == 1
    with pytest.raises(Invalid) as refused:
        hits_of(database, [KIND], "la*")
    assert refused.value.errors[0].code == "too-broad"


def test_writers_at_the_same_time_lose_nothing(database, folding):
    """Each puts, replaces and drops its own documents, while everybody folds."""
    folding(6)

    def work(writer):
        rng = Random(writer)
        for number in range(12):
            first = document(rng, writer * 100 + number)
            second = Document(first.listing_id, KIND, f"{first.text} 终稿", {}, first.born, None)
            database.write(SYSTEM, lambda unit, first=first: put(unit, [first]))

            def replace(unit, second=second):
                drop(unit, KIND, second.listing_id)
                put(unit, [second])

            database.write(SYSTEM, replace)
            if number % 3 == 0:
                database.write(SYSTEM, lambda unit, gone=first.listing_id: drop(unit, KIND, gone))

    writers = [Thread(target=work, args=(writer,), daemon=True) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    expected = {f"ach_{writer * 100 + number:04d}" for writer in range(4) for number in range(12) if number % 3}
    assert {hit.listing_id for hit in hits_of(database, [KIND], "终稿")} == expected
    with database.read(SYSTEM) as unit:
        kept = unit.execute(select(SearchChange.name).where(~SearchChange.name.startswith(":"))).scalars().all()
        kept += unit.execute(select(SearchDocument.listing_id)).scalars().all()
    assert sorted(kept) == sorted(expected)


def test_what_is_left_out_of_a_ranking_is_not_counted(database):
    made = [Document(f"ach_{n}", KIND, text, {"f:x": 0}, 1, None) for n, text in enumerate(["稀土 永磁", "永磁 稀土"])]
    database.write(SYSTEM, lambda unit: put(unit, made))
    with database.snapshot(SYSTEM) as unit:
        ranking: Ranking = search(Index(unit, [KIND]), parts_of("稀土"), [])
        ranking.keep(lambda listing_id: listing_id == "ach_1")
        assert (len(ranking), ranking.facet("f:"), ranking.kinds()) == (1, {"x": 1}, {KIND: 1})
        assert [hit.listing_id for hit in ranking.take(5)] == ["ach_1"]


def test_a_segment_keeps_no_posting_of_what_left(database, folding):
    folding(2)
    first = Document("ach_1", KIND, "终稿", {}, 1, None)
    database.write(SYSTEM, lambda unit: put(unit, [first, Document("ach_2", KIND, "草种", {}, 1, date(2001, 1, 1))]))
    database.write(SYSTEM, lambda unit: drop(unit, KIND, "ach_1"))
    for number in range(3, 12):
        made = Document(f"ach_{number}", KIND, "电机", {}, 1, None)
        database.write(SYSTEM, lambda unit, made=made: put(unit, [made]))
    with database.read(SYSTEM) as unit:
        terms = set(unit.execute(select(SearchPosting.term)).scalars())
    assert "电机" in terms
    assert not terms & {"终稿", "草种"}
