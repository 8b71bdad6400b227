"""What is written to the bot alone: a line is enough, and who does not know what it takes is shown."""

import pytest

from bot.demo.world import World
from tests.bot.conversations.claims import name_in
from tests.bot.conversations.talk import (
    accepted,
    attempts,
    card,
    doors,
    labels,
    opened,
    press_in_place,
    public,
    rooms,
    tell,
)


@pytest.mark.parametrize(
    "text", ["room list", "/video room list", "@showcaller room list", "`/video room list`", "Room List"]
)
async def test_a_line_is_enough(world: World, text: str) -> None:
    assert (await tell(world, world.operator, text)).lines[0] == "No room is live on `memory`."
    assert doors(world) == [("direct", "room list")]


async def test_a_room_that_is_made_there_has_its_card_there(world: World) -> None:
    channel = world.slack.workspace.dm(world.operator)
    assert (await tell(world, world.operator, "room create standup")).ephemeral_to is None
    await card(world, "standup", "🟢 *Live*", channel=channel)
    await world.slack.write(world.operator, channel, "room close .")
    asked = await world.slack.until(lambda: next((m for m in public(world, channel) if "End room" in labels(m)), None))
    assert (await press_in_place(world, world.operator, asked, "End room")).lines[0] == "Ended *standup*."
    assert rooms(world) == []


async def test_a_slip_is_answered_with_what_was_meant_and_help(world: World) -> None:
    told = await tell(world, world.operator, "rom list")
    assert told.lines[0] == "There is no command “rom list”."
    assert labels(told) == ["room list", "Help"]


async def test_small_talk_is_answered_with_the_way_to_help(world: World) -> None:
    told = await tell(world, world.operator, "Hello, who are you?")
    assert told.lines[0] == "There is no command “Hello, who”."
    assert labels(told) == ["Help"]
    accepted(await world.slack.press(world.operator, told, "Help"))
    channel = world.slack.workspace.dm(world.operator)
    await world.slack.until(
        lambda: [m for m in world.slack.seen_by(world.operator, channel) if "participant" in m.words]
    )
    assert attempts(world) == [("help", "done")]


async def test_what_is_no_command_gets_one_answer(world: World) -> None:
    await tell(world, world.operator, 'what does "this do')
    told = await tell(world, world.operator, "whoami")
    channel = world.slack.workspace.dm(world.operator)
    answers = [m for m in public(world, channel) if m.user == world.slack.bot_user_id]
    assert [m.lines[0] for m in answers] == ['This quote is never closed: "this do', told.lines[0]]
    assert labels(answers[0]) == ["Help"]


async def test_a_mistake_in_a_command_brings_no_help_for_all(world: World) -> None:
    told = await tell(world, world.operator, "room create standup --max-participants many")
    assert "“many” is not a whole number." in told.words
    assert attempts(world) == []


async def test_a_secret_may_stand_there(world: World) -> None:
    assert "eyJ" in (await tell(world, world.operator, "token create standup")).words


async def test_a_token_has_the_name_that_others_see(world: World) -> None:
    assert name_in(await tell(world, world.operator, "token create standup")) == world.operator.name


async def test_what_needs_a_form_gets_a_button_for_it(world: World) -> None:
    told = await tell(world, world.operator, "room create")
    accepted(await world.slack.press(world.operator, told, "Open form"))
    view = await opened(world, world.operator)
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await card(world, "retro", channel=world.slack.workspace.dm(world.operator))
    assert doors(world) == [("form", "room create")]


async def test_an_edit_is_not_heard(world: World) -> None:
    channel = world.slack.workspace.dm(world.operator)
    said = {"type": "message", "channel_type": "im", "channel": channel.id, "ts": "1.1", "text": "room create x"}
    for more in ({"subtype": "message_changed"}, {"user": world.operator.id, "bot_id": "B1"}):
        accepted(await world.slack.event({**said, **more}))
    await tell(world, world.operator, "room list")
    assert doors(world) == [("direct", "room list")]
