"""Policy targets and what is reported of them"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code, guard

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_target",
        sa.Column("code", code(40), nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("region", code(6), nullable=False),
        sa.Column("bases", sa.Text, nullable=False),
        sa.Column("measure", code(40), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("unit", code(20), nullable=False),
        sa.Column("comparison", code(20), nullable=False),
        sa.Column("period", code(30), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_date", sa.Date, nullable=False),
        sa.Column("status", code(20), nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("code", name="pk_policy_target"),
    )
    op.create_table(
        "reported_value",
        sa.Column("target", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("reported", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("target", "version", name="pk_reported_value"),
    )
    guard("reported_value", "UPDATE", "DELETE")


def downgrade() -> None:
    for table in ("reported_value", "policy_target"):
        op.drop_table(table)
