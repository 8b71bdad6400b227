"""Keeping somebody out: removed, and removed again whenever they come back, until they may come in."""

import asyncio

from pydantic import SecretStr

from bot.demo.slack import Message
from bot.demo.slack.workspace import TEAM_ID
from bot.demo.world import World
from commands.core.identity import stable_identity
from providers.base import RoomRef, TokenOptions
from tests.bot.conversations.talk import ask, card, labels, note, press, public


async def _room(world: World) -> tuple[Message, RoomRef]:
    await ask(world, world.operator, "/video room create standup")
    return await card(world, "standup", "Live"), (await world.memory.list_rooms(["standup"]))[0].ref


async def _token(world: World, room: RoomRef) -> SecretStr:
    return (await world.memory.create_token(room, TokenOptions("bob", "Bob"))).token


def _is_in(world: World, identity: str = "bob") -> bool:
    (room,) = world.memory.server.list_rooms(["standup"])
    return identity in [p.identity for p in world.memory.server.list_participants(room.ref)]


async def _is_out(world: World) -> None:
    """Slack may see nothing of it: who comes and goes within one look of the deliverer changes no card."""
    async with asyncio.timeout(5):
        while _is_in(world):
            await asyncio.sleep(0.01)


async def _keep_out(world: World) -> Message:
    question = await ask(world, world.operator, "/video participant remove standup bob --keep-out 1h")
    assert labels(question)[0] in ("Remove", "Keep out")
    return await press(world, world.operator, question, labels(question)[0])


def _notes(world: World) -> list[Message]:
    return [m for m in public(world) if m.thread_ts and "came back" in m.words]


async def test_whoever_is_kept_out_is_removed_again_until_they_are_let_in(world: World) -> None:
    shown, room = await _room(world)
    old_token = await _token(world, room)
    world.memory.server.join_with(old_token)
    await card(world, "standup", "1 person")

    answer = await _keep_out(world)
    assert answer.words.startswith("Removed *Bob* from *standup*. They are kept out until ")
    assert "webhook" not in answer.words
    await card(world, "standup", "nobody in it")
    assert not _is_in(world)

    world.memory.server.join_with(old_token)
    await _is_out(world)
    told = await note(world, shown, f"*Bob* came back and was removed again. @{world.operator.id} keeps them out until")
    assert (told.broadcast, labels(told)) == (False, ["Let back in"])
    await card(world, "standup", "nobody in it")

    world.memory.server.join_with(old_token)
    await _is_out(world)
    await card(world, "standup", "nobody in it")

    answer = await press(world, world.operator, told, "Let back in")
    assert answer.lines[0] == "`bob` may come into *standup* again."
    world.memory.server.join_with(old_token)
    await card(world, "standup", "1 person")
    assert _is_in(world)
    assert _notes(world) == [told], "twice within a minute is said once"


async def test_they_are_kept_out_by_a_bot_that_has_started_again(world: World) -> None:
    shown, room = await _room(world)
    old_token = await _token(world, room)
    await _keep_out(world)
    await world.restart()

    world.memory.server.join_with(old_token)
    await _is_out(world)
    await note(world, shown, "came back and was removed again")
    answer = await ask(world, world.operator, "/video participant admit standup bob")
    assert answer.lines[0] == "`bob` may come into *standup* again."


async def test_they_are_kept_out_of_a_later_room_of_that_name_too(world: World) -> None:
    first, room = await _room(world)
    old_token = await _token(world, room)
    await _keep_out(world)
    await world.memory.close_room(room)
    await card(world, "standup", "Ended")

    second, _ = await _room(world)
    world.memory.server.join_with(old_token)
    await _is_out(world)
    told = await note(world, second, "came back and was removed again")
    assert (second.ts != first.ts, _notes(world)) == (True, [told])


async def test_only_an_operator_lets_somebody_in(world: World) -> None:
    shown, room = await _room(world)
    old_token = await _token(world, room)
    await _keep_out(world)
    world.memory.server.join_with(old_token)
    told = await note(world, shown, "came back and was removed again")

    answer = await press(world, world.guest, told, "Let back in")
    assert "operator" in answer.words
    world.memory.server.join_with(old_token)
    await _is_out(world)


async def test_an_operator_who_is_kept_out_does_not_let_themselves_in(world: World) -> None:
    shown, _ = await _room(world)
    own = stable_identity(TEAM_ID, world.operator.id)
    question = await ask(world, world.owner, f"/video participant remove standup {own} --keep-out 1h")
    await press(world, world.owner, question, "Keep out")
    world.memory.server.join("standup", f"{own}-2")
    told = await note(world, shown, "came back and was removed again")

    answer = await press(world, world.operator, told, "Let back in")
    assert answer.words.startswith("You are kept out of *standup* until ")
    answer = await press(world, world.owner, told, "Let back in")
    assert answer.lines[0] == f"@{world.operator.id} may come into *standup* again."
