"""A started workspace with a few people, and Slack's own client on it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Test"},
    "features": {
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [
            {"command": "/video", "description": "x", "should_escape": True},
            {"command": "/raw", "description": "x"},
        ],
    },
    "oauth_config": {
        "scopes": {"bot": ["commands", "chat:write", "channels:read", "groups:read", "users:read", "im:write"]}
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "message.im"]},
        "interactivity": {"is_enabled": True},
    },
}


class Clock:
    """Epoch seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def age(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[StandIn]:
    async with StandIn(MANIFEST, now=clock) as stand_in:
        yield stand_in


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(slack: StandIn, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)


@pytest.fixture
def ana(slack: StandIn) -> User:
    return slack.workspace.add_user("ana", owner=True)


@pytest.fixture
def ben(slack: StandIn) -> User:
    return slack.workspace.add_user("ben")


@pytest.fixture
def general(slack: StandIn, ana: User, ben: User) -> Channel:
    return slack.workspace.add_channel("general", members=[ana, ben])
