"""The deliverer on a real database, with the stand-in Slack behind a proxy that can fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot import manifest
from bot.alerts.deliver import Deliverer
from bot.alerts.pace import Tempo
from bot.clock import SystemClock
from bot.demo.slack import StandIn
from bot.demo.slack.things import Channel, Message, User
from bot.metrics import Metrics
from bot.providers import ConfiguredProviders
from bot.slack.client import SlackClient
from bot.store.backlog import Backlogs
from bot.store.outbox import Outbox
from tests.bot.alerts.house import TEAM, House, open_house
from tests.bot.alerts.proxy import Proxy, before
from tests.bot.slack.conftest import Clock

WRITES = ("chat.postMessage", "chat.update")

QUICK = Tempo(post_burst=100, update_burst=100)
"""For what is not about pace."""


@dataclass
class Scene:
    """`ana` sees what is delivered to #general. The deliverer runs inside `delivering` only."""

    slack: StandIn
    proxy: Proxy
    house: House
    web: AsyncWebClient
    session: aiohttp.ClientSession
    metrics: Metrics
    ana: User
    general: Channel
    tempo: Tempo = QUICK

    def __post_init__(self) -> None:
        self.client = SlackClient(self.web, self.session, self.metrics)
        self.deliverer = self.new_deliverer()

    def new_client(self, clock: Clock) -> SlackClient:
        return SlackClient(self.web, self.session, self.metrics, monotonic=clock.monotonic)

    def new_deliverer(self, clock: Clock | None = None) -> Deliverer:
        """As a process has one that has just started."""
        outbox = Outbox.on(self.house.store, SystemClock(), self.tempo, team_id=TEAM)
        return Deliverer(outbox, self.client, ConfiguredProviders([]), clock or SystemClock())

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Until the block is left: then it finishes what needs no waiting."""
        running = asyncio.create_task(self.deliverer.run())
        try:
            yield
        finally:
            self.deliverer.stop()
            await asyncio.wait_for(running, 5)

    @property
    def direct(self) -> list[str]:
        """What ana was told in her direct conversation with the bot."""
        return [message.words for message in self.messages(self.slack.workspace.dm(self.ana))]

    def messages(self, channel: Channel | None = None) -> list[Message]:
        return self.slack.seen_by(self.ana, channel or self.general)

    async def shows(self, *words: str, channel: Channel | None = None) -> Message:
        """Wait for a message of the channel itself that says all of this."""
        return await self.slack.until(
            lambda: next(
                (m for m in self.messages(channel) if not m.thread_ts and all(word in m.words for word in words)), None
            )
        )

    def calls(self, *methods: str) -> list[str]:
        return [call.method for call in self.slack.calls if call.method in (methods or WRITES)]

    async def called(self, times: int) -> None:
        """Wait until Slack was called so often."""
        async with asyncio.timeout(5):
            while len(self.proxy.calls) < times:
                await asyncio.sleep(0.01)

    async def behind(self) -> int:
        return (await Backlogs(self.house.store, team_id=TEAM).read()).cards_behind

    async def is_quiet(self) -> None:
        """Wait until no card is behind."""
        async with asyncio.timeout(5):
            while await self.behind():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def open_scene(directory: Path) -> AsyncIterator[Scene]:
    async with (
        StandIn(manifest.load()) as slack,
        before(slack.api_url) as proxy,
        open_house(directory, lambda: scene.deliverer.wake()) as house,
        aiohttp.ClientSession() as session,
    ):
        ana = slack.workspace.add_user("ana")
        general = slack.workspace.add_channel("general", members=[ana])
        web = AsyncWebClient(token=slack.bot_token, base_url=proxy.url, session=session, retry_handlers=[])
        scene = Scene(slack, proxy, house, web, session, Metrics(), ana, general)
        yield scene


@contextmanager
def warned(event: str) -> Iterator[None]:
    """What goes wrong is in the log, and nothing else is."""
    with capture_logs() as lines:
        yield
    assert {line["event"] for line in lines if line["log_level"] != "info"} == {event}
