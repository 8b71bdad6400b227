"""A proxy before the stand-in Slack, for what goes wrong between Slack and us."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import ClientSession, web

FORWARDED = ("Authorization", "Content-Type", "X-OAuth-Scopes", "Retry-After")


class Trouble(Enum):
    """`NONE`: all is well. `LOST`: Slack does what was asked, and its answer never arrives."""

    NONE = auto()
    THROTTLED = auto()
    FAILS = auto()
    PAGE = auto()
    RESET = auto()
    LOST = auto()


@dataclass
class Proxy:
    """`is_down` resets every connection; while not `is_open`, calls arrive and go no further. `calls` are the methods
    that arrived, with the loop's time."""

    api_url: str
    retry_after: str = "1"
    is_down: bool = False
    next: deque[Trouble] = field(default_factory=deque)
    calls: list[tuple[str, float]] = field(default_factory=list)
    url: str = ""
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_open.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.calls.append((method, asyncio.get_running_loop().time()))
        await self.is_open.wait()
        trouble = Trouble.RESET if self.is_down else self.next.popleft() if self.next else None
        match trouble:
            case None | Trouble.NONE:
                return await self._forward(request, method)
            case Trouble.THROTTLED:
                refusal = {"ok": False, "error": "ratelimited"}
                return web.json_response(refusal, status=429, headers={"Retry-After": self.retry_after})
            case Trouble.FAILS:
                return web.json_response({"ok": False, "error": "internal_error"}, status=500)
            case Trouble.PAGE:
                return web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html")
            case Trouble.LOST:
                await self._forward(request, method)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _forward(self, request: web.Request, method: str) -> web.Response:
        headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        async with ClientSession() as session:
            answer = await session.request(
                request.method, self.api_url + method, params=request.query, data=await request.read(), headers=headers
            )
            kept = {name: answer.headers[name] for name in FORWARDED if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@asynccontextmanager
async def before(api_url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(api_url)
    app = web.Application()
    app.router.add_route("*", "/api/{method}", proxy.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    try:
        yield proxy
    finally:
        await runner.cleanup()
