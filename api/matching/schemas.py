"""What the routes of matches take and answer."""

from __future__ import annotations

from marshmallow.fields import String

from api.representations import AchievementOut, DemandOut
from api.routes import Number
from api.schema import Input, Many, Output, Part, Plain
from market.store.paging import MAX_LIMIT

_SHARE = {"schema": {"type": "number", "minimum": 0, "maximum": 1}}
_SHARE_OR_NULL = {"schema": {"type": ["number", "null"], "minimum": 0, "maximum": 1}}


class MatchesQuery(Input):
    """How many matches are wanted."""

    limit = Number(1, MAX_LIMIT, load_default=20, metadata={"description": "The best so many."})


class ReasonOut(Output):
    """Why something matches: a shared `tag` with its weight (the weights add up to the score), or a `condition` as judged."""

    kind = String(metadata={"enum": ["tag", "condition"]})
    tag = String(allow_none=True, metadata={"description": "The match's tag."})
    own_tag = String(allow_none=True, metadata={"description": "The tag of the listing asked for."})
    relation = String(
        allow_none=True,
        metadata={
            "description": "What the match's tag is to one's own: `same`, `descendant`, `ancestor`, or by a cross-walk "
            "`exact`, `close`, `broader`, `narrower`, `related`."
        },
    )
    weight = Plain(allow_none=True, metadata=_SHARE_OR_NULL)
    label = String(allow_none=True, metadata={"description": "Name of the tag, by Accept-Language."})
    condition = String(allow_none=True, metadata={"description": "`mode`, `place`, `maturity` or `money`."})
    state = String(allow_none=True, metadata={"description": "`met`, `missed` or `unknown`."})
    detail = String(allow_none=True, metadata={"description": "What it was judged by."})


class _MatchOut(Output):
    score = Plain(metadata={**_SHARE, "description": "Share of one's own tags, by rarity, that is covered."})
    reasons = Many(Part(ReasonOut), 20)


class AchievementMatchOut(_MatchOut):
    """An achievement that matches a demand."""

    achievement = Part(AchievementOut)


class DemandMatchOut(_MatchOut):
    """A demand that matches an achievement."""

    demand = Part(DemandOut)


class _MatchesOut(Output):
    next = Plain(
        metadata={"schema": {"type": "null"}, "description": "There is no further page: ask for a higher limit."}
    )


class AchievementMatchesOut(_MatchesOut):
    """The achievements that match a demand, the best first."""

    items = Many(Part(AchievementMatchOut), MAX_LIMIT)


class DemandMatchesOut(_MatchesOut):
    """The demands that match an achievement, the best first."""

    items = Many(Part(DemandMatchOut), MAX_LIMIT)
