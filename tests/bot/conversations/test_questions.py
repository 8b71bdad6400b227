"""The question before something destructive: whose it is, how long it waits, what may have changed meanwhile."""

import asyncio
from datetime import timedelta

from bot.demo.slack import Message
from bot.demo.world import World
from bot.secrets import SecretBox, key_for
from bot.store.engine import Store
from bot.store.pending import StoredPendingActions
from commands.core.attempts import Pending
from commands.core.registry import all_commands
from commands.room import RoomClose
from tests.bot.conversations.clock import MovedClock
from tests.bot.conversations.talk import (
    accepted,
    ask,
    attempts,
    card,
    heard,
    labels,
    press,
    press_in_place,
    public,
    rooms,
)

OVER = "This question has been answered, or has expired.\nPress the button again to be asked anew."
ENDED = "The room `standup` has ended.\nCreate it again if it is needed."


async def asked(world: World) -> Message:
    """A live room, and its End pressed by the operator."""
    await ask(world, world.operator, "/video room create standup")
    return await press(world, world.operator, await card(world, "standup"), "End")


def in_public(world: World, question: Message) -> Message:
    """The same buttons where everybody can press them, as no honest client shows them."""
    return world.slack.workspace.post(world.general, world.slack.workspace.bot, "?", question.blocks)


def _told(world: World) -> list[str]:
    """What stands before the operator, said to all or to them alone."""
    return [message.words for message in world.slack.seen_by(world.operator, world.general)]


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
        assert said.words == f"This question is for @{world.operator.id}.\nAsk for it yourself."
    assert rooms(world) == ["standup"]
    assert (await press(world, world.operator, question, "End room")).words == "Ended *standup*."


async def test_no_changes_nothing_and_closes_the_question(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    said = await press(world, world.operator, question, "Keep it")
    assert (said.ts, said.words) == (question.ts, "Nothing was changed.")
    assert (await press(world, world.operator, shown, "End room")).words == OVER
    assert rooms(world) == ["standup"]


async def test_an_answer_counts_once(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    await press(world, world.operator, question, "End room")
    for who in (world.operator, world.owner):
        assert (await press(world, who, shown, "End room")).words == OVER
    assert shown in public(world)
    assert _closings(world) == ["asked", "done"]


async def test_a_yes_that_is_delivered_again_leaves_the_answer_where_it_stands(world: World) -> None:
    question = await asked(world)
    answer = await press(world, world.operator, question, "End room")
    await world.restart()
    accepted(await world.slack.redeliver())
    await ask(world, world.operator, "/video whoami")
    assert answer in heard(world, world.operator)
    assert OVER not in _told(world), "nobody has pressed anything again"
    assert _closings(world) == ["asked", "done"]


async def test_two_quick_presses_of_yes_end_it_once(world: World) -> None:
    question = await asked(world)
    shown = in_public(world, question)
    for ack in await asyncio.gather(
        *(world.slack.press(world.operator, message, "End room") for message in (question, shown))
    ):
        accepted(ack)
    await world.slack.until(lambda: OVER in _told(world))
    await card(world, "standup", "⚪ *Ended*")
    await world.slack.until(lambda: any("Ended *standup*." in words for words in _told(world)))
    assert _closings(world) == ["asked", "done"]


async def test_after_five_minutes_it_has_expired(world: World, clock: MovedClock) -> None:
    clock.move(seconds=-200)
    question = await asked(world)
    clock.move(seconds=301)
    said = await press(world, world.operator, question, "End room")
    assert (said.ts, said.words) == (question.ts, OVER)
    assert rooms(world) == ["standup"]


async def test_one_that_expired_stays_where_somebody_else_presses(world: World, clock: MovedClock) -> None:
    clock.move(seconds=-200)
    shown = in_public(world, await asked(world))
    clock.move(seconds=301)
    said = await press(world, world.owner, shown, "End room")
    assert said.words == f"This question is for @{world.operator.id}.\nAsk for it yourself."
    assert shown in public(world)
    assert (await press_in_place(world, world.operator, shown, "End room")).words == OVER


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
    assert question.lines[0].endswith("P0, P1, P2, P3 and 1 more.")
    assert "@channel" not in question.words


async def test_a_question_that_pretends_to_be_a_button_asks_again(world: World) -> None:
    question = await asked(world)
    (blocks,) = [block for block in question.blocks if block["type"] == "actions"]
    yes, keep = blocks["elements"]
    stored = {**yes, "action_id": "pending:room.close:0"}
    shown = world.slack.workspace.post(
        world.general, world.slack.workspace.bot, "?", [{**blocks, "elements": [stored, keep]}]
    )
    said = await press(world, world.owner, shown, "End room")
    assert said.words == f"This button is for @{world.operator.id}.\nAsk for it yourself."
    again = await press(world, world.operator, shown, "End room")
    assert "End room" in labels(again)
    assert rooms(world) == ["standup"]


async def test_a_button_that_pretends_to_be_an_answer_asks_first(world: World) -> None:
    question = await asked(world)
    async with world.without_bot():
        token = await _stored_for_a_button(world)
    (blocks,) = [block for block in question.blocks if block["type"] == "actions"]
    yes = {**blocks["elements"][0], "value": token}
    shown = world.slack.workspace.post(world.general, world.slack.workspace.bot, "?", [{**blocks, "elements": [yes]}])
    said = await press_in_place(world, world.operator, shown, "End room")
    assert labels(said) == ["End room", "Keep it"]
    assert rooms(world) == ["standup"]
    assert _closings(world) == ["asked", "asked"]


async def _stored_for_a_button(world: World) -> str:
    """The token of a row that holds the closing of the room, and that nobody has confirmed. The bot must be down."""
    store = await Store.open(f"sqlite:///{world.directory}/showcaller.db")
    rows = StoredPendingActions(
        store, world.clock, SecretBox(key_for(world.directory / "showcaller.db")), all_commands()
    )
    later = world.clock.now() + timedelta(hours=1)
    token = await rows.put(
        Pending(RoomClose(provider="memory", room="standup"), world.slack.team_id, None, False, later)
    )
    await store.close()
    return token
