"""Work of which one process has the turn: who gets it, when it is due again, and what a lost turn may still do."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from bot.store.engine import Store
from bot.store.leases import LEASE, now
from bot.store.named_lease import RENEW_SECONDS, SPREAD, Held, LeaseLost, NamedLease
from bot.store.tables import lease, thing
from tests.bot.store.snapshots import save, snapshot
from tests.postgresql import Server

HOUR = timedelta(hours=1)


def named(store: Store, name: str = "reconcile:livekit") -> NamedLease:
    return NamedLease(store, name, team_id="T1")


async def taken(work: NamedLease) -> Held:
    held = await work.take()
    assert held is not None
    return held


async def a_turn(store: Store) -> Held:
    await named(store).begin()
    return await taken(named(store))


async def runs_out(store: Store) -> None:
    await store.write(lambda conn: conn.execute(update(lease).values(lease_until=now(-LEASE))))


async def wrote(store: Store, work: NamedLease, held: Held) -> int:
    """Write something down in a turn; how much is there then."""

    async def count() -> int:
        async with store.reading() as conn:
            return int((await conn.execute(select(func.count()).select_from(thing))).scalar_one())

    await store.write(lambda conn: work.check(conn, held))
    await save(store, snapshot(f"RM_{held.token}"))
    return await count()


async def test_one_takes_it_and_no_other_does(store: Store) -> None:
    held = await a_turn(store)
    assert held.token == 1
    assert await named(store).take() is None
    assert 0 < await named(store).seconds_until_due() <= LEASE.total_seconds()


async def test_each_name_is_a_work_of_its_own(store: Store) -> None:
    await a_turn(store)
    other = named(store, "reconcile:memory")
    await other.begin()
    assert await other.take() is not None


async def test_it_is_due_again_after_a_pause_that_is_spread(store: Store) -> None:
    work, held = named(store), await a_turn(store)
    await work.finish(held, HOUR)
    assert await work.take() is None
    seconds = await work.seconds_until_due()
    assert HOUR.total_seconds() * (1 - SPREAD) - 10 < seconds <= HOUR.total_seconds() * (1 + SPREAD)


async def test_whoever_is_in_a_hurry_makes_it_due(store: Store) -> None:
    work, held = named(store), await a_turn(store)
    await work.finish(held, HOUR)
    await work.hurry()
    assert await work.seconds_until_due() <= 0
    assert (await taken(work)).token == 2


async def test_a_hurry_while_somebody_is_at_it_makes_it_due_once_more(store: Store) -> None:
    work, held = named(store), await a_turn(store)
    await work.hurry()
    assert await named(store).take() is None
    await work.finish(held, HOUR)
    assert (await taken(work)).token == 2


async def test_no_hurry_makes_it_due_before_it_has_rested(store: Store) -> None:
    """Neither one while somebody was at it, nor one after that."""
    work, held = named(store), await a_turn(store)
    await work.hurry()
    await work.finish(held, 2 * HOUR, at_least=HOUR)
    await work.hurry()
    assert HOUR.total_seconds() - 10 < await work.seconds_until_due() <= HOUR.total_seconds()
    assert await work.take() is None
    await runs_out(store)
    assert (await taken(work)).token == 2


async def test_a_rest_is_never_shorter_than_was_said(store: Store) -> None:
    work, held = named(store), await a_turn(store)
    await work.finish(held, HOUR, at_least=HOUR)
    assert await work.seconds_until_due() > HOUR.total_seconds() - 10


async def test_a_turn_that_is_renewed_goes_on(store: Store) -> None:
    work, held = named(store), await a_turn(store)
    await runs_out(store)
    await work.renew(held)
    assert await named(store).take() is None
    await store.write(lambda conn: work.check(conn, held))
    assert LEASE.total_seconds() > 2 * RENEW_SECONDS


async def test_one_that_ran_out_is_anybodys_and_the_old_holder_changes_nothing(store: Store) -> None:
    work, old = named(store), await a_turn(store)
    await runs_out(store)
    new = await taken(named(store))
    assert new.token == old.token + 1
    with pytest.raises(LeaseLost):
        await wrote(store, work, old)
    with pytest.raises(LeaseLost):
        await work.renew(old)
    await work.finish(old, HOUR)
    assert await named(store).take() is None, "what the old holder finishes is not the new holder's turn"
    assert await wrote(store, named(store), new) == 1


async def test_a_work_that_nobody_began_is_nobodys(store: Store) -> None:
    assert await named(store).take() is None
    assert await named(store).seconds_until_due() == 0
    elsewhere = await a_turn(store)
    with pytest.raises(LeaseLost):
        await wrote(store, named(store, "reconcile:memory"), elsewhere)


async def test_a_file_is_one_processs_so_at_its_start_nobody_is_at_it(file_store: Store) -> None:
    """The process before it was killed in its turn."""
    await a_turn(file_store)
    assert (await a_turn(file_store)).token == 2


@pytest_asyncio.fixture
async def shared(postgresql_server: Server) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' ways to one database."""
    async with postgresql_server.database() as url:
        stores = (await Store.open(url), await Store.open(url))
        yield stores
        for store in stores:
            await store.close()


async def test_on_a_shared_database_a_start_takes_nobodys_turn(shared: tuple[Store, Store]) -> None:
    first, second = shared
    held = await a_turn(first)
    await named(second).begin()
    assert await named(second).take() is None
    await named(first).finish(held, HOUR)
    assert (await taken(named(second))).token == 2, "the start was a reason to look once more"
