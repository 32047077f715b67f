"""Which cuboids are whole; technical income"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DIMENSIONS = [
    *("seller_place", "seller_league", "seller_province", "buyer_place", "buyer_league", "buyer_province"),
    *("contract_type", "contract_subtype", "field", "ip_type", "plan_source", "served_industry"),
    *("socio_economic_objective", "payment_mode", "seller_nature", "buyer_nature", "office"),
    *("office_place", "linked_demand", "linked_achievement"),
]
NUMBERS = (1, 2, 3, 4, 5, 7, -2, -3, -5, -7, -8, -9, -10, -12)


def upgrade() -> None:
    op.create_table(
        "cuboid",
        sa.Column("number", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("ready", sa.Boolean, nullable=False),
        sa.Column("rebuilt_to", sa.BigInteger),
        sa.PrimaryKeyConstraint("number", name="pk_cuboid"),
    )
    # Over an empty ledger every cuboid is whole; over another one `market migrate` builds them afterwards, from nothing.
    op.execute("DELETE FROM deal_cell")
    for number in NUMBERS:
        op.execute(f"INSERT INTO cuboid (number, ready) SELECT {number}, TRUE WHERE NOT EXISTS (SELECT 1 FROM ledger)")
    for table in ("ledger", "deal_cell"):
        op.add_column(table, sa.Column("income", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    _index("income")


def downgrade() -> None:
    _index()
    for table in ("ledger", "deal_cell"):
        op.drop_column(table, "income")
    op.execute("DELETE FROM deal_cell")  # the release before has other cells: it makes them with `market rebuild`
    op.drop_table("cuboid")


def _index(*last: str) -> None:
    """Make the index that answers questions anew, with these columns behind the others."""
    op.drop_index("ix_ledger_question", "ledger")
    columns = ["stat_month", "seq", "flow", *DIMENSIONS, "sign", "total", "tech", *last]
    op.create_index("ix_ledger_question", "ledger", columns)
