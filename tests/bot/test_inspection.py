"""What a video server can do is looked at again and again, each server by itself, and said once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.inspection import Inspection, Redraw, Wake
from providers.base import Backend, Capability
from providers.errors import ProviderError, Unauthenticated, Unreachable

START = Capability.START_RECORDING


class Looked(Backend):
    """Can do what its installation has; `looks` counts how often that was asked, and `failure` is what comes of it."""

    kind = "stage"
    options = frozenset({START, Capability.START_STREAM})

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.has_worker = True
        self.failure: type[Exception] | None = None
        self.looks = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def inspect(self) -> None:
        self.looks += 1
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure("the server's own words")
        self.lacking = frozenset() if self.has_worker else frozenset({START})
        self.lacking_because = {} if self.has_worker else {START: "No worker answers."}

    async def until_looked(self, times: int = 2) -> None:
        """So often from here on: the first of two may have begun before what it was to find."""
        wanted = self.looks + times
        async with asyncio.timeout(5):
            while self.looks < wanted:
                await asyncio.sleep(0)


async def nothing_stands(provider: str) -> None:
    pass


@asynccontextmanager
async def running(
    *providers: Backend, deadline_seconds: float = 5, redraw: Redraw = nothing_stands, wake: Wake = lambda: None
) -> AsyncIterator[list[Any]]:
    """Gives the lines of the log."""
    inspection = Inspection(providers, redraw, wake, interval_seconds=0, deadline_seconds=deadline_seconds)
    with capture_logs() as lines:
        task = asyncio.create_task(inspection.run())
        yield lines
        inspection.stop()
        async with asyncio.timeout(1):
            await task


def events(lines: Sequence[Any], provider: str = "a") -> list[str]:
    return [line["event"] for line in lines if line["provider"] == provider]


async def test_it_looks_at_once_and_goes_on() -> None:
    server = Looked("a")
    async with running(server) as lines:
        await server.until_looked(5)
    assert lines == [], "what stays as it was is not said"


async def test_what_changes_is_known_from_then_on_and_said_once() -> None:
    server = Looked("a")
    async with running(server) as lines:
        server.has_worker = False
        await server.until_looked()
        assert START not in server.capabilities
        await server.until_looked()
        server.has_worker = True
        await server.until_looked()
        assert START in server.capabilities
    lost, gained = lines
    assert lost == {
        "event": "a video server can do other things",
        "log_level": "info",
        "provider": "a",
        "lost": [START],
        "gained": [],
        "why": ["No worker answers."],
    }
    assert (gained["lost"], gained["gained"], gained["why"]) == ([], [START], [])


async def test_what_stands_is_drawn_anew_also_where_a_change_was_noticed_between_two_looks() -> None:
    server, done = Looked("a"), list[str]()

    async def redraw(provider: str) -> None:
        done.append(provider)

    async with running(server, redraw=redraw, wake=lambda: done.append("woken")):
        await server.until_looked()
        assert done == []
        server.has_worker, server.lacking = False, frozenset({START})
        await server.until_looked(3)
        assert done == ["a", "woken"]


async def test_what_could_not_be_drawn_is_drawn_after_the_next_look() -> None:
    server, done = Looked("a"), list[str]()

    async def redraw(provider: str) -> None:
        done.append(provider)
        if len(done) == 1:
            raise OSError("the database is away")

    async with running(server, redraw=redraw, wake=lambda: done.append("woken")) as lines:
        server.has_worker = False
        await server.until_looked(5)
    assert done == ["a", "a", "woken"]
    assert events(lines) == ["a video server can do other things", "cards may offer what cannot be"]


async def test_one_that_hangs_holds_up_no_other_and_no_stop() -> None:
    slow, quick = Looked("a"), Looked("b")
    slow.answers.clear()
    async with running(slow, quick):
        await quick.until_looked(5)
    assert slow.looks == 1


async def test_one_that_hangs_is_given_up_and_looked_at_again() -> None:
    server = Looked("a")
    server.answers.clear()
    async with running(server, deadline_seconds=0.01) as lines:
        await server.until_looked(3)
        server.answers.set()
        server.has_worker = False
        await server.until_looked()
    assert START not in server.capabilities
    assert lines[0]["error"] == "TimeoutError"
    assert events(lines) == ["it is not known what a video server lacks", "a video server can do other things"]


@pytest.mark.parametrize("failure", [Unreachable, Unauthenticated])
async def test_a_failure_is_said_once_and_changes_nothing(failure: type[ProviderError]) -> None:
    server = Looked("a")
    server.has_worker = False
    async with running(server) as lines:
        await server.until_looked()
        server.failure = failure
        await server.until_looked(5)
        assert START not in server.capabilities, "what was known last holds"
        server.failure = None
        await server.until_looked()
        server.failure = failure
        await server.until_looked()
    failures = [(line["log_level"], line["error"]) for line in lines if "error" in line]
    assert failures == [("info", failure.__name__)] * 2, "again only after it had worked"
    assert "own words" not in str(lines)


async def test_a_mistake_of_ours_is_said_with_a_reference_and_ends_nothing() -> None:
    broken, well = Looked("a"), Looked("b")
    broken.failure = ZeroDivisionError
    async with running(broken, well) as lines:
        await broken.until_looked(5)
        await well.until_looked(5)
    [bug] = lines
    assert (bug["event"], bug["log_level"]) == ("a look at a video server failed", "error")
    assert bug["reference"]
