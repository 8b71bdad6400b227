"""The net under the webhooks: a loop for each video server compares what we believe with what the server lists itself.

It runs at the start, after every interval, after a webhook was refused, when this process has slept, and more often
while something begins or ends. Of all
processes exactly one compares a server at a time: it holds that server's lease, and every fact that it tells is written
in a transaction that checks this.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.alerts.comparison import SECOND_LOOK_SECONDS, Comparison
from bot.alerts.ingress_looking import IngressLooking
from bot.alerts.intake import Intake
from bot.alerts.looking import Looking
from bot.alerts.state import ServerState
from bot.metrics import Metrics
from bot.store.beliefs import Beliefs
from bot.store.engine import Store
from bot.store.named_lease import RENEW_SECONDS, Held, LeaseLost, NamedLease
from bot.store.visibility import OF_ROOMS
from bot.tasks import keep_running, until
from commands.core.ports import Clock
from providers.base import CallStatus, IngressStatus, Provider, RecordingStatus
from providers.errors import ProviderError, RateLimited
from providers.facts import Fact, Origin, ServerReached, ServerUnreached, Source, ThingKind

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
"""How often each process looks whether there is something for it to do."""

FAILURES = 2
"""Rounds that fail in a row before people are told: one is a hiccup."""

RETRY = timedelta(seconds=5)
"""After the first round that failed; twice as long after each further one, but no longer than the interval."""

FLOOR = timedelta(seconds=5)
"""From one round to the next, whoever is in a hurry. A server that is busy says itself how long it wants."""

SOON = timedelta(seconds=10)
"""From one round to the next while something begins or ends: somebody waits for it."""

_IN_PASSING = (
    RecordingStatus.STARTING,
    RecordingStatus.ENDING,
    IngressStatus.BUFFERING,
    CallStatus.DIALING,
    CallStatus.RINGING,
)
"""Streams have statuses of the same names. No webhook tells that somebody answers a call."""

LONG = timedelta(minutes=5)
"""Of what was told of no more for as long, nobody waits for the end of any more: its worker may be gone."""

SLEPT_SECONDS = 5.0
"""What is late by more than that did not run for a while, or its clock was moved: webhooks may have been missed."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """When the next round is due: `after` that, or sooner in a hurry, but not before `at_least`."""

    after: timedelta
    at_least: timedelta


class Reconciler:
    """`hurry` says that something may have been missed."""

    def __init__(
        self,
        providers: Iterable[Provider],
        store: Store,
        intake: Intake,
        clock: Clock,
        metrics: Metrics,
        *,
        team_id: str,
        interval: timedelta,
        second_look_seconds: float = SECOND_LOOK_SECONDS,
    ) -> None:
        self._clock = clock
        self._stopped = asyncio.Event()
        self._rounds = {
            provider.name: _Rounds(provider, store, intake, clock, metrics, team_id, interval, second_look_seconds)
            for provider in providers
        }

    def hurry(self, provider: str) -> None:
        """Compare this server at once, or as soon as it may be asked again."""
        self._rounds[provider].hurry()

    def stop(self) -> None:
        """Let `run` return soon. A round that runs is broken off, and somebody else may begin it anew."""
        self._stopped.set()
        for rounds in self._rounds.values():
            rounds.stop()

    async def run(self) -> None:
        """Until `stop`. A server that is slow, or a round that fails, holds up no other."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._watch_for_sleep())
            for name, rounds in self._rounds.items():
                loops.create_task(keep_running(rounds.run, name=f"reconcile {name}"))

    async def _watch_for_sleep(self) -> None:
        while not self._stopped.is_set():
            before = self._clock.now()
            await until(self._stopped, LOOK_SECONDS)
            late_seconds = (self._clock.now() - before).total_seconds() - LOOK_SECONDS
            if abs(late_seconds) > SLEPT_SECONDS and not self._stopped.is_set():
                log.info("this process slept, or its clock was moved", seconds=round(late_seconds))
                for rounds in self._rounds.values():
                    rounds.hurry()


class _Rounds:
    """The loop of one server."""

    def __init__(
        self,
        provider: Provider,
        store: Store,
        intake: Intake,
        clock: Clock,
        metrics: Metrics,
        team_id: str,
        interval: timedelta,
        second_look_seconds: float,
    ) -> None:
        self._provider = provider
        self._lease = NamedLease(store, f"reconcile:{provider.name}", team_id=team_id)
        self._beliefs = Beliefs(store)
        self._looks = (Looking(provider, self._beliefs), IngressLooking(provider, self._beliefs))
        self._intake = intake
        self._clock = clock
        self._metrics = metrics
        self._team_id = team_id
        self._interval = interval
        self._second_look_seconds = second_look_seconds
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()
        self._has_begun = False
        self._is_hurried = False
        self._failures = 0

    def hurry(self) -> None:
        self._is_hurried = True
        self._woken.set()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    async def run(self) -> None:
        if not self._has_begun:
            await self._lease.begin()
            self._has_begun = True
        while not self._stopped.is_set():
            self._woken.clear()
            if self._is_hurried:
                await self._lease.hurry()
                self._is_hurried = False
            seconds = await self._lease.seconds_until_due()
            if seconds > 2 * SOON.total_seconds() and not self._failures and await self._is_in_passing():
                await self._lease.hurry()
                seconds = await self._lease.seconds_until_due()
            if seconds <= 0 and (held := await self._lease.take()) is not None:
                await self._round(held)
                seconds = await self._lease.seconds_until_due()
            await until(self._woken, min(max(seconds, 0.01), LOOK_SECONDS))

    async def _round(self, held: Held) -> None:
        """One turn: whatever becomes of it, the next one is due after a pause, and soon where this one broke off."""
        rest = self._rest(min(RETRY, self._interval))
        try:
            rest = await self._while_held(held, self._look(held))
        except LeaseLost:
            log.warning("another process compares now, and what this one found is dropped", provider=self._name)
            self._count("LeaseLost")
        except asyncio.CancelledError:
            rest = _Rest(timedelta(), timedelta())
            if not self._stopped.is_set():
                raise
        finally:
            await self._lease.finish(held, rest.after, at_least=rest.at_least)

    async def _while_held(self, held: Held, work: Coroutine[Any, Any, _Rest]) -> _Rest:
        """What the work returns. Raises `LeaseLost`, and `CancelledError` after `stop`."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopped.wait())
        try:
            while not working.done():
                await asyncio.wait({working, stopping}, timeout=RENEW_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if stopping.done():
                    working.cancel()
                    break
                if not working.done():
                    await self._lease.renew(held)
            return await working
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _look(self, held: Held) -> _Rest:
        """Compare, and tell whether the server is there."""
        asked_at = self._clock.now()
        tell = partial(self._tell, held)
        comparison = Comparison(
            self._provider,
            self._beliefs,
            self._clock,
            tell,
            token=held.token,
            second_look_seconds=self._second_look_seconds,
        )
        try:
            listed = await comparison.run()
            for looking in self._looks:
                await looking.look(listed, asked_at, tell, token=held.token)
        except RateLimited as error:
            self._count(type(error).__name__)
            asked_for = max(RETRY, timedelta(seconds=error.retry_after))
            return _Rest(asked_for, at_least=asked_for)
        except ProviderError as error:
            self._count(type(error).__name__)
            return await self._failed(held, asked_at, error)
        self._count("ok")
        self._failures = 0
        server = await self._server()
        if server is not None and not server.is_reached:
            await self._tell(held, [ServerReached(**self._origin(held, asked_at))])
        return self._rest(min(SOON, self._interval) if await self._is_in_passing() else self._interval)

    async def _is_in_passing(self) -> bool:
        """Whether something has begun or ends, by what we know, and that is not settled yet."""
        return await self._beliefs.is_any(self._name, OF_ROOMS, _IN_PASSING, self._clock.now() - LONG)

    async def _failed(self, held: Held, asked_at: datetime, error: ProviderError) -> _Rest:
        self._failures += 1
        log.warning("a video server was not compared", provider=self._name, error=str(error), in_a_row=self._failures)
        if self._failures >= FAILURES:
            server = await self._server()
            if server is None or server.is_reached:
                await self._tell(held, [ServerUnreached(**self._origin(held, asked_at), why=error.what)])
        pause: timedelta = RETRY * 2 ** min(self._failures - 1, 10)
        return self._rest(min(pause, self._interval))

    def _rest(self, after: timedelta) -> _Rest:
        return _Rest(after, at_least=min(FLOOR, self._interval))

    async def _server(self) -> ServerState | None:
        """What people were told of it last."""
        known = await self._beliefs.of(self._name, ThingKind.SERVER, [self._name])
        state = known[self._name].state if known else None
        return state if isinstance(state, ServerState) else None

    async def _tell(self, held: Held, facts: Sequence[Fact]) -> None:
        await self._intake.accept(facts, team_id=self._team_id, guard=lambda conn: self._lease.check(conn, held))
        self._metrics.reconcile_differences.labels(self._name).inc(len(facts))

    def _origin(self, held: Held, at: datetime) -> Origin:
        key = f"reconcile:{held.token}:{ThingKind.SERVER}"
        return Origin(provider=self._name, key=key, at=at, seen_at=at, source=Source.RECONCILE)

    def _count(self, outcome: str) -> None:
        self._metrics.reconcile_rounds.labels(self._name, outcome).inc()

    @property
    def _name(self) -> str:
        return self._provider.name
