"""What it costs to know much: a start, the memory and each event, with few and with many known things.

Each is the bot as people start it, on a database that holds so many rooms, a tenth of them live, each with its card in
one channel. Then people come and go in the live ones. Cards show what is known, so that nothing is to be delivered
before that; those of a restart are of live rooms.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bench import deliveries
from bench.client import closed_loop
from bench.intake import STORED
from bench.lives import environ, running, until_ready
from bench.machine import cpu_seconds, resident_bytes
from bench.plan import Plan
from bot import manifest
from bot.alerts.state import RoomState, RoomStatus
from bot.demo.slack import StandIn
from bot.demo.world import free_port
from bot.store.engine import Store
from bot.store.tables import card, inbox, thing
from providers.base import RoomRef

FEW, MANY = 1_000, 100_000
OPEN_CARDS = 10_000
LIVE_SHARE = 10
AT_ONCE = 8
SETTLE_SECONDS = 120.0
BATCH = 5_000


@dataclass(slots=True)
class Knowing:
    """By how many things are known: bytes when ready and after the events, CPU seconds for each event, and the seconds
    from the start until ready. `restart_seconds` is with `OPEN_CARDS` open cards."""

    ready_bytes: dict[int, int] = field(default_factory=dict)
    bytes_after: dict[int, int] = field(default_factory=dict)
    event_cost: dict[int, float] = field(default_factory=dict)
    ready_seconds: dict[int, float] = field(default_factory=dict)
    restart_seconds: list[float] = field(default_factory=list)


async def measure(plan: Plan, core: int | None) -> Knowing:
    knowing = Knowing()
    for count in (FEW, MANY):
        await _with_things(knowing, count, plan.events, core)
    for number in range(plan.starts + 1):
        seconds = await _with_cards(OPEN_CARDS, core)
        if number:
            knowing.restart_seconds.append(seconds)
    return knowing


async def _with_things(knowing: Knowing, count: int, events: int, core: int | None) -> None:
    async with AsyncExitStack() as opened:
        folder, slack = await _prepared(opened)
        told = [deliveries.Told.of(f"room-{number:06d}") for number in range(count)]
        channel = slack.workspace.add_channel("general")
        await _write(folder, slack.team_id, told, channel.id, live=max(1, count // LIVE_SHARE))
        port, began = free_port(), perf_counter()
        settings = environ(folder, slack, port, deliveries.PROVIDERS)
        process = await opened.enter_async_context(running(settings, folder, core))
        await until_ready(port, process)
        knowing.ready_seconds[count] = perf_counter() - began
        knowing.ready_bytes[count] = resident_bytes(process.pid)
        live = told[: max(1, count // LIVE_SHARE)]
        pool = list(islice(_comings(live), events))
        cpu = cpu_seconds(process.pid)
        requests = iter([deliveries.request(port, each) for each in pool])
        done = await closed_loop(
            port, requests, connections=AT_ONCE, seconds=SETTLE_SECONDS, most=events, answer=STORED
        )
        assert done.failed == 0, f"{done.failed} webhooks were not taken"
        await _folded(settings["DATABASE_URL"])
        knowing.event_cost[count] = (cpu_seconds(process.pid) - cpu) / events
        knowing.bytes_after[count] = resident_bytes(process.pid)


async def _with_cards(count: int, core: int | None) -> float:
    async with AsyncExitStack() as opened:
        folder, slack = await _prepared(opened)
        channel = slack.workspace.add_channel("general")
        told = [deliveries.Told.of(f"room-{number:06d}") for number in range(count)]
        await _write(folder, slack.team_id, told, channel.id, live=count)
        port, began = free_port(), perf_counter()
        process = await opened.enter_async_context(
            running(environ(folder, slack, port, deliveries.PROVIDERS), folder, core)
        )
        await until_ready(port, process)
        return perf_counter() - began


async def _prepared(opened: AsyncExitStack) -> tuple[Path, StandIn]:
    folder = Path(opened.enter_context(TemporaryDirectory(prefix="showcaller-bench-")))
    slack = await opened.enter_async_context(StandIn(manifest.load()))
    return folder, slack


def _comings(live: list[deliveries.Told]) -> Iterator[deliveries.Delivery]:
    turn = 0
    while True:
        room = live[turn % len(live)]
        yield room.joined(f"person-{turn}")
        turn += 1


async def _write(folder: Path, team_id: str, told: list[deliveries.Told], channel_id: str, *, live: int) -> None:
    """Each has its card in the channel, which shows all there is; the channel wants no more of them."""
    store = await Store.open(f"sqlite:///{folder / 'showcaller.db'}")
    for first in range(0, len(told), BATCH):
        rows = [_thing(team_id, each, is_live=n < live) for n, each in enumerate(told[first : first + BATCH], first)]
        numbers = range(first + 1, first + 1 + len(rows))
        cards = [_card(team_id, number, channel_id) for number in numbers]

        async def write(
            conn: AsyncConnection, rows: list[dict[str, Any]] = rows, cards: list[dict[str, Any]] = cards
        ) -> None:
            await conn.execute(thing.insert(), rows)
            await conn.execute(card.insert(), cards)

        await store.write(write)
    await store.close()


def _thing(team_id: str, told: deliveries.Told, *, is_live: bool) -> dict[str, Any]:
    now = datetime.now(UTC)
    status = RoomStatus.LIVE if is_live else RoomStatus.ENDED
    state = RoomState(ref=RoomRef("livekit", told.sid, told.name), created_at=now, status=status, observed_at=now)
    return {
        "team_id": team_id,
        "provider": "livekit",
        "kind": "room",
        "server_id": told.sid,
        "name": told.name,
        "status": status.value,
        "terminal": not is_live,
        "version": 1,
        "seen_at": now,
        "state": state.model_dump_json(),
    }


def _card(team_id: str, thing_id: int, channel_id: str) -> dict[str, Any]:
    return {
        "team_id": team_id,
        "thing_id": thing_id,
        "channel_id": channel_id,
        "ts": f"1700000000.{thing_id:06d}",
        "wanted": 1,
        "delivered": 1,
        "generation": 0,
        "dirty_at": datetime.now(UTC),
    }


async def _folded(database_url: str) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while (await Store.peek(database_url, _waiting))[1]:
            await asyncio.sleep(0.05)


def _waiting(conn: Connection) -> int:
    waiting = select(func.count()).select_from(inbox).where(inbox.c.folded_at.is_(None))
    return int(conn.execute(waiting).scalar_one())
