"""The bot as people run it: a process of its own, on a database in a file, beside a Slack and a server of ours."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Row, connect
from typing import Any, TypeVar

import aiohttp

from bot import manifest
from bot.demo.slack import StandIn
from bot.demo.slack.things import Channel, Message, User
from tests.bot.alerts.proxy import Proxy, before
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn

ROOT = Path(__file__).parents[3]
START_SECONDS = 20
T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """A process that has ended: what it returned, and what it wrote for people and for the log."""

    code: int
    out: str
    err: str


@dataclass
class Process:
    """One run of `showcaller`. `lines` are the log's, as they come."""

    child: asyncio.subprocess.Process
    lines: list[Mapping[str, Any]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.child.stderr is not None
        async for raw in self.child.stderr:
            line = raw.decode()
            self.text.append(line)
            if line.startswith("{"):
                self.lines.append(json.loads(line))
            self.more.set()
        asyncio.get_running_loop().call_soon(self.more.set)  # after this task is done, for whoever waits for more

    async def logged(self, event: str) -> Mapping[str, Any]:
        """Wait for that line of the log."""
        try:
            async with asyncio.timeout(START_SECONDS):
                while not (found := [line for line in self.lines if line.get("event") == event]):
                    self.more.clear()
                    if self._reading.done():
                        raise AssertionError(f"it ended without saying “{event}”\n{''.join(self.text)}")
                    await self.more.wait()
                return found[0]
        except TimeoutError:
            raise AssertionError(f"it did not say “{event}”\n{''.join(self.text)}") from None

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    async def ended(self) -> Ended:
        assert self.child.stdout is not None
        async with asyncio.timeout(60):
            out = await self.child.stdout.read()
            await self._reading
            return Ended(await self.child.wait(), out.decode(), "".join(self.text))

    async def kill(self) -> None:
        if self.child.returncode is None:
            self.child.kill()
        await self.ended()


@dataclass
class Street:
    """What stands around the process: Slack (behind a proxy that can be down), a video server, and its directory."""

    directory: Path
    slack: StandIn
    proxy: Proxy
    livekit: LiveKitStandIn
    ana: User
    general: Channel
    variables: dict[str, str]
    port: int = 0

    @property
    def database(self) -> Path:
        return self.directory / "showcaller.db"

    async def start(self, *arguments: str, **variables: str) -> Process:
        given = {name: text for name, text in (self.variables | variables).items() if text}
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=self.directory,
            env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, **given},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return Process(child)

    async def does(self, *arguments: str, **variables: str) -> Ended:
        """Run to the end."""
        return await (await self.start(*arguments, **variables)).ended()

    @asynccontextmanager
    async def running(self, **variables: str) -> AsyncIterator[Process]:
        """A bot that is ready. It is killed at the end, unless it has ended."""
        process = await self.start("run", **variables)
        try:
            self.port = (await process.logged("ready"))["port"]
            self.slack.request_url = self.url("/slack/events") if "SLACK_APP_TOKEN" not in self.variables else None
            yield process
        finally:
            await process.kill()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def get(self, path: str, port: int | None = None) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port or self.port}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def tell(self) -> list[int]:
        """Deliver the webhooks that the video server has for us; what it was answered."""
        answers = []
        async with aiohttp.ClientSession() as session:
            while not self.livekit.deliveries.empty():
                authorization, body = self.livekit.deliveries.get_nowait()
                headers = {"Authorization": authorization, "Content-Type": "application/webhook+json"}
                async with session.post(self.url("/webhooks/livekit"), data=body, headers=headers) as answer:
                    answers.append(answer.status)
        return answers

    async def types(self, text: str) -> None:
        await self.slack.command(self.ana, self.general, text)

    async def sees(self, *words: str, only_me: bool = False) -> Message:
        """Wait until ana sees a message with all of these words: the channel's, or one for her alone."""

        def found() -> Message | None:
            seen = self.slack.seen_by(self.ana, self.general)
            alike = (m for m in seen if bool(m.ephemeral_to) is only_me and not m.thread_ts)
            return next((m for m in alike if all(word in m.words for word in words)), None)

        return await self.slack.until(found, timeout=15)

    async def until(self, condition: Callable[[], T | None]) -> T:
        async with asyncio.timeout(15):
            while not (found := condition()):
                await asyncio.sleep(0.01)
            return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(connect(self.database)) as connection:
            connection.row_factory = Row
            return [tuple(row) for row in connection.execute(query)]

    def attempts(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT words, outcome, response_url IS NULL FROM attempt ORDER BY id")


@asynccontextmanager
async def street(directory: Path, *, socket_mode: bool = False) -> AsyncIterator[Street]:
    found = manifest.load()
    async with (
        StandIn(found if socket_mode else manifest.http_variant(found, "http://127.0.0.1:1")) as slack,
        before(slack.api_url) as proxy,
        LiveKitStandIn() as livekit,
    ):
        ana = slack.workspace.add_user("ana", owner=True)
        door = {"SLACK_APP_TOKEN": slack.app_token} if socket_mode else {"SLACK_SIGNING_SECRET": slack.signing_secret}
        yield Street(
            directory,
            slack,
            proxy,
            livekit,
            ana,
            slack.workspace.add_channel("general", members=[ana]),
            {
                "SLACK_BOT_TOKEN": slack.bot_token,
                "SLACK_API_URL": proxy.url,
                **door,
                "LIVEKIT_URL": livekit.url,
                "LIVEKIT_API_KEY": KEY,
                "LIVEKIT_API_SECRET": SECRET,
                "DATABASE_URL": f"sqlite:///{directory / 'showcaller.db'}",
                "PORT": "0",
                "LOG_FORMAT": "json",
                "SHOWCALLER_COMMANDS_PER_MINUTE": "1000000",
            },
        )
