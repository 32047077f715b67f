"""The life of a listing, and files"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("problem", sa.Text),
    ("indicators", None),
    ("better_than", sa.Text),
    ("ip_ownership", code(40)),
    ("solver_conditions", sa.Text),
    ("ip_type", code(40)),
    ("ip_numbers", None),
    ("stage", code(40)),
    ("appraisal", sa.Text),
    ("attachments", None),
    ("submitted_at", sa.BigInteger),
    ("refused_at", sa.BigInteger),
    ("matched_on", sa.Date),
    ("closed_on", sa.Date),
    ("closed_by", code(40)),
    ("copied_from", code(40)),
)
"""None: a list, empty in the rows there are."""


def upgrade() -> None:
    for name, kind in _COLUMNS:
        made = sa.Column(name, kind) if kind else sa.Column(name, sa.Text, nullable=False, server_default="[]")
        op.add_column("listing", made)
    op.create_index("ix_listing_submitted_at", "listing", ["submitted_at", "id"])
    for column in ("demand_id", "achievement_id"):
        op.create_index(f"ix_contract_{column}", "contract", [column])
    op.create_table(
        "stored_file",
        sa.Column("id", code(40), nullable=False),
        sa.Column("subject", code(40), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media", code(40), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", code(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stored_file"),
    )
    op.create_index("ix_stored_file_subject", "stored_file", ["subject", "id"])


def downgrade() -> None:
    op.drop_table("stored_file")
    for column in ("demand_id", "achievement_id"):
        op.drop_index(f"ix_contract_{column}", "contract")
    op.drop_index("ix_listing_submitted_at", "listing")
    for name, _ in reversed(_COLUMNS):
        op.drop_column("listing", name)
