"""Starting and stopping the bot: nothing is left behind, and nothing that was accepted is forgotten."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import config
from bot.demo.slack.things import Message
from bot.demo.world import Transport, World
from bot.outside import CannotStart
from bot.providers import ConfiguredProviders, build_providers
from bot.secrets import new_key
from bot.slack.client import CALL_SECONDS
from bot.slack.socket import SocketMode
from bot.tasks import SETTLING_SECONDS
from bot.wiring import FLUSH_SECONDS, Bot
from commands.core.dispatch import MOST_AT_ONCE
from providers.base import Capability
from providers.memory.provider import Memory
from tests.bot.alerts.broken import without
from tests.bot.alerts.proxy import Trouble, before
from tests.bot.conversations.talk import forget_forms

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


async def test_a_removal_that_is_under_way_keeps_no_bot_from_stopping(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with world_of(tmp_path) as world:
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await card(world, "standup", "Live")
        await world.slack.command(world.owner, world.general, "/video participant remove standup bob --keep-out 1h")
        await world.slack.press(world.owner, await answer(world, "Keep that identity out"), "Keep out")
        await answer(world, "kept out until")
        world.memory.server.delay_seconds = 60
        world.memory.server.join("standup", "bob")
        await card(world, "1 person")
    async with asyncio.timeout(5):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)
    gc.collect()


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


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_waits_for_its_turn_is_written_down_and_told_too(tmp_path: Path, transport: Transport) -> None:
    """There are two more than may talk to video servers at once."""
    count = MOST_AT_ONCE + 2
    async with world_of(tmp_path, transport) as world:
        world.memory.server.delay_seconds = 9
        for number in range(count):
            await world.slack.command(world.owner, world.general, f"/video room list p{number}")
        async with asyncio.timeout(5):
            while len(attempts(world)) < count:
                await asyncio.sleep(0.01)
        await world.slack.command(world.operator, world.general, "/video room create")
        await world.slack.until(lambda: world.slack.view_of(world.operator))
        with capture_logs():
            await world.bot.stop(drain_seconds=0.1)

        assert attempts(world) == [("room list", "unknown", 1)] * count
        heard = [m.lines[0] for m in world.slack.seen_by(world.owner, world.general) if m.ephemeral_to]
        assert sorted(heard) == sorted(
            f"I was stopped while I was doing `room list p{number} --provider memory`." for number in range(count)
        )
        world.bot = await Bot.start(world.settings)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_answer_that_slack_did_not_take_is_made_up_for_at_the_next_start(
    tmp_path: Path, transport: Transport
) -> None:
    async with world_of(tmp_path, transport) as world, before(world.slack.api_url) as proxy:
        slack = world.settings.slack.model_copy(update={"api_url": proxy.url})
        world.settings = replace(world.settings, slack=slack)
        await world.restart()
        await world.slack.command(world.owner, world.general, "/video room create")
        view = await world.slack.until(lambda: world.slack.view_of(world.owner))
        await forget_forms(world)
        await world.slack.command(world.owner, world.general, "/video whoami")
        await answer(world, "admin")
        with capture_logs() as lines:
            proxy.is_down = True
            await world.slack.submit(world.owner, view, {"name": "standup"})
            async with asyncio.timeout(5):
                while not any(line["event"] == "an answer was not delivered" for line in lines):
                    await asyncio.sleep(0.01)
            proxy.is_down = False
            await world.restart()
            await answer(world, "`room create standup --provider memory` was done")
        await card(world, "standup", "Live")


async def test_a_door_that_does_not_close_keeps_nothing_from_being_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Jammed(SocketMode):
        async def close(self) -> None:
            await super().close()
            raise ConnectionResetError

    monkeypatch.setattr("bot.entrances.SocketMode", Jammed)
    async with world_of(tmp_path, "socket") as world:
        world.memory.server.delay_seconds = 0.3
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await until_open(world)
        with capture_logs() as lines:
            await world.bot.stop()

        assert attempts(world) == [("room create", "done", 1)]
        assert "an entrance did not close" in [line["event"] for line in lines]
        world.bot = await Bot.start(world.settings)


def test_a_stop_waits_longer_than_a_call_of_slack_takes() -> None:
    assert min(FLUSH_SECONDS, SETTLING_SECONDS) > CALL_SECONDS


@pytest.mark.parametrize(("token", "code"), [("xapp-1-wrong", "invalid_auth"), ("bot", "not_allowed_token_type")])
async def test_a_wrong_app_token_is_no_start(tmp_path: Path, token: str, code: str) -> None:
    async with world_of(tmp_path, "socket") as world:
        right = world.settings
        await world.bot.stop()
        wrong = SecretStr(world.slack.bot_token if token == "bot" else token)
        slack = world.settings.slack.model_copy(update={"app_token": wrong})
        with pytest.raises(CannotStart, match=f"SLACK_APP_TOKEN with `{code}`.*connections:write"):
            await Bot.start(replace(right, slack=slack))
        world.bot = await Bot.start(right)
        assert world.slack.connections == 1


@pytest.mark.parametrize("trouble", [Trouble.THROTTLED, Trouble.FAILS, Trouble.PAGE, Trouble.RESET])
async def test_any_other_trouble_with_socket_mode_is_no_reason_not_to_start(tmp_path: Path, trouble: Trouble) -> None:
    async with world_of(tmp_path, "socket") as world, before(world.slack.api_url) as proxy:
        await world.bot.stop()
        slack = world.settings.slack.model_copy(update={"api_url": proxy.url})
        proxy.next.extend([trouble, trouble])  # the first call asks who we are, which is kept
        with capture_logs() as lines:
            world.bot = await Bot.start(replace(world.settings, slack=slack))
        assert "Slack gave no address for Socket Mode yet" in [line["event"] for line in lines]
        assert world.slack.connections == 1


async def test_a_start_asks_for_one_address_only(tmp_path: Path) -> None:
    async with world_of(tmp_path, "socket") as world:
        assert [call.method for call in world.slack.calls].count("apps.connections.open") == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_proxy_in_the_environment_is_not_for_loopback(
    tmp_path: Path, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with world_of(tmp_path, transport) as world:
        await world.slack.command(world.owner, world.general, "/video room create standup")
        await card(world, "standup", "Live")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_acknowledgements_are_measured_by_transport(tmp_path: Path, transport: Transport) -> None:
    async with world_of(tmp_path, transport) as world:
        await world.slack.command(world.owner, world.general, "/video whoami")
        await answer(world, "admin")
        async with aiohttp.ClientSession() as session, session.get(f"{world.address}/metrics") as metrics:
            body = await metrics.text()
    counted = [line for line in body.splitlines() if line.startswith("showcaller_ack_seconds_count")]
    assert sorted(counted) == [
        f'showcaller_ack_seconds_count{{transport="{each}"}} {float(each == transport)}' for each in ("http", "socket")
    ]


def test_the_first_configured_provider_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / "showcaller.toml"
    file.write_text('[providers.second]\nkind = "memory"\n\n[providers.first]\nkind = "memory"\n')
    environ = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "SHOWCALLER_CONFIG": str(file)}
    providers = ConfiguredProviders(build_providers(config.load(environ, cwd=tmp_path).providers))

    assert (providers.default, providers.names) == ("second", ("second", "first"))
    assert providers.get("first") is not None
    assert providers.get("third") is None


async def test_a_key_that_is_gone_is_named_before_another_takes_its_place(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        await world.bot.stop()
        (tmp_path / "showcaller.db.key").unlink()
        with capture_logs() as logged:
            world.bot = await Bot.start(world.settings)
            await world.restart()
    assert [line["event"] for line in logged if line["log_level"] == "warning"] == [
        "the key of the database is gone; a new one opens nothing that was sealed"
    ]


async def test_another_key_than_that_of_the_database_is_named(tmp_path: Path) -> None:
    """The bot works with it: what was sealed is lost, and what is sealed from here on is not."""
    async with world_of(tmp_path) as world:
        ours = world.settings
        other = replace(ours, database=ours.database.model_copy(update={"secret_keys": (new_key(),)}))
        said = []
        for settings in (ours, other, ours):
            await world.bot.stop()
            with capture_logs() as logged:
                world.bot = await Bot.start(settings)
            said.append([line["event"] for line in logged if line["log_level"] == "warning"])
    assert said == [[], ["what is sealed in the database cannot be opened with this key"], []]


async def test_a_video_server_is_inspected_without_holding_up_the_start_or_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, inspect = asyncio.Event(), Memory.inspect

    async def late(self: Memory) -> None:
        await answers.wait()
        await inspect(self)

    async with world_of(tmp_path) as world:
        monkeypatch.setattr(Memory, "inspect", late)
        world.memory.server.has_workers = False
        await world.restart()
        assert Capability.START_RECORDING in world.memory.capabilities, "nobody has waited for the answer"
        await world.restart()
        answers.set()
        async with asyncio.timeout(5):
            while Capability.START_RECORDING in world.memory.capabilities:
                await asyncio.sleep(0.01)
        await world.slack.command(world.owner, world.general, "/video provider show")
        await answer(world, "start recording", "No worker runs")
