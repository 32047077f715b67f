"""Dealings: talks, their steps, disclosures, brokers"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code, guard

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dealing",
        sa.Column("id", code(40), nullable=False),
        sa.Column("listing_id", code(40), nullable=False),
        sa.Column("listing_kind", code(12), nullable=False),
        sa.Column("listing_version", sa.Integer, nullable=False),
        sa.Column("listing_title", sa.Text, nullable=False),
        sa.Column("from_listing", code(40)),
        sa.Column("from_version", sa.Integer),
        sa.Column("from_title", sa.Text),
        sa.Column("match", sa.Text),
        sa.Column("owner", code(40), nullable=False),
        sa.Column("seeker", code(40), nullable=False),
        sa.Column("owner_hidden", sa.Boolean, nullable=False),
        sa.Column("seeker_hidden", sa.Boolean, nullable=False),
        sa.Column("stage", code(20), nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("contacts", sa.Text, nullable=False),
        sa.Column("proposal", sa.Text),
        sa.Column("proposed_by", code(10)),
        sa.Column("nda", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", code(60)),
        sa.Column("awaits", code(10)),
        sa.Column("clock_rule", code(60)),
        sa.Column("clock_from", sa.Date),
        sa.Column("due_on", sa.Date),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("introduced_at", sa.BigInteger),
        sa.Column("agreed_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dealing"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_dealing_listing_id_listing"),
        sa.ForeignKeyConstraint(["from_listing"], ["listing.id"], name="fk_dealing_from_listing_listing"),
        sa.ForeignKeyConstraint(["owner"], ["organisation.id"], name="fk_dealing_owner_organisation"),
        sa.ForeignKeyConstraint(["seeker"], ["organisation.id"], name="fk_dealing_seeker_organisation"),
        sa.CheckConstraint("owner <> seeker", name="ck_dealing_sides"),
        sa.CheckConstraint("(stage = 'passed') = (reason IS NOT NULL)", name="ck_dealing_reason"),
    )
    op.create_index("ix_dealing_listing_id", "dealing", ["listing_id", "seeker"])
    op.create_index("ix_dealing_owner", "dealing", ["owner", "id"])
    op.create_index("ix_dealing_seeker", "dealing", ["seeker", "id"])
    op.create_index("ix_dealing_from_listing", "dealing", ["from_listing"])
    op.create_table(
        "dealing_step",
        sa.Column("dealing_id", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("step", code(20), nullable=False),
        sa.Column("stage", code(20), nullable=False),
        sa.Column("side", code(10), nullable=False),
        sa.Column("member", code(40)),
        sa.Column("reason", code(60)),
        sa.Column("text", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("dealing_id", "version", name="pk_dealing_step"),
        sa.ForeignKeyConstraint(["dealing_id"], ["dealing.id"], name="fk_dealing_step_dealing_id_dealing"),
    )
    guard("dealing_step", "UPDATE", "DELETE")
    op.create_table(
        "dealing_disclosure",
        sa.Column("id", code(40), nullable=False),
        sa.Column("dealing_id", code(40), nullable=False),
        sa.Column("viewer", code(40), nullable=False),
        sa.Column("member", code(40)),
        sa.Column("side", code(10), nullable=False),
        sa.Column("broker", sa.Boolean, nullable=False),
        sa.Column("stage", code(20), nullable=False),
        sa.Column("field", code(40), nullable=False),
        sa.Column("subject", code(40), nullable=False),
        sa.Column("subject_version", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dealing_disclosure"),
        sa.ForeignKeyConstraint(["dealing_id"], ["dealing.id"], name="fk_dealing_disclosure_dealing_id_dealing"),
    )
    op.create_index("ix_dealing_disclosure_dealing_id", "dealing_disclosure", ["dealing_id", "id"])
    guard("dealing_disclosure", "UPDATE", "DELETE")
    op.create_table(
        "broker",
        sa.Column("id", code(40), nullable=False),
        sa.Column("member_id", code(40), nullable=False),
        sa.Column("organisation_id", code(40), nullable=False),
        sa.Column("level", code(40), nullable=False),
        sa.Column("certificate_no", sa.Text),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("ended_on", sa.Date),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_broker"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_broker_member_id_member"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_broker_organisation_id_organisation"
        ),
    )
    op.create_table(
        "dealing_broker",
        sa.Column("dealing_id", code(40), nullable=False),
        sa.Column("since", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("side", code(10), nullable=False),
        sa.Column("broker_id", code(40), nullable=False),
        sa.Column("organisation_id", code(40), nullable=False),
        sa.Column("until", sa.Integer),
        sa.PrimaryKeyConstraint("dealing_id", "since", name="pk_dealing_broker"),
        sa.ForeignKeyConstraint(["dealing_id"], ["dealing.id"], name="fk_dealing_broker_dealing_id_dealing"),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name="fk_dealing_broker_broker_id_broker"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_dealing_broker_organisation_id_organisation"
        ),
    )
    op.create_index("ix_dealing_broker_organisation_id", "dealing_broker", ["organisation_id", "dealing_id"])
    op.create_table(
        "dealing_profile",
        sa.Column("organisation_id", code(40), nullable=False),
        sa.Column("size_class", code(40)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_dealing_profile"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_dealing_profile_organisation_id_organisation"
        ),
    )


def downgrade() -> None:
    for table in (
        *("dealing_profile", "dealing_broker", "broker", "dealing_disclosure", "dealing_step"),
        "dealing",
    ):
        op.drop_table(table)
