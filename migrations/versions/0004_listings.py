"""Achievements and demands"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listing",
        sa.Column("id", code(40), nullable=False),
        sa.Column("kind", code(12), nullable=False),
        sa.Column("owner", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("keywords", sa.Text, nullable=False),
        sa.Column("place", code(6)),
        sa.Column("modes", sa.Text, nullable=False),
        sa.Column("maturity", sa.Integer),
        sa.Column("amount_fen", sa.BigInteger),
        sa.Column("negotiable", sa.Boolean, nullable=False),
        sa.Column("ready_on", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("contact", sa.Text),
        sa.Column("anonymous", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("published_at", sa.BigInteger),
        sa.Column("withdrawn_at", sa.BigInteger),
        sa.Column("ordered_at", sa.BigInteger, nullable=False),
        sa.Column("tag_path", sa.Text, nullable=False),
        sa.Column("place_path", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_listing"),
        sa.ForeignKeyConstraint(["owner"], ["organisation.id"], name="fk_listing_owner_organisation"),
        sa.CheckConstraint("kind IN ('achievement', 'demand')", name="ck_listing_kind"),
        sa.CheckConstraint("maturity BETWEEN 1 AND 9", name="ck_listing_maturity"),
        sa.CheckConstraint("withdrawn_at IS NULL OR published_at IS NOT NULL", name="ck_listing_withdrawn"),
    )
    op.create_index("ix_listing_owner", "listing", ["owner", "kind", "ordered_at", "id"])
    op.create_table(
        "listing_entry",
        sa.Column("kind", code(12), nullable=False),
        sa.Column("tag", code(80), nullable=False),
        sa.Column("place", code(6), nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("listing_id", code(40), nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("expires_on", sa.Date, nullable=False),
        # The key answers every question by itself: it is the table on SQLite and holds all columns on PostgreSQL.
        sa.PrimaryKeyConstraint(
            *("kind", "tag", "place", "published_at", "listing_id"),
            name="pk_listing_entry",
            postgresql_include=["depth", "expires_on"],
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("listing_entry")
    op.drop_table("listing")
