"""Deletes what is over, a little at a time: at the start, and once an hour."""

import asyncio

import structlog

from bot.store.errors import StoreError
from bot.store.retention import RULES, Retention, Rule
from bot.tasks import until

log = structlog.get_logger(__name__)

EVERY_SECONDS = 3_600.0
PAUSE_SECONDS = 0.1
"""Between two transactions, so that the writes of people and webhooks come first."""


class Pruner:
    def __init__(self, retention: Retention, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._retention = retention
        self._pause_seconds = pause_seconds
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return between two transactions."""
        self._stopped.set()

    async def run(self) -> None:
        """Prune until `stop`. What the database did not take is tried again an hour later."""
        while not self._stopped.is_set():
            try:
                await self.prune()
            except StoreError as error:
                log.warning("nothing is pruned while the database is away", error=str(error))
            await self._rest(EVERY_SECONDS)

    async def prune(self) -> dict[str, int]:
        """All that is over at this moment. Returns how many rows of what, without what there were none of."""
        counts = {rule.name: await self._prune(rule) for rule in RULES}
        gone = {name: count for name, count in counts.items() if count}
        if gone:
            log.info("pruned", rows=gone)
        while not self._stopped.is_set() and await self._retention.give_back():
            await self._rest(self._pause_seconds)
        return gone

    async def _prune(self, rule: Rule) -> int:
        total = 0
        while not self._stopped.is_set() and (gone := await self._retention.prune(rule)):
            total += gone
            await self._rest(self._pause_seconds)
        return total

    async def _rest(self, seconds: float) -> None:
        """As long as that, or until `stop`."""
        await until(self._stopped, seconds)
