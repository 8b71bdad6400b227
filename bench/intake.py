"""From a signed webhook to its 200, which says that it is durable: for each target, in closed loops.

Every delivery is another one, signed before the clock runs. After each cell of a target that keeps them every 200 must
be a row, and what was taken in is folded before the next target has the core.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import Connection, func, select

from bench import deliveries
from bench.acks import START_SECONDS, STOP_SECONDS
from bench.client import closed_loop, status
from bench.figures import Measure
from bench.hooks import COMMIT, DROP, POSTGRESQL, SQLITE, TARGETS, VERIFY
from bench.machine import cpu_seconds, pin
from bench.plan import Plan
from bot.store.engine import Store
from bot.store.tables import inbox
from tests.postgresql import server as postgresql_server

ROOMS = 200
MOST_PER_SECOND = 25_000
"""How many are signed beforehand for a second of a cell: more than any target takes."""

STORED = b"stored\n"
FOLD_SECONDS = 120.0
KEEPERS = (COMMIT, SQLITE, POSTGRESQL)


@dataclass(slots=True)
class _Target:
    name: str
    pid: int
    port: int
    database_url: str
    stored: int = 0


@dataclass(slots=True)
class IntakeBench:
    """`rounds` of each target by the number of connections. `fold_rate`: how many a second were folded of what was left
    when the last was answered, with `accept_cost` and `fold_cost` the CPU seconds for each."""

    plan: Plan
    rounds: dict[tuple[str, int], list[Measure]] = field(default_factory=dict)
    server_cost: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _targets: list[_Target] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(cls, plan: Plan, core: int | None) -> AsyncIterator["IntakeBench"]:
        bench = cls(plan)
        async with AsyncExitStack() as opened:
            folder = Path(opened.enter_context(TemporaryDirectory(prefix="showcaller-bench-")))
            urls = {name: f"sqlite:///{folder / name[:4]}.db" for name in TARGETS}
            try:
                database = await opened.enter_async_context(opened.enter_context(postgresql_server()).database())
                urls[POSTGRESQL] = database
            except BaseException as skip:  # pytest's way to skip is no Exception
                if type(skip).__name__ != "Skipped":
                    raise
                bench.skipped.append(POSTGRESQL)
            for name in TARGETS:
                if name not in bench.skipped:
                    pid, port = await opened.enter_async_context(_started(name, urls[name], core))
                    kept = urls[name] if name in KEEPERS else ""
                    bench._targets.append(_Target(name, pid, port, kept))
                    await bench._refuses(name, port)
            yield bench

    async def _refuses(self, name: str, port: int) -> None:
        """All but the one that looks at nothing refuse what somebody else has signed."""
        forged = deliveries.request(port, deliveries.forged(next(deliveries.lively(1))))
        answer = await status(port, forged)
        if answer != (200 if name == DROP else 401):
            self.failures.append(f"{name} answered {answer} to a forged webhook")

    async def round(self, *, warm_up: bool) -> None:
        most = int(MOST_PER_SECOND * self.plan.seconds)
        for connections in self.plan.connections:
            for target in self._targets:
                pool = list(islice(deliveries.lively(ROOMS), most))
                await self._cell(target, connections, pool, warm_up=warm_up)

    async def _cell(self, target: _Target, connections: int, pool: list[deliveries.Delivery], *, warm_up: bool) -> None:
        requests = [deliveries.request(target.port, each) for each in pool]
        cpu = cpu_seconds(target.pid)
        done = await closed_loop(
            target.port,
            iter(requests),
            connections=connections,
            seconds=self.plan.seconds,
            most=len(requests),
            answer=STORED,
        )
        cpu = cpu_seconds(target.pid) - cpu
        measure = Measure.of(done.latencies, done.seconds, done.failed)
        if done.failed:
            self.failures.append(f"{target.name}, {connections} connections: {done.failed} failed")
        if target.database_url:
            await self._settle(target, measure.count)
        if not warm_up:
            self.rounds.setdefault((target.name, connections), []).append(measure)
            self.server_cost.setdefault((target.name, connections), []).append(cpu / max(1, measure.count))

    async def _settle(self, target: _Target, accepted: int) -> None:
        """Every 200 is a row; what is folded is folded before the next target has the core."""
        target.stored += accepted
        began = perf_counter()
        while True:
            _, counts = await Store.peek(target.database_url, _counts)
            rows, unfolded = counts or (0, 0)
            if rows < target.stored:
                self.failures.append(f"{target.name}: {target.stored - rows} webhooks were answered and are not there")
                target.stored = rows
            if target.name == COMMIT or unfolded == 0:
                return
            if perf_counter() - began > FOLD_SECONDS:
                self.failures.append(f"{target.name}: {unfolded} webhooks were not folded in {FOLD_SECONDS:.0f} s")
                return
            await asyncio.sleep(0.05)

    def of(self, connections: int) -> Mapping[str, list[Measure]]:
        return {name: rounds for (name, count), rounds in self.rounds.items() if count == connections}


def _counts(conn: Connection) -> tuple[int, int]:
    """Rows, and those of them that wait to be folded."""
    rows = conn.execute(select(func.count()).select_from(inbox)).scalar_one()
    waiting = select(func.count()).select_from(inbox).where(inbox.c.folded_at.is_(None))
    return int(rows), int(conn.execute(waiting).scalar_one())


@asynccontextmanager
async def _started(name: str, database_url: str, core: int | None) -> AsyncIterator[tuple[int, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.hooks", name, database_url, stdin=PIPE, stdout=PIPE
    )
    if core is not None:
        pin(core, process.pid)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            ready = json.loads(await process.stdout.readline())
        yield process.pid, int(ready["port"])
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


BASELINES = (VERIFY, DROP)
