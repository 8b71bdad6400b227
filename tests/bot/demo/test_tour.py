"""The tour: it passes over both transports and on both video servers, and it notices what is not right."""

import signal
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from bot.alerts.pace import Tempo
from bot.demo.acts import create_by_command
from bot.demo.storm import FASTER
from bot.demo.story import Story
from bot.demo.tour import NEEDS, STEPS, play
from bot.demo.world import Transport, World
from tests.live.server import LiveKitServer

BROKEN = """
import sys
from functools import partial
from bot.demo import run, tour

async def wrong(story):
    "A wrong state"
    story.check("one and one is three", False)

run.play = partial(tour.play, steps=(wrong,))
sys.exit(run.run(tour=True))
"""


def paper() -> Console:
    return Console(file=StringIO(), width=100, color_system=None, highlight=False, emoji=False, markup=False)


def printed(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.fixture
async def livekit() -> None:
    """Skips the test where there is no livekit-server."""
    async with LiveKitServer():
        return


@pytest.mark.parametrize("transport", ["http", "socket"])
async def test_every_state_is_right(tmp_path: Path, transport: Transport) -> None:
    console = paper()
    async with await World.open(tmp_path, transport=transport, tempo=Tempo().faster(FASTER)) as world:
        assert await play(world, console), printed(console)
    assert printed(console).count("━━━") >= len(STEPS)
    assert "FAIL" not in printed(console)


async def test_a_wrong_state_fails_the_tour_and_shows_what_everybody_saw(tmp_path: Path) -> None:
    async def wrong(story: Story) -> None:
        """A wrong state"""
        story.check("the room is blue", False)

    async def never(story: Story) -> None:
        """Never played"""
        raise AssertionError("the story goes on after a failure")

    console = paper()
    async with await World.open(tmp_path) as world:
        assert not await play(world, console, (create_by_command, wrong, never))
    assert "FAIL  the room is blue" in printed(console)
    assert "What everybody saw:\n== ana\n-- general\n" in printed(console)
    assert "1 steps to go" in printed(console)


async def test_what_never_comes_fails_the_tour(tmp_path: Path) -> None:
    async def stuck(story: Story) -> None:
        """Nothing comes"""
        await story.sees(story.ana, "a message that nobody sent", lambda m: "never" in m.words)
        raise AssertionError("the step goes on without what it waits for")

    console = paper()
    async with await World.open(tmp_path) as world:
        story = Story(world, console, patience_seconds=0.01)
        assert not await story.play(stuck, "1. Nothing comes")
    assert "FAIL  a message that nobody sent" in printed(console)


async def test_a_refusal_of_slack_fails_the_tour(tmp_path: Path) -> None:
    async def refused(story: Story) -> None:
        """A call that Slack refuses"""
        story.world.slack.workspace.notify(story.ana, "/video", "operation_timeout")

    console = paper()
    async with await World.open(tmp_path) as world:
        assert not await play(world, console, (refused,))
    assert "/video: operation_timeout" in printed(console)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its directory, in an environment that would break a bot which heeds it."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-real")
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    monkeypatch.setenv("LIVEKIT_URL", "wss://elsewhere.invalid")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Without a terminal."""
    return subprocess.run(
        [sys.executable, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def test_without_a_terminal_the_demo_is_the_tour(temporary: Path) -> None:
    done = demo("-m", "bot", "demo")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-3_000:]
    assert f"\n{len(STEPS)} steps" in done.stdout
    assert done.stdout.endswith("on memory.\n")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert list(temporary.iterdir()) == [], "nothing is left behind"


@pytest.mark.usefixtures("livekit")
def test_on_livekit_it_is_the_same_tour_but_for_recordings(temporary: Path) -> None:
    done = demo("-m", "bot", "demo", "--server", "livekit")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-3_000:]
    assert f"\n{len(STEPS) - len(NEEDS)} steps" in done.stdout
    assert done.stdout.endswith("on livekit.\n")
    assert list(temporary.iterdir()) == [], "nothing is left behind"


@pytest.mark.usefixtures("livekit")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_ends_its_server_too(temporary: Path, way: signal.Signals) -> None:
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "bot", "demo", "--server", "livekit"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    with running, running.stdout:
        assert running.stdout.readline().startswith("1. ")
        [configuration] = temporary.glob("*/livekit-server.yaml")
        port = yaml.safe_load(configuration.read_text())["port"]
        running.send_signal(way)
        running.wait(30)
    assert running.returncode == 130, [log.read_text() for log in temporary.glob("*/showcaller.log")]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
    assert list(temporary.iterdir()) == [], "nothing is left behind"


def test_without_a_livekit_server_it_says_how_to_get_one(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(temporary))
    monkeypatch.delenv("LIVEKIT_SERVER", raising=False)
    done = demo("-m", "bot", "demo", "--server", "livekit")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "go install github.com/livekit/livekit-server" in done.stderr
    assert list(temporary.iterdir()) == [], "nothing is left behind"


def test_a_failure_is_exit_code_1_and_leaves_the_log(temporary: Path) -> None:
    done = demo("-c", BROKEN)
    assert done.returncode == 1
    [directory] = temporary.iterdir()
    assert str(directory / "showcaller.log") in done.stdout
    assert "ready" in (directory / "showcaller.log").read_text()
