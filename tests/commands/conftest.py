"""A workspace on the real in-memory video server."""

from collections.abc import AsyncIterator

import pytest

from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import Workspace


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """Nothing happens on it by itself: recordings stay as they are until a test says otherwise."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=3600))
    yield provider
    await provider.aclose()


@pytest.fixture
async def annex() -> AsyncIterator[Memory]:
    """A second video server of the same kind."""
    provider = Memory("annex", MemorySettings(recording_delay_seconds=3600))
    yield provider
    await provider.aclose()


@pytest.fixture
def workspace(memory: Memory, annex: Memory) -> Workspace:
    return Workspace(memory, annex)
