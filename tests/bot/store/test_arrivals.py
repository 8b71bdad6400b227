"""What comes while one commit runs goes into the next; what fails of it fails for those alone whom it concerns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.arrivals import BATCH_ROWS, RUSH, WAITING_BYTES, WAITING_ROWS
from bot.store.engine import Store
from bot.store.errors import StoreOverloaded, StoreUnavailable
from bot.store.inbox import Inbox, Incoming
from bot.store.tables import inbox as table
from bot.store.writer import T, Write
from providers.facts import Source
from tests.bot.store.conftest import StillClock


class Counted(Store):
    """One that counts its transactions, and lets nobody write while it is `held`."""

    writes = 0

    async def write(self, write: Write[T], *, ahead: bool = False) -> T:
        self.writes += 1
        return await super().write(write, ahead=ahead)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Self]:
        begun, go = asyncio.Event(), asyncio.Event()

        async def hold(_conn: AsyncConnection) -> None:
            begun.set()
            await go.wait()

        holding = asyncio.create_task(super().write(hold))
        await begun.wait()
        yield self
        go.set()
        await holding


@pytest_asyncio.fixture
async def store(url: str) -> AsyncIterator[Counted]:
    store = await Counted.open(url)
    yield store
    await store.close()


@pytest.fixture
def inbox(store: Counted, clock: StillClock) -> Inbox:
    return Inbox(store, clock)


def told(key: str, *, source: Source = Source.WEBHOOK, body: bytes = b"[]", kind: str = "room_started") -> Incoming:
    return Incoming(team_id="T1", provider="livekit", event_key=key, kind=kind, source=source, body=body)


async def begun(*deliveries: asyncio.Task[None]) -> None:
    """Until each of them waits for the database."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(delivery.done() for delivery in deliveries)


async def kept(store: Store) -> int:
    async with store.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def test_what_comes_during_a_commit_goes_into_the_next(store: Counted, inbox: Inbox) -> None:
    async with store.held():
        tasks = [asyncio.create_task(inbox.accept([told(str(number))])) for number in range(400)]
        await begun(*tasks)
    await asyncio.gather(*tasks)

    assert await kept(store) == 400
    assert store.writes == 1
    assert [row.event_key for row in await inbox.unfolded(500)] == [str(number) for number in range(400)]


async def test_no_transaction_is_larger_than_it_may_be(store: Counted, inbox: Inbox) -> None:
    async with store.held():
        tasks = [asyncio.create_task(inbox.accept([told(str(number))])) for number in range(BATCH_ROWS + 1)]
        tasks += [asyncio.create_task(inbox.accept([told(f"large {n}", body=b"x" * 3_000_000)])) for n in range(2)]
        await begun(*tasks)
    await asyncio.gather(*tasks)

    assert await kept(store) == BATCH_ROWS + 3
    assert store.writes == 3


async def test_who_is_alone_waits_for_nobody(store: Counted, inbox: Inbox) -> None:
    for number in range(5):
        await inbox.accept([told(str(number))])

    assert store.writes == 5


async def test_a_failed_commit_fails_all_that_were_in_it_and_no_others(store: Counted, inbox: Inbox) -> None:
    async def rename(old: str, new: str) -> None:
        await store.write(lambda conn: conn.execute(text(f"ALTER TABLE {old} RENAME TO {new}")))

    await rename("inbox", "gone")
    results = await asyncio.gather(*(inbox.accept([told(str(n))]) for n in range(20)), return_exceptions=True)
    await rename("gone", "inbox")
    await asyncio.gather(*(inbox.accept([told(str(number))]) for number in range(10)))

    assert [type(result) for result in results] == [StoreUnavailable] * 20
    assert len({id(result) for result in results}) == 20, "each has one of its own"
    assert await kept(store) == 10


async def test_what_the_database_refuses_fails_alone(store: Counted, inbox: Inbox) -> None:
    bad = told("bad", kind=cast(Any, None))
    async with store.held():
        tasks = [asyncio.create_task(inbox.accept([told(str(n)) if n != 7 else bad])) for n in range(30)]
        await begun(*tasks)
    results = await asyncio.gather(*tasks, return_exceptions=True)

    [failure] = [result for result in results if result is not None]
    assert results[7] is failure
    assert isinstance(failure, StoreUnavailable)
    assert isinstance(failure.__cause__, IntegrityError)
    assert await kept(store) == 29


async def test_too_many_webhooks_are_refused_at_once_and_commands_are_not(store: Counted, inbox: Inbox) -> None:
    async with store.held():
        tasks = [asyncio.create_task(inbox.accept([told(str(number))])) for number in range(WAITING_ROWS)]
        await begun(*tasks)
        with pytest.raises(StoreOverloaded):
            await inbox.accept([told("one too many")])
        command = asyncio.create_task(inbox.accept([told("command", source=Source.COMMAND)]))
        await begun(command)
    await asyncio.gather(*tasks, command)
    await inbox.accept([told("one too many")])

    assert await kept(store) == WAITING_ROWS + 2


async def test_too_large_webhooks_are_refused_at_once(store: Counted, inbox: Inbox) -> None:
    body = b"x" * 1_000_000
    async with store.held():
        fitting = WAITING_BYTES // len(body)
        tasks = [asyncio.create_task(inbox.accept([told(str(n), body=body)])) for n in range(fitting)]
        await begun(*tasks)
        with pytest.raises(StoreOverloaded):
            await inbox.accept([told("one too many", body=body)])
    await asyncio.gather(*tasks)

    assert await kept(store) == fitting


async def test_who_gives_up_waiting_harms_nobody(store: Counted, inbox: Inbox) -> None:
    async with store.held():
        tasks = [asyncio.create_task(inbox.accept([told(str(number))])) for number in range(10)]
        await begun(*tasks)
        tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(result) for result in results if result is not None] == [asyncio.CancelledError]
    assert await kept(store) == 10


async def test_a_guard_is_asked_in_the_same_transaction(store: Counted, inbox: Inbox) -> None:
    async def pass_all(_conn: AsyncConnection) -> None: ...

    async def refuse(_conn: AsyncConnection) -> None:
        raise LookupError("the lease is lost")

    with pytest.raises(LookupError, match="lease"):
        await inbox.accept([told("a"), told("b")], guard=refuse)
    assert await kept(store) == 0

    await inbox.accept([told("a"), told("b")], guard=pass_all)
    assert await kept(store) == 2


async def test_a_rush_is_known_and_passes(store: Counted, inbox: Inbox) -> None:
    loop = asyncio.get_running_loop()

    async def rests(seconds: float) -> bool:
        """Whether it was over before that."""
        before = loop.time()
        await inbox.rest(seconds)
        return loop.time() - before < seconds

    await inbox.accept([told("alone")])
    assert await rests(0.01)
    async with store.held():
        tasks = [asyncio.create_task(inbox.accept([told(str(number))])) for number in range(RUSH)]
        await begun(*tasks)
    await asyncio.gather(*tasks)

    assert not await rests(0.01)
    assert await rests(5)
