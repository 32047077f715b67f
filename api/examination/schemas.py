"""Schemas of applications, their examination and the desk."""

from __future__ import annotations

from api.contract_fields import ContractIn, Partial, PartyIn, PartyOut, code, shown, text
from api.routes import ListQuery
from api.schema import Day, Flag, Identifier, Input, Many, Moment, Output, Part, Text, Whole, Yuan, one_of, pattern
from market.examination.checks import SEVERITIES
from market.examination.queries import QUEUES
from market.examination.states import OPEN, STATES, STEPS

_DECIMAL = pattern(r"^[0-9]{1,15}(\.[0-9]{1,8})?\Z", "Digits, with a point and up to eight more.")
_ROUTES = ("application", "direct", "imported")
_MANY_EXCLUSIONS = 100


def _flag(description: str) -> Flag:
    return Flag(load_default=None, allow_none=True, metadata={"description": description})


def _why(required: bool = True) -> Text:
    if required:
        return Text(2000, required=True, metadata={"description": "In words; no personal data."})
    return Text(2000, load_default=None, allow_none=True, metadata={"description": "In words; no personal data."})


class CasePartyIn(PartyIn):
    """A party as the national form asks for it. Organisation data is taken from the register by credit code or id."""

    is_tech_transfer_org = _flag("是否技术转移机构")
    is_rd_org = _flag("是否研发机构")
    is_converted_institute = _flag("是否转制科研院所")
    in_national_hightech_zone = _flag("是否国家高新区内企业")
    is_listed = _flag("是否上市公司")
    enterprise_size = code("enterprise_size")
    industry = code("industry")
    address = text("地址", None)
    postcode = text("邮编", None, 20)
    legal_representative = text("法定代表人", None, 100)
    contact = text("联系人", None, 100)
    phone = text("电话", None, 40)


class ExclusionIn(Input):
    """Equipment or material in the contract, which is no technology."""

    kind = Text(20, required=True, validate=[one_of("equipment", "material", "other")])
    name = Text(200, required=True)
    quantity = Whole(1, 10**9, load_default=None, allow_none=True)
    amount = Yuan(required=True)
    reasonable_quantity = Flag(
        load_default=False,
        metadata={"description": "A reasonable quantity of the subject matter, which is not deducted."},
    )


class CurrencyIn(Input):
    """A contract in foreign money: its total is this amount at this rate."""

    code = Identifier(3, required=True, metadata={"description": "ISO 4217.", "example": "USD"})
    original_amount = Text(30, required=True, validate=[_DECIMAL], metadata={"example": "100000.00"})
    rate = Text(30, required=True, validate=[_DECIMAL], metadata={"description": "Yuan for one.", "example": "7.1"})
    rate_date = Day(required=True)


class CaseIn(Partial, ContractIn):
    """An application as far as it is filled in; `check` says what is still missing."""

    office = Identifier(40, metadata={"description": "Id of the office of the applicant's own place."})
    seller = Part(CasePartyIn, allow_none=True, metadata={"description": "卖方"})
    buyer = Part(CasePartyIn, allow_none=True, metadata={"description": "买方"})
    is_related_party = _flag("是否关联交易")
    tax_related = _flag("涉税: meant for tax relief.")
    disputed = _flag("有争议")
    exclusions = Many(Part(ExclusionIn), _MANY_EXCLUSIONS, allow_none=True)
    amount_is_estimated = _flag("The amount is an estimate (royalties).")
    royalty_formula = Text(2000, allow_none=True, metadata={"description": "提成计算办法"})
    currency = Part(CurrencyIn, allow_none=True)
    expected_investment = Yuan(allow_none=True, metadata={"description": "预计新增投入"})
    expected_output = Yuan(allow_none=True, metadata={"description": "预计新增产值"})
    handler = Text(100, allow_none=True, metadata={"description": "经办人; kept erasable."})


class CheckIn(CaseIn):
    """What might become an application, with the kinds of paper there are."""

    attachments = Many(Identifier(40), 40, metadata={"description": "Codes of the list `attachment_kind`."})


class FindingOut(Output):
    """One finding, in Chinese and English, with the rule behind it."""

    code = shown("Stable code.", "expired", nullable=False)
    severity = shown(f"One of {', '.join(SEVERITIES)}.", "error", nullable=False)
    pointer = shown("JSON pointer into the application.", "/valid_to", nullable=False)
    zh = shown("In Chinese.", nullable=False)
    en = shown("In English.", nullable=False)
    rule = shown("Code of the rule, `GET /v1/rules/{code}`.", "contract.in_force", nullable=False)
    source = shown("Where the rule stands.")
    route = shown("What a flag asks for: `second_person` or `expert`.")


class CheckOut(Output):
    """Everything found, and what it means."""

    findings = Many(Part(FindingOut), 1000)
    acceptable = shown("No finding is an error.", kind="boolean", nullable=False)
    needs_experts = shown("Large or disputed: experts review it.", kind="boolean", nullable=False)
    needs_second_person = shown("Flagged: a second person endorses it.", kind="boolean", nullable=False)


class NamedOut(Output):
    """An organisation."""

    id = shown("Id.", nullable=False)
    name = shown("Name.", nullable=False)


class ClockOut(Output):
    """The limit that runs, or ran last, and how its due day was counted."""

    rule = shown("Code of the rule.", "review.limit", nullable=False)
    started_on = Day()
    due_on = Day()
    provisional = shown("Beyond the known calendar; never overdue.", kind="boolean", nullable=False)
    running = shown("Does it run now?", kind="boolean", nullable=False)
    overdue = shown("Is it past?", kind="boolean", nullable=False)
    explanation_zh = shown("How it was counted, in Chinese; null in lists.")
    explanation_en = shown("How it was counted, in English; null in lists.")


class PendingOut(Output):
    """A requested change, or an objection."""

    objector = shown("Organisation that put the objection in.")
    authority = shown("The authority whose objection it is.")
    text = shown("In words.")
    reason = shown("Code of the list `change_reason`.")
    changes = shown("What is to be changed.", kind="object")


class EndingOut(Output):
    """An end that a party asked for, or that a person of the office proposed."""

    step = shown("cancel or revoke.", "cancel", nullable=False)
    asked_by = shown("The party that asked: seller or buyer.")
    organisation = shown("Who asked or proposed.")
    member = shown("Which person of the office.")
    reason = shown("Code of the list `cancellation_reason` or `revocation_reason`.", nullable=False)
    text = shown("In words.")
    on = shown("The day.", "2026-01-05", nullable=False)


class CaseItemOut(Output):
    """A case (认定登记申请) in a list."""

    id = shown("Id.", nullable=False)
    state = shown(f"One of {', '.join(STATES)}.", "under_review", nullable=False)
    route = shown(f"How it came: {', '.join(_ROUTES)}.", "application", nullable=False)
    number = shown("Number of the registration, if there is one.", "2026990000000001")
    project_name = shown("项目名称")
    contract_type = shown("Code of the list `contract_type`.")
    applicant = Part(NamedOut, allow_none=True)
    office = Part(NamedOut)
    claimed_tech_amount = Yuan(allow_none=True, metadata={"description": "技术交易额 as claimed."})
    approved_tech_amount = Yuan(allow_none=True, metadata={"description": "技术交易额 as approved (核定)."})
    flags = Many(shown("Code.", nullable=False), 50)
    assignee = shown("Member of the office who has it in hand.")
    endorsed_by = shown("Member who endorsed it.")
    submitted_on = Day(allow_none=True)
    accepted_on = Day(allow_none=True, metadata={"description": "受理日; a supplement moves it."})
    decided_on = Day(allow_none=True)
    clock = Part(ClockOut, allow_none=True)
    reason = shown("Coded reason of the last step.")
    text = shown("Words of the last step.")
    pending = Part(PendingOut, allow_none=True)
    ending = Part(EndingOut, allow_none=True, metadata={"description": "A proposed revocation only for the office."})
    legal_steps = Many(shown("Step.", nullable=False), 50)
    version = shown("Grows with every step.", 1, kind="integer", nullable=False)
    created_at = Moment()
    updated_at = Moment()


class CasePartyOut(PartyOut):
    """A party of an application."""

    is_tech_transfer_org = shown("是否技术转移机构", kind="boolean")
    is_rd_org = shown("是否研发机构", kind="boolean")
    is_converted_institute = shown("是否转制科研院所", kind="boolean")
    in_national_hightech_zone = shown("是否国家高新区内企业", kind="boolean")
    is_listed = shown("是否上市公司", kind="boolean")
    enterprise_size = shown("Code of the list `enterprise_size`.")
    industry = shown("Code of the list `industry`.")
    address = shown("地址")
    postcode = shown("邮编")
    legal_representative = shown("法定代表人")
    contact = shown("联系人")
    phone = shown("电话")
    country = shown("ISO 3166-1 alpha-2.", "CN")


class ExclusionOut(Output):
    """Equipment or material in the contract."""

    kind = shown("equipment, material or other.", nullable=False)
    name = shown("What it is.", nullable=False)
    quantity = shown("How many.", kind="integer")
    amount = Yuan()
    reasonable_quantity = shown("Not deducted.", kind="boolean", nullable=False)


class CurrencyOut(Output):
    """The contract's own money."""

    code = shown("ISO 4217.", nullable=False)
    original_amount = shown("In that money.", nullable=False)
    rate = shown("Yuan for one.", nullable=False)
    rate_date = Day()


class CaseOut(CaseItemOut):
    """A case whole: what is claimed stays as it was claimed, beside what is approved."""

    contract_subtype = shown("Code of the list `contract_type`.")
    contract_no = shown("The parties' own number.")
    seller = Part(CasePartyOut, allow_none=True)
    buyer = Part(CasePartyOut, allow_none=True)
    total_amount = Yuan(allow_none=True)
    tech_amount = Yuan(allow_none=True)
    signed_on = Day(allow_none=True)
    valid_from = Day(allow_none=True)
    valid_to = Day(allow_none=True)
    field = shown("Field of the scheme `contract`.")
    ip_type = shown("Code of the list `ip_type`.")
    plan_source = shown("Code of the list `plan_source`.")
    served_industry = shown("Code of the list `industry`.")
    socio_economic_objective = shown("Code of the list `socio_economic_objective`.")
    payment_mode = shown("Code of the list `payment_mode`.")
    demand = shown("Id of the demand it answers.")
    achievement = shown("Id of the achievement it uses.")
    is_related_party = shown("是否关联交易", kind="boolean")
    tax_related = shown("涉税", kind="boolean")
    disputed = shown("有争议", kind="boolean")
    exclusions = Many(Part(ExclusionOut), _MANY_EXCLUSIONS, allow_none=True)
    amount_is_estimated = shown("The amount is an estimate.", kind="boolean")
    royalty_formula = shown("提成计算办法")
    currency = Part(CurrencyOut, allow_none=True)
    expected_investment = Yuan(allow_none=True)
    expected_output = Yuan(allow_none=True)
    handler = shown("经办人")


class CasesQuery(ListQuery):
    """Filters of the list of applications."""

    state = Text(20, load_default=None, validate=[one_of(*STATES)])
    number = Identifier(16, load_default=None, metadata={"description": "Number of the registration."})
    route = Text(20, load_default=None, validate=[one_of(*_ROUTES)])


class DeskQuery(ListQuery):
    """Which queue of the desk, and filters."""

    queue = Text(20, load_default="open", validate=[one_of(*QUEUES)])
    state = Text(20, load_default=None, validate=[one_of(*OPEN)])
    member = Identifier(40, load_default=None, metadata={"description": "Member who has them in hand."})
    flag = Text(40, load_default=None, validate=[pattern(r"^[a-z-]+\Z", "Lower case letters and hyphens.")])


class CaseStepOut(Output):
    """One step in the file of a case."""

    version = shown("The version it made.", 2, kind="integer", nullable=False)
    step = shown(f"One of {', '.join(STEPS)}.", "submit", nullable=False)
    state = shown("The state after it.", "submitted", nullable=False)
    day = Day()
    at = Moment()
    organisation = shown("Who did it.")
    member = shown("Which person of the office.")
    reason = shown("Coded reason.")
    text = shown("In words.")
    findings = Many(Part(FindingOut), 1000, allow_none=True)


class AttachmentQuery(Input):
    """What the paper is."""

    kind = Identifier(40, required=True, metadata={"description": "Code of the list `attachment_kind`."})
    name = Text(200, required=True, metadata={"description": "File name; kept erasable.", "example": "合同.pdf"})


class AttachmentOut(Output):
    """A paper of an application."""

    id = shown("Id.", nullable=False)
    kind = shown("Code of the list `attachment_kind`.", "contract_text", nullable=False)
    name = shown("File name.", nullable=False)
    media = shown("What it is by its content.", "application/pdf", nullable=False)
    size = shown("Bytes.", kind="integer", nullable=False)
    sha256 = shown("Digest.", nullable=False)
    uploaded_at = Moment()


class NoteIn(Input):
    """Words to a step."""

    text = _why()


class WordsIn(Input):
    """Words to a step, if there are any."""

    text = _why(required=False)


class AssignIn(Input):
    """Who is to take the case in hand."""

    member = Identifier(40, required=True, metadata={"description": "Id of a member of the office."})


class ReturnIn(Input):
    """Why an application is given back for a supplement (补正)."""

    reason = Identifier(40, required=True, metadata={"description": "Code of the list `return_reason`."})
    text = _why()


class RefuseIn(Input):
    """Why registration is refused (不予登记)."""

    reason = Identifier(40, required=True, metadata={"description": "Code of the list `refusal_reason`."})
    text = _why()


class ObjectionIn(Input):
    """An objection (异议)."""

    text = _why()
    authority = Text(
        200,
        load_default=None,
        allow_none=True,
        metadata={"description": "For auditors: the tax or finance authority whose objection is put on record."},
    )
