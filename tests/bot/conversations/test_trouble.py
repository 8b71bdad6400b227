"""Video servers in trouble: down, slow, misconfigured, not what they are taken for."""

import asyncio

import pytest

from bot.demo.world import World
from providers.errors import (
    Conflict,
    Malformed,
    ProviderError,
    RateLimited,
    Rejected,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, attempts, card, form, heard, press, public, rooms

SERVER = "\nVideo server: `memory`"

TROUBLES: list[tuple[type[ProviderError], str]] = [
    (Unreachable, "The video server does not answer.\nTry again in a minute, and check that it runs."),
    (
        TimedOut,
        "The video server took too long to answer.\nIt may have done it all the same, so look before you repeat it.",
    ),
    (
        Malformed,
        "What answered does not speak like this kind of video server.\nCheck the address that the bot was given.",
    ),
    (
        Unauthenticated,
        "The video server does not accept our key or secret.\nAsk whoever runs the bot to check them.",
    ),
    (RateLimited, "The video server asks us to slow down.\nTry again in a moment."),
    (Rejected, "The video server refused these values.\nChange them and try again.\nIt said: `made on demand`"),
    (
        Conflict,
        "The video server says that it is in another state.\nLook at it first, then decide.\nIt said: `made on demand`",
    ),
]


@pytest.mark.parametrize(("trouble", "answer"), TROUBLES, ids=[kind.__name__ for kind, _ in TROUBLES])
async def test_trouble_is_named_for_its_remedy(
    world: World, log: Log, trouble: type[ProviderError], answer: str
) -> None:
    world.memory.server.faults["*"] = trouble
    mark = len(log.lines)
    said = await ask(world, world.operator, "/video room create standup")
    assert said.words == answer + SERVER
    assert (rooms(world), public(world)) == ([], [])
    (line,) = log.after(mark)
    assert (line["event"], line["outcome"]) == ("command", "failed")
    assert line["detail"].startswith(f"{trouble.__name__}: made on demand")
    assert attempts(world) == [("room create standup --provider memory", "failed")]

    world.memory.server.faults.clear()
    assert (await ask(world, world.operator, "/video room create standup")).words == "Created *standup*."


async def test_a_server_that_is_slower_than_we_wait(world: World) -> None:
    world.memory.server.delay_seconds = 30
    async with asyncio.timeout(3):
        said = await ask(world, world.operator, "/video room create standup")
    assert said.lines[0] == "The video server took too long to answer."
    assert rooms(world) == []


async def test_a_slow_server_does_not_delay_the_acknowledgement_or_others(world: World) -> None:
    world.memory.server.delay_seconds = 0.5
    acks = await asyncio.gather(
        *(world.slack.command(world.operator, world.general, f"/video room create r{n}") for n in range(10))
    )
    assert max(ack.seconds for ack in acks) < world.memory.server.delay_seconds
    await world.slack.until(lambda: len(heard(world, world.operator)) == 10)
    assert {m.words for m in heard(world, world.operator)} == {f"Created *r{n}*." for n in range(10)}


@pytest.mark.parametrize("button", ["Record", "Participants", "Mute all", "End"])
async def test_trouble_at_a_button_leaves_the_card_as_it_was(world: World, button: str) -> None:
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup", "🟢 *Live*")
    world.memory.server.faults["*"] = Unreachable
    said = await press(world, world.operator, live, button)
    assert said.lines[0] == "The video server does not answer."
    assert [m.words for m in public(world)] == [live.words]
    assert rooms(world) == ["standup"]


async def test_trouble_after_yes_takes_the_place_of_the_question(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    question = await press(world, world.operator, await card(world, "standup"), "End")
    world.memory.server.faults["close_room"] = Unreachable
    said = await press(world, world.operator, question, "End room")
    assert (said.ts, said.lines[0]) == (question.ts, "The video server does not answer.")
    assert rooms(world) == ["standup"]


async def test_trouble_behind_a_form_is_told_to_its_sender(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    world.memory.server.faults["create_room"] = Unauthenticated
    await world.slack.submit(world.operator, view, {"name": "standup"})
    (said,) = await world.slack.until(lambda: heard(world, world.operator))
    assert said.lines[0] == "The video server does not accept our key or secret."
    assert world.slack.view_of(world.operator) is None


async def test_a_room_that_was_made_gets_its_card_though_its_recording_cannot_be_asked_for(world: World) -> None:
    world.memory.server.faults["list_recordings"] = Unreachable
    assert (await ask(world, world.operator, "/video room create standup --record")).words == "Created *standup*."
    await card(world, "standup", "🟢 *Live*")


async def test_provider_show_says_what_is_wrong(world: World) -> None:
    world.memory.server.faults["ping"] = Unauthenticated
    said = await ask(world, world.operator, "/video provider show")
    assert "no. The video server does not accept our key or secret. Ask whoever runs the bot" in said.words
