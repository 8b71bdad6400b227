"""Opens the database and hands out its two ways in: one writer, and readers beside it.

SQLite's facts used here: in WAL mode readers see the last commit and never wait for the writer; `auto_vacuum` has an
effect only when set before the first table and before WAL; a transaction that reads first and writes later fails at
once when somebody else wrote in between, so writes start with BEGIN IMMEDIATE; the last connection to close empties
the WAL into the file.
"""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, NullPool, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.errors import StoreUnusable, UnsupportedDatabase
from bot.store.lock import FileLock
from bot.store.migrate import upgrade
from bot.store.writer import T, Write, Writer

_READERS = 4

_BOTH = ("busy_timeout = 5000", "foreign_keys = ON")
_WRITER = (*_BOTH, "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL")
_READER = (*_BOTH, "query_only = ON")


class Store:
    """The open database of one process."""

    def __init__(self, path: Path, lock: FileLock, writer: Writer, readers: AsyncEngine) -> None:
        self.path = path
        self._lock = lock
        self._writer = writer
        self._readers = readers

    @classmethod
    async def open(cls, database_url: str) -> Self:
        """Open the database and bring its schema to this version; a new file is readable by its owner alone.

        Raises `StoreError`: `UnsupportedDatabase`, `StoreInUse` or `StoreUnusable`.
        """
        path = sqlite_path(database_url)
        lock = _take_file(path)
        try:
            writer = await _migrated_writer(path)
        except BaseException as error:
            lock.release()
            if isinstance(error, DBAPIError):
                raise StoreUnusable(f"{path} cannot be used as a database: {error.orig}.") from error
            raise
        return cls(path, lock, writer, _engine(path, _READER, pool_size=_READERS, max_overflow=0))

    async def write(self, write: Write[T]) -> T:
        """Run `write` in a transaction of its own. Cancelling the caller does not cancel it; see `Writer.run`."""
        return await self._writer.run(write)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees everything committed and can change nothing. Each statement stands alone."""
        async with self._readers.connect() as conn:
            yield conn

    async def close(self) -> None:
        """Finish what was accepted for writing, empty the WAL, let another process have the file."""
        try:
            await self._readers.dispose()
            await self._writer.close()
        finally:
            self._lock.release()


def sqlite_path(database_url: str) -> Path:
    """The file behind `sqlite:///relative`, `sqlite:////absolute` and the same with `sqlite+aiosqlite`.

    Raises `UnsupportedDatabase`, whose message never quotes the URL: other databases' URLs hold passwords.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise UnsupportedDatabase("DATABASE_URL is no URL. Write it like sqlite:///showcaller.db.") from None
    if url.drivername not in ("sqlite", "sqlite+aiosqlite"):
        raise UnsupportedDatabase(f"DATABASE_URL asks for {url.drivername}; only sqlite:///FILE is supported.")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
        raise UnsupportedDatabase("DATABASE_URL must name a plain file, like sqlite:///showcaller.db.")
    return Path(url.database).resolve()


def _take_file(path: Path) -> FileLock:
    """Lock the file and make it ours alone. SQLite gives its `-wal` and `-shm` the mode of the file itself."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        return FileLock.take(path)
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be opened: {error.strerror}.") from error


async def _migrated_writer(path: Path) -> Writer:
    engine = _engine(path, _WRITER, poolclass=NullPool)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    connection = await engine.connect()
    try:
        async with connection.begin():
            await connection.run_sync(upgrade)
    except BaseException:
        await connection.close()
        raise
    return Writer(connection)


def _engine(path: Path, pragmas: Iterable[str], **options: Any) -> AsyncEngine:
    """With `isolation_level=None` Python's sqlite3 begins no transactions by itself."""
    url = URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(url, connect_args={"isolation_level": None}, hide_parameters=True, **options)

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
