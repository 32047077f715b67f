"""How the market does (活跃度): its listings beside what became of them, by field and by league (盟市).

Stock is what is published now; outcomes are those of all dealings (对接) until now, each told of the listing it is about. What is
told of fewer than a few demands or dealings would tell of one of them, so it is withheld from all but offices, statisticians and
auditors, and so is the next smallest group where it could be worked out from the total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from sqlalchemy import RowMapping, Select, func, or_, select

from market.access import Permission
from market.contracts.model import Contract
from market.dealings.model import Dealing
from market.errors import Forbidden, Invalid
from market.fields.model import FieldEntry
from market.fields.queries import catalogue, code_lists
from market.listings.model import Listing
from market.listings.states import IS_LIVE
from market.places.queries import tree
from market.statistics.answers import Reader
from market.statistics.ledger import UNSPECIFIED
from market.store.session import Unit
from market.store.types import civil_date, today

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
    """What is counted of one group."""

    achievements: int = 0
    demands: int = 0
    answered_live: int = 0
    interests: int = 0
    talks: int = 0
    deals: int = 0
    matched: int = 0
    matched_talks: int = 0
    matched_deals: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    to_interest: list[int] = field(default_factory=list)
    to_contract: list[int] = field(default_factory=list)


_BASES: dict[str, Callable[[Cell], int]] = {
    "demands": lambda cell: cell.demands,
    "interests": lambda cell: cell.interests,
    "matched": lambda cell: cell.matched,
    "passed": lambda cell: cell.passed.total(),
    "to_interest": lambda cell: len(cell.to_interest),
    "to_contract": lambda cell: len(cell.to_contract),
}
"""How many demands or dealings each block of figures tells of."""


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
    groups = _Groups(unit, cuts, scheme)
    total, cells = Cell(), groups.stock(unit)
    stock = select(Listing.kind, func.count().label("n")).where(IS_LIVE).group_by(Listing.kind)
    for row in unit.execute(stock, _today()).mappings():
        _add_stock(total, row["kind"], row["n"])
    _outcomes(unit, lambda listing: [total, *(cells.setdefault(key, Cell()) for key in groups.of(listing))])
    ordered = dict(sorted(cells.items()))
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
    """Which groups a listing stands in."""

    def __init__(self, unit: Unit, cuts: tuple[str, ...], scheme: str) -> None:
        self.cuts, self.places, self.fields = cuts, tree(unit), catalogue(unit)
        home = self.places.at_level(unit.database.home_region(), "province")
        tops = select(FieldEntry.code).where(FieldEntry.scheme == scheme, FieldEntry.parent.is_(None))
        self.tags = [f"{scheme}:{code}" for code in unit.execute(tops).scalars()] if "field" in cuts else []
        self.home = home or ""
        self.leagues = {place.code for place in self.places.children(self.home)}

    def of(self, listing: Mapping[Any, Any]) -> list[Key]:
        """Its groups: by field one for each of its top fields."""
        keys: list[Key] = [()]
        for cut in self.cuts:
            found = self._fields(listing["tag_path"]) if cut == "field" else [self._league(listing["place_path"])]
            keys = [(*key, value) for key in keys for value in found]
        return keys

    def _fields(self, path: Iterable[str]) -> list[str]:
        return [tag for tag in self.tags if tag in set(path)] or [UNSPECIFIED]

    def _league(self, path: Iterable[str]) -> str:
        """A league of home, elsewhere the province."""
        codes = list(path)
        found = [code for code in codes if code in self.leagues]
        return (found or [code for code in codes if self.places.at_level(code, "province") == code] or [UNSPECIFIED])[0]

    def stock(self, unit: Unit) -> dict[Key, Cell]:
        """The live listings of every group."""
        cells: dict[Key, Cell] = {}
        paths = {"field": Listing.tag_path, "league": Listing.place_path}
        columns = [Listing.kind, *(paths[cut] for cut in self.cuts)]
        statement = select(*columns, func.count().label("n")).where(IS_LIVE).group_by(*columns)
        for row in unit.execute(statement, _today()).mappings() if self.cuts else ():
            for key in self.of(row):
                _add_stock(cells.setdefault(key, Cell()), row["kind"], row["n"])
        return cells

    def label(self, key: Key, language: str) -> str:
        """The names of a group."""
        names = []
        for cut, value in zip(self.cuts, key, strict=True):
            found = self.fields.find(value) if cut == "field" else self.places.find(value)
            unknown = "未注明" if language == "zh" else "Unspecified"
            names.append(unknown if found is None else found.label(language))
        return " · ".join(names)


def _today() -> dict[str, date]:
    return {"today": today()}


def _add_stock(cell: Cell, kind: str, number: int) -> None:
    if kind == "demand":
        cell.demands += number
    else:
        cell.achievements += number


def _outcomes(unit: Unit, cells_of: Callable[[RowMapping], list[Cell]]) -> None:
    """What became of listings: dealings, and contracts that name a demand."""
    dealings = (
        unit.execute(
            select(
                Dealing.listing_id,
                Dealing.from_listing,
                Dealing.listing_kind,
                Dealing.stage,
                Dealing.reason,
                Dealing.created_at,
                Dealing.introduced_at,
            )
        )
        .mappings()
        .all()
    )
    contracts = {row.demand_id: row.day for row in unit.execute(_contracts())}
    listings = {row["id"]: row for row in unit.execute(_listings(), _today()).mappings()}
    cells = {listing_id: cells_of(row) for listing_id, row in listings.items()}
    first: dict[str, int] = {}
    for row in dealings:
        about = (row["listing_id"], row["from_listing"])
        demand = about[0] if row["listing_kind"] == "demand" else about[1]
        if demand is not None:
            first[demand] = min(first.get(demand, row["created_at"]), row["created_at"])
        talked, dealt = row["introduced_at"] is not None, row["stage"] == "agreed"
        for cell in cells[row["listing_id"]]:
            cell.interests += 1
            cell.talks += talked
            cell.deals += dealt
            if row["from_listing"] is not None:
                cell.matched += 1
                cell.matched_talks += talked
                cell.matched_deals += dealt
            if row["reason"] is not None:
                cell.passed[row["reason"]] += 1
    for demand, at in first.items():
        for cell in cells[demand]:
            cell.answered_live += listings[demand]["live"]
            cell.to_interest.append((civil_date(at) - _published(listings[demand])).days)
    for demand, day in contracts.items():
        for cell in cells[demand]:
            cell.to_contract.append((day - _published(listings[demand])).days)


def _contracts() -> Select[*tuple[Any, ...]]:
    registered = (Contract.demand_id.is_not(None), Contract.state == "registered")
    return (
        select(Contract.demand_id, func.min(Contract.registered_on).label("day"))
        .where(*registered)
        .group_by(Contract.demand_id)
    )


def _listings() -> Select[*tuple[Any, ...]]:
    """The listings that dealings or contracts name."""
    named = (
        select(Dealing.listing_id),
        select(Dealing.from_listing).where(Dealing.from_listing.is_not(None)),
        select(Contract.demand_id).where(Contract.demand_id.is_not(None)),
    )
    columns = (Listing.id, Listing.tag_path, Listing.place_path, Listing.first_published_at, Listing.published_at)
    return select(*columns, IS_LIVE.label("live")).where(or_(*(Listing.id.in_(each) for each in named)))


def _published(listing: Mapping[Any, Any]) -> date:
    return civil_date(listing["first_published_at"] or listing["published_at"])


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


def _median(days: list[int]) -> float | None:
    return round(median(days), 1) if days else None
