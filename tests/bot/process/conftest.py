from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.bot.process.showcaller import Street
from tests.bot.process.showcaller import street as open_street
from tests.leaks.taps import hear_file
from tests.leaks.watch import WATCH


@pytest_asyncio.fixture(name="street")
async def _street(tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(tmp_path) as opened:
        yield opened
    hear_file(WATCH, opened.database)


@pytest_asyncio.fixture(name="socket_street")
async def _socket_street(tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(tmp_path, socket_mode=True) as opened:
        yield opened
    hear_file(WATCH, opened.database)
