"""Brings a database to the schema of this version. The steps are in `migrations/versions`."""

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection

from bot.store.errors import StoreUnusable

_log = structlog.get_logger(__name__)

_STEPS = Path(__file__).parent / "migrations"


_A_BREAK = 1000
"""How far apart the numbers of steps are that old code cannot live with. Between two of these, steps only add."""


def upgrade(connection: Connection) -> None:
    """Run the missing steps in the caller's transaction: all of them or, on an error, none.

    A database that a newer version has added to is left as it is, so that old and new code can run side by side, and
    one can go back. Raises `StoreUnusable` for one that a newer version has broken with.
    """
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    steps = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_heads()
    newest = steps.get_current_head() or ""
    try:
        steps.get_revisions(present)
    except (CommandError, ResolutionError):
        if all(_only_adds(revision, newest) for revision in present):
            _log.warning("the database was upgraded by a newer version", schema=present, known=newest)
            return
        raise StoreUnusable(
            f"The database has the schema {', '.join(present)}, which this version does not know. Run a newer version."
        ) from None
    command.upgrade(config, "head")


def _only_adds(revision: str, newest: str) -> bool:
    return revision.isdecimal() and int(newest) < int(revision) and int(revision) // _A_BREAK == int(newest) // _A_BREAK
