"""Keeping the index: `put` what is published, `drop` what is not any more, in the transaction of the listing itself.

Both write one narrow row (`SearchChange`) and wait for nobody. Once there are `FOLD` of them, the unit that notices folds them
into segments (see `market.search.segments`) before it is sealed. What a search finds never depends on when that happens.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import log2
from sys import byteorder
from typing import Any

from sqlalchemy import Executable, bindparam, delete, func, insert, select

from market.search.model import SearchChange, SearchDocument
from market.search.terms import digest, lasts_of, normal, terms_of
from market.store.session import Unit

FOLD = 512
"""So many changes are folded; until then every search reads them all."""
ALWAYS = 0xFFFF
MOST_NUMBER = 63
"""More often a term does not count."""
_CALENDAR = date(2000, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Document:
    """A published listing: its text, its marks (what it is filtered and matched by, each with a small number), the second of its
    first publication and the last day it is shown."""

    listing_id: str
    kind: str
    text: str
    marks: Mapping[str, int]
    born: int
    until: date | None


def day_number(day: date | None) -> int:
    """A day in two bytes; None and what lies beyond is never."""
    return ALWAYS if day is None else max(1, min(ALWAYS, day.toordinal() - _CALENDAR))


def length_class(length: int) -> int:
    """The length of a document in one byte, to some 4 in a hundred."""
    return min(255, round(16 * log2(max(1, length))))


def change_of(document: Document) -> dict[str, Any]:
    """The row a document comes with, but for the digests."""
    text = normal(document.text)
    terms = terms_of(text)
    size = length_class(terms.total())
    terms.update(lasts_of(text) - terms.keys())
    weights = array("H", document.marks.values())
    weights.extend([min(MOST_NUMBER, number) << 8 | size for number in terms.values()])
    if byteorder == "big":
        weights.byteswap()
    return {
        "kind": document.kind,
        "name": document.listing_id,
        "born": document.born,
        "until": day_number(document.until),
        "marks": "\n".join(document.marks),
        "terms": "\n".join(terms),
        "weights": weights.tobytes(),
    }


def put(unit: Unit, documents: Sequence[Document]) -> None:
    """Let documents be found that are not in the index."""
    if documents:
        changes = [change_of(document) for document in documents]
        for change in changes:
            terms = f"{change['marks']}\n{change['terms']}".strip("\n").split("\n")
            change["digests"] = b"".join(map(digest, terms))
        unit.execute(_statements()["insert"], changes)
        _fold_at_the_end(unit)


def drop(unit: Unit, kind: str, listing_id: str) -> None:
    """Let a document that is in the index not be found any more."""
    run = _statements()
    if unit.execute(run["forget"], {"of": kind, "named": listing_id}).rowcount:
        return
    # Asked second: a fold that has just taken the change in is waited for above, and has written where it stands.
    where = unit.execute(run["locate"], {"listing": listing_id}).first()
    if where is not None:
        unit.execute(run["lose"], {"listing": listing_id})
        empty = {"born": 0, "until": 0, "marks": "", "terms": "", "weights": b"", "digests": b""}
        unit.execute(run["insert"], {"kind": kind, "name": f":{where.place}", **empty})
        _fold_at_the_end(unit)


def _fold_at_the_end(unit: Unit) -> None:
    """Before the rest of the seal: whoever holds the journal's head must not wait for a row any more."""
    if _fold_if_due not in unit.sealers:
        unit.sealers.insert(0, _fold_if_due)


def _fold_if_due(unit: Unit) -> None:
    counts = {row.kind: row.many for row in unit.execute(_statements()["count"])}
    if sum(counts.values()) >= FOLD:
        from market.search.segments import fold  # loads numpy, which a short command does not need

        fold(unit, counts)


@cache
def _statements() -> dict[str, Executable]:
    change, document = SearchChange, SearchDocument
    this = document.listing_id == bindparam("listing")
    return {
        "insert": insert(change),
        "forget": delete(change).where(change.kind == bindparam("of"), change.name == bindparam("named")),
        "locate": select(document.place).where(this).with_for_update(),
        "lose": delete(document).where(this),
        "count": select(change.kind, func.count().label("many")).group_by(change.kind),
    }
