from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.slack.client import SlackClient
from tests.bot.slack.scripted import Scripted, scripted


@dataclass
class Clock:
    """`commands.core.ports.Clock`, standing still until a test moves it."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def both(clock: Clock) -> AsyncIterator[tuple[Scripted, SlackClient]]:
    async with scripted(clock.monotonic) as started:
        yield started


@pytest.fixture
def api(both: tuple[Scripted, SlackClient]) -> Scripted:
    return both[0]


@pytest.fixture
def client(both: tuple[Scripted, SlackClient]) -> SlackClient:
    return both[1]
