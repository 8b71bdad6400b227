"""Turns of a lane as the database gives them out, over all processes."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.pace import Tempo
from bot.store.engine import Store
from bot.store.leases import LEASE, now
from bot.store.pace import UPDATES, Paces, Turn
from bot.store.tables import pace

SLOW = Tempo(post_seconds=600, post_burst=2, update_seconds=600, update_burst=1)


@pytest.fixture
def paces(store: Store) -> Paces:
    return Paces(store, SLOW, team_id="T1")


async def take(store: Store, paces: Paces, key: str = "C1") -> Turn | None:
    return await store.write(lambda conn: paces.take(conn, key))


async def turn_back(store: Store, by: timedelta) -> None:
    """As if all that had been so much earlier."""

    async def write(conn: AsyncConnection) -> None:
        for row in (await conn.execute(select(pace))).all():
            times = {name: getattr(row, name) for name in ("next_at", "paused_until", "lease_until")}
            earlier = {name: at - by for name, at in times.items() if at is not None}
            await conn.execute(update(pace).where(pace.c.key == row.key).values(earlier))

    await store.write(write)


async def test_one_call_of_a_lane_is_under_way_at_a_time(store: Store, paces: Paces) -> None:
    first = await take(store, paces)
    assert first is not None
    assert await take(store, paces) is None
    assert await take(store, paces, "C2") is not None, "another lane goes on"
    await paces.give_back(first)
    assert await take(store, paces) is not None


async def test_a_lane_whose_process_is_gone_goes_on_when_the_lease_is_over(store: Store, paces: Paces) -> None:
    lost = await take(store, paces)
    assert lost is not None
    await turn_back(store, LEASE)
    heir = await take(store, paces)
    assert heir is not None
    await paces.give_back(lost)
    assert await take(store, paces) is None, "who comes late gives back nothing of the other's"


async def test_so_many_at_once_and_then_one_in_so_many_seconds(store: Store, paces: Paces) -> None:
    for _ in range(2):
        turn = await take(store, paces)
        assert turn is not None
        await paces.give_back(turn)
    assert await take(store, paces) is None
    await turn_back(store, timedelta(seconds=SLOW.post_seconds))
    assert await take(store, paces) is not None


async def test_a_call_that_was_not_made_counts_for_nothing(store: Store, paces: Paces) -> None:
    for was_called in (False, False, True):
        turn = await take(store, paces, UPDATES)
        assert turn is not None
        await paces.give_back(turn, was_called=was_called)
    assert await take(store, paces, UPDATES) is None


async def test_a_call_may_have_come_to_slack_as_late_as_its_answer(store: Store, paces: Paces) -> None:
    turn = await take(store, paces)
    assert turn is not None
    await turn_back(store, timedelta(seconds=10))
    await paces.give_back(turn)
    async with store.reading() as conn:
        soonest = now(timedelta(seconds=SLOW.post_seconds - 5))
        assert (await conn.execute(select(pace.c.next_at > soonest))).scalar_one()


async def test_a_pause_is_for_every_process_and_the_longer_one_counts(store: Store, paces: Paces) -> None:
    other = Paces(store, SLOW, team_id="T1")
    await other.pause("C1", 60)
    await other.pause("C1", 1)
    assert await take(store, paces) is None
    async with store.reading() as conn:
        moment, found = await paces.read(conn)
    free_at = found["C1"].free_at(paces.rate("C1"))
    assert timedelta(seconds=55) < free_at - moment <= timedelta(seconds=60)
    await turn_back(store, timedelta(seconds=60))
    assert await take(store, paces) is not None
