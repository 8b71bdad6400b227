"""The world: what goes on while the bot is down."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.web import Application

from bot import entrances
from bot.demo.slack import Message
from bot.demo.world import World, free_port
from bot.web import Server, serve
from providers.base import JoinToken, RoomRef, TokenOptions
from providers.errors import Unreachable
from providers.memory.provider import Memory
from tests.bot.conversations.talk import ask, card, labels, note, press

Removing = Callable[[Memory, RoomRef, str], Awaitable[None]]
Serving = Callable[[Application, str, int], Awaitable[Server]]


async def test_rooms_outlive_the_bot_and_their_webhooks_come_late(tmp_path: Path) -> None:
    async with await World.open(tmp_path) as world:
        server = world.memory.server
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await world.slack.until(lambda: "standup" in [m.lines[0] for m in _public(world)])
        async with world.without_bot():
            server.join("standup", "bob", name="Bob")
        assert world.memory.server is server
        await world.slack.until(lambda: any("1 person" in m.words for m in _public(world)))
        await world.restart()
        assert [room.ref.name for room in await world.memory.list_rooms()] == ["standup"]
        assert len(_public(world)) == 1


async def test_after_a_restart_the_bot_still_hears_of_the_rooms(tmp_path: Path) -> None:
    async with await World.open(tmp_path) as world:
        await world.restart()
        await world.slack.command(world.owner, world.general, "/video alert subscribe room")
        await world.slack.until(lambda: world.slack.seen_by(world.owner, world.general))
        world.memory.server.join("retro", "bob")
        await world.slack.until(lambda: any("1 person" in m.words for m in _public(world)))
        assert len(_public(world)) == 1


async def test_whoever_is_kept_out_and_came_while_the_bot_was_down_is_removed(tmp_path: Path) -> None:
    async with await World.open(tmp_path) as world:
        token = await _kept_out(world)
        server = world.memory.server
        async with world.without_bot():
            server.join_with(token.token)
            assert _present(world, token.room) == ["bob"]
        await world.slack.until(lambda: not _present(world, token.room))
        await note(world, await card(world, "standup"), "*Bob* came back and was removed again.")


async def test_what_the_bot_does_at_its_start_is_done_on_the_server_that_went_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot knows of somebody whom it could not remove before, and its start takes until it has tried again."""
    tried = asyncio.Event()
    async with await World.open(tmp_path) as world:
        token = await _kept_out(world)
        server = world.memory.server
        server.faults["remove_participant"] = Unreachable
        server.join_with(token.token)
        await card(world, "standup", "1 person")
        async with world.without_bot():
            server.faults.clear()
            monkeypatch.setattr(Memory, "remove_participant", _telling(Memory.remove_participant, tried))
            monkeypatch.setattr(entrances, "serve", _waiting(serve, tried))
        assert _present(world, token.room) == []
        await note(world, await card(world, "standup", "nobody in it"), "*Bob* came back and was removed again.")


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_free_port_is_none_that_an_outgoing_connection_may_get(kind: socket.SocketKind) -> None:
    chosen = {free_port(kind) for _ in range(50)}
    assert all(20_000 <= port < 32_000 for port in chosen)
    assert len(chosen) > 1


async def _kept_out(world: World) -> JoinToken:
    """A room that bob is kept out of, and a token of his."""
    await ask(world, world.operator, "/video room create standup")
    [room] = await world.memory.list_rooms(["standup"])
    question = await ask(world, world.operator, "/video participant remove standup bob --keep-out 1h")
    await press(world, world.operator, question, labels(question)[0])
    return await world.memory.create_token(room.ref, TokenOptions("bob", "Bob"))


def _telling(remove: Removing, tried: asyncio.Event) -> Removing:
    async def remove_participant(provider: Memory, room: RoomRef, identity: str) -> None:
        try:
            await remove(provider, room, identity)
        finally:
            tried.set()

    return remove_participant


def _waiting(opens: Serving, tried: asyncio.Event) -> Serving:
    async def serve_later(app: Application, host: str, port: int) -> Server:
        async with asyncio.timeout(10):
            await tried.wait()
        return await opens(app, host, port)

    return serve_later


def _present(world: World, room: RoomRef) -> list[str]:
    return [each.identity for each in world.memory.server.list_participants(room)]


def _public(world: World) -> list[Message]:
    return [m for m in world.slack.seen_by(world.guest, world.general) if not m.ephemeral_to]
