"""Two rooms of one name, one after the other: nothing that was meant for the first ever touches the second."""

from collections.abc import Collection
from typing import Any

import pytest

from bot.demo.slack import Message
from bot.demo.world import World
from providers.base import Room
from tests.bot.conversations.talk import ask, card, press, public, rooms

ENDED = "The room `standup` has ended.\nCreate it again if it is needed."
NOT_HERE = "There is no room `{}` on `memory`.\nSee what is live with `/video room list`."


async def _id(world: World) -> str:
    return (await world.memory.list_rooms(["standup"]))[0].ref.id


async def test_a_typed_close_means_the_room_that_the_question_spoke_of(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    question = await ask(world, world.operator, "/video room close standup")
    await world.memory.close_room((await world.memory.list_rooms())[0].ref)
    await card(world, "standup", "Ended")
    await ask(world, world.owner, "/video room create standup")

    assert (await press(world, world.operator, question, "End room")).words == ENDED
    assert rooms(world) == ["standup"]


async def test_an_id_that_was_typed_counts_only_with_its_own_name(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    line = f"/video participant list nothere --room-id {await _id(world)}"

    assert (await ask(world, world.guest, line)).words == NOT_HERE.format("nothere")
    assert "Live" in (await card(world, "standup")).words
    assert (await ask(world, world.operator, "/video room show standup")).lines[0] == "*standup*: nobody is in it."


async def test_an_id_that_was_made_up_is_no_life(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    for line in ("participant list", "room join"):
        assert (await ask(world, world.guest, f"/video {line} standup --room-id RM_MADEUP")).words == ENDED
    assert "Live" in (await card(world, "standup")).words


async def test_one_absence_proves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(world, world.operator, "/video room create standup")
    listed, answers = world.memory.list_rooms, [list[Room]()]

    async def forgetful(names: Collection[str] = ()) -> list[Room]:
        return answers.pop() if answers else await listed(names)

    monkeypatch.setattr(world.memory, "list_rooms", forgetful)
    said = await ask(world, world.guest, "/video room show standup")

    assert said.words == "The video server was not sure about `standup`.\nTry again."
    assert "Live" in (await card(world, "standup")).words


async def test_stop_recording_on_an_old_card_leaves_the_new_room_alone(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    for _ in range(2):
        await ask(world, world.operator, "/video recording start standup")

    def by_name() -> Message | None:
        """The room's card, once it knows of two recordings and so stops by the room's name."""
        cards = [m for m in public(world) if m.lines[0] == "standup"]
        return next((m for m in cards for b in m.buttons if '"recording":"standup"' in (b.value or "")), None)

    old = await world.slack.until(by_name)
    stale: dict[str, Any] = {"text": old.text, "blocks": old.blocks}
    await world.memory.close_room((await world.memory.list_rooms())[0].ref)
    await card(world, "standup", "Ended")
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.operator, "/video recording start standup")
    await world.memory.settled()

    shown = world.slack.workspace.post(world.general, world.slack.workspace.bot, **stale)
    said = await press(world, world.operator, shown, "Stop recording")
    assert said.lines[0] == "There is no recording called `standup`."
    running = [r for r in await world.memory.list_recordings() if not r.status.is_final]
    assert len(running) == 1
