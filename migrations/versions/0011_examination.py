"""Applications and their examination; members of organisations"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code, guard

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member",
        sa.Column("id", code(40), nullable=False),
        sa.Column("organisation_id", code(40), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_member"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_member_organisation_id_organisation"
        ),
    )
    op.create_index("ix_member_organisation_id", "member", ["organisation_id", "id"])
    op.add_column("api_key", sa.Column("member", code(40)))
    op.create_table(
        "registration_case",
        sa.Column("id", code(40), nullable=False),
        sa.Column("route", code(12), nullable=False),
        sa.Column("state", code(20), nullable=False),
        sa.Column("applicant", code(40)),
        sa.Column("office", code(40), nullable=False),
        sa.Column("contract_id", code(40)),
        sa.Column("content", sa.Text),
        sa.Column("claimed_fen", sa.BigInteger),
        sa.Column("approved_fen", sa.BigInteger),
        sa.Column("flags", sa.Text, nullable=False),
        sa.Column("assignee", code(40)),
        sa.Column("endorsed_by", code(40)),
        sa.Column("people", sa.Text, nullable=False),
        sa.Column("excluded", sa.Text, nullable=False),
        sa.Column("submitted_on", sa.Date),
        sa.Column("accepted_on", sa.Date),
        sa.Column("decided_on", sa.Date),
        sa.Column("clock_rule", code(60)),
        sa.Column("clock_from", sa.Date),
        sa.Column("due_on", sa.Date),
        sa.Column("provisional", sa.Boolean, nullable=False),
        sa.Column("reason", code(60)),
        sa.Column("text", sa.Text),
        sa.Column("pending", sa.Text),
        sa.Column("ending", code(12)),
        sa.Column("wish", sa.Text),
        sa.Column("pair", code(64)),
        sa.Column("mark", code(64)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registration_case"),
        sa.UniqueConstraint("contract_id", name="uq_registration_case_contract_id"),
        sa.ForeignKeyConstraint(["applicant"], ["organisation.id"], name="fk_registration_case_applicant_organisation"),
        sa.ForeignKeyConstraint(["office"], ["organisation.id"], name="fk_registration_case_office_organisation"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_registration_case_contract_id_contract"),
    )
    op.create_index("ix_registration_case_desk", "registration_case", ["office", "state", "due_on", "id"])
    op.create_index("ix_registration_case_applicant", "registration_case", ["applicant", "id"])
    op.create_index("ix_registration_case_state", "registration_case", ["state", "due_on"])
    op.create_index("ix_registration_case_ending", "registration_case", ["office", "ending", "id"])
    op.create_index("ix_registration_case_pair", "registration_case", ["pair"])
    op.execute(
        "INSERT INTO registration_case (id, route, state, applicant, office, contract_id, claimed_fen, approved_fen, flags,"
        " people, excluded, submitted_on, accepted_on, decided_on, provisional, version, created_at, updated_at)"
        " SELECT 'cas_' || substr(id, 5), CASE WHEN late THEN 'imported' ELSE 'direct' END, state, seller_organisation,"
        " office, id, tech_fen, tech_fen, '[]', '[]', '{\"redo\":[],\"refer\":[]}', registered_on, registered_on,"
        " registered_on, false, 1, recorded_at, recorded_at FROM contract WHERE act = 'registered'"
    )
    op.create_table(
        "case_step",
        sa.Column("case_id", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("step", code(20), nullable=False),
        sa.Column("state", code(20), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("organisation", code(40)),
        sa.Column("member", code(40)),
        sa.Column("reason", code(60)),
        sa.Column("text", sa.Text),
        sa.Column("findings", sa.Text),
        sa.PrimaryKeyConstraint("case_id", "version", name="pk_case_step"),
        sa.ForeignKeyConstraint(["case_id"], ["registration_case.id"], name="fk_case_step_case_id_registration_case"),
    )
    guard("case_step", "UPDATE", "DELETE")
    op.create_table(
        "attachment",
        sa.Column("id", code(40), nullable=False),
        sa.Column("case_id", code(40), nullable=False),
        sa.Column("kind", code(40), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media", code(40), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", code(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("organisation", code(40)),
        sa.Column("uploaded_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.ForeignKeyConstraint(["case_id"], ["registration_case.id"], name="fk_attachment_case_id_registration_case"),
    )
    op.create_index("ix_attachment_case_id", "attachment", ["case_id", "id"])
    op.create_table(
        "contract_audit",
        sa.Column("id", code(40), nullable=False),
        sa.Column("contract_id", code(40), nullable=False),
        sa.Column("auditor", code(40), nullable=False),
        sa.Column("result", code(20), nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract_audit"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_contract_audit_contract_id_contract"),
    )
    op.create_index("ix_contract_audit_contract_id", "contract_audit", ["contract_id", "id"])
    op.create_table(
        "contract_income",
        sa.Column("id", code(40), nullable=False),
        sa.Column("contract_id", code(40), nullable=False),
        sa.Column("paid_on", sa.Date, nullable=False),
        sa.Column("paid_fen", sa.BigInteger, nullable=False),
        sa.Column("income_fen", sa.BigInteger, nullable=False),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("corrects", code(40)),
        sa.Column("corrected_by", code(40)),
        sa.Column("member", code(40)),
        sa.Column("approved_on", sa.Date, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract_income"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_contract_income_contract_id_contract"),
        sa.CheckConstraint("income_fen >= 0 AND income_fen <= paid_fen", name="ck_contract_income_amounts"),
    )
    op.create_index("ix_contract_income_contract_id", "contract_income", ["contract_id", "id"])


def downgrade() -> None:
    for table in ("contract_income", "contract_audit", "attachment", "case_step", "registration_case"):
        op.drop_table(table)
    op.drop_column("api_key", "member")
    op.drop_table("member")
