"""What the routes of achievements and demands take. What they answer stands in `api.representations`: matching answers it too."""

from __future__ import annotations

from typing import Any

from api.routes import ListQuery
from api.schema import Day, Flag, Identifier, Input, Many, Part, Text, Whole, Yuan, one_of, pattern
from market.listings.queries import SORTS, STATES

_TITLE: dict[str, Any] = {"metadata": {"example": "高丰度稀土永磁材料制备技术"}}
_SUMMARY: dict[str, Any] = {"metadata": {"example": "以镧铈替代镨钕的烧结永磁体, 已完成中试。"}}
_FIELDS: dict[str, Any] = {
    "minimum": 1,
    "data_key": "fields",
    "attribute": "fields",
    "metadata": {
        "description": "Tags `scheme:code`, aliases too; an ancestor beside its descendant is dropped.",
        "example": ["contract:05", "region:rare_earth"],
    },
}
_MATURITY = "1–9; codes 10–13 of the list `maturity` have parent 9."


class ContactIn(Input):
    """Whom to ask; shown to the owner and administrators only."""

    name = Text(100, required=True)
    phone = Text(
        40, load_default=None, allow_none=True, validate=[pattern(r"^\+?[0-9][0-9 ()-]{4,}\Z", "A telephone number.")]
    )
    email = Text(
        200, load_default=None, allow_none=True, validate=[pattern(r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z", "An email address.")]
    )


class ListingChanges(Input):
    """What may be changed of a listing; what is absent stays, null empties."""

    title = Text(200, **_TITLE)
    summary = Text(10_000, **_SUMMARY)
    fields_ = Many(Text(80), 5, **_FIELDS)
    keywords = Many(Text(50), 10)
    place = Identifier(
        6, allow_none=True, metadata={"description": "Null: the organisation's place.", "example": "150203"}
    )
    modes = Many(Identifier(40), 20, metadata={"description": "Codes of the list `cooperation_mode`."})
    negotiable = Flag(metadata={"description": "Instead of an amount."})
    valid_until = Day(allow_none=True, metadata={"description": "The last day it is shown to others."})
    contact = Part(ContactIn, allow_none=True)
    anonymous = Flag(metadata={"description": "Others see neither the owner nor a place below league (盟市) level."})


class AchievementChanges(ListingChanges):
    """What may be changed of an achievement."""

    maturity = Whole(1, 9, allow_none=True, metadata={"description": _MATURITY})
    price = Yuan(attribute="amount_fen", allow_none=True)
    available_from = Day(attribute="ready_on", allow_none=True)


class DemandChanges(ListingChanges):
    """What may be changed of a demand."""

    maturity = Whole(1, 9, allow_none=True, metadata={"description": f"The lowest wanted: {_MATURITY}"})
    budget = Yuan(attribute="amount_fen", allow_none=True)
    needed_by = Day(attribute="ready_on", allow_none=True)


class AchievementIn(AchievementChanges):
    """A new achievement (科技成果)."""

    title = Text(200, required=True, **_TITLE)
    summary = Text(10_000, required=True, **_SUMMARY)
    fields_ = Many(Text(80), 5, required=True, **_FIELDS)
    publish = Flag(load_default=False, metadata={"description": "Publish it at once instead of keeping a draft."})


class DemandIn(DemandChanges):
    """A new technology demand (技术需求)."""

    title = Text(200, required=True, **_TITLE)
    summary = Text(10_000, required=True, **_SUMMARY)
    fields_ = Many(Text(80), 5, required=True, **_FIELDS)
    publish = Flag(load_default=False, metadata={"description": "Publish it at once instead of keeping a draft."})


class ListingsQuery(ListQuery):
    """Filters and order of the lists of achievements and demands."""

    field = Text(80, load_default=None, metadata={"description": "A tag; what lies below it is included."})
    place = Identifier(6, load_default=None, metadata={"description": "What lies within it is included."})
    mode = Identifier(40, load_default=None, metadata={"description": "A code of `cooperation_mode`."})
    owner = Identifier(40, load_default=None, metadata={"description": "An organisation's id, or `me`."})
    state = Identifier(
        20,
        load_default=None,
        validate=[one_of(*STATES)],
        metadata={"description": "`published` unless one asks for one's own; the others show one's own only."},
    )
    published_from = Day(load_default=None)
    published_to = Day(load_default=None, metadata={"description": "This day included."})
    sort = Identifier(
        20,
        load_default=SORTS[0],
        validate=[one_of(*SORTS)],
        metadata={"description": "Drafts stand at the moment of their creation."},
    )
