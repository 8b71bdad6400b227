"""What Slack delivers twice is done once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.demo.slack.deliver import Kind, signature
from bot.demo.world import World
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.conftest import Wanted
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    card,
    doors,
    forget_forms,
    form,
    heard,
    mention,
    press,
    rooms,
    tell,
)


async def test_a_command_that_is_delivered_twice_acts_once(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video alert subscribe recording")
    for _ in range(3):
        accepted(await world.slack.redeliver())
    await ask(world, world.operator, "/video alert list")
    assert [words for words, _ in attempts(world)] == ["alert subscribe recording", "alert list"]
    assert len(heard(world, world.operator)) == 2
    assert [line["door"] for line in log.events("a repeated delivery was dropped")] == ["slash"] * 3


async def test_doubled_envelopes_at_the_same_moment_act_once(world: World) -> None:
    world.memory.server.delay_seconds = 0.05
    first = asyncio.create_task(world.slack.command(world.operator, world.general, "/video room create standup"))
    await asyncio.sleep(0)
    for ack in await asyncio.gather(first, world.slack.redeliver(), world.slack.redeliver()):
        accepted(ack)
    await card(world, "standup", "🟢 *Live*")
    assert len(attempts(world)) == 1


async def test_a_press_that_is_delivered_twice_acts_once(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    await press(world, world.operator, await card(world, "standup"), "Record")
    accepted(await world.slack.redeliver())
    await card(world, "Recording of standup", "🔴 *Live*")
    assert len(world.memory.server.list_recordings()) == 1
    assert len(log.events("a repeated delivery was dropped")) == 1


async def test_a_double_click_acts_once(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    for _ in range(2):
        accepted(await world.slack.press(world.operator, shown, "Record"))
    await card(world, "Recording of standup", "🔴 *Live*")
    await world.slack.until(lambda: len(heard(world, world.operator)) > 1 or None)
    await ask(world, world.operator, "/video whoami")
    assert [words.split()[0] for words, _ in attempts(world)] == ["room", "recording", "whoami"]
    assert len(log.events("a double click was taken for one press")) == 1


async def test_two_presses_are_two_presses(world: World, clock: MovedClock) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    await press(world, world.operator, shown, "Participants")
    clock.move(seconds=1)
    await press(world, world.operator, shown, "Participants")
    assert [words.split()[0] for words, _ in attempts(world)] == ["room", "participant", "participant"]


async def test_presses_of_two_people_are_two_presses(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    for who in (world.operator, world.owner):
        accepted(await world.slack.press(who, shown, "Participants"))
    await world.slack.until(
        lambda: all("nobody is in it" in str(heard(world, who)) for who in (world.operator, world.owner))
    )
    assert [path for _, path in doors(world)] == ["room create", "participant list", "participant list"]


async def _by_slash(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")


async def _by_mention(world: World) -> None:
    await mention(world, world.operator, "@showcaller room create standup")


async def _alone(world: World) -> None:
    await tell(world, world.operator, "room create standup")


async def _by_button(world: World) -> None:
    wrong = await ask(world, world.operator, "/video rom create standup")
    await press(world, world.operator, wrong, "room create standup")


@pytest.mark.parametrize("asking", [_by_slash, _by_mention, _alone, _by_button])
async def test_a_repeat_after_a_restart_does_nothing(
    world: World, log: Log, asking: Callable[[World], Awaitable[None]]
) -> None:
    await asking(world)
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    await world.restart()
    before = len(world.slack.calls)
    accepted(await world.slack.redeliver())
    while not log.events("a repeated delivery was dropped"):
        await asyncio.sleep(0.005)
    assert rooms(world) == []
    assert len(doors(world)) == 1
    said = [call.method for call in world.slack.calls[before:]]
    assert "chat.postMessage" not in said
    assert "chat.postEphemeral" not in said


async def _deliver(world: World, payload: Mapping[str, str]) -> None:
    """A slash command as no client of Slack's sends it."""
    if world.transport == "socket":
        assert (await world.slack.sockets.send(Kind.COMMAND, payload)).status == 200
        return
    body, timestamp = urlencode(payload).encode(), str(int(time.time()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(world.slack.signing_secret, timestamp, body),
    }
    url = f"{world.address}/slack/events"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("lacking", ["team_id", "user_id", "channel_id"])
async def test_a_command_without_its_sender_or_place_is_dropped(world: World, log: Log, lacking: str) -> None:
    sent = {"command": "/video", "text": "room create standup", "trigger_id": "1", "response_url": "https://x.test"}
    whole = {**sent, "team_id": world.slack.team_id, "user_id": world.operator.id, "channel_id": world.general.id}
    del whole[lacking]
    await _deliver(world, whole)
    while not log.events("a payload without its sender or place was dropped"):
        await asyncio.sleep(0.005)
    assert doors(world) == []


async def test_a_form_that_is_delivered_twice_acts_once(world: World) -> None:
    view = await form(world, world.operator, "/video room create")
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await world.slack.until(lambda: heard(world, world.operator))
    accepted(await world.slack.redeliver())
    await ask(world, world.operator, "/video whoami")
    assert [words.split()[0] for words, _ in attempts(world)] == ["room", "whoami"]


async def test_a_repeat_is_known_for_eleven_minutes(world: World, clock: MovedClock) -> None:
    clock.move(seconds=-290)
    await ask(world, world.operator, "/video whoami")
    clock.move(seconds=580)
    accepted(await world.slack.redeliver())
    await ask(world, world.operator, "/video room list")
    assert [words.split()[0] for words, _ in attempts(world)] == ["whoami", "room"]


async def test_an_answer_that_the_channel_does_not_take_comes_as_a_direct_message(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("not_in_channel")
    view = await form(world, world.operator, "/video token create")
    await forget_forms(world)
    world.slack.workspace.kick(world.general, world.slack.workspace.bot)
    accepted(await world.slack.submit(world.operator, view, {"room": "standup"}))
    here = world.slack.workspace.dm(world.operator)
    (said,) = await world.slack.until(lambda: world.slack.seen_by(world.operator, here))
    assert said.lines[0].startswith("Your way into *standup*.")
    assert heard(world, world.operator) == []
