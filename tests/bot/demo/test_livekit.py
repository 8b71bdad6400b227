"""Starting a livekit-server: how it is found, what it is told, and what is said when it does not come up."""

import os
import tomllib
from pathlib import Path

import pytest
import yaml
from livekit.api import ListRoomsRequest, LiveKitAPI
from pydantic import SecretStr

from bot.demo import livekit
from bot.demo.livekit import LiveKitServer, NoProgram, NoServer, find_program
from tests.live import server as live

SECRET = SecretStr("0123456789-0123456789-0123456789")

ELSEWHERE = {
    "LIVEKIT_CONFIG": "port: 1",
    "LIVEKIT_KEYS": "other: 0123456789-0123456789-0123456789",
    "REDIS_HOST": "127.0.0.1:1",
    "NODE_IP": "192.0.2.1",
}
"""Variables that livekit-server heeds, as somebody has them who runs one elsewhere. The first stands for `--config`."""


def program(directory: Path, name: str, script: str = "exit 0") -> Path:
    """A program that is no livekit-server."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without one: its PATH and its Go folder are this directory."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(livekit, "_GO_FOLDER", tmp_path / "go" / "bin")
    monkeypatch.delenv("LIVEKIT_SERVER", raising=False)
    return tmp_path


async def test_the_path_wins_over_what_go_install_made(nowhere: Path) -> None:
    (nowhere / "go" / "bin").mkdir(parents=True)
    with pytest.raises(NoProgram, match="There is no livekit-server on the PATH"):
        await find_program()
    by_go = program(nowhere / "go" / "bin", "server")
    assert await find_program() == str(by_go)
    on_the_path = program(nowhere, "livekit-server")
    assert await find_program() == str(on_the_path)


async def test_go_is_asked_where_it_puts_programs(nowhere: Path) -> None:
    (nowhere / "gobin").mkdir()
    by_go = program(nowhere / "gobin", "server")
    program(nowhere, "go", f"echo {nowhere}/gobin; echo {nowhere}/a:{nowhere}/b")
    assert await find_program() == str(by_go)
    (nowhere / "b" / "bin").mkdir(parents=True)
    by_go = program(nowhere / "b" / "bin", "server")
    program(nowhere, "go", f"echo; echo {nowhere}/a:{nowhere}/b")
    assert await find_program() == str(by_go)


async def test_a_named_one_wins_and_nothing_else_is_taken_for_it(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(nowhere, "livekit-server")
    named = program(nowhere, "mine")
    monkeypatch.setenv("LIVEKIT_SERVER", f" {named} ")
    assert await find_program() == str(named)
    monkeypatch.setenv("LIVEKIT_SERVER", "absent")
    with pytest.raises(NoProgram, match="LIVEKIT_SERVER names absent, which is no program"):
        await find_program()


async def test_a_server_that_ends_at_once_is_told_with_its_last_words(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_SERVER", str(program(nowhere, "broken", "echo first; echo it is broken; exit 3")))
    with pytest.raises(NoServer, match=r"ended with 3 at its start. The last line of its log: it is broken$"):
        async with LiveKitServer(nowhere):
            pytest.fail("it has started")


async def test_a_server_that_is_never_ready_is_killed(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it ignores a SIGTERM."""
    script = f"trap '' TERM; echo $$ > {nowhere}/pid; exec /bin/sleep 60"
    monkeypatch.setenv("LIVEKIT_SERVER", str(program(nowhere, "deaf", script)))
    monkeypatch.setattr(livekit, "START_SECONDS", 0.5)
    with pytest.raises(NoServer, match="was not ready"):
        async with LiveKitServer(nowhere):
            pytest.fail("it is ready")
    with pytest.raises(ProcessLookupError):
        os.kill(int((nowhere / "pid").read_text()), 0)


async def test_it_is_told_to_stay_on_loopback(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_SERVER", str(program(nowhere, "curious", f'/bin/cp "$2" {nowhere}/seen; exit 1')))
    extra = {"room": {"auto_create": False}, "limit": {"num_tracks": 9}}
    with pytest.raises(NoServer):
        async with LiveKitServer(nowhere, api_secret=SECRET, webhook_url="http://127.0.0.1:1/hook", extra=extra):
            pytest.fail("it has started")
    told = yaml.safe_load((nowhere / "seen").read_text())
    assert told["bind_addresses"] == ["127.0.0.1"]
    assert told["keys"] == {"demo": SECRET.get_secret_value()}
    rtc = told["rtc"]
    assert (rtc["node_ip"], rtc["use_external_ip"], rtc["tcp_port"]) == ("127.0.0.1", False, 0)
    assert rtc["stun_servers"] == ["127.0.0.1:3478"]
    assert told["webhook"] == {"api_key": "demo", "urls": ["http://127.0.0.1:1/hook"]}
    assert told["room"] == {"enable_remote_unmute": True, "auto_create": False}
    assert told["limit"] == {"num_tracks": 9}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("elsewhere")
async def test_it_gets_nothing_of_our_environment_but_where_things_are(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_SERVER", str(program(nowhere, "curious", f"/usr/bin/env > {nowhere}/seen; exit 1")))
    with pytest.raises(NoServer):
        async with LiveKitServer(nowhere):
            pytest.fail("it has started")
    names = {line.partition("=")[0] for line in (nowhere / "seen").read_text().splitlines()}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} <= {"PATH", "HOME", "TMPDIR"}, "the shell's own are left out"
    assert "PATH" in names


@pytest.mark.usefixtures("elsewhere")
async def test_no_variable_leads_it_elsewhere() -> None:
    async with live.LiveKitServer() as server, LiveKitAPI(server.url, live.KEY, live.SECRET) as api:
        assert not (await api.room.list_rooms(ListRoomsRequest())).rooms
        assert '"nodeIP": "127.0.0.1"' in server.log


async def test_what_the_bot_is_told_of_it(tmp_path: Path) -> None:
    """Its secret is random, shows nowhere else, and is long enough for the tokens' signatures."""
    servers = [LiveKitServer(tmp_path) for _ in range(2)]
    first, second = (tomllib.loads(server.providers)["providers"]["livekit"] for server in servers)
    assert (first["kind"], first["url"], first["api_key"]) == ("livekit", servers[0].url, "demo")
    assert first["api_secret"] != second["api_secret"]
    assert len(first["api_secret"]) >= 32
    assert first["api_secret"] not in repr(vars(servers[0]))
