"""The doors that face the network: Slack's requests, the webhooks of video servers, health and metrics.

A request comes past our guards before anything of it is parsed, so that what is malformed is answered with a 4xx and
never reaches Bolt, which would make a 500 of it.
"""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import SecretStr

from bot.health import Health
from bot.logs import correlate, reference
from bot.metrics import CONTENT_TYPE
from commands.core.ports import Clock
from commands.core.references import new_reference

log = structlog.get_logger(__name__)

BODY_BYTES = 1024 * 1024
"""The largest body that is read, unless a setting says otherwise. Slack's are far below, and so are the webhooks of
every server that we know."""

BODY_SECONDS = 10.0
"""How long a sender may take over a body: one that drips it would hold a connection for ever."""

CHECK_SECONDS = 2.0
ACCEPT_ROUNDS = 3
"""How many rounds of the loop asyncio takes to make something of a connection that it has accepted. Where the server
is closed meanwhile, the connection is left open (Python 3.11, `asyncio/base_events.py`, `Server._attach`)."""

BACKLOG = 128
IDLE_SECONDS = 75.0
SHUTDOWN_SECONDS = 3.0
"""Slack gives up on an answer by then."""

REPLAY_SECONDS = 300
"""Slack's own window: a request that is older, or as far in the future, is not accepted."""

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class WebhookAnswer(StrEnum):
    """What became of a webhook. Only STORED says that it will not be forgotten. HANG_UP is UNAVAILABLE for a server
    that takes every answer, whatever its status, for the end of the matter."""

    STORED = "stored"
    FORGED = "forged"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"
    HANG_UP = "hang up"

    @property
    def verdict(self) -> str:
        """In a word, for who counts: how somebody is refused makes no difference."""
        return str(WebhookAnswer.UNAVAILABLE if self is WebhookAnswer.HANG_UP else self)

    @property
    def status(self) -> int:
        """Of HANG_UP nobody sees it."""
        return _STATUS[self]


_STATUS = {
    WebhookAnswer.HANG_UP: 503,
    WebhookAnswer.STORED: 200,
    WebhookAnswer.FORGED: 401,
    WebhookAnswer.UNKNOWN: 404,
    WebhookAnswer.UNAVAILABLE: 503,
}

Headers = Mapping[str, str]
"""Names in lower case, values in ASCII."""

SlackHandler = Callable[[dict[str, Any]], Awaitable[web.StreamResponse]]
"""Takes what Slack signed: the fields of a form, the JSON object in its field `payload`, or a bare JSON object."""

WebhookHandler = Callable[[str, str, Headers, bytes], Awaitable[WebhookAnswer]]
"""Takes the provider's name, the callback kind (empty where there is one URL), headers and body, unverified."""

Check = Callable[[], Awaitable[Health]]


@dataclass(frozen=True, slots=True)
class SlackDoor:
    """Slack over HTTP. `signing_secret` is what Slack signs with."""

    signing_secret: SecretStr
    handle: SlackHandler


@dataclass(frozen=True, slots=True)
class Doors:
    """Who answers behind each route. `slack` is None in Socket Mode; `checks` are what `/readyz` asks, by name."""

    clock: Clock
    webhook: WebhookHandler
    metrics: Callable[[], bytes]
    slack: SlackDoor | None = None
    checks: Mapping[str, Check] = field(default_factory=dict)
    body_seconds: float = BODY_SECONDS
    body_bytes: int = BODY_BYTES
    too_large: Callable[[], object] = lambda: None
    """Told of each body that was too large."""


def build_public(doors: Doors, *, with_admin: bool) -> web.Application:
    """What the world may reach. `with_admin`: health and metrics too, as no port of their own is configured."""
    app = _application(doors)
    if doors.slack:
        app.router.add_post("/slack/events", _reporting(_slack_events(doors.slack, doors)))
    webhook = _reporting(_webhooks(doors))
    app.router.add_post("/webhooks/{name}", webhook)
    app.router.add_post("/webhooks/{name}/{kind}", webhook)
    if with_admin:
        _add_admin(app, doors)
    return app


def build_admin(doors: Doors) -> web.Application:
    """Health and metrics alone."""
    app = _application(doors)
    _add_admin(app, doors)
    return app


def _application(doors: Doors) -> web.Application:
    return web.Application(client_max_size=doors.body_bytes)


def _add_admin(app: web.Application, doors: Doors) -> None:
    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        results = await asyncio.gather(*(_checked(name, check) for name, check in doors.checks.items()))
        found = dict(zip(doors.checks, results, strict=True))
        is_ready = all(health.is_ready for health in results)
        answer: dict[str, object] = {"ready": is_ready, "checks": {name: str(health) for name, health in found.items()}}
        if why := {name: health.why for name, health in found.items() if health.why}:
            answer["why"] = why
        return web.json_response(answer, status=200 if is_ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=doors.metrics(), headers={"Content-Type": CONTENT_TYPE})

    app.router.add_get("/healthz", _reporting(healthz))
    app.router.add_get("/readyz", _reporting(readyz))
    app.router.add_get("/metrics", _reporting(metrics))


async def _checked(name: str, check: Check) -> Health:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception:
        log.warning("a readiness check failed", check=name, exc_info=True)
        return Health(False)


def _reporting(handler: Handler) -> Handler:
    """Every line about a request carries its id; an error of ours is answered with a reference and no more.

    Around the handler and not as a middleware, which costs an acknowledgement a twentieth of its time.
    """

    async def reported(request: web.Request) -> web.StreamResponse:
        correlate(request_id=new_reference())
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            reason = (refusal.text or "").strip()
            log.warning("a request was refused", path=request.path, status=refusal.status, reason=reason)
            raise
        except Exception:
            told = reference()
            log.exception("a request failed", path=request.path, reference=told)
            return web.Response(status=500, text=f"internal error, reference {told}\n")

    return reported


def _slack_events(door: SlackDoor, doors: Doors) -> Handler:
    key = door.signing_secret.get_secret_value().encode()

    async def events(request: web.Request) -> web.StreamResponse:
        timestamp = _only(request, "X-Slack-Request-Timestamp", _TIMESTAMP)
        signature = _only(request, "X-Slack-Signature", _SIGNATURE)
        if abs(doors.clock.now().timestamp() - int(timestamp)) > REPLAY_SECONDS:
            raise web.HTTPUnauthorized(text="stale timestamp\n")
        body = await _body(request, doors)
        expected = hmac.new(key, b"v0:%s:%s" % (timestamp.encode(), body), sha256).hexdigest()
        if not hmac.compare_digest(f"v0={expected}", signature):
            raise web.HTTPUnauthorized(text="wrong signature: SLACK_SIGNING_SECRET is not the sender's\n")
        return await door.handle(_parsed(request.content_type, body))

    return events


def _only(request: web.Request, name: str, shape: re.Pattern[str]) -> str:
    """The value of a header that is there once and looks as it must."""
    match request.headers.getall(name, []):
        case [value] if shape.fullmatch(value):
            return value
    raise web.HTTPUnauthorized(text=f"missing or malformed {name}\n")


async def _body(request: web.Request, doors: Doors) -> bytes:
    if (request.content_length or 0) > doors.body_bytes:
        raise _too_large(doors)
    try:
        if request.content.is_eof():  # it came with the head, as most do; a timer would cost more than the signature
            return await request.read()
        async with asyncio.timeout(doors.body_seconds):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="body too slow\n") from None
    except (ConnectionError, web.RequestPayloadError):  # nobody is there to read this, but it is no failure of ours
        raise web.HTTPBadRequest(text="body broken off\n") from None
    except web.HTTPRequestEntityTooLarge:  # it came in pieces, without saying how much there is
        raise _too_large(doors) from None


def _too_large(doors: Doors) -> web.HTTPRequestEntityTooLarge:
    doors.too_large()
    return web.HTTPRequestEntityTooLarge(
        doors.body_bytes, text=f"body too large: at most {doors.body_bytes} bytes are read\n"
    )


def _parsed(content_type: str, body: bytes) -> dict[str, Any]:
    """Slack's own ways to send a payload, and no other: a JSON object under the name of a form is none."""
    try:
        text = body.decode()
        if content_type == "application/json":
            return _object(text)
        if content_type == "application/x-www-form-urlencoded" and not text.startswith("{"):
            fields = dict(parse_qsl(text, keep_blank_values=True))
            if fields:
                return _object(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        pass
    raise web.HTTPBadRequest(text="neither a form nor a JSON object\n")


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError
    return found


def _webhooks(doors: Doors) -> Handler:
    async def webhook(request: web.Request) -> web.StreamResponse:
        body = await _body(request, doors)
        name, kind = request.match_info["name"], request.match_info.get("kind", "")
        answer = await doors.webhook(name, kind, _headers(request), body)
        if answer is WebhookAnswer.HANG_UP and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, text=f"{answer}\n")

    return webhook


def _headers(request: web.Request) -> Headers:
    return {name.lower(): value.encode("ascii", "replace").decode() for name, value in request.headers.items()}


@dataclass(frozen=True, slots=True)
class Server:
    """An application that listens."""

    port: int
    _runner: web.AppRunner
    _listening: asyncio.Server

    async def close(self) -> None:
        """Take no request any more, give those under way `SHUTDOWN_SECONDS`, then cancel them."""
        loop = asyncio.get_running_loop()
        for listening in self._listening.sockets:
            loop.remove_reader(listening)
        for _ in range(ACCEPT_ROUNDS):
            await asyncio.sleep(0)
        self._listening.close()
        await self._runner.cleanup()


async def serve(app: web.Application, host: str, port: int) -> Server:
    """Listen; `OSError` where the port is taken. Port 0 takes a free one, which `Server.port` then says."""
    runner = web.AppRunner(
        app,
        access_log=None,  # it halves the rate of acks
        auto_decompress=False,  # a signature is over what was sent, and nobody we know compresses
        keepalive_timeout=IDLE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        assert runner.server is not None, "it was set up"
        listening = await asyncio.get_running_loop().create_server(runner.server, host, port, backlog=BACKLOG)
    except OSError:
        await runner.cleanup()
        raise
    return Server(listening.sockets[0].getsockname()[1], runner, listening)
