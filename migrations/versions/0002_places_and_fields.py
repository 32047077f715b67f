"""Places, fields, cross-walks and code lists"""

import sqlalchemy as sa
from alembic import op

from migrations.dialects import code

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "place_period",
        sa.Column("code", code(6), nullable=False),
        sa.Column("first_year", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("last_year", sa.Integer),
        sa.Column("name_zh", sa.String(60), nullable=False),
        sa.Column("name_en", sa.String(80)),
        sa.Column("name_key", sa.String(80)),
        sa.Column("level", code(12), nullable=False),
        sa.Column("parent", code(6)),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("successor", code(6)),
        sa.Column("source", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("code", "first_year", name="pk_place_period"),
    )
    op.create_index("ix_place_period_parent", "place_period", ["parent", "code"])
    op.create_table(
        "field_scheme",
        sa.Column("scheme", code(20), nullable=False),
        sa.Column("name_zh", sa.String(80), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("edition", sa.String(20), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("status", code(12), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("scheme", name="pk_field_scheme"),
    )
    op.create_table(
        "field",
        sa.Column("tag", code(80), nullable=False),
        sa.Column("scheme", code(20), nullable=False),
        sa.Column("code", code(60), nullable=False),
        sa.Column("parent", code(80)),
        sa.Column("name_zh", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("status", code(12), nullable=False),
        sa.PrimaryKeyConstraint("tag", name="pk_field"),
    )
    op.create_index("ix_field_scheme", "field", ["scheme", "tag"])
    op.create_table(
        "field_alias",
        sa.Column("alias", code(140), nullable=False),
        sa.Column("tag", code(80), nullable=False),
        sa.Column("scheme", code(20), nullable=False),
        sa.PrimaryKeyConstraint("alias", name="pk_field_alias"),
    )
    op.create_index("ix_field_alias_scheme", "field_alias", ["scheme"])
    op.create_table(
        "crosswalk",
        sa.Column("from_tag", code(80), nullable=False),
        sa.Column("to_tag", code(80), nullable=False),
        sa.Column("relation", code(12), nullable=False),
        sa.Column("status", code(12), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("from_tag", "to_tag", name="pk_crosswalk"),
    )
    op.create_index("ix_crosswalk_to_tag", "crosswalk", ["to_tag", "from_tag"])
    op.create_table(
        "code_entry",
        sa.Column("list", code(40), nullable=False),
        sa.Column("code", code(60), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("parent", code(60)),
        sa.Column("name_zh", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200)),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_to", sa.Date),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("status", code(12), nullable=False),
        sa.PrimaryKeyConstraint("list", "code", name="pk_code_entry"),
    )
    op.create_table(
        "loaded_list",
        sa.Column("kind", code(12), nullable=False),
        sa.Column("name", code(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", code(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_loaded_list"),
    )


def downgrade() -> None:
    for table in ("loaded_list", "code_entry", "crosswalk", "field_alias", "field", "field_scheme", "place_period"):
        op.drop_table(table)
