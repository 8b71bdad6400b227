"""The unmodified bot beside a stand-in Slack, both on loopback: what the demo shows, and tests and bench drive.

Nothing of it depends on the environment: the bot gets its settings from here, and its video server is in memory
unless a configuration for others is given.
"""

import socket
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from secrets import randbelow
from typing import Literal, Self

from bot import config, manifest
from bot.alerts.pace import Tempo
from bot.clock import SystemClock
from bot.demo.people import MemoryPeople, People
from bot.demo.slack import StandIn
from bot.providers import build_providers
from bot.settings import ProviderConfig, Settings
from bot.wiring import Bot
from commands.core.ports import Clock
from providers.base import Provider
from providers.memory.provider import Memory

Transport = Literal["http", "socket"]
UNPACED = replace(Tempo().faster(1_000), digest_after_seconds=3_600.0)
"""As fast as things happen, each with a message of its own."""

PLATFORM, BROKEN_PLATFORM = "live.example.com", "live.invalid"
"""Where streams may go. Nobody is there, and the video server in memory acts as if the first took them."""

SIP_COMPANY = "sip.example.com"
"""By which the telephones of the demo are called. Nobody is there either."""

PLATFORMS = (PLATFORM, BROKEN_PLATFORM, SIP_COMPANY, "b.example.com", "media.example.com", "example.com")

IN_MEMORY = '[providers.memory]\nkind = "memory"\n'


class World:
    """A workspace with an owner, an operator and a guest, the channel `general`, and the bot in it.

    Stopping the bot and starting it again (`restart`) keeps Slack, the database and what goes on in the rooms.
    `people` play on the bot's first video server.
    """

    def __init__(
        self, directory: Path, transport: Transport, port: int, clock: Clock, people: type[People], tempo: Tempo
    ) -> None:
        found = manifest.load()
        self.address = f"http://127.0.0.1:{port}"
        self.slack = StandIn(
            found if transport == "socket" else manifest.http_variant(found, self.address),
            now=lambda: clock.now().timestamp(),
        )
        workspace = self.slack.workspace
        self.people = people(lambda: self.provider, workspace.changed)
        self.owner = workspace.add_user("ana", owner=True)
        self.operator = workspace.add_user("omar")
        self.guest = workspace.add_user("gus", guest=True)
        self.general = workspace.add_channel("general", members=[self.owner, self.operator, self.guest])
        self.directory = directory
        self.transport = transport
        self.port = port
        self.clock = clock
        self.tempo = tempo
        self.bot: Bot
        self.settings: Settings

    @classmethod
    async def open(
        cls,
        directory: Path,
        *,
        transport: Transport = "http",
        providers: str | None = None,
        environ: Mapping[str, str] | None = None,
        port: int | None = None,
        clock: Clock | None = None,
        people: type[People] = MemoryPeople,
        tempo: Tempo = UNPACED,
    ) -> Self:
        """Start both. `providers` is a configuration file's text; `environ` adds to the bot's variables.

        `port` is the bot's, for a server that must know the address of its webhooks before the bot starts. Slack and
        the bot go by `clock`, but requests are signed with the real time. `tempo` is the pace of what is posted:
        Slack's own limits are switched off here.
        """
        world = cls(directory, transport, port or free_port(), clock or SystemClock(), people, tempo)
        await world.slack.start()
        world.settings = world._settings(providers or IN_MEMORY, environ or {})
        try:
            world.bot = await Bot.start(world.settings, clock=world.clock, tempo=tempo)
        except BaseException:
            await world.slack.stop()
            raise
        return world

    async def close(self) -> None:
        await self.people.aclose()
        await self.bot.stop()
        await self.slack.stop()

    async def restart(self) -> None:
        """A clean stop of the bot, and another process's start as far as it can be told apart."""
        async with self.without_bot():
            pass

    @asynccontextmanager
    async def without_bot(self) -> AsyncIterator[None]:
        """Inside, the bot is down; then it starts again.

        Video servers in memory go on meanwhile, and webhooks of that time come late, as with servers elsewhere.
        """
        before = {provider.name: provider for provider in self.bot.providers if isinstance(provider, Memory)}
        for provider in before.values():
            provider.outlive()

        def build(configs: Sequence[ProviderConfig]) -> list[Provider]:
            """The servers are handed over here, so that the bot speaks to no other from its first moment."""
            heirs = build_providers(configs)
            for heir in heirs:
                if isinstance(heir, Memory):
                    heir.take_over(before[heir.name])
            return heirs

        await self.bot.stop()
        yield
        self.bot = await Bot.start(self.settings, clock=self.clock, build=build, tempo=self.tempo)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def provider(self) -> Provider:
        """The bot's first video server, as the bot reaches it."""
        provider = self.bot.providers.get(self.bot.providers.default)
        assert provider is not None, "a bot has one at least"
        return provider

    @property
    def memory(self) -> Memory:
        """The video server in the bot's process, for making things happen in it."""
        provider = self.bot.providers.get("memory")
        assert isinstance(provider, Memory), "this world has no video server in memory"
        return provider

    def _settings(self, providers: str, environ: Mapping[str, str]) -> Settings:
        file = self.directory / "showcaller.toml"
        file.write_text(providers)
        given = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "SHOWCALLER_CONFIG": str(file),
            "SHOWCALLER_DEFAULT_ROLE": "operator",
            "SHOWCALLER_COMMANDS_PER_MINUTE": "1000000",  # whoever plays here is faster than people
            "SHOWCALLER_ALLOW_ADDRESSES": ",".join(PLATFORMS),
            "DATABASE_URL": f"sqlite:///{self.directory / 'showcaller.db'}",
            "PORT": str(self.port),
        }
        if self.transport == "socket":
            given["SLACK_APP_TOKEN"] = self.slack.app_token
        else:
            given["SLACK_SIGNING_SECRET"] = self.slack.signing_secret
            self.slack.request_url = f"{self.address}/slack/events"
        return config.load({**given, **environ}, cwd=self.directory)


_GIVEN: deque[int] = deque(maxlen=256)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on loopback that can be listened on later.

    The webhooks' address must be known before the bot listens, so the port is chosen first. The kernel's own choice
    could be taken meanwhile by a connection that goes out, so it is one below those that systems use for that. None is
    given again soon.
    """
    while True:
        port = 20_000 + randbelow(12_000)
        if port in _GIVEN:
            continue
        _GIVEN.append(port)
        with closing(socket.socket(socket.AF_INET, kind)) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
