"""An address that leads into the server's own network is refused through every door, in a form under its field."""

import pytest

from bot import wiring
from bot.demo.world import World
from commands.core.registry import Commands, all_commands
from tests.bot.conversations.conftest import MEMORY, Start
from tests.bot.conversations.talk import accepted, ask, form, heard, opened
from tests.commands.core.test_reaching import RAN, ClipPlay

INSIDE = "http://169.254.169.254/latest"
PUBLIC = "http://93.184.216.34/clip.mp4"
REFUSAL = (
    "“169.254.169.254” is in no public network, so no video server is sent there. Give a public address, or ask "
    "whoever runs this bot to allow it in SHOWCALLER_ALLOW_ADDRESSES."
)


@pytest.fixture(autouse=True)
def _with_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    RAN.clear()
    monkeypatch.setattr(wiring, "all_commands", lambda: Commands([*all_commands().values(), ClipPlay]))


async def test_in_a_form_it_stands_under_its_field(world: World) -> None:
    view = await form(world, world.operator, "/video clip play")
    accepted(await world.slack.submit(world.operator, view, {"url": INSIDE}))
    view = await opened(world, world.operator)
    assert view.errors == {"url": REFUSAL}
    assert RAN == []

    accepted(await world.slack.submit(world.operator, view, {"url": PUBLIC}))
    said = await world.slack.until(lambda: heard(world, world.operator))
    assert [message.words for message in said] == ["Played."]
    assert RAN == [PUBLIC]


async def test_in_a_line_it_is_said(world: World) -> None:
    said = await ask(world, world.operator, f"/video clip play {INSIDE}")
    assert f"URL: {REFUSAL}" in said.words
    assert RAN == []


async def test_what_the_operator_allows_is_taken(start: Start) -> None:
    world = await start(providers=MEMORY, environ={"SHOWCALLER_ALLOW_ADDRESSES": "169.254.0.0/16"})
    assert (await ask(world, world.operator, f"/video clip play {INSIDE}")).words == "Played."
