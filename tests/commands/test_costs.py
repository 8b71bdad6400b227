"""What a command costs in calls to a LiveKit server is what `docs/livekit.md` says of it."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from providers.base import TokenOptions
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.commands.workspace import ANNA, Workspace
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn

PAGE = Path(__file__).parents[2] / "docs" / "livekit.md"
ROWS = re.findall(r"^\| `([^`]+)` \| (-|(?:\d+ \w+(?:, )?)+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture
async def standin() -> AsyncIterator[LiveKitStandIn]:
    async with LiveKitStandIn() as standin:
        yield standin


@pytest.fixture
async def workspace(standin: LiveKitStandIn) -> AsyncIterator[Workspace]:
    """Bob and Cleo are in `standup`, and each sends sound."""
    provider = LiveKit("livekit", LiveKitSettings(url=standin.url, api_key=KEY, api_secret=SecretStr(SECRET)))
    workspace = Workspace(provider)
    room = await workspace.room("standup")
    for identity in ("bob", "cleo"):
        token = await provider.create_token(room, TokenOptions(identity))
        standin.join(token.token.get_secret_value())
        standin.publish("standup", identity)
    standin.calls.clear()
    yield workspace
    await provider.aclose()


def test_the_page_has_a_table() -> None:
    assert len(ROWS) > 15


@pytest.mark.parametrize(("line", "cost"), ROWS, ids=[line for line, _ in ROWS])
async def test_a_command_costs_what_the_page_says(
    standin: LiveKitStandIn, workspace: Workspace, line: str, cost: str
) -> None:
    """Where it asks first, the question and the yes together."""
    answer = await workspace.say(line, by=ANNA)
    if isinstance(answer.result, Asked):
        pending = await workspace.pending.peek(answer.result.token)
        assert pending is not None
        answer = await workspace.press(pending.command, by=ANNA, confirmed=True)
    assert answer.outcome is Outcome.DONE, answer
    calls = Counter(standin.calls)
    assert (", ".join(f"{count} {method}" for method, count in sorted(calls.items())) or "-") == cost
