from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.bot.alerts.house import House, open_house
from tests.bot.alerts.scene import Scene, open_scene


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path) as opened:
        yield opened
