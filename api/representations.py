"""Representations that more than one capability answers. One that a single capability answers stands in its own schemas."""

from __future__ import annotations

from marshmallow.fields import String

from api.schema import Day, Many, Moment, Output, Part, Plain, Whole, Yuan
from market.listings.states import STATES

FLAG = {"schema": {"type": "boolean"}}
_TAG = {"description": "`scheme:code`", "example": "region:rare_earth"}


class OwnerOut(Output):
    """The organisation a listing belongs to."""

    id = String()
    name = String()


class ContactOut(Output):
    """Whom to ask."""

    name = String()
    phone = String(allow_none=True)
    email = String(allow_none=True)


class IndicatorOut(Output):
    """A measurable indicator."""

    name = String()
    value = String()
    unit = String(allow_none=True)
    better_than = String(allow_none=True, metadata={"description": "The value there is today."})


class AttachmentOfListingOut(Output):
    """A file of a listing; `GET …/attachments/{id}` hands it out."""

    id = String()
    name = String()
    media = String()
    size = Whole()
    sha256 = String()
    confidential = Plain(metadata={**FLAG, "description": "Others do not know of it."})


class ListingOut(Output):
    """What achievements and demands have in common."""

    id = String()
    kind = String(metadata={"enum": ["achievement", "demand"]})
    state = String(metadata={"enum": list(STATES)})
    owner = Part(OwnerOut, allow_none=True, metadata={"description": "Null to others when the listing is anonymous."})
    title = String()
    summary = String()
    fields_ = Many(String(metadata=_TAG), 5, data_key="fields", attribute="fields")
    keywords = Many(String(), 10)
    place = String(
        allow_none=True, metadata={"description": "Of an anonymous listing others see the league (盟市) only."}
    )
    modes = Many(String(), 20, metadata={"description": "Codes of the list `cooperation_mode`."})
    negotiable = Plain(metadata=FLAG)
    valid_until = Day(allow_none=True)
    contact = Part(ContactOut, allow_none=True, metadata={"description": "For its owner and administrators only."})
    anonymous = Plain(metadata=FLAG)
    indicators = Many(Part(IndicatorOut), 20)
    attachments = Many(
        Part(AttachmentOfListingOut), 20, metadata={"description": "Of an anonymous listing others see none."}
    )
    version = Whole()
    created_at = Moment()
    updated_at = Moment()
    published_at = Moment(allow_none=True)


class AchievementOut(ListingOut):
    """An achievement (科技成果)."""

    maturity = Whole(1, 9, allow_none=True, metadata={"description": "Level of the list `maturity`."})
    price = Yuan(attribute="amount_fen", allow_none=True)
    available_from = Day(attribute="ready_on", allow_none=True)
    better_than = String(allow_none=True)
    ip_type = String(allow_none=True, metadata={"description": "A code of the list `ip_type`."})
    ip_numbers = Many(String(), 20)
    stage = String(allow_none=True, metadata={"description": "A code of the list `achievement_stage`."})
    appraisal = String(allow_none=True)


class DemandOut(ListingOut):
    """A technology demand (技术需求)."""

    maturity = Whole(
        1, 9, allow_none=True, metadata={"description": "The lowest level wanted, of the list `maturity`."}
    )
    budget = Yuan(attribute="amount_fen", allow_none=True)
    needed_by = Day(attribute="ready_on", allow_none=True)
    problem = String(allow_none=True)
    ip_ownership = String(allow_none=True, metadata={"description": "A code of the list `ip_ownership`."})
    solver_conditions = String(allow_none=True)
