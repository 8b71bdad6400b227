"""The database on a PostgreSQL server, which several processes share.

Every write takes one advisory lock first, so that two processes write one after the other as they must on SQLite.
PostgreSQL gives up on one that holds it and does nothing (`idle_in_transaction_session_timeout`, `statement_timeout`:
https://www.postgresql.org/docs/current/runtime-config-client.html), so that a process that was frozen holds up nobody
for long. The lock goes with the transaction, and with the connection at the latest.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.errors import StoreUnusable
from bot.store.migrate import upgrade
from bot.store.writer import T, Writer

DRIVER = "postgresql+asyncpg"

PARAMETERS = (
    *("application_name", "host", "options", "passfile", "port"),
    *("ssl", "sslcert", "sslcrl", "sslkey", "sslmode", "sslrootcert"),
)
"""What may stand behind the `?` of a URL: libpq's names, as far as asyncpg understands them, and its own `ssl`.

Any other would go to the server as a setting: https://www.postgresql.org/docs/current/libpq-connect.html
"""

_READERS = 4
_CONNECT_SECONDS = 10
_WRITE_SECONDS = 15
_ANSWER_SECONDS = 20.0
"""A little more, so that the server is the first to give up, and says why."""

_LOCK = 0x53686F7743616C6C
"""Of the writers: "ShowCall" in ASCII, as the number that PostgreSQL wants."""

_TROUBLE = ("08", "25006", "25P0", "40", "53", "55", "57", "58")
"""Beginnings of SQLSTATE that speak of the server: connection, a standby that takes no writes, a transaction that was
given up on, resources, locks, operators. https://www.postgresql.org/docs/current/errcodes-appendix.html"""


def not_understood(url: URL) -> list[str]:
    """The parameters of the URL that mean nothing here, or are given more than once."""
    return sorted(name for name, value in url.query.items() if name not in PARAMETERS or not isinstance(value, str))


async def connect(database_url: str) -> tuple[Writer, AsyncEngine]:
    """The writer, on the schema of this version, and the readers. Raises `StoreUnusable`."""
    url = make_url(database_url)
    with _said_in_words(url):
        await _upgrade(url)
    return Writer(_writer(url)), _readers(url)


async def peek(database_url: str, read: Callable[[Connection], T]) -> T:
    """What `read` finds. Nothing is changed. Raises `StoreUnusable`."""
    url = make_url(database_url)
    engine = _readers(url)
    try:
        with _said_in_words(url):
            async with engine.connect() as connection:
                return await connection.run_sync(read)
    finally:
        await engine.dispose()


def name_of(database_url: str | URL) -> str:
    """For people; without user and password."""
    url = make_url(database_url)
    return f"PostgreSQL database {url.database} at {url.host or 'the local socket'}"


def is_trouble(error: DBAPIError) -> bool:
    """Whether the server or the way to it fails, and not what was asked of it.

    SQLAlchemy names no statement where it failed to connect or to commit.
    """
    if error.connection_invalidated or error.statement is None or isinstance(error, InterfaceError):
        return True
    return str(getattr(error.orig, "sqlstate", "")).startswith(_TROUBLE)


async def _upgrade(url: URL) -> None:
    """A step may take long. Who waits for it here waits as long, but whoever reads is not held up by one that waits
    for a lock on a table (https://www.postgresql.org/docs/current/explicit-locking.html)."""
    engine = _engine(url, {"statement_timeout": "0"}, None)
    event.listen(engine.sync_engine, "begin", _take_turn)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = '{_WRITE_SECONDS}s'"))
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()


def _writer(url: URL) -> AsyncEngine:
    """Its transactions see what those before them have committed, whatever the server's default is."""
    settings = {"default_transaction_isolation": "read committed"}
    engine = _engine(url, settings, _ANSWER_SECONDS, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "begin", _take_turn)
    return engine


def _readers(url: URL) -> AsyncEngine:
    settings = {"default_transaction_read_only": "on"}
    pool = {"pool_size": _READERS, "max_overflow": _READERS}
    return _engine(url, settings, _ANSWER_SECONDS, isolation_level="AUTOCOMMIT", **pool)


def _engine(url: URL, settings: dict[str, str], answer_seconds: float | None, **options: Any) -> AsyncEngine:
    """asyncpg reads the URL itself, as it understands more of libpq's parameters than SQLAlchemy hands on."""
    arguments = {
        "dsn": _dsn(url),
        "timeout": _CONNECT_SECONDS,
        "command_timeout": answer_seconds,
        "server_settings": {
            "application_name": url.query.get("application_name", "showcaller"),
            "statement_timeout": f"{_WRITE_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{_WRITE_SECONDS}s",
            **settings,
        },
    }
    engine = create_async_engine(URL.create(DRIVER), connect_args=arguments, hide_parameters=True, **options)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _dsn(url: URL) -> str:
    """asyncpg takes its own `ssl=require` as an argument only, and in a URL as libpq spells it."""
    query = {{"ssl": "sslmode"}.get(name, name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """asyncpg hears at once when the server hangs up; the pool then connects anew, and the caller notices nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _take_turn(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)").bindparams(lock=_LOCK))


@contextmanager
def _said_in_words(url: URL) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, OSError) as error:
        raise StoreUnusable(f"{name_of(url)} cannot be used: {_reason(error)}.") from None


def _reason(error: DBAPIError | OSError) -> str:
    """In one line, without hints. The server's words quote no password, and the network's go without asyncio's own."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        number = error.errno or 0
        return os.strerror(number) if number > 0 else error.strerror or str(error)
    cause = error.orig.__cause__ or error.orig if error.orig else error
    return str(cause).partition("\n")[0].rstrip(".")
