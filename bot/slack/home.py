"""The Home tab of each person: published when it is opened, when something is pressed on it, and when things change.

Nothing is kept of it but in memory: after a restart it is drawn again when somebody opens it. A page is always drawn
from what is true at that moment, so whoever publishes last is right, and Slack's `hash` is not needed.
"""

import asyncio
from dataclasses import dataclass, field

import structlog
from pydantic import SecretStr

from bot.render.home import REFRESH, digest, render_home
from bot.slack.answers import Address
from bot.slack.client import SlackClient
from bot.slack.errors import SlackDown, SlackError, Suspended, Throttled, TokenDead
from bot.slack.metadata import HomeMeta
from bot.slack.payloads import Body, direct_address, press_address, read_address
from bot.slack.presses import Presses
from bot.tasks import until
from commands.core.ports import Caller, Clock
from commands.home import Home

log = structlog.get_logger(__name__)

OPEN_SECONDS = 900.0
"""How long after somebody opened their Home, or pressed something there, it follows what changes."""

PAUSE_SECONDS = 10.0
"""How long a Home that was published stays as it is, whatever changes, and one that was not waits to be tried again."""

PASSING = (SlackDown, Suspended, Throttled, TokenDead)
"""What may be over when a page is published once more. That does no harm where Slack took the first one."""


@dataclass(slots=True, eq=False)
class _Reader:
    """Somebody who has the Home before them, as far as we know. `drawn` is the digest of what Slack shows them.

    `is_behind`: something may have changed that their page does not show. `tried_at` is when it was published last, or
    could not be.

    Times are of the clock's `monotonic`. Of two that draw for one reader the second waits for its `turn`.
    """

    caller: Caller
    channel_id: str
    opened_at: float
    tried_at: float = 0.0
    drawn: str = ""
    is_behind: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def channel_url(workspace_url: str, channel_id: str) -> SecretStr:
    """`workspace_url` as `auth.test` says it, with a slash at its end."""
    return SecretStr(f"{workspace_url}archives/{channel_id}")


class HomeTabs:
    """`wake` says that something may have changed; a lost or doubled wake does no harm."""

    def __init__(self, slack: SlackClient, home: Home, presses: Presses, clock: Clock) -> None:
        self._slack = slack
        self._home = home
        self._presses = presses
        self._clock = clock
        self._readers: dict[str, _Reader] = {}
        self._paused_until = 0.0
        self._woken = asyncio.Event()
        self._stopping = False

    async def opened(self, body: Body) -> None:
        """Somebody looks at their Home."""
        if (address := read_address(direct_address, body)) is not None:
            await self._ask_and_publish(self._reader(address))

    async def pressed(self, body: Body) -> None:
        """Somebody pressed a button there. Its answer comes to their conversation with the bot."""
        if (address := read_address(press_address, body)) is None:
            return
        reader = self._reader(address)
        if body["actions"][0].get("action_id") == REFRESH:
            await self._ask_and_publish(reader)
            return
        await self._presses.pressed(body)
        await self._publish(reader)

    def wake(self) -> None:
        for reader in self._readers.values():
            reader.is_behind = True
        self._woken.set()

    def stop(self) -> None:
        """Let `run` return between two reads of the database."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Follow what changes, until `stop`."""
        while not self._stopping:
            self._woken.clear()
            self._forget_who_left()
            pause = await self._catch_up()
            await until(self._woken, pause)

    async def _catch_up(self) -> float | None:
        """Publish what may be. Returns when the next one may, in seconds; None where nobody waits."""
        for reader in list(self._readers.values()):
            if reader.is_behind and self._wait(reader) <= 0 and not self._stopping:
                await self._publish(reader)
        return min((max(self._wait(r), 0.0) for r in self._readers.values() if r.is_behind), default=None)

    def _wait(self, reader: _Reader) -> float:
        return max(reader.tried_at + PAUSE_SECONDS, self._paused_until) - self._clock.monotonic()

    def _forget_who_left(self) -> None:
        since = self._clock.monotonic() - OPEN_SECONDS
        self._readers = {key: reader for key, reader in self._readers.items() if reader.opened_at >= since}

    def _reader(self, address: Address) -> _Reader:
        """Whoever opens the page or presses on it has it before them."""
        caller, channel_id, now = address.caller, address.place.channel_id, self._clock.monotonic()
        reader = self._readers.setdefault(caller.user_id, _Reader(caller, channel_id, now, now - PAUSE_SECONDS))
        reader.opened_at, reader.channel_id = now, channel_id or reader.channel_id
        return reader

    async def _ask_and_publish(self, reader: _Reader) -> None:
        """At once by what we know, and again when the video servers have answered, if that says more."""
        await self._publish(reader, anyway=True)
        await self._home.ask()
        await self._publish(reader)

    async def _publish(self, reader: _Reader, *, anyway: bool = False) -> None:
        """`anyway`: even where nothing but the time on it differs. While Slack asks to wait, `run` does it later."""
        async with reader.turn:
            if anyway:
                reader.drawn = ""
            if self._clock.monotonic() < self._paused_until:
                self._leave_behind(reader)
                return
            reader.is_behind = False  # before the page is read: what changes meanwhile needs another one
            try:
                await self._draw(reader)
            except Exception as error:
                self._not_drawn(reader, error)
                if not isinstance(error, SlackError):
                    raise

    async def _draw(self, reader: _Reader) -> None:
        page = await self._home.page(reader.caller)
        view = render_home(page, private_metadata=HomeMeta(channel_id=reader.channel_id).model_dump_json())
        drawn = digest(view)
        if drawn == reader.drawn:
            return
        reader.tried_at = self._clock.monotonic()
        await self._slack.publish_view(reader.caller.user_id, view)
        reader.drawn = drawn

    def _not_drawn(self, reader: _Reader, error: Exception) -> None:
        """Slack's own pause, where it asks for one, takes the place of ours."""
        now = self._clock.monotonic()
        if isinstance(error, SlackError):
            log.warning("a Home was not published", user=reader.caller.user_id, error=str(error))
        else:
            reader.tried_at = now
        if isinstance(error, Throttled):
            self._paused_until, reader.tried_at = now + error.retry_after, now - PAUSE_SECONDS
        if isinstance(error, PASSING) or not isinstance(error, SlackError):
            self._leave_behind(reader)

    def _leave_behind(self, reader: _Reader) -> None:
        """`run` catches up as soon as it may."""
        reader.is_behind = True
        self._woken.set()
