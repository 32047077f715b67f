"""Schemas of dealings: what the sides send each other, what each sees of the other, and brokers."""

from __future__ import annotations

from typing import Any

from marshmallow.fields import String

from api.routes import ListQuery
from api.schema import Day, Flag, Identifier, Input, Many, Moment, Output, Part, Plain, Text, Whole, one_of, pattern
from market.dealings.stages import OPEN, SIDES, STAGES, STEPS

_MOST_ANSWERS = 20
_FLAG = {"schema": {"type": "boolean"}}
_STAGE: dict[str, Any] = {"enum": list(STAGES)}
_SIDE: dict[str, Any] = {
    "enum": list(SIDES),
    "description": "`owner` of the listing, or `seeker`: who is interested in it.",
}
_SHA256: dict[str, Any] = {"description": "SHA-256 of the text, hexadecimal."}


def _words(description: str) -> Text:
    return Text(
        2_000, load_default=None, allow_none=True, metadata={"description": f"{description} The other side reads it."}
    )


class AnswerToQuestionIn(Input):
    """The answer to one of the standard questions."""

    question = Identifier(
        40, required=True, metadata={"description": "A code of the list `interest_question`.", "example": "APPROACH"}
    )
    text = Text(2_000, required=True, metadata={"example": "采用晶界扩散工艺。"})


class DealingContactIn(Input):
    """Whom to ask; the other side may open it once introduced."""

    name = Text(100, required=True)
    phone = Text(
        40, load_default=None, allow_none=True, validate=[pattern(r"^\+?[0-9][0-9 ()-]{4,}\Z", "A telephone number.")]
    )
    email = Text(
        200, load_default=None, allow_none=True, validate=[pattern(r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z", "An email address.")]
    )


_CONTACT: dict[str, Any] = {"description": "Default: the one in one's own listing."}


class InterestIn(Input):
    """An expression of interest."""

    answers = Many(
        Part(AnswerToQuestionIn),
        _MOST_ANSWERS,
        required=True,
        metadata={"description": "Those of the rule `dealing.questions.<kind>` must be there."},
    )
    listing = Identifier(
        40,
        load_default=None,
        allow_none=True,
        metadata={"description": "One's own published listing of the other kind that it fits: why it fits is kept."},
    )
    anonymous = Flag(load_default=False, metadata={"description": "Unnamed until the owner agrees to be introduced."})
    contact = Part(DealingContactIn, load_default=None, allow_none=True, metadata=_CONTACT)


class IntroductionIn(Input):
    """Consent to be introduced."""

    contact = Part(DealingContactIn, load_default=None, allow_none=True, metadata=_CONTACT)
    text = _words("A word with it.")


class WordIn(Input):
    """A word with the step."""

    text = _words("A word with it.")


class ProposalIn(Input):
    """A text put on the table."""

    terms = Text(20_000, required=True, metadata={"description": "The whole text that is to be signed or agreed to."})


class SignatureIn(Input):
    """Consent to the text on the table."""

    sha256 = Identifier(64, required=True, metadata={"description": "`sha256` of the proposal one consents to."})


class PassIn(Input):
    """Why the talks end."""

    reason = Identifier(
        40, required=True, metadata={"description": "Code of the list `pass_reason`.", "example": "MONEY"}
    )
    text = _words("In words.")


class BrokerChoiceIn(Input):
    """Who is to serve."""

    broker = Identifier(40, required=True, metadata={"description": "Id of an accredited broker."})
    text = _words("Why.")


class DealingFileQuery(Input):
    """How the file is called."""

    name = Text(200, required=True, metadata={"example": "技术方案.pdf"})


class DealingsQuery(ListQuery):
    """Which dealings are wanted."""

    state = Identifier(20, load_default=None, validate=[one_of(*STAGES)])
    side = Identifier(
        10,
        load_default=None,
        validate=[one_of(*SIDES, "broker")],
        metadata={"description": "As what one takes part."},
    )
    listing = Identifier(40, load_default=None, metadata={"description": "Id of either listing."})


class AgentOut(Output):
    """An organisation."""

    id = String()
    name = String()


class DealingSideOut(Output):
    """A side as the other may see it; null: not disclosed, or not known."""

    organisation = Part(
        AgentOut,
        allow_none=True,
        metadata={"description": "Of a side that is anonymous: null until one has opened its name."},
    )
    kind = String(allow_none=True, metadata={"description": "Role of the organisation."})
    league = String(allow_none=True, metadata={"description": "Its league (盟市), or the place above."})
    size_class = String(allow_none=True, metadata={"description": "Code of the list `enterprise_size`."})


class DealingListingOut(Output):
    """A listing as it was on the day of the interest."""

    id = String()
    kind = String(metadata={"enum": ["achievement", "demand"]})
    version = Whole()
    title = String()


class DealingAnswerOut(Output):
    """The answer to a standard question."""

    question = String()
    text = String()


class DealingMatchOut(Output):
    """How and why the two listings matched on the day of the interest."""

    score = Plain(metadata={"schema": {"type": "number", "minimum": 0, "maximum": 1}})
    reasons = Plain(
        metadata={"schema": {"type": "array", "items": {"type": "object"}}, "description": "As in matches."}
    )
    listed = Plain(metadata={**_FLAG, "description": "It stood among the matches."})
    ranker = String()
    mode = String()


class ProposalOut(Output):
    """What lies on the table."""

    kind = String(metadata={"enum": ["nda", "terms"]})
    terms = String()
    sha256 = String(metadata=_SHA256)
    proposed_by = String(metadata=_SIDE)


class NdaOut(Output):
    """The non-disclosure agreement (保密协议) on record."""

    terms = String()
    sha256 = String(metadata=_SHA256)
    proposed_by = String(metadata=_SIDE)
    signed_by = String(metadata=_SIDE)
    signed_at = String(metadata={"format": "date-time"})


class DealingClockOut(Output):
    """Whose answer is due until when; then the talks lapse."""

    awaits = String(metadata=_SIDE)
    rule = String(metadata={"description": "Code of the rule, `GET /v1/rules/{code}`."})
    started_on = Day()
    due_on = Day()
    provisional = Plain(
        metadata={**_FLAG, "description": "The calendar of that year is not loaded: nothing lapses yet."}
    )
    explanation_zh = String()
    explanation_en = String()


class BrokerageOut(Output):
    """A broker who serves or served a side; its own people are left out until one has opened its name."""

    broker = String(metadata={"description": "Id, `GET /v1/brokers/{broker}`."})
    side = String(metadata=_SIDE)
    name = String()
    organisation = Part(AgentOut)
    since = Whole(metadata={"description": "From this version of the dealing."})
    until = Whole(allow_none=True, metadata={"description": "Until this one, when another took over."})


class DealingOut(Output):
    """Talks (对接) as one's own side may see them."""

    id = String()
    state = String(metadata=_STAGE)
    side = String(metadata={**_SIDE, "description": "On which side one is."})
    as_broker = Plain(metadata={**_FLAG, "description": "As its broker."})
    listing = Part(DealingListingOut)
    from_listing = Part(DealingListingOut, allow_none=True, metadata={"description": "The seeker's own."})
    match = Part(DealingMatchOut, allow_none=True)
    owner = Part(DealingSideOut)
    seeker = Part(DealingSideOut)
    answers = Many(Part(DealingAnswerOut), _MOST_ANSWERS)
    proposal = Part(ProposalOut, allow_none=True)
    nda = Part(NdaOut, allow_none=True)
    outcome = String(allow_none=True, metadata={"description": "What was agreed."})
    reason = String(allow_none=True, metadata={"description": "Code of `pass_reason`."})
    clock = Part(DealingClockOut, allow_none=True)
    brokers = Many(Part(BrokerageOut), 1_000)
    legal_steps = Many(String(metadata={"enum": list(STEPS)}), 20, metadata={"description": "What one may do now."})
    disclosed = Many(String(), 20, metadata={"description": "Fields of the other side that one may see or open now."})
    version = Whole()
    created_at = Moment()
    introduced_at = Moment(allow_none=True)
    agreed_at = Moment(allow_none=True)
    updated_at = Moment()


class DealingStepOut(Output):
    """One step of the talks."""

    version = Whole()
    step = String(metadata={"enum": ["express", *STEPS]})
    stage = String(metadata={"enum": [*OPEN, "agreed", "passed"]})
    side = String(metadata=_SIDE)
    member = String(allow_none=True, metadata={"description": "The person; one's own side's only."})
    reason = String(allow_none=True)
    text = String(allow_none=True)
    at = Moment()


class DisclosureOut(Output):
    """That somebody opened something, on record for both sides."""

    id = String()
    side = String(metadata={**_SIDE, "description": "Who looked."})
    broker = Plain(metadata={**_FLAG, "description": "Its broker looked."})
    member = String(allow_none=True, metadata={"description": "The person; one's own side's only."})
    stage = String(metadata={"enum": [*OPEN, "agreed"]})
    field = String(metadata={"description": "What was opened: a field, or `file`."})
    subject = String(
        allow_none=True,
        metadata={
            "description": "Whose it is: an organisation (null while one has not opened its name oneself), a listing, these "
            "talks, or a file."
        },
    )
    subject_version = Whole(metadata={"description": "The version that was seen."})
    at = Moment()


class DealingContactOut(Output):
    """Whom to ask."""

    name = String()
    phone = String(allow_none=True)
    email = String(allow_none=True)


class ParticularsOut(Output):
    """Who the other side is, as far as it is disclosed now; null: not yet, or not known."""

    id = String(metadata={"description": "Of the dealing."})
    side = String(metadata={**_SIDE, "description": "Whose particulars these are."})
    organisation = String(allow_none=True, metadata={"description": "Id."})
    name = String(allow_none=True)
    place = String(allow_none=True)
    nature = String(allow_none=True, metadata={"description": "Code of `party_nature`."})
    credit_code = String(allow_none=True)
    contact = Part(DealingContactOut, allow_none=True)
    items = Many(Part(DisclosureOut), 20, metadata={"description": "What went on record by this."})


class NothingIn(Input):
    """An empty object."""


class DealingFileOut(Output):
    """A file behind the non-disclosure agreement."""

    id = String()
    side = String(metadata={**_SIDE, "description": "Whose it is."})
    name = String()
    media = String(metadata={"description": "What it is by its content."})
    size = Whole()
    sha256 = String()
    uploaded_at = Moment()


class ProfileIn(Input):
    """What one's organisation says of itself."""

    size_class = Identifier(
        40,
        required=True,
        allow_none=True,
        metadata={"description": "Code of the list `enterprise_size`.", "example": "SMALL"},
    )


class ProfileOut(Output):
    """What others see of an organisation before it is named, beside its kind and league."""

    size_class = String(allow_none=True, metadata={"description": "Code of the list `enterprise_size`."})
    version = Whole()


class AccreditationIn(Input):
    """Who is accredited as technology manager (技术经理人)."""

    member = Identifier(40, required=True, metadata={"description": "Id of a member of its organisation."})
    level = Identifier(
        40, required=True, metadata={"description": "Code of the list `broker_level`.", "example": "MIDDLE"}
    )
    certificate_no = Text(100, load_default=None, allow_none=True)
    valid_from = Day(load_default=None, allow_none=True, metadata={"description": "Default: today."})
    valid_to = Day(load_default=None, allow_none=True)


class EndIn(Input):
    """Why it ends."""

    text = Text(2_000, required=True)


class BrokersQuery(ListQuery):
    """Which brokers are wanted."""

    organisation = Identifier(40, load_default=None)


class BrokerOut(Output):
    """A technology manager (技术经理人)."""

    id = String()
    name = String()
    organisation = Part(AgentOut)
    level = String(metadata={"description": "Code of the list `broker_level`."})
    certificate_no = String(allow_none=True)
    valid_from = Day()
    valid_to = Day(allow_none=True)
    ended_on = Day(allow_none=True)
    in_force = Plain(metadata=_FLAG)
    version = Whole()
    created_at = Moment()
