"""Bring a database to the schema of this version; every change of the schema is a step in migrations/versions."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from models.database import Database


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", (Path(__file__).parent / "migrations").as_posix().replace("%", "%%"))
    config.attributes["engine"] = database.engine.execution_options(kaiyue_write=True)
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Run every step up to `revision`; does nothing when the schema is there already."""
    command.upgrade(_config(database), revision)


def downgrade(database: Database, revision: str) -> None:
    """Undo steps down to `revision`; for tests and for a version that has to be taken back."""
    command.downgrade(_config(database), revision)


def is_current(database: Database) -> bool:
    """Whether the database has the schema of this version."""
    wanted = ScriptDirectory.from_config(_config(database)).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == wanted
