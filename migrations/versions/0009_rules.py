"""Rules, working-day calendar, and the indexes that find contracts of the same parties"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule",
        sa.Column("code", code(60), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("kind", code(20), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("unit", code(20), nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("status", code(12), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("code", "valid_from", name="pk_rule"),
    )
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("working", sa.Boolean, nullable=False),
        sa.Column("name_zh", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_day"),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_calendar_year"),
    )
    op.create_index("ix_contract_pair_code", "contract", ["seller_code", "buyer_code", "signed_on"])
    op.create_index("ix_contract_pair_name", "contract", ["seller_name", "buyer_name", "signed_on"])


def downgrade() -> None:
    op.drop_index("ix_contract_pair_name", "contract")
    op.drop_index("ix_contract_pair_code", "contract")
    for table in ("calendar_year", "calendar_day", "rule"):
        op.drop_table(table)
