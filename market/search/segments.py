"""Folding: changes become a segment of postings, small segments are joined, and `rebuild` makes all of them anew.

One unit folds at a time, the others go by. A segment is written once as bytes; four of about the same size become one, so that
few have to be read and each posting is rewritten a few times in its life. What left or expired is dropped on the way.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from market.search.actions import FOLD, Document, change_of, day_number
from market.search.model import SearchChange, SearchDocument, SearchPosting, SearchSegment, SearchState
from market.store.dialect import load_rows
from market.store.session import Unit
from market.store.types import today

JOINED = 4
"""So many segments of about the same size become one."""
MOST_DOCUMENTS = 1 << 16
"""Of a segment: what two bytes can number."""

Numbers = NDArray[Any]


class Postings:
    """The postings of a segment in the making."""

    def __init__(self) -> None:
        self.codes: defaultdict[str, int] = defaultdict()
        self.codes.default_factory = self.codes.__len__
        self.parts: list[tuple[Numbers, Numbers, Numbers]] = []
        self.born: list[bytes] = []
        self.until: list[bytes] = []
        self.size: list[bytes] = []
        self.documents = 0

    def take_segment(self, segment: Any, until: Numbers, rows: Sequence[Any]) -> None:
        """Append a whole segment; the postings of documents that left are dropped, their numbers stay empty."""
        ids = np.frombuffer(b"".join([row.ids for row in rows]), "<u2")
        weights = np.frombuffer(b"".join([row.weights for row in rows]), "<u2")
        codes = np.array([self.codes[row.term] for row in rows], np.int32)
        codes = np.repeat(codes, np.array([row.n for row in rows], np.int64))
        stay = until[ids] > 0
        self.parts.append((codes[stay], ids[stay].astype(np.int64) + self.documents, weights[stay]))
        self._append(segment.born, until.astype("<u2").tobytes(), segment.size)

    def take_changes(self, changes: Sequence[Mapping[Any, Any]]) -> None:
        """Append what came, a document each."""
        codes, ids, sizes = array("i"), array("i"), bytearray()
        for number, change in enumerate(changes, self.documents):
            marks, terms = _lines(change["marks"]), _lines(change["terms"])
            codes.extend(map(self.codes.__getitem__, [*marks, *terms]))
            ids.extend([number] * (len(marks) + len(terms)))
            sizes.append(change["weights"][-2] if terms else 0)
        weights = np.frombuffer(b"".join([change["weights"] for change in changes]), "<u2")
        self.parts.append((np.array(codes, np.int32), np.array(ids, np.int64), weights))
        born = np.array([change["born"] for change in changes], "<u4").tobytes()
        self._append(born, np.array([change["until"] for change in changes], "<u2").tobytes(), bytes(sizes))

    def _append(self, born: bytes, until: bytes, size: bytes) -> None:
        self.born.append(born)
        self.until.append(until)
        self.size.append(size)
        self.documents += len(size)

    def write(self, unit: Unit, number: int, kind: str) -> None:
        """Store the segment under its number."""
        names = sorted(self.codes)
        rank = np.empty(len(names), np.int32)
        rank[[self.codes[name] for name in names]] = np.arange(len(names), dtype=np.int32)
        codes, ids, weights = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        order = np.argsort(rank[codes], kind="stable")
        counts = np.bincount(rank[codes], minlength=len(names))
        ends = np.cumsum(counts) * 2
        packed = ids[order].astype("<u2").tobytes(), weights[order].astype("<u2").tobytes()
        rows = (
            (name, number, int(n), packed[0][end - 2 * n : end], packed[1][end - 2 * n : end])
            for name, n, end in zip(names, counts.tolist(), ends.tolist(), strict=True)
            if n
        )
        load_rows(unit.connection, SearchPosting, rows)
        arrays = {"born": b"".join(self.born), "until": b"".join(self.until), "size": b"".join(self.size)}
        unit.execute(insert(SearchSegment), {"id": number, "kind": kind, **arrays})


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def fold(unit: Unit, counts: Mapping[str, int]) -> None:
    """Fold the changes of each kind, unless somebody else is doing it; `counts` are their numbers."""
    state = unit.execute(
        select(SearchState.generation, SearchState.next_segment).with_for_update(skip_locked=True)
    ).first()
    if state is not None:
        for number, (kind, many) in enumerate(sorted(counts.items()), state.next_segment):
            _fold(unit, number, kind, many)
        _advance(unit, state, state.next_segment + len(counts))


def rebuild(unit: Unit, documents: Iterable[Document]) -> int:
    """Make the whole index anew from all published listings, sorted by kind; how many there are."""
    state = unit.execute(select(SearchState.generation, SearchState.next_segment).with_for_update()).one()
    for table in (SearchChange, SearchDocument, SearchPosting, SearchSegment):
        unit.execute(delete(table))
    number, total = state.next_segment, 0
    for kind, chunk in _chunks(documents):
        changes = [change_of(document) for document in chunk]
        postings = Postings()
        postings.take_changes(changes)
        postings.write(unit, number, kind)
        _place(unit, number, 0, changes)
        number, total = number + 1, total + len(chunk)
    _advance(unit, state, number)
    return total


def _chunks(documents: Iterable[Document]) -> Iterator[tuple[str, list[Document]]]:
    rest = iter(documents)
    while chunk := list(islice(rest, MOST_DOCUMENTS)):
        for kind in sorted({document.kind for document in chunk}):
            yield kind, [document for document in chunk if document.kind == kind]


def _advance(unit: Unit, state: Any, next_segment: int) -> None:
    unit.execute(update(SearchState).values(generation=state.generation + 1, next_segment=next_segment))


def _fold(unit: Unit, number: int, kind: str, many: int) -> None:
    segments = unit.execute(
        select(SearchSegment.id, SearchSegment.born, SearchSegment.until, SearchSegment.size)
        .where(SearchSegment.kind == kind)
        .order_by(SearchSegment.id)
    ).all()
    joined = joined_with({segment.id: len(segment.size) for segment in segments}, many)
    if joined:
        # Whoever is just taking one of these out is waited for; its row is then among the changes read next.
        for segment_id in joined:
            unit.execute(select(SearchDocument.place).where(_within(segment_id)).with_for_update()).all()
    changes = _take_changes(unit, kind)
    came = [change for change in changes if not change["name"].startswith(":")]
    left: dict[int, list[int]] = {}
    for change in changes:
        if change["name"].startswith(":"):
            segment_id, place = divmod(int(change["name"][1:]), MOST_DOCUMENTS)
            left.setdefault(segment_id, []).append(place)
    postings = Postings()
    for segment in segments:
        until = np.frombuffer(segment.until, "<u2").copy()
        until[left.get(segment.id, [])] = 0
        if segment.id in joined:
            until[until < day_number(today())] = 0
            moved = (number - segment.id) * MOST_DOCUMENTS + postings.documents
            unit.execute(update(SearchDocument).where(_within(segment.id)).values(place=SearchDocument.place + moved))
            rows = unit.execute(select(SearchPosting.__table__).where(SearchPosting.segment == segment.id)).all()
            postings.take_segment(segment, until, rows)
        elif segment.id in left:
            emptied = update(SearchSegment).where(SearchSegment.id == segment.id)
            unit.execute(emptied.values(until=until.astype("<u2").tobytes()))
    if joined:
        unit.execute(delete(SearchPosting).where(SearchPosting.segment.in_(joined)))
        unit.execute(delete(SearchSegment).where(SearchSegment.id.in_(joined)))
    if came or joined:
        start = postings.documents
        postings.take_changes(came)
        postings.write(unit, number, kind)
        _place(unit, number, start, came)


def joined_with(sizes: Mapping[int, int], many: int) -> list[int]:
    """Which segments are joined with `many` new documents: all those that are not of a larger order, once there are enough."""
    joined: list[int] = []
    total = many
    while True:
        small = sorted(
            (size, segment)
            for segment, size in sizes.items()
            if segment not in joined and _order(size) <= _order(total)
        )
        fitting = []
        if len(small) >= JOINED - 1:
            for size, segment in small:
                if total + size <= MOST_DOCUMENTS:
                    fitting.append(segment)
                    total += size
        if not fitting:
            return sorted(joined)
        joined += fitting


def _order(size: int) -> int:
    """How often `FOLD` documents were joined to make so many."""
    order = 0
    while size >= FOLD * JOINED ** (order + 1):
        order += 1
    return order


def _within(segment_id: int) -> ColumnElement[bool]:
    first = segment_id * MOST_DOCUMENTS
    return SearchDocument.place.between(first, first + MOST_DOCUMENTS - 1)


def _take_changes(unit: Unit, kind: str) -> Sequence[Mapping[Any, Any]]:
    """The changes nobody is busy with, out of their table; in the order of their names."""
    this = SearchChange.kind == kind
    locked = select(SearchChange.__table__).where(this).order_by(SearchChange.name).with_for_update(skip_locked=True)
    changes = unit.execute(locked).mappings().all()
    if changes:
        taken = SearchChange.name.in_(bindparam("taken", expanding=True))
        unit.execute(delete(SearchChange).where(this, taken), {"taken": [change["name"] for change in changes]})
    return changes


def _place(unit: Unit, number: int, start: int, changes: Sequence[Mapping[Any, Any]]) -> None:
    rows = ((change["name"], place) for place, change in enumerate(changes, number * MOST_DOCUMENTS + start))
    load_rows(unit.connection, SearchDocument, rows)
