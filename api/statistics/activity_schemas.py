"""Schemas of the market's activity: listings beside what became of them."""

from __future__ import annotations

from typing import Any

from marshmallow.fields import String

from api.schema import Identifier, Input, Many, Output, Part, Plain, Whole


def _figure(description: str, kind: str = "integer") -> Plain:
    return Plain(metadata={"schema": {"type": [kind, "null"]}, "description": description})


_FLAG: dict[str, Any] = {"schema": {"type": "boolean"}}


class ActivityQuery(Input):
    """How the activity is cut."""

    by = Identifier(
        20,
        load_default=None,
        metadata={
            "description": "`field`, `league`, or `field,league`; both together for offices, statisticians and auditors.",
            "example": "league",
        },
    )
    scheme = Identifier(
        20, load_default="contract", metadata={"description": "Whose top fields are told apart.", "example": "contract"}
    )


class PassedOut(Output):
    """How often talks ended for one reason."""

    reason = String(metadata={"description": "Code of `pass_reason`."})
    label = String()
    count = Whole()


class ActivityCell(Output):
    """Listings and what became of them; null: nothing to tell, or withheld."""

    achievements = Whole(metadata={"description": "Published now."})
    demands = Whole(metadata={"description": "Published now."})
    demands_without_answer = _figure("Published demands in which nobody showed interest.")
    interests = _figure("Expressions of interest until now.")
    talks = _figure("Of these, those the owner agreed to be introduced for.")
    deals = _figure("Of these, those that came to an agreement.")
    matched_interests = _figure("Interests that named a listing of one's own that matched.")
    share_to_talks = _figure("Share of these that led to talks.", "number")
    share_to_deals = _figure("Share of these that led to an agreement.", "number")
    median_days_to_interest = _figure("From a demand's first publication to the first interest.", "number")
    median_days_to_contract = _figure("From a demand's first publication to the contract that names it.", "number")
    passed = Many(Part(PassedOut), 1_000, allow_none=True)
    suppressed = Plain(metadata={**_FLAG, "description": "Something is withheld: it would tell of very few."})


class ActivityGroup(ActivityCell):
    """The figures of one group."""

    key = Plain(metadata={"schema": {"type": "object", "additionalProperties": {"type": "string"}}})
    label = String()


class ActivityOut(Output):
    """Outcomes beside the stock. A listing with several top fields counts in each: groups by field may exceed the totals."""

    by = Many(String(), 2)
    scheme = String()
    definition = String()
    totals = Part(ActivityCell)
    groups = Many(Part(ActivityGroup), 10_000)
