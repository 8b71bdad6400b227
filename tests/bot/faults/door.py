"""The door for webhooks on a real database, with nothing behind it but the fold, and a video server to knock at it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
from pydantic import SecretStr
from sqlalchemy import select

from bot.alerts.webhooks import Webhooks
from bot.clock import SystemClock
from bot.metrics import Metrics
from bot.providers import ConfiguredProviders
from bot.store.engine import Store
from bot.store.tables import inbox
from bot.web import Doors, build_public, serve
from providers.base import Provider, Resending
from providers.facts import Fact, facts_to_json
from providers.memory import webhooks
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.bot.alerts.house import TEAM, House

SECRET = SecretStr("a-secret-of-the-memory-server-and-no-other")
BODY_SECONDS = 0.2
ANSWER_SECONDS = 1.0


class AtOnce(Memory):
    """Sends again after a 503."""


class HangsOn(Memory):
    """Waits a while for the answer, and sends again after a 503."""

    resending = Resending(hold_seconds=1.0)


class TakesAnyAnswer(Memory):
    """Waits a while for the answer, and sends again when there was none."""

    resending = Resending(hold_seconds=1.0, hang_up=True)


def signed(fact: Fact, *, age: timedelta = timedelta()) -> tuple[bytes, dict[str, str]]:
    body = facts_to_json([fact])
    return body, webhooks.sign(SECRET, fact.key, body, datetime.now(UTC) - age)


@dataclass
class Door:
    """`refused` are the names of the servers that were refused, once for each time. `troubled`: the database has failed
    once."""

    house: House
    port: int
    session: aiohttp.ClientSession
    metrics: Metrics
    refused: list[str]
    troubled: asyncio.Event

    async def send(self, fact: Fact, *, age: timedelta = timedelta(), to: str = "memory") -> int:
        """The status; 0 where the connection was closed without one."""
        body, headers = signed(fact, age=age)
        return await self.post(body, headers, to=to)

    async def post(self, body: bytes, headers: Mapping[str, str], *, to: str = "memory") -> int:
        try:
            async with self.session.post(f"/webhooks/{to}", data=body, headers=headers) as answer:
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection on which one can misbehave."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(10):
                yield reader, writer
        finally:
            writer.close()

    async def keys(self) -> set[str]:
        """Of what was taken in."""
        async with self.house.store.reading() as conn:
            return set((await conn.execute(select(inbox.c.event_key))).scalars())

    def counted(self, verdict: str, provider: str = "memory") -> float:
        labels = {"provider": provider, "verdict": verdict}
        return self.metrics.registry.get_sample_value("showcaller_webhooks_total", labels) or 0


def memory(kind: type[Memory] = AtOnce) -> Memory:
    return kind("memory", MemorySettings(webhook_secret=SECRET))


def head(body: bytes, headers: Mapping[str, str], *, length: int | None = None, to: str = "memory") -> bytes:
    """Of a request over a raw connection. `length`: another one than the body has."""
    size = len(body) if length is None else length
    lines = [f"POST /webhooks/{to} HTTP/1.1", "Host: localhost", f"Content-Length: {size}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


@asynccontextmanager
async def open_door(url: str, *providers: Provider) -> AsyncIterator[Door]:
    troubled = asyncio.Event()
    store = await Store.open(url, failed=lambda _: troubled.set())
    house, metrics, refused = House.on(store), Metrics(), list[str]()
    taking = Webhooks(
        ConfiguredProviders(providers or [memory()]),
        house.intake,
        metrics,
        team_id=TEAM,
        refused=refused.append,
        answer_seconds=ANSWER_SECONDS,
    )
    doors = Doors(clock=SystemClock(), webhook=taking.take, metrics=metrics.render, body_seconds=BODY_SECONDS)
    server = await serve(build_public(doors, with_admin=False), "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
            yield Door(house, server.port, session, metrics, refused, troubled)
    finally:
        await server.close()
        await store.close()
