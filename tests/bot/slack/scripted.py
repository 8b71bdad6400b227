"""A Web API that answers as a test tells it, over HTTP, and a client that asks it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.slack.client import SlackClient
from bot.slack.sdk import slack_session

RESET: Final = object()
"""An answer that never comes: Slack has taken what was asked, and the connection breaks."""


@dataclass
class Scripted:
    """`answers` by method (`response` for a response_url): a JSON object, a whole response, an event to wait for,
    `RESET`, or a list of these, one for each call and the usual answer after them.

    `asked` is what came.
    """

    answers: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    origin: str = ""

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]

    @property
    def response_url(self) -> str:
        return f"{self.origin}/api/response"

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        body = await request.text()
        is_json = request.content_type == "application/json"
        self.asked.append((method, {**request.query, **(json.loads(body) if is_json else {})}))
        told = self.answers.get(method, OK)
        if isinstance(told, list):
            told = told.pop(0) if told else OK
        if told is RESET:
            assert request.transport is not None
            request.transport.abort()
        if isinstance(told, asyncio.Event):
            await told.wait()
            return web.Response()
        if isinstance(told, Raw):
            return web.Response(status=told.status, text=told.text, content_type=told.kind, headers=told.headers)
        return web.json_response(None if told is RESET else told)


@dataclass(frozen=True)
class Raw:
    """An answer that is not one of Slack's usual ones."""

    status: int
    text: str = ""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


OK: Final = {"ok": True, "ts": "1.1", "user": {}, "channel": {}}


@asynccontextmanager
async def scripted(monotonic: Callable[[], float] = time.monotonic) -> AsyncIterator[tuple[Scripted, SlackClient]]:
    slack = Scripted()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with slack_session(aiohttp.ClientTimeout(total=60)) as session:
        asking = AsyncWebClient(token="xoxb-1", base_url=f"{slack.origin}/api/", session=session, retry_handlers=[])
        yield slack, SlackClient(asking, session, Metrics(), monotonic=monotonic)
    await runner.cleanup()
