"""Starting and stopping the bot: nothing is left behind, and nothing that was accepted is forgotten."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import config
from bot.demo.slack.things import Message
from bot.demo.world import Transport, World
from bot.wiring import Bot, CannotStart, ConfiguredProviders, build_providers
from tests.bot.alerts.broken import without

TRANSPORTS: tuple[Transport, ...] = ("http", "socket")


@asynccontextmanager
async def world_of(directory: Path, transport: Transport = "http") -> AsyncIterator[World]:
    async with await World.open(directory, transport=transport) as world:
        yield world


def attempts(world: World) -> list[tuple[Any, ...]]:
    with closing(connect(world.directory / "showcaller.db")) as database:
        return database.execute("SELECT path, outcome, response_url IS NULL FROM attempt ORDER BY id").fetchall()


async def answer(world: World, *words: str) -> Message:
    def found() -> Message | None:
        seen = world.slack.seen_by(world.owner, world.general)
        return next((m for m in seen if m.ephemeral_to and all(word in m.words for word in words)), None)

    return await world.slack.until(found)


async def card(world: World, *words: str) -> Message:
    def found() -> Message | None:
        seen = (m for m in world.slack.seen_by(world.owner, world.general) if not m.ephemeral_to and not m.thread_ts)
        return next((m for m in seen if all(word in m.words for word in words)), None)

    return await world.slack.until(found)


async def until_open(world: World) -> None:
    async with asyncio.timeout(5):
        while not attempts(world):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_after_a_stop_nothing_is_left(tmp_path: Path, transport: Transport) -> None:
    before = asyncio.all_tasks()
    async with world_of(tmp_path, transport) as world:
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await card(world, "standup", "Live")
        await world.restart()
        await world.slack.command(world.owner, world.general, "/video whoami")
        await answer(world, "admin")
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)
    gc.collect()  # an unclosed session or socket complains here, and complaints are errors
    assert [outcome for _, outcome, _ in attempts(world)] == ["done", "done"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_start_that_fails_leaves_nothing_and_may_be_repeated(tmp_path: Path, transport: Transport) -> None:
    async with world_of(tmp_path, transport) as world:
        before = asyncio.all_tasks()
        await world.bot.stop()
        with closing(socket.socket()) as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", world.port))
            taken.listen()
            with pytest.raises(CannotStart, match=f"127.0.0.1:{world.port}.*already in use.*PORT"):
                await Bot.start(world.settings)
        async with asyncio.timeout(5):
            while asyncio.all_tasks() - before:
                await asyncio.sleep(0.01)
        gc.collect()
        world.bot = await Bot.start(world.settings)
        await world.slack.command(world.owner, world.general, "/video whoami")
        await answer(world, "admin")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stop_waits_for_what_is_under_way(tmp_path: Path, transport: Transport) -> None:
    async with world_of(tmp_path, transport) as world:
        world.memory.server.delay_seconds = 0.5
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await until_open(world)
        await world.bot.stop()
        await answer(world, "Created", "standup")
        await card(world, "standup", "Live")
        assert attempts(world) == [("room create", "done", 1)]
        world.bot = await Bot.start(world.settings)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_takes_too_long_is_recorded_as_unknown_and_its_asker_is_told(
    tmp_path: Path, transport: Transport
) -> None:
    async with world_of(tmp_path, transport) as world:
        world.memory.server.delay_seconds = 60
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await until_open(world)
        with capture_logs() as lines:
            await world.bot.stop(drain_seconds=0.1)
        told = await answer(world, "I was stopped while I was doing", "room create standup")
        assert "may have happened" in told.words
        assert attempts(world) == [("room create", "unknown", 1)]
        assert {"event": "work was cut short", "tasks": ["slash"], "log_level": "warning"} in lines

        world.bot = await Bot.start(world.settings)
        await world.slack.command(world.owner, world.general, "/video whoami")
        await answer(world, "admin")
    told_so = [m for m in world.slack.seen_by(world.owner, world.general) if "I was stopped" in m.words]
    assert len(told_so) == 1, "it was closed, so the next start has nothing to tell"


async def test_a_part_that_fails_says_so_and_begins_again(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await card(world, "standup", "nobody")
        with capture_logs() as lines:
            async with without("note", world.directory / "showcaller.db"):
                world.memory.server.join("standup", "bob")
                async with asyncio.timeout(5):
                    while not any(line["event"] == "a part of the bot failed and begins again" for line in lines):
                        await asyncio.sleep(0.01)
            world.memory.server.leave("standup", "bob")
            await card(world, "standup", "nobody")
    failed = next(line for line in lines if line["event"] == "a part of the bot failed and begins again")
    assert (failed["part"], failed["log_level"], failed["exc_info"]) == ("deliverer", "error", True)


def test_the_first_configured_provider_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / "showcaller.toml"
    file.write_text('[providers.second]\nkind = "memory"\n\n[providers.first]\nkind = "memory"\n')
    environ = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SHOWCALLER_CONFIG": str(file)}
    providers = ConfiguredProviders(build_providers(config.load(environ, cwd=tmp_path).providers))

    assert (providers.default, providers.names) == ("second", ("second", "first"))
    assert providers.get("first") is not None
    assert providers.get("third") is None
