"""Keeps the numbers fresh that the database knows, so that nobody who reads them waits for it.

Ages are counted at the moment of reading from when something began. They grow on while the database, the deliverer
or this observer hangs, which is when they are wanted.
"""

import asyncio
import math
from collections.abc import Iterable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.metrics import Metrics
from bot.store.backlog import Backlog, Backlogs
from bot.store.errors import StoreError
from bot.tasks import until
from commands.core.ports import Clock
from providers.base import Provider

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
"""How old a number can be that a scrape finds."""


class Observer:
    def __init__(self, backlogs: Backlogs, metrics: Metrics, clock: Clock, providers: Iterable[Provider]) -> None:
        self._backlogs = backlogs
        self._metrics = metrics
        self._clock = clock
        self._names = [provider.name for provider in providers]
        self._stopping = asyncio.Event()
        self._untold_since: datetime | None = None
        self._updates_from: datetime | None = None
        self._last_webhooks: dict[str, datetime] = {}
        metrics.updates_paused_seconds.set_function(self._paused_seconds)
        metrics.oldest_untold_change_seconds.set_function(self._untold_seconds)
        for provider in providers:
            if provider.webhook_kinds:
                metrics.webhook_age_seconds.labels(provider.name).set_function(
                    partial(self._webhook_age, provider.name)
                )

    async def run(self) -> None:
        """Look until `stop`."""
        while not self._stopping.is_set():
            try:
                self._show(await self._backlogs.read())
            except (StoreError, SQLAlchemyError) as error:
                log.warning("the numbers are old: the database was not read", error=type(error).__name__)
            await until(self._stopping, LOOK_SECONDS)

    def stop(self) -> None:
        """Let `run` return between two reads of the database."""
        self._stopping.set()

    def _show(self, found: Backlog) -> None:
        self._untold_since = found.untold_since
        self._last_webhooks |= found.last_webhooks
        self._updates_from = found.updates_from
        self._metrics.cards_behind.set(found.cards_behind)
        self._metrics.channels_in_digest.set(found.busy_channels)
        for name in self._names:
            self._metrics.live_rooms.labels(name).set(found.live_rooms.get(name, 0))

    def _untold_seconds(self) -> float:
        return self._since(self._untold_since) if self._untold_since is not None else 0.0

    def _paused_seconds(self) -> float:
        if self._updates_from is None:
            return 0.0
        return max((self._updates_from - self._clock.now()).total_seconds(), 0.0)

    def _webhook_age(self, provider: str) -> float:
        last = self._last_webhooks.get(provider)
        return self._since(last) if last is not None else math.inf

    def _since(self, moment: datetime) -> float:
        return max((self._clock.now() - moment).total_seconds(), 0.0)
