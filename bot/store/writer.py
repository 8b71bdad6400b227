"""The one writer of a process: one task owns the one connection that writes, and writes go one after the other.

A cancelled caller cancels only its own waiting. Were its transaction cancelled with it, the lock could stay held, and
every later write would wait for its time-out.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.errors import StoreClosed

T = TypeVar("T")
Write = Callable[[AsyncConnection], Awaitable[T]]

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Job:
    """`abandoned`: the caller was cancelled, so nobody hears how it ends."""

    write: Write[Any]
    done: asyncio.Future[Any]
    abandoned: bool = False


class Writer:
    """Runs writes in the order of arrival, each in a transaction of its own. Those that are ahead of the others take
    turns with them, so that neither wait for a long row of the other kind.

    `engine` has a pool of one connection, which it makes anew when that broke.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting = _Line()
        self._closed = False
        self._task = asyncio.create_task(self._work(), name="store-writer")

    async def run(self, write: Write[T], *, ahead: bool = False) -> T:
        """What `write` returns, once that is committed. What it raises undoes its transaction and comes out here.

        `write` awaits nothing but its connection, as all other writes wait meanwhile. After a cancellation it runs all
        the same. `ahead` is for what somebody waits for outside, and goes before what waits already. Raises
        `StoreClosed` after `close`.
        """
        if asyncio.current_task() is self._task:
            raise RuntimeError("A write that waits for another write would wait for ever.")
        if self._closed:
            raise StoreClosed("The store is closed.")
        job = _Job(write, asyncio.get_running_loop().create_future())
        self._waiting.put(job, ahead=ahead)
        try:
            result: T = await asyncio.shield(job.done)
        except asyncio.CancelledError:
            job.abandoned = True
            raise
        return result

    async def close(self) -> None:
        """Take no more, do what was taken, and let go of the connection."""
        self._closed = True
        self._waiting.end()
        await asyncio.shield(self._task)

    async def _work(self) -> None:
        try:
            while (job := await self._waiting.next()) is not None:
                await self._do(job)
        finally:
            self._closed = True
            self._fail_the_rest()
            await self._engine.dispose()

    async def _do(self, job: _Job) -> None:
        try:
            async with self._engine.begin() as connection:
                result = await job.write(connection)
        except Exception as error:
            if job.abandoned:
                _log.error("write failed after its caller was cancelled", exc_info=error)
            job.done.set_exception(error)
        except asyncio.CancelledError:
            job.done.cancel()
            if self._task.cancelling():
                raise
        else:
            job.done.set_result(result)

    def _fail_the_rest(self) -> None:
        """Only where the loop itself is torn down with jobs in the queue."""
        for job in self._waiting:
            job.done.set_exception(StoreClosed("The store was closed before this was written."))


class _Line:
    """The writes that wait for their turn."""

    def __init__(self) -> None:
        self._ahead: deque[_Job] = deque()
        self._others: deque[_Job] = deque()
        self._was_ahead = False
        self._ended = False
        self._came = asyncio.Event()

    def put(self, job: _Job, *, ahead: bool) -> None:
        (self._ahead if ahead else self._others).append(job)
        self._came.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True
        self._came.set()

    async def next(self) -> _Job | None:
        """None when all have had their turn and nothing comes any more."""
        while not (self._ahead or self._others or self._ended):
            self._came.clear()
            await self._came.wait()
        return self._take() if self._ahead or self._others else None

    def _take(self) -> _Job:
        self._was_ahead = bool(self._ahead) and not (self._was_ahead and self._others)
        return (self._ahead if self._was_ahead else self._others).popleft()

    def __iter__(self) -> Iterator[_Job]:
        yield from (*self._ahead, *self._others)
