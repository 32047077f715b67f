"""Bringing a database to the newest schema. The migrations live beside the package and never import it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from market.store.dialect import migrating
from market.store.session import Database

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`; all steps in one transaction."""
    with migrating(database.engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.set_main_option("prepend_sys_path", str(MIGRATIONS.parent))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
