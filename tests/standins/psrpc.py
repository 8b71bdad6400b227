"""LiveKit's calls between its services: psrpc 0.7 over Redis, as much of it as a stand-in worker needs.

A call is four messages, each published on a channel of its own:

    caller   Request         `Service|Method[|topic]|REQ`      to all who serve it
    server   ClaimRequest    `Service|caller's id|CLAIM`       "I could take it", with an affinity
    caller   ClaimResponse   `Service|Method[|topic]|RCLAIM`   who takes it
    server   Response        `Service|caller's id|RES`

Each is wrapped in a `Msg` that names its type. The messages are in no published Python package and have few fields,
so they are written and read here by field number (psrpc's internal.proto).
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from time import time_ns
from typing import Final, Self
from uuid import uuid4

from google.protobuf.message import Message
from redis.asyncio import Redis

Fields = Mapping[int, str | bytes | int | float]
"""A message's fields by number. Those that have their type's zero are left out, as protobuf does."""

CALL_SECONDS: Final = 5.0
"""The server answers in milliseconds."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class RpcError(Exception):
    """What a call was refused with.

    `code`: one of psrpc's names, such as `invalid_argument` or `not_found`. `details`: what else the caller is told,
    such as a `SIPStatus`. It goes out with an answer, and is not read from one.
    """

    def __init__(self, code: str, message: str, details: Message | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Method:
    """What is called. `topic`: whose, where several serve the same, such as an egress id."""

    service: str
    name: str
    topic: str = ""

    def channel(self, suffix: str) -> str:
        return "|".join(part for part in (self.service, self.name, self.topic, suffix) if part)


Handler = Callable[[bytes], Awaitable[bytes]]
"""Takes a request's protobuf and returns the answer's. `RpcError` refuses."""


class Bus:
    """`async with Bus("127.0.0.1:6379") as bus:`, then `serve` and `call`."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._redis = Redis(host=host, port=int(port))
        self._pubsub = self._redis.pubsub()
        self._id = uuid4().hex  # letters and digits alone; all else would be escaped in the names of channels
        self._listeners: dict[str, Callable[[Fields], None]] = {}
        self._subscribed: dict[str, asyncio.Future[None]] = {}
        self._waiting: dict[str, asyncio.Future[Fields]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Raises what went wrong in a handler other than by `RpcError`."""
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py's is untyped
        await self._redis.aclose()
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def serve(self, method: Method, handler: Handler, affinity: Callable[[], float] = lambda: 1.0) -> None:
        """Answer these calls from now on. Where `affinity` is negative nothing is said, as if nobody were there."""
        await self._listen(method.channel("RCLAIM"), lambda claim: self._settle(text(claim, 1), claim))
        await self._listen(
            method.channel("REQ"),
            lambda request: self._spawn(self._answer(method, handler, affinity(), request)),
        )

    async def stop_serving(self, method: Method) -> None:
        """Take no further calls. Those that were taken are answered."""
        for channel in (method.channel("REQ"), method.channel("RCLAIM")):
            if self._listeners.pop(channel, None):
                del self._subscribed[channel]
                await self._pubsub.unsubscribe(channel)

    async def call(self, method: Method, request: bytes) -> bytes:
        """Returns the answer's protobuf. Raises `RpcError`, and `TimeoutError` where nobody answers."""
        request_id = uuid4().hex
        for suffix in ("CLAIM", "RES"):
            await self._listen(f"{method.service}|{self._id}|{suffix}", self._settle_by_kind(suffix))
        now = time_ns()
        async with asyncio.timeout(CALL_SECONDS):
            expiry = now + int(CALL_SECONDS * 1e9)
            envelope: Fields = {1: request_id, 2: self._id, 3: now, 4: expiry, 8: request}
            claim = self._expect(f"CLAIM{request_id}")
            await self._publish(method.channel("REQ"), "Request", envelope)
            server = text(await claim, 2)
            response = self._expect(f"RES{request_id}")
            await self._publish(method.channel("RCLAIM"), "ClaimResponse", {1: request_id, 2: server})
            answer = await response
        if error := text(answer, 5):
            raise RpcError(text(answer, 6), error)
        return raw(answer, 7)

    async def _answer(self, method: Method, handler: Handler, affinity: float, request: Fields) -> None:
        """Offer to take it; when chosen, handle it and answer, unless the caller has given up meanwhile."""
        if affinity < 0:
            return
        request_id, caller, expiry = text(request, 1), text(request, 2), integer(request, 4)
        chosen = self._expect(request_id)
        await self._publish(
            f"{method.service}|{caller}|CLAIM", "ClaimRequest", {1: request_id, 2: self._id, 3: float(affinity)}
        )
        try:
            async with asyncio.timeout((expiry - time_ns()) / 1e9):
                winner = text(await chosen, 2)
        except TimeoutError:
            return
        if winner != self._id:
            return
        answer: dict[int, str | bytes | int] = {1: request_id, 2: self._id}
        try:
            answer[7] = await handler(raw(request, 8))
        except RpcError as error:
            answer |= {5: str(error), 6: error.code}
            if error.details is not None:
                answer[8] = _any(error.details.DESCRIPTOR.full_name, error.details.SerializeToString())
        if time_ns() < expiry:
            await self._publish(f"{method.service}|{caller}|RES", "Response", answer | {3: time_ns()})

    async def _listen(self, channel: str, listener: Callable[[Fields], None]) -> None:
        """Return when Redis has confirmed it, so that nothing published afterwards is missed."""
        if channel not in self._listeners:
            self._listeners[channel] = listener
            self._subscribed[channel] = asyncio.get_running_loop().create_future()
            await self._pubsub.subscribe(channel)
            if not self._tasks:
                self._spawn(self._read())
        await self._subscribed[channel]

    async def _read(self) -> None:
        async for message in self._pubsub.listen():
            channel = message["channel"].decode()
            if message["type"] == "subscribe":
                self._subscribed[channel].set_result(None)
            elif message["type"] == "message" and (listener := self._listeners.get(channel)):
                listener(decode(raw(decode(message["data"]), 2)))

    async def _publish(self, channel: str, kind: str, fields: Fields) -> None:
        await self._redis.publish(channel, _any(f"internal.{kind}", encode(fields)))

    def _expect(self, key: str) -> asyncio.Future[Fields]:
        """What is awaited here is given by `_settle` with the same key."""
        future: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        future.add_done_callback(lambda _: self._waiting.pop(key, None))
        return future

    def _settle(self, key: str, fields: Fields) -> None:
        if (future := self._waiting.get(key)) and not future.done():
            future.set_result(fields)

    def _settle_by_kind(self, kind: str) -> Callable[[Fields], None]:
        return lambda fields: self._settle(kind + text(fields, 1), fields)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """All are kept until the end, which raises what went wrong in one of them."""
        self._tasks.append(asyncio.create_task(work))


def encode(fields: Fields) -> bytes:
    """Protobuf of strings, bytes, integers (64 bits, not negative) and floats (32 bits)."""
    return b"".join(_field(number, value) for number, value in fields.items() if value)


def decode(data: bytes) -> dict[int, str | bytes | int | float]:
    """The fields by number; strings come as bytes. Of a repeated field the last one counts."""
    return dict(_fields(data))


def string_map(data: bytes, number: int) -> dict[str, str]:
    """A field that is a map of strings: entries with a key and a value each."""
    entries = [decode(value) for found, value in _fields(data) if found == number and isinstance(value, bytes)]
    return {text(entry, 1): text(entry, 2) for entry in entries}


def _fields(data: bytes) -> Iterator[tuple[int, str | bytes | int | float]]:
    rest = iter(data)
    for tag in rest:
        key = _varint(rest, tag)
        kind = key & 7
        if kind == _VARINT:
            yield key >> 3, _varint(rest, next(rest))
            continue
        length = {_FIXED64: 8, _FIXED32: 4}.get(kind) or (_varint(rest, next(rest)) if kind == _BYTES else 0)
        taken = bytes(next(rest) for _ in range(length))
        yield key >> 3, struct.unpack("<f", taken)[0] if kind == _FIXED32 else taken


def _any(kind: str, data: bytes) -> bytes:
    """Protobuf's `Any`, which psrpc's `Msg` looks like."""
    return encode({1: f"type.googleapis.com/{kind}", 2: data})


def _field(number: int, value: str | bytes | int | float) -> bytes:
    match value:
        case str():
            return _field(number, value.encode())
        case bytes():
            return _number(number << 3 | _BYTES) + _number(len(value)) + value
        case int():
            return _number(number << 3 | _VARINT) + _number(value)
        case float():
            return _number(number << 3 | _FIXED32) + struct.pack("<f", value)


def _number(value: int) -> bytes:
    """Seven bits in a byte, the lowest first; the highest bit says that more follow."""
    *more, last = _groups(value)
    return bytes([*(group | 0x80 for group in more), last])


def _groups(value: int) -> Iterator[int]:
    while value > 0x7F:
        yield value & 0x7F
        value >>= 7
    yield value


def _varint(rest: Iterator[int], byte: int) -> int:
    value, shift = byte & 0x7F, 0
    while byte & 0x80:
        byte, shift = next(rest), shift + 7
        value |= (byte & 0x7F) << shift
    return value


def raw(fields: Fields, number: int) -> bytes:
    """A message within, as its protobuf; empty where it is left out."""
    value = fields.get(number, b"")
    assert isinstance(value, bytes)
    return value


def text(fields: Fields, number: int) -> str:
    """A string field, empty where it is left out."""
    return raw(fields, number).decode()


def integer(fields: Fields, number: int) -> int:
    value = fields.get(number, 0)
    assert isinstance(value, int)
    return value
