"""Ledger and cube"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code, guard

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PLACES = ["seller_place", "seller_league", "seller_province", "buyer_place", "buyer_league", "buyer_province"]
CODES = [
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
]
DIMENSIONS = [*PLACES, *CODES, "office_place", "linked_demand", "linked_achievement"]


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("line", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("contract_id", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sign", sa.SmallInteger, nullable=False),
        sa.Column("stat_month", sa.Integer, nullable=False),
        sa.Column("rec_month", sa.Integer, nullable=False),
        sa.Column("flow", sa.SmallInteger, nullable=False),
        *(sa.Column(name, code(12), nullable=False) for name in PLACES),
        *(sa.Column(name, code(40), nullable=False) for name in CODES),
        sa.Column("office_place", code(12), nullable=False),
        sa.Column("linked_demand", sa.SmallInteger, nullable=False),
        sa.Column("linked_achievement", sa.SmallInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("tech", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", "line", name="pk_ledger"),
        sa.CheckConstraint("stat_month <= rec_month", name="ck_ledger_recorded_later"),
        sa.CheckConstraint("sign IN (-1, 1)", name="ck_ledger_sign"),
        sa.CheckConstraint("flow BETWEEN 1 AND 8", name="ck_ledger_flow"),
    )
    op.create_index("ix_ledger_contract_id_seq", "ledger", ["contract_id", "seq"])
    op.create_index("ix_ledger_question", "ledger", ["stat_month", "seq", "flow", *DIMENSIONS, "sign", "total", "tech"])
    guard("ledger", "UPDATE", "DELETE")
    op.create_table(
        "deal_cell",
        sa.Column("cuboid", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("stat_month", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("rec_month", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("flow", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("a", code(40), nullable=False),
        sa.Column("b", code(40), nullable=False),
        sa.Column("deals", sa.Integer, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("tech", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("cuboid", "stat_month", "rec_month", "flow", "a", "b", name="pk_deal_cell"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "published_figure",
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("region", code(6), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("period", code(30), nullable=False),
        sa.Column("basis", code(20), nullable=False),
        sa.Column("measure", code(20), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("line", name="pk_published_figure"),
    )


def downgrade() -> None:
    for table in ("published_figure", "deal_cell", "ledger"):
        op.drop_table(table)
