"""Planned stops where two processes share a database: each is carried out once, whoever is alive then."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy import text

from bot.store.engine import Store
from tests.bot.conversations.talk import ask, card
from tests.bot.replicas.pair import Pair
from tests.bot.replicas.test_processes import Two, open_two
from tests.standins.livekit import Fault

ROOMS = 12


@pytest_asyncio.fixture
async def two(tmp_path: Path, database_url: str) -> AsyncIterator[Two]:
    async with open_two(tmp_path, database_url) as opened:
        yield opened


async def make_due(store: Store, *, late_minutes: int = 0) -> None:
    """The database's clock cannot be moved, so what is planned is."""
    at = f"(extract(epoch FROM clock_timestamp()) * 1000000)::bigint - {late_minutes * 60_000_000}"
    due = text(f"UPDATE timer SET due_at = {at}, warn_at = NULL, visible_at = {at}")
    await store.write(lambda conn: conn.execute(due))


async def states(store: Store) -> list[str]:
    async with store.reading() as conn:
        return [str(state) for state in (await conn.execute(text("SELECT state FROM timer ORDER BY id"))).scalars()]


async def until_done(store: Store, count: int) -> None:
    async with asyncio.timeout(30):
        while await states(store) != ["done"] * count:
            await asyncio.sleep(0.02)


async def test_each_stop_is_carried_out_by_one_of_two(pair: Pair) -> None:
    world = pair.world
    for number in range(ROOMS):
        await ask(world, world.owner, f"/video room create room-{number} --stop-after 1h")
    await make_due(pair.store)
    await until_done(pair.store, ROOMS)
    assert pair.livekit.calls.count("DeleteRoom") == ROOMS
    recorded = "SELECT count(*), count(DISTINCT delivery) FROM attempt WHERE door = 'timer' AND outcome = 'done'"
    assert await pair.rows(recorded) == [(ROOMS, ROOMS)]


async def test_what_one_planned_the_other_changes_and_both_warn_once(pair: Pair) -> None:
    world = pair.world
    pair.front.next_is(0)
    await ask(world, world.owner, "/video room create standup --stop-after 1h")
    pair.front.next_is(1)
    extended = await ask(world, world.operator, "/video room extend standup --by 1h")
    assert "The room *standup* ends" in extended.words
    await pair.store.write(lambda conn: conn.execute(text("UPDATE timer SET warn_at = 0, visible_at = 0")))
    await pair.until("SELECT count(*) FROM inbox WHERE kind = 'stop_near' AND folded_at IS NOT NULL", [(1,)])
    await card(world, "standup", "🟢 *Live*")
    assert await states(pair.store) == ["waiting"]


async def test_what_a_killed_one_had_claimed_the_other_carries_out(two: Two) -> None:
    """The first one is killed in the middle of its call, which the server never carried out."""
    street = two.street
    two.front.next_is(0)
    await street.types("/video room create standup --stop-after 1h")
    await street.sees("Created", "standup", only_me=True)
    two.processes[1].signal(signal.SIGSTOP)
    street.livekit.fail("DeleteRoom", Fault.HANGS)
    await make_due(two.store, late_minutes=3)
    await street.until(lambda: "DeleteRoom" in street.livekit.calls)
    assert await states(two.store) == ["firing"]
    await two.processes[0].kill()
    await two.store.write(lambda conn: conn.execute(text("UPDATE timer SET visible_at = 0")))  # its lease is over
    two.processes[1].signal(signal.SIGCONT)
    await until_done(two.store, 1)
    assert street.livekit.calls.count("DeleteRoom") == 2
    async with two.store.reading() as conn:
        query = text("SELECT outcome, detail FROM attempt WHERE door = 'timer'")
        assert [tuple(row) for row in await conn.execute(query)] == [("done", "3 min late: the video server was away")]
