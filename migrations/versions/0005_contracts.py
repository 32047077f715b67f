"""Contracts and number series"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("id", code(40), nullable=False),
        sa.Column("number", code(16)),
        sa.Column("act", code(12), nullable=False),
        sa.Column("office", code(40)),
        sa.Column("office_place", code(6)),
        sa.Column("recorder", code(40)),
        sa.Column("outside_number", code(16)),
        sa.Column("outside_office", sa.Text),
        sa.Column("registered_on", sa.Date, nullable=False),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("state", code(12), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("project_name", sa.Text, nullable=False),
        sa.Column("contract_type", code(40), nullable=False),
        sa.Column("contract_subtype", code(40)),
        sa.Column("contract_no", sa.Text),
        *_party("seller"),
        *_party("buyer"),
        sa.Column("total_fen", sa.BigInteger, nullable=False),
        sa.Column("tech_fen", sa.BigInteger, nullable=False),
        sa.Column("signed_on", sa.Date, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, nullable=False),
        sa.Column("field", code(40), nullable=False),
        sa.Column("ip_type", code(40)),
        sa.Column("plan_source", code(40)),
        sa.Column("served_industry", code(40)),
        sa.Column("socio_economic_objective", code(40)),
        sa.Column("payment_mode", code(40)),
        sa.Column("demand_id", code(40)),
        sa.Column("achievement_id", code(40)),
        sa.Column("fingerprint", code(64), nullable=False),
        sa.Column("live_fingerprint", code(64)),
        sa.Column("live_outside_number", code(16)),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
        *(
            sa.ForeignKeyConstraint([column], ["organisation.id"], name=f"fk_contract_{column}_organisation")
            for column in ("office", "recorder", "seller_organisation", "buyer_organisation")
        ),
        *(
            sa.UniqueConstraint(column, name=f"uq_contract_{column}")
            for column in ("number", "live_fingerprint", "live_outside_number")
        ),
        sa.CheckConstraint(
            "(act = 'registered' AND number IS NOT NULL AND office IS NOT NULL AND outside_number IS NULL)"
            " OR (act = 'outside' AND number IS NULL AND office IS NULL AND outside_number IS NOT NULL)",
            name="ck_contract_act",
        ),
        sa.CheckConstraint(
            "(state = 'registered' AND live_fingerprint IS NOT NULL)"
            " OR (state IN ('cancelled', 'revoked') AND live_fingerprint IS NULL AND live_outside_number IS NULL)",
            name="ck_contract_state",
        ),
        sa.CheckConstraint("tech_fen > 0 AND tech_fen <= total_fen", name="ck_contract_amounts"),
    )
    for column in ("recorder", "seller_organisation", "buyer_organisation"):
        op.create_index(f"ix_contract_{column}", "contract", [column, "registered_on", "id"])
    op.create_index("ix_contract_registered_on", "contract", ["registered_on", "id"])
    op.create_table(
        "number_series",
        sa.Column("office", code(40), nullable=False),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("office", "year", name="pk_number_series"),
        sa.ForeignKeyConstraint(["office"], ["organisation.id"], name="fk_number_series_office_organisation"),
    )


def _party(side: str) -> list[sa.Column]:
    return [
        sa.Column(f"{side}_organisation", code(40)),
        sa.Column(f"{side}_name", sa.Text, nullable=False),
        sa.Column(f"{side}_code", code(18)),
        sa.Column(f"{side}_country", code(2), nullable=False),
        sa.Column(f"{side}_place", code(6)),
        sa.Column(f"{side}_nature", code(40)),
    ]


def downgrade() -> None:
    op.drop_table("number_series")
    op.drop_table("contract")
