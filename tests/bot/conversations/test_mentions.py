"""What is written to the bot where others read it: in a channel, in a card's thread, in a thread of people."""

import pytest

from bot.demo.slack import Message
from bot.demo.world import World
from providers.base import RoomOptions
from tests.bot.conversations.claims import name_in
from tests.bot.conversations.conftest import Start, Wanted
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    card,
    doors,
    heard,
    labels,
    mention,
    note,
    opened,
    press,
    press_in_place,
    public,
    reply,
    rooms,
)


async def test_a_mention_is_answered_under_it(world: World) -> None:
    told = await mention(world, world.operator, "@showcaller room create standup")
    assert told.words == "Created *standup*."
    live = await card(world, "standup", "🟢 *Live*")
    assert live.thread_ts is None
    assert rooms(world) == ["standup"]
    assert attempts(world) == [("room create standup --provider memory", "done")]
    assert doors(world) == [("mention", "room create")]


@pytest.mark.parametrize(
    "text",
    [
        "Could you please, @showcaller room create standup",
        "@showcaller\nroom create\nstandup",
        "@showcaller: room create standup",
        "@showcaller, room create standup",
        "@showcaller room create “standup”",
        "@showcaller `room create standup`",
        "@showcaller ```/video room create standup```",
        "@showcaller /video room create standup",
        "@showcaller room\u00a0create\u00a0standup",
        "@showcaller room create `standup`",
    ],
)
async def test_however_it_is_written(world: World, text: str) -> None:
    told = await mention(world, world.operator, text)
    assert told.words == "Created *standup*."
    assert rooms(world) == ["standup"]


async def test_a_link_is_what_it_leads_to(world: World) -> None:
    await mention(world, world.operator, "@showcaller room create standup --metadata https://wiki.test/a?b=1&c=2")
    (room,) = world.memory.server.list_rooms()
    assert room.metadata == "https://wiki.test/a?b=1&c=2"


async def test_a_bare_mention_shows_what_is_live(world: World) -> None:
    assert (await mention(world, world.operator, "@showcaller")).lines[0] == "Nothing is live in this channel."
    await ask(world, world.operator, "/video room create standup")
    assert (await mention(world, world.operator, "thank you @showcaller")).lines[0] == "1 room is live in this channel."


async def test_help_comes_under_it_too(world: World) -> None:
    assert "room create" in (await mention(world, world.operator, "@showcaller help")).words
    assert "room create" in (await mention(world, world.operator, "@showcaller room create --help")).words
    assert doors(world) == [("mention", "help")] * 2


# Threads


async def test_a_dot_is_the_room_of_the_thread(world: World) -> None:
    await mention(world, world.operator, "@showcaller room create first")
    live = await card(world, "first")
    await mention(world, world.operator, "@showcaller room create second")
    await card(world, "second")
    for line in ("room show .", "room show"):
        shown = await mention(world, world.operator, f"@showcaller {line}", under=live)
        assert shown.lines[0] == "*first*: nobody is in it."
        assert shown.thread_ts == live.ts


async def test_in_the_thread_of_a_recording_it_is_the_recorded_room(world: World) -> None:
    await ask(world, world.operator, "/video room create first")
    await press(world, world.operator, await card(world, "first"), "Record")
    recording = await card(world, "Recording of first", "🔴 *Live*")
    await ask(world, world.operator, "/video room create second")
    shown = await mention(world, world.operator, "@showcaller room show .", under=recording)
    assert shown.lines[0] == "*first*: nobody is in it."


async def test_a_room_that_has_ended_is_still_the_one_of_its_thread(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    live = await card(world, "standup")
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    await note(world, await card(world, "standup", "⚪ *Ended*"), "ended")
    await ask(world, world.operator, "/video room create standup")
    told = await mention(world, world.operator, "@showcaller room show .", under=live)
    assert told.lines[0] == "The room `standup` has ended."


async def test_in_a_thread_of_people_the_card_stands_in_it(world: World) -> None:
    began = await world.slack.write(world.guest, world.general, "Shall we meet?")
    told = await mention(world, world.operator, "@showcaller room create standup", under=began)
    assert told.thread_ts == began.ts
    live = await note(world, began, "standup", "🟢 *Live*")
    assert labels(live) == ["Notify me", "Join", "Record", "Stream to...", "Participants", "Mute all", "End"]
    await ask(world, world.operator, "/video room create other")
    shown = await mention(world, world.operator, "@showcaller room show .", under=began)
    assert shown.lines[0] == "*standup*: nobody is in it."


async def test_a_dot_where_there_is_no_room(world: World) -> None:
    began = await world.slack.write(world.guest, world.general, "Shall we meet?")
    told = await mention(world, world.operator, "@showcaller room show .", under=began)
    assert "This channel has no room" in told.words


# Who is listened to


async def test_only_what_a_person_says_for_the_first_time_counts(world: World) -> None:
    said = {"type": "app_mention", "channel": world.general.id, "ts": "1.1", "text": f"<@{world.slack.bot_user_id}>"}
    person = {"user": world.operator.id}
    for more in ({"bot_id": "B9"}, {"subtype": "bot_message"}, {"subtype": "message_changed"}, {"edited": {"ts": "1"}}):
        accepted(await world.slack.event({**said, **person, **more}))
    accepted(await world.slack.event(said))
    await mention(world, world.operator, "@showcaller whoami")
    assert doors(world) == [("mention", "whoami")]


async def test_a_guest_may_look_and_no_more(world: World) -> None:
    assert (await mention(world, world.guest, "@showcaller room list")).lines[0] == "No room is live on `memory`."
    told = await mention(world, world.guest, "@showcaller room create standup")
    assert told.lines[0] == "`room create` is for people with the role operator."
    assert rooms(world) == []


async def test_who_is_not_of_the_workspace_may_nothing(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("user_not_found")
    asked = await world.slack.write(world.guest, world.general, "hello")
    event = {"type": "app_mention", "channel": world.general.id, "user": "U0STRANGER", "ts": asked.ts}
    accepted(await world.slack.event({**event, "text": f"<@{world.slack.bot_user_id}> room create standup"}))
    told = await reply(world, world.general, asked.ts, after=asked)
    assert "is for people with the role operator." in told.words
    assert rooms(world) == []


# What is answered


async def test_a_secret_goes_to_the_asker_alone(world: World) -> None:
    await mention(world, world.operator, "@showcaller room create standup")
    told = await mention(world, world.operator, "@showcaller token create standup")
    assert told.words == f"@{world.operator.id}, that is for you alone: look for the message that only you can see."
    (token,) = heard(world, world.operator)
    assert "eyJ" in token.words
    assert token.thread_ts is None, "Slack shows what one person sees only in a thread that has replies already"
    assert all("eyJ" not in message.words for message in public(world))
    assert name_in(token) == world.operator.name


async def test_without_a_name_the_token_comes_all_the_same(start: Start, wanted: Wanted) -> None:
    """A configured admin's role needs no look-up, so that nothing else fails."""
    world = await start(environ={"SHOWCALLER_ADMINS": "U00000002"})
    assert world.owner.id == "U00000002"
    wanted.refusals.add("internal_error")
    await ask(world, world.owner, "/video room create standup")
    world.slack.refuse("users.info", "internal_error", times=5)
    await mention(world, world.owner, "@showcaller token create standup")
    assert not name_in(heard(world, world.owner)[-1])


async def test_a_secret_that_cannot_be_whispered_comes_as_a_direct_message(world: World, wanted: Wanted) -> None:
    """Who writes in a public channel is taken in by Slack, but may be gone again."""
    wanted.refusals.add("user_not_in_channel")
    await ask(world, world.operator, "/video room create standup")
    asked = await world.slack.write(world.owner, world.general, "hello")
    world.slack.workspace.kick(world.general, world.operator)
    event = {"type": "app_mention", "channel": world.general.id, "user": world.operator.id, "ts": asked.ts}
    accepted(await world.slack.event({**event, "text": f"<@{world.slack.bot_user_id}> token create standup"}))
    told = await reply(world, world.general, asked.ts, after=asked)
    assert told.words.endswith("that is for you alone: look for our direct messages.")
    (token,) = world.slack.seen_by(world.operator, world.slack.workspace.dm(world.operator))
    assert "eyJ" in token.words
    assert all("eyJ" not in message.words for message in public(world))


async def test_where_the_bot_cannot_post_the_answer_comes_as_a_direct_message(world: World, wanted: Wanted) -> None:
    wanted.refusals.add("not_in_channel")
    asked = await world.slack.write(world.operator, world.general, "hello")
    world.slack.workspace.kick(world.general, world.slack.workspace.bot)
    event = {"type": "app_mention", "channel": world.general.id, "user": world.operator.id, "ts": asked.ts}
    accepted(await world.slack.event({**event, "text": f"<@{world.slack.bot_user_id}> room create standup"}))
    here = world.slack.workspace.dm(world.operator)
    (told,) = await world.slack.until(lambda: world.slack.seen_by(world.operator, here))
    assert told.lines[0] == f"I am not in #{world.general.id}, so I could not keep you posted there."
    assert rooms(world) == []


async def test_a_long_answer_fits(world: World) -> None:
    for number in range(120):
        world.memory.server.create_room(f"room-{number:03}", RoomOptions())
    told = await mention(world, world.operator, "@showcaller room list")
    assert "room-000" in told.words
    assert "room-119" not in told.words


async def test_a_mistake_is_told_under_it_with_what_was_meant(world: World) -> None:
    told = await mention(world, world.operator, "@showcaller rom create standup")
    assert "Did you mean" in told.words
    assert labels(told) == ["room create standup"]
    assert (await press(world, world.operator, told, "room create standup")).words == "Created *standup*."
    assert doors(world) == [("button", "room create")]


async def _question(world: World) -> Message:
    await mention(world, world.operator, "@showcaller room create standup")
    question = await mention(world, world.operator, "@showcaller room close standup")
    assert question.lines[-1] == f"Only @{world.operator.id} can answer, within 5 min."
    return question


async def test_a_question_in_a_thread_is_answered_in_its_place(world: World) -> None:
    question = await _question(world)
    answered = await press_in_place(world, world.operator, question, "End room")
    assert answered.lines[0] == "Ended *standup*."
    assert doors(world)[1:] == [("mention", "room close"), ("button", "room close")]


async def test_a_question_in_a_thread_is_not_answered_by_others(world: World) -> None:
    question = await _question(world)
    refused = await press(world, world.owner, question, "End room")
    assert refused.lines[0] == f"This question is for @{world.operator.id}."
    assert rooms(world) == ["standup"]
    assert next(m for m in public(world) if m.ts == question.ts) == question
    assert (await press_in_place(world, world.operator, question, "Keep it")).lines[0] == "Nothing was changed."


# Forms


def asked_under(world: World, told: Message) -> Message:
    """The message whose thread that stands in."""
    return next(message for message in public(world) if message.ts == told.thread_ts)


async def test_what_needs_a_form_gets_a_button_and_its_answer_stands_under_the_mention(world: World) -> None:
    offered = await mention(world, world.operator, "@showcaller room create --max-participants 5")
    assert labels(offered) == ["Open form"]
    accepted(await world.slack.press(world.operator, offered, "Open form"))
    view = await opened(world, world.operator)
    assert view.title == "Create room"
    accepted(await world.slack.submit(world.operator, view, {"name": "retro"}))
    await note(world, asked_under(world, offered), "Created *retro*.")
    await note(world, asked_under(world, offered), "retro", "🟢 *Live*")
    (room,) = world.memory.server.list_rooms()
    assert room.max_participants == 5
    assert heard(world, world.operator) == []
    assert doors(world) == [("form", "room create")]


async def test_a_secret_that_a_form_under_a_mention_makes_is_for_its_asker_alone(world: World) -> None:
    offered = await mention(world, world.operator, "@showcaller token create")
    accepted(await world.slack.press(world.operator, offered, "Open form"))
    view = await opened(world, world.operator)
    accepted(await world.slack.submit(world.operator, view, {"room": "standup", "identity": "bob"}))
    told = await reply(world, world.general, offered.thread_ts, after=offered)
    assert told.words.endswith("that is for you alone: look for the message that only you can see.")
    (token,) = heard(world, world.operator)
    assert "eyJ" in token.words


async def test_who_may_not_is_told_before_the_form_and_alone(world: World) -> None:
    offered = await mention(world, world.operator, "@showcaller room create")
    refused = await press(world, world.guest, offered, "Open form")
    assert refused.lines[0] == "`room create` is for people with the role operator."
    assert world.slack.view_of(world.guest) is None
