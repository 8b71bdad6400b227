"""Brings a database to the schema of this version. The steps are in `migrations/versions`."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.store.errors import StoreUnusable

_log = structlog.get_logger(__name__)

_STEPS = Path(__file__).parent / "migrations"

_A_BREAK = 1000
"""How far apart the numbers of steps are that old code cannot live with. Between two of these, steps only add."""


@dataclass(frozen=True, slots=True)
class Schema:
    """`present` is the step that the database took last, empty before the first; `newest` the last that we know."""

    present: str
    newest: str

    @property
    def is_ahead(self) -> bool:
        """A newer version has added to it, which we can live with."""
        return self.present.isdecimal() and int(self.newest) < int(self.present)


def look(connection: Connection) -> Schema:
    """Raises `StoreUnusable` where a newer version has broken with this one."""
    steps = ScriptDirectory.from_config(_config(connection))
    known = [step.revision for step in steps.walk_revisions()]
    schema = Schema(MigrationContext.configure(connection).get_current_revision() or "", known[0])
    if schema.present in ("", *known) or _only_adds(schema):
        return schema
    raise StoreUnusable(
        f"The database has the schema {schema.present}, which this version does not know. Run a newer version."
    )


def upgrade(connection: Connection) -> None:
    """Run the missing steps in the caller's transaction: all of them or, on an error, none.

    A database that a newer version has added to is left as it is, so that old and new code can run side by side, and
    one can go back. Raises `StoreUnusable` like `look`.
    """
    schema = look(connection)
    if schema.is_ahead:
        _log.warning("the database was upgraded by a newer version", schema=schema.present, known=schema.newest)
    else:
        command.upgrade(_config(connection), "head")


def _only_adds(schema: Schema) -> bool:
    return schema.is_ahead and int(schema.present) // _A_BREAK == int(schema.newest) // _A_BREAK


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    return config
