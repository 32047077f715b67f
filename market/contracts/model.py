"""The tables of the register: the newest version of each contract, of both acts, and the number series of its offices.

Older versions stand in the journal.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, Fen, Instant, LongText


class Contract(Base):
    """A technology contract (技术合同) registered here, or registered elsewhere and recorded here (`act`).

    `recorder` is the office (登记机构) whose entry it is; `office` the one that gave our number, null for an outside
    registration. The `live_` columns repeat a value while the contract is live and are null afterwards, so that plain unique
    constraints hold "not twice" among live contracts on both engines.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint(
            "(act = 'registered' AND number IS NOT NULL AND office IS NOT NULL AND outside_number IS NULL)"
            " OR (act = 'outside' AND number IS NULL AND office IS NULL AND outside_number IS NOT NULL)",
            name="act",
        ),
        CheckConstraint(
            "(state = 'registered' AND live_fingerprint IS NOT NULL)"
            " OR (state IN ('cancelled', 'revoked') AND live_fingerprint IS NULL AND live_outside_number IS NULL)",
            name="state",
        ),
        CheckConstraint("tech_fen > 0 AND tech_fen <= total_fen", name="amounts"),
        Index("ix_contract_recorder", "recorder", "registered_on", "id"),
        Index("ix_contract_seller_organisation", "seller_organisation", "registered_on", "id"),
        Index("ix_contract_buyer_organisation", "buyer_organisation", "registered_on", "id"),
        Index("ix_contract_registered_on", "registered_on", "id"),
        Index("ix_contract_demand_id", "demand_id"),
        Index("ix_contract_achievement_id", "achievement_id"),
        Index("ix_contract_pair_code", "seller_code", "buyer_code", "signed_on"),
        Index("ix_contract_pair_name", "seller_name", "buyer_name", "signed_on"),
    )

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    number: Mapped[str | None] = mapped_column(Code(16), unique=True)
    act: Mapped[str] = mapped_column(Code(12))
    office: Mapped[str | None] = mapped_column(Code(40), ForeignKey("organisation.id"))
    office_place: Mapped[str | None] = mapped_column(Code(6))
    recorder: Mapped[str | None] = mapped_column(Code(40), ForeignKey("organisation.id"))
    outside_number: Mapped[str | None] = mapped_column(Code(16))
    outside_office: Mapped[str | None] = mapped_column(LongText)
    registered_on: Mapped[date] = mapped_column(CivilDate)
    late: Mapped[bool]
    state: Mapped[str] = mapped_column(Code(12))
    version: Mapped[int]
    project_name: Mapped[str] = mapped_column(LongText)
    contract_type: Mapped[str] = mapped_column(Code(40))
    contract_subtype: Mapped[str | None] = mapped_column(Code(40))
    contract_no: Mapped[str | None] = mapped_column(LongText)
    seller_organisation: Mapped[str | None] = mapped_column(Code(40), ForeignKey("organisation.id"))
    seller_name: Mapped[str] = mapped_column(LongText)
    seller_code: Mapped[str | None] = mapped_column(Code(18))
    seller_country: Mapped[str] = mapped_column(Code(2))
    seller_place: Mapped[str | None] = mapped_column(Code(6))
    seller_nature: Mapped[str | None] = mapped_column(Code(40))
    buyer_organisation: Mapped[str | None] = mapped_column(Code(40), ForeignKey("organisation.id"))
    buyer_name: Mapped[str] = mapped_column(LongText)
    buyer_code: Mapped[str | None] = mapped_column(Code(18))
    buyer_country: Mapped[str] = mapped_column(Code(2))
    buyer_place: Mapped[str | None] = mapped_column(Code(6))
    buyer_nature: Mapped[str | None] = mapped_column(Code(40))
    total_fen: Mapped[int] = mapped_column(Fen)
    tech_fen: Mapped[int] = mapped_column(Fen)
    signed_on: Mapped[date] = mapped_column(CivilDate)
    valid_from: Mapped[date] = mapped_column(CivilDate)
    valid_to: Mapped[date] = mapped_column(CivilDate)
    field: Mapped[str] = mapped_column(Code(40))
    ip_type: Mapped[str | None] = mapped_column(Code(40))
    plan_source: Mapped[str | None] = mapped_column(Code(40))
    served_industry: Mapped[str | None] = mapped_column(Code(40))
    socio_economic_objective: Mapped[str | None] = mapped_column(Code(40))
    payment_mode: Mapped[str | None] = mapped_column(Code(40))
    demand_id: Mapped[str | None] = mapped_column(Code(40))
    achievement_id: Mapped[str | None] = mapped_column(Code(40))
    fingerprint: Mapped[str] = mapped_column(Code(64))
    live_fingerprint: Mapped[str | None] = mapped_column(Code(64), unique=True)
    live_outside_number: Mapped[str | None] = mapped_column(Code(16), unique=True)
    recorded_at: Mapped[int] = mapped_column(Instant)
    updated_at: Mapped[int] = mapped_column(Instant)


class NumberSeries(Base):
    """The serial an office gave last in a year. It moves in the registering transaction, so no number is lost or given twice."""

    __tablename__ = "number_series"

    office: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
