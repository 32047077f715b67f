"""Schemas of a contract's lineage: from the demand to its changes."""

from __future__ import annotations

from typing import Any

from marshmallow.fields import String

from api.registration.schemas import ContractOut, VersionItemOut
from api.schema import Many, Moment, Output, Part, Plain, Whole
from market.dealings.stages import SIDES, STAGES, STEPS

_SIDE: dict[str, Any] = {"enum": list(SIDES)}


class LineageListingOut(Output):
    """A listing that the contract names; version and title are those of the day of the interest."""

    id = String()
    version = Whole(allow_none=True)
    title = String(allow_none=True)


class LineageVersionOut(Output):
    """A listing in the version of the day of the interest."""

    id = String()
    version = Whole()


class LineageMatchOut(Output):
    """The match as it was that day."""

    score = Plain(metadata={"schema": {"type": "number", "minimum": 0, "maximum": 1}})
    reasons = Plain(metadata={"schema": {"type": "array", "items": {"type": "object"}}})
    listed = Plain(metadata={"schema": {"type": "boolean"}})
    ranker = String()
    mode = String()


class LineageNdaOut(Output):
    """That a non-disclosure agreement was signed."""

    sha256 = String(metadata={"description": "Of its text."})
    signed_at = String(metadata={"format": "date-time"})


class LineageBrokerOut(Output):
    """A broker who served a side, from one version of the talks until another."""

    broker = String()
    side = String(metadata=_SIDE)
    organisation = String()
    since = Whole()
    until = Whole(allow_none=True)


class LineageStepOut(Output):
    """A step of the talks."""

    step = String(metadata={"enum": ["express", *STEPS]})
    stage = String(metadata={"enum": list(STAGES)})
    side = String(metadata=_SIDE)
    at = Moment()


class LineageDealingOut(Output):
    """Talks of the two parties about what the contract names; what was said in them is not told."""

    id = String()
    state = String(metadata={"enum": list(STAGES)})
    owner = String(metadata={"description": "Id of the organisation."})
    seeker = String(metadata={"description": "Id of the organisation."})
    listing = Part(LineageVersionOut)
    from_listing = Part(LineageVersionOut, allow_none=True)
    match = Part(LineageMatchOut, allow_none=True)
    created_at = Moment(metadata={"description": "The interest."})
    introduced_at = Moment(allow_none=True)
    nda = Part(LineageNdaOut, allow_none=True)
    agreed_at = Moment(allow_none=True)
    reason = String(allow_none=True)
    brokers = Many(Part(LineageBrokerOut), 1_000)
    steps = Many(Part(LineageStepOut), 10_000)


class LineageOut(Output):
    """Where a contract came from and what became of it."""

    demand = Part(LineageListingOut, allow_none=True)
    achievement = Part(LineageListingOut, allow_none=True)
    dealings = Many(Part(LineageDealingOut), 1_000)
    contract = Part(ContractOut)
    changes = Many(Part(VersionItemOut), 100)
