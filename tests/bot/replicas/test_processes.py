"""`showcaller run` twice on one PostgreSQL: they start at once, and what a killed one leaves the other ends."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest_asyncio
from cryptography.fernet import Fernet
from livekit.api import CreateRoomRequest
from sqlalchemy import text

from bot.demo.slack import Message
from bot.store.engine import Store
from tests.bot.process.showcaller import Process, Street, street
from tests.bot.replicas.front import Front, front
from tests.standins.livekit import Fault


@dataclass
class Two:
    """`store` looks into their database."""

    street: Street
    processes: list[Process]
    front: Front
    store: Store

    async def tell(self) -> None:
        """Deliver what LiveKit has to tell, to the two in turn."""
        async with aiohttp.ClientSession() as session:
            while not self.street.livekit.deliveries.empty():
                authorization, body = self.street.livekit.deliveries.get_nowait()
                headers = {"Authorization": authorization, "Content-Type": "application/webhook+json"}
                async with session.post(f"{self.front.url}/webhooks/livekit", data=body, headers=headers) as answer:
                    assert answer.status == 200

    async def kill(self, replica: int) -> None:
        """It has been silent for long, as far as the other can tell, which has been there all the while."""
        self.processes[replica].signal(signal.SIGKILL)
        assert (await self.processes[replica].ended()).code == -signal.SIGKILL
        is_dead = "id = (SELECT replica FROM attempt WHERE answered_at IS NULL)"
        silent = f"UPDATE replica SET started_at = 0, seen_at = CASE WHEN {is_dead} THEN 0 ELSE seen_at END"
        await self.store.write(lambda conn: conn.execute(text(silent)))


@asynccontextmanager
async def open_two(directory: Path, database_url: str) -> AsyncIterator[Two]:
    variables = {"DATABASE_URL": database_url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()}
    async with street(directory) as opened, AsyncExitStack() as stack:
        processes = list(await asyncio.gather(*(opened.start("run", **variables) for _ in range(2))))
        for process in processes:
            stack.push_async_callback(process.kill)
        ports = [(await process.logged("ready"))["port"] for process in processes]
        before = await stack.enter_async_context(front(ports))
        opened.slack.request_url = f"{before.url}/slack/events"
        store = await Store.open(database_url)
        stack.push_async_callback(store.close)
        yield Two(opened, processes, before, store)


@pytest_asyncio.fixture
async def two(tmp_path: Path, database_url: str) -> AsyncIterator[Two]:
    async with open_two(tmp_path, database_url) as opened:
        yield opened


async def test_two_that_start_at_once_on_an_empty_database_both_serve(two: Two) -> None:
    street = two.street
    for replica in (0, 1):
        two.front.next_is(replica)
        await street.types(f"/video room create room-{replica}")
        await street.sees(f"room-{replica}", "Live")
    assert sorted(two.front.taken) == sorted(two.front.ports)


async def test_what_a_killed_one_leaves_the_other_ends(two: Two) -> None:
    street = two.street
    await street.types("/video alert subscribe")
    await street.sees("is told of everything", only_me=True)
    street.livekit.fail("CreateRoom", Fault.HANGS)
    two.front.next_is(0)
    await street.types("/video room create standup")
    await street.until(lambda: "CreateRoom" in street.livekit.calls)
    street.proxy.is_down = True
    for number in range(8):
        street.livekit.room(CreateRoomRequest(name=f"room-{number:02}"))
    await two.tell()
    await two.kill(0)
    street.proxy.is_down = False

    async with asyncio.timeout(20):
        told = await street.sees("I was stopped while", "room create standup", only_me=True)
        await street.sees("There is no room *standup*", only_me=True)
        for number in range(8):
            await street.sees(f"room-{number:02}", "Live")
    assert "may have happened" in told.words
    cards = [m.lines[0] for m in street.slack.seen_by(street.ana, street.general) if not m.ephemeral_to]
    assert sorted(cards) == [f"room-{number:02}" for number in range(8)]
    assert street.livekit.calls.count("CreateRoom") == 1


async def test_one_that_stops_leaves_nothing_and_its_neighbour_in_peace(two: Two) -> None:
    street = two.street
    street.livekit.fail("CreateRoom", Fault.HANGS)
    two.front.next_is(1)
    await street.types("/video room create standup")
    await street.until(lambda: "CreateRoom" in street.livekit.calls)
    two.processes[0].signal(signal.SIGTERM)
    assert (await two.processes[0].ended()).code == 0
    street.livekit.released.set()
    await street.sees("Created", "standup", only_me=True)
    said = [m.words for m in street.slack.seen_by(street.ana, street.general) if m.ephemeral_to]
    assert said == ["Created *standup*."], "nobody has told ana that her command was cut off"
    async with two.store.reading() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM replica"))).scalar_one() == 1


async def test_one_that_freezes_while_it_posts_leaves_one_message(two: Two) -> None:
    """Its lease is over when it goes on, and its neighbour has posted the card meanwhile."""
    street = two.street
    await street.types("/video alert subscribe")
    await street.sees("is told of everything", only_me=True)
    street.proxy.is_open.clear()
    street.livekit.room(CreateRoomRequest(name="standup"))
    two.front.next_is(0)
    await two.tell()
    await street.until(lambda: "chat.postMessage" in _methods(street))
    two.processes[0].signal(signal.SIGSTOP)
    try:
        await two.store.write(lambda conn: conn.execute(text("UPDATE card SET lease_until = 0")))
        await two.store.write(lambda conn: conn.execute(text("UPDATE pace SET lease_until = 0")))
        await street.until(lambda: _methods(street).count("chat.postMessage") == 2)
        street.proxy.is_open.set()
        await street.until(lambda: len(_cards(street)) == 2)
    finally:
        two.processes[0].signal(signal.SIGCONT)
    await street.until(lambda: "chat.delete" in _methods(street) and len(_cards(street)) == 1)

    street.livekit.close("standup")
    two.front.next_is(0)
    await two.tell()
    await street.sees("standup", "Ended")
    assert len(_cards(street)) == 1


def _methods(street: Street) -> list[str]:
    return [method for method, _ in street.proxy.calls]


def _cards(street: Street) -> list[Message]:
    seen = street.slack.seen_by(street.ana, street.general)
    return [m for m in seen if not m.ephemeral_to and not m.thread_ts and "standup" in m.words]
