"""A database that cannot be used for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from sqlite3 import connect

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store


@asynccontextmanager
async def without(table: str, database: Path) -> AsyncIterator[None]:
    """Whoever needs that table finds it gone. The loop goes on meanwhile, as it may hold the lock itself."""
    await asyncio.to_thread(_rename, database, table, "gone")
    yield
    await asyncio.to_thread(_rename, database, "gone", table)


@asynccontextmanager
async def locked(store: Store) -> AsyncIterator[None]:
    """Another program holds its write lock, and no write waits long for it."""
    assert store.file is not None
    await store.write(_be_impatient)
    with closing(connect(store.file, isolation_level=None)) as outside:
        outside.execute("BEGIN IMMEDIATE")
        yield
        outside.execute("ROLLBACK")


async def _be_impatient(conn: AsyncConnection) -> None:
    await conn.exec_driver_sql("PRAGMA busy_timeout = 20")


def _rename(database: Path, old: str, new: str) -> None:
    with closing(connect(database, isolation_level=None)) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
