"""This process as one of several that share a database: it says that it is alive, and watches what the others do.

What is to be done stands in the database, so nothing depends on being told: whoever looks sees it. Each process looks
at once when it has changed something itself; what another one changed, or left behind, it sees here. On a database of
its own there is nobody to watch.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.store.errors import StoreError
from bot.store.replicas import Replicas, Signs
from bot.tasks import until

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
BEAT_SECONDS = 5.0


class Replica:
    """`changed` is called when another process has taken something in or folded it, `overdue` when it left something
    unfolded, `due` when something waits to be delivered, and `take_over` at every beat, for all else that processes
    that are gone have left.
    """

    def __init__(
        self,
        replicas: Replicas,
        *,
        changed: Callable[[], None],
        overdue: Callable[[], None],
        due: Callable[[], None],
        take_over: Callable[[], Awaitable[None]],
    ) -> None:
        self._replicas = replicas
        self._changed = changed
        self._overdue = overdue
        self._due = due
        self._take_over = take_over
        self._stopped = asyncio.Event()
        self._beat_at = 0.0
        self._seen: Signs | None = None

    async def enter(self) -> None:
        """Before anything is written down in the name of this process."""
        await self._replicas.beat()

    async def leave(self) -> None:
        """After all else. Where the database cannot be had, the others see it by the silence."""
        try:
            await self._replicas.leave()
        except StoreError as error:
            log.warning("the others could not be told of the end", error=str(error))

    def stop(self) -> None:
        self._stopped.set()

    async def run(self) -> None:
        """Until `stop`, where others share the database."""
        while not self._stopped.is_set():
            try:
                await self._beat()
                self._look(await self._replicas.signs())
            except (StoreError, SQLAlchemyError) as error:
                log.warning("nothing is known of the other processes at this moment", error=type(error).__name__)
            await until(self._stopped, LOOK_SECONDS)

    async def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._beat_at:
            return
        await self._replicas.beat()
        self._beat_at = now + BEAT_SECONDS
        await self._take_over()

    def _look(self, signs: Signs) -> None:
        if self._seen is not None and signs.folds != self._seen.folds:
            self._changed()
        if signs.is_overdue:
            self._overdue()
        if signs.is_due:
            self._due()
        self._seen = signs
