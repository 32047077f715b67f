"""Cells of years, and as they stood at the end of each stretch of the journal; the ledger's index has its numbers first"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

DIMENSIONS = [
    *("seller_place", "seller_league", "seller_province", "buyer_place", "buyer_league", "buyer_province"),
    *("contract_type", "contract_subtype", "field", "ip_type", "plan_source", "served_industry"),
    *("socio_economic_objective", "payment_mode", "seller_nature", "buyer_nature", "office"),
    *("office_place", "linked_demand", "linked_achievement"),
]
SUMS = ["sign", "total", "tech", "income"]
NUMBERS = range(13, 28)
BEFORE = (1, 2, 3, 4, 5, 7, -2, -3, -5, -7, -8, -9, -10, -12)


def upgrade() -> None:
    _begin_with(NUMBERS, sa.Column("stretch", sa.BigInteger, nullable=False, autoincrement=False))
    op.create_table(
        "stretch",
        sa.Column("since", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("since", name="pk_stretch"),
    )
    _index(*SUMS, *DIMENSIONS)


def downgrade() -> None:
    op.drop_table("stretch")
    _begin_with(BEFORE, sa.Column("rec_month", sa.Integer, nullable=False, autoincrement=False))
    _index(*DIMENSIONS, *SUMS)


def _begin_with(numbers: range | tuple[int, ...], recorded: sa.Column[int]) -> None:
    """Over an empty ledger every cuboid is whole; over another one `market migrate` builds them afterwards, from nothing."""
    op.drop_table("deal_cell")
    op.create_table(
        "deal_cell",
        sa.Column("cuboid", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("stat_month", sa.Integer, nullable=False, autoincrement=False),
        recorded,
        sa.Column("flow", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("a", code(40), nullable=False),
        sa.Column("b", code(40), nullable=False),
        sa.Column("deals", sa.Integer, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("tech", sa.BigInteger, nullable=False),
        sa.Column("income", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("cuboid", "stat_month", recorded.name, "flow", "a", "b", name="pk_deal_cell"),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 70},
    )
    op.execute("DELETE FROM cuboid")
    for number in numbers:
        op.execute(f"INSERT INTO cuboid (number, ready) SELECT {number}, TRUE WHERE NOT EXISTS (SELECT 1 FROM ledger)")


def _index(*behind: str) -> None:
    """Make the index that answers questions anew, with these columns in this order."""
    op.drop_index("ix_ledger_question", "ledger")
    op.create_index("ix_ledger_question", "ledger", ["stat_month", "seq", "flow", *behind])
