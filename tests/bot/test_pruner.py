"""What is over is deleted at the start and once an hour, a little at a time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.pruner import Pruner
from bot.store.engine import Store
from bot.store.retention import Retention
from bot.store.settings import StoredSettings
from bot.store.tables import attempt, inbox
from tests.bot.store.rows import add_many
from tests.postgresql import Server

LONG_AGO = SystemClock().now() - timedelta(days=400)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/showcaller.db")
    yield store
    await store.close()


def pruner(store: Store, pause_seconds: float = 0.0) -> Pruner:
    clock = SystemClock()
    return Pruner(Retention(store, StoredSettings(store, clock), clock, team_id="T1"), pause_seconds=pause_seconds)


async def left(store: Store) -> int:
    async with store.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(inbox))).scalar_one())


async def test_all_that_is_over_goes_and_is_counted_in_the_log(store: Store) -> None:
    await add_many(store, inbox, 2_500, {"received_at": LONG_AGO, "folded_at": LONG_AGO})
    await add_many(store, attempt, 3, {"opened_at": LONG_AGO, "answered_at": LONG_AGO})
    with capture_logs() as lines:
        gone = await pruner(store).prune()
    assert gone == {"bodies": 2_500, "events": 2_500, "commands": 3}
    assert lines == [{"event": "pruned", "log_level": "info", "rows": gone}]
    with capture_logs() as lines:
        assert await pruner(store).prune() == {}
    assert lines == []


async def test_two_at_once_do_no_harm(postgresql_server: Server) -> None:
    async with postgresql_server.database() as url:
        one, other = await Store.open(url), await Store.open(url)
        try:
            await add_many(one, inbox, 5_000, {"received_at": LONG_AGO, "folded_at": LONG_AGO})
            first, second = await asyncio.gather(pruner(one).prune(), pruner(other).prune())
            assert first.get("events", 0) + second.get("events", 0) == 5_000
            assert await left(one) == 0
        finally:
            await one.close()
            await other.close()


async def test_it_stops_between_two_transactions(store: Store) -> None:
    await add_many(store, inbox, 3_000, {"received_at": LONG_AGO, "folded_at": LONG_AGO})
    slow = pruner(store, pause_seconds=3_600)
    running = asyncio.create_task(slow.run())
    async with asyncio.timeout(10):
        while (await emptied(store)) != 1_000:
            await asyncio.sleep(0.01)
        slow.stop()
        await running
    assert await left(store) == 3_000


async def emptied(store: Store) -> int:
    async with store.reading() as conn:
        query = select(func.count()).select_from(inbox).where(inbox.c.has_body.is_(False))
        return int((await conn.execute(query)).scalar_one())


async def test_a_database_that_is_away_is_waited_for(store: Store) -> None:
    await store.close()
    waiting = pruner(store)
    with capture_logs() as lines:
        running = asyncio.create_task(waiting.run())
        async with asyncio.timeout(10):
            while not lines:
                await asyncio.sleep(0.01)
        waiting.stop()
        await running
    assert [line["event"] for line in lines] == ["nothing is pruned while the database is away"]
