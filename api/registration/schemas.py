"""Schemas of the register: contracts as clerks hand them in, change them, and as those who may see them read them."""

from __future__ import annotations

from api.contract_fields import FIELD, TYPES, ContractIn, Partial, PartyOut, shown
from api.routes import ListQuery
from api.schema import Day, Flag, Identifier, Input, Many, Moment, Output, Part, Plain, Text, Yuan, one_of, pattern
from market.contracts.queries import ACTS, SORTS, STATES
from market.registration.actions import ASKERS
from market.registration.entries import OUTSIDE_NUMBER
from market.registration.performance import RESULTS


class OutsideRegistrationIn(Input):
    """The registration another office made."""

    number = Text(
        16,
        required=True,
        validate=[pattern(OUTSIDE_NUMBER, "14 or 16 digits are needed.")],
        metadata={"description": "Its number, 14 or 16 digits.", "example": "2026119900900001"},
    )
    office = Text(200, required=True, metadata={"description": "Name of that office.", "example": "示例外省登记处"})
    registered_on = Day(required=True, metadata={"description": "Its day, not in the future.", "example": "2026-01-06"})


def _mark(description: str) -> Flag:
    return Flag(load_default=False, metadata={"description": f"{description}: then an application is needed."})


class CounterContractIn(ContractIn):
    """A contract that a clerk registers at once, with what would take more than one person."""

    is_related_party = _mark("是否关联交易")
    tax_related = _mark("涉税")
    disputed = _mark("有争议")


class OutsideContractIn(ContractIn):
    """A contract that another office registered."""

    outside = Part(OutsideRegistrationIn, required=True)


class ContractChangesIn(Partial, ContractIn):
    """The parts of a contract to be changed; what is left out stays. A party is given whole."""


class ReasonIn(Input):
    """Why."""

    text = Text(
        2000, load_default=None, allow_none=True, metadata={"description": "The reason in words; no personal data."}
    )


class ChangeIn(ReasonIn):
    """A change (变更登记) and why."""

    reason = Identifier(
        40, required=True, metadata={"description": "Code of the list `change_reason`.", "example": "CORRECTION"}
    )
    changes = Part(ContractChangesIn, required=True)


class CancellationRequestIn(ReasonIn):
    """Why a contract is to be cancelled (注销)."""

    reason = Identifier(
        40, required=True, metadata={"description": "Code of the list `cancellation_reason`.", "example": "RESCINDED"}
    )


class CancellationIn(ReasonIn):
    """Why a contract is cancelled (注销), and who asked."""

    reason = Identifier(
        40,
        load_default=None,
        allow_none=True,
        metadata={"description": "Code of the list `cancellation_reason`; null: as asked for.", "example": "RESCINDED"},
    )
    asked_by = Text(
        10,
        load_default=None,
        allow_none=True,
        validate=[one_of(*ASKERS)],
        metadata={"description": "Who asked on paper; null where a party asked here.", "example": "seller"},
    )


class RevocationIn(ReasonIn):
    """Why a registration is revoked (撤销)."""

    reason = Identifier(
        40, required=True, metadata={"description": "Code of the list `revocation_reason`.", "example": "DUPLICATE"}
    )


class ProposalIn(RevocationIn):
    """Why a registration should be revoked (撤销)."""

    text = Text(2000, required=True, metadata={"description": "What was found; no personal data."})


class RejectionIn(Input):
    """Why a change or a cancellation is turned down (驳回)."""

    reason = Identifier(40, required=True, metadata={"description": "Code of the list `rejection_reason`."})
    text = Text(2000, required=True, metadata={"description": "In words; no personal data."})


class DroppingIn(Input):
    """Why a proposal is dropped."""

    text = Text(2000, required=True, metadata={"description": "In words; no personal data."})


class ContractQuery(ListQuery):
    """Filters and order of the list of contracts."""

    state = Text(20, load_default=None, validate=[one_of(*STATES)])
    act = Text(20, load_default=None, validate=[one_of(*ACTS)])
    contract_type = Identifier(40, load_default=None, metadata={"description": TYPES})
    field = Text(80, load_default=None, metadata={"description": FIELD})
    registered_from = Day(load_default=None, metadata={"description": "First day of registration."})
    registered_to = Day(load_default=None, metadata={"description": "Last day of registration."})
    office = Text(2, load_default=None, validate=[one_of("me")], metadata={"description": "`me`: own entries."})
    party = Text(2, load_default=None, validate=[one_of("me")], metadata={"description": "`me`: own deals."})
    sort = Text(20, load_default="-registered_on", validate=[one_of(*SORTS)])


class OfficeOut(Output):
    """The office that registered the contract."""

    id = shown("Id of the organisation.", nullable=False)
    name = shown("Its name.", nullable=False)


class OutsideRegistrationOut(Output):
    """The registration another office made."""

    number = shown("Its number.", "2026119900900001", nullable=False)
    office = shown("Name of that office.", "示例外省登记处", nullable=False)
    registered_on = Day(metadata={"description": "Its day."})


class ContractOut(Output):
    """A registered or recorded contract. Statisticians see neither texts nor links nor who the parties are."""

    id = shown("Id, for ever.", "con_01k5k0f8v3c5w8p1h6r2m4t7qd", nullable=False)
    number = shown("合同登记编号, 16 digits, for ever; null for an outside registration.", "2026990000000001")
    act = shown("`registered` here, or recorded from `outside`.", "registered", nullable=False)
    state = shown("`registered`, `cancelled` (注销) or `revoked` (撤销).", "registered", nullable=False)
    version = shown("Grows with every change.", 1, kind="integer", nullable=False)
    office = Part(OfficeOut, allow_none=True)
    outside = Part(OutsideRegistrationOut, allow_none=True)
    registered_on = Day(metadata={"description": "Day of registration, Asia/Shanghai; decides the period."})
    late = shown("Entered later than it was registered.", False, kind="boolean", nullable=False)
    project_name = shown("项目名称", "示例项目:稀土永磁电机开发")
    contract_type = shown(TYPES, "DEV", nullable=False)
    contract_subtype = shown("Code of the list `contract_type`.", "DEV_COMMISSIONED")
    contract_no = shown("The parties' own number.")
    seller = Part(PartyOut)
    buyer = Part(PartyOut)
    total_amount = Yuan(metadata={"description": "合同成交额, yuan."})
    tech_amount = Yuan(metadata={"description": "技术交易额, yuan."})
    signed_on = Day(metadata={"description": "签订日期"})
    valid_from = Day(metadata={"description": "Begin of validity."})
    valid_to = Day(metadata={"description": "End of validity."})
    field = shown("Field of the scheme `contract`.", "contract:05", nullable=False)
    ip_type = shown("Code of the list `ip_type`.")
    plan_source = shown("Code of the list `plan_source`.")
    served_industry = shown("Code of the list `industry`.")
    socio_economic_objective = shown("Code of the list `socio_economic_objective`.")
    payment_mode = shown("Code of the list `payment_mode`.")
    demand = shown("Id of the demand it answers.")
    achievement = shown("Id of the achievement it uses.")


class DecisionIn(Input):
    """What is approved with the registration."""

    tech_amount = Yuan(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "技术交易额 as approved (核定), when it is not the claimed one; then `text` says why."
        },
    )
    text = Text(2000, load_default=None, allow_none=True, metadata={"description": "In words; no personal data."})


class WordsToActIn(Input):
    """Words to an act."""

    text = Text(2000, load_default=None, allow_none=True, metadata={"description": "In words; no personal data."})


class CaseStateOut(Output):
    """Where a case stands."""

    id = shown("Id of the application.", nullable=False)
    state = shown("Its state.", "change_pending", nullable=False)
    version = shown("Grows with every step.", 1, kind="integer", nullable=False)


class VersionItemOut(Output):
    """A version of a contract, and what made it."""

    version = shown("1 is the registration.", 1, kind="integer", nullable=False)
    kind = shown("What happened.", "contract.changed", nullable=False)
    recorded_at = Moment()
    occurred_on = Day()
    reason = shown("Coded reason.")
    text = shown("In words.")
    asked_by = shown("Who asked for a cancellation: seller, buyer or both.")


class VersionOut(VersionItemOut):
    """A version with the contract as it was then."""

    contract = Part(ContractOut)


class IncomeIn(Input):
    """What was paid on performance, and how much of it is technical income (技术性收入核定)."""

    paid_on = Day(required=True)
    paid_amount = Yuan(required=True, metadata={"description": "What was paid for the technology part, yuan."})
    income_amount = Yuan(
        load_default=None,
        allow_none=True,
        metadata={"description": "技术性收入 approved, at most what was paid; null: nothing of it."},
    )
    completed = Flag(load_default=False, metadata={"description": "The contract is performed whole."})
    corrects = Identifier(
        40,
        load_default=None,
        allow_none=True,
        metadata={"description": "Id of the entry in whose place this one stands."},
    )
    text = Text(2000, load_default=None, allow_none=True, metadata={"description": "In words; no personal data."})


class IncomeOut(Output):
    """An entry of technical income. One that was corrected counts no more."""

    id = shown("Id.", nullable=False)
    paid_on = Day()
    paid_amount = Yuan(attribute="paid_fen")
    income_amount = Yuan(attribute="income_fen")
    completed = shown("The contract is performed whole.", kind="boolean", nullable=False)
    text = shown("In words.")
    corrects = shown("Id of the entry it stands in place of.")
    corrected_by = shown("Id of the entry that stands in its place.")
    approved_on = Day()


class AuditIn(Input):
    """What an audit of a registration came to (监督检查)."""

    result = Text(20, required=True, validate=[one_of(*RESULTS)])
    text = Text(2000, load_default=None, allow_none=True, metadata={"description": "Needed when it is defective."})


class AuditOut(Output):
    """An audit of a registration."""

    id = shown("Id.", nullable=False)
    result = shown("sound or defective.", nullable=False)
    text = shown("In words.")
    day = Day()


class PerformanceQuery(Input):
    """From which day to which."""

    begin = Day(required=True, data_key="from", metadata={"example": "2026-01-01"})
    end = Day(required=True, data_key="to", metadata={"example": "2026-12-31"})


def _count(description: str) -> Plain:
    return shown(description, 0, kind="integer", nullable=False)


class OfficePerformanceOut(Output):
    """An office: growth and quality beside each other."""

    office = Part(OfficeOut)
    applications = _count("Applications handed in.")
    decided = _count("Of these, decided.")
    on_time = _count("Of these, by their due day.")
    on_time_share = shown("`on_time` of those decided with a due day; null without any.", "0.9800")
    returns = _count("Returns for a supplement.")
    refusals = _count("Refused.")
    open = _count("Not decided yet.")
    overdue = _count("Past their due day.")
    registered = _count("Contracts registered.")
    total_amount = Yuan(metadata={"description": "合同成交额 of those still live."})
    tech_amount = Yuan(metadata={"description": "技术交易额 of those still live."})
    income_amount = Yuan(metadata={"description": "技术性收入 approved so far of those registered."})
    corrections = _count("Contracts whose registration was corrected afterwards.")
    cancelled = _count("Contracts cancelled (注销).")
    revoked = _count("Contracts revoked (撤销).")
    audited = _count("Contracts audited.")
    defective = _count("Contracts found defective.")


class PerformanceOut(Output):
    """How the offices do."""

    begin = Day(data_key="from", attribute="from")
    end = Day(data_key="to", attribute="to")
    items = Many(Part(OfficePerformanceOut), 10_000)
