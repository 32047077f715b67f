"""Tables of the figures: the append-only ledger, the cells derived from it, quoted official figures, and policy targets.

Dimensions are text codes and never null: what a contract leaves open stands as `unspecified`, so that every dimension adds up.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from market.store.base import Base
from market.store.types import CivilDate, Code, Fen, Json, LongText, Month

DIMENSIONS = (
    "seller_place",
    "seller_league",
    "seller_province",
    "buyer_place",
    "buyer_league",
    "buyer_province",
    "contract_type",
    "contract_subtype",
    "field",
    "ip_type",
    "plan_source",
    "served_industry",
    "socio_economic_objective",
    "payment_mode",
    "seller_nature",
    "buyer_nature",
    "office",
    "office_place",
    "linked_demand",
    "linked_achievement",
)
"""Columns of the ledger by which a figure may be cut."""


class LedgerLine(Base):
    """One entry: `sign` +1 counts a version of a contract, -1 takes it back. Never updated or deleted.

    `stat_month` is the month of registration, `rec_month` the month the entry was recorded. Dimensions stand as they were when
    posted; the -1 repeats those of the +1 it undoes.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        CheckConstraint("stat_month <= rec_month", name="recorded_later"),
        CheckConstraint("sign IN (-1, 1)", name="sign"),
        CheckConstraint("flow BETWEEN 1 AND 8", name="flow"),
        Index("ix_ledger_contract_id_seq", "contract_id", "seq"),
        # Numbers first: to read a column PostgreSQL walks through every text before it.
        Index("ix_ledger_question", "stat_month", "seq", "flow", "sign", "total", "tech", "income", *DIMENSIONS),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    contract_id: Mapped[str] = mapped_column(Code(40))
    version: Mapped[int]
    sign: Mapped[int] = mapped_column(SmallInteger)
    stat_month: Mapped[int] = mapped_column(Month)
    rec_month: Mapped[int] = mapped_column(Month)
    flow: Mapped[int] = mapped_column(SmallInteger)
    seller_place: Mapped[str] = mapped_column(Code(12))
    seller_league: Mapped[str] = mapped_column(Code(12))
    seller_province: Mapped[str] = mapped_column(Code(12))
    buyer_place: Mapped[str] = mapped_column(Code(12))
    buyer_league: Mapped[str] = mapped_column(Code(12))
    buyer_province: Mapped[str] = mapped_column(Code(12))
    contract_type: Mapped[str] = mapped_column(Code(40))
    contract_subtype: Mapped[str] = mapped_column(Code(40))
    field: Mapped[str] = mapped_column(Code(40))
    ip_type: Mapped[str] = mapped_column(Code(40))
    plan_source: Mapped[str] = mapped_column(Code(40))
    served_industry: Mapped[str] = mapped_column(Code(40))
    socio_economic_objective: Mapped[str] = mapped_column(Code(40))
    payment_mode: Mapped[str] = mapped_column(Code(40))
    seller_nature: Mapped[str] = mapped_column(Code(40))
    buyer_nature: Mapped[str] = mapped_column(Code(40))
    office: Mapped[str] = mapped_column(Code(40))
    office_place: Mapped[str] = mapped_column(Code(12))
    linked_demand: Mapped[int] = mapped_column(SmallInteger)
    linked_achievement: Mapped[int] = mapped_column(SmallInteger)
    total: Mapped[int] = mapped_column(Fen)
    tech: Mapped[int] = mapped_column(Fen)
    income: Mapped[int] = mapped_column(Fen, server_default=text("0"))


class DealCell(Base):
    """One cell of a cuboid: the ledger summed over all but two dimensions (`a`, `b`). Derived; can be rebuilt at any time.

    Under the negative number of its cuboid and the stretch 0 it tells the present. Under the number itself it tells how it stood
    at the end of a stretch of the journal, named by its first seq, in which its statistical month, or year, was touched, and
    never changes again.
    """

    __tablename__ = "deal_cell"

    cuboid: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    stat_month: Mapped[int] = mapped_column(Month, primary_key=True, autoincrement=False)
    stretch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    flow: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    a: Mapped[str] = mapped_column(Code(40), primary_key=True)
    b: Mapped[str] = mapped_column(Code(40), primary_key=True)
    deals: Mapped[int]
    total: Mapped[int] = mapped_column(Fen)
    tech: Mapped[int] = mapped_column(Fen)
    income: Mapped[int] = mapped_column(Fen, server_default=text("0"))


class ClosedStretch(Base):
    """Seqs of the journal whose ledger lines were summed up together; cells are kept as they stood after the last. Derived.

    No line lies between two of them; those after the last one are open.
    """

    __tablename__ = "stretch"

    since: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until: Mapped[int] = mapped_column(BigInteger)


class CuboidState(Base):
    """Whether a cuboid is whole (`ready`: figures may be read from it), and how far it is being made anew.

    `rebuilt_to` is the journal's seq up to which that is done (null: no rebuild is under way).
    """

    __tablename__ = "cuboid"

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    ready: Mapped[bool]
    rebuilt_to: Mapped[int | None] = mapped_column(BigInteger)


class PublishedFigure(Base):
    """An official figure as quoted, with its source. `value` is a count for the measure `deals`, else fen."""

    __tablename__ = "published_figure"

    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    region: Mapped[str] = mapped_column(Code(6))
    year: Mapped[int]
    period: Mapped[str] = mapped_column(Code(30))
    basis: Mapped[str] = mapped_column(Code(20))
    measure: Mapped[str] = mapped_column(Code(20))
    value: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(LongText)
    note: Mapped[str | None] = mapped_column(LongText)


class PolicyTarget(Base):
    """A figure that a policy wants reached. `value` is in hundredths of its unit: fen, or hundredths of a percent.

    `bases` are those on which the register can tell it, none when it cannot.
    """

    __tablename__ = "policy_target"

    code: Mapped[str] = mapped_column(Code(40), primary_key=True)
    line: Mapped[int]
    name_zh: Mapped[str] = mapped_column(LongText)
    name_en: Mapped[str] = mapped_column(LongText)
    region: Mapped[str] = mapped_column(Code(6))
    bases: Mapped[list[str]] = mapped_column(Json)
    measure: Mapped[str] = mapped_column(Code(40))
    value: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str] = mapped_column(Code(20))
    comparison: Mapped[str] = mapped_column(Code(20))
    period: Mapped[str] = mapped_column(Code(30))
    source: Mapped[str] = mapped_column(LongText)
    source_date: Mapped[date] = mapped_column(CivilDate)
    status: Mapped[str] = mapped_column(Code(20))
    note: Mapped[str | None] = mapped_column(LongText)


class ReportedValue(Base):
    """What was reported elsewhere of a target that the register cannot tell, whole in each version; never updated or deleted.

    `reported` holds period, value (hundredths of the target's unit), source and reported_on; `seq` is the journal entry.
    """

    __tablename__ = "reported_value"

    target: Mapped[str] = mapped_column(Code(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    reported: Mapped[list[dict[str, Any]]] = mapped_column(Json)
