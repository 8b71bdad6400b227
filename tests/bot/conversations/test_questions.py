"""The question before something destructive: whose it is, how long it waits, what may have changed meanwhile."""

import asyncio

from bot.demo.slack import Message
from bot.demo.world import World
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.talk import ask, attempts, card, heard, labels, press, press_in_place, public, rooms

OVER = "This question has been answered, or has expired.\nPress the button again to be asked anew."
ENDED = "The room `standup` has ended.\nCreate it again if it is needed."


async def asked(world: World) -> Message:
    """A live room, and its End pressed by the operator."""
    await ask(world, world.operator, "/video room create standup")
    return await press(world, world.operator, await card(world, "standup"), "End")


def in_public(world: World, question: Message) -> Message:
    """The same buttons where everybody can press them, as no honest client shows them."""
    return world.slack.workspace.post(world.general, world.slack.workspace.bot, "?", question.blocks)


def _closings(world: World) -> list[str | None]:
    return [outcome for words, outcome in attempts(world) if words.startswith("room close")]


async def test_only_the_one_who_was_asked_sees_it(world: World) -> None:
    question = await asked(world)
    assert question.ephemeral_to == world.operator.id
    assert (heard(world, world.owner), heard(world, world.guest)) == ([], [])


async def test_somebody_elses_answer_does_not_count_and_uses_nothing_up(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    for button in ("End room", "Keep it"):
        said = await press(world, world.owner, shown, button)
        assert said.words == f"This question is for @{world.operator.id}.\nPress the button yourself to be asked."
    assert rooms(world) == ["standup"]
    assert (await press(world, world.operator, question, "End room")).words == "Ended *standup*."


async def test_no_changes_nothing_and_closes_the_question(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    said = await press(world, world.operator, question, "Keep it")
    assert (said.ts, said.words) == (question.ts, "Nothing was changed.")
    assert (await press_in_place(world, world.operator, shown, "End room")).words == OVER
    assert rooms(world) == ["standup"]


async def test_an_answer_counts_once(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    await press(world, world.operator, question, "End room")
    assert (await press_in_place(world, world.operator, shown, "End room")).words == OVER
    assert _closings(world) == ["asked", "done"]


async def test_two_quick_presses_of_yes_end_it_once(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    said = await asyncio.gather(
        *(press_in_place(world, world.operator, message, "End room") for message in (question, shown))
    )
    assert sorted(message.words for message in said) == ["Ended *standup*.", OVER]
    assert _closings(world) == ["asked", "done"]


async def test_after_five_minutes_it_has_expired(world: World, clock: MovedClock) -> None:
    clock.move(seconds=-200)
    question = await asked(world)
    clock.move(seconds=301)
    said = await press(world, world.operator, question, "End room")
    assert (said.ts, said.words) == (question.ts, OVER)
    assert rooms(world) == ["standup"]


async def test_within_five_minutes_it_has_not(world: World, clock: MovedClock) -> None:
    clock.move(seconds=-200)
    question = await asked(world)
    clock.move(seconds=299)
    assert (await press(world, world.operator, question, "End room")).words == "Ended *standup*."


async def test_it_survives_a_restart(world: World) -> None:
    question = await asked(world)
    await world.restart()
    said = await press(world, world.operator, question, "End room")
    assert (said.ts, said.words) == (question.ts, "Ended *standup*.")


async def test_two_people_press_end_at_once(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    shown = await card(world, "standup")
    both = (world.owner, world.operator)
    questions = await asyncio.gather(*(press(world, who, shown, "End") for who in both))
    said = await asyncio.gather(
        *(press(world, who, question, "End room") for who, question in zip(both, questions, strict=True))
    )
    assert sorted(message.words for message in said) == ["Ended *standup*.", ENDED]
    ended = await card(world, "standup", "⚪ *Ended*")
    assert labels(ended) == []
    await world.slack.until(lambda: [m for m in public(world) if m.thread_ts == ended.ts])
    assert len([m for m in public(world) if m.thread_ts == ended.ts]) == 1


async def test_what_was_asked_may_be_over_when_the_answer_comes(world: World) -> None:
    question = await asked(world)
    (room,) = world.memory.server.list_rooms()
    world.memory.server.close_room(room.ref)
    assert (await press(world, world.operator, question, "End room")).words == ENDED
    await card(world, "standup", "⚪ *Ended*")


async def test_a_question_says_who_is_there_at_that_moment(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    world.memory.server.join("standup", "<!channel>", name="<!channel> & *co*")
    for number in range(5):
        world.memory.server.join("standup", f"p{number}", name=f"P{number}")
    question = await press(world, world.operator, await card(world, "standup"), "End")
    assert question.lines[0].endswith("P0, P1, P2, P3 and others.")
    assert "@channel" not in question.words
