"""Several processes on one database: one of them compares at a time, and what a frozen one found changes nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from cryptography.fernet import Fernet
from livekit.api import CreateRoomRequest
from sqlalchemy import text

from bot.store.engine import Store
from providers.base import RoomOptions
from tests.bot.alerts.house import House
from tests.bot.alerts.net import Net, Silent
from tests.bot.process.showcaller import Process, Street, street
from tests.standins.livekit import Fault

ROUNDS = 20


@dataclass
class Neighbours:
    """Two processes with one video server. `database` looks into what they share."""

    street: Street
    first: Process
    second: Process
    database: Store

    async def value(self, query: str) -> object:
        async with self.database.reading() as conn:
            return (await conn.execute(text(query))).scalar()

    async def until(self, query: str) -> None:
        """Wait until that is so."""
        async with asyncio.timeout(15):
            while not await self.value(query):
                await asyncio.sleep(0.02)

    async def change(self, statement: str) -> None:
        await self.database.write(lambda conn: conn.execute(text(statement)))

    async def settle(self) -> None:
        """Wait until neither is at it, and it is not due."""
        await self.until(
            "SELECT count(*) = 1 FROM lease WHERE claim IS NULL AND token > 0 AND next_at > seconds_of_now()"
        )

    async def hang_in_first(self) -> int:
        """The first one is in the middle of a round, while the second one sleeps. The token of its turn."""
        calls = self.street.livekit.calls.count("ListRooms")
        self.second.signal(signal.SIGSTOP)
        self.street.livekit.fail("ListRooms", Fault.HANGS)
        await self.change("UPDATE lease SET next_at = 0, lease_until = NULL")
        await self.street.livekit.asked("ListRooms", calls + 1)
        token = await self.value("SELECT token FROM lease")
        assert isinstance(token, int)
        return token

    async def second_takes_over(self) -> None:
        """It is long since the first one has said anything."""
        await self.change("UPDATE lease SET lease_until = 0")
        self.second.signal(signal.SIGCONT)


@asynccontextmanager
async def open_neighbours(directory: Path, database_url: str) -> AsyncIterator[Neighbours]:
    variables = {"DATABASE_URL": database_url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()}
    async with street(directory) as opened, AsyncExitStack() as stack:
        first, second = await asyncio.gather(opened.start("run", **variables), opened.start("run", **variables))
        for process in (first, second):
            stack.push_async_callback(process.kill)
            await process.logged("ready")
        database = await Store.open(database_url)
        stack.push_async_callback(database.close)
        await database.write(lambda conn: conn.execute(text(NOW)))
        neighbours = Neighbours(opened, first, second, database)
        await neighbours.settle()
        yield neighbours


NOW = """
CREATE FUNCTION seconds_of_now() RETURNS bigint
RETURN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
"""


@pytest_asyncio.fixture
async def neighbours(tmp_path: Path, database_url: str) -> AsyncIterator[Neighbours]:
    async with open_neighbours(tmp_path, database_url) as opened:
        yield opened


async def test_one_that_was_frozen_beyond_its_lease_writes_nothing(neighbours: Neighbours) -> None:
    livekit = neighbours.street.livekit
    token = await neighbours.hang_in_first()
    neighbours.first.signal(signal.SIGSTOP)
    livekit.room(CreateRoomRequest(name="standup"))
    await neighbours.second_takes_over()
    await neighbours.until("SELECT count(*) = 1 FROM thing WHERE name = 'standup'")

    livekit.room(CreateRoomRequest(name="retro"))
    livekit.released.set()
    neighbours.first.signal(signal.SIGCONT)
    await neighbours.first.logged("another process compares now, and what this one found is dropped")
    assert await neighbours.value(f"SELECT count(*) FROM inbox WHERE event_key LIKE 'reconcile:{token}:%'") == 0
    assert await neighbours.value(f"SELECT min(token) > {token} FROM lease") is True


async def test_when_one_is_killed_in_mid_round_the_other_goes_on(neighbours: Neighbours) -> None:
    token = await neighbours.hang_in_first()
    neighbours.first.signal(signal.SIGKILL)
    await neighbours.first.ended()
    neighbours.street.livekit.room(CreateRoomRequest(name="standup"))
    await neighbours.second_takes_over()
    await neighbours.until("SELECT count(*) = 1 FROM thing WHERE name = 'standup'")
    assert await neighbours.value("SELECT token FROM lease") == token + 1


class Counted(Silent):
    """Two processes' way to one server: how often it was asked, and by how many at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = 0
        self.most_at_once = 0
        self.after_list = self._counted

    async def _counted(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1


async def goes_on(nets: Sequence[Net]) -> None:
    """Wait until some rounds more are done, by whichever of them."""
    before = sum(net.rounds() for net in nets)
    async with asyncio.timeout(15):
        while sum(net.rounds() for net in nets) < before + ROUNDS:
            await asyncio.sleep(0.01)


async def test_exactly_one_compares_at_a_time_and_one_that_stops_hands_over(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        stores = [await Store.open(database_url) for _ in range(2)]
        for store in stores:
            stack.push_async_callback(store.close)
        server = Counted()
        server.server.create_room("standup", RoomOptions())
        nets = [Net(House.on(store), server) for store in stores]
        working = []
        for net in nets:
            reconciler = net.reconciler(interval=timedelta(milliseconds=1))
            work = asyncio.create_task(reconciler.run())
            stack.push_async_callback(asyncio.wait, {work})
            stack.callback(reconciler.stop)
            working.append((reconciler, work))
        await goes_on(nets)
        busy = max((0, 1), key=lambda one: nets[one].rounds())
        stopped, work = working[busy]
        stopped.stop()
        await work
        done = nets[busy].rounds()
        await goes_on(nets)
        assert server.most_at_once == 1
        assert nets[busy].rounds() == done, "one that has stopped does nothing more"
