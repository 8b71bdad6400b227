"""Two bots on one database, one Slack before both of them, and one LiveKit behind."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.fernet import Fernet
from livekit.api import CreateRoomRequest, ParticipantInfo
from sqlalchemy import text

from bot.demo.world import Transport, World
from bot.store.engine import Store
from bot.wiring import Bot
from tests.bot.replicas.front import Front, front
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn

LIVEKIT = """
[providers.livekit]
kind = "livekit"
url = "{url}"
api_key = "{key}"
api_secret = "{secret}"
"""

SENDERS = 20


@dataclass
class Pair:
    """`world` holds the first bot. What Slack and LiveKit send goes to the two in turn."""

    world: World
    second: Bot
    front: Front
    livekit: LiveKitStandIn
    store: Store

    def create(self, room: str) -> None:
        """A room comes up by itself."""
        self.livekit.room(CreateRoomRequest(name=room))

    def come(self, room: str, identity: str) -> None:
        self.livekit.bring(room, ParticipantInfo(identity=identity))

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.store.reading() as conn:
            return [tuple(row) for row in await conn.execute(text(query))]

    async def until(self, query: str, expected: list[tuple[Any, ...]]) -> None:
        """Wait until the database says so."""
        found = await self.rows(query)
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while found != expected:
                    await asyncio.sleep(0.02)
                    found = await self.rows(query)
        assert found == expected

    async def tell(self, *, shuffled: bool = False) -> None:
        """Deliver what LiveKit has to tell so far, to the two in turn or at random."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as senders:

            async def send() -> None:
                while not self.livekit.deliveries.empty():
                    authorization, body = self.livekit.deliveries.get_nowait()
                    if shuffled:
                        self.front.next_is(random.randrange(2))
                    headers = {"Authorization": authorization, "Content-Type": "application/webhook+json"}
                    url = f"{self.front.url}/webhooks/livekit"
                    async with session.post(url, data=body, headers=headers) as answer:
                        assert answer.status == 200

            for _ in range(SENDERS):
                senders.create_task(send())


@asynccontextmanager
async def open_pair(directory: Path, database_url: str, transport: Transport = "http") -> AsyncIterator[Pair]:
    """Over Socket Mode, Slack itself sends to the connections of the two in turn."""
    environ = {"DATABASE_URL": database_url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()}
    async with LiveKitStandIn() as livekit:
        providers = LIVEKIT.format(url=livekit.url, key=KEY, secret=SECRET)
        async with await World.open(directory, transport=transport, providers=providers, environ=environ) as world:
            other_port = world.settings.web.model_copy(update={"port": 0})
            second = await Bot.start(replace(world.settings, web=other_port), tempo=world.tempo)
            try:
                async with front([world.bot.port, second.port]) as before:
                    if transport == "http":
                        world.slack.request_url = f"{before.url}/slack/events"
                    store = await Store.open(database_url)
                    yield Pair(world, second, before, livekit, store)
                    await store.close()
            finally:
                await second.stop()
