"""The database on a PostgreSQL server, which several processes share.

Every write takes one advisory lock first, so that two processes write one after the other as they must on SQLite.
PostgreSQL gives up on one that holds it and does nothing (`idle_in_transaction_session_timeout`, `statement_timeout`:
https://www.postgresql.org/docs/current/runtime-config-client.html), so that a process that was frozen holds up nobody
for long. The lock goes with the transaction, and with the connection at the latest.
"""

from typing import Any

from sqlalchemy import URL, Connection, NullPool, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.errors import StoreUnusable
from bot.store.migrate import upgrade
from bot.store.writer import Writer

DRIVER = "postgresql+asyncpg"

_READERS = 4
_CONNECT_SECONDS = 10
_WRITE_SECONDS = 15

_LOCK = 0x53686F7743616C6C
"""Of the writers: "ShowCall" in ASCII, as the number that PostgreSQL wants."""

_ANSWER_SECONDS = 15.0


async def connect(database_url: str) -> tuple[Writer, AsyncEngine]:
    """The writer, on the schema of this version, and the readers. Raises `StoreUnusable`."""
    url = make_url(database_url).set(drivername=DRIVER)
    try:
        writer = await _writer(url)
    except (DBAPIError, OSError, TimeoutError) as error:
        raise StoreUnusable(f"{_server(url)} cannot be used as a database: {_reason(error)}.") from None
    return writer, _readers(url)


async def _writer(url: URL) -> Writer:
    engine = _engine(url, {"idle_in_transaction_session_timeout": f"{_WRITE_SECONDS}s"}, poolclass=NullPool)
    event.listen(engine.sync_engine, "begin", _take_turn)
    connection = await engine.connect()
    try:
        async with connection.begin():
            await connection.run_sync(upgrade)
    except BaseException:
        await connection.close()
        raise
    return Writer(connection)


def _readers(url: URL) -> AsyncEngine:
    return _engine(
        url,
        {"default_transaction_read_only": "on"},
        pool_size=_READERS,
        max_overflow=_READERS,
        pool_pre_ping=True,
        isolation_level="AUTOCOMMIT",
    )


def _engine(url: URL, settings: dict[str, str], **options: Any) -> AsyncEngine:
    server_settings = {"application_name": "showcaller", "statement_timeout": f"{_WRITE_SECONDS}s", **settings}
    arguments = {"timeout": _CONNECT_SECONDS, "command_timeout": _ANSWER_SECONDS, "server_settings": server_settings}
    return create_async_engine(url, connect_args=arguments, hide_parameters=True, **options)


def _take_turn(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)").bindparams(lock=_LOCK))


def _server(url: URL) -> str:
    """For people; without user and password."""
    return f"PostgreSQL at {url.host or 'the local socket'}, database {url.database or 'unnamed'},"


def _reason(error: Exception) -> str:
    """The server's words for it, which quote no password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).rpartition("'>: ")[2].split()).rstrip(".") or type(cause).__name__
