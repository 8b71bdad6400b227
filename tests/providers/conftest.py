"""LiveKit's stand-in and a provider that speaks to it, for every module of tests about LiveKit."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from providers.base import RoomOptions, RoomRef
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
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
