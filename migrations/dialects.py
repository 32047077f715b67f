"""What the two engines spell differently in a migration; never imports `market`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def code(length: int) -> sa.types.TypeEngine:
    """A code or id, compared byte by byte on both engines."""
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def guard(table: str, *acts: str) -> None:
    """Let the database refuse these acts (UPDATE, DELETE) on a table; PostgreSQL also TRUNCATE."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        refuse = "EXECUTE FUNCTION refuse_change()"
        op.execute(f"CREATE TRIGGER {table}_rows BEFORE {' OR '.join(acts)} ON {table} FOR EACH ROW {refuse}")
        op.execute(f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}")
    else:
        for act in acts:
            refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            op.execute(f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table} {refuse}")
