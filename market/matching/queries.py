"""Which listings of the other kind fit one of the caller's or a published one, best first, each with its reasons.

The tags of a listing are matched against the entries of the market (`ListingEntry`) in one statement that scores every
candidate; only the best are read. Ranking: score, then the newer publication, then the greater id.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, bindparam, column, false, func, select, values

from market.access import Actor, Permission
from market.fields.queries import Fields, catalogue
from market.listings.model import Listing, ListingEntry
from market.listings.queries import by_ids, find
from market.matching.scoring import FULL, conditions, rarity, reaches, shared_tags
from market.places.queries import Places, tree
from market.store.dialect import whole
from market.store.session import Unit
from market.store.types import CivilDate, Code, today

OTHER = {"achievement": "demand", "demand": "achievement"}
_TODAY = bindparam("today", type_=CivilDate)


def matches(unit: Unit, kind: str, listing_id: str, limit: int, language: str) -> list[dict[str, Any]]:
    """The best `limit` listings of the other kind for one the caller may see, with score and reasons; run in a snapshot."""
    own, fields, places = find(unit, kind, listing_id), catalogue(unit), tree(unit)
    rarities = _rarities(unit, OTHER[kind], fields.without_ancestors(own["fields"]))
    scores = _best(unit, fields, own, rarities, limit)
    listings, total = by_ids(unit, scores), sum(rarities.values()) * FULL
    return [
        {
            OTHER[kind]: candidate,
            "score": round(scores[candidate_id] / total, 6),
            "reasons": [
                *_tags(fields, rarities, total, candidate, language),
                *_conditions({kind: own, OTHER[kind]: candidate}, places),
            ],
        }
        for candidate_id in scores
        if (candidate := listings.get(candidate_id))
    ]


def _tags(
    fields: Fields, rarities: Mapping[str, int], total: int, candidate: Mapping[str, Any], language: str
) -> list[dict[str, Any]]:
    found = []
    for shared in shared_tags(fields, rarities, candidate["fields"]):
        field = fields.find(shared.tag)
        found.append(
            {
                "kind": "tag",
                "tag": shared.tag,
                "own_tag": shared.own,
                "relation": shared.relation,
                "weight": round(shared.weight / total, 6),
                "label": field and field.label(language),
            }
        )
    return found


def _conditions(pair: Mapping[str, Mapping[str, Any]], places: Places) -> list[dict[str, Any]]:
    judged = conditions(pair["achievement"], pair["demand"], places)
    return [{"kind": "condition", **condition} for condition in judged]


@cache
def _counts() -> Select[*tuple[Any, ...]]:
    return (
        select(ListingEntry.tag, func.count().label("having"))
        .where(
            ListingEntry.kind == bindparam("kind"),
            ListingEntry.tag.in_(bindparam("tags", expanding=True)),
            ListingEntry.place == "",
            ListingEntry.expires_on >= _TODAY,
        )
        .group_by(ListingEntry.tag)
    )


def _rarities(unit: Unit, kind: str, tags: list[str]) -> dict[str, int]:
    """The rarity of each tag among the published listings of a kind."""
    rows = unit.execute(_counts(), {"kind": kind, "tags": ["", *tags], "today": today()})
    counts = {row.tag: row.having for row in rows}
    return {tag: rarity(counts.get("", 0), counts.get(tag, 0)) for tag in tags}


def _best(
    unit: Unit, fields: Fields, own: Mapping[str, Any], rarities: Mapping[str, int], limit: int
) -> dict[str, int]:
    """The best candidates' ids with their scores (rarity times closeness), in order."""
    given: dict[str, Any] = {"kind": OTHER[own["kind"]], "today": today(), "limit": limit}
    rows = [
        (number, reach.tag, rare * reach.closeness, reach.deepest)
        for number, (tag, rare) in enumerate(rarities.items())
        for reach in reaches(fields, tag)
    ]
    given["tags"] = sorted({row[1] for row in rows})
    size = 1 << (len(rows) - 1).bit_length()
    rows += [(0, _NO_ONES_TAG, 0, 0)] * (size - len(rows))
    for number, row in enumerate(rows):
        given |= {f"{name}{number}": value for name, value in zip(_REACH.c.keys(), row, strict=True)}
    given["owner"] = own["owner"] and own["owner"]["id"]
    return {row.listing_id: row.score for row in unit.execute(_ranking(size, _left_out(unit.actor, own)), given)}


def _left_out(actor: Actor, own: Mapping[str, Any]) -> str:
    """Which of the owner's other listings are left out: a gap must not tell a stranger whose an anonymous listing is."""
    if own["owner"] is None:
        return "none"
    known = own["owner"]["id"] == actor.organisation or actor.may(Permission.SEE_ALL_LISTINGS)
    return "all" if known else "named"


_REACH = values(
    column("own", Integer),
    column("tag", Code(80)),
    column("worth", BigInteger),
    column("deepest", Integer),
    name="reach",
)
_NO_ONES_TAG = "-"
"""Fills up the reach to a power of two, so that few statements serve all: making one costs more than running it."""


@cache
def _ranking(size: int, left_out: str) -> Select[*tuple[Any, ...]]:
    names = {column.name: column.type for column in _REACH.c}
    reach = _REACH.data(
        [tuple(bindparam(f"{name}{n}", type_=kind) for name, kind in names.items()) for n in range(size)]
    ).cte("reach")
    entry = ListingEntry
    nearest = (
        select(entry.listing_id, entry.published_at, func.max(reach.c.worth.bitwise_rshift(entry.depth)).label("worth"))
        .join_from(reach, entry, (entry.tag == reach.c.tag) & (entry.depth <= reach.c.deepest))
        .where(
            entry.kind == bindparam("kind"),
            entry.tag.in_(bindparam("tags", expanding=True)),  # says again what the join does; the planner needs it
            entry.place == "",
            entry.expires_on >= _TODAY,
        )
        .group_by(entry.listing_id, entry.published_at, reach.c.own)
    )
    if left_out != "none":
        owners = select(Listing.id).where(Listing.owner == bindparam("owner"), Listing.kind == bindparam("kind"))
        nearest = nearest.where(
            entry.listing_id.not_in(owners.where(Listing.anonymous == false()) if left_out == "named" else owners)
        )
    best = nearest.subquery()
    score = whole(func.sum(best.c.worth)).label("score")
    return (
        select(best.c.listing_id, score)
        .group_by(best.c.listing_id, best.c.published_at)
        .order_by(score.desc(), best.c.published_at.desc(), best.c.listing_id.desc())
        .limit(bindparam("limit", type_=Integer))
    )
