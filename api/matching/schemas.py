"""What the routes of matches take and answer."""

from __future__ import annotations

from typing import Any

from marshmallow.fields import String

from api.representations import AchievementOut, DemandOut
from api.routes import ListQuery, Number
from api.schema import Identifier, Input, Many, Moment, Output, Part, Plain, Text, Whole, one_of
from market.matching.feedback import VERDICTS
from market.matching.queries import MODES
from market.store.paging import MAX_LIMIT

_TEXT = {"type": "string"}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _object(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


_TAG = _object(
    "A shared tag.",
    kind={"const": "tag"},
    tag={**_TEXT, "description": "The match's tag."},
    own_tag={**_TEXT, "description": "The tag of the listing asked for."},
    relation={
        **_TEXT,
        "description": "What the match's tag is to one's own: `same`, `descendant`, `ancestor`, or by a cross-walk `exact`, "
        "`close`, `broader`, `narrower`, `related`.",
    },
    weight=_SHARE,
    label={**_TEXT, "description": "Name of the tag, by Accept-Language."},
)
_WORD = _object(
    "A word of the listing asked for that stands in the match.", kind={"const": "word"}, word=_TEXT, weight=_SHARE
)
_WORDS = _object(
    "The lighter shared words together.", kind={"const": "words"}, many={"type": "integer", "minimum": 1}, weight=_SHARE
)
_FRESHNESS = _object(
    "How lately it was first published.",
    kind={"const": "freshness"},
    days={"type": "integer", "description": "Since then."},
    weight=_SHARE,
)
_CONDITION = _object(
    "A condition, told and not scored.",
    kind={"const": "condition"},
    condition={"enum": ["mode", "place", "maturity", "money", "date"]},
    state={"enum": ["met", "missed", "unknown"]},
    detail={"type": ["string", "null"], "description": "What it was judged by."},
    weight={"const": 0},
)
_REASONS_SCHEMA = {"type": "array", "items": {"oneOf": [_TAG, _WORD, _WORDS, _FRESHNESS, _CONDITION]}}

_SCORE = Plain(
    metadata={
        "schema": {
            "type": "number",
            "minimum": 0,
            "maximum": 1.06,
            "description": "Share of one's own words that is covered, weighted by rarity, + 0.05 × share of one's own tags, "
            "+ at most 0.01 for freshness. In mode `tags` the tags alone, in mode `text` the words alone.",
        }
    }
)
_REASONS = Plain(metadata={"schema": _REASONS_SCHEMA, "description": "The weights add up to the score."})
_NEXT = Plain(metadata={"schema": {"type": "null"}, "description": "There is no further page: ask for a higher limit."})
_RANKER = String(metadata={"description": "Version of the ranker; changes whenever a ranking may."})
_MODE = String(metadata={"enum": list(MODES)})


class PairQuery(Input):
    """By what it is judged."""

    mode = Identifier(
        20,
        load_default="balanced",
        validate=[one_of(*MODES)],
        metadata={"description": "`tags`: by related tags only; `text`: by words only; `balanced`: both."},
    )


class MatchesQuery(PairQuery):
    """How many matches are wanted, and by what they are judged."""

    limit = Number(1, MAX_LIMIT, load_default=20, metadata={"description": "The best so many."})


class AchievementMatchOut(Output):
    """An achievement that matches a demand."""

    achievement = Part(AchievementOut)
    score = _SCORE
    reasons = _REASONS


class DemandMatchOut(Output):
    """A demand that matches an achievement."""

    demand = Part(DemandOut)
    score = _SCORE
    reasons = _REASONS


class AchievementMatchesOut(Output):
    """The achievements that match a demand, the best first."""

    items = Many(Part(AchievementMatchOut), MAX_LIMIT)
    next = _NEXT
    ranker = _RANKER
    mode = _MODE


class DemandMatchesOut(Output):
    """The demands that match an achievement, the best first."""

    items = Many(Part(DemandMatchOut), MAX_LIMIT)
    next = _NEXT
    ranker = _RANKER
    mode = _MODE


_LISTED = Plain(
    metadata={
        "schema": {"type": "boolean"},
        "description": "Is it among the matches? Not if it is unpublished, of the same owner, or shares nothing.",
    }
)


class AchievementPairOut(AchievementMatchOut):
    """An achievement and why it fits a demand, or does not."""

    listed = _LISTED
    ranker = _RANKER
    mode = _MODE


class DemandPairOut(DemandMatchOut):
    """A demand and why it fits an achievement, or does not."""

    listed = _LISTED
    ranker = _RANKER
    mode = _MODE


class FeedbackIn(Input):
    """What an owner says of a match."""

    verdict = Identifier(20, required=True, validate=[one_of(*VERDICTS)])
    reason = Identifier(
        40,
        load_default=None,
        allow_none=True,
        metadata={"description": "With `not_for_us`: a code of the list `mismatch_reason`.", "example": "TOO_EARLY"},
    )
    note = Text(2_000, load_default=None, allow_none=True, metadata={"description": "Needed when contested."})


class AnswerIn(Input):
    """The operator's answer."""

    answer = Text(2_000, required=True)


class FeedbackQuery(ListQuery):
    """Which feedback is wanted."""

    verdict = Identifier(20, load_default=None, validate=[one_of(*VERDICTS)])


class FeedbackOut(Output):
    """What an owner said of a match, with the score of that moment."""

    id = String()
    listing = String()
    other = String()
    organisation = String()
    verdict = String(metadata={"enum": list(VERDICTS)})
    reason = String(allow_none=True)
    note = String(allow_none=True)
    ranker = String()
    score = Whole(metadata={"description": "In millionths."})
    answer = String(allow_none=True)
    version = Whole()
    created_at = Moment()
    answered_at = Moment(allow_none=True)
