"""Whole processes: how long until the bot is ready and what it holds in memory, beside the import of what it needs.

The bot is started as people start it, `python -m bot run`, on a new database, beside a stand-in of Slack.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp

from bench.client import closed_loop
from bench.machine import pin, resident_bytes
from bench.plan import Plan
from bench.slash import Sender
from bench.targets import Answered
from bot import manifest
from bot.demo.slack import StandIn
from bot.demo.world import IN_MEMORY, free_port

IMPORTS = (
    "import aiohttp, aiosqlite, alembic.command, cryptography.fernet, dotenv, jwt, livekit.api, prometheus_client,"
    "pydantic, slack_bolt.async_app, sqlalchemy.ext.asyncio, structlog, yaml;"
    "print(flush=True); input()"
)
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
LOOKS = 5
"""How often the memory is looked at while commands are carried out; the first look is the warm-up's end."""

AT_ONCE = 8


@dataclass(slots=True)
class Lives:
    """One number for each start; `bytes_after` so many `commands`, of one bot."""

    import_seconds: list[float] = field(default_factory=list)
    import_bytes: list[int] = field(default_factory=list)
    ready_seconds: list[float] = field(default_factory=list)
    ready_bytes: list[int] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)
    bytes_after: list[int] = field(default_factory=list)


async def measure(plan: Plan, core: int | None) -> Lives:
    """Both kinds in turn, on `core`. The first start of each writes bytecode and fills the disk's cache: left out."""
    lives = Lives()
    for number in range(plan.starts + 1):
        await _imports(lives, core, warm_up=number == 0)
        async with _ready(lives, core, warm_up=number == 0) as bot:
            if number == plan.starts:
                await _grow(bot, plan.growth, lives)
    return lives


async def _imports(lives: Lives, core: int | None, *, warm_up: bool) -> None:
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", IMPORTS, stdin=PIPE, stdout=PIPE)
    _pin(process, core)
    assert process.stdout is not None
    assert await process.stdout.readline(), "a dependency is missing"
    if not warm_up:
        lives.import_seconds.append(perf_counter() - began)
        lives.import_bytes.append(resident_bytes(process.pid))
    await process.communicate(b"\n")


@dataclass(frozen=True, slots=True)
class _Bot:
    pid: int
    sender: Sender
    answered: Answered


@asynccontextmanager
async def _ready(lives: Lives, core: int | None, *, warm_up: bool) -> AsyncIterator[_Bot]:
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory(prefix="showcaller-bench-")))
        slack = await opened.enter_async_context(StandIn(manifest.load()))
        answered = Answered()
        respond_to = await opened.enter_async_context(answered.serving())
        user = slack.workspace.add_user("omar")
        channel = slack.workspace.add_channel("general", members=[user])
        port, began = free_port(), perf_counter()
        process = await opened.enter_async_context(running(environ(folder, slack, port), folder, core))
        await until_ready(port, process)
        if not warm_up:
            lives.ready_seconds.append(perf_counter() - began)
            lives.ready_bytes.append(resident_bytes(process.pid))
        sender = Sender(port, slack.signing_secret, slack.team_id, channel.id, user.id, respond_to)
        yield _Bot(process.pid, sender, answered)


def environ(folder: Path, slack: StandIn, port: int, providers: str = IN_MEMORY) -> Mapping[str, str]:
    (folder / "showcaller.toml").write_text(providers)
    return {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "SHOWCALLER_CONFIG": str(folder / "showcaller.toml"),
        "SHOWCALLER_COMMANDS_PER_MINUTE": "1000000",
        "DATABASE_URL": f"sqlite:///{folder / 'showcaller.db'}",
        "PORT": str(port),
    }


@asynccontextmanager
async def running(environ: Mapping[str, str], folder: Path, core: int | None) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env=environ, stdout=DEVNULL, stderr=DEVNULL
    )
    _pin(process, core)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _pin(process: Process, core: int | None) -> None:
    if core is not None:
        pin(core, process.pid)


async def until_ready(port: int, process: Process) -> None:
    """As a load balancer would find out, but every few milliseconds."""
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.005)
    raise AssertionError("the bot ended before it was ready")


async def _grow(bot: _Bot, most: int, lives: Lives) -> None:
    """Every command is waited for until it is answered, so that none is under way when the memory is looked at."""
    requests, sent = bot.sender.requests(), 0
    for look in range(1, LOOKS + 1):
        count = most * look // LOOKS - sent
        done = await closed_loop(bot.sender.port, requests, connections=AT_ONCE, seconds=READY_SECONDS * 5, most=count)
        sent += len(done.latencies)
        assert done.failed == 0, f"{done.failed} commands were not acknowledged"
        assert await bot.answered.at_least(sent) == sent, "acknowledged commands have no right answer"
        lives.commands.append(sent)
        lives.bytes_after.append(resident_bytes(bot.pid))
