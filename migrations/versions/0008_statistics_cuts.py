"""Which cuboids are whole"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBERS = (*range(1, 7), *range(-11, -4), -3, -2)


def upgrade() -> None:
    op.create_table(
        "cuboid",
        sa.Column("number", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("ready", sa.Boolean, nullable=False),
        sa.Column("rebuilt_to", sa.BigInteger),
        sa.PrimaryKeyConstraint("number", name="pk_cuboid"),
    )
    # Over an empty ledger every cuboid is whole; over another one `market migrate` builds them afterwards.
    for number in NUMBERS:
        op.execute(f"INSERT INTO cuboid (number, ready) SELECT {number}, TRUE WHERE NOT EXISTS (SELECT 1 FROM ledger)")


def downgrade() -> None:
    op.execute("DELETE FROM deal_cell WHERE cuboid < 0 OR cuboid > 4")
    op.drop_table("cuboid")
