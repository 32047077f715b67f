"""Sheets: what was handed in, its rows, and which content stands already"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sheet_batch",
        sa.Column("id", code(40), nullable=False),
        sa.Column("organisation", code(40), nullable=False),
        sa.Column("office", code(40)),
        sa.Column("sha256", code(64), nullable=False),
        sa.Column("wanted", code(8), nullable=False),
        sa.Column("state", code(12), nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("position", "lines", "checked", "good", "bad", "standing", "taken", "version")
        ),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sheet_batch"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name="fk_sheet_batch_organisation_organisation"),
    )
    op.create_index("ix_sheet_batch_organisation", "sheet_batch", ["organisation", "id"])
    op.create_table(
        "sheet_row",
        sa.Column("batch_id", code(40), nullable=False),
        sa.Column("line", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("outcome", code(12), nullable=False),
        sa.Column("cells", sa.Text),
        sa.Column("content", sa.Text),
        sa.Column("office", code(40)),
        sa.Column("digest", code(64)),
        sa.Column("case_id", code(40)),
        sa.Column("notes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "line", name="pk_sheet_row"),
        sa.ForeignKeyConstraint(["batch_id"], ["sheet_batch.id"], name="fk_sheet_row_batch_id_sheet_batch"),
    )
    op.create_index("ix_sheet_row_outcome", "sheet_row", ["batch_id", "outcome", "line"])
    op.create_index("ix_sheet_row_digest", "sheet_row", ["batch_id", "digest", "line"])
    op.create_table(
        "sheet_entry",
        sa.Column("organisation", code(40), nullable=False),
        sa.Column("digest", code(64), nullable=False),
        sa.Column("case_id", code(40), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "digest", name="pk_sheet_entry"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.id"], name="fk_sheet_entry_organisation_organisation"),
        sa.ForeignKeyConstraint(["case_id"], ["registration_case.id"], name="fk_sheet_entry_case_id_registration_case"),
    )


def downgrade() -> None:
    for table in ("sheet_entry", "sheet_row", "sheet_batch"):
        op.drop_table(table)
