"""From a signed slash command to its acknowledgement, for each target: closed loops, and open ones at fixed rates."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bench.client import Round, closed_loop, open_loop, status
from bench.figures import Measure
from bench.machine import cpu_seconds, pin
from bench.plan import Plan
from bench.slash import Sender
from bench.targets import TARGETS

BASELINE = "bolt-min"
OURS = "showcaller"
AT_WORK = "showcaller+work"
START_SECONDS = 30.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, order=True)
class Load:
    """How it is asked: a closed loop, or an open one at `per_second`."""

    connections: int
    per_second: int = 0

    def __str__(self) -> str:
        if self.per_second:
            return f"{self.per_second:,}/s, open loop"
        return f"{self.connections} connection{'s' * (self.connections > 1)}"


Cell = tuple[str, Load]
"""A target, and how it is asked."""


@dataclass(slots=True)
class Acks:
    """`rounds` of each cell, warm-up left out. All but `failures` have one number per round.

    `client_cost`, `server_cost`: CPU seconds that either side took for each request. `done_rate`: commands per second
    from the first request to the last answer, where the work is done. `failures`: what was wrong, in words.
    """

    rounds: dict[Cell, list[Measure]] = field(default_factory=dict)
    client_cost: dict[Cell, list[float]] = field(default_factory=dict)
    server_cost: dict[Cell, list[float]] = field(default_factory=dict)
    done_rate: dict[Cell, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Target:
    """A server that runs; `sent` commands were acknowledged so far and are owed an answer."""

    name: str
    pid: int
    sender: Sender
    requests: Iterator[bytes]
    sent: int = 0


class AckBench:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._targets: list[_Target] = []
        self.found = Acks()

    @classmethod
    @asynccontextmanager
    async def open(cls, plan: Plan, core: int | None) -> AsyncIterator["AckBench"]:
        """Start every target, on `core`, and see that each refuses a forged request."""
        bench = cls(plan)
        async with AsyncExitStack() as running:
            for name in TARGETS:
                pid, sender = await running.enter_async_context(_started(name, core))
                if (answer := await status(sender.port, sender.forged())) != 401:
                    bench.found.failures.append(f"{name} answered {answer} to a forged signature")
                bench._targets.append(_Target(name, pid, sender, sender.requests()))
            yield bench

    async def round(self, *, warm_up: bool) -> None:
        """Every target under every load, one after the other."""
        closed = [Load(connections) for connections in self._plan.connections]
        opened = [Load(self._plan.open_connections, rate) for rate in self._plan.rates]
        for load in [*closed, *opened]:
            for target in self._targets:
                if target.name != AT_WORK or load.per_second in (0, min(self._plan.rates)):
                    await self._cell(target, load, warm_up=warm_up)

    async def _cell(self, target: _Target, load: Load, *, warm_up: bool) -> None:
        began, cpu = perf_counter(), cpu_seconds(target.pid)
        done = await self._asked(target, load)
        cpu = cpu_seconds(target.pid) - cpu
        measure = Measure.of(done.latencies, done.seconds, done.failed)
        if done.failed:
            self.found.failures.append(f"{target.name}, {load}: {done.failed} failed")
        if target.name == AT_WORK:
            await self._settle(target, measure.count)
        if warm_up:
            return
        cell, count = (target.name, load), max(1, measure.count)
        self.found.rounds.setdefault(cell, []).append(measure)
        self.found.client_cost.setdefault(cell, []).append(done.client_seconds / count)
        self.found.server_cost.setdefault(cell, []).append(cpu / count)
        if target.name == AT_WORK and not load.per_second:
            self.found.done_rate.setdefault(cell, []).append(measure.count / (perf_counter() - began))

    async def _asked(self, target: _Target, load: Load) -> Round:
        port, requests, seconds = target.sender.port, target.requests, self._plan.seconds
        if load.per_second:
            return await open_loop(
                port, requests, connections=load.connections, seconds=seconds, per_second=load.per_second
            )
        most = self._plan.commands if target.name == AT_WORK else None
        return await closed_loop(port, requests, connections=load.connections, seconds=seconds, most=most)

    async def _settle(self, target: _Target, acknowledged: int) -> None:
        """Wait for the answers to what was acknowledged, so that the next target has the core for itself."""
        target.sent += acknowledged
        address = urlsplit(target.sender.response_url)._replace(path="/answered", query=f"least={target.sent}")
        async with aiohttp.ClientSession() as session, session.get(address.geturl()) as response:
            answered = int(await response.text())
        if lost := target.sent - answered:
            self.found.failures.append(f"{target.name}: {lost} acknowledged commands have no right answer")
            target.sent = answered


@asynccontextmanager
async def _started(name: str, core: int | None) -> AsyncIterator[tuple[int, Sender]]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.targets", name, stdin=PIPE, stdout=PIPE)
    if core is not None:
        pin(core, process.pid)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            ready: Mapping[str, Any] = json.loads(await process.stdout.readline())
        yield process.pid, Sender(**ready)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
