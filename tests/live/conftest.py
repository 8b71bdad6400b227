"""What the tests through the whole bot have in common."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.live.studio import Studio


@pytest.fixture
def server_settings() -> str:
    """YAML for the server's own configuration. A test that needs other settings overrides it by parameter."""
    return ""


@pytest.fixture
def provider_settings() -> str:
    """TOML for the bot's configuration of the server, such as its outputs, in the same way."""
    return ""


@pytest.fixture
async def recording_studio(tmp_path: Path, server_settings: str, provider_settings: str) -> AsyncIterator[Studio]:
    """One whose server has Redis and an egress worker: `studio.worker`."""
    async with Studio.open(
        tmp_path, settings=server_settings, provider=provider_settings, redis=True, worker=True
    ) as studio:
        yield studio


@pytest.fixture
async def studio(tmp_path: Path, server_settings: str) -> AsyncIterator[Studio]:
    async with Studio.open(tmp_path, settings=server_settings) as studio:
        yield studio
