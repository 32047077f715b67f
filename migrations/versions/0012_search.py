"""The search index, and what owners say of matches"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("listing", sa.Column("first_published_at", sa.BigInteger))
    op.execute("UPDATE listing SET first_published_at = published_at")
    state = op.create_table(
        "search_state",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("next_segment", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_search_state"),
        sa.CheckConstraint("one = 1", name="ck_search_state_one"),
    )
    op.bulk_insert(state, [{"one": 1, "generation": 0, "next_segment": 1}])
    op.create_table(
        "search_segment",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", code(12), nullable=False),
        sa.Column("born", sa.LargeBinary, nullable=False),
        sa.Column("until", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_segment"),
    )
    op.create_table(
        "search_posting",
        sa.Column("term", code(100), nullable=False),
        sa.Column("segment", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
        sa.Column("weights", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("term", "segment", "n", name="pk_search_posting"),
    )
    op.create_index("ix_search_posting_segment", "search_posting", ["segment"])
    op.create_table(
        "search_document",
        sa.Column("listing_id", code(40), nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("listing_id", name="pk_search_document"),
        sa.UniqueConstraint("place", name="uq_search_document_place"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_change",
        sa.Column("kind", code(12), nullable=False),
        sa.Column("name", code(40), nullable=False),
        sa.Column("born", sa.BigInteger, nullable=False),
        sa.Column("until", sa.Integer, nullable=False),
        sa.Column("marks", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("weights", sa.LargeBinary, nullable=False),
        sa.Column("digests", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_search_change"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Packed already: squeezing them costs time and gains nothing.
        for table, columns in (("search_posting", ("ids", "weights")), ("search_segment", ("born", "until", "size"))):
            for column in columns:
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
        for column in ("terms", "weights", "digests"):
            op.execute(f"ALTER TABLE search_change ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.create_table(
        "match_feedback",
        sa.Column("id", code(40), nullable=False),
        sa.Column("listing", code(40), nullable=False),
        sa.Column("other", code(40), nullable=False),
        sa.Column("organisation", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("verdict", code(20), nullable=False),
        sa.Column("reason", code(40)),
        sa.Column("note", sa.Text),
        sa.Column("ranker", code(40), nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_match_feedback"),
        sa.ForeignKeyConstraint(["listing"], ["listing.id"], name="fk_match_feedback_listing_listing"),
        sa.ForeignKeyConstraint(["other"], ["listing.id"], name="fk_match_feedback_other_listing"),
        sa.CheckConstraint("verdict IN ('useful', 'not_for_us', 'contested')", name="ck_match_feedback_verdict"),
        sa.CheckConstraint("(verdict = 'not_for_us') = (reason IS NOT NULL)", name="ck_match_feedback_reason"),
    )
    op.create_index(
        "ix_match_feedback_organisation_created_at_id", "match_feedback", ["organisation", "created_at", "id"]
    )
    op.create_index("ix_match_feedback_created_at_id", "match_feedback", ["created_at", "id"])


def downgrade() -> None:
    for table in (
        *("match_feedback", "search_change", "search_document", "search_posting", "search_segment", "search_state"),
    ):
        op.drop_table(table)
    op.drop_column("listing", "first_published_at")
