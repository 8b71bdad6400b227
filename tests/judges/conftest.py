"""Judges from outside: what they need, and the stand-in Slack that they judge."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.demo.slack import Channel, StandIn, User
from tests.judges.typescript import TypeScript

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Judged"},
    "features": {
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [{"command": "/video", "description": "x", "should_escape": True}],
        "shortcuts": [
            {"name": "Anywhere", "type": "global", "callback_id": "anywhere", "description": "x"},
            {"name": "On this", "type": "message", "callback_id": "on_this", "description": "x"},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "commands",
                "chat:write",
                "app_mentions:read",
                "im:history",
                "channels:read",
                "users:read",
                "im:read",
                "im:write",
                "files:write",
                "usergroups:read",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "app_mention", "message.im"]},
        "interactivity": {"is_enabled": True},
    },
}
"""An app with all that the stand-in knows, but for `groups:read`."""


@pytest.fixture(scope="session")
def typescript() -> TypeScript:
    return TypeScript()


@pytest.fixture
async def slack() -> AsyncIterator[StandIn]:
    async with StandIn(MANIFEST) as stand_in:
        yield stand_in


@pytest.fixture
def ana(slack: StandIn) -> User:
    return slack.workspace.add_user("ana", owner=True)


@pytest.fixture
def general(slack: StandIn, ana: User) -> Channel:
    return slack.workspace.add_channel("general", members=[ana])
