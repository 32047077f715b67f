"""The store's own tables and the journal with its guards"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code, guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "market_info",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", code(8), nullable=False),
        sa.Column("home_region", code(6), nullable=False),
        sa.Column("cursor_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_market_info"),
        sa.CheckConstraint("one = 1", name="ck_market_info_one"),
        sa.CheckConstraint("kind IN ('demo', 'real')", name="ck_market_info_kind"),
    )
    op.create_table(
        "reference_state",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_reference_state"),
        sa.CheckConstraint("one = 1", name="ck_reference_state_one"),
    )
    op.execute("INSERT INTO reference_state (one, version) VALUES (1, 0)")
    op.create_table(
        "idempotency_key",
        sa.Column("scope", code(200), nullable=False),
        sa.Column("key", code(200), nullable=False),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("location", code(200)),
        sa.Column("etag", code(80)),
        sa.Column("reply", sa.LargeBinary),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_idempotency_key"),
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("rec_month", sa.Integer, nullable=False),
        sa.Column("occurred_on", sa.Date, nullable=False),
        sa.Column("actor_organisation", code(40)),
        sa.Column("actor_key", code(40)),
        sa.Column("channel", code(20), nullable=False),
        sa.Column("kind", code(60), nullable=False),
        sa.Column("subject", code(80), nullable=False),
        sa.Column("subject_version", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("personal_digest", sa.LargeBinary),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_journal"),
    )
    op.create_index("ix_journal_subject", "journal", ["subject", "seq"])
    op.create_index("ix_journal_recorded_at", "journal", ["recorded_at"])
    op.create_table(
        "journal_personal",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("payload", sa.Text),
        sa.PrimaryKeyConstraint("seq", name="pk_journal_personal"),
        sa.ForeignKeyConstraint(["seq"], ["journal.seq"], name="fk_journal_personal_seq_journal"),
    )
    op.create_table(
        "journal_head",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_journal_head"),
        sa.CheckConstraint("one = 1", name="ck_journal_head_one"),
    )
    zeros = sa.table(
        "journal_head",
        sa.column("one", sa.Integer),
        sa.column("seq", sa.BigInteger),
        sa.column("recorded_at", sa.BigInteger),
        sa.column("hash", sa.LargeBinary),
    )
    op.bulk_insert(zeros, [{"one": 1, "seq": 0, "recorded_at": 0, "hash": bytes(32)}])
    guard("journal", "UPDATE", "DELETE")
    guard("market_info", "UPDATE", "DELETE")
    guard("journal_personal", "DELETE")


def downgrade() -> None:
    for table in ("journal_personal", "journal_head", "journal", "idempotency_key", "reference_state", "market_info"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
