"""Schemas of certificates: which version is printed, what the holder of the paper learns, and the public keys."""

from __future__ import annotations

from marshmallow.fields import Raw, String

from api.routes import Number
from api.schema import Day, Input, Moment, Output, Plain, Yuan

STATES = ("valid", "changed", "cancelled", "revoked")
_BOOLEAN = {"schema": {"type": "boolean"}}
_INTEGER = {"schema": {"type": "integer"}}


class CertificateQuery(Input):
    """Which version to print."""

    version = Number(
        1, 10**9 - 1, load_default=None, metadata={"description": "The version printed; without it the present one."}
    )


class LookUpQuery(Input):
    """What the paper says. Anything may be sent: what is wrong is answered like what is not there."""

    token = Raw(
        load_default="",
        metadata={"description": "核验码, as on the paper.", "example": "1-lD6HkyzspHjgMoEHIwimVQ", "type": "string"},
    )


class CertificateOut(Output):
    """What holds now of a printed certificate; everything else as it was printed."""

    state = String(
        metadata={
            "enum": list(STATES),
            "description": "`valid` 有效, `changed` 已变更 (there is a newer version), `cancelled` 已注销, `revoked` 已撤销.",
        }
    )
    number = String(metadata={"description": "合同登记编号", "example": "2026990000000001"})
    version = Plain(metadata={**_INTEGER, "description": "The version on the paper."})
    current_version = Plain(metadata={**_INTEGER, "description": "The version registered now."})
    project_name = String(metadata={"description": "项目名称"})
    contract_type = String(metadata={"description": "Code of the list `contract_type`.", "example": "DEV"})
    seller = String(allow_none=True, metadata={"description": "卖方; null for a natural person."})
    buyer = String(allow_none=True, metadata={"description": "买方; null for a natural person."})
    total_amount = Yuan(attribute="total_fen", metadata={"description": "合同成交额, yuan."})
    tech_amount = Yuan(attribute="tech_fen", metadata={"description": "技术交易额, yuan."})
    registered_on = Day(metadata={"description": "登记日期"})
    late = Plain(metadata={**_BOOLEAN, "description": "Entered later than it was registered (补录)."})
    office = String(metadata={"description": "登记机构"})


class CertificateKeyOut(Output):
    """The public half of a key that signs, or once signed, certificates."""

    id = String(metadata={"example": "ck_3f9a1c2b77"})
    algorithm = String(metadata={"enum": ["Ed25519"]})
    public_key = String(metadata={"description": "32 bytes, base64url without padding."})
    state = String(
        metadata={
            "enum": ["active", "retired", "compromised"],
            "description": "What a retired key signed stays good; the signature of a compromised one proves nothing.",
        }
    )
    created_at = Moment()
    retired_at = Moment(allow_none=True)
    compromised_at = Moment(allow_none=True)
