"""What the routes of achievements and demands take. What they answer stands in `api.representations`: matching answers it too."""

from __future__ import annotations

from typing import Any

from marshmallow.fields import String

from api.representations import FLAG as _FLAG
from api.representations import AchievementOut, DemandOut
from api.routes import ListQuery, Number
from api.schema import (
    Day,
    Flag,
    Identifier,
    Input,
    Many,
    Moment,
    Output,
    Part,
    Plain,
    Text,
    Whole,
    Yuan,
    one_of,
    pattern,
)
from market.listings.finding import FACETS, KINDS, MOST_CHARACTERS, MOST_VALUES
from market.listings.queries import SORTS
from market.listings.states import STATES
from market.store.paging import MAX_LIMIT

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


class IndicatorIn(Input):
    """A measurable indicator: what is promised or demanded, and the value there is today."""

    name = Text(100, required=True, metadata={"example": "剩磁"})
    value = Text(100, required=True, metadata={"example": "≥1.32"})
    unit = Text(40, load_default=None, allow_none=True, metadata={"example": "T"})
    better_than = Text(100, load_default=None, allow_none=True, metadata={"example": "1.25"})


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
    anonymous = Flag(
        metadata={"description": "Others see neither the owner nor a place below league (盟市) level nor files."}
    )
    indicators = Many(Part(IndicatorIn), 20, metadata={"description": "What can be measured."})


class AchievementChanges(ListingChanges):
    """What may be changed of an achievement."""

    maturity = Whole(1, 9, allow_none=True, metadata={"description": _MATURITY})
    price = Yuan(attribute="amount_fen", allow_none=True)
    available_from = Day(attribute="ready_on", allow_none=True)
    better_than = Text(2000, allow_none=True, metadata={"description": "What it does better than what there is."})
    ip_type = Identifier(40, allow_none=True, metadata={"description": "A code of the list `ip_type`."})
    ip_numbers = Many(Text(60), 20, metadata={"description": "Numbers of patents and other rights."})
    stage = Identifier(40, allow_none=True, metadata={"description": "A code of the list `achievement_stage`."})
    appraisal = Text(2000, allow_none=True, metadata={"description": "Who judged it, when, with what result."})


class DemandChanges(ListingChanges):
    """What may be changed of a demand."""

    maturity = Whole(1, 9, allow_none=True, metadata={"description": f"The lowest wanted: {_MATURITY}"})
    budget = Yuan(attribute="amount_fen", allow_none=True)
    needed_by = Day(attribute="ready_on", allow_none=True)
    problem = Text(5000, allow_none=True, metadata={"description": "What has to be solved, and what was tried."})
    ip_ownership = Identifier(
        40, allow_none=True, metadata={"description": "Whose the results shall be: a code of the list `ip_ownership`."}
    )
    solver_conditions = Text(2000, allow_none=True, metadata={"description": "What the solver must bring."})


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


class KeptFileIn(Input):
    """A file of the listing that stays."""

    id = Identifier(40, required=True)
    confidential = Flag(required=True)


_FILES: dict[str, Any] = {"metadata": {"description": "Those that stay; `POST …/attachments` adds one."}}


class AchievementPatch(AchievementChanges):
    """What may be changed of an achievement that is there."""

    attachments = Many(Part(KeptFileIn), 20, **_FILES)


class DemandPatch(DemandChanges):
    """What may be changed of a demand that is there."""

    attachments = Many(Part(KeptFileIn), 20, **_FILES)


class AsOfQuery(Input):
    """When a listing is looked at."""

    as_of = Text(
        40,
        load_default=None,
        metadata={"description": "An instant, or a day: its end in Asia/Shanghai. The present unless given."},
    )


class RenewIn(Input):
    """For how long a listing is shown."""

    valid_until = Day(required=True, metadata={"description": "The last day, later than until now."})


class AttachQuery(Input):
    """What a file is called and who sees it."""

    name = Text(200, required=True, metadata={"example": "检测报告.pdf"})
    confidential = Identifier(
        5,
        load_default="false",
        validate=[one_of("true", "false")],
        metadata={"description": "`true`: others do not know of it."},
    )


class VersionOut(Output):
    """A version of a listing, and what made it."""

    version = Whole()
    kind = String(metadata={"description": "Kind of its event.", "example": "listing.edited"})
    recorded_at = Moment()
    state = String(metadata={"enum": list(STATES)})
    title = String()


class DifferenceQuery(Input):
    """The two versions that are compared."""

    from_ = Number(1, 10**9, required=True, data_key="from", attribute="first")
    to = Number(1, 10**9, required=True, attribute="second")


class FieldChangeOut(Output):
    """A field that differs; values as the representation has them."""

    field = String()
    before = Plain(metadata={"schema": {}})
    after = Plain(metadata={"schema": {}})


class DifferenceOut(Output):
    """What differs between two versions, field by field."""

    from_ = Whole(data_key="from", attribute="from")
    to = Whole()
    changes = Many(Part(FieldChangeOut), 40)


class LackOut(Output):
    """What a listing lacks, and why that matters to the other side."""

    pointer = String(metadata={"example": "/maturity"})
    blocks = Plain(metadata={**_FLAG, "description": "It is not published without."})
    zh = String()
    en = String()
    why_zh = String()
    why_en = String()


class DuplicateOut(Output):
    """A published listing with nearly the same title or text."""

    id = String()
    title = String()
    likeness = Whole(metadata={"description": "How much of their words they share, in hundredths."})


class ListingCheckOut(Output):
    """What a listing lacks, and what it may repeat."""

    publishable = Plain(metadata=_FLAG)
    complete = Plain(metadata=_FLAG)
    missing = Many(Part(LackOut), 40)
    duplicates = Many(Part(DuplicateOut), 50)


class ScoreIn(Input):
    """What a reviewer thinks by one criterion."""

    criterion = Identifier(
        40, required=True, metadata={"description": "A code of the list `listing_review_criterion`."}
    )
    score = Whole(0, 5, required=True, metadata={"description": "A zero refuses the listing."})
    comment = Text(500, load_default=None, allow_none=True)


class ReviewIn(Input):
    """A review; the verdict follows from the scores."""

    scores = Many(Part(ScoreIn), 20, required=True, metadata={"description": "One for each criterion."})
    comment = Text(
        2000, load_default=None, allow_none=True, metadata={"description": "For its owner; no personal data."}
    )


class ScoreOut(Output):
    """What a reviewer thought by one criterion."""

    criterion = String()
    score = Whole()
    comment = String(allow_none=True)


class ReviewOut(Output):
    """A review of a listing."""

    version = Whole(metadata={"description": "The version the review made."})
    verdict = String(metadata={"enum": ["approved", "refused"]})
    recorded_at = Moment()
    scores = Many(Part(ScoreOut), 20)
    comment = String(allow_none=True)


class QueueQuery(ListQuery):
    """Which listings wait."""

    kind = Identifier(20, load_default=None, validate=[one_of(*KINDS)])


class WaitingOut(Output):
    """A listing that waits for a review: one of `achievement` and `demand`."""

    kind = String(metadata={"enum": list(KINDS)})
    waiting_since = Moment()
    achievement = Part(AchievementOut, allow_none=True)
    demand = Part(DemandOut, allow_none=True)


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
    expiring_within = Number(
        0,
        366,
        load_default=None,
        metadata={
            "description": "One's own live listings that expire within so many days; `POST …/renew` lets them stand."
        },
    )
    published_from = Day(load_default=None)
    published_to = Day(load_default=None, metadata={"description": "This day included."})
    q = Text(MOST_CHARACTERS, load_default=None, metadata={"description": "As in `/v1/search`, of what is published."})
    sort = Identifier(
        20,
        load_default=None,
        validate=[one_of(*SORTS)],
        metadata={
            "description": "Without `q`, which has its own order: `-published_at` unless given. Drafts stand at the moment of "
            "their creation."
        },
    )


class SearchQuery(ListQuery):
    """What is searched for. Filters and facets count what everybody may see."""

    q = Text(
        MOST_CHARACTERS, required=True, metadata={"description": "Words, phrases, beginnings.", "example": "稀土永磁"}
    )
    kind = Identifier(20, load_default=None, validate=[one_of(*KINDS)])
    field = Text(80, load_default=None, metadata={"description": "A tag; what lies below it is included."})
    place = Identifier(6, load_default=None, metadata={"description": "What lies within it is included."})
    mode = Identifier(40, load_default=None, metadata={"description": "A code of `cooperation_mode`."})
    maturity = Number(1, 9, load_default=None)
    year = Number(1900, 2200, load_default=None, metadata={"description": "Of the first publication."})
    facets = Text(
        100,
        load_default=None,
        metadata={"description": f"Counts wanted, with commas: {', '.join(FACETS)}.", "example": "kind,field"},
    )


_MARKS = {"type": "array", "items": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}}


class ExcerptOut(Output):
    """A piece of a text in which words of the search stand."""

    in_ = String(data_key="in", attribute="in", metadata={"enum": ["title", "summary", "problem", "keywords"]})
    text = String()
    marks = Plain(metadata={"schema": _MARKS, "description": "[start, end) of each, in characters of `text`."})


class SearchHitOut(Output):
    """A listing that was found: one of `achievement` and `demand`."""

    kind = String(metadata={"enum": list(KINDS)})
    score = Plain(metadata={"schema": {"type": "number", "minimum": 0, "maximum": 1}})
    highlights = Many(Part(ExcerptOut), 3)
    achievement = Part(AchievementOut, allow_none=True)
    demand = Part(DemandOut, allow_none=True)


class FacetValueOut(Output):
    """A value and how many of all hits have it: those that a filter by it would leave."""

    value = String()
    label = String()
    count = Whole()


class FacetsOut(Output):
    """The counts asked for; null: not asked for. The fifty values with most hits; a field or place counts for all above it."""

    kind = Many(Part(FacetValueOut), MOST_VALUES, allow_none=True)
    field = Many(Part(FacetValueOut), MOST_VALUES, allow_none=True)
    place = Many(Part(FacetValueOut), MOST_VALUES, allow_none=True)
    mode = Many(Part(FacetValueOut), MOST_VALUES, allow_none=True)
    maturity = Many(Part(FacetValueOut), MOST_VALUES, allow_none=True)
    year = Many(Part(FacetValueOut), MOST_VALUES, allow_none=True)


class SearchOut(Output):
    """A page of hits, the best first."""

    items = Many(Part(SearchHitOut), MAX_LIMIT)
    next = String(allow_none=True)
    total = Whole(metadata={"description": "How many hits there are."})
    total_is_exact = Plain(
        metadata={
            "schema": {"type": "boolean"},
            "description": "False: of more than 300 hits by their pairs of characters only the shown ones were checked for "
            "phrases and words of three or four characters, so there may be fewer.",
        }
    )
    facets = Part(FacetsOut)
