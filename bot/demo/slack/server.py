"""Slack's addresses on loopback: the Web API, response_urls and the Socket Mode endpoint."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.demo.slack.deliver import Sockets
from bot.demo.slack.errors import Refused
from bot.demo.slack.faults import Faults
from bot.demo.slack.responses import respond
from bot.demo.slack.web_api import WebApi
from bot.demo.slack.workspace import Workspace

LARGEST = 64 * 1024 * 1024
"""Bytes of a request, such as an upload's."""

_GONE = frozenset({"invalid_url", "expired_url", "used_url", "message_not_found"})


class Server:
    """`origin` is where it can be reached, once it listens."""

    def __init__(self, workspace: Workspace, api: WebApi, sockets: Sockets, faults: Faults) -> None:
        self._workspace = workspace
        self._api = api
        self._faults = faults
        app = web.Application(client_max_size=LARGEST)
        app.add_routes(
            [
                web.get("/api/{method}", self._call),
                web.post("/api/{method}", self._call),
                web.post("/response/{key}", self._respond),
                web.post("/upload/{key}", self._upload),
                web.get("/link", sockets.serve),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self.origin = ""

    async def start(self, port: int) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._workspace.uploads.origin = self.origin

    async def stop(self) -> None:
        self._faults.close()
        await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        try:
            arguments = await _arguments(request)
        except Refused as refused:
            return web.json_response({"ok": False, "error": refused.code})
        method = request.match_info["method"]
        token = str(arguments.pop("token", "") or request.headers.get("Authorization", "").removeprefix("Bearer "))

        def answer() -> web.Response:
            body, headers = self._api.answer(method, token, arguments)
            return web.json_response(body, status=429 if "Retry-After" in headers else 200, headers=headers)

        return await self._faults.befall(method, request, answer)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        try:
            arguments = await _arguments(request)
        except Refused as refused:
            return _refused(refused)

        def answer() -> web.Response:
            try:
                self._api.limits.admit("response_url", arguments)
                respond(self._workspace, request.match_info["key"], arguments)
            except Refused as refused:
                return _refused(refused)
            return web.Response(text="ok")

        return await self._faults.befall("response_url", request, answer)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes as they are; Slack takes a form too."""
        content = await request.read()

        def answer() -> web.Response:
            try:
                self._api.limits.admit("upload", {})
            except Refused as refused:
                return _refused(refused)
            if not self._workspace.uploads.take(request.match_info["key"], content):
                return web.Response(status=404)
            return web.Response(text=f"OK - {len(content)}")

        return await self._faults.befall("upload", request, answer)


def _refused(refused: Refused) -> web.Response:
    """A refusal outside the Web API."""
    status = 404 if refused.code in _GONE else 400
    return web.json_response({"ok": False, "error": refused.code, **refused.more}, status=status)


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Slack reads the query, a form or a JSON object, whatever comes."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(body, Mapping):
            raise Refused("json_not_object")
        arguments.update(body)
    else:
        arguments.update(await request.post())
    return arguments
