"""Schemas of the register: contracts as clerks hand them in, change them, and as those who may see them read them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, missing

from api.routes import ListQuery
from api.schema import Day, Identifier, Input, Output, Part, Plain, Text, Yuan, one_of, pattern
from market.contracts.queries import ACTS, SORTS, STATES
from market.registration.entries import OUTSIDE_NUMBER

_TYPES = "`DEV` 开发, `TRANSFER` 转让, `LICENSE` 许可, `CONSULT` 咨询, `SERVICE` 服务 (list `contract_type`)."
_FIELD = "Field of the scheme `contract`, or its alias (`contract:新材料及其应用`)."


def _code(name: str, **rest: Any) -> Identifier:
    return Identifier(
        40, load_default=None, allow_none=True, metadata={"description": f"Code of the list `{name}`.", **rest}
    )


def _text(description: str, example: str | None, maximum: int = 200) -> Text:
    metadata = {"description": description} | ({"example": example} if example else {})
    return Text(maximum, allow_none=True, metadata=metadata)


def _shown(description: str, example: Any = None, *, kind: str = "string", nullable: bool = True) -> Plain:
    shape: dict[str, Any] = {"type": [kind, "null"] if nullable else kind}
    metadata = {"description": description, "schema": shape} | ({"example": example} if example is not None else {})
    return Plain(metadata=metadata)


class PartyIn(Input):
    """A seller or buyer: the id of a registered organisation and nothing else, or what is known of a plain party."""

    organisation = Identifier(
        40, allow_none=True, metadata={"description": "Id of a registered organisation; then nothing else is given."}
    )
    name = _text("Full name as on seal and licence.", "示例企业0001")
    credit_code = _text(
        "统一社会信用代码, 18 characters. That of a registered organisation makes the party this organisation.",
        None,
        40,
    )
    country = Identifier(
        2,
        allow_none=True,
        metadata={"description": "ISO 3166-1 alpha-2. Needed without a credit code.", "example": "CN"},
    )
    place = Identifier(
        6,
        allow_none=True,
        metadata={"description": "Six digits of GB/T 2260; null when unknown or abroad.", "example": "150203"},
    )
    nature = Identifier(
        40, allow_none=True, metadata={"description": "Code of the list `party_nature`.", "example": "170"}
    )


class ContractIn(Input):
    """A technology contract as signed."""

    project_name = Text(
        200, required=True, metadata={"description": "项目名称", "example": "示例项目:稀土永磁电机开发"}
    )
    contract_type = Identifier(40, required=True, metadata={"description": _TYPES, "example": "DEV"})
    contract_subtype = _code("contract_type", example="DEV_COMMISSIONED")
    contract_no = Text(
        100,
        load_default=None,
        allow_none=True,
        metadata={"description": "The parties' own number of the contract.", "example": "SYN-2026-000001"},
    )
    seller = Part(PartyIn, required=True, metadata={"description": "卖方"})
    buyer = Part(PartyIn, required=True, metadata={"description": "买方"})
    total_amount = Yuan(required=True, metadata={"description": "合同成交额, yuan."})
    tech_amount = Yuan(required=True, metadata={"description": "技术交易额, yuan; at most `total_amount`."})
    signed_on = Day(required=True, metadata={"description": "签订日期, not in the future.", "example": "2026-01-05"})
    valid_from = Day(required=True, metadata={"description": "Begin of validity.", "example": "2026-01-05"})
    valid_to = Day(
        required=True,
        metadata={"description": "End of validity; registration lies within it.", "example": "2028-12-31"},
    )
    field = Text(80, required=True, metadata={"description": _FIELD, "example": "contract:05"})
    ip_type = _code("ip_type")
    plan_source = _code("plan_source")
    served_industry = _code("industry")
    socio_economic_objective = _code("socio_economic_objective")
    payment_mode = _code("payment_mode")
    demand = Identifier(
        40, load_default=None, allow_none=True, metadata={"description": "Id of the demand it answers, `dem_…`."}
    )
    achievement = Identifier(
        40, load_default=None, allow_none=True, metadata={"description": "Id of the achievement it uses, `ach_…`."}
    )


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


class OutsideContractIn(ContractIn):
    """A contract that another office registered."""

    outside = Part(OutsideRegistrationIn, required=True)


class ContractChangesIn(ContractIn):
    """The parts of a contract to be changed; what is left out stays. A party is given whole."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**{**rest, "partial": True})

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """What is left out has no default: it stays."""
        field_obj.load_default = missing


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


class CancellationIn(ReasonIn):
    """Why a contract is cancelled (注销)."""

    reason = Identifier(
        40, required=True, metadata={"description": "Code of the list `cancellation_reason`.", "example": "RESCINDED"}
    )


class RevocationIn(ReasonIn):
    """Why a registration is revoked (撤销)."""

    reason = Identifier(
        40, required=True, metadata={"description": "Code of the list `revocation_reason`.", "example": "DUPLICATE"}
    )


class ContractQuery(ListQuery):
    """Filters and order of the list of contracts."""

    state = Text(20, load_default=None, validate=[one_of(*STATES)])
    act = Text(20, load_default=None, validate=[one_of(*ACTS)])
    contract_type = Identifier(40, load_default=None, metadata={"description": _TYPES})
    field = Text(80, load_default=None, metadata={"description": _FIELD})
    registered_from = Day(load_default=None, metadata={"description": "First day of registration."})
    registered_to = Day(load_default=None, metadata={"description": "Last day of registration."})
    office = Text(2, load_default=None, validate=[one_of("me")], metadata={"description": "`me`: own entries."})
    party = Text(2, load_default=None, validate=[one_of("me")], metadata={"description": "`me`: own deals."})
    sort = Text(20, load_default="-registered_on", validate=[one_of(*SORTS)])


class PartyOut(Output):
    """A seller or buyer as it was when registered. Statisticians see country, place and nature."""

    organisation = _shown("Id of the registered organisation.")
    name = _shown("Full name.", "示例企业0001")
    credit_code = _shown("统一社会信用代码")
    country = _shown("ISO 3166-1 alpha-2.", "CN", nullable=False)
    place = _shown("GB/T 2260; null when unknown or abroad.", "150203")
    nature = _shown("Code of the list `party_nature`.", "170")


class OfficeOut(Output):
    """The office that registered the contract."""

    id = _shown("Id of the organisation.", nullable=False)
    name = _shown("Its name.", nullable=False)


class OutsideRegistrationOut(Output):
    """The registration another office made."""

    number = _shown("Its number.", "2026119900900001", nullable=False)
    office = _shown("Name of that office.", "示例外省登记处", nullable=False)
    registered_on = Day(metadata={"description": "Its day."})


class ContractOut(Output):
    """A registered or recorded contract. Statisticians see neither texts nor links nor who the parties are."""

    id = _shown("Id, for ever.", "con_01k5k0f8v3c5w8p1h6r2m4t7qd", nullable=False)
    number = _shown("合同登记编号, 16 digits, for ever; null for an outside registration.", "2026990000000001")
    act = _shown("`registered` here, or recorded from `outside`.", "registered", nullable=False)
    state = _shown("`registered`, `cancelled` (注销) or `revoked` (撤销).", "registered", nullable=False)
    version = _shown("Grows with every change.", 1, kind="integer", nullable=False)
    office = Part(OfficeOut, allow_none=True)
    outside = Part(OutsideRegistrationOut, allow_none=True)
    registered_on = Day(metadata={"description": "Day of registration, Asia/Shanghai; decides the period."})
    late = _shown("Entered later than it was registered.", False, kind="boolean", nullable=False)
    project_name = _shown("项目名称", "示例项目:稀土永磁电机开发")
    contract_type = _shown(_TYPES, "DEV", nullable=False)
    contract_subtype = _shown("Code of the list `contract_type`.", "DEV_COMMISSIONED")
    contract_no = _shown("The parties' own number.")
    seller = Part(PartyOut)
    buyer = Part(PartyOut)
    total_amount = Yuan(metadata={"description": "合同成交额, yuan."})
    tech_amount = Yuan(metadata={"description": "技术交易额, yuan."})
    signed_on = Day(metadata={"description": "签订日期"})
    valid_from = Day(metadata={"description": "Begin of validity."})
    valid_to = Day(metadata={"description": "End of validity."})
    field = _shown("Field of the scheme `contract`.", "contract:05", nullable=False)
    ip_type = _shown("Code of the list `ip_type`.")
    plan_source = _shown("Code of the list `plan_source`.")
    served_industry = _shown("Code of the list `industry`.")
    socio_economic_objective = _shown("Code of the list `socio_economic_objective`.")
    payment_mode = _shown("Code of the list `payment_mode`.")
    demand = _shown("Id of the demand it answers.")
    achievement = _shown("Id of the achievement it uses.")
