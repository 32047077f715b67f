"""How the market does (活跃度): its listings beside what became of them, by field and by league (盟市).

Stock is what is published now; outcomes are those of all dealings (对接) until now, each told of the listing it is about. What is
told of fewer than a few listings would tell of one of them, so it is withheld from all but offices, statisticians and auditors,
and so is the next smallest group where it could be worked out from the total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, func, literal, null, select, true, type_coerce, union_all

from market.access import Permission
from market.contracts.model import Contract
from market.dealings.model import Dealing
from market.dealings.stages import AGREED
from market.errors import Forbidden, Invalid
from market.fields.model import FieldEntry
from market.fields.queries import catalogue, code_lists
from market.journal.read import head
from market.listings.finding import KINDS
from market.listings.model import Listing, ListingEntry
from market.listings.states import IS_LIVE, TODAY
from market.places.model import PlacePeriod
from market.places.queries import tree
from market.statistics.answers import Reader
from market.statistics.ledger import UNSPECIFIED
from market.store.session import Unit
from market.store.types import today

CUTS = ("field", "league")
DEFINITION = {
    "zh": "现时公示的成果和需求；无人应答的需求指尚无任何意向的公示需求；天数自需求首次公示之日起算，取中位数；"
    "进入洽谈指所有者同意引见；匹配转化率只计表达意向时指明己方相符供需信息的对接。",
    "en": "Achievements and demands published now; a demand without an answer is a published one nobody showed interest in; days "
    "are counted from the demand's first publication, medians; talks are those the owner agreed to be introduced for; the "
    "shares are of those interests that named a listing of one's own that matched.",
}

Key = tuple[str, ...]


@dataclass
class Cell:
    """What is counted of one group. `sought`, `offered` and `left`: so many listings stand behind interests, interests that
    matched, and talks that were passed."""

    achievements: int = 0
    demands: int = 0
    answered_live: int = 0
    sought: int = 0
    interests: int = 0
    talks: int = 0
    deals: int = 0
    offered: int = 0
    matched: int = 0
    matched_talks: int = 0
    matched_deals: int = 0
    left: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    to_interest: Counter[int] = field(default_factory=Counter)
    to_contract: Counter[int] = field(default_factory=Counter)


_BASES: dict[str, Callable[[Cell], int]] = {
    "demands": lambda cell: cell.demands,
    "interests": lambda cell: cell.sought,
    "matched": lambda cell: cell.offered,
    "passed": lambda cell: cell.left,
    "to_interest": lambda cell: cell.to_interest.total(),
    "to_contract": lambda cell: cell.to_contract.total(),
}
"""How many listings each block of figures tells of."""


def activity(unit: Unit, reader: Reader, *, by: str | None, scheme: str) -> dict[str, Any]:
    """The market's activity, in groups by `field` (the top fields of a scheme) and `league`; run in a snapshot.

    Both cuts together only for those who see small cells: with the sums at the edges too much could be worked out.
    """
    cuts = tuple(by.split(",")) if by else ()
    if not set(cuts) <= set(CUTS) or len(set(cuts)) < len(cuts):
        raise Invalid.field("/by", "unknown-value", "field, league, or both with a comma.")
    if len(cuts) > 1 and not unit.actor.may(Permission.SEE_SMALL_CELLS):
        raise Forbidden("Both cuts together are for offices, statisticians and auditors.", code="one-cut-only")
    if not catalogue(unit).has_scheme(scheme):
        raise Invalid.field("/scheme", "unknown-value", "There is no such scheme.")
    counted = head(unit).seq * 10**7 + today().toordinal()
    groups = unit.database.cached(f"activity {by} {scheme}", counted, lambda: _Groups(unit, cuts, scheme))
    total, ordered = groups.total, dict(sorted(groups.cells.items()))
    withheld = _withheld(ordered, reader.floor)
    return {
        "by": list(cuts),
        "scheme": scheme,
        "definition": DEFINITION[reader.language],
        "totals": _told(unit, total, _small(total, reader.floor), reader.language),
        "groups": [
            {
                "key": dict(zip(cuts, key, strict=True)),
                "label": groups.label(key, reader.language),
                **_told(unit, cell, {block for block, keys in withheld.items() if key in keys}, reader.language),
            }
            for key, cell in ordered.items()
            if cuts
        ],
    }


class _Groups:
    """The groups of a cut, and what is counted of each; the database counts, a row for each path.

    Kept until the journal grows or the day ends: whatever is counted changes with an event.
    """

    def __init__(self, unit: Unit, cuts: tuple[str, ...], scheme: str) -> None:
        self.cuts, self.places, self.fields = cuts, tree(unit), catalogue(unit)
        self.home = self.places.at_level(unit.database.home_region(), "province") or ""
        self.leagues = [place.code for place in self.places.children(self.home)] if "league" in cuts else []
        self.provinces: list[str] = []
        if "league" in cuts:
            provinces = select(PlacePeriod.code).where(PlacePeriod.level == "province").distinct()
            self.provinces = list(unit.execute(provinces).scalars())
        tops = select(FieldEntry.code).where(FieldEntry.scheme == scheme, FieldEntry.parent.is_(None))
        self.tags = [f"{scheme}:{code}" for code in unit.execute(tops).scalars()] if "field" in cuts else []
        paths = {"field": Listing.tag_path, "league": Listing.place_path}
        self.paths = [type_coerce(paths[cut], String) for cut in cuts]
        self.total = Cell()
        self.cells: dict[Key, Cell] = {}
        self._known: dict[Key, list[Cell]] = {}
        self._count_stock(unit)
        self._count_outcomes(unit)
        self._known.clear()

    def _cells(self, paths: Key) -> list[Cell]:
        """What a listing with these paths counts in: the total and its groups, by field one for each of its top fields."""
        if paths not in self._known:
            keys: list[Key] = [()] if self.cuts else []
            for cut, path in zip(self.cuts, paths, strict=True):
                codes = path.split()
                found = self._fields(codes) if cut == "field" else [self._league(codes)]
                keys = [(*key, value) for key in keys for value in found]
            self._known[paths] = [self.total, *(self.cells.setdefault(key, Cell()) for key in keys)]
        return self._known[paths]

    def _fields(self, path: list[str]) -> list[str]:
        return [tag for tag in self.tags if tag in path] or [UNSPECIFIED]

    def _league(self, path: list[str]) -> str:
        """A league of home, elsewhere the province."""
        groups = [*self.leagues, *self.provinces]
        return next((code for code in groups if code in path), UNSPECIFIED)

    def _count_stock(self, unit: Unit) -> None:
        """The live listings of every group, from the narrow table of entries."""
        tags, places = ["", *self.tags], ["", *self.leagues, *self.provinces]
        live = select(ListingEntry.kind, ListingEntry.place).where(
            ListingEntry.kind.in_(KINDS), ListingEntry.place.in_(places), ListingEntry.expires_on >= TODAY
        )
        each = live.add_columns(ListingEntry.tag, func.count()).where(ListingEntry.tag.in_(tags))
        each = each.group_by(ListingEntry.kind, ListingEntry.tag, ListingEntry.place)
        counts = {(kind, tag, place): n for kind, place, tag, n in _rows(unit, each)}
        if self.tags:
            tagged = live.add_columns(func.count(ListingEntry.listing_id.distinct()))
            tagged = tagged.where(ListingEntry.tag.in_(self.tags)).group_by(ListingEntry.kind, ListingEntry.place)
            marked = {(kind, place): n for kind, place, n in _rows(unit, tagged)}
            for kind, tag, place in [key for key in counts if key[1] == ""]:
                counts[kind, UNSPECIFIED, place] = counts[kind, tag, place] - marked.get((kind, place), 0)
        for kind, tag, _ in [key for key in counts if self.leagues and key[2] == ""]:
            within = sum(counts.get((kind, tag, code), 0) for code in self.leagues)
            placed = sum(counts.get((kind, tag, code), 0) for code in self.provinces)
            counts[kind, tag, UNSPECIFIED] = counts[kind, tag, ""] - placed
            counts[kind, tag, self.home] = counts.get((kind, tag, self.home), 0) - within
        for (kind, tag, place), n in counts.items():
            values = {"field": tag, "league": place}
            key = tuple(values[cut] for cut in self.cuts)
            if tag == place == "":
                _add_stock(self.total, kind, n)
            if n and key and all(key) and all(values[cut] == "" for cut in CUTS if cut not in self.cuts):
                _add_stock(self.cells.setdefault(key, Cell()), kind, n)

    def _count_outcomes(self, unit: Unit) -> None:
        """What became of listings: dealings, each told of the listing it is about, and contracts that name a demand."""
        width = len(self.paths)
        for row in _rows(unit, _outcomes(self.paths)):
            live, days, n, *counted = row[width:]
            for cell in self._cells(row[:width]):
                for name, many in zip(_COUNTED, counted, strict=True):
                    setattr(cell, name, getattr(cell, name) + int(many))
                if days is not None:
                    cell.answered_live += n if live else 0
                    cell.to_interest[days] += n
        for *paths, reason, n in _rows(unit, _passed(self.paths)):
            for cell in self._cells(tuple(paths)):
                cell.passed[reason] += int(n)
        for *paths, since, day in _rows(unit, _contracted(self.paths)):
            for cell in self._cells(tuple(paths)):
                cell.to_contract[(day - EPOCH).days - since] += 1

    def label(self, key: Key, language: str) -> str:
        """The names of a group."""
        names = []
        for cut, value in zip(self.cuts, key, strict=True):
            found = self.fields.find(value) if cut == "field" else self.places.find(value)
            unknown = "未注明" if language == "zh" else "Unspecified"
            names.append(unknown if found is None else found.label(language))
        return " · ".join(names)


def _rows(unit: Unit, statement: Select[*tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    return map(tuple, unit.execute(statement, {"today": today()}))


def _add_stock(cell: Cell, kind: str, number: int) -> None:
    if kind == "demand":
        cell.demands += number
    else:
        cell.achievements += number


Paths = Sequence[ColumnElement[str]]
EPOCH = date(1970, 1, 1)


def _day(instant: ColumnElement[int]) -> ColumnElement[int]:
    """The number of the civil date of an instant."""
    return (instant + 28_800_000_000) // 86_400_000_000


_SINCE = _day(func.coalesce(Listing.first_published_at, Listing.published_at))
"""When a demand was published first."""
_COUNTED = ("sought", "offered", "left", "interests", "talks", "deals", "matched", "matched_talks", "matched_deals")
"""What `_outcomes` counts."""


def _outcomes(paths: Paths) -> Select[*tuple[Any, ...]]:
    """For each path, live or not, and days until the first interest (of a demand that found one): numbers of listings and of
    dealings about them. Takes `today`. Listings are read once: they are wide."""
    talked, dealt, passed = Dealing.introduced_at.is_not(None), Dealing.stage == AGREED, Dealing.reason.is_not(None)
    matched = Dealing.from_listing.is_not(None)
    which = (true(), talked, dealt, matched, matched & talked, matched & dealt, passed)
    numbers = [func.count(case((each, 1))).label(f"n{place}") for place, each in enumerate(which)]
    about = select(Dealing.listing_id.label("id"), null().label("first"), *numbers).group_by(Dealing.listing_id)
    demand = case((Dealing.listing_kind == "demand", Dealing.listing_id), else_=Dealing.from_listing)
    answered = select(demand, func.min(Dealing.created_at), *(literal(0) for _ in which))
    both = union_all(about, answered.where(demand.is_not(None)).group_by(demand)).subquery()
    named, first, *of = both.columns
    each = select(named, func.min(first).label("first"), *(func.sum(n).label(n.name) for n in of)).group_by(named)
    named, first, interests, *others, left = each.subquery().columns
    live, days = case((IS_LIVE, 1), else_=0).label("live"), (_day(first) - _SINCE).label("days")
    listings = (func.count(case((n > 0, 1))) for n in (interests, others[2], left))
    return (
        select(*paths, live, days, func.count(), *listings, *map(func.sum, (interests, *others)))
        .join_from(named.table, Listing, Listing.id == named)
        .group_by(*paths, live, days)
    )


def _passed(paths: Paths) -> Select[*tuple[Any, ...]]:
    """How often talks were passed for each path and reason."""
    each = select(Dealing.listing_id, Dealing.reason, func.count().label("n")).where(Dealing.reason.is_not(None))
    of = each.group_by(Dealing.listing_id, Dealing.reason).subquery().columns
    return (
        select(*paths, of.reason, func.sum(of.n))
        .join_from(of.reason.table, Listing, Listing.id == of.listing_id)
        .group_by(*paths, of.reason)
    )


def _contracted(paths: Paths) -> Select[*tuple[Any, ...]]:
    """Of each demand that a registered contract names: the day it was published first, and that of the first contract."""
    registered = (Contract.demand_id.is_not(None), Contract.state == "registered")
    first = (
        select(Contract.demand_id, func.min(Contract.registered_on).label("day"))
        .where(*registered)
        .group_by(Contract.demand_id)
        .subquery()
    )
    return select(*paths, _SINCE, first.c.day).join_from(first, Listing, Listing.id == first.c.demand_id)


def _small(cell: Cell, floor: int) -> set[str]:
    return {block for block, base in _BASES.items() if 0 < base(cell) < floor}


def _withheld(cells: Mapping[Key, Cell], floor: int) -> dict[str, set[Key]]:
    """By block the groups that don't show it: too small ones, and one more where those together are too few."""
    found = {}
    for block, base in _BASES.items():
        sizes = {key: base(cell) for key, cell in cells.items() if base(cell)}
        hidden = {key for key, size in sizes.items() if size < floor}
        while hidden and sum(sizes[key] for key in hidden) < floor and len(hidden) < len(sizes):
            hidden.add(min(sizes.keys() - hidden, key=lambda key: (sizes[key], key)))
        found[block] = hidden
    return found


def _told(unit: Unit, cell: Cell, withheld: set[str], language: str) -> dict[str, Any]:
    lists = code_lists(unit)
    told: dict[str, Any] = {
        "achievements": cell.achievements,
        "demands": cell.demands,
        "demands_without_answer": cell.demands - cell.answered_live,
        "interests": cell.interests,
        "talks": cell.talks,
        "deals": cell.deals,
        "matched_interests": cell.matched,
        "share_to_talks": _share(cell.matched_talks, cell.matched),
        "share_to_deals": _share(cell.matched_deals, cell.matched),
        "median_days_to_interest": _median(cell.to_interest),
        "median_days_to_contract": _median(cell.to_contract),
        "passed": [
            {"reason": code, "label": lists.label("pass_reason", code, language), "count": number}
            for code, number in sorted(cell.passed.items(), key=lambda item: (-item[1], item[0]))
        ],
    }
    hidden = [name for block in sorted(withheld) for name in _FIGURES[block]]
    return {**told, **dict.fromkeys(hidden), "suppressed": bool(hidden)}


_FIGURES = {
    "demands": ("demands_without_answer",),
    "interests": ("interests", "talks", "deals"),
    "matched": ("matched_interests", "share_to_talks", "share_to_deals"),
    "passed": ("passed",),
    "to_interest": ("median_days_to_interest",),
    "to_contract": ("median_days_to_contract",),
}
"""The figures of each block."""


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _median(days: Counter[int]) -> float | None:
    return round(median(days.elements()), 1) if days else None
