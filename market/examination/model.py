"""The tables of the examination: cases, the steps they went through, their attachments, and audits of what was registered."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, Fen, Instant, Json, LongText


class Case(Base):
    """An application for recognition and registration (认定登记申请) from its draft on, for as long as its contract lives.

    `route` says how it came: `application`, `direct` (the office's shortcut) or `imported`. `content` is what the applicant
    claims; null when the contract's first version says it all. `assignee` is the person it is assigned to, `people` those who
    took part in a decision, `excluded` those who may take part no more. `pending` is a requested change or an objection.
    `ending` is `cancel` when a party asked for that, `revoke` when a person of the office proposed it; `wish` says who and why.
    `pair` tells the two parties and `mark` the contract of what was handed in last, to compare it with other applications.
    """

    __tablename__ = "registration_case"
    __table_args__ = (
        Index("ix_registration_case_desk", "office", "state", "due_on", "id"),
        Index("ix_registration_case_applicant", "applicant", "id"),
        Index("ix_registration_case_state", "state", "due_on"),
        Index("ix_registration_case_ending", "office", "ending", "id"),
        Index("ix_registration_case_pair", "pair"),
    )

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    route: Mapped[str] = mapped_column(Code(12))
    state: Mapped[str] = mapped_column(Code(20))
    applicant: Mapped[str | None] = mapped_column(Code(40), ForeignKey("organisation.id"))
    office: Mapped[str] = mapped_column(Code(40), ForeignKey("organisation.id"))
    contract_id: Mapped[str | None] = mapped_column(Code(40), ForeignKey("contract.id"), unique=True)
    content: Mapped[Any | None] = mapped_column(Json)
    claimed_fen: Mapped[int | None] = mapped_column(Fen)
    approved_fen: Mapped[int | None] = mapped_column(Fen)
    flags: Mapped[Any] = mapped_column(Json)
    assignee: Mapped[str | None] = mapped_column(Code(40))
    endorsed_by: Mapped[str | None] = mapped_column(Code(40))
    people: Mapped[Any] = mapped_column(Json)
    excluded: Mapped[Any] = mapped_column(Json)
    submitted_on: Mapped[date | None] = mapped_column(CivilDate)
    accepted_on: Mapped[date | None] = mapped_column(CivilDate)
    decided_on: Mapped[date | None] = mapped_column(CivilDate)
    clock_rule: Mapped[str | None] = mapped_column(Code(60))
    clock_from: Mapped[date | None] = mapped_column(CivilDate)
    due_on: Mapped[date | None] = mapped_column(CivilDate)
    provisional: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Code(60))
    text: Mapped[str | None] = mapped_column(LongText)
    pending: Mapped[Any | None] = mapped_column(Json)
    ending: Mapped[str | None] = mapped_column(Code(12))
    wish: Mapped[Any | None] = mapped_column(Json)
    pair: Mapped[str | None] = mapped_column(Code(64))
    mark: Mapped[str | None] = mapped_column(Code(64))
    version: Mapped[int]
    created_at: Mapped[int] = mapped_column(Instant)
    updated_at: Mapped[int] = mapped_column(Instant)


class CaseStep(Base):
    """One step of a case, as its file keeps it. Never updated or deleted; `version` is the one the step made."""

    __tablename__ = "case_step"

    case_id: Mapped[str] = mapped_column(Code(40), ForeignKey("registration_case.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(Code(20))
    state: Mapped[str] = mapped_column(Code(20))
    day: Mapped[date] = mapped_column(CivilDate)
    at: Mapped[int] = mapped_column(Instant)
    organisation: Mapped[str | None] = mapped_column(Code(40))
    member: Mapped[str | None] = mapped_column(Code(40))
    reason: Mapped[str | None] = mapped_column(Code(60))
    text: Mapped[str | None] = mapped_column(LongText)
    findings: Mapped[Any | None] = mapped_column(Json)


class Attachment(Base):
    """A paper handed in with an application (附件): kept as bytes, told by its content, never opened here."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_case_id", "case_id", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    case_id: Mapped[str] = mapped_column(Code(40), ForeignKey("registration_case.id"))
    kind: Mapped[str] = mapped_column(Code(40))
    name: Mapped[str] = mapped_column(LongText)
    media: Mapped[str] = mapped_column(Code(40))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(Code(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    organisation: Mapped[str | None] = mapped_column(Code(40))
    uploaded_at: Mapped[int] = mapped_column(Instant)


class Audit(Base):
    """What an auditor found of a registered contract afterwards (监督检查). Never updated: a later one stands beside it."""

    __tablename__ = "contract_audit"
    __table_args__ = (Index("ix_contract_audit_contract_id", "contract_id", "id"),)

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    contract_id: Mapped[str] = mapped_column(Code(40), ForeignKey("contract.id"))
    auditor: Mapped[str] = mapped_column(Code(40))
    result: Mapped[str] = mapped_column(Code(20))
    text: Mapped[str | None] = mapped_column(LongText)
    day: Mapped[date] = mapped_column(CivilDate)
    at: Mapped[int] = mapped_column(Instant)


class Income(Base):
    """Technical income (技术性收入) approved after performance: what was paid, and how much of it counts. Corrections replace.

    `completed`: the contract is performed whole. `corrected_by` is the entry that stands in its place, if one does.
    """

    __tablename__ = "contract_income"
    __table_args__ = (
        CheckConstraint("income_fen >= 0 AND income_fen <= paid_fen", name="amounts"),
        Index("ix_contract_income_contract_id", "contract_id", "id"),
    )

    id: Mapped[str] = mapped_column(Code(40), primary_key=True)
    contract_id: Mapped[str] = mapped_column(Code(40), ForeignKey("contract.id"))
    paid_on: Mapped[date] = mapped_column(CivilDate)
    paid_fen: Mapped[int] = mapped_column(Fen)
    income_fen: Mapped[int] = mapped_column(Fen)
    completed: Mapped[bool]
    text: Mapped[str | None] = mapped_column(LongText)
    corrects: Mapped[str | None] = mapped_column(Code(40))
    corrected_by: Mapped[str | None] = mapped_column(Code(40))
    member: Mapped[str | None] = mapped_column(Code(40))
    approved_on: Mapped[date] = mapped_column(CivilDate)
    at: Mapped[int] = mapped_column(Instant)
