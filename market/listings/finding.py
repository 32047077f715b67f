"""Searching the published listings by what is written in them, with counts by kind, field, place, mode, maturity and year.

Everybody finds the same, and only what everybody may see: the index holds published listings alone, those that expired are
passed over, and what is anonymous stands in it without its owner and without its banner (旗县).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, select

from market.access import Permission
from market.errors import FieldError, Unauthenticated, check
from market.fields.queries import catalogue, code_lists
from market.listings.model import Listing
from market.listings.queries import SORTS, by_ids, page_of
from market.places.queries import tree
from market.search.highlights import excerpts
from market.search.terms import Part, parts_of, squeezed
from market.store.paging import Page, make_cursor, read_cursor
from market.store.session import Unit

if TYPE_CHECKING:
    from market.search.queries import Hit, Ranking

KINDS = ("achievement", "demand")
FACETS = ("kind", "field", "place", "mode", "maturity", "year")
MOST_CHARACTERS = 200
"""Of a search."""
MOST_VALUES = 50
"""Of a facet: those with most hits."""
MOST_LOOKED_AT = 2_000
"""So many hits are checked for words as they stand before a page is given as it is."""


def field_mark(tag: str) -> str:
    """Under which a listing is indexed for each of its tags and their ancestors."""
    return f"f:{tag}"


def place_mark(code: str) -> str:
    """Under which it is indexed for its place and each that lies above."""
    return f"p:{code}"


def mode_mark(mode: str) -> str:
    """Under which it is indexed for a cooperation mode."""
    return f"m:{mode}"


def maturity_mark(level: int) -> str:
    """Under which it is indexed for its maturity."""
    return f"t:{level}"


def year_mark(year: int) -> str:
    """Under which it is indexed for the year it was first published in."""
    return f"y:{year}"


def owner_mark(organisation: str, *, anonymous: bool) -> str:
    """Under which it is indexed for its owner; an anonymous one is asked for by those only who know the owner."""
    return f"{'a' if anonymous else 'o'}:{organisation}"


_PREFIXES = {"field": "f:", "place": "p:", "mode": "m:", "maturity": "t:", "year": "y:"}


def text_of(row: Mapping[Any, Any]) -> str:
    """All that is written in a listing and searched."""
    return "\n".join([row["title"], row["summary"], row["problem"] or "", *row["keywords"]])


@dataclass(frozen=True)
class Wanted:
    """What is searched for: words, and what else a hit must be. A field or place includes what lies below it."""

    q: str
    kinds: tuple[str, ...] = KINDS
    field: str | None = None
    place: str | None = None
    mode: str | None = None
    maturity: int | None = None
    year: int | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Found:
    """A page of hits with their listings, how many there are in all (`exact`: checked one by one), and the counts asked for."""

    hits: list[tuple[Hit, dict[str, Any]]]
    next: str | None
    total: int
    exact: bool
    facets: dict[str, list[dict[str, Any]]]


def search(
    unit: Unit,
    wanted: Wanted,
    *,
    facets: Sequence[str] = (),
    language: str = "zh",
    cursor: str | None = None,
    limit: int = 20,
) -> Found:
    """The listings that meet a search, the best first: by score, then the newer first publication, then the greater id.

    Run in a snapshot.
    """
    from market.search.queries import CHECKED, Index
    from market.search.queries import search as ranking_of

    parts = parts_of(wanted.q)
    filters = _filters(unit, wanted, facets)
    question = ["search", wanted.q, wanted.kinds, filters]
    after = None if cursor is None else _place(read_cursor(unit, cursor, question))
    ranking = ranking_of(Index(unit, wanted.kinds), parts, filters)
    exact = not any(part.exact for part in parts)
    if not exact and len(ranking) <= CHECKED:
        standing = set(_standing(unit, parts, ranking.take(len(ranking))))
        ranking.keep(lambda listing_id: listing_id in standing)
        exact = True
    hits, following = _page(unit, ranking, parts, after, limit, checked=exact)
    return Found(
        hits,
        following and make_cursor(unit, question, following),
        len(ranking),
        exact,
        {name: _facet(unit, ranking, name, language) for name in facets},
    )


def results(
    unit: Unit,
    *,
    q: str,
    kind: str | None,
    facets: str | None,
    cursor: str | None,
    limit: int,
    language: str,
    **filters: Any,
) -> dict[str, Any]:
    """A page of hits of any kind, each with its score and where the words stand in it."""
    names = tuple(dict.fromkeys(name.strip() for name in facets.split(","))) if facets else ()
    wanted = Wanted(q, KINDS if kind is None else (kind,), **filters)
    found = search(unit, wanted, facets=names, language=language, cursor=cursor, limit=limit)
    return {
        "items": [
            {
                "kind": hit.kind,
                "score": hit.score,
                "highlights": highlighted(q, row),
                **{kind: row if kind == hit.kind else None for kind in KINDS},
            }
            for hit, row in found.hits
        ],
        "next": found.next,
        "total": found.total,
        "total_is_exact": found.exact,
        "facets": {name: found.facets.get(name) for name in FACETS},
    }


def page(
    unit: Unit, kind: str, *, q: str | None, sort: str | None, cursor: str | None, limit: int, **filters: Any
) -> Page:
    """A page of achievements or demands: of a search the best first, else as `page_of` answers it."""
    if q is None:
        return page_of(unit, kind, sort=sort or SORTS[0], cursor=cursor, limit=limit, **filters)
    given = {
        "sort": sort,
        **{name: filters.pop(name) for name in ("state", "published_from", "published_to", "expiring_within")},
    }
    message = "A search has its own order and finds what is published, whenever that was."
    wrong = [name for name, value in given.items() if value is not None and (name, value) != ("state", "published")]
    check([FieldError(f"/{name}", "not-with-q", message) for name in wrong], "The request has wrong fields.")
    if filters["owner"] == "me":
        if unit.actor.organisation is None:
            raise Unauthenticated("To see one's own needs a key: Authorization: Bearer <key>.")
        filters["owner"] = unit.actor.organisation
    found = search(unit, Wanted(q, (kind,), **filters), cursor=cursor, limit=limit)
    return Page([row for _, row in found.hits], found.next)


def highlighted(q: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the words of a search stand in a listing."""
    texts = {name: row[name] or "" for name in ("title", "summary", "problem")}
    texts["keywords"] = ", ".join(row["keywords"])
    return excerpts(parts_of(q), texts)


def _place(values: list[Any]) -> tuple[int, str]:
    key, listing_id = values
    return key, listing_id


def _page(
    unit: Unit, ranking: Ranking, parts: Sequence[Part], after: tuple[int, str] | None, limit: int, *, checked: bool
) -> tuple[list[tuple[Hit, dict[str, Any]]], tuple[int, str] | None]:
    """A page of hits, and the place it ends at when there are more."""
    page: list[tuple[Hit, dict[str, Any]]] = []
    looked_at = 0
    while True:
        hits = ranking.take(limit + 1 if checked else 2 * limit + 20, after)
        rows = by_ids(unit, _standing(unit, () if checked else parts, hits))
        for hit in hits:
            if hit.listing_id in rows:
                if len(page) == limit:
                    return page, page[-1][0].place
                page.append((hit, rows[hit.listing_id]))
            after = hit.place
        looked_at += len(hits)
        if checked or not hits:
            return page, None
        if looked_at >= MOST_LOOKED_AT:
            return page, after


@cache
def _texts() -> Select[*tuple[Any, ...]]:
    columns = (Listing.id, Listing.title, Listing.summary, Listing.problem, Listing.keywords)
    return select(*columns).where(Listing.id.in_(bindparam("ids", expanding=True)))


def _standing(unit: Unit, parts: Sequence[Part], hits: Iterable[Hit]) -> list[str]:
    """The ids of those hits in whose texts every word that must stand as it is does so."""
    ids = [hit.listing_id for hit in hits]
    exact = [part.exact for part in parts if part.exact]
    if not exact or not ids:
        return ids
    rows = unit.execute(_texts(), {"ids": ids}).mappings().all()
    return [row["id"] for row in rows if _stand(exact, text_of(row))]


def _stand(words: Sequence[str], text: str) -> bool:
    """Mostly a word stands there as it is spelled; only else the text is brought to its one spelling."""
    missing = [word for word in words if word not in text]
    if not missing:
        return True
    spelled = squeezed(text)
    return all(word in spelled for word in missing)


def _filters(unit: Unit, wanted: Wanted, facets: Sequence[str]) -> list[list[str]]:
    """The marks a hit must have one of, for each filter; all wrong filters are refused together."""
    errors, filters = [], []
    field = None if wanted.field is None else catalogue(unit).find(wanted.field)
    if field is not None:
        filters.append([field_mark(field.tag)])
    elif wanted.field is not None:
        errors.append(FieldError("/field", "unknown-value", "There is no such field."))
    if wanted.place is not None:
        filters.append([place_mark(wanted.place)])
        if tree(unit).find(wanted.place) is None:
            errors.append(FieldError("/place", "unknown-value", tree(unit).missing(wanted.place)))
    if wanted.mode is not None:
        filters.append([mode_mark(wanted.mode)])
        if not code_lists(unit).has("cooperation_mode", wanted.mode):
            errors.append(FieldError("/mode", "unknown-value", "There is no such cooperation mode."))
    if any(name not in FACETS for name in facets):
        errors.append(FieldError("/facets", "unknown-value", f"One or more of {', '.join(FACETS)}."))
    check(errors, "The request has wrong fields.")
    if wanted.maturity is not None:
        filters.append([maturity_mark(wanted.maturity)])
    if wanted.year is not None:
        filters.append([year_mark(wanted.year)])
    if wanted.owner is not None:
        known = wanted.owner == unit.actor.organisation or unit.actor.may(Permission.SEE_ALL_LISTINGS)
        filters.append(
            [owner_mark(wanted.owner, anonymous=hidden) for hidden in ((False, True) if known else (False,))]
        )
    return filters


def _facet(unit: Unit, ranking: Ranking, name: str, language: str) -> list[dict[str, Any]]:
    counts = ranking.kinds() if name == "kind" else ranking.facet(_PREFIXES[name])
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]
    return [
        {"value": value, "label": _label(unit, name, value, language), "count": count} for value, count in most if count
    ]


def _label(unit: Unit, name: str, value: str, language: str) -> str:
    if name == "field":
        field = catalogue(unit).find(value)
        return value if field is None else field.label(language)
    if name == "place":
        place = tree(unit).find(value)
        return value if place is None else place.label(language)
    if name == "kind" and language == "zh":
        return {"achievement": "成果", "demand": "需求"}[value]
    return code_lists(unit).label({"mode": "cooperation_mode", "maturity": "maturity"}.get(name, name), value, language)
