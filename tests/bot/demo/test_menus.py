"""Slack's menus and the Home tab: shortcuts as Slack sends them, and the verbs of the prompt for both."""

from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path

import pytest

from bot import manifest
from bot.demo.seat import NotDone, Seat
from bot.demo.slack import StandIn, User
from bot.demo.verbs import CREATE_ROOM, FROM_MESSAGE, carry_out
from bot.demo.world import World
from tests.bot.conversations.talk import accepted, ask, labels, opened
from tests.bot.demo.conftest import MANIFEST, Clock
from tests.bot.demo.recorder import Recorder


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[StandIn]:
    declared = deepcopy(MANIFEST)
    declared["features"]["shortcuts"] = [
        {"name": "Make", "type": "global", "callback_id": "make", "description": "x"},
        {"name": "Keep", "type": "message", "callback_id": "keep", "description": "x"},
    ]
    async with StandIn(declared, now=clock) as stand_in:
        yield stand_in


@pytest.fixture
async def bot(slack: StandIn) -> AsyncIterator[Recorder]:
    async with Recorder(slack.signing_secret).listening() as recorder:
        slack.request_url = recorder.url
        yield recorder


async def test_a_global_shortcut_arrives_as_slack_sends_it(slack: StandIn, bot: Recorder, ana: User) -> None:
    accepted(await slack.shortcut(ana, "Make"))
    assert (bot.last["type"], bot.last["callback_id"]) == ("shortcut", "make")
    assert (bot.last["user"]["id"], bot.last["team"]["id"]) == (ana.id, slack.team_id)
    assert bot.last["trigger_id"]
    assert bot.last["action_ts"]
    assert not {"channel", "response_url", "message"} & set(bot.last)


async def test_a_message_shortcut_brings_its_message(slack: StandIn, bot: Recorder, ana: User, ben: User) -> None:
    general = slack.workspace.add_channel("general", members=[ana, ben])
    first = slack.workspace.post(general, ben, "Is it <b> down?")
    reply = slack.workspace.post(general, ben, "Yes", thread_ts=first.ts)
    accepted(await slack.message_shortcut(ana, reply, "Keep"))
    assert (bot.last["type"], bot.last["callback_id"]) == ("message_action", "keep")
    assert bot.last["channel"] == {"id": general.id, "name": "general"}
    assert (bot.last["message"]["text"], bot.last["message"]["user"]) == ("Yes", ben.id)
    assert (bot.last["message_ts"], bot.last["message"]["thread_ts"]) == (reply.ts, first.ts)
    assert bot.last["response_url"]


async def test_what_is_not_there_cannot_be_chosen(slack: StandIn, bot: Recorder, ana: User, ben: User) -> None:
    crew = slack.workspace.add_channel("crew", private=True, members=[ben])
    hidden = slack.workspace.post(crew, ben, "secret")
    general = slack.workspace.add_channel("general", members=[ana, ben])
    whispered = slack.workspace.post(general, slack.workspace.bot, "psst", ephemeral_to=ana.id)
    with pytest.raises(ValueError, match="no such shortcut"):
        await slack.shortcut(ana, "Keep")
    with pytest.raises(ValueError, match="no such shortcut"):
        await slack.message_shortcut(ben, hidden, "Make")
    with pytest.raises(LookupError):
        await slack.message_shortcut(ana, hidden, "Keep")
    with pytest.raises(ValueError, match="one person sees"):
        await slack.message_shortcut(ana, whispered, "Keep")
    assert bot.payloads == []


# The verbs


@pytest.fixture
async def seat(tmp_path: Path) -> AsyncIterator[Seat]:
    async with await World.open(tmp_path) as world:
        yield Seat(world, world.owner, world.general)


def test_the_verbs_know_the_shortcuts_of_the_manifest() -> None:
    names = {shortcut["name"] for shortcut in manifest.load()["features"]["shortcuts"]}
    assert names == {CREATE_ROOM, FROM_MESSAGE}


async def test_home_is_shown_with_numbers_that_press_its_buttons(seat: Seat) -> None:
    await ask(seat.world, seat.user, "/video room create standup")
    shown = await carry_out(seat, ":home")
    assert "[1 Create room] [2 List rooms] [3 Help]" in shown
    assert "[4 Join] [5 Show] [6 End]" in shown
    assert await carry_out(seat, ":home 5") == "ana presses Show."
    assert seat.channel is seat.world.slack.workspace.dm(seat.user)
    await seat.world.slack.until(lambda: seat.world.slack.seen_by(seat.user, seat.channel))
    with pytest.raises(NotDone, match="There is no button 99 on the Home"):
        await carry_out(seat, ":home 99")


async def test_shortcuts_open_a_form(seat: Seat) -> None:
    await carry_out(seat, ":shortcut")
    first = await opened(seat.world, seat.user)
    assert first.title == "Create room"
    accepted(await seat.world.slack.close(seat.user, first))
    message = await seat.world.slack.write(seat.user, seat.channel, "An incident")
    assert seat.number(message) == 1
    await carry_out(seat, ":shortcut 1")
    assert "Conversation" not in (await opened(seat.world, seat.user)).words
    assert labels(await opened(seat.world, seat.user)) == ["More options"]
