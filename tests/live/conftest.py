"""What the tests through the whole bot have in common."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.conversations.log import Log
from tests.live.ingresses import Encoders
from tests.live.studio import Studio
from tests.live.telephones import assert_kept_out


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
async def ingress_studio(tmp_path: Path, server_settings: str, provider_settings: str) -> AsyncIterator[Studio]:
    """One whose server has Redis and an ingress worker: `studio.ingress`."""
    async with Studio.open(tmp_path, settings=server_settings, provider=provider_settings, ingress=True) as studio:
        yield studio


@pytest.fixture
def log() -> Iterator[Log]:
    """To be taken before a studio opens."""
    with Log().taken() as taken:
        yield taken


@pytest.fixture
async def encoders(log: Log, ingress_studio: Studio) -> AsyncIterator[Encoders]:
    """Whoever sends to `ingress_studio`."""
    async with Encoders.before(ingress_studio, log) as encoders:
        yield encoders


@pytest.fixture
async def phone_studio(tmp_path: Path, server_settings: str, provider_settings: str) -> AsyncIterator[Studio]:
    """One whose server has Redis and a SIP service: `studio.phones`."""
    async with Studio.open(tmp_path, settings=server_settings, provider=provider_settings, phones=True) as studio:
        yield studio


@pytest.fixture
def often_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the comparison tells that somebody answers, so it comes all the time."""
    monkeypatch.setattr("bot.settings.AlertSettings.reconcile_interval", timedelta(milliseconds=200))


@pytest.fixture
async def telephone_studio(log: Log, often_compared: None, phone_studio: Studio) -> AsyncIterator[Studio]:
    """A `phone_studio` with the room in it. Afterwards nothing is where it should not be."""
    await phone_studio.ask("room create standup")
    yield phone_studio
    assert_kept_out(phone_studio, log)


@pytest.fixture
async def agent_studio(tmp_path: Path, server_settings: str) -> AsyncIterator[Studio]:
    """One in which somebody serves `assistant`: `studio.agents("assistant")`."""
    async with Studio.open(tmp_path, settings=server_settings, agents=["assistant"]) as studio:
        yield studio


@pytest.fixture
async def studio(tmp_path: Path, server_settings: str) -> AsyncIterator[Studio]:
    async with Studio.open(tmp_path, settings=server_settings) as studio:
        yield studio
