"""What the organisations routes take and answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import validate

from api.routes import ListQuery
from api.schema import Identifier, Input, Many, Moment, Output, Part, Plain, Text, one_of, pattern
from market.access import Permission, Role
from market.organisations.actions import APPLICANTS

_KINDS = [role.value for role in APPLICANTS]
_ROLES = [role.value for role in Role if role is not Role.PUBLIC]
_PERMISSIONS = [permission.value for permission in Permission]
_STATES = ("submitted", "approved", "refused", "claimed")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)

_PLACE = {"description": "GB/T 2260 code; null for a foreign organisation.", "example": "150203"}
_NATURE = {"description": "Code of the list `party_nature`.", "example": "150"}
_CREDIT_CODE = {"description": "统一社会信用代码; null for a foreign organisation.", "example": "91110000600037341L"}
_PREFIX = {"description": "Six digits in the numbers of an office's contracts; offices only.", "example": "990000"}
_CODE_LIST = {"type": ["array", "null"], "items": {"type": "string"}}
_SCOPES = "Permissions the key is limited to; null: all its role has."


class MomentIn(Moment):
    """An instant a client sends: RFC 3339 with its offset."""

    default_error_messages = {
        "null": "null: This field may not be null.",
        "invalid": "wrong-type: An instant such as 2027-01-31T00:00:00Z is needed.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        try:
            moment = datetime.fromisoformat(value) if _RFC_3339.match(value) else None
        except (TypeError, ValueError):
            moment = None
        if moment is None or not 1971 <= moment.year <= 2200:
            raise self.make_error("invalid")
        return (moment - _EPOCH) // timedelta(microseconds=1)


class PersonIn(Input):
    """The person who speaks for the applicant; seen by reviewers only and erasable."""

    name = Text(100, required=True)
    phone = Text(
        40, load_default=None, allow_none=True, validate=[pattern(r"^\+?[0-9][0-9 ()-]{2,38}\Z", "A phone number.")]
    )
    email = Text(200, required=True, validate=[validate.Email(error="bad-format: An e-mail address.")])


class PersonOut(Output):
    """The person who speaks for the applicant."""

    name = Plain()
    phone = Plain()
    email = Plain()


class ApplicationIn(Input):
    """A wish to join. Role and place are set by the reviewer; what stands here is a claim."""

    name = Text(200, required=True, metadata={"example": "示例企业有限公司"})
    kind = Text(20, required=True, validate=[one_of(*_KINDS)], metadata={"description": "What it wants to be."})
    credit_code = Identifier(40, load_default=None, allow_none=True, metadata=_CREDIT_CODE)
    country = Identifier(2, load_default="CN", metadata={"description": "ISO 3166-1 alpha-2."})
    place = Identifier(6, load_default=None, allow_none=True, metadata=_PLACE)
    nature = Identifier(40, load_default=None, allow_none=True, metadata=_NATURE)
    contact = Part(PersonIn, required=True)
    note = Text(2000, load_default=None, allow_none=True, metadata={"description": "For the reviewer."})


class ApplicationsQuery(ListQuery):
    """Filters of the list of applications."""

    state = Identifier(20, load_default=None, validate=[one_of(*_STATES)])


class ApplicationOut(Output):
    """An application as its reviewers see it."""

    id = Plain()
    state = Text(metadata={"enum": list(_STATES)})
    name = Plain()
    kind = Plain()
    credit_code = Plain(metadata=_CREDIT_CODE)
    country = Plain()
    place = Plain(metadata={"description": "The place it claims."})
    nature = Plain(metadata=_NATURE)
    contact = Part(PersonOut, allow_none=True)
    note = Plain()
    organisation = Plain(attribute="organisation_id", metadata={"description": "What an approved one became."})
    reason = Plain(metadata={"description": "Why it was refused."})
    wrong_claims = Plain(
        metadata={"description": "Wrong claim codes so far; ten block the claim.", "schema": {"type": "integer"}}
    )
    claim_expires_at = Moment(allow_none=True)
    created_at = Moment()
    decided_at = Moment(allow_none=True)
    version = Plain(metadata={"schema": {"type": "integer"}})


class ApplicationReceipt(Output):
    """What the applicant keeps: the claim code is shown this once."""

    id = Plain()
    state = Text(metadata={"enum": list(_STATES)})
    claim_code = Plain(metadata={"description": "Exchange it for the first key after the approval. Keep it secret."})
    name = Plain()
    kind = Plain()
    created_at = Moment()
    version = Plain(metadata={"schema": {"type": "integer"}})


class ApprovalIn(Input):
    """What the reviewer sets. An office: the applicants' roles, in a place of its territory."""

    role = Text(20, required=True, validate=[one_of(*_ROLES)])
    place = Identifier(6, required=True, allow_none=True, metadata=_PLACE)
    nature = Identifier(
        40, load_default=None, allow_none=True, metadata={**_NATURE, "description": "Default: as claimed."}
    )
    number_prefix = Identifier(6, load_default=None, allow_none=True, metadata=_PREFIX)


class RefusalIn(Input):
    """Why not; the applicant may read it."""

    reason = Text(1000, required=True)


class ClaimIn(Input):
    """The code given at application time."""

    claim_code = Identifier(100, required=True)


class OrganisationDetails(Output):
    """What only the organisation itself, offices and administrators see."""

    credit_code = Plain(metadata=_CREDIT_CODE)
    country = Plain()
    nature = Plain(metadata=_NATURE)
    number_prefix = Plain(metadata=_PREFIX)
    created_at = Moment()


class OrganisationOut(Output):
    """A member of the market."""

    id = Plain()
    name = Plain()
    role = Text(metadata={"enum": _ROLES})
    place = Plain(metadata=_PLACE)
    details = Part(OrganisationDetails, allow_none=True, metadata={"description": "Null to those it is not for."})


class MeOut(Output):
    """Who the key makes you, and what it may do."""

    organisation = Part(OrganisationOut)
    role = Text(metadata={"enum": _ROLES})
    key = Plain(metadata={"description": "Id of the key."})
    scopes = Plain(metadata={"description": _SCOPES, "schema": _CODE_LIST})
    permissions = Plain(metadata={"schema": {"type": "array", "items": {"type": "string", "enum": _PERMISSIONS}}})


class KeyIn(Input):
    """Another key of your organisation."""

    label = Text(100, required=True, metadata={"description": "What it is for.", "example": "nightly import"})
    scopes = Many(
        Text(40, validate=[one_of(*_PERMISSIONS)]),
        len(_PERMISSIONS),
        load_default=None,
        allow_none=True,
        metadata={"description": "A part of what the asking key may do; null: all of it."},
    )
    expires_at = MomentIn(load_default=None, allow_none=True, metadata={"description": "Null: never."})


class KeysQuery(ListQuery):
    """Filters of the list of keys."""

    organisation = Identifier(
        40, load_default=None, metadata={"description": "Administrators only; default: your own."}
    )


class KeyOut(Output):
    """A key without its secret."""

    id = Plain()
    organisation = Plain(attribute="organisation_id")
    label = Plain()
    scopes = Plain(metadata={"description": _SCOPES, "schema": _CODE_LIST})
    expires_at = Moment(allow_none=True)
    revoked_at = Moment(allow_none=True)
    created_at = Moment()
    version = Plain(metadata={"schema": {"type": "integer"}})


class KeyIssued(KeyOut):
    """A new key: `key` is shown this once."""

    key = Plain(metadata={"description": "Send it as `Authorization: Bearer …`.", "example": "tmk_…"})
