"""How a payload reaches the bot and its acknowledgement comes back: signed HTTP, or an envelope on a socket."""

import asyncio
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
from aiohttp import web

from bot.demo.slack.things import Ack
from bot.demo.slack.workspace import APP_ID

ACK_SECONDS: Final = 3.0
CONNECTION_SECONDS: Final = 3600


class Kind(StrEnum):
    """The envelope types of Socket Mode."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered. Status 0: nothing, because it could not be reached."""

    status: int
    body: Any = None


def signature(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Http:
    """Signed POSTs. The signature carries the real time, by which the bot judges it."""

    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        self._session = aiohttp.ClientSession()

    async def send(self, url: str, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        assert self._session is not None, "not started"
        body, content_type = _encoded(kind, payload)
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                raw = await response.text()
                is_json = response.content_type == "application/json" and raw
                return Answer(response.status, json.loads(raw) if is_json else raw)
        except (aiohttp.ClientError, ValueError):
            return Answer(0)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _encoded(kind: Kind, payload: Mapping[str, Any]) -> tuple[bytes, str]:
    if kind is Kind.EVENT:
        return json.dumps(payload).encode(), "application/json"
    form = payload if kind is Kind.COMMAND else {"payload": json.dumps(payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


@dataclass(eq=False, slots=True)
class Link:
    """One Socket Mode connection. `acked` are the ids of the envelopes that it acknowledged, in order."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport
    acked: list[str] = field(default_factory=list)
    is_silent: bool = False
    is_leaving: bool = False

    async def send(self, message: Mapping[str, Any]) -> None:
        """What a silent connection is sent gets lost on the way, and so does what comes when it has just ended."""
        if not self.is_silent:
            with suppress(ConnectionError):
                await self.socket.send_json(message)


class Sockets:
    """The Socket Mode connections. Each payload goes to exactly one of them, in turn.

    `doubles`: each envelope goes to all of them. `redeliver_seconds`: an envelope that nobody acknowledged by then is
    sent again, to another connection, as people report of Slack without its documentation saying so. `greets`: a
    new connection hears a hello. `changed` is called when a connection comes, goes or acknowledges something.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._tickets: set[str] = set()
        self._open: deque[Link] = deque()
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self.all: list[Link] = []
        self.greets = True
        self.doubles = False
        self.redeliver_seconds: float | None = None

    @property
    def links(self) -> list[Link]:
        """Those that are open, the oldest first."""
        return [link for link in self.all if link in self._open]

    def ticket(self) -> str:
        """What a connection must show, once; handed out by `apps.connections.open`."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        assert request.transport is not None, "it was just accepted"
        link = Link(socket, request.transport)
        self._open.append(link)
        self.all.append(link)
        self._changed()
        try:
            if self.greets:
                await link.send(self._hello())
            async for message in socket:
                await self._hear(link, message)
        finally:
            self._open.remove(link)
            self._changed()
        return socket

    def _hello(self) -> Mapping[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "stand-in", "approximate_connection_time": CONNECTION_SECONDS},
        }

    async def _hear(self, link: Link, message: aiohttp.WSMessage) -> None:
        """An acknowledgement that comes late or for nothing counts, and is dropped."""
        if link.is_silent:
            return
        if message.type is aiohttp.WSMsgType.PING:
            with suppress(ConnectionError):
                await link.socket.pong(message.data)
        if message.type is aiohttp.WSMsgType.TEXT:
            ack = json.loads(message.data)
            envelope_id = str(ack.get("envelope_id"))
            link.acked.append(envelope_id)
            waiting = self._waiting.get(envelope_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(Answer(200, ack.get("payload") or ""))
            self._changed()

    async def send(self, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        envelope_id = str(uuid4())
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind is not Kind.EVENT,
        }
        if kind is Kind.EVENT:
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        try:
            while links := self._next():
                for link in links:
                    await link.send(envelope)
                await asyncio.wait({waiting}, timeout=self.redeliver_seconds)
                if waiting.done():
                    return waiting.result()
            return Answer(0)
        finally:
            del self._waiting[envelope_id]

    def _next(self) -> list[Link]:
        """Whose turn it is."""
        self._open.rotate(-1)
        takers = [link for link in self._open if not link.is_leaving]
        return takers if self.doubles else takers[-1:]

    async def disconnect(self, reason: str, *links: Link) -> None:
        """Say that these connections end, or all; a mere `warning` comes ahead, with others Slack closes at once."""
        for link in links or self.links:
            link.is_leaving = reason != "warning"
            await link.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "stand-in"}})
            if link.is_leaving:
                await link.socket.close()

    def cut(self, *links: Link) -> None:
        """End these connections, or all, without a closing frame, as a network does."""
        for link in links or self.links:
            link.transport.abort()

    def silence(self, *links: Link) -> None:
        """Leave these connections, or all, open while nothing gets through any more, no pong either."""
        for link in links or self.links:
            link.is_silent = True

    async def close(self) -> None:
        for link in self.links:
            await link.socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)


class Door:
    """The way to the bot: its request URL where that is set, else a socket. `deadline_seconds` is Slack's patience."""

    def __init__(self, http: Http, sockets: Sockets) -> None:
        self._http = http
        self._sockets = sockets
        self.request_url: str | None = None
        self.deadline_seconds = ACK_SECONDS
        self._last: tuple[Kind, Mapping[str, Any]] | None = None

    async def again(self) -> Ack:
        """Deliver the last payload once more."""
        assert self._last is not None, "nothing was delivered"
        return await self.send(*self._last)

    async def send(self, kind: Kind, payload: Mapping[str, Any]) -> Ack:
        self._last = (kind, payload)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.deadline_seconds):
                if self.request_url is None:
                    answer = await self._sockets.send(kind, payload)
                else:
                    answer = await self._http.send(self.request_url, kind, payload)
        except TimeoutError:
            return Ack(0, None, time.perf_counter() - started, "operation_timeout")
        problem = None if answer.status == 200 else "dispatch_failed"
        return Ack(answer.status, answer.body, time.perf_counter() - started, problem)
