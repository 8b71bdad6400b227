"""The database locked, full, or gone for a while: each sender gets the answer that makes it send again, nothing that
was answered with 200 is lost, and in the end the state equals the server's."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from structlog.testing import capture_logs

from bot.store.engine import Store
from providers.facts import Fact
from tests.bot.alerts.facts import joined, left, person, started
from tests.bot.faults.door import AtOnce, Door, HangsOn, TakesAnyAnswer, memory, open_door
from tests.postgresql import Server

Fault = Callable[[Door], AbstractAsyncContextManager[None]]
AT_ONCE = 50


async def pragma(store: Store, statement: str) -> int:
    async def write(conn: AsyncConnection) -> int:
        return int((await conn.exec_driver_sql(f"PRAGMA {statement}")).scalar_one())

    return await store.write(write)


@asynccontextmanager
async def locked(door: Door) -> AsyncIterator[None]:
    """By somebody who opened the file beside us."""
    await pragma(door.house.store, "busy_timeout = 20")
    outside = sqlite3.connect(door.house.store.file or "", isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    yield
    outside.execute("ROLLBACK")
    outside.close()


@asynccontextmanager
async def full(door: Door) -> AsyncIterator[None]:
    """To the last page: what fits is still taken."""
    store = door.house.store
    await pragma(store, f"max_page_count = {await pragma(store, 'page_count')}")
    yield
    await pragma(store, f"max_page_count = {2**31}")


@asynccontextmanager
async def without_table(door: Door) -> AsyncIterator[None]:
    async def rename(old: str, new: str) -> None:
        await door.house.store.write(lambda conn: conn.execute(text(f"ALTER TABLE {old} RENAME TO {new}")))

    await rename("inbox", "gone")
    yield
    await rename("gone", "inbox")


def happenings() -> tuple[list[Fact], int]:
    """What a server tells of a room in three parts, and who is there in the end."""
    people = [joined(person(number), number) for number in range(60)]
    leaving = [left(person(number), 100 + number) for number in range(45)]
    return [started(), *people, *leaving], 15


async def tell(door: Door, facts: list[Fact]) -> list[Fact]:
    """A few at once, as servers do. Returns what was not taken."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def send(fact: Fact) -> int:
        async with turns:
            return await door.send(fact)

    answers = await asyncio.gather(*(send(fact) for fact in facts))
    assert set(answers) <= {200, 503}
    return [fact for fact, answer in zip(facts, answers, strict=True) if answer != 200]


async def play(door: Door, fault: AbstractAsyncContextManager[None]) -> int:
    """All that happens, with the database in trouble in the middle of it. Returns how many were refused."""
    facts, people = happenings()
    folding = asyncio.create_task(door.house.intake.run())
    refused = await tell(door, facts[:30])
    assert refused == []
    with capture_logs():
        async with fault:
            refused = await tell(door, facts[30:80])
    taken = {fact.key for fact in facts[:80]} - {fact.key for fact in refused}
    assert taken <= await door.keys(), "what was answered with 200 is there"
    assert await tell(door, facts[80:]) == []
    assert await tell(door, refused) == [], "whoever sends again is heard"
    door.house.intake.stop()
    await folding
    assert await door.house.intake.fold_waiting()

    assert await door.keys() == {fact.key for fact in facts}
    assert await door.house.unfolded() == []
    assert (await door.house.room()).people == people
    assert door.refused == ["memory"] * len(refused)
    assert door.counted("unavailable") == len(refused)
    return len(refused)


@pytest.mark.parametrize("fault", [locked, full, without_table])
async def test_a_file_in_trouble(tmp_path: Path, fault: Fault) -> None:
    async with open_door(f"sqlite:///{tmp_path}/showcaller.db") as door:
        assert await play(door, fault(door)) > 0


async def test_a_file_that_is_held_for_longer_than_a_server_waits(tmp_path: Path) -> None:
    """It is answered in time. What was refused may be written all the same, and the repeat is known."""

    @asynccontextmanager
    async def held(door: Door) -> AsyncIterator[None]:
        begun, go = asyncio.Event(), asyncio.Event()

        async def hold(_conn: AsyncConnection) -> None:
            begun.set()
            await go.wait()

        holding = asyncio.create_task(door.house.store.write(hold))
        await begun.wait()
        yield
        go.set()
        await holding

    async with open_door(f"sqlite:///{tmp_path}/showcaller.db") as door:
        assert await play(door, held(door)) == 50


async def test_a_server_without_its_table(postgresql_server: Server) -> None:
    async with postgresql_server.upgraded() as url, open_door(url) as door:
        assert await play(door, without_table(door)) == 50


async def test_a_server_whose_table_is_locked(postgresql_server: Server) -> None:
    @asynccontextmanager
    async def lock(url: str) -> AsyncIterator[None]:
        engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), poolclass=NullPool)
        async with engine.begin() as conn:
            await conn.execute(text("LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE"))
            yield
        await engine.dispose()

    async with postgresql_server.upgraded() as url, open_door(url) as door:
        assert await play(door, lock(url)) == 50


async def test_a_server_that_is_gone_for_a_while(own_server: Server) -> None:
    @asynccontextmanager
    async def gone() -> AsyncIterator[None]:
        await asyncio.to_thread(own_server.stop)
        yield
        await asyncio.to_thread(own_server.start)

    async with own_server.upgraded() as url, open_door(url) as door:
        assert await play(door, gone()) == 50


async def test_a_server_that_is_gone_in_the_middle_of_a_write(own_server: Server) -> None:
    """Nobody knows then whether it was written: it is refused, and the repeat is known if it was."""
    async with own_server.upgraded() as url, open_door(url) as door:
        facts, people = happenings()
        with capture_logs():
            sending = asyncio.create_task(tell(door, facts))
            while not await door.keys():
                await asyncio.sleep(0)
            await asyncio.to_thread(own_server.stop)
            refused = await sending
            await asyncio.to_thread(own_server.start)

        assert {fact.key for fact in facts} - {fact.key for fact in refused} <= await door.keys()
        assert await tell(door, refused) == []
        assert await door.house.intake.fold_waiting()
        assert (await door.house.room()).people == people


@pytest.mark.parametrize(("kind", "answer"), [(AtOnce, 503), (HangsOn, 503), (TakesAnyAnswer, 0)])
async def test_each_kind_of_server_is_refused_so_that_it_sends_again(
    tmp_path: Path, kind: type[AtOnce], answer: int
) -> None:
    """0: the connection is closed without an answer."""
    fact = started()
    async with open_door(f"sqlite:///{tmp_path}/showcaller.db", memory(kind)) as door:
        with capture_logs() as lines:
            async with without_table(door):
                assert await door.send(fact) == answer
        assert await door.keys() == set()
        assert await door.send(fact) == 200

    assert door.refused == ["memory"]
    assert (door.counted("unavailable"), door.counted("stored")) == (1, 1)
    assert [line["event"] for line in lines] == ["a webhook was not stored"]


@pytest.mark.parametrize("kind", [HangsOn, TakesAnyAnswer])
async def test_what_is_held_is_kept_when_the_database_comes_back(tmp_path: Path, kind: type[AtOnce]) -> None:
    fact = started()
    async with open_door(f"sqlite:///{tmp_path}/showcaller.db", memory(kind)) as door:
        async with without_table(door):
            sending = asyncio.create_task(door.send(fact))
            await door.troubled.wait()
        assert await sending == 200

        assert await door.keys() == {fact.key}
        assert door.refused == []
