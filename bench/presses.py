"""From a press, written to a connection, to the first call that it brings about, received where Slack would be.

The baseline is a Bolt app as its README shows it, which acknowledges and responds. Ours looks up the role, writes the
attempt down and its end, asks the video server in memory, and then responds: all in one process, client included.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bench.client import status
from bench.slash import PATH, Sender
from bench.steps import Step, StepBench
from bench.targets import SECRET, serving, typist
from bot import manifest
from bot.demo.slack import StandIn
from bot.demo.world import World

BASELINE = "bolt: ack and respond"
OURS = "showcaller: room list"
BUTTON = "cmd:room.list:1"
VALUE = '{"v":1,"provider":"memory"}'
CALL_SECONDS = 5.0


@asynccontextmanager
async def open_presses(times: int) -> AsyncIterator[StepBench]:
    calls = _Calls()
    async with AsyncExitStack() as opened:
        folder = opened.enter_context(TemporaryDirectory(prefix="showcaller-bench-"))
        port = await opened.enter_async_context(serving(calls.app()))
        respond_to = f"http://127.0.0.1:{port}/response"
        world = await opened.enter_async_context(await World.open(Path(folder)))
        ours = replace(typist(world), response_url=respond_to)
        theirs = replace(await opened.enter_async_context(_bolt()), response_url=respond_to)
        steps = {BASELINE: calls.after(_pressed(theirs)), OURS: calls.after(_pressed(ours))}
        yield StepBench("From a press to its first call", BASELINE, steps, times)
        await calls.acknowledged()


class _Calls:
    """Takes what goes to a response_url. Acknowledgements may come later; Bolt's takes ten milliseconds."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._pressed: list[asyncio.Task[int]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/response/{number}", self._take)
        return app

    async def _take(self, _: web.Request) -> web.Response:
        self._came.set()
        return web.Response(text="ok")

    def after(self, press: Callable[[], asyncio.Task[int]]) -> Step:
        """Ends when the call came."""

        async def step() -> None:
            self._came.clear()
            self._pressed.append(press())
            async with asyncio.timeout(CALL_SECONDS):
                await self._came.wait()

        return step

    async def acknowledged(self) -> None:
        """Every press must have been."""
        answers = set(await asyncio.gather(*self._pressed))
        assert answers <= {200}, answers


def _pressed(sender: Sender) -> Callable[[], asyncio.Task[int]]:
    return lambda: asyncio.create_task(status(sender.port, sender.press(VALUE, BUTTON)))


@asynccontextmanager
async def _bolt() -> AsyncIterator[Sender]:
    async with StandIn(manifest.load()) as slack:
        app = AsyncApp(
            client=AsyncWebClient(token=slack.bot_token, base_url=slack.api_url),
            signing_secret=SECRET,
        )

        @app.action(re.compile(""))
        async def pressed(ack: AsyncAck, respond: AsyncRespond) -> None:
            await ack()
            await respond("Done.")

        async with serving(app.web_app(PATH)) as port:
            yield Sender(port, SECRET)
