"""A bot that is nothing but ears: it checks signatures with Slack's SDK, keeps what comes, and answers as told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_sdk.signature import SignatureVerifier


class Recorder:
    """`answer` is the next body: nothing, text, or a dict that goes as JSON."""

    def __init__(self, signing_secret: str) -> None:
        self._verifier = SignatureVerifier(signing_secret)
        self.payloads: list[dict[str, Any]] = []
        self.answer: Any = ""
        self.status = 200
        self.url = ""

    @property
    def last(self) -> dict[str, Any]:
        return self.payloads[-1]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._verifier.is_valid_request(body, dict(request.headers)):
            return web.Response(status=401)
        if request.content_type == "application/json":
            self.payloads.append(json.loads(body))
        else:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            self.payloads.append(json.loads(form["payload"]) if "payload" in form else form)
        if isinstance(self.answer, dict):
            return web.json_response(self.answer, status=self.status)
        return web.Response(text=self.answer, status=self.status)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Recorder"]:
        app = web.Application()
        app.router.add_post("/slack/events", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        try:
            yield self
        finally:
            await runner.cleanup()
