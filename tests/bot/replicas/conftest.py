from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.bot.replicas.pair import Pair, open_pair
from tests.postgresql import Server


@pytest_asyncio.fixture
async def database_url(postgresql_server: Server) -> AsyncIterator[str]:
    async with postgresql_server.database() as url:
        yield url


@pytest_asyncio.fixture
async def pair(tmp_path: Path, database_url: str) -> AsyncIterator[Pair]:
    async with open_pair(tmp_path, database_url) as opened:
        yield opened
