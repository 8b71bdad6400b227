"""Turns of a lane as the database gives them out, over all processes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine
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


@dataclass
class Time:
    """Seconds since the beginning. SQLite is told these instead of its own."""

    seconds: float = 0.0

    def julianday(self, _when: str) -> float:
        return 2_461_000.5 + self.seconds / 86_400


@pytest.fixture
def time() -> Iterator[Time]:
    """For stores that are opened after this."""
    time = Time()

    def tell(connection: Any, _record: object) -> None:
        if hasattr(connection, "create_function"):
            connection.create_function("julianday", 1, time.julianday)

    event.listen(Engine, "connect", tell)
    yield time
    event.remove(Engine, "connect", tell)


async def called(store: Store, lane: str, wanted: list[float], time: Time, chance: random.Random) -> list[float]:
    """When Slack is called by two processes: each wanted at such a second, as soon as it may be, some of them slow."""
    both, made = [Paces(store, Tempo(), team_id="T1") for _ in range(2)], list[float]()
    for second in wanted:
        time.seconds = max(time.seconds, second)
        paces = chance.choice(both)
        while (turn := await take(store, paces, lane)) is None:
            async with store.reading() as conn:
                moment, found = await paces.read(conn)
            time.seconds += max((found[lane].free_at(paces.rate(lane)) - moment).total_seconds(), 0.001)
        began = time.seconds
        time.seconds += chance.choice([0, 0, 0, chance.uniform(0, 3)])
        made.append(chance.uniform(began, time.seconds))
        await paces.give_back(turn)
    return made


@pytest.mark.parametrize("seed", range(3))
async def test_no_minute_has_more_updates_than_slack_takes(time: Time, file_url: str, seed: int) -> None:
    chance = random.Random(seed)
    wanted, at = list[float](), 0.0
    for _ in range(150):
        at += chance.choice([0, 0, 0, chance.expovariate(1), chance.expovariate(0.1)])
        wanted.append(at)
    store = await Store.open(file_url)
    made = await called(store, UPDATES, wanted, time, chance)
    await store.close()

    assert all(sum(0 <= other - each <= 60 for other in made) <= 50 for each in made)


async def test_what_is_wanted_in_calm_is_called_at_once_and_a_burst_is_paid_back(time: Time, file_url: str) -> None:
    class Prompt(random.Random):
        def choice(self, seq: Any) -> Any:
            return seq[0]

    store = await Store.open(file_url)
    made = await called(store, "C1", [0.0, 10.0, *[20.0] * 6], time, Prompt(0))
    await store.close()

    assert made == pytest.approx([0, 10, 20, 20, 20, 20, 21.05, 22.1], abs=0.01)
