"""Socket Mode: Slack's requests over WebSockets that we open, two of them, so that one is there when the other ends.

Slack gives each payload to one of an app's connections, ends every connection within a few hours, and says so shortly
before. A new one is opened while the old one still takes what comes.
https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import asyncio
import math
import random
from contextlib import suppress
from dataclasses import dataclass

import aiohttp
import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot.health import Health
from bot.metrics import Metrics
from bot.slack.connection import Connection, Ending, NotOpened
from bot.slack.errors import NotGranted, SlackDown, SlackError, Throttled, TokenDead, narrow
from bot.slack.sdk import web_client
from bot.tasks import keep_running

log = structlog.get_logger(__name__)

WANTED = 2
"""Slack allows ten to an app, for all of its processes together."""

_OPEN = "apps.connections.open"
_REMEDY = "make an app-level token with the scope connections:write, and start the bot with it"
_SWITCHED_OFF = "Socket Mode is switched off on the app's page"
_CROWDED = "Slack counts more than ten connections of this app: other processes use SLACK_APP_TOKEN too"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long, in seconds.

    `open_seconds`: what Slack may take to give an address, and again to say hello. `apart_seconds`: between two
    connections, so that they do not end together. `call_seconds`: Slack lets us ask for an address once in that time,
    the first two aside. `linger_seconds`: how long a connection that ends is left to take what is on its way; Slack
    warns ten seconds ahead. `refused_seconds`: until we ask again after a refusal that only a person can mend.
    """

    ping_seconds: float = 10.0
    watch_seconds: float = 1.0
    open_seconds: float = 5.0
    apart_seconds: float = 65.0
    call_seconds: float = 60.0
    linger_seconds: float = 15.0
    pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0
    refused_seconds: float = 300.0


class SocketMode:
    """Keeps two connections open. Opening one takes the app-level token, not the bot's."""

    def __init__(self, app: AsyncApp, app_token: SecretStr, metrics: Metrics, pace: Pace | None = None) -> None:
        self._app = app
        self._app_token = app_token
        self._web = web_client(app.client.base_url, app.client.session, token=app_token.get_secret_value())
        self._pace = pace or Pace()
        self._metrics = metrics
        metrics.socket_connections.set_function(lambda: self.connected)
        self._connections: list[Connection] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._keeping: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._connected_once = asyncio.Event()
        self._address: str | None = None
        self._trouble = ""
        self._failures = 0
        self._not_before = -math.inf
        self._limited_until = -math.inf
        self._opened_at = -math.inf

    async def open(self) -> None:
        """Ask for the address of the first connection. `TokenDead`, `NotGranted` where the token never gets one.

        With any other trouble `connect` asks again. Asking is limited, so what was given here is what `connect` uses.
        """
        try:
            self._address = await self._ask()
        except (TokenDead, NotGranted):
            raise
        except SlackError as error:
            self._put_off(error)

    async def connect(self, timeout_seconds: float) -> None:
        """Begin to keep connections open, and wait so long for the first one."""
        self._keeping = asyncio.create_task(keep_running(self._keep, name="socket mode"))
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._connected_once.wait()

    @property
    def connected(self) -> int:
        """How many connections can bring something at this moment."""
        return sum(not connection.gone.is_set() for connection in self._connections)

    def health(self) -> Health:
        """One connection is enough to be ready; with one alone there is a gap when it ends without a warning."""
        if self.connected >= WANTED:
            return Health(True)
        count = f"{self.connected} of {WANTED} connections"
        return Health(self.connected > 0, f"{count}; {self._trouble}" if self._trouble else count)

    async def close(self) -> None:
        """Take nothing more: what comes from here on is for another process."""
        tasks = {*self._leaving, *([self._keeping] if self._keeping else [])}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(connection.close() for connection in self._connections))
        self._connections.clear()

    async def _keep(self) -> None:
        while True:
            self._changed.clear()
            for connection in tuple(self._connections):
                await connection.check()
            wait_seconds = self._wait_seconds()
            if wait_seconds <= 0:
                await self._open_another()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(min(wait_seconds, self._pace.watch_seconds)):
                    await self._changed.wait()

    def _wait_seconds(self) -> float:
        """Until another connection is to be opened."""
        staying = sum(connection.ending is None for connection in self._connections)
        if staying >= WANTED:
            return math.inf
        due = max(self._not_before, self._limited_until - self._pace.call_seconds)
        if staying:
            due = max(due, self._opened_at + self._pace.apart_seconds)
        return due - asyncio.get_running_loop().time()

    async def _open_another(self) -> None:
        try:
            address, self._address = self._address, None
            connection = await self._connected_to(address or await self._ask())
        except SlackError as error:
            self._put_off(error)
        except NotOpened as error:
            self._put_off(SlackDown(error.ending, "hello"))
            self._mind(error.ending)
        else:
            self._connections.append(connection)
            self._connected_once.set()
            self._opened_at = asyncio.get_running_loop().time()
            self._failures, self._trouble = 0, ""
            log.info("a Socket Mode connection is open", connections=self.connected)
        self._changed.set()

    async def _ask(self) -> str:
        """An address to connect to, which is good for one connection. Raises `SlackError`."""
        try:
            async with asyncio.timeout(self._pace.open_seconds):
                answer = await self._web.apps_connections_open(app_token=self._app_token.get_secret_value())
            address = str(answer["url"])
        except SlackApiError as error:
            refusal = narrow(error, _OPEN)
            self._count_call(refusal.code)
            raise refusal from None
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError, KeyError) as error:
            # The last three are the SDK's and ours for an answer that is not Slack's.
            self._metrics.slack_calls.labels(_OPEN, "connection").inc()
            raise SlackDown(type(error).__name__, _OPEN) from None
        self._count_call("ok")
        return address

    def _count_call(self, outcome: str) -> None:
        """Slack has answered, so its limit counts it: two may come at once, and then one in each `call_seconds`."""
        self._metrics.slack_calls.labels(_OPEN, outcome).inc()
        now = asyncio.get_running_loop().time()
        self._limited_until = max(self._limited_until, now) + self._pace.call_seconds

    async def _connected_to(self, address: str) -> Connection:
        connection = Connection(self._app, self._web, ping_seconds=self._pace.ping_seconds, ended=self._ended)
        try:
            async with asyncio.timeout(self._pace.open_seconds):
                await connection.open(address)
        except BaseException as error:
            await connection.close()
            if isinstance(error, TimeoutError):
                raise SlackDown("timeout", "hello") from None
            raise
        return connection

    def _put_off(self, error: SlackError) -> None:
        """Ask again, when it may help."""
        self._failures += 1
        pause = self._pace.pause_seconds * 2.0 ** min(self._failures - 1, 16)
        pause_seconds = min(pause, self._pace.longest_pause_seconds) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        self._trouble = f"Slack gives no connection ({error.code})"
        log.warning("Slack gave no address for Socket Mode yet", error=str(error))
        match error:
            case TokenDead() | NotGranted():
                self._trouble = f"Slack refuses SLACK_APP_TOKEN with `{error.code}`"
                log.error("Slack refuses SLACK_APP_TOKEN", code=error.code, remedy=_REMEDY)
                pause_seconds = self._pace.refused_seconds
            case Throttled():
                pause_seconds = error.retry_after
        self._rest(pause_seconds)

    def _ended(self, connection: Connection, ending: Ending) -> None:
        """Replace it. What is still on its way to it is taken meanwhile."""
        self._metrics.socket_reconnects.labels(ending).inc()
        log.info("a Socket Mode connection ends", reason=ending)
        self._mind(ending)
        task = asyncio.create_task(self._leave(connection, ending))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        self._changed.set()

    def _mind(self, ending: Ending) -> None:
        """Some endings are a refusal, after which asking at once only makes it worse."""
        match ending:
            case Ending.DISABLED:
                self._trouble = _SWITCHED_OFF
                log.error("Socket Mode is switched off", remedy="switch it on again, or use SLACK_SIGNING_SECRET")
                self._rest(self._pace.refused_seconds)
            case Ending.CROWDED:
                self._trouble = _CROWDED
                log.error("too many connections use SLACK_APP_TOKEN", remedy="stop the other processes")
                self._rest(self._pace.longest_pause_seconds)

    def _rest(self, pause_seconds: float) -> None:
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + pause_seconds)

    async def _leave(self, connection: Connection, ending: Ending) -> None:
        """Slack ends it; where it does not, we do."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if ending is Ending.CROWDED else self._pace.linger_seconds):
                await connection.gone.wait()
        await connection.close()
        self._connections.remove(connection)
