import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from bot.store.errors import StoreUnavailable
from bot.tasks import Tasks, TasksClosed, keep_running


async def test_work_is_done_and_forgotten() -> None:
    tasks, done = Tasks(), asyncio.Event()

    async def work() -> None:
        done.set()

    task = tasks.start(work(), name="work")
    await task
    assert done.is_set()
    assert (tasks.in_flight, tasks.waiting) == (0, 0)


async def test_no_more_than_the_limit_run_at_once_and_the_others_wait_in_order() -> None:
    tasks, gate = Tasks(limit=2), asyncio.Event()
    begun: list[int] = []
    second_began = asyncio.Event()

    async def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            second_began.set()
        await gate.wait()

    started = [tasks.start(work(number), name=str(number)) for number in range(5)]
    async with asyncio.timeout(5):
        await second_began.wait()
    assert (begun, tasks.in_flight, tasks.waiting) == ([0, 1], 2, 3)
    gate.set()
    await asyncio.gather(*started)
    assert begun == [0, 1, 2, 3, 4]


async def test_an_error_is_logged_with_a_reference_and_stays_there() -> None:
    tasks = Tasks()

    async def work() -> None:
        raise RuntimeError("a bug")

    with capture_logs() as logs:
        await tasks.start(work(), name="room create")
    (line,) = logs
    assert (line["event"], line["task"], line["exc_info"]) == ("a task failed", "room create", True)
    assert len(line["reference"]) == 8
    assert tasks.in_flight == 0


async def test_draining_waits_for_what_running_work_starts_too() -> None:
    tasks, done = Tasks(), []

    async def second() -> None:
        done.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        tasks.start(second(), name="second")
        done.append("first")

    tasks.start(first(), name="first")
    assert await tasks.drain(5) == []
    assert done == ["first", "second"]


async def test_draining_cancels_what_does_not_end_and_lets_it_say_so() -> None:
    tasks, told = Tasks(limit=1), []

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            told.append("asker")
            raise

    async def never_begun() -> None:
        told.append("begun")

    tasks.start(stuck(), name="stuck")
    tasks.start(never_begun(), name="never begun")
    await asyncio.sleep(0)
    assert await tasks.drain(0.01) == ["never begun", "stuck"]
    assert told == ["asker"]
    assert (tasks.in_flight, tasks.waiting) == (0, 0)


async def test_after_draining_nothing_starts() -> None:
    tasks = Tasks()

    async def work() -> None: ...

    await tasks.drain(0)
    with pytest.raises(TasksClosed, match="late"):
        tasks.start(work(), name="late")


async def test_work_that_was_never_begun_leaves_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()

    async def work() -> None: ...

    task = tasks.start(work(), name="work")
    with caplog.at_level(logging.WARNING):
        assert await tasks.drain(0) == ["work"]
    assert task.cancelled()
    assert caplog.records == []


@pytest.mark.parametrize(("trouble", "level"), [(StoreUnavailable("gone"), "warning"), (ValueError("odd"), "error")])
async def test_what_is_to_go_on_begins_again(trouble: Exception, level: str) -> None:
    """That the database is away is said as what it is, and no failure of ours."""
    troubles = [trouble]

    async def work() -> None:
        if troubles:
            raise troubles.pop()

    with capture_logs() as lines:
        await keep_running(work, name="a part", restart_seconds=0)

    assert [(line["log_level"], line["part"]) for line in lines] == [(level, "a part")]
