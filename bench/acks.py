"""From a signed slash command to its acknowledgement, for each target at each number of connections."""

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

from bench.client import closed_loop, status
from bench.figures import Measure
from bench.machine import pin
from bench.plan import Plan
from bench.slash import Sender
from bench.targets import TARGETS

BASELINE = "bolt-min"
OURS = "showcaller"
AT_WORK = "showcaller+work"
START_SECONDS = 30.0
STOP_SECONDS = 30.0

Cell = tuple[str, int]
"""A target and a number of connections."""


@dataclass(slots=True)
class Acks:
    """`rounds` of each cell, warm-up left out. `client_cost` and `done_rate` are one number per round.

    `client_cost`: CPU seconds that the client took for each request. `done_rate`: commands per second from the first
    request to the last answer, where the work is done. `failures`: what was wrong, in words.
    """

    rounds: dict[Cell, list[Measure]] = field(default_factory=dict)
    client_cost: dict[Cell, list[float]] = field(default_factory=dict)
    done_rate: dict[Cell, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Target:
    """A server that runs; `sent` commands were acknowledged so far and are owed an answer."""

    name: str
    sender: Sender
    requests: Iterator[bytes]
    sent: int = 0
    answered: int = 0


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
                sender = await running.enter_async_context(_started(name, core))
                if (answer := await status(sender.port, sender.forged())) != 401:
                    bench.found.failures.append(f"{name} answered {answer} to a forged signature")
                bench._targets.append(_Target(name, sender, sender.requests()))
            yield bench

    async def round(self, *, warm_up: bool) -> None:
        """Every target at every number of connections, one after the other."""
        for connections in self._plan.connections:
            for target in self._targets:
                await self._cell(target, connections, warm_up=warm_up)

    async def _cell(self, target: _Target, connections: int, *, warm_up: bool) -> None:
        at_work = target.name == AT_WORK
        began = perf_counter()
        done = await closed_loop(
            target.sender.port,
            target.requests,
            connections=connections,
            seconds=self._plan.seconds,
            most=self._plan.commands if at_work else None,
        )
        measure = Measure.of(done.latencies, done.seconds, done.failed)
        if done.failed:
            self.found.failures.append(f"{target.name}, {connections} connections: {done.failed} failed")
        if at_work:
            await self._settle(target, measure.count)
        if warm_up:
            return
        cell = (target.name, connections)
        self.found.rounds.setdefault(cell, []).append(measure)
        self.found.client_cost.setdefault(cell, []).append(done.client_seconds / max(1, measure.count))
        if at_work:
            self.found.done_rate.setdefault(cell, []).append(measure.count / (perf_counter() - began))

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
async def _started(name: str, core: int | None) -> AsyncIterator[Sender]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.targets", name, stdin=PIPE, stdout=PIPE)
    if core is not None:
        pin(core, process.pid)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            ready: Mapping[str, Any] = json.loads(await process.stdout.readline())
        yield Sender(**ready)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
