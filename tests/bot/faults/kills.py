"""Rounds of a storm in which processes are killed at moments that a seed decides."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import text

from bot.store.engine import Store
from tests.bot.faults.storm import Outcome, storm
from tests.bot.process.showcaller import Process, Street, street
from tests.bot.replicas.front import front

KILLS = 2


async def one_process(directory: Path, seed: int) -> Outcome:
    """On SQLite: killed and started again, and killed again while it catches up."""
    random = Random(seed)
    async with street(directory) as opened, AsyncExitStack() as stack:
        process = await _started(opened, stack)
        await _subscribe(opened)

        async def trouble() -> None:
            victim = process
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0.0, 1.5))
                await _kill(victim)
                victim = await _started(opened, stack)
            await asyncio.sleep(random.uniform(0.0, 0.5))

        async def query(sql: str) -> list[tuple[Any, ...]]:
            return opened.rows(sql)

        return await storm(opened, lambda: opened.url("/webhooks/livekit"), query, seed, trouble())


async def two_replicas(directory: Path, database_url: str, seed: int) -> Outcome:
    """On PostgreSQL: one is killed for good, and the other goes on."""
    random = Random(seed)
    variables = {"DATABASE_URL": database_url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()}
    async with street(directory) as opened, AsyncExitStack() as stack:
        replicas = [await _started(opened, stack, **variables) for _ in range(2)]
        ports = [(await replica.logged("ready"))["port"] for replica in replicas]
        before = await stack.enter_async_context(front(ports))
        opened.slack.request_url = f"{before.url}/slack/events"
        store = await Store.open(database_url)
        stack.push_async_callback(store.close)
        await _subscribe(opened)

        async def trouble() -> None:
            await asyncio.sleep(random.uniform(0.2, 2.0))
            await _kill(random.choice(replicas))
            await asyncio.sleep(random.uniform(0.5, 1.5))

        async def query(sql: str) -> list[tuple[Any, ...]]:
            async with store.reading() as conn:
                return [tuple(row) for row in await conn.execute(text(sql))]

        return await storm(opened, lambda: f"{before.url}/webhooks/livekit", query, seed, trouble())


async def _started(opened: Street, stack: AsyncExitStack, **variables: str) -> Process:
    """Slack is reached directly: what goes wrong with it is the stand-in's own doing."""
    given = {"SLACK_API_URL": opened.slack.api_url, "SHOWCALLER_RECONCILE_SECONDS": "5", **variables}
    process = await opened.start("run", **given)
    stack.push_async_callback(process.kill)
    opened.port = (await process.logged("ready"))["port"]
    opened.slack.request_url = opened.url("/slack/events")
    return process


async def _kill(process: Process) -> None:
    process.signal(signal.SIGKILL)
    assert (await process.ended()).code == -signal.SIGKILL


async def _subscribe(opened: Street) -> None:
    await opened.types("/video alert subscribe")
    await opened.sees("is told of", only_me=True)
