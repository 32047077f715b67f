"""Tables of the yardstick, as declarative ORM models with plain single-column indexes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Base of the yardstick's models."""


class Place(Base):
    """An administrative division."""

    __tablename__ = "place"

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(20))
    parent: Mapped[str | None] = mapped_column(String(6), index=True)


class Field(Base):
    """A technology field of some classification scheme."""

    __tablename__ = "field"

    tag: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str | None] = mapped_column(String(80), index=True)


class Code(Base):
    """An entry of a code list."""

    __tablename__ = "code"

    list: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str | None] = mapped_column(String(40))


class Organisation(Base):
    """An organisation that holds keys."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    country: Mapped[str] = mapped_column(String(2))
    place: Mapped[str | None] = mapped_column(ForeignKey("place.code"))
    nature: Mapped[str | None] = mapped_column(String(40))
    number_prefix: Mapped[str | None] = mapped_column(String(6), unique=True)


class ApiKey(Base):
    """A key of an organisation, stored hashed."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    organisation: Mapped[Organisation] = relationship()


class Demand(Base):
    """A technology demand."""

    __tablename__ = "demand"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), default="demand")
    state: Mapped[str] = mapped_column(String(20), index=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    keywords: Mapped[list[str]] = mapped_column(JSON)
    place: Mapped[str | None] = mapped_column(ForeignKey("place.code"), index=True)
    modes: Mapped[list[str]] = mapped_column(JSON)
    maturity: Mapped[int | None]
    budget: Mapped[int | None] = mapped_column(BigInteger)
    negotiable: Mapped[bool]
    valid_until: Mapped[date | None]
    needed_by: Mapped[date | None]
    contact: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    anonymous: Mapped[bool]
    problem: Mapped[str | None] = mapped_column(Text)
    indicators: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    ip_ownership: Mapped[str | None] = mapped_column(String(40))
    solver_conditions: Mapped[str | None] = mapped_column(Text)
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    owner: Mapped[Organisation] = relationship()
    tags: Mapped[list[DemandTag]] = relationship(order_by="DemandTag.position", cascade="all, delete-orphan")


class DemandTag(Base):
    """A field tag of a demand."""

    __tablename__ = "demand_tag"

    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(ForeignKey("field.tag"), primary_key=True, index=True)
    position: Mapped[int]


class OfficeCounter(Base):
    """The last serial an office gave in a year."""

    __tablename__ = "office_counter"

    office_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Contract(Base):
    """A registered technology contract. Leagues and provinces of the parties are kept beside their places."""

    __tablename__ = "contract"
    __table_args__ = (UniqueConstraint("fingerprint"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    act: Mapped[str] = mapped_column(String(20), default="registered")
    office_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"), index=True)
    registered_on: Mapped[date] = mapped_column(index=True)
    late: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(20), index=True)
    version: Mapped[int] = mapped_column(default=1)
    project_name: Mapped[str] = mapped_column(String(200))
    contract_type: Mapped[str] = mapped_column(String(40), index=True)
    contract_subtype: Mapped[str | None] = mapped_column(String(40))
    contract_no: Mapped[str | None] = mapped_column(String(100))
    seller_organisation: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    seller_name: Mapped[str] = mapped_column(String(200))
    seller_code: Mapped[str | None] = mapped_column(String(40))
    seller_country: Mapped[str] = mapped_column(String(2))
    seller_place: Mapped[str | None] = mapped_column(ForeignKey("place.code"))
    seller_nature: Mapped[str | None] = mapped_column(String(40))
    seller_league: Mapped[str] = mapped_column(String(20), index=True)
    seller_province: Mapped[str] = mapped_column(String(20), index=True)
    buyer_organisation: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    buyer_name: Mapped[str] = mapped_column(String(200))
    buyer_code: Mapped[str | None] = mapped_column(String(40))
    buyer_country: Mapped[str] = mapped_column(String(2))
    buyer_place: Mapped[str | None] = mapped_column(ForeignKey("place.code"))
    buyer_nature: Mapped[str | None] = mapped_column(String(40))
    buyer_league: Mapped[str] = mapped_column(String(20), index=True)
    buyer_province: Mapped[str] = mapped_column(String(20), index=True)
    total_amount: Mapped[int] = mapped_column(BigInteger)
    tech_amount: Mapped[int] = mapped_column(BigInteger)
    signed_on: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    field: Mapped[str] = mapped_column(ForeignKey("field.tag"), index=True)
    ip_type: Mapped[str | None] = mapped_column(String(40))
    plan_source: Mapped[str | None] = mapped_column(String(40))
    served_industry: Mapped[str | None] = mapped_column(String(40))
    socio_economic_objective: Mapped[str | None] = mapped_column(String(40))
    payment_mode: Mapped[str | None] = mapped_column(String(40))
    demand_id: Mapped[str | None] = mapped_column(ForeignKey("demand.id"))
    achievement_id: Mapped[str | None] = mapped_column(String(40))
    fingerprint: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]
    office: Mapped[Organisation] = relationship(foreign_keys=office_id)
