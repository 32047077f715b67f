"""The cross-walk between schemes of fields as the journal knew it at a point, for figures by the fields of another scheme.

A contract has one field of the scheme `contract`. It stands under each field of another scheme that means the same (exact),
nearly the same (close) or more (broader). It stands under no narrower or related field, since its own does not
tell whether that one applies. Figures of the past need the cross-walk of the past, so it is read from the journal.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select

from market.journal.model import JournalEntry
from market.journal.read import payload
from market.statistics.ledger import UNSPECIFIED
from market.statistics.points import Point
from market.store.session import Unit

_HOME_SCHEME = "contract"
_LOADED = "reference.loaded"
_COUNTED = {"forth": ("exact", "close", "broader"), "back": ("exact", "close", "narrower")}
"""Relations that count, of a link from the contract's field or to it."""

Links = dict[frozenset[str], tuple[str, str, str]]


class Crosswalk:
    """Where the fields of contracts lie in other schemes."""

    def __init__(self, links: Iterable[tuple[str, str, str]]) -> None:
        self._keys: dict[tuple[str, str], set[str]] = {}
        for start, end, relation in links:
            self._link(start, end, relation in _COUNTED["forth"])
            self._link(end, start, relation in _COUNTED["back"])

    def _link(self, start: str, end: str, counts: bool) -> None:
        if counts and _scheme(start) == _HOME_SCHEME:
            self._keys.setdefault((_scheme(end), start), set()).add(end)

    def keys(self, scheme: str, tag: str) -> tuple[str, ...]:
        """The fields of the scheme that a contract of this field stands under; `unspecified` when there is none."""
        return tuple(sorted(self._keys.get((scheme, tag), (UNSPECIFIED,))))

    def tags(self, scheme: str, keys: Iterable[str]) -> tuple[list[str], list[str]]:
        """Fields of contracts that stand under one of these keys, and all that stand under any key of the scheme."""
        wanted, known = set(keys), {tag: found for (other, tag), found in self._keys.items() if other == scheme}
        return sorted(tag for tag, found in known.items() if found & wanted), sorted(known)


def crosswalk_as_of(unit: Unit, at: Point | None) -> Crosswalk:
    """The cross-walk as of a point (None: at present)."""
    history = unit.reference("crosswalk_history", _history)
    # An administrator's word on a pair outlasts later loads, as it does in the store.
    # Loads of old did not tell their links; before the first that did, its own count.
    loaded: Links = next((_by_pair(links) for _, kind, links in history if kind == _LOADED and links), {})
    edited: dict[frozenset[str], tuple[str, str, str] | None] = {}
    for seq, kind, links in history:
        if at is not None and seq > at.seq:
            break
        pairs = _by_pair(links)
        if kind == _LOADED:
            loaded = pairs or loaded
        else:
            edited |= {pair: None if kind == "crosswalk.removed" else link for pair, link in pairs.items()}
    return Crosswalk(link for link in {**loaded, **edited}.values() if link)


def _by_pair(links: Iterable[tuple[str, str, str]]) -> Links:
    return {frozenset(link[:2]): link for link in links}


def _history(connection: Connection) -> list[tuple[int, str, list[tuple[str, str, str]]]]:
    """Every load and every edit of links: seq, kind, (from, to, relation)."""
    subject = JournalEntry.subject
    statement = (
        select(JournalEntry.seq, JournalEntry.kind, JournalEntry.payload)
        .where(or_(subject == "reference:crosswalks:crosswalks", subject.between("crosswalk:", "crosswalk;")))
        .order_by(JournalEntry.seq)
    )
    found = []
    for entry in connection.execute(statement).mappings():
        told = payload(entry)
        links = told.get("links", ()) if entry["kind"] == _LOADED else [[told[name] for name in _ENDS]]
        found.append((entry["seq"], entry["kind"], [tuple(link) for link in links]))
    return found


_ENDS = ("from_tag", "to_tag", "relation")


def _scheme(tag: str) -> str:
    return tag.partition(":")[0]
