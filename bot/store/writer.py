"""The one writer of a process: one task owns the one connection that writes, and writes go one after the other.

A cancelled caller cancels only its own waiting. Were its transaction cancelled with it, the lock could stay held, and
every later write would wait for its time-out.
"""

import asyncio
from collections.abc import Awaitable, Callable
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
    """Runs writes in the order of arrival, each in a transaction of its own.

    The loop in `_work` decides what goes into one transaction; callers know only that theirs is whole and durable.
    `engine` has a pool of one connection, which it makes anew when that broke.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._closed = False
        self._task = asyncio.create_task(self._work(), name="store-writer")

    async def run(self, write: Write[T]) -> T:
        """What `write` returns, once that is committed. What it raises undoes its transaction and comes out here.

        `write` awaits nothing but its connection, as all other writes wait meanwhile. After a cancellation it runs all
        the same. Raises `StoreClosed` after `close`.
        """
        if asyncio.current_task() is self._task:
            raise RuntimeError("A write that waits for another write would wait for ever.")
        if self._closed:
            raise StoreClosed("The store is closed.")
        job = _Job(write, asyncio.get_running_loop().create_future())
        self._jobs.put_nowait(job)
        try:
            result: T = await asyncio.shield(job.done)
        except asyncio.CancelledError:
            job.abandoned = True
            raise
        return result

    async def close(self) -> None:
        """Take no more, do what was taken, and let go of the connection."""
        if not self._closed:
            self._closed = True
            self._jobs.put_nowait(None)
        await asyncio.shield(self._task)

    async def _work(self) -> None:
        try:
            while (job := await self._jobs.get()) is not None:
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
        while not self._jobs.empty():
            if (job := self._jobs.get_nowait()) is not None:
                job.done.set_exception(StoreClosed("The store was closed before this was written."))
