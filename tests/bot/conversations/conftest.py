"""The whole bot beside a stand-in Slack. Each conversation is written once and runs over both transports.

When a conversation is over, nothing that the test did not want may have gone wrong: no call was refused by Slack, Slack
had nothing to complain of to anybody, and the log holds no error, no traceback and no secret.
"""

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from bot.demo.world import Transport, World
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.log import Log

MEMORY = """
[providers.memory]
kind = "memory"
webhook_url = "http://127.0.0.1:${PORT}/webhooks/memory"
webhook_secret = "not-a-secret-that-anybody-must-guess"
recording_delay_seconds = 0.02
deadline_seconds = 1.0
"""
"""The bot waits for this server a tenth of what is usual, so that a test can be slower than that."""


@dataclass
class Wanted:
    """What a test brings about on purpose: refusals by Slack, by code, and errors in the log, by event."""

    refusals: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)


class Start(Protocol):
    """Starts a bot, to be stopped when the test is over."""

    def __call__(self, *, providers: str = MEMORY, environ: Mapping[str, str] | None = None) -> Awaitable[World]: ...


@pytest.fixture(params=["http", "socket"])
def transport(request: pytest.FixtureRequest) -> Transport:
    chosen: Transport = request.param
    return chosen


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def wanted() -> Wanted:
    return Wanted()


@pytest.fixture
def log() -> Iterator[Log]:
    with Log().taken() as taken:
        yield taken


@pytest.fixture
async def start(
    transport: Transport, tmp_path: Path, clock: MovedClock, log: Log, wanted: Wanted
) -> AsyncIterator[Start]:
    worlds: list[World] = []
    async with AsyncExitStack() as stack:

        async def start(*, providers: str = MEMORY, environ: Mapping[str, str] | None = None) -> World:
            directory = tmp_path / str(len(worlds))
            directory.mkdir()
            world = await World.open(directory, transport=transport, providers=providers, environ=environ, clock=clock)
            worlds.append(await stack.enter_async_context(world))
            return world

        yield start
    for world in worlds:
        _nothing_went_wrong(world, wanted)
        _no_secret_in(log.text, world)
    assert [line for line in log.lines if _is_trouble(line) and line["event"] not in wanted.errors] == []


@pytest.fixture
async def world(start: Start) -> World:
    return await start()


def _nothing_went_wrong(world: World, wanted: Wanted) -> None:
    assert [call for call in world.slack.calls if not call.ok and call.error not in wanted.refusals] == []
    assert world.slack.workspace.notices == []


def _is_trouble(line: Mapping[str, object]) -> bool:
    return line["level"] in ("error", "critical") or "exception" in line


def _no_secret_in(text: str, world: World) -> None:
    slack = world.slack
    secrets = [slack.bot_token, slack.app_token, slack.signing_secret, "not-a-secret-that", "/response/", "eyJ"]
    assert [secret for secret in secrets if secret in text] == []
