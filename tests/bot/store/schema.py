"""The schema of a database of either kind, as the tests look at it and change it from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, inspect, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store import migrate, postgresql, sqlite

_DRIVERS = {"sqlite": sqlite.DRIVER, "postgresql": postgresql.DRIVER}

_SQLITE = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
_POSTGRESQL = """
    SELECT table_name || '.' || column_name,
           concat_ws(' ', data_type, is_nullable, column_default, is_identity) FROM information_schema.columns
     WHERE table_schema = 'public'
    UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction beside those of the store."""
    found = make_url(url)
    engine = create_async_engine(found.set(drivername=_DRIVERS[found.get_backend_name()]), poolclass=NullPool)
    try:
        async with engine.begin() as conn:
            yield conn
    finally:
        await engine.dispose()


async def run(url: str, *statements: str) -> None:
    async with connected(url) as conn:
        for statement in statements:
            await conn.execute(text(statement))


async def look(url: str) -> dict[str, str]:
    """The text of everything that has a name. The order of columns is none of it: one that was added later is last."""
    async with connected(url) as conn:
        query = _SQLITE if conn.dialect.name == "sqlite" else _POSTGRESQL
        rows = (await conn.execute(text(query))).all()
    return {name: _unordered(words) for name, words in rows if not name.startswith("alembic_")}


def _unordered(words: str) -> str:
    for mark in "(),":
        words = words.replace(mark, " ")
    return " ".join(sorted(words.split()))


def steps() -> list[str]:
    """All of them, the first one first."""
    return [step.revision for step in reversed(list(scripts().walk_revisions()))]


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    return config


async def make_as_of(url: str, step: str) -> None:
    """The schema as the code of that step made it."""
    async with connected(url) as conn:
        await conn.run_sync(lambda connection: command.upgrade(_config(connection), step))


async def take_next_step(url: str) -> None:
    """What a newer version might add to every table, and a table and an index of its own."""
    newer = f"{int(steps()[-1]) + 1:04}"
    async with connected(url) as conn:
        tables = await conn.run_sync(lambda connection: inspect(connection).get_table_names())
        for table in sorted(set(tables) - {"alembic_version"}):
            await conn.execute(text(f"ALTER TABLE {table} ADD COLUMN later TEXT"))
            await conn.execute(text(f"ALTER TABLE {table} ADD COLUMN sooner BIGINT DEFAULT 0 NOT NULL"))
            await conn.execute(text(f"CREATE INDEX ix_{table}_later ON {table} (later)"))
            await conn.execute(text(f"CREATE UNIQUE INDEX ix_{table}_news ON {table} (team_id, later)"))
        await conn.execute(text("CREATE TABLE news (id BIGINT PRIMARY KEY, thing_id BIGINT REFERENCES thing (id))"))
        await conn.execute(text("UPDATE alembic_version SET version_num = :newer").bindparams(newer=newer))
