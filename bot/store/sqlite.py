"""The database in a file, which one process at a time may use.

SQLite's facts used here: in WAL mode readers see the last commit and never wait for the writer; `auto_vacuum` has an
effect only when set before the first table and before WAL; a transaction that reads first and writes later fails at
once when somebody else wrote in between, so writes start with BEGIN IMMEDIATE; the last connection to close empties
the WAL into the file.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.errors import StoreUnusable, UnsupportedDatabase
from bot.store.lock import FileLock
from bot.store.migrate import upgrade
from bot.store.writer import T, Writer

DRIVER = "sqlite+aiosqlite"

_READERS = 4

_BOTH = ("busy_timeout = 5000", "foreign_keys = ON")
_WRITER = (*_BOTH, "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON")
_READER = (*_BOTH, "query_only = ON")

_TROUBLE = tuple(
    f"SQLITE_{name}"
    for name in ("BUSY", "CANTOPEN", "CORRUPT", "FULL", "IOERR", "LOCKED", "NOMEM", "NOTADB", "PROTOCOL", "READONLY")
)
"""Beginnings of what SQLite calls trouble with the file or the disk: https://www.sqlite.org/rescode.html"""


def path_of(database_url: str) -> Path:
    """The file behind `sqlite:///relative`, `sqlite:////absolute` and the same with `sqlite+aiosqlite`.

    Raises `UnsupportedDatabase`.
    """
    url = make_url(database_url)
    if url.drivername not in ("sqlite", DRIVER):
        raise UnsupportedDatabase(f"DATABASE_URL asks for {url.drivername}; write it like sqlite:///showcaller.db.")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:") or url.query:
        raise UnsupportedDatabase("DATABASE_URL must name a plain file, like sqlite:///showcaller.db.")
    return Path(url.database).resolve()


def take(path: Path) -> FileLock:
    """Lock the file and make it ours alone. SQLite gives its `-wal` and `-shm` the mode of the file itself."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        return FileLock.take(path)
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be opened: {error.strerror}.") from error


async def connect_writer(path: Path) -> Writer:
    """On the schema of this version. Raises `StoreUnusable`."""
    engine = _engine(path, _WRITER, pool_size=1, max_overflow=0, pool_reset_on_return=None)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
    except BaseException as error:
        await engine.dispose()
        if isinstance(error, DBAPIError):
            raise StoreUnusable(f"{path} cannot be used as a database: {error.orig}.") from error
        raise
    return Writer(engine)


async def peek(path: Path, read: Callable[[Connection], T]) -> T | None:
    """What `read` finds, also while another process uses the file; None where there is none. Raises `StoreUnusable`."""
    if not _is_there(path):
        return None
    engine = readers(path)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read)
    except DBAPIError as error:
        raise StoreUnusable(f"{path} cannot be used as a database: {error.orig}.") from error
    finally:
        await engine.dispose()


def _is_there(path: Path) -> bool:
    if not path.parent.is_dir():
        raise StoreUnusable(f"{path} cannot be made: there is no folder {path.parent}.")
    return path.exists()


def readers(path: Path) -> AsyncEngine:
    return _engine(path, _READER, pool_size=_READERS, max_overflow=0)


def is_trouble(error: DBAPIError) -> bool:
    """Whether the file or the disk fails, and not what was asked of it."""
    return str(getattr(error.orig, "sqlite_errorname", "")).startswith(_TROUBLE)


def _engine(path: Path, pragmas: Iterable[str], **options: Any) -> AsyncEngine:
    """With `isolation_level=None` Python's sqlite3 begins no transactions by itself."""
    url = URL.create(DRIVER, database=str(path))
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
