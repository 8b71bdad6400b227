"""Deliveries on their way into the inbox: whatever comes while one commit runs goes into the next.

Nobody waits for others to come, so a delivery that is alone is written at once. All that is gathered is one
transaction: where that fails, all of it failed, but what the database refuses of a single delivery is that one's own
failure.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.errors import StoreError, StoreOverloaded, StoreUnavailable
from bot.store.tables import inbox
from bot.store.upsert import insert
from bot.tasks import until

BATCH_ROWS = 500
BATCH_BYTES = 4 * 1024 * 1024
WAITING_ROWS = 2_000
WAITING_BYTES = 16 * 1024 * 1024

RUSH = 16
"""So many in one transaction come faster than they could be written one by one."""

RUSH_SECONDS = 0.1
"""How long a rush goes on after that, as those who got their answers send the next."""

TROUBLE = (StoreError, OperationalError, ProgrammingError)
"""Locked, full, gone or without its tables: the database's trouble, and nothing against what was to be written."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """`rows` are kept together or not at all. `size`: of their bodies, in bytes."""

    rows: Sequence[Mapping[str, Any]]
    size: int
    kept: asyncio.Future[None]


class Arrivals:
    """Rows keep the order in which they came. That no two processes wait for each other needs no order of keys: all
    writes take turns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Arrival] = deque()
        self._rows = 0
        self._size = 0
        self._work: asyncio.Task[None] | None = None
        self._calm = asyncio.Event()
        self._calm.set()
        self._calming: asyncio.TimerHandle | None = None

    async def keep(self, rows: Sequence[Mapping[str, Any]], size: int, *, can_be_refused: bool) -> None:
        """Durable when this returns. A caller who is cancelled does not know: most often it is kept all the same.

        Raises `StoreOverloaded` at once where too much waits and `can_be_refused`, and `StoreUnavailable`.
        """
        if can_be_refused and self._waiting and self._is_too_much(len(rows), size):
            raise StoreOverloaded("Too much waits to be written.")
        arrival = _Arrival(rows, size, asyncio.get_running_loop().create_future())
        self._waiting.append(arrival)
        self._rows += len(rows)
        self._size += size
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._keep_all(), name="arrivals")
        await arrival.kept

    @property
    def are_due(self) -> bool:
        """Whether some wait for their turn, other than those that are being written."""
        return bool(self._waiting)

    async def rest(self, seconds: float) -> None:
        """Until the rush is over, but no longer than that."""
        await until(self._calm, seconds)

    def _is_too_much(self, rows: int, size: int) -> bool:
        return self._rows + rows > WAITING_ROWS or self._size + size > WAITING_BYTES

    async def _keep_all(self) -> None:
        while self._waiting:
            await self._keep([])

    async def _keep(self, batch: list[_Arrival]) -> None:
        """An empty batch is filled when its turn comes. One that is refused is halved until it is known for what."""
        try:
            await self._store.write(partial(self._write, batch), ahead=True)
        except TROUBLE as error:
            _fail(batch or self._take(), error)
        except Exception as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._keep(batch[:middle])
                await self._keep(batch[middle:])
            else:
                _fail(batch or self._take(), error)
        else:
            if len(batch) >= RUSH:
                self._rush()
            for arrival in batch:
                if not arrival.kept.done():
                    arrival.kept.set_result(None)

    async def _write(self, batch: list[_Arrival], conn: AsyncConnection) -> None:
        if not batch:
            batch += self._take()
        await write_rows(conn, [row for arrival in batch for row in arrival.rows])

    def _rush(self) -> None:
        self._calm.clear()
        if self._calming is not None:
            self._calming.cancel()
        self._calming = asyncio.get_running_loop().call_later(RUSH_SECONDS, self._calm.set)

    def _take(self) -> list[_Arrival]:
        """The first at least, and as many as fit into one transaction."""
        taken: list[_Arrival] = []
        rows = size = 0
        while self._waiting:
            rows += len(self._waiting[0].rows)
            size += self._waiting[0].size
            if taken and (rows > BATCH_ROWS or size > BATCH_BYTES):
                break
            taken.append(self._waiting.popleft())
        self._rows -= sum(len(arrival.rows) for arrival in taken)
        self._size -= sum(arrival.size for arrival in taken)
        return taken


async def write_rows(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Those whose key is known already are left out. On PostgreSQL this is as fast as one statement that takes arrays,
    and four times as fast as one of many values, which is put together anew each time."""
    await conn.execute(insert(conn, inbox).on_conflict_do_nothing(), rows)


def _fail(batch: Iterable[_Arrival], error: Exception) -> None:
    """Each waiter gets an exception of its own, as a traceback grows with everybody who raises it."""
    for arrival in batch:
        if not arrival.kept.done():
            failure = StoreUnavailable("What came in was not written.")
            failure.__cause__ = error
            arrival.kept.set_exception(failure)
