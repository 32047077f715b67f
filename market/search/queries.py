"""Finding: the index as one snapshot sees it, and the one scorer, the same on both engines.

`Index.open` says how many documents there are and which of them are shown; `read` fetches postings; `Ranking` puts hits in
order. Text counts as in BM25 (rarity from the documents shown, saturation 1.2, length .75), each term by the square of its
rarity and as a share of what a perfect document would reach: 0 to 1, whatever else there is. Every document with one of the
terms is scored, so what is found is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Executable, bindparam, func, select

from market.errors import Invalid
from market.search.actions import MOST_NUMBER, day_number, length_class
from market.search.model import SearchChange, SearchDocument, SearchPosting, SearchSegment, SearchState
from market.search.segments import MOST_DOCUMENTS
from market.search.terms import Part, digest, terms_of
from market.store.dialect import among
from market.store.session import Unit
from market.store.types import today

Numbers = NDArray[Any]
Posting = tuple[Numbers, Numbers]
"""Documents and their weights."""

SATURATION, LENGTH_SHARE = 1.2, 0.75
MOST_TERMS = 64
"""So many terms of a long text count, the weightiest."""
SURE_TERMS, MOST_POSTINGS = 12, 1_000_000
"""A text is followed through so many postings; terms beyond that are passed over, but for the weightiest few."""
MOST_KNOWN = 10_000
"""Of so many terms a process remembers how many documents have them: some two megabytes."""
MOST_BEGINNINGS = 20_000
"""Rows read for all terms of one beginning."""
CHECKED = 300
"""So many hits are checked for words as they stand before they are counted; of more, those on the page."""
_END = "\U0010ffff"
_LENGTHS = 2 ** (np.arange(256) / 16)
_NUMBERS = np.arange(MOST_NUMBER + 1)[:, None]


@dataclass(frozen=True, eq=False)
class Segment:
    """The arrays of a segment, kept in memory from fold to fold."""

    id: int
    kind: str
    born: Numbers
    until: Numbers
    size: Numbers
    length: float
    """Of all its documents together, as their classes tell."""


@dataclass(eq=False)
class Section:
    """A segment, or all documents that are not folded yet, as one search reads it."""

    id: int
    kind: str
    names: Sequence[str]
    """Listings of documents not folded."""
    born: Numbers
    live: Numbers
    all_live: bool
    packed: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    """The postings that were read: documents and weights, two bytes each."""
    digests: Numbers | None = None
    weights: Numbers | None = None
    ends: Numbers | None = None
    """Where the terms of each document not folded end in `digests` and `weights`."""
    last: tuple[tuple[str, ...], tuple[list[str], Numbers, Numbers, list[int]]] | None = None
    """Terms `joined` was asked for, and its answer: they are asked for again."""

    def posting(self, term: str) -> Posting:
        """The documents that have a term which was found here, and its weights in them."""
        ids, weights = self.packed[term]
        return np.frombuffer(ids, "<u2"), np.frombuffer(weights, "<u2")

    def joined(self, terms: Iterable[str]) -> tuple[list[str], Numbers, Numbers, list[int]]:
        """The terms that were found here; their documents and weights, one term's after the other's; how many of each."""
        asked = tuple(terms)
        if self.last is None or self.last[0] != asked:
            self.last = asked, self._joined(asked)
        return self.last[1]

    def _joined(self, terms: Sequence[str]) -> tuple[list[str], Numbers, Numbers, list[int]]:
        there = [term for term in terms if term in self.packed]
        ids = b"".join([self.packed[term][0] for term in there])
        weights = b"".join([self.packed[term][1] for term in there])
        lengths = [len(self.packed[term][0]) // 2 for term in there]
        return there, np.frombuffer(ids, "<u2"), np.frombuffer(weights, "<u2"), lengths

    def having(self, terms: Iterable[str]) -> Mapping[str, int]:
        """How many documents that are shown have each term; 0 is left out."""
        if self.all_live:
            return {term: len(self.packed[term][0]) // 2 for term in terms if term in self.packed}
        there, ids, _, lengths = self.joined(terms)
        ends = np.concatenate([[0], np.cumsum(self.live[ids], dtype=np.int64)])[np.cumsum([0, *lengths])]
        return dict(zip(there, np.diff(ends).tolist(), strict=True))


class Index:
    """The documents of some kinds, as the snapshot of a unit has them."""

    def __init__(self, unit: Unit, kinds: Collection[str]) -> None:
        self.unit, self.kinds = unit, sorted(kinds)
        changes = unit.execute(_statements()["changes"], {"kinds": self.kinds}).all()
        self.generation: int = changes[0].generation
        segments = unit.database.cached("search", self.generation, lambda: _load(unit.connection))
        changes = [change for change in changes if change.kind is not None]
        left: dict[int, list[int]] = {}
        for change in changes:
            if change.name.startswith(":"):
                segment_id, number = divmod(int(change.name[1:]), MOST_DOCUMENTS)
                left.setdefault(segment_id, []).append(number)
        self.sections: list[Section] = []
        self.documents, length = 0, 0.0
        day = day_number(today())
        for segment in [each for each in segments if each.kind in kinds]:
            live = segment.until >= day
            live[left.get(segment.id, [])] = False
            gone = len(live) - int(np.count_nonzero(live))
            length += segment.length - (float(_LENGTHS[segment.size[~live]].sum()) if gone else 0)
            self._add(Section(segment.id, segment.kind, (), segment.born, live, not gone))
        for kind in self.kinds:
            came = [change for change in changes if change.kind == kind and not change.name.startswith(":")]
            if came:
                length += self._add_changes(kind, came, day)
        self.mean_length = max(1.0, length / max(1, self.documents))
        steepness = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * _LENGTHS / self.mean_length)
        self.worth = (_NUMBERS / (_NUMBERS + steepness)).ravel()
        """Share of a term's full weight, by the weight in a posting."""

    def _add(self, section: Section) -> None:
        self.sections.append(section)
        self.documents += int(np.count_nonzero(section.live))

    def _add_changes(self, kind: str, came: Sequence[Any], day: int) -> float:
        live = np.array([change.until for change in came]) >= day
        born = np.array([change.born for change in came], np.uint32)
        section = Section(0, kind, [change.name for change in came], born, live, bool(live.all()))
        section.digests = np.frombuffer(b"".join([change.digests for change in came]), "<u8")
        section.weights = np.frombuffer(b"".join([change.weights for change in came]), "<u2")
        section.ends = np.cumsum([len(change.weights) // 2 for change in came])
        self._add(section)
        return float(_LENGTHS[section.weights[section.ends - 1] & 0xFF][live].sum())

    # --- Postings. ---

    def read(self, terms: Iterable[str]) -> None:
        """Fetch the postings of terms that were not read yet."""
        wanted = dict.fromkeys(terms)
        folded = {section.id: section for section in self.sections if section.id}
        if folded and wanted:
            for row in self._run("postings", folded, wanted):
                folded[row.segment].packed[row.term] = row.ids, row.weights
        for section in self.sections:
            if not section.id:
                _look_up(section, list(wanted))

    def numbers(self, terms: Collection[str]) -> dict[str, int]:
        """About how many documents have each term: those that left since they were folded are still counted."""
        found = self._folded_numbers(terms)
        for section in self.sections:
            if not section.id:
                _look_up(section, list(terms))
                for term in section.packed.keys() & found.keys():
                    found[term] += len(section.packed[term][0]) // 2
        return found

    def _folded_numbers(self, terms: Iterable[str]) -> dict[str, int]:
        """The same of folded documents; they change with a fold only, so what was read is known until then."""
        known: dict[str, int] = self.unit.database.cached(f"search {self.kinds}", self.generation, dict)
        found = {term: many for term in terms if (many := known.get(term)) is not None}
        missing = dict.fromkeys((term for term in terms if term not in found), 0)
        folded = [section.id for section in self.sections if section.id]
        if missing and folded:
            missing |= {row.term: int(row.many) for row in self._run("numbers", folded, missing)}
        if len(known) + len(missing) > MOST_KNOWN:
            known.clear()
        known.update(missing)
        return found | missing

    def _run(self, name: str, segments: Iterable[int], terms: Iterable[str]) -> Any:
        given = {"segments": list(segments), "terms": list(terms)}
        return self.unit.execute(_statements()[name], given).all()

    def beginning(self, prefix: str, marks: bool = False) -> dict[str, None]:
        """Fetch the postings of all terms (or marks) with a beginning; their names. Invalid when there are too many to follow."""
        found: dict[str, None] = {}
        folded = {section.id: section for section in self.sections if section.id}
        if folded:
            given = {"segments": list(folded), "first": prefix, "last": prefix + _END, "most": MOST_BEGINNINGS + 1}
            rows = self.unit.execute(_statements()["beginnings"], given).all()
            if len(rows) > MOST_BEGINNINGS:
                raise Invalid.field("/q", "too-broad", f"Too many words begin with {prefix}.")
            for row in rows:
                folded[row.segment].packed[row.term] = row.ids, row.weights
                found[row.term] = None
        if any(not section.id for section in self.sections):
            texts = self.unit.execute(_statements()["marks" if marks else "terms"], {"kinds": self.kinds}).scalars()
            late = {line for text in texts for line in text.split("\n") if line.startswith(prefix)}
            found |= dict.fromkeys(sorted(late))
            for section in self.sections:
                if not section.id:
                    _look_up(section, list(late))
        return found

    # --- Rarity. ---

    def having(self, terms: Collection[str]) -> dict[str, int]:
        """How many documents that are shown have each of the terms, which were read."""
        found = dict.fromkeys(terms, 0)
        for section in self.sections:
            for term, many in section.having(terms).items():
                found[term] += many
        return found

    def idf(self, having: int) -> float:
        """The rarity of what so many documents have."""
        return log(1 + (self.documents - having + 0.5) / (having + 0.5))

    def shares(self, terms: Mapping[str, int]) -> dict[str, float]:
        """The terms of a text that count, read, each with its share of the text; together 1."""
        chosen: Collection[str] = terms
        if len(terms) > MOST_TERMS or len(terms) * self.documents > MOST_POSTINGS:
            chosen = self._weightiest(terms)
        self.read(chosen)
        having = self.having(sorted(chosen))
        weights = {term: (1 + log(terms[term])) * self.idf(many) ** 2 for term, many in having.items()}
        total = sum(weights.values())
        return {term: weight / total for term, weight in weights.items()}

    def _weightiest(self, terms: Mapping[str, int]) -> list[str]:
        numbers = self.numbers(terms)
        # Those that left are counted until they are folded away, so there may seem to be more of a term than of documents.
        rarities = (self.idf(min(numbers[term], self.documents)) for term in terms)
        weights = [-(1 + log(number)) * rare**2 for number, rare in zip(terms.values(), rarities, strict=True)]
        order = [term for _, term in sorted(zip(weights, terms, strict=True))]
        chosen: list[str] = []
        followed = 0
        for term in order[:MOST_TERMS]:
            if len(chosen) < SURE_TERMS or followed + numbers[term] <= MOST_POSTINGS:
                chosen.append(term)
                followed += numbers[term]
        return chosen

    def text_scores(self, section: Section, shares: Mapping[str, float]) -> Numbers:
        """How much of a text each document of a section covers, 0 to 1."""
        there, ids, weights, lengths = section.joined(shares)
        added = self.worth[weights] * np.repeat([shares[term] for term in there], lengths)
        scores: Numbers = np.bincount(ids, added, len(section.live))
        return scores

    def shared(self, section: Section, shares: Mapping[str, float], numbers: Sequence[int]) -> list[dict[str, float]]:
        """For some documents of a section by number the terms they share with a text, each with what it adds to the score."""
        there, ids, weights, lengths = section.joined(shares)
        ends = np.cumsum(lengths)
        found = []
        for number in numbers:
            at = np.flatnonzero(ids == number)
            terms = [there[which] for which in np.searchsorted(ends, at, side="right").tolist()]
            values = self.worth[weights[at]].tolist()
            found.append({term: shares[term] * value for term, value in zip(terms, values, strict=True)})
        return found


def covered(index: Index, shares: Mapping[str, float], text: str) -> dict[str, float]:
    """The same for one document by its text: the shared terms, each with what it adds to the score."""
    terms = terms_of(text)
    size = length_class(terms.total())
    return {
        term: share * float(index.worth[min(MOST_NUMBER, terms[term]) << 8 | size])
        for term, share in shares.items()
        if term in terms
    }


@dataclass(frozen=True)
class Hit:
    """A listing that was found; `key` is its score in millionths × 2³² + the second of its first publication."""

    listing_id: str
    section: Section = field(repr=False, compare=False)
    number: int = field(compare=False)
    key: int

    @property
    def kind(self) -> str:
        """Achievement or demand."""
        return self.section.kind

    @property
    def score(self) -> float:
        """0 to 1 and a little."""
        return (self.key >> 32) / 1_000_000

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands: by score, then the newer first publication, then the greater id."""
        return self.key, self.listing_id


class Ranking:
    """Scored documents; `take` answers the best of them in order."""

    def __init__(self, index: Index, scores: Sequence[tuple[Section, Numbers, Numbers]]) -> None:
        """For each section its hits (numbers) and their scores."""
        self.index = index
        self.sections = [section for section, _, _ in scores]
        self.hits = [ids for _, ids, _ in scores]
        empty = np.zeros(0, np.int64)
        self.numbers = np.concatenate([empty, *self.hits])
        self.keys = np.concatenate([empty, *(_keys(section, ids, values) for section, ids, values in scores)])
        self.owners = np.repeat(np.arange(len(scores)), [len(ids) for ids in self.hits])

    def __len__(self) -> int:
        return len(self.keys)

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Leave out those hits whose listing is not wanted."""
        ids = self._listings(np.arange(len(self.keys)))
        stay = np.array([wanted(listing_id) for listing_id in ids], bool)
        self.numbers, self.keys, self.owners = self.numbers[stay], self.keys[stay], self.owners[stay]
        self.hits = [self.numbers[self.owners == owner] for owner in range(len(self.sections))]

    def take(self, limit: int, after: tuple[int, str] | None = None) -> list[Hit]:
        """The best `limit`, or those that stand after a place."""
        at = np.arange(len(self.keys))
        if after is not None:
            at = np.flatnonzero(self.keys <= after[0])
            limit_and_ties = limit + int(np.count_nonzero(self.keys[at] == after[0]))
        else:
            limit_and_ties = limit
        if len(at) > limit_and_ties:
            least = np.partition(self.keys[at], -limit_and_ties)[-limit_and_ties]
            at = at[self.keys[at] >= least]
        columns = (self.owners[at].tolist(), self.numbers[at].tolist(), self.keys[at].tolist())
        found = [
            Hit(listing_id, self.sections[owner], number, key)
            for listing_id, owner, number, key in zip(self._listings(at), *columns, strict=True)
        ]
        found = [hit for hit in found if after is None or hit.place < after]
        return sorted(found, key=lambda hit: hit.place, reverse=True)[:limit]

    def _listings(self, at: Numbers) -> list[str]:
        """The ids of hits."""
        owners, numbers = self.owners[at].tolist(), self.numbers[at].tolist()
        places = [
            self.sections[owner].id * MOST_DOCUMENTS + number if self.sections[owner].id else -1
            for owner, number in zip(owners, numbers, strict=True)
        ]
        wanted = [place for place in places if place >= 0]
        names: dict[int, str] = {}
        for start in range(0, len(wanted), 500):
            given = {"places": wanted[start : start + 500]}
            names |= {
                row.place: row.listing_id for row in self.index.unit.execute(_statements()["listings"], given).all()
            }
        return [
            names[place] if place >= 0 else self.sections[owner].names[number]
            for place, owner, number in zip(places, owners, numbers, strict=True)
        ]

    def facet(self, prefix: str) -> dict[str, int]:
        """How many of the hits have each mark with this beginning."""
        marks = self.index.beginning(prefix, marks=True)
        counts = dict.fromkeys(marks, 0)
        for section, ids in zip(self.sections, self.hits, strict=True):
            hit = np.zeros(len(section.live), bool)
            hit[ids] = True
            for mark in marks:
                if mark in section.packed:
                    counts[mark] += int(np.count_nonzero(hit[section.posting(mark)[0]]))
        return {mark.removeprefix(prefix): count for mark, count in counts.items() if count}

    def kinds(self) -> dict[str, int]:
        """How many of the hits are of each kind."""
        counts: dict[str, int] = {}
        for section, ids in zip(self.sections, self.hits, strict=True):
            if len(ids):
                counts[section.kind] = counts.get(section.kind, 0) + len(ids)
        return counts


def search(index: Index, parts: Sequence[Part], filters: Sequence[Sequence[str]]) -> Ranking:
    """The documents that meet all parts of a search and have a mark of each filter. Words as they stand are not checked yet."""
    index.read(
        {term for part in parts if part.kind != "beginning" for term in part.terms} | {m for f in filters for m in f}
    )
    wanted = [_terms_of(index, part) for part in parts]
    total = sum(weight for weights in wanted for weight in weights.values())
    scores = []
    for section in index.sections:
        hits = section.live.copy()
        for marks in filters:
            hits &= _having_any(section, marks)
        values = np.zeros(len(hits))
        for part, weights in zip(parts, wanted, strict=True):
            if hits.any():
                hits &= _add(index, section, part, weights, values)
        ids = np.flatnonzero(hits)
        scores.append((section, ids, values[ids] / total))
    return Ranking(index, scores)


def _terms_of(index: Index, part: Part) -> dict[str, float]:
    """The terms of a part with their weights. All terms of a beginning weigh together what one would that all of them were."""
    if part.kind != "beginning":
        return {term: index.idf(many) ** 2 for term, many in index.having(part.terms).items()}
    (prefix,) = part.terms
    terms = index.beginning(prefix)
    having = sum(int(np.count_nonzero(_having_any(section, terms) & section.live)) for section in index.sections)
    return {term: index.idf(having) ** 2 / len(terms) for term in sorted(terms)}


def _add(index: Index, section: Section, part: Part, weights: Mapping[str, float], values: Numbers) -> Numbers:
    """Add what a part is worth to `values`; which documents meet it."""
    if part.kind == "beginning":
        best = np.zeros(len(values))
        for term in weights:
            if term in section.packed:
                ids, numbers = section.posting(term)
                best[ids] = np.maximum(best[ids], index.worth[numbers])
        values += best * sum(weights.values())
        return best > 0
    there = np.zeros(len(values), np.int32)
    for term, weight in weights.items():
        if term in section.packed:
            ids, numbers = section.posting(term)
            values[ids] += weight * index.worth[numbers]
            there[ids] += 1
    met: Numbers = there >= (len(weights) / 2 if part.kind == "half" else len(weights))
    return met


def _having_any(section: Section, terms: Iterable[str]) -> Numbers:
    having = np.zeros(len(section.live), bool)
    for term in terms:
        if term in section.packed:
            having[section.posting(term)[0]] = True
    return having


def _keys(section: Section, ids: Numbers, scores: Numbers) -> Numbers:
    keys: Numbers = (np.rint(scores * 1_000_000).astype(np.int64) << 32) + section.born[ids].astype(np.int64)
    return keys


def _look_up(section: Section, terms: list[str]) -> None:
    """The postings of terms among documents not folded yet."""
    missing = [term for term in terms if term not in section.packed]
    if not missing or section.digests is None or section.weights is None or section.ends is None:
        return
    wanted = np.frombuffer(b"".join(map(digest, missing)), "<u8")
    # Two of the eight bytes tell of most that they are not wanted, without a copy of them all.
    perhaps = np.zeros(1 << 16, bool)
    perhaps[wanted.view("<u2")[::4]] = True
    found = np.flatnonzero(perhaps[section.digests.view("<u2")[::4]])
    order = np.argsort(wanted)
    at = np.minimum(np.searchsorted(wanted[order], section.digests[found]), len(missing) - 1)
    same = wanted[order][at] == section.digests[found]
    which, found = order[at[same]], found[same]
    grouped = np.argsort(which, kind="stable")
    which, found = which[grouped], found[grouped]
    bounds = (np.searchsorted(which, np.arange(len(missing) + 1)) * 2).tolist()
    owners = np.searchsorted(section.ends, found, side="right").astype("<u2").tobytes()
    weights = section.weights[found].tobytes()
    for term, start, end in zip(missing, bounds, bounds[1:], strict=False):
        if end > start:
            section.packed[term] = owners[start:end], weights[start:end]


def _load(connection: Connection) -> list[Segment]:
    return [
        Segment(
            row.id,
            row.kind,
            np.frombuffer(row.born, "<u4"),
            np.frombuffer(row.until, "<u2"),
            np.frombuffer(row.size, "u1"),
            float(_LENGTHS[np.frombuffer(row.size, "u1")].sum()),
        )
        for row in connection.execute(select(SearchSegment.__table__).order_by(SearchSegment.id))
    ]


@cache
def _statements() -> dict[str, Executable]:
    change, document, posting = SearchChange, SearchDocument, SearchPosting
    of_kinds = among(change.kind, "kinds")
    of_segments = among(posting.segment, "segments")
    of_terms = among(posting.term, "terms")
    read = select(posting.segment, posting.term, posting.ids, posting.weights)
    # Not by the index of segments, which SQLite would prefer to a range of terms.
    in_segments = among(posting.segment + 0, "segments")
    begins = (posting.term >= bindparam("first")) & (posting.term < bindparam("last"))
    return {
        "changes": select(
            SearchState.generation, change.kind, change.name, change.born, change.until, change.weights, change.digests
        ).outerjoin_from(SearchState, change, of_kinds),
        "marks": select(change.marks).where(of_kinds),
        "terms": select(change.terms).where(of_kinds),
        "postings": read.where(of_segments, of_terms),
        "beginnings": read.where(in_segments, begins).limit(bindparam("most")),
        "numbers": select(posting.term, func.sum(posting.n).label("many"))
        .where(of_segments, of_terms)
        .group_by(posting.term),
        "listings": select(document.listing_id, document.place).where(among(document.place, "places")),
    }
