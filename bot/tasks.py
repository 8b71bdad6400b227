"""Work that goes on after the answer to Slack: tasks that we hold, bound in number, and see to their end."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog

from bot.logs import reference
from bot.store.errors import StoreUnavailable

log = structlog.get_logger(__name__)

SETTLING_SECONDS = 9.0
"""How long cancelled tasks have to write down that they were and to tell so: a call of Slack takes up to 8 s."""

RESTART_SECONDS = 1.0


class TasksClosed(Exception):
    """The process is ending and takes no work any more."""


class Tasks:
    """At most `limit` run at once; the others wait their turn, in the order they came."""

    def __init__(self, limit: int = 1_000) -> None:
        self._turns = asyncio.Semaphore(limit)
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = 0
        self._closed = False

    @property
    def in_flight(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._tasks) - self._running

    @property
    def is_closed(self) -> bool:
        """Whether `start` takes nothing any more."""
        return self._closed

    def start(self, work: Coroutine[Any, Any, object], *, name: str) -> asyncio.Task[None]:
        """Begin `work` soon. An error of its own is logged with a reference; nobody needs to await the task."""
        if self._closed:
            work.close()
            raise TasksClosed(name)
        task = asyncio.create_task(self._run(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, work))
        return task

    def _ended(self, work: Coroutine[Any, Any, object], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        work.close()  # a task that is cancelled before its first step never reaches the coroutine, which then complains

    async def _run(self, work: Coroutine[Any, Any, object], name: str) -> None:
        async with self._turns:
            self._running += 1
            try:
                await work
            except Exception:
                log.exception("a task failed", task=name, reference=reference())
            finally:
                self._running -= 1

    async def drain(self, timeout_seconds: float) -> list[str]:
        """Wait until all is done, what running tasks start included; then cancel the rest.

        Returns the names of those that were cancelled. From then on `start` raises `TasksClosed`.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        self._closed = True
        unfinished = set(self._tasks)
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=SETTLING_SECONDS)
        return sorted(task.get_name() for task in unfinished)


class Loop(Protocol):
    """What goes on for as long as the bot runs."""

    async def run(self) -> None:
        """Until `stop`."""

    def stop(self) -> None: ...


async def keep_running(
    work: Callable[[], Awaitable[None]], *, name: str, restart_seconds: float = RESTART_SECONDS
) -> None:
    """Do what is to go on until it returns. Where it fails instead, say so loudly and begin it again after a pause.

    That the database is not to be had is no failure of ours: it is said, and waited for.
    """
    while True:
        try:
            await work()
        except StoreUnavailable as error:
            log.warning("a part of the bot waits for the database", part=name, error=str(error))
            await asyncio.sleep(restart_seconds)
        except Exception:
            log.exception("a part of the bot failed and begins again", part=name, reference=reference())
            await asyncio.sleep(restart_seconds)
        else:
            return


async def until(event: asyncio.Event, seconds: float | None) -> None:
    """Until it is set, but no longer than that; None for however long it takes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
