"""A store on each kind of database, and a clock that stands still until it is told to move."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.store.engine import Store
from tests.postgresql import Server


class StillClock:
    """A `Clock` for what only asks the time."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, by: timedelta) -> None:
        self._now += by


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/showcaller.db"


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, file_url: str) -> AsyncIterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield file_url
        return
    server: Server = request.getfixturevalue("postgresql_server")
    async with server.database() as database_url:
        yield database_url


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, file_url: str) -> AsyncIterator[str]:
    """One that has been used before."""
    if request.param == "sqlite":
        yield file_url
        return
    server: Server = request.getfixturevalue("postgresql_server")
    async with server.upgraded() as database_url:
        yield database_url


@pytest_asyncio.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """What holds for one holds for the other."""
    store = await Store.open(url)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def file_store(file_url: str) -> AsyncIterator[Store]:
    store = await Store.open(file_url)
    yield store
    await store.close()
