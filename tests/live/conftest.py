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
async def studio(tmp_path: Path, server_settings: str) -> AsyncIterator[Studio]:
    async with Studio.open(tmp_path, settings=server_settings) as studio:
        yield studio
