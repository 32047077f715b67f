"""What the routes of matches take and answer."""

from __future__ import annotations

from typing import Any

from api.representations import AchievementOut, DemandOut
from api.routes import Number
from api.schema import Input, Many, Output, Part, Plain
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
    "A shared tag; the weights add up to the score.",
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
_CONDITION = _object(
    "A condition, told and not scored.",
    kind={"const": "condition"},
    condition={"enum": ["mode", "place", "maturity", "money"]},
    state={"enum": ["met", "missed", "unknown"]},
    detail={"type": ["string", "null"], "description": "What it was judged by."},
)

_SCORE = Plain(
    metadata={"schema": {**_SHARE, "description": "Share of one's own tags, weighted by rarity, that is covered."}}
)
_REASONS = Plain(metadata={"schema": {"type": "array", "items": {"oneOf": [_TAG, _CONDITION]}}})
_NEXT = Plain(metadata={"schema": {"type": "null"}, "description": "There is no further page: ask for a higher limit."})


class MatchesQuery(Input):
    """How many matches are wanted."""

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


class DemandMatchesOut(Output):
    """The demands that match an achievement, the best first."""

    items = Many(Part(DemandMatchOut), MAX_LIMIT)
    next = _NEXT
