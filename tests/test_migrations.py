"""One line of migrations, up and down on both engines, and models equal to what they make."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect

from market.store.base import Base
from market.store.dialect import migrating
from market.store.migrate import MIGRATIONS, upgrade
from market.store.session import Database

ROOMS = Path(__file__).parents[1] / "market"


def load_all_models() -> None:
    for path in ROOMS.rglob("*.py"):
        if "Base" in path.read_text():
            import_module(".".join(path.relative_to(ROOMS.parent).with_suffix("").parts))


@pytest.fixture
def bare(factory, engine):
    """A database without a table."""
    url = factory.copy(engine, None)
    with Database(url) as database:
        yield database
    factory.drop(url)


def run(database: Database, step, revision: str) -> None:
    with migrating(database.engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        step(config, revision)


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_there_is_one_head():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    assert [revision.revision for revision in script.walk_revisions()][-1] == "0001"


def test_up_down_and_up_again(bare):
    upgrade(bare)
    made = tables(bare)
    run(bare, command.downgrade, "base")
    assert tables(bare) == set()
    upgrade(bare)
    assert tables(bare) == made


def test_models_are_what_the_migrations_make(bare):
    load_all_models()
    upgrade(bare)
    with bare.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_check_constraints_are_what_the_migrations_make(bare):
    """Alembic's comparison passes over them."""
    load_all_models()
    upgrade(bare)
    with bare.engine.connect() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.tables.values():
            modelled = {c.name for c in table.constraints if isinstance(c, CheckConstraint) and c.name}
            assert {c["name"] for c in inspector.get_check_constraints(table.name)} == modelled, table.name
