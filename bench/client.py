"""The load: a closed loop of connections that each wait for their answer before they ask again.

A stall of the server stops such a client too, so it measures capacity; its latency at many connections is mostly
their number divided by the rate.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, process_time

GRACE_SECONDS = 5.0
"""How long after the end of a round an answer may still come. Slack itself waits three seconds."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200 "


@dataclass(frozen=True, slots=True)
class Round:
    """Every latency in seconds, from the request written to its answer read.

    `failed` is whatever was not an empty 200 in time. `client_seconds` is the CPU time that this client took.
    """

    latencies: list[float]
    failed: int
    seconds: float
    client_seconds: float


async def closed_loop(
    port: int, requests: Iterator[bytes], *, connections: int, seconds: float, most: int | None = None
) -> Round:
    """Ask for `seconds`, or until `most` were sent."""
    load = _Load(requests, most)
    loop = asyncio.get_running_loop()
    lanes = [(await loop.create_connection(lambda: _Lane(load), "127.0.0.1", port))[1] for _ in range(connections)]
    cpu, began = process_time(), perf_counter()
    load.deadline = began + seconds
    for lane in lanes:
        lane.ask()
    await asyncio.wait([lane.finished for lane in lanes], timeout=seconds + GRACE_SECONDS)
    elapsed, cpu = perf_counter() - began, process_time() - cpu
    unanswered = sum(not lane.finished.done() for lane in lanes)
    for lane in lanes:
        lane.close()
    return Round(load.latencies, load.failed + unanswered, elapsed, cpu)


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
    """What the lanes share."""

    def __init__(self, requests: Iterator[bytes], most: int | None) -> None:
        self.deadline = 0.0
        self.latencies: list[float] = []
        self.failed = 0
        self._requests = requests
        self._left = most

    def take(self) -> bytes | None:
        """The next request; None when the round is over."""
        if self._left is not None:
            if self._left == 0:
                return None
            self._left -= 1
        return next(self._requests) if perf_counter() < self.deadline else None


class _Lane(asyncio.Protocol):
    """One connection with at most one request on it."""

    def __init__(self, load: _Load) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._received = b""
        self._asked_at = 0.0
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def ask(self) -> None:
        request = self._load.take()
        if request is None:
            self.finished.set_result(None)
            return
        self._asked_at = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        now = perf_counter()
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or (length and len(body) < int(length[1])):
            return
        self._received = b""
        if head.startswith(_OK) and not body:
            self._load.latencies.append(now - self._asked_at)
        else:
            self._load.failed += 1
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self._load.failed += 1
            self.finished.set_result(None)

    def close(self) -> None:
        self.finished.cancel()
        self._transport.close()
