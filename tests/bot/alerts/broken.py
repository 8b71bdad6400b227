"""A database that cannot be used for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from sqlite3 import connect


@asynccontextmanager
async def without(table: str, database: Path) -> AsyncIterator[None]:
    """Whoever needs that table finds it gone. The loop goes on meanwhile, as it may hold the lock itself."""
    await asyncio.to_thread(_rename, database, table, "gone")
    yield
    await asyncio.to_thread(_rename, database, "gone", table)


def _rename(database: Path, old: str, new: str) -> None:
    with closing(connect(database, isolation_level=None)) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
