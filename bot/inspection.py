"""Looks regularly what each video server can do at this moment: without it, a worker that went away or came back would
be noticed by whoever presses a button.

Every process looks for itself, as it keeps in memory what a server can do. What it noticed in between counts as found
by the next look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Set
from typing import Final

import structlog

from bot.logs import reference
from providers.base import Capability, Provider
from providers.errors import ProviderError

Redraw = Callable[[str], Awaitable[None]]
Wake = Callable[[], None]

log = structlog.get_logger(__name__)

INTERVAL_SECONDS: Final = 60.0

DEADLINE_SECONDS: Final = 50.0
"""How long one look may take: a livekit-server needs up to 27 s to say that no worker takes what it is asked."""


class Inspection:
    """Each server is looked at by itself, so that none waits for another. For one that can do other things than
    before `redraw` is called, and again until it succeeds, and then `wake`."""

    def __init__(
        self,
        providers: Iterable[Provider],
        redraw: Redraw,
        wake: Wake,
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._watches = [_Watch(provider, redraw, wake, deadline_seconds) for provider in providers]
        self._interval_seconds = interval_seconds
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look at once, and then until `stop`."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._go_on(watch)) for watch in self._watches]
            await self._stopping.wait()
            for task in tasks:
                task.cancel()

    def stop(self) -> None:
        """Let `run` return. A look changes nothing, so one that is under way is broken off."""
        self._stopping.set()

    async def _go_on(self, watch: "_Watch") -> None:
        while True:
            await watch.look()
            await asyncio.sleep(self._interval_seconds)


class _Watch:
    """One server. What is wrong is said once, until something else is, or nothing."""

    def __init__(self, provider: Provider, redraw: Redraw, wake: Wake, deadline_seconds: float) -> None:
        self._provider = provider
        self._redraw = redraw
        self._wake = wake
        self._known = provider.capabilities
        self._is_undrawn = False
        self._deadline_seconds = deadline_seconds
        self._failure = ""

    async def look(self) -> None:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await self._provider.inspect()
        except (ProviderError, TimeoutError) as error:
            if self._is_new(type(error).__name__):
                log.info("it is not known what a video server lacks", provider=self._provider.name, error=self._failure)
        except Exception as error:
            if self._is_new(type(error).__name__):
                log.exception("a look at a video server failed", provider=self._provider.name, reference=reference())
        else:
            self._failure = ""
        before, self._known = self._known, self._provider.capabilities
        if before != self._known:
            self._is_undrawn = True
            self._say(before, self._known)
        if self._is_undrawn:
            await self._draw()

    async def _draw(self) -> None:
        try:
            await self._redraw(self._provider.name)
        except Exception:
            log.exception("cards may offer what cannot be", provider=self._provider.name, reference=reference())
        else:
            self._is_undrawn = False
            self._wake()

    def _is_new(self, failure: str) -> bool:
        before, self._failure = self._failure, failure
        return before != failure

    def _say(self, before: Set[Capability], after: Set[Capability]) -> None:
        lost, gained = sorted(before - after), sorted(after - before)
        reasons = self._provider.lacking_because
        why = sorted({reasons[each] for each in lost if each in reasons})
        log.info("a video server can do other things", provider=self._provider.name, lost=lost, gained=gained, why=why)
