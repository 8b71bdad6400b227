"""The load, in two kinds.

In a closed loop each connection waits for its answer before it asks again. A stall of the server stops such a client
too, so it measures capacity; its latency at many connections is mostly their number divided by the rate.

In an open loop requests are due at fixed times, whatever the server does, and latency counts from the moment when a
request was due. At a rate below capacity that is what people feel.
"""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time

GRACE_SECONDS = 5.0
"""How long after the end of a round an answer may still come. Slack itself waits three seconds."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 "


@dataclass(frozen=True, slots=True)
class Round:
    """Every latency in seconds, from the request written (closed loop) or due (open loop) to its answer read.

    `failed` is whatever was not the 200 that was expected, in time. `client_seconds` is the CPU time that this client
    took.
    """

    latencies: list[float]
    failed: int
    seconds: float
    client_seconds: float


async def closed_loop(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    most: int | None = None,
    answer: bytes = b"",
) -> Round:
    """Ask for `seconds`, or until `most` were sent. `answer` is the body of every 200."""
    load = _Closed(requests, most, answer)
    lanes = await _connected(port, load, connections)
    cpu, began = process_time(), perf_counter()
    load.deadline = began + seconds
    for lane in lanes:
        lane.ask()
    await load.rest(seconds + GRACE_SECONDS)
    return _ended(load, lanes, perf_counter() - began, process_time() - cpu)


async def open_loop(
    port: int, requests: Iterator[bytes], *, connections: int, seconds: float, per_second: float
) -> Round:
    """Ask at a fixed rate. Where all connections wait for answers, what is due waits for one of them."""
    load = _Open(requests)
    lanes = await _connected(port, load, connections)
    cpu, began = process_time(), perf_counter()
    for number in range(round(seconds * per_second)):
        due = began + number / per_second
        while perf_counter() < due:
            await asyncio.sleep(0)  # a timer would be late by more than an answer takes
        load.due.append(due)
        if idle := next((lane for lane in lanes if lane.is_idle), None):
            idle.ask()
    await load.rest(GRACE_SECONDS)
    return _ended(load, lanes, perf_counter() - began, process_time() - cpu, unsent=len(load.due))


async def _connected(port: int, load: "_Load", connections: int) -> list["_Lane"]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(lambda: _Lane(load), "127.0.0.1", port))[1] for _ in range(connections)]


def _ended(load: "_Load", lanes: Sequence["_Lane"], seconds: float, client_seconds: float, unsent: int = 0) -> Round:
    for lane in lanes:
        lane.close()
    return Round(load.latencies, load.failed + load.under_way + unsent, seconds, client_seconds)


async def status(port: int, request: bytes) -> int:
    """The status that one request is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(GRACE_SECONDS):
            return int((await reader.readline()).split(maxsplit=2)[1])
    finally:
        writer.close()
        await writer.wait_closed()


class _Load:
    """What the lanes share. `under_way` requests wait for their answers."""

    def __init__(self, requests: Iterator[bytes], answer: bytes = b"") -> None:
        self.answer = answer
        self.latencies: list[float] = []
        self.failed = 0
        self.under_way = 0
        self._requests = requests
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    def take(self) -> tuple[bytes, float] | None:
        """The next request, and when its time began to count; None where there is none at the moment."""
        raise NotImplementedError

    def asked(self) -> None:
        self.under_way += 1
        self._at_rest.clear()

    def answered(self, latency: float | None) -> None:
        """None: it failed."""
        self.under_way -= 1
        if latency is None:
            self.failed += 1
        else:
            self.latencies.append(latency)

    def settle(self) -> None:
        """After an answer, when the next request is on its way or none is left."""
        if self.under_way == 0:
            self._at_rest.set()

    async def rest(self, seconds: float) -> None:
        """Until nothing is under way, or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._at_rest.wait()


class _Closed(_Load):
    def __init__(self, requests: Iterator[bytes], most: int | None, answer: bytes) -> None:
        super().__init__(requests, answer)
        self.deadline = 0.0
        self._left = most

    def take(self) -> tuple[bytes, float] | None:
        if self._left == 0:
            return None
        if self._left is not None:
            self._left -= 1
        return (next(self._requests), perf_counter()) if perf_counter() < self.deadline else None


class _Open(_Load):
    def __init__(self, requests: Iterator[bytes]) -> None:
        super().__init__(requests)
        self.due = deque[float]()

    def take(self) -> tuple[bytes, float] | None:
        return (next(self._requests), self.due.popleft()) if self.due else None


class _Lane(asyncio.Protocol):
    """One connection with at most one request on it."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._received = b""
        self._since: float | None = None
        self._transport: asyncio.WriteTransport

    @property
    def is_idle(self) -> bool:
        return self._since is None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def ask(self) -> None:
        taken = self._load.take()
        if taken is None:
            return
        request, self._since = taken
        self._load.asked()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        now = perf_counter()
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or (length and len(body) < int(length[1])):
            return
        assert self._since is not None, "an answer to nothing"
        self._received = b""
        self._load.answered(now - self._since if head.startswith(_OK) and body == self._load.answer else None)
        self._since = None
        self.ask()
        self._load.settle()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._since is not None:
            self._since = None
            self._load.answered(None)
            self._load.settle()

    def close(self) -> None:
        self._since = None
        self._transport.close()
