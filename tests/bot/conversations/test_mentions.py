"""What is written to the bot: mentioned in a channel or a thread, or alone with it."""

from bot.demo.slack import Channel, Message, User
from bot.demo.world import World
from tests.bot.conversations.talk import accepted, attempts, card, heard, labels, opened, public, rooms


async def say(world: World, who: User, text: str, *, under: Message | None = None) -> Message:
    """Mention the bot; returns what the bot writes under it."""
    asked = await world.slack.write(who, world.general, f"@showcaller {text}", under=under)
    return await answer(world, world.general, asked.thread_ts or asked.ts, after=asked)


async def answer(world: World, channel: Channel, thread_ts: str | None, *, after: Message) -> Message:
    return await world.slack.until(
        lambda: next((m for m in public(world, channel) if m.thread_ts == thread_ts and m.ts > after.ts), None)
    )


async def test_a_mention_is_answered_under_it(world: World) -> None:
    told = await say(world, world.operator, "room create standup")
    assert told.words == "Created *standup*."
    live = await card(world, "standup", "🟢 *Live*")
    assert live.thread_ts is None
    assert rooms(world) == ["standup"]
    assert attempts(world) == [("room create standup --provider memory", "done")]


async def test_a_dot_is_the_room_of_the_thread(world: World) -> None:
    first = await say(world, world.operator, "room create first")
    assert first.words == "Created *first*."
    live = await card(world, "first")
    await say(world, world.operator, "room create second")
    await card(world, "second")
    shown = await say(world, world.operator, "room show .", under=live)
    assert shown.lines[0] == "*first*: nobody is in it."


async def test_a_secret_goes_to_the_asker_alone(world: World) -> None:
    await say(world, world.operator, "room create standup")
    told = await say(world, world.operator, "token create standup")
    assert told.words == f"@{world.operator.id}, that is for you alone: look for the message that only you can see."
    (token,) = heard(world, world.operator)
    assert "eyJ" in token.words
    assert all("eyJ" not in message.words for message in public(world))


async def test_what_needs_a_form_gets_a_button_for_it(world: World) -> None:
    told = await say(world, world.operator, "room create")
    assert labels(told) == ["Open form"]
    accepted(await world.slack.press(world.operator, told, "Open form"))
    assert (await opened(world, world.operator)).title == "Create room"


async def test_a_question_in_a_thread_says_whom_it_asks(world: World) -> None:
    await say(world, world.operator, "room create standup")
    question = await say(world, world.operator, "room close standup")
    assert question.lines[-1] == f"Only @{world.operator.id} can answer, within 5 min."
    accepted(await world.slack.press(world.operator, question, "End room"))
    await world.slack.until(
        lambda: next((m for m in public(world) if m.ts == question.ts and m.words == "Ended *standup*."), None)
    )


async def test_alone_with_the_bot_a_line_is_enough(world: World) -> None:
    channel = world.slack.workspace.dm(world.operator)
    for text in ("room list", "/video room list", "@showcaller room list"):
        asked = await world.slack.write(world.operator, channel, text)
        told = await answer(world, channel, None, after=asked)
        assert told.lines[0] == "No room is live on `memory`."
