"""The writer's promise: a cancelled caller neither undoes a write nor holds up the next."""

import asyncio
import random
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bot.store.engine import Store
from bot.store.errors import StoreClosed, StoreUnavailable
from bot.store.tables import setting

_INSERT = text("INSERT INTO setting VALUES ('T', :channel, :key, 'v', 'U', 0)")


async def _nothing(_conn: AsyncConnection) -> None:
    pass


class Pairs:
    """Writes of two rows each, so that half of one would show."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.begun = 0

    async def write(self, number: int) -> None:
        async def pair(conn: AsyncConnection) -> None:
            self.begun += 1
            for key in ("first", "second"):
                await conn.execute(_INSERT, {"channel": str(number), "key": key})

        await self._store.write(pair)

    async def kept(self) -> tuple[int, int]:
        """How many pairs are whole, and how many are not."""
        query = select(func.count()).select_from(setting).group_by(setting.c.channel_id)
        async with self._store.reading() as conn:
            counts = (await conn.execute(query)).scalars().all()
        return counts.count(2), len(counts) - counts.count(2)


async def test_two_thousand_cancelled_writes_are_whole_and_none_stalls(store: Store) -> None:
    chance = random.Random(20261120)
    pairs = Pairs(store)
    cancelled = 0

    async def write_and_cancel(number: int) -> None:
        nonlocal cancelled
        task = asyncio.create_task(pairs.write(number))
        for _ in range(chance.randrange(1, 40)):
            await asyncio.sleep(0)
        if chance.random() < 0.5:  # in the middle of a statement, not only at the turns of the loop
            await asyncio.wait([task], timeout=chance.random() / 1000)
        cancelled += task.cancel()
        await asyncio.wait([task])

    async with asyncio.timeout(60):
        for start in range(0, 2_000, 4):
            await asyncio.gather(*(write_and_cancel(number) for number in range(start, start + 4)))
            await store.write(_nothing)  # comes after what the cancelled callers left behind

    slowest = 0.0
    for number in range(2_000, 2_050):
        before = time.monotonic()
        await pairs.write(number)
        slowest = max(slowest, time.monotonic() - before)

    assert cancelled > 1_000
    assert pairs.begun == 2_050
    assert await pairs.kept() == (2_050, 0)
    assert slowest < 2  # a stalled one waits for the busy time-out of five seconds


async def test_what_a_write_raises_undoes_it_and_comes_out(store: Store) -> None:
    async def half(conn: AsyncConnection) -> None:
        await conn.execute(_INSERT, {"channel": "C", "key": "first"})
        raise ValueError("the second half is missing")

    pairs = Pairs(store)
    with pytest.raises(ValueError, match="second half"):
        await store.write(half)
    await pairs.write(1)

    assert await pairs.kept() == (1, 0)


async def test_a_write_that_fails_unheard_is_logged(store: Store) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def fail(_conn: AsyncConnection) -> None:
        begun.set()
        await go.wait()
        raise ValueError("nobody hears this")

    with capture_logs() as logs:
        task = asyncio.create_task(store.write(fail))
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        go.set()
        await Pairs(store).write(1)

    assert task.cancelled()
    assert [(entry["log_level"], str(entry["exc_info"])) for entry in logs] == [("error", "nobody hears this")]


async def test_a_cancellation_from_inside_a_write_does_not_end_the_writer(store: Store) -> None:
    async def cancelled_inside(conn: AsyncConnection) -> None:
        await conn.execute(_INSERT, {"channel": "C", "key": "first"})
        raise asyncio.CancelledError

    task = asyncio.create_task(store.write(cancelled_inside))
    await asyncio.wait([task])
    pairs = Pairs(store)
    await pairs.write(1)

    assert task.cancelled()
    assert await pairs.kept() == (1, 0)


async def test_a_write_inside_a_write_is_refused_and_does_not_hang(store: Store) -> None:
    async def nested(_conn: AsyncConnection) -> None:
        await store.write(_nothing)

    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match="wait for ever"):
            await store.write(nested)


async def test_what_is_ahead_takes_turns_with_what_waits(store: Store) -> None:
    done: list[str] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def hold(_conn: AsyncConnection) -> None:
        begun.set()
        await go.wait()

    def write(name: str, *, ahead: bool = False) -> asyncio.Task[None]:
        async def note(_conn: AsyncConnection) -> None:
            done.append(name)

        return asyncio.create_task(store.write(note, ahead=ahead))

    holding = asyncio.create_task(store.write(hold))
    await begun.wait()
    tasks = [write("1"), write("2"), *(write(name, ahead=True) for name in "abcd")]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(holding, *tasks)

    assert done == ["a", "1", "b", "2", "c", "d"]


async def test_close_finishes_what_was_taken(url: str) -> None:
    store = await Store.open(url)
    pairs = Pairs(store)
    tasks = [asyncio.create_task(pairs.write(number)) for number in range(50)]
    await asyncio.sleep(0)

    await store.close()
    await asyncio.gather(*tasks)

    with pytest.raises(StoreClosed):
        await pairs.write(51)
    reopened = await Store.open(url)
    assert await Pairs(reopened).kept() == (50, 0)
    await reopened.close()


async def test_a_lock_held_from_outside_fails_the_write_and_not_the_next(file_store: Store, tmp_path: Path) -> None:
    async def be_impatient(conn: AsyncConnection) -> None:
        await conn.exec_driver_sql("PRAGMA busy_timeout = 20")

    await file_store.write(be_impatient)
    pairs = Pairs(file_store)
    outside = sqlite3.connect(tmp_path / "showcaller.db", isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable) as caught:
        await pairs.write(1)
    outside.execute("ROLLBACK")
    outside.close()
    await pairs.write(2)

    assert _sqlite_name(caught.value) == "SQLITE_BUSY"
    assert await pairs.kept() == (1, 0)


async def test_a_full_disk_fails_the_write_and_not_the_next(file_store: Store) -> None:
    async def limit(conn: AsyncConnection) -> None:
        pages = (await conn.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

    async def too_much(conn: AsyncConnection) -> None:
        await conn.execute(_INSERT, {"channel": "C", "key": "k" * 100_000})

    await file_store.write(limit)
    with pytest.raises(StoreUnavailable) as caught:
        await file_store.write(too_much)
    pairs = Pairs(file_store)
    await pairs.write(1)

    assert _sqlite_name(caught.value) == "SQLITE_FULL"
    assert await pairs.kept() == (1, 0)


async def test_five_hundred_cancelled_reads_leave_the_readers_usable(store: Store) -> None:
    chance = random.Random(20261120)
    pairs = Pairs(store)
    await pairs.write(1)

    async def read_and_cancel() -> None:
        task = asyncio.create_task(pairs.kept())
        for _ in range(chance.randrange(1, 40)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    async with asyncio.timeout(30):
        for _ in range(100):
            await asyncio.gather(*(read_and_cancel() for _ in range(5)))
        assert await asyncio.gather(*(pairs.kept() for _ in range(20))) == [(1, 0)] * 20


def _sqlite_name(error: StoreUnavailable) -> str:
    """https://www.sqlite.org/rescode.html"""
    assert isinstance(error.__cause__, DBAPIError)
    return str(getattr(error.__cause__.orig, "sqlite_errorname", ""))
