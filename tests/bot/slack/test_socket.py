"""Two Socket Mode connections of the whole bot, and what becomes of each when the other end does as it likes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from sqlite3 import connect
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.demo.slack.deliver import Kind
from bot.demo.slack.things import Ack
from bot.demo.slack.workspace import TEAM_ID
from bot.demo.world import World
from bot.metrics import Metrics
from bot.slack.socket import Pace, SocketMode
from bot.web import serve
from bot.wiring import Bot
from tests.bot.alerts.proxy import Proxy, Trouble, before
from tests.bot.demo.test_sockets import connected

QUICK = Pace(
    ping_seconds=5.0,
    watch_seconds=0.02,
    open_seconds=2.0,
    apart_seconds=0.0,
    call_seconds=0.0,
    linger_seconds=0.3,
    pause_seconds=0.01,
    longest_pause_seconds=0.05,
    refused_seconds=0.3,
)
OPEN = "apps.connections.open"


@asynccontextmanager
async def world_at(directory: Path, pace: Pace, *, connections: int = 2) -> AsyncIterator[World]:
    """A bot that keeps this pace, with so many connections open."""
    async with await World.open(directory, transport="socket") as world:
        await world.bot.stop()
        world.bot = await Bot.start(world.settings, pace=pace)
        await until_ready(world, connections)
        yield world


@asynccontextmanager
async def behind_proxy(directory: Path, pace: Pace, *, connections: int = 2) -> AsyncIterator[tuple[World, Proxy]]:
    """The same, where what the bot asks of Slack can be in trouble, and is counted with its time."""
    async with await World.open(directory, transport="socket") as world, before(world.slack.api_url) as proxy:
        await world.bot.stop()
        slack = world.settings.slack.model_copy(update={"api_url": proxy.url})
        world.bot = await Bot.start(replace(world.settings, slack=slack), pace=pace)
        await until_ready(world, connections)
        yield world, proxy


async def readiness(world: World) -> tuple[int, str, str]:
    """The status of /readyz, what it says of Slack, and why."""
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/readyz") as answer:
        body = await answer.json()
        return answer.status, body["checks"]["slack"], body.get("why", {}).get("slack", "")


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def until_ready(world: World, connections: int) -> None:
    wanted = (200, "ok", "") if connections >= 2 else (200, "degraded", "1 of 2 connections")
    async with asyncio.timeout(10):
        while await readiness(world) != wanted:
            await asyncio.sleep(0.01)


async def until_down(world: World, *words: str) -> None:
    async with asyncio.timeout(10):
        while True:
            status, state, why = await readiness(world)
            if (status, state) == (503, "failed") and all(word in why for word in words):
                return
            await asyncio.sleep(0.01)


async def metrics(world: World) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/metrics") as answer:
        return await answer.text()


def attempts(world: World) -> Sequence[tuple[str, str | None]]:
    with closing(connect(world.directory / "showcaller.db")) as database:
        return database.execute("SELECT words, outcome FROM attempt ORDER BY words").fetchall()


async def types(world: World, *names: str) -> list[Ack]:
    """Ask for these at once. What each asks for is told apart by its name."""
    texts = [f"/video room show {name}" for name in names]
    return await asyncio.gather(*(world.slack.command(world.owner, world.general, text) for text in texts))


async def each_acts_once(world: World, *names: str) -> None:
    await until(lambda: len([outcome for _, outcome in attempts(world) if outcome]) >= len(names))
    assert [words for words, _ in attempts(world)] == sorted(f"room show {name} --provider memory" for name in names)


async def cut(world: World) -> None:
    """Cut both connections, and wait until there are two others."""
    sockets = world.slack.sockets
    old = sockets.links
    sockets.cut()
    await world.slack.until(lambda: len(sockets.links) == 2 and not set(old) & set(sockets.links), timeout=10)
    await until_ready(world, 2)


def asked(world: World) -> int:
    return [call.method for call in world.slack.calls].count(OPEN)


async def test_each_payload_comes_to_one_of_two_connections(tmp_path: Path) -> None:
    async with world_at(tmp_path, QUICK) as world:
        names = [f"n{number}" for number in range(4)]
        assert [ack.problem for ack in await types(world, *names)] == [None] * 4
        assert [len(link.acked) for link in world.slack.sockets.links] == [2, 2]
        await each_acts_once(world, *names)
        assert "showcaller_socket_connections 2.0" in await metrics(world)


async def test_the_second_comes_later_so_that_both_do_not_end_together(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path, replace(QUICK, apart_seconds=0.5)) as (_, proxy):
        first, second = (at for method, at in proxy.calls if method == OPEN)
    assert second - first >= 0.5


async def test_until_the_second_is_there_it_is_ready_and_says_so(tmp_path: Path) -> None:
    async with world_at(tmp_path, Pace(), connections=1) as world:
        assert await readiness(world) == (200, "degraded", "1 of 2 connections")
        assert "showcaller_socket_connections 1.0" in await metrics(world)


def slash(world: World, **more: str) -> Mapping[str, str]:
    return {
        "team_id": TEAM_ID,
        "channel_id": world.general.id,
        "channel_name": "general",
        "user_id": world.owner.id,
        "user_name": "ana",
        "command": "/video",
        "text": "room show once",
        "response_url": f"{world.slack.api_url.removesuffix('/api/')}/response/{uuid4().hex}",
        **more,
    }


@pytest.mark.parametrize("more", [{"trigger_id": "1.2.3"}, {}])
async def test_an_envelope_that_comes_to_both_acts_once(tmp_path: Path, more: dict[str, str]) -> None:
    async with world_at(tmp_path, QUICK) as world:
        sockets = world.slack.sockets
        sockets.doubles = True
        assert (await sockets.send(Kind.COMMAND, slash(world, **more))).status == 200
        await until(lambda: sum(len(link.acked) for link in sockets.links) == 2)
        assert sockets.links[0].acked == sockets.links[1].acked
        await each_acts_once(world, "once")


@pytest.mark.parametrize("more", [{"trigger_id": "1.2.3"}, {}])
async def test_a_payload_that_comes_again_in_another_envelope_acts_once(tmp_path: Path, more: dict[str, str]) -> None:
    async with world_at(tmp_path, QUICK) as world:
        sockets, payload = world.slack.sockets, slash(world, **more)
        for _ in range(2):
            assert (await sockets.send(Kind.COMMAND, payload)).status == 200
        assert [len(link.acked) for link in sockets.links] == [1, 1]
        await each_acts_once(world, "once")


async def test_after_a_warning_the_old_one_still_takes_what_comes(tmp_path: Path) -> None:
    async with world_at(tmp_path, replace(QUICK, linger_seconds=60.0)) as world:
        sockets = world.slack.sockets
        old = sockets.links[0]
        await sockets.disconnect("warning", old)
        await world.slack.until(lambda: len(sockets.links) == 3)
        assert [ack.problem for ack in await types(world, "a", "b", "c")] == [None] * 3
        assert len(old.acked) == 1
        await sockets.disconnect("refresh_requested", old)
        await each_acts_once(world, "a", "b", "c")
        await until_ready(world, 2)
        assert len(sockets.all) == 4, "one in the bot's first life, two at the start and the one that replaced the old"
        assert 'showcaller_socket_reconnects_total{reason="warning"} 1.0' in await metrics(world)


async def test_one_that_slack_leaves_open_after_its_warning_is_closed(tmp_path: Path) -> None:
    async with world_at(tmp_path, QUICK) as world:
        sockets = world.slack.sockets
        old = sockets.links[0]
        await sockets.disconnect("warning", old)
        await world.slack.until(lambda: old not in sockets.links and len(sockets.links) == 2)


@pytest.mark.parametrize("reason", ["refresh_requested", "one_that_is_new_to_us"])
async def test_nothing_is_lost_or_done_twice_while_both_are_refreshed(tmp_path: Path, reason: str) -> None:
    async with world_at(tmp_path, QUICK) as world:
        sockets = world.slack.sockets
        sockets.redeliver_seconds = 0.3
        names = [f"n{number}" for number in range(12)]
        typing = asyncio.create_task(types(world, *names))
        for link in sockets.links:
            await sockets.disconnect(reason, link)
            await world.slack.until(lambda: len(sockets.links) == 2)
        assert [ack.problem for ack in await typing] == [None] * 12
        await each_acts_once(world, *names)


async def test_socket_mode_that_is_switched_off_is_said_and_asked_for_seldom(tmp_path: Path) -> None:
    async with world_at(tmp_path, replace(QUICK, refused_seconds=60.0)) as world:
        before_it = asked(world)
        with capture_logs() as lines:
            await world.slack.sockets.disconnect("link_disabled")
            await until_down(world, "0 of 2", "Socket Mode is switched off")
            await world.slack.until(lambda: not world.slack.sockets.links)
        errors = {line["event"] for line in lines if line["log_level"] == "error"}
        assert errors == {"Socket Mode is switched off"}
        assert asked(world) == before_it
        assert "showcaller_socket_connections 0.0" in await metrics(world)


async def test_when_socket_mode_is_switched_on_again_all_is_well(tmp_path: Path) -> None:
    async with world_at(tmp_path, QUICK) as world:
        await world.slack.sockets.disconnect("link_disabled")
        await until_ready(world, 2)
        assert (await types(world, "a"))[0].problem is None


@pytest.mark.parametrize("code", ["invalid_auth", "missing_scope"])
async def test_an_app_token_that_dies_is_said_and_shown_seldom(tmp_path: Path, code: str) -> None:
    async with world_at(tmp_path, replace(QUICK, refused_seconds=60.0)) as world:
        before_it = asked(world)
        world.slack.refuse(OPEN, code, times=9)
        with capture_logs() as lines:
            world.slack.sockets.cut()
            await until_down(world, "0 of 2", "SLACK_APP_TOKEN", f"`{code}`")
        errors = [(line["event"], line["code"]) for line in lines if line["log_level"] == "error"]
        assert errors == [("Slack refuses SLACK_APP_TOKEN", code)]
        assert asked(world) == before_it + 1
        assert world.slack.app_token not in json.dumps(lines)


async def test_too_many_connections_is_said_and_makes_room(tmp_path: Path) -> None:
    async with world_at(tmp_path, replace(QUICK, longest_pause_seconds=60.0)) as world:
        before_it = asked(world)
        with capture_logs() as lines:
            await world.slack.sockets.disconnect("too_many_websockets", world.slack.sockets.links[0])
            await until(lambda: any(line["log_level"] == "error" for line in lines))
        assert (await readiness(world))[:2] == (200, "degraded")
        assert "other processes use SLACK_APP_TOKEN" in (await readiness(world))[2]
        assert (asked(world), len(world.slack.sockets.links)) == (before_it, 1)


async def test_a_silent_connection_is_found_and_replaced(tmp_path: Path) -> None:
    async with world_at(tmp_path, replace(QUICK, ping_seconds=1.0)) as world:
        sockets = world.slack.sockets
        sockets.redeliver_seconds = 0.2
        silent = sockets.links[0]
        sockets.silence(silent)
        assert [ack.problem for ack in await types(world, "a", "b")] == [None] * 2
        await world.slack.until(lambda: silent not in sockets.links and len(sockets.links) == 2)
        assert silent.acked == []
        await each_acts_once(world, "a", "b")
        assert 'showcaller_socket_reconnects_total{reason="silent"}' in await metrics(world)


async def test_connections_that_the_network_cuts_are_replaced(tmp_path: Path) -> None:
    async with world_at(tmp_path, QUICK) as world:
        await cut(world)
        assert [ack.problem for ack in await types(world, "a", "b")] == [None] * 2
        assert 'showcaller_socket_reconnects_total{reason="lost"} 2.0' in await metrics(world)


async def test_without_a_hello_it_is_no_connection(tmp_path: Path) -> None:
    async with world_at(tmp_path, replace(QUICK, open_seconds=0.3)) as world:
        sockets = world.slack.sockets
        sockets.greets = False
        sockets.cut()
        await until_down(world, "0 of 2", "timeout")
        sockets.greets = True
        await until_ready(world, 2)
        await world.slack.until(lambda: len(sockets.links) == 2)
        assert 'showcaller_socket_reconnects_total{reason="lost"} 2.0' in await metrics(world)


async def test_one_that_ends_before_its_hello_is_none(tmp_path: Path) -> None:
    async with world_at(tmp_path, replace(QUICK, longest_pause_seconds=60.0)) as world:
        sockets = world.slack.sockets
        sockets.greets = False
        sockets.cut()
        await world.slack.until(lambda: sockets.links and len(sockets.all) == 4)
        await sockets.disconnect("too_many_websockets")
        await until_down(world, "0 of 2", "other processes use SLACK_APP_TOKEN")
        assert 'showcaller_socket_reconnects_total{reason="too_many_websockets"}' not in await metrics(world)


async def test_a_client_whose_session_was_closed_is_replaced(tmp_path: Path) -> None:
    async with world_at(tmp_path, QUICK) as world:
        assert world.bot._socket is not None
        connection = world.bot._socket._connections[0]
        await connection._client.aiohttp_client_session.close()
        await until(lambda: connection.gone.is_set())
        await until_ready(world, 2)


async def test_while_slack_is_away_it_is_asked_with_pauses_that_grow(tmp_path: Path) -> None:
    pace = replace(QUICK, pause_seconds=0.05, longest_pause_seconds=0.2)
    async with behind_proxy(tmp_path, pace) as (world, proxy):
        proxy.is_down = True
        proxy.calls.clear()
        world.slack.sockets.cut()
        await until(lambda: len(proxy.calls) >= 6)
        assert (await readiness(world))[:2] == (503, "failed")
        proxy.is_down = False
        await until_ready(world, 2)
        assert (await types(world, "a"))[0].problem is None
    times = [at for _, at in proxy.calls[:6]]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[1] >= 0.08
    assert min(pauses[2:]) >= 0.16


async def test_slack_says_how_long_to_wait(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path, QUICK) as (world, proxy):
        proxy.calls.clear()
        proxy.next.append(Trouble.THROTTLED)
        await cut(world)
    assert proxy.calls[1][1] - proxy.calls[0][1] >= 1.0


@pytest.mark.parametrize("trouble", [Trouble.FAILS, Trouble.PAGE, Trouble.LOST])
async def test_other_answers_than_an_address(tmp_path: Path, trouble: Trouble) -> None:
    async with behind_proxy(tmp_path, QUICK) as (world, proxy):
        proxy.next.extend([trouble] * 3)
        await cut(world)
        assert not proxy.next


async def test_after_two_addresses_there_is_one_in_each_minute(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path, replace(QUICK, call_seconds=0.5)) as (world, proxy):
        await cut(world)
    times = [at for method, at in proxy.calls if method == OPEN]
    assert len(times) == 4
    assert times[2] - times[0] >= 0.35, "each arrives a moment after it was sent"
    assert times[3] - times[2] >= 0.3


async def test_what_comes_while_the_bot_stops_goes_to_another_process(tmp_path: Path) -> None:
    async with world_at(tmp_path, QUICK) as world, connected(world.slack) as other:
        world.slack.sockets.redeliver_seconds = 0.3
        names = [f"n{number}" for number in range(12)]
        typing = asyncio.create_task(types(world, *names))
        await world.slack.until(lambda: any(link.acked for link in world.slack.sockets.links))
        await world.bot.stop()
        assert [ack.problem for ack in await typing] == [None] * 12
        assert [ack.problem for ack in await types(world, "later")] == [None]
        taken_there = [f"{envelope.payload['text']} --provider memory" for envelope in other.envelopes]
        done_here = attempts(world)
        assert {outcome for _, outcome in done_here} <= {"failed", "refused", "done"}, "each was answered"
        assert sorted(taken_there + [words for words, _ in done_here]) == sorted(
            f"room show {name} --provider memory" for name in [*names, "later"]
        )
        world.bot = await Bot.start(world.settings)


async def test_what_changes_before_the_first_connection_leaves_the_loop_its_turn() -> None:
    """An end that is told while another is asked for wakes whoever waits for the first, again and again."""
    asked = asyncio.Event()

    async def keep_waiting(_: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    slack = web.Application()
    slack.router.add_post(f"/api/{OPEN}", keep_waiting)
    server = await serve(slack, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        client = AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{server.port}/api/", session=session)
        app = AsyncApp(client=client, request_verification_enabled=False)
        socket = SocketMode(app, SecretStr("xapp-1"), Metrics(), QUICK)
        connecting = asyncio.create_task(socket.connect(0.3))
        await asked.wait()
        socket._changed.set()
        await connecting
        assert socket.connected == 0
        await socket.close()
    await server.close()
