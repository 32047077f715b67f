"""Organisations, applications and API keys"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", code(40), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", code(20), nullable=False),
        sa.Column("credit_code", code(18)),
        sa.Column("country", code(2), nullable=False),
        sa.Column("place", code(6)),
        sa.Column("nature", code(40)),
        sa.Column("development_zone", code(40)),
        sa.Column("number_prefix", code(6)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("credit_code", name="uq_organisation_credit_code"),
        sa.UniqueConstraint("number_prefix", name="uq_organisation_number_prefix"),
    )
    op.create_table(
        "organisation_application",
        sa.Column("id", code(40), nullable=False),
        sa.Column("state", code(20), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", code(20), nullable=False),
        sa.Column("credit_code", code(18)),
        sa.Column("country", code(2), nullable=False),
        sa.Column("place", code(6)),
        sa.Column("nature", code(40)),
        sa.Column("contact", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("claim_hash", sa.LargeBinary, nullable=False),
        sa.Column("claim_expires_at", sa.BigInteger),
        sa.Column("wrong_claims", sa.Integer, nullable=False),
        sa.Column("organisation_id", code(40)),
        sa.Column("reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("decided_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_organisation_application"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_organisation_application_organisation_id_organisation"
        ),
    )
    op.create_index("ix_organisation_application_state_id", "organisation_application", ["state", "id"])
    op.create_table(
        "api_key",
        sa.Column("id", code(40), nullable=False),
        sa.Column("organisation_id", code(40), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.Text),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_api_key_organisation_id_organisation"
        ),
        sa.UniqueConstraint("secret_hash", name="uq_api_key_secret_hash"),
    )
    op.create_index("ix_api_key_organisation_id", "api_key", ["organisation_id"])


def downgrade() -> None:
    for table in ("api_key", "organisation_application", "organisation"):
        op.drop_table(table)
