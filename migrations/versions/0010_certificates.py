"""Keys that sign certificates"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate_key",
        sa.Column("serial", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("id", code(20), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("private_key", sa.LargeBinary),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger),
        sa.Column("compromised_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("serial", name="pk_certificate_key"),
        sa.UniqueConstraint("id", name="uq_certificate_key_id"),
    )


def downgrade() -> None:
    op.drop_table("certificate_key")
