"""The open database of one process: one way in for writes, and readers beside it.

Writes go one after the other, on SQLite because it knows no other way, and on PostgreSQL because each takes the same
lock first, over all processes. So a write that reads and then decides is right on both, and rows get their numbers in
the order in which they become visible. What is read outside of a write may be old by the time it is used.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store import postgresql, sqlite
from bot.store.errors import StoreUnavailable, UnsupportedDatabase
from bot.store.migrate import Schema, look
from bot.store.writer import T, Write, Writer


@dataclass(frozen=True, slots=True)
class _Opened:
    """`name` is for people. `is_trouble` tells the database's failures from those of what it was asked. `file` is the
    SQLite file. `finish` is called when nothing uses the database any more."""

    name: str
    writer: Writer
    readers: AsyncEngine
    is_trouble: Callable[[DBAPIError], bool]
    file: Path | None
    finish: Callable[[], None]


def _nobody_is_told(_: str) -> None:
    """Where nobody counts."""


class Store:
    """`name` says for people which database it is, without a password. `file` is None where that is no file of ours:
    then other processes may use it, too.
    """

    def __init__(self, opened: _Opened, failed: Callable[[str], None]) -> None:
        self.name = opened.name
        self.file = opened.file
        self._opened = opened
        self._failed = failed

    @classmethod
    async def open(cls, database_url: str, *, failed: Callable[[str], None] = _nobody_is_told) -> Self:
        """Open the database and bring its schema to this version. A new SQLite file is readable by its owner alone.

        `failed` is told of every failure of the open database itself, with `read` or `write`.
        Raises `StoreError`: `UnsupportedDatabase`, `StoreInUse` or `StoreUnusable`. No message quotes the URL, as it
        may hold a password.
        """
        match _driver(database_url):
            case "sqlite":
                return cls(await _open_file(sqlite.path_of(database_url)), failed)
            case "postgresql":
                writer, readers = await postgresql.connect(database_url)
                name = postgresql.name_of(database_url)
                return cls(_Opened(name, writer, readers, postgresql.is_trouble, None, lambda: None), failed)
            case other:
                raise _unsupported(other)

    @staticmethod
    async def examine(database_url: str) -> tuple[str, Schema | None]:
        """The database's name for people, and what it holds: None for a file that is not there. Nothing is changed.

        Raises `StoreError` like `open`, but not for a file that another process uses.
        """
        return await Store.peek(database_url, look)

    @staticmethod
    async def peek(database_url: str, read: Callable[[Connection], T]) -> tuple[str, T | None]:
        """Like `examine`, with what `read` finds. The schema may be any."""
        match _driver(database_url):
            case "sqlite":
                path = sqlite.path_of(database_url)
                return str(path), await sqlite.peek(path, read)
            case "postgresql":
                return postgresql.name_of(database_url), await postgresql.peek(database_url, read)
            case other:
                raise _unsupported(other)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it at the same time."""
        return self.file is None

    async def write(self, write: Write[T], *, ahead: bool = False) -> T:
        """Run `write` in a transaction of its own. Cancelling the caller does not cancel it; see `Writer.run`.

        Raises `StoreUnavailable` where the database is not to be had at this moment. Where the connection breaks in a
        commit, nobody knows whether it was written.
        """
        with self._told_apart("write"):
            return await self._opened.writer.run(write, ahead=ahead)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees everything committed and can change nothing. Each statement stands alone.

        Raises `StoreUnavailable` like `write`.
        """
        with self._told_apart("read"):
            async with self._opened.readers.connect() as conn:
                yield conn

    @contextmanager
    def _told_apart(self, doing: str) -> Iterator[None]:
        """Trouble of the database is `StoreUnavailable`, and what it answers to a wrong question goes its way."""
        try:
            yield
        except (OSError, PoolTimeout) as error:
            self._failed(doing)
            raise StoreUnavailable("The database cannot be reached at this moment.") from error
        except DBAPIError as error:
            if not isinstance(error, IntegrityError):  # which is an answer of a database that is well
                self._failed(doing)
            if not self._opened.is_trouble(error):
                raise
            raise StoreUnavailable("The database cannot be used at this moment.") from error

    async def empty_log(self) -> None:
        """Take what was overwritten out of SQLite's write-ahead log, too. Where that is in use, a later write does it.

        A reader may do so, and is in no transaction: https://www.sqlite.org/pragma.html#pragma_query_only
        """
        if self.file is not None:
            with suppress(StoreUnavailable):
                async with self.reading() as conn:
                    await conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Finish what was accepted for writing, and let go of the database."""
        try:
            await self._opened.readers.dispose()
            await self._opened.writer.close()
        finally:
            self._opened.finish()


def _driver(database_url: str) -> str:
    try:
        return make_url(database_url).get_backend_name()
    except ArgumentError:
        raise UnsupportedDatabase("DATABASE_URL is no URL. Write it like sqlite:///showcaller.db.") from None


def _unsupported(driver: str) -> UnsupportedDatabase:
    return UnsupportedDatabase(f"DATABASE_URL asks for {driver}; it can be sqlite or postgresql.")


async def _open_file(path: Path) -> _Opened:
    lock = sqlite.take(path)
    try:
        writer = await sqlite.connect_writer(path)
        return _Opened(str(path), writer, sqlite.readers(path), sqlite.is_trouble, path, lock.release)
    except BaseException:
        lock.release()
        raise
