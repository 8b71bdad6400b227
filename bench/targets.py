"""The servers that are measured, each a process of its own: `python -m bench.targets NAME`.

A target prints one line of JSON when it listens, the fields of a `Sender`, and ends when its standard input does.
"""

import asyncio
import contextlib
import hmac
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bench.slash import PATH, Sender
from bot import logs, manifest
from bot.demo.slack import StandIn
from bot.demo.slack.deliver import signature
from bot.demo.world import World
from bot.slack.lines import Lines

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ANSWER_SECONDS = 30.0
"""How long the commands of a round may take to be answered."""

_RIGHT_ANSWER = b"No room"


@asynccontextmanager
async def bare() -> AsyncIterator[Sender]:
    """aiohttp with nothing but the check of the signature."""

    async def events(request: web.Request) -> web.Response:
        expected = signature(SECRET, request.headers["X-Slack-Request-Timestamp"], await request.read())
        if not hmac.compare_digest(expected, request.headers["X-Slack-Signature"]):
            return web.Response(status=401)
        return web.Response()

    app = web.Application()
    app.router.add_post(PATH, events)
    async with serving(app) as port:
        yield Sender(port, SECRET)


@asynccontextmanager
async def bolt(*, process_before_response: bool) -> AsyncIterator[Sender]:
    """Bolt with one listener that acknowledges; token and signing secret as in its README."""
    async with StandIn(manifest.load()) as slack:
        app = AsyncApp(
            client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url),
            signing_secret=SECRET,
            process_before_response=process_before_response,
        )

        @app.command("/video")
        async def video(ack: AsyncAck) -> None:
            await ack()

        async with serving(app.web_app(PATH)) as port:
            yield Sender(port, SECRET)


@asynccontextmanager
async def showcaller() -> AsyncIterator[Sender]:
    """The bot as `showcaller run` wires it; what it starts after the acknowledgement does nothing."""
    with patch.object(Lines, "slash", _nothing):
        async with _world() as world:
            yield typist(world)


@asynccontextmanager
async def showcaller_at_work() -> AsyncIterator[Sender]:
    """The same, and each command is carried out: database, video server in memory, answer to the response_url."""
    async with _world() as world, Answered().serving() as respond_to:
        yield replace(typist(world), response_url=respond_to)


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    with TemporaryDirectory(prefix="showcaller-bench-") as directory:
        folder = Path(directory)
        with (folder / "log").open("w") as log:
            logs.configure(level=logging.INFO, style="json", stream=log)
            async with await World.open(folder) as world:
                yield world


async def _nothing(*_: object) -> None:
    """In place of the work after the acknowledgement."""


def typist(world: World) -> Sender:
    return Sender(
        world.port,
        world.slack.signing_secret,
        world.slack.team_id,
        world.general.id,
        world.operator.id,
        world.slack.api_url,
    )


class Answered:
    """Where response_urls lead: counts the right answers that come."""

    def __init__(self) -> None:
        self._count = 0
        self._came = asyncio.Condition()

    async def at_least(self, least: int) -> int:
        """Wait until that many right answers came, or for `ANSWER_SECONDS`; how many did."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS), self._came:
                await self._came.wait_for(lambda: self._count >= least)
        return self._count

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Yields what a response_url begins with. `GET /answered?least=N` asks `at_least`."""
        app = web.Application()
        app.router.add_post("/response/{number}", self._take)
        app.router.add_get("/answered", self._tell)
        async with serving(app) as port:
            yield f"http://127.0.0.1:{port}/response"

    async def _take(self, request: web.Request) -> web.Response:
        if _RIGHT_ANSWER in await request.read():
            async with self._came:
                self._count += 1
                self._came.notify_all()
        return web.Response(text="ok")

    async def _tell(self, request: web.Request) -> web.Response:
        return web.Response(text=str(await self.at_least(int(request.query["least"]))))


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[int]:
    """Every target but the bot is served here, so that they differ in their handlers alone. Yields the port."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


TARGETS: Mapping[str, Callable[[], AbstractAsyncContextManager[Sender]]] = {
    "bare": bare,
    "bolt": partial(bolt, process_before_response=False),
    "bolt-min": partial(bolt, process_before_response=True),
    "showcaller": showcaller,
    "showcaller+work": showcaller_at_work,
}


async def _serve(name: str) -> None:
    async with TARGETS[name]() as sender:
        sys.stdout.write(json.dumps(asdict(sender)) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
