"""Long lists: turned in place, filtered by form, and as a table, by every door and for everybody who reads them."""

import asyncio

import pytest

from bot.demo.slack import Message, User
from bot.demo.world import World
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.talk import accepted, ask, heard, labels, opened, press, press_in_place, public
from tests.bot.render.foreign import NASTY

PAGES = 23


def fill(world: World) -> None:
    for number in range(PAGES):
        world.memory.server.join(f"room-{number:02}", "bob")


def rooms_of(message: Message) -> list[str]:
    return [line.strip("*") for line in message.lines if line.startswith("*")]


async def mention(world: World, who: User, text: str) -> Message:
    """What the bot writes under a mention, for all to read."""
    asked = await world.slack.write(who, world.general, f"@showcaller {text}")
    return await world.slack.until(
        lambda: next((m for m in public(world) if m.thread_ts == asked.ts and m.ts > asked.ts), None)
    )


async def filtered(world: World, who: User, message: Message, pattern: str) -> Message:
    """Filter a list by its form; returns the list that took its place."""
    accepted(await world.slack.press(who, message, "Filter"))
    view = await opened(world, who)
    accepted(await world.slack.submit(who, view, {"pattern": pattern}))
    place = next(channel for channel in world.slack.workspace.channels if channel.id == message.channel)
    return await world.slack.until(
        lambda: next((m for m in world.slack.seen_by(who, place) if m.ts == message.ts and m != message), None)
    )


async def test_a_page_takes_the_place_of_the_one_before(world: World) -> None:
    fill(world)
    first = await ask(world, world.operator, "/video room list")
    second = await press_in_place(world, world.operator, first, "Next")
    third = await press_in_place(world, world.operator, second, "Next")
    again = await press_in_place(world, world.operator, third, "Previous")
    assert rooms_of(third) == ["room-20", "room-21", "room-22"]
    assert rooms_of(again) == rooms_of(second)
    assert [message.ts for message in heard(world, world.operator)] == [first.ts]


async def test_a_list_under_a_mention_is_turned_by_whoever_may(world: World) -> None:
    fill(world)
    first = await mention(world, world.operator, "room list")
    second = await press_in_place(world, world.owner, first, "Next")
    assert second.ephemeral_to is None
    assert rooms_of(second)[0] == "room-10"
    third = await press_in_place(world, world.guest, second, "Next")
    assert rooms_of(third)[0] == "room-20"


@pytest.mark.parametrize("door", ["slash", "mention"])
async def test_a_page_that_cannot_be_had_leaves_the_list(world: World, door: str) -> None:
    for number in range(10):
        world.memory.server.join("standup", f"p{number}")
    line = "participant list standup"
    shown = await (
        ask(world, world.operator, f"/video {line}") if door == "slash" else mention(world, world.operator, line)
    )
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    said = await press(world, world.operator, shown, "Next")
    assert (said.ephemeral_to, said.ts != shown.ts) == (world.operator.id, True)
    assert said.lines[0] == "The room `standup` has ended."
    assert shown in world.slack.seen_by(world.operator, world.general)


async def test_a_list_is_turned_as_often_and_as_late_as_one_likes(world: World, clock: MovedClock) -> None:
    """A response_url takes five answers within half an hour, but each press brings one of its own."""
    fill(world)
    shown = await ask(world, world.operator, "/video room list")
    for label in ["Next", "Previous"] * 4:
        clock.move(seconds=1)
        shown = await press_in_place(world, world.operator, shown, label)
    assert rooms_of(shown)[0] == "room-00"
    assert [call.method for call in world.slack.calls if call.method.startswith("chat.")] == []


async def test_a_list_is_turned_after_a_restart(world: World) -> None:
    fill(world)
    first = await ask(world, world.operator, "/video room list")
    await world.restart()
    fill(world)
    second = await press_in_place(world, world.operator, first, "Next")
    assert rooms_of(second)[0] == "room-10"


@pytest.mark.parametrize("door", ["slash", "mention"])
async def test_a_filter_says_how_many_of_how_many_and_takes_the_lists_place(world: World, door: str) -> None:
    fill(world)
    line = "room list"
    shown = await (
        ask(world, world.operator, f"/video {line}") if door == "slash" else mention(world, world.operator, line)
    )
    few = await filtered(world, world.operator, shown, "room-1*")
    assert few.lines[0] == "10 of 23 rooms on `memory` match `room-1*`."
    assert few.ephemeral_to == shown.ephemeral_to
    assert labels(few)[-2:] == ["Filter", "Show all"]
    none = await filtered(world, world.operator, few, "studio*")
    assert none.lines[0] == "No room on `memory` matches `studio*`; 23 others are live."
    assert labels(none) == ["Create room", "Filter", "Show all"]
    every = await press_in_place(world, world.operator, none, "Show all")
    assert every.lines[0] == "23 rooms are live on `memory`."


async def test_people_are_filtered(world: World) -> None:
    for number in range(12):
        world.memory.server.join("standup", f"p{number:02}", name=f"Person {number}")
    shown = await ask(world, world.operator, "/video participant list standup")
    few = await filtered(world, world.operator, shown, "*1")
    assert few.lines[0] == "2 of 12 participants in *standup* match `*1`."
    assert [name for name in rooms_of(few) if name.startswith("Person")] == ["Person 1", "Person 11"]


async def test_all_in_a_table_and_back(world: World) -> None:
    fill(world)
    shown = await ask(world, world.operator, "/video room list")
    table = await press_in_place(world, world.operator, shown, "All in a table")
    assert [block["type"] for block in table.blocks] == ["section", "table", "actions"]
    assert table.lines[1] == "Room | In it | Recording | Since | Made in"
    assert len([line for line in table.lines if line.startswith("room-")]) == PAGES
    back = await press_in_place(world, world.operator, table, "As a list")
    assert rooms_of(back) == rooms_of(shown)


async def test_more_than_a_hundred_rows_are_turned(world: World) -> None:
    for number in range(120):
        world.memory.server.join(f"room-{number:03}", "bob")
    table = await ask(world, world.operator, "/video room list --table")
    rest = await press_in_place(world, world.operator, table, "Next")
    rows = [line.split(" | ")[0] for message in (table, rest) for line in message.lines if line.startswith("room-")]
    assert rows == [f"room-{number:03}" for number in range(120)]


async def test_everybody_is_listed_whatever_their_names(world: World) -> None:
    identities = [f"{n}{nasty}"[:80] for n, nasty in enumerate(NASTY) if nasty.isprintable()]
    for identity in identities:
        world.memory.server.join("standup", identity, name=identity * 3)
    shown = await ask(world, world.operator, "/video participant list standup")
    seen = labels(shown).count("Details")
    while "Next" in labels(shown):
        assert "not shown" not in shown.words
        shown = await press_in_place(world, world.operator, shown, "Next")
        seen += labels(shown).count("Details")
    assert seen == len(identities)
    assert "@channel" not in shown.words


async def test_two_people_turn_one_list_at_once(world: World) -> None:
    fill(world)
    first = await mention(world, world.operator, "room list")
    acks = await asyncio.gather(*(world.slack.press(who, first, "Next") for who in (world.owner, world.operator)))
    for ack in acks:
        accepted(ack)
    turned = await world.slack.until(
        lambda: next((m for m in public(world) if m.ts == first.ts and rooms_of(m)[:1] == ["room-10"]), None)
    )
    assert labels(turned)[-5:-3] == ["Show", "Previous"]


async def test_an_answered_question_that_others_saw_says_who_answered(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    question = await mention(world, world.operator, "room close standup")
    done = await press_in_place(world, world.operator, question, "End room")
    assert done.lines == ["Ended *standup*.", f"Answered by @{world.operator.id}: *End room*."]
    assert labels(done) == []


async def test_a_question_that_one_person_saw_is_not_signed(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    question = await ask(world, world.operator, "/video room close standup")
    assert (await press(world, world.operator, question, "Keep it")).lines == ["Nothing was changed."]
