"""Where several modules begin: LiveKit's stand-in with a provider that speaks to it, and the server in memory."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from providers.base import RoomOptions, RoomRef
from providers.facts import Fact
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer
from providers.memory.settings import MemorySettings
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn


@pytest.fixture
async def standin() -> AsyncIterator[LiveKitStandIn]:
    async with LiveKitStandIn() as standin:
        yield standin


@pytest.fixture
async def livekit(standin: LiveKitStandIn) -> AsyncIterator[LiveKit]:
    settings = LiveKitSettings(url=standin.url, api_key=KEY, api_secret=SecretStr(SECRET))
    provider = LiveKit("livekit", settings)
    yield provider
    await provider.aclose()


@pytest.fixture
async def impatient(standin: LiveKitStandIn) -> AsyncIterator[LiveKit]:
    """Waits for a start no longer than 450 ms."""
    settings = LiveKitSettings(url=standin.url, api_key=KEY, api_secret=SecretStr(SECRET))
    provider = LiveKit("livekit", settings, deadline=timedelta(milliseconds=100))
    yield provider
    await provider.aclose()


@pytest.fixture
async def standup(livekit: LiveKit) -> RoomRef:
    """A live room of that name."""
    return (await livekit.create_room("standup", RoomOptions())).room.ref


@pytest.fixture
def settings() -> MemorySettings:
    """What takes time by itself takes next to none."""
    return MemorySettings(recording_delay_seconds=0.01)


@pytest.fixture
def told() -> list[Fact]:
    """What the server in memory has told, in its order."""
    return []


@pytest.fixture
async def server(settings: MemorySettings, told: list[Fact]) -> AsyncIterator[MemoryServer]:
    """The server in memory, without a provider before it."""
    server = MemoryServer("studio", settings, Memory("studio", settings).limits, told.append)
    yield server
    server.stop()
