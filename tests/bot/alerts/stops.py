"""The loop of planned stops on a real database, with a video server in memory that tells nothing by itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import select

from bot.alerts.state import Outgoing, state_from_json
from bot.alerts.timers import Timers
from bot.providers import ConfiguredProviders
from bot.store.errors import StoreUnavailable
from bot.store.tables import attempt, inbox, timer
from bot.store.things import get
from bot.store.timers import StoredStops
from commands.core.ports import Providers
from commands.core.timers import Target
from providers.base import EgressOptions, Recording, RoomOptions, RoomRef, Stream
from providers.errors import RateLimited
from providers.facts import (
    Fact,
    Origin,
    RecordingChanged,
    RoomSeen,
    Source,
    StreamChanged,
    ThingKind,
    facts_from_json,
)
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.bot.alerts.house import TEAM, House, open_house
from tests.bot.conversations.clock import MovedClock

HOUR = timedelta(hours=1)
STOPPED = "aborted"
"""What a recording or a stream is on this server that is stopped before it has begun."""


@dataclass
class Stage:
    """The loop runs inside `running` only. `clock` goes on, and jumps where a test says so."""

    house: House
    memory: Memory
    clock: MovedClock
    stops: StoredStops
    timers: Timers

    @asynccontextmanager
    async def running(self, timers: Timers | None = None) -> AsyncIterator[None]:
        loop = timers or self.timers
        task = asyncio.create_task(loop.run())
        try:
            yield
        finally:
            loop.stop()
            await asyncio.wait_for(task, 5)

    def jump(self, time: timedelta) -> None:
        self.clock.move(seconds=time.total_seconds())
        self.timers.wake()

    def another(self, providers: Providers | None = None) -> Timers:
        """As a process has one that has just started."""
        return Timers(self.stops, providers or ConfiguredProviders([self.memory]), self.clock)

    async def room(self, name: str = "standup", channel: str = "C1") -> RoomRef:
        room = (await self.memory.create_room(name, RoomOptions())).room
        await self.house.command(RoomSeen(**self.origin(), room=room), channel=channel)
        return room.ref

    async def recording(self, name: str = "standup") -> Recording:
        room = await self.room(name)
        recording = await self.memory.start_recording(room, EgressOptions())
        await self.house.command(RecordingChanged(**self.origin(), recording=recording), channel="C1")
        return recording

    async def stream(self, name: str = "standup") -> Stream:
        room = await self.room(name)
        options = EgressOptions(urls=(SecretStr("rtmp://127.0.0.1/live/key"),))
        stream = await self.memory.start_stream(room, options)
        await self.house.command(StreamChanged(**self.origin(), stream=stream), channel="C1")
        return stream

    async def feed(self, kind: ThingKind) -> Recording | Stream:
        return await (self.recording() if kind is ThingKind.RECORDING else self.stream())

    def origin(self) -> Origin:
        now = self.clock.now()
        return Origin(provider="memory", key=str(uuid4()), at=now, seen_at=now, source=Source.COMMAND)

    async def plan(
        self, thing: Recording | Stream | RoomRef, after: timedelta = HOUR, provider: str = "memory"
    ) -> Target:
        match thing:
            case RoomRef():
                kind, room, server_id = ThingKind.ROOM, thing, thing.id
            case Recording():
                kind, room, server_id = ThingKind.RECORDING, thing.room, thing.ref.id
            case Stream():
                kind, room, server_id = ThingKind.STREAM, thing.room, thing.ref.id
        target = Target(provider=provider, kind=kind, server_id=server_id, name=room.name)
        await self.stops.plan(TEAM, target, self.clock.now() + after, by="UANA")
        return target

    async def until_done(self, times: int = 1) -> None:
        """Wait until so many stops were carried out."""
        async with asyncio.timeout(10):
            while (await self.states()).count("done") < times:
                await asyncio.sleep(0.01)

    async def states(self) -> list[str]:
        async with self.house.store.reading() as conn:
            return list((await conn.execute(select(timer.c.state).order_by(timer.c.id))).scalars())

    async def told(self) -> list[Fact]:
        """What was reported, once it is folded."""
        assert await self.house.intake.fold_waiting()
        async with self.house.store.reading() as conn:
            bodies = (await conn.execute(select(inbox.c.body).order_by(inbox.c.id))).scalars()
            return [fact for body in bodies for fact in facts_from_json(body)]

    async def until_told(self, kind: type[Fact]) -> list[Fact]:
        async with asyncio.timeout(10):
            while not (found := [fact for fact in await self.told() if isinstance(fact, kind)]):
                await asyncio.sleep(0.01)
        return found

    async def recorded(self) -> list[tuple[str, str, str, str | None]]:
        columns = (attempt.c.user_id, attempt.c.words, attempt.c.outcome, attempt.c.detail)
        async with self.house.store.reading() as conn:
            return [(r[0], r[1], r[2], r[3]) for r in await conn.execute(select(*columns).order_by(attempt.c.id))]

    async def status(self, feed: Recording | Stream) -> str:
        feeds: Sequence[Recording | Stream] = (
            await self.memory.list_recordings() if isinstance(feed, Recording) else await self.memory.list_streams()
        )
        return next(each.status.value for each in feeds if each.ref == feed.ref)

    async def state(self, feed: Recording | Stream) -> Outgoing:
        """As our cards have it."""
        kind = ThingKind.RECORDING if isinstance(feed, Recording) else ThingKind.STREAM
        async with self.house.store.reading() as conn:
            found = await get(conn, "memory", kind, feed.ref.id)
        assert found is not None
        state = state_from_json(found.state)
        assert isinstance(state, Outgoing)
        return state


@asynccontextmanager
async def open_stage(directory: Path) -> AsyncIterator[Stage]:
    clock = MovedClock()
    memory = Memory("memory", MemorySettings(recording_delay_seconds=3600))
    async with open_house(directory) as house:
        stops = StoredStops(house.store, clock, house.intake.wake)
        yield Stage(house, memory, clock, stops, Timers(stops, ConfiguredProviders([memory]), clock))
    await memory.aclose()


class Flaky(StoredStops):
    """Its database is away when it is looked at first."""

    _was_away = False

    async def next_in(self) -> timedelta | None:
        if not self._was_away:
            self._was_away = True
            raise StoreUnavailable("The database cannot be used at this moment.")
        return await super().next_in()


class Patience(RateLimited):
    """The video server asks us to slow down. Try again in a while."""

    def __init__(self, detail: str = "", *, provider: str = "", operation: str = "") -> None:
        super().__init__(detail, retry_after=20.0, provider=provider, operation=operation)


class SetClock(MovedClock):
    """Its wall clock can be set alone."""

    def __init__(self) -> None:
        super().__init__()
        self._set = timedelta()

    def set(self, *, seconds: float) -> None:
        self._set += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._set


async def until_logged(lines: Sequence[Mapping[str, Any]], event: str) -> None:
    async with asyncio.timeout(10):
        while not any(line["event"] == event for line in lines):
            await asyncio.sleep(0.01)
