"""One Socket Mode connection: a client of Slack's SDK that is used once.

The SDK's own reconnecting closes the old socket before it asks for the next address, asks for ever with a dead token,
and keeps to no limit (slack_sdk 3.47, `socket_mode/aiohttp`, `socket_mode/async_client`). So it is left off here, and
`bot/slack/socket.py` opens the next connection while this one still takes what comes.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import structlog
from aiohttp import ServerTimeoutError, WSMessage
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.logs import correlate, reference
from commands.core.references import new_reference

log = structlog.get_logger(__name__)

IN_HAND_SECONDS = 2.0
"""How long a close waits for acknowledgements that are on their way. Listeners await nothing else, so it is plenty."""

FAREWELL_SECONDS = 1.0
"""How long a close waits for Slack's own closing frame, which a dead connection never sends."""

_SILENCED = logging.getLogger("showcaller.socket_mode_client")
_SILENCED.setLevel(logging.CRITICAL + 1)
"""The SDK writes a traceback, with the connection's ticket, for each failure. We say what became of it instead."""


class Ending(StrEnum):
    """Why a connection is at its end, or soon will be: Slack's word for it, or one of the last three, which are ours.

    https://docs.slack.dev/apis/events-api/using-socket-mode/#disconnect
    """

    WARNING = "warning"
    REFRESH = "refresh_requested"
    DISABLED = "link_disabled"
    CROWDED = "too_many_websockets"
    OTHER = "other"
    LOST = "lost"
    SILENT = "silent"

    @classmethod
    def said(cls, reason: object) -> "Ending":
        """Slack may have reasons that it does not document."""
        documented = (cls.WARNING, cls.REFRESH, cls.DISABLED, cls.CROWDED)
        return next((ending for ending in documented if ending == reason), cls.OTHER)


class NotOpened(Exception):
    """Slack ended the connection before it said hello."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


class _Client(SocketModeClient):
    """Gives each message to `take` at once, instead of to the SDK's queue.

    From the queue it would come after the closing frame that Slack may send right behind a `disconnect`, and the
    SDK would reconnect by itself.
    """

    def __init__(self, take: Callable[[str], None], **options: Any) -> None:
        super().__init__(**options, logger=_SILENCED, auto_reconnect_enabled=False)
        self._take = take

    async def enqueue_message(self, message: str) -> None:
        self._take(message)


class Connection:
    """Takes envelopes from the moment it is opened until it is closed, also while it is `ending`.

    `ended` is told once, as soon as another connection is needed; `gone` is set when nothing can come here any more.
    A socket on which nothing arrives, no pong either, is found after one and a half `ping_seconds`.
    """

    def __init__(
        self,
        app: AsyncApp,
        web: AsyncWebClient,
        *,
        ping_seconds: float,
        ended: Callable[["Connection", Ending], None],
    ) -> None:
        self._app = app
        self._ended = ended
        self._takes = True
        self._in_hand: set[asyncio.Task[None]] = set()
        self._hello: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ending: Ending | None = None
        self.gone = asyncio.Event()
        # The SDK's methods are not annotated, so mypy would refuse every call of them.
        self._client: Any = _Client(
            self._take,
            app_token=web.token,
            web_client=web,
            ping_interval=ping_seconds,
            on_close_listeners=[self._closed],
            on_error_listeners=[self._failed],
        )
        self._client.proxy = web.proxy  # the SDK has looked into the environment here too

    async def open(self, address: str) -> None:
        """Connect and wait for Slack's hello. Raises `NotOpened`; tries for ever, so the caller sets a time."""
        self._client.wss_uri = address
        await self._client.connect()
        await self._hello

    async def check(self) -> None:
        """Find an end of which the SDK tells nobody: a connection that was torn, or on which no pong comes."""
        if not self.gone.is_set() and not await self._client.is_connected():
            self._is_gone(Ending.SILENT if await self._client.is_ping_pong_failing() else Ending.LOST)

    async def close(self) -> None:
        """Take nothing more, acknowledge what is in hand, and let go. What comes meanwhile stays unacknowledged."""
        self._takes = False
        self.gone.set()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=IN_HAND_SECONDS)
        self._hello.cancel()
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._client.close()
        except TimeoutError:
            await self._client.close()  # the socket counts as closed, so that this only clears up behind it

    def _take(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        match message:
            case {"type": "hello"}:
                if not self._hello.done():
                    self._hello.set_result(None)
            case {"type": "disconnect"}:
                self._end(Ending.said(message.get("reason")))
            case {"envelope_id": _} if self._takes:
                task = asyncio.create_task(self._answer(message))
                self._in_hand.add(task)
                task.add_done_callback(self._in_hand.discard)

    async def _answer(self, message: dict[str, Any]) -> None:
        """An envelope that is not understood stays unacknowledged, so that whoever waits sees a failure."""
        correlate(request_id=new_reference())
        try:
            request = SocketModeRequest.from_dict(message)
            if request is not None:
                began = time.time()
                taken = AsyncBoltRequest(body=request.payload, mode="socket_mode", headers=build_headers(request))
                await send_async_response(self._client, request, await self._app.async_dispatch(taken), began)
        except ConnectionError:
            log.warning("an acknowledgement came too late for its connection")
        except Exception:
            log.exception("a payload was not understood", reference=reference())

    async def _closed(self, _: WSMessage) -> None:
        self._is_gone(Ending.LOST)

    async def _failed(self, message: WSMessage) -> None:
        self._is_gone(Ending.SILENT if isinstance(message.data, ServerTimeoutError) else Ending.LOST)

    def _is_gone(self, ending: Ending) -> None:
        self.gone.set()
        self._end(ending)

    def _end(self, ending: Ending) -> None:
        if self.ending is not None or not self._takes:
            return
        self.ending = ending
        if self._hello.done():
            self._ended(self, ending)
        else:
            self._hello.set_exception(NotOpened(ending))
