"""Schemas of a contract's content: what applicants and clerks hand in, and how a party is shown.

Registration and examination share them.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, missing

from api.schema import Day, Identifier, Input, Output, Part, Plain, Text, Yuan

TYPES = "`DEV` 开发, `TRANSFER` 转让, `LICENSE` 许可, `CONSULT` 咨询, `SERVICE` 服务 (list `contract_type`)."
FIELD = "Field of the scheme `contract`, or its alias (`contract:新材料及其应用`)."


def code(name: str, **rest: Any) -> Identifier:
    """A code of a list, which need not be given."""
    return Identifier(
        40, load_default=None, allow_none=True, metadata={"description": f"Code of the list `{name}`.", **rest}
    )


def text(description: str, example: str | None, maximum: int = 200) -> Text:
    """A text of a party, which may be null."""
    metadata = {"description": description} | ({"example": example} if example else {})
    return Text(maximum, allow_none=True, metadata=metadata)


def shown(description: str, example: Any = None, *, kind: str = "string", nullable: bool = True) -> Plain:
    """A plain value that is shown."""
    shape: dict[str, Any] = {"type": [kind, "null"] if nullable else kind}
    metadata = {"description": description, "schema": shape} | ({"example": example} if example is not None else {})
    return Plain(metadata=metadata)


class Partial(Input):
    """Of a schema it is mixed into, nothing is required and nothing has a default: what is left out stays."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Parts of an object inside are still needed: it is given whole."""
        field_obj.required, field_obj.load_default = False, missing


class PartyIn(Input):
    """A seller or buyer: the id of a registered organisation and nothing else, or what is known of a plain party."""

    organisation = Identifier(
        40, allow_none=True, metadata={"description": "Id of a registered organisation; then nothing else is given."}
    )
    name = text("Full name as on seal and licence.", "示例企业0001")
    credit_code = text(
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
    contract_type = Identifier(40, required=True, metadata={"description": TYPES, "example": "DEV"})
    contract_subtype = code("contract_type", example="DEV_COMMISSIONED")
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
    field = Text(80, required=True, metadata={"description": FIELD, "example": "contract:05"})
    ip_type = code("ip_type")
    plan_source = code("plan_source")
    served_industry = code("industry")
    socio_economic_objective = code("socio_economic_objective")
    payment_mode = code("payment_mode")
    demand = Identifier(
        40, load_default=None, allow_none=True, metadata={"description": "Id of the demand it answers, `dem_…`."}
    )
    achievement = Identifier(
        40, load_default=None, allow_none=True, metadata={"description": "Id of the achievement it uses, `ach_…`."}
    )


class PartyOut(Output):
    """A seller or buyer as it was when registered. Statisticians see country, place and nature."""

    organisation = shown("Id of the registered organisation.")
    name = shown("Full name.", "示例企业0001")
    credit_code = shown("统一社会信用代码")
    country = shown("ISO 3166-1 alpha-2.", "CN", nullable=False)
    place = shown("GB/T 2260; null when unknown or abroad.", "150203")
    nature = shown("Code of the list `party_nature`.", "170")
