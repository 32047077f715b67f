"""What the organisations routes take and answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import validate

from api.routes import ListQuery
from api.schema import Identifier, Input, Many, Moment, Output, Part, Plain, Text, one_of, pattern
from market.access import Permission, Role
from market.organisations.actions import KINDS

_ROLES = [role.value for role in Role if role is not Role.PUBLIC]
_PERMISSIONS = [permission.value for permission in Permission]
_STATES = ("submitted", "approved", "refused", "claimed")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)

_PLACE = {"description": "GB/T 2260 code; null for a foreign organisation.", "example": "150203"}
_KIND = {"description": "As what it applies. `office`: 登记机构; `department`: of science, statistics or audit."}
_NATURE = {"description": "Code of the list `party_nature`.", "example": "150"}
_ZONE = {"description": "开发区: code of the list `development_zone`.", "example": "baotou_rare_earth"}
_CREDIT_CODE = {"description": "统一社会信用代码; null for a foreign organisation.", "example": "91990000XX0000001D"}
_PREFIX = {"description": "Six digits in the numbers of an office's contracts; offices only.", "example": "990000"}
_SCOPES = {
    "description": "Permissions the key is limited to; null: all its role has.",
    "schema": {"type": ["array", "null"], "items": {"type": "string"}},
}


def _shown(
    description: str | None = None,
    *,
    nullable: bool = False,
    kind: str = "string",
    attribute: str | None = None,
    example: str | None = None,
) -> Plain:
    """An output value with the type the description promises."""
    metadata = {
        "schema": {"type": [kind, "null"] if nullable else kind},
        **({"description": description} if description else {}),
        **({"example": example} if example else {}),
    }
    return Plain(attribute=attribute, metadata=metadata)


def _word(*choices: str) -> Plain:
    return Plain(metadata={"schema": {"type": "string", "enum": list(choices)}})


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
        40, load_default=None, allow_none=True, validate=[pattern(r"^\+?[0-9][0-9 ()-]{2,38}$", "A phone number.")]
    )
    email = Text(200, required=True, validate=[validate.Email(error="bad-format: An e-mail address.")])


class PersonOut(Output):
    """The person who speaks for the applicant."""

    name = _shown()
    phone = _shown(nullable=True)
    email = _shown()


class ApplicationIn(Input):
    """A wish to join. Role and place are set by the reviewer; what stands here is a claim."""

    name = Text(200, required=True, metadata={"example": "示例企业有限公司"})
    kind = Text(20, required=True, validate=[one_of(*KINDS)], metadata=_KIND)
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

    id = _shown()
    state = _word(*_STATES)
    name = _shown()
    kind = _word(*KINDS)
    credit_code = _shown(**_CREDIT_CODE, nullable=True)
    country = _shown("ISO 3166-1 alpha-2.")
    place = _shown("The place it claims.", nullable=True)
    nature = _shown(**_NATURE, nullable=True)
    contact = Part(PersonOut, allow_none=True)
    note = _shown("Null when erased, too.", nullable=True)
    organisation = _shown("What an approved one became.", nullable=True, attribute="organisation_id")
    reason = _shown("Why it was refused.", nullable=True)
    wrong_claims = _shown("Wrong claim codes so far; ten block the claim.", kind="integer")
    claim_expires_at = Moment(allow_none=True)
    created_at = Moment()
    decided_at = Moment(allow_none=True)
    version = _shown(kind="integer")


class ApplicationReceipt(Output):
    """What the applicant keeps: the claim code is shown this once."""

    id = _shown()
    state = _word(*_STATES)
    claim_code = _shown("Exchange it for the first key after the approval; shown this once.")
    name = _shown()
    kind = _word(*KINDS)
    created_at = Moment()
    version = _shown(kind="integer")


class ApprovalIn(Input):
    """What the reviewer sets. An office: the applicants' roles, in a place of its territory."""

    role = Text(20, required=True, validate=[one_of(*_ROLES)])
    place = Identifier(6, required=True, allow_none=True, metadata=_PLACE)
    nature = Identifier(
        40, load_default=None, allow_none=True, metadata={**_NATURE, "description": "Default: as claimed."}
    )
    development_zone = Identifier(40, load_default=None, allow_none=True, metadata=_ZONE)
    number_prefix = Identifier(6, load_default=None, allow_none=True, metadata=_PREFIX)


class RefusalIn(Input):
    """Why not; the applicant may read it."""

    reason = Text(1000, required=True)


class ClaimIn(Input):
    """The code given at application time."""

    claim_code = Identifier(100, required=True)


class OrganisationDetails(Output):
    """What only the organisation itself, offices and administrators see."""

    credit_code = _shown(**_CREDIT_CODE, nullable=True)
    country = _shown("ISO 3166-1 alpha-2.")
    nature = _shown(**_NATURE, nullable=True)
    development_zone = _shown(**_ZONE, nullable=True)
    number_prefix = _shown(**_PREFIX, nullable=True)
    created_at = Moment()


class OrganisationOut(Output):
    """A member of the market."""

    id = _shown()
    name = _shown()
    role = _word(*_ROLES)
    place = _shown(**_PLACE, nullable=True)
    details = Part(OrganisationDetails, allow_none=True, metadata={"description": "Null to those it is not for."})


class MeOut(Output):
    """Who the key makes you, and what it may do."""

    organisation = Part(OrganisationOut)
    role = _word(*_ROLES)
    key = _shown("Id of the key.")
    member = _shown("Id of the member whom the key names.", nullable=True)
    scopes = Plain(metadata=_SCOPES)
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
    member = Identifier(
        40,
        load_default=None,
        allow_none=True,
        metadata={"description": "The person who uses it; desks of offices take only keys that name one."},
    )


class KeysQuery(ListQuery):
    """Filters of the list of keys."""

    organisation = Identifier(
        40, load_default=None, metadata={"description": "Administrators only; default: your own."}
    )


class KeyOut(Output):
    """A key without its secret."""

    id = _shown()
    organisation = _shown("Id of its organisation.", attribute="organisation_id")
    label = _shown()
    member = _shown("Id of the member it names.", nullable=True)
    scopes = Plain(metadata=_SCOPES)
    expires_at = Moment(allow_none=True)
    revoked_at = Moment(allow_none=True)
    created_at = Moment()
    version = _shown(kind="integer")


class KeyIssued(KeyOut):
    """A new key: `key` is shown this once."""

    key = _shown("Send it as `Authorization: Bearer …`; shown this once.")


class MemberIn(Input):
    """A person who works for your organisation."""

    name = Text(100, required=True, metadata={"description": "Kept erasable.", "example": "示例职员甲"})


class MemberOut(Output):
    """A person of your organisation (工作人员)."""

    id = _shown()
    name = _shown()
    ended_at = Moment(allow_none=True)
    created_at = Moment()
    version = _shown(kind="integer")
