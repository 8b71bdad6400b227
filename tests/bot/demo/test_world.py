"""The world: what goes on while the bot is down."""

import socket
from pathlib import Path

import pytest

from bot.demo.slack import Message
from bot.demo.world import World, free_port


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


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_free_port_is_none_that_an_outgoing_connection_may_get(kind: socket.SocketKind) -> None:
    chosen = {free_port(kind) for _ in range(50)}
    assert all(20_000 <= port < 32_000 for port in chosen)
    assert len(chosen) > 1


def _public(world: World) -> list[Message]:
    return [m for m in world.slack.seen_by(world.guest, world.general) if not m.ephemeral_to]
