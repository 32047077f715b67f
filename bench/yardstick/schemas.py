"""Schemas of the yardstick, in plain marshmallow."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, validate
from marshmallow import fields as f

PRINTABLE = validate.Regexp(r"^[\x21-\x7e]{1,80}\Z")
INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


def yuan(fen: int) -> str:
    """An amount as a yuan string."""
    return f"{fen // 100}.{fen % 100:02d}"


def clean(text: str) -> None:
    """Refuse what a database cannot store."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("not text")


class Yuan(f.Field[int]):
    """A yuan string outside, fen inside."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else yuan(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        try:
            amount = Decimal(value) * 100 if isinstance(value, str) else None
        except InvalidOperation:
            amount = None
        if amount is None or not 0 < amount <= 10**15 or amount != int(amount):
            raise ValidationError("a yuan amount with at most two decimals")
        return int(amount)


def text(maximum: int, **rest: Any) -> f.String:
    """A clean text field."""
    return f.String(validate=[validate.Length(1, maximum), clean], **rest)


def code(**rest: Any) -> f.String:
    """A field for an id or code."""
    return f.String(validate=PRINTABLE, **rest)


class In(Schema):
    """Input: unknown fields are refused."""

    class Meta:
        unknown = RAISE


class ContactIn(In):
    name = text(100, required=True)
    phone = f.String(load_default=None, allow_none=True, validate=validate.Regexp(r"^\+?[0-9][0-9 ()-]{4,38}\Z"))
    email = f.Email(load_default=None, allow_none=True)


class IndicatorIn(In):
    name = text(100, required=True)
    value = text(100, required=True)
    unit = f.String(load_default=None, allow_none=True, validate=[validate.Length(1, 40), clean])
    better_than = f.String(load_default=None, allow_none=True, validate=[validate.Length(1, 100), clean])


class DemandIn(In):
    title = text(200, required=True)
    summary = text(10000, required=True)
    fields = f.List(code(), required=True, validate=validate.Length(1, 5))
    keywords = f.List(text(50), load_default=list, validate=validate.Length(max=10))
    place = code(load_default=None, allow_none=True)
    modes = f.List(code(), load_default=list, validate=validate.Length(max=12))
    maturity = f.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(1, 9))
    budget = Yuan(load_default=None, allow_none=True)
    negotiable = f.Boolean(load_default=False)
    valid_until = f.Date(load_default=None, allow_none=True)
    needed_by = f.Date(load_default=None, allow_none=True)
    contact = f.Nested(ContactIn, load_default=None, allow_none=True)
    anonymous = f.Boolean(load_default=False)
    problem = text(5000, load_default=None, allow_none=True)
    indicators = f.List(f.Nested(IndicatorIn), load_default=list, validate=validate.Length(max=20))
    ip_ownership = code(load_default=None, allow_none=True)
    solver_conditions = text(2000, load_default=None, allow_none=True)
    publish = f.Boolean(load_default=False)


class OwnerOut(Schema):
    id = f.String()
    name = f.String()


class DemandOut(Schema):
    id = f.String()
    kind = f.String()
    state = f.String()
    owner = f.Nested(OwnerOut)
    version = f.Integer()
    title = f.String()
    summary = f.String()
    fields = f.Function(lambda demand: [tag.tag for tag in demand.tags])
    keywords = f.Raw()
    place = f.String()
    modes = f.Raw()
    maturity = f.Integer()
    budget = Yuan()
    negotiable = f.Boolean()
    valid_until = f.Date()
    needed_by = f.Date()
    contact = f.Raw()
    anonymous = f.Boolean()
    problem = f.String()
    indicators = f.Raw()
    ip_ownership = f.String()
    solver_conditions = f.String()
    attachments = f.Raw()
    created_at = f.DateTime(INSTANT)
    updated_at = f.DateTime(INSTANT)
    published_at = f.DateTime(INSTANT)


class DemandList(In):
    field = code(load_default=None)
    place = code(load_default=None)
    limit = f.Integer(load_default=20, validate=validate.Range(1, 100))
    cursor = code(load_default=None)


class PartyIn(In):
    organisation = code(load_default=None, allow_none=True)
    name = text(200, load_default=None, allow_none=True)
    credit_code = code(load_default=None, allow_none=True)
    country = f.String(load_default=None, allow_none=True, validate=validate.Length(equal=2))
    place = code(load_default=None, allow_none=True)
    nature = code(load_default=None, allow_none=True)


class ContractIn(In):
    project_name = text(200, required=True)
    contract_type = f.String(
        required=True, validate=validate.OneOf(["DEV", "TRANSFER", "LICENSE", "CONSULT", "SERVICE"])
    )
    contract_subtype = code(load_default=None, allow_none=True)
    seller = f.Nested(PartyIn, required=True)
    buyer = f.Nested(PartyIn, required=True)
    total_amount = Yuan(required=True)
    tech_amount = Yuan(required=True)
    signed_on = f.Date(required=True)
    valid_from = f.Date(required=True)
    valid_to = f.Date(required=True)
    field = code(required=True)
    contract_no = text(100, load_default=None, allow_none=True)
    ip_type = code(load_default=None, allow_none=True)
    plan_source = code(load_default=None, allow_none=True)
    served_industry = code(load_default=None, allow_none=True)
    socio_economic_objective = code(load_default=None, allow_none=True)
    payment_mode = code(load_default=None, allow_none=True)
    demand = code(load_default=None, allow_none=True, attribute="demand_id")
    achievement = code(load_default=None, allow_none=True, attribute="achievement_id")


class OfficeOut(Schema):
    id = f.String()
    name = f.String()


class ContractOut(Schema):
    id = f.String()
    number = f.String()
    act = f.String()
    office = f.Nested(OfficeOut)
    outside = f.Constant(None)
    registered_on = f.Date()
    late = f.Boolean()
    state = f.String()
    version = f.Integer()
    project_name = f.String()
    contract_type = f.String()
    contract_subtype = f.String()
    contract_no = f.String()
    seller = f.Function(lambda contract: party(contract, "seller"))
    buyer = f.Function(lambda contract: party(contract, "buyer"))
    total_amount = Yuan()
    tech_amount = Yuan()
    signed_on = f.Date()
    valid_from = f.Date()
    valid_to = f.Date()
    field = f.String()
    ip_type = f.String()
    plan_source = f.String()
    served_industry = f.String()
    socio_economic_objective = f.String()
    payment_mode = f.String()
    demand = f.String(attribute="demand_id")
    achievement = f.String(attribute="achievement_id")


def party(contract: Any, side: str) -> dict[str, Any]:
    """A party as it is shown."""
    return {
        "organisation": getattr(contract, f"{side}_organisation"),
        "name": getattr(contract, f"{side}_name"),
        "credit_code": getattr(contract, f"{side}_code"),
        "country": getattr(contract, f"{side}_country"),
        "place": getattr(contract, f"{side}_place"),
        "nature": getattr(contract, f"{side}_nature"),
    }


class DealsQuery(In):
    period = f.Integer(required=True, validate=validate.Range(1980, 2200))
    basis = f.String(load_default="involved", validate=validate.OneOf(["involved", "output", "absorbed", "internal"]))
    by = f.String(load_default="")
