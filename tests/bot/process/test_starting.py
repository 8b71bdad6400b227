"""How the process starts, or says in one sentence why it does not."""

import asyncio
import os
import signal
import socket
from contextlib import closing

import pytest

from bot.demo.slack.things import Message
from bot.demo.world import free_port
from tests.bot.process.showcaller import Ended, Street


def refused(ended: Ended, *words: str) -> None:
    """One clear sentence or two for people, and nothing else: no log, no traceback."""
    assert ended.code == 1
    assert ended.out == ""
    said = [line for line in ended.err.splitlines() if not line.startswith("{")]
    assert len(said) == 1, ended.err
    for word in words:
        assert word in said[0]


async def test_a_second_process_on_the_same_file_is_refused(street: Street) -> None:
    async with street.running() as first:
        refused(
            await street.does("run"), f"Another process (id {first.child.pid}) uses {street.database}", "DATABASE_URL"
        )
        assert (await street.get("/healthz"))[0] == 200


async def test_a_taken_port_is_named(street: Street) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(await street.does("run", PORT=str(port)), f"127.0.0.1:{port}", "address already in use", "PORT")
        refused(await street.does("run", ADMIN_PORT=str(port)), f"127.0.0.1:{port}", "ADMIN_PORT")


async def test_bad_settings_are_all_named_at_once_and_no_secret_with_them(street: Street) -> None:
    ended = await street.does(
        "run", SLACK_BOT_TOKEN="xoxp-wrong-kind", PORT="http", SHOWCALLER_DEFAULT_ROLE="king", LIVEKIT_API_SECRET=""
    )
    assert ended.code == 1
    for name in ("SLACK_BOT_TOKEN", "PORT", "SHOWCALLER_DEFAULT_ROLE", "LIVEKIT_API_SECRET"):
        assert f"\n  {name} " in ended.err
    assert "xoxp-wrong-kind" not in ended.err
    assert "Traceback" not in ended.err


async def test_without_a_slack_that_was_ever_reached_there_is_no_start(street: Street) -> None:
    street.proxy.is_down = True
    refused(await street.does("run"), "Slack cannot be reached (connection)", "SLACK_API_URL")


async def test_a_dead_token_is_named(street: Street) -> None:
    refused(await street.does("run", SLACK_BOT_TOKEN="xoxb-of-another-app"), "`invalid_auth`", "SLACK_BOT_TOKEN")


async def test_a_file_that_is_no_database_is_named(street: Street) -> None:
    street.database.write_text("This is a letter to my aunt. " * 200)
    refused(await street.does("run"), str(street.database), "not a database")


async def test_once_slack_was_reached_the_bot_starts_without_it_and_makes_up_for_it(street: Street) -> None:
    async with street.running() as process:
        await street.types("/video room create standup")
        await street.sees("standup", "Live")
        process.signal(signal.SIGTERM)
        assert (await process.ended()).code == 0

    street.proxy.is_down = True
    async with street.running() as process:
        await process.logged("Slack cannot be reached; starting with what it said last")
        street.livekit.close("standup")
        assert set(await street.tell()) == {200}
        await process.logged("a delivery waits")
        assert "Live" in _card(street).words
        status, body = await street.get("/readyz")
        assert (status, '"slack": "failed"' in body) == (503, True)
        street.proxy.is_down = False
        await street.sees("standup", "Ended")


def _card(street: Street) -> Message:
    return next(m for m in street.slack.seen_by(street.ana, street.general) if not m.ephemeral_to)


async def test_in_socket_mode_it_connects_when_slack_is_back(socket_street: Street) -> None:
    street = socket_street
    async with street.running() as process:
        assert "slack" in (await street.get("/readyz"))[1]
        await street.types("/video room create standup")
        await street.sees("standup", "Live")
        process.signal(signal.SIGTERM)
        assert (await process.ended()).code == 0
    assert street.slack.connections == 0

    street.proxy.is_down = True
    async with street.running():
        status, body = await street.get("/readyz")
        assert (status, '"slack": "failed"' in body) == (503, True)
        street.proxy.is_down = False
        async with asyncio.timeout(30):
            while (await street.get("/readyz"))[0] != 200:
                await asyncio.sleep(0.05)
        await street.types("/video room close standup")
        await street.sees("End", "standup", only_me=True)


async def test_it_can_be_stopped_while_it_starts(socket_street: Street) -> None:
    street = socket_street
    async with street.running() as process:
        process.signal(signal.SIGTERM)
        assert (await process.ended()).code == 0

    street.proxy.is_down = True
    process = await street.start("run")
    await process.logged("Slack cannot be reached; starting with what it said last")
    process.signal(signal.SIGTERM)
    ended = await process.ended()
    assert ended.code == 0
    assert "stopped" in ended.err


async def test_health_and_metrics(street: Street) -> None:
    async with street.running():
        await street.types("/video whoami")
        await street.sees("admin", only_me=True)
        assert await street.get("/healthz") == (200, "ok\n")
        status, body = await street.get("/readyz")
        assert (status, '"ready": true' in body, '"database": "ok"' in body) == (200, True, True)
        status, body = await street.get("/metrics")

    assert status == 200
    assert 'showcaller_commands_total{outcome="done",path="whoami"} 1.0' in body
    assert 'showcaller_ack_seconds_count{transport="http"} 1.0' in body
    assert 'showcaller_slack_calls_total{method="auth.test",outcome="ok"} 1.0' in body
    assert "showcaller_cards_behind 0.0" in body


async def test_health_and_metrics_on_a_port_of_their_own(street: Street) -> None:
    port = free_port()
    async with street.running(ADMIN_PORT=str(port)):
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await street.get(path))[0] == 404
            assert (await street.get(path, port))[0] == 200


async def test_the_files_of_a_bot_are_its_owners_alone(street: Street) -> None:
    async with street.running():
        modes = {path.name: path.stat().st_mode & 0o777 for path in street.directory.iterdir()}

    assert {"showcaller.db", "showcaller.db.key", "showcaller.db.lock", "showcaller.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert os.listdir(street.directory)


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({}, 0, ("ok    SLACK_BOT_TOKEN", "ok    provider livekit", "are well")),
        ({"SLACK_BOT_TOKEN": "xoxb-of-another-app"}, 1, ("FAIL  SLACK_BOT_TOKEN", "invalid_auth")),
        ({"LIVEKIT_API_SECRET": "not-the-secret-of-this-server-at-all"}, 1, ("FAIL  provider livekit",)),
        ({"LIVEKIT_URL": "http://127.0.0.1:1"}, 1, ("FAIL  provider livekit",)),
        ({"SLACK_API_URL": "http://127.0.0.1:1/api/"}, 1, ("FAIL  SLACK_BOT_TOKEN", "cannot be reached")),
        ({"PORT": "http", "SLACK_BOT_TOKEN": ""}, 1, ("FAIL  PORT", "FAIL  SLACK_BOT_TOKEN", "2 of 2 failed")),
    ],
)
async def test_check(street: Street, variables: dict[str, str], code: int, words: tuple[str, ...]) -> None:
    ended = await street.does("check", **variables)

    assert ended.code == code, ended
    for word in words:
        assert word in ended.out
    assert "Traceback" not in ended.err
    assert street.livekit.rooms == {}
    assert not street.database.exists(), "looking changes nothing"


async def test_db_upgrade_makes_the_database_and_may_be_repeated(street: Street) -> None:
    for _ in range(2):
        ended = await street.does("db", "upgrade")
        assert (ended.code, ended.out, ended.err) == (0, f"{street.database} is up to date.\n", "")
    assert street.rows("SELECT count(*) FROM thing") == [(0,)]


async def test_db_upgrade_leaves_a_running_bot_its_database(street: Street) -> None:
    async with street.running():
        refused(await street.does("db", "upgrade"), "Another process")
