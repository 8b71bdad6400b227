"""The open database of one process: one way in for writes, and readers beside it.

Writes go one after the other, on SQLite because it knows no other way, and on PostgreSQL because each takes the same
lock first, over all processes. So a write that reads and then decides is right on both, and rows get their numbers in
the order in which they become visible. What is read outside of a write may be old by the time it is used.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store import postgresql, sqlite
from bot.store.errors import StoreUnavailable, UnsupportedDatabase
from bot.store.writer import T, Write, Writer


@dataclass(frozen=True, slots=True)
class _Opened:
    """`file`: the SQLite file. `finish` is called when nothing uses the database any more."""

    writer: Writer
    readers: AsyncEngine
    file: Path | None
    finish: Callable[[], None]


class Store:
    """`file` is None where the database is no file of ours: then other processes may use it, too."""

    def __init__(self, opened: _Opened) -> None:
        self.file = opened.file
        self._opened = opened

    @classmethod
    async def open(cls, database_url: str) -> Self:
        """Open the database and bring its schema to this version. A new SQLite file is readable by its owner alone.

        Raises `StoreError`: `UnsupportedDatabase`, `StoreInUse` or `StoreUnusable`. No message quotes the URL, as it
        may hold a password.
        """
        match _driver(database_url):
            case "sqlite":
                return cls(await _open_file(sqlite.path_of(database_url)))
            case "postgresql":
                writer, readers = await postgresql.connect(database_url)
                return cls(_Opened(writer, readers, None, lambda: None))
            case other:
                raise UnsupportedDatabase(f"DATABASE_URL asks for {other}; it can be sqlite or postgresql.")

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it at the same time."""
        return self.file is None

    async def write(self, write: Write[T]) -> T:
        """Run `write` in a transaction of its own. Cancelling the caller does not cancel it; see `Writer.run`.

        Raises `StoreUnavailable` where the database is not to be had at this moment.
        """
        with _told_apart():
            return await self._opened.writer.run(write)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees everything committed and can change nothing. Each statement stands alone."""
        with _told_apart():
            async with self._opened.readers.connect() as conn:
                yield conn

    async def close(self) -> None:
        """Finish what was accepted for writing, and let go of the database."""
        try:
            await self._opened.readers.dispose()
            await self._opened.writer.close()
        finally:
            self._opened.finish()


@contextmanager
def _told_apart() -> Iterator[None]:
    """A connection that broke is trouble of the database, and none of what was asked of it."""
    try:
        yield
    except (OSError, InterfaceError) as error:
        raise StoreUnavailable("The database cannot be reached.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable("The connection to the database broke.") from error
        raise


def _driver(database_url: str) -> str:
    try:
        return make_url(database_url).get_backend_name()
    except ArgumentError:
        raise UnsupportedDatabase("DATABASE_URL is no URL. Write it like sqlite:///showcaller.db.") from None


async def _open_file(path: Path) -> _Opened:
    lock = sqlite.take(path)
    try:
        return _Opened(await sqlite.connect_writer(path), sqlite.readers(path), path, lock.release)
    except BaseException:
        lock.release()
        raise
