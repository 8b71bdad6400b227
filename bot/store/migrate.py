"""Brings a database to the schema of this version. The steps are in `migrations/versions`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection

from bot.store.errors import StoreUnusable

_STEPS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Run the missing steps in the caller's transaction: all of them or, on an error, none.

    Raises `StoreUnusable` for a database that a newer version has changed.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    present = MigrationContext.configure(connection).get_current_heads()
    try:
        ScriptDirectory.from_config(config).get_revisions(present)
    except (CommandError, ResolutionError):
        raise StoreUnusable(
            f"The database has the schema {', '.join(present)}, which this version does not know. Run a newer version."
        ) from None
    command.upgrade(config, "head")
