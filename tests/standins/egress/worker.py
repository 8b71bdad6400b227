"""A stand-in for LiveKit's egress service: it renders nothing, and walks the states of an egress on command.

It speaks to the real server over Redis as the real service does. By itself it goes ACTIVE soon after a start and
COMPLETE soon after a stop, so that a simple test needs no script:

    async with EgressWorker(redis.address) as worker:
        await api.egress.start_room_composite_egress(...)
        egress = await worker.next()
        await egress.until(ACTIVE)

How the starts from now on go is said by `worker.starts`:

    AT_ONCE             the default
    WAITING             stays STARTING until `egress.go_active()`
    BUSY                says nothing, as if there were no worker
    FROZEN              takes it and records, and never answers the caller
    DYING               answers, and dies at once: the record stays STARTING
    slow(seconds)       answers so much later; the server asks again under the same id meanwhile
    refusing(message, code="invalid_argument")

What may be done with an `Egress` is said there. `await worker.die()` is a crash of the whole service.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from livekit.api import AccessToken, VideoGrants

from tests.providers.stage import PATIENCE_SECONDS
from tests.standins.egress.egress import Egress
from tests.standins.egress.egress_rules import accept
from tests.standins.psrpc import Bus, Method, RpcError, decode, text

Admission = Callable[[str, str], tuple[str, str]]
"""Takes a room's name and an identity; returns the server's address and a token."""

START: Final = Method("EgressInternal", "StartEgress")


@dataclass(frozen=True)
class Manner:
    """How a start goes."""

    silent: bool = False
    refusal: RpcError | None = None
    answers_after_seconds: float = 0.0
    answers: bool = True
    waits: bool = False
    dies: bool = False


AT_ONCE: Final = Manner()
WAITING: Final = Manner(waits=True)
BUSY: Final = Manner(silent=True)
FROZEN: Final = Manner(answers=False)
DYING: Final = Manner(dies=True)


def slow(seconds: float) -> Manner:
    return Manner(answers_after_seconds=seconds)


def refusing(message: str, code: str = "invalid_argument") -> Manner:
    """`code`: psrpc's name, such as `not_found`, `permission_denied` or `internal`."""
    return Manner(refusal=RpcError(code, message))


class EgressWorker:
    """`async with EgressWorker(redis.address) as worker:`.

    Attributes:
        starts: how starts go from now on.
        joins: whether the egress of a room composite is in its room as LiveKit's is, hidden, by the egress id. It then
            goes ACTIVE when somebody publishes there, hears layouts, and ends with the room. Needs `admission`.
        egresses: all that were started, by id.
    """

    def __init__(self, address: str, *, admission: Admission | None = None) -> None:
        self.starts = AT_ONCE
        self.joins = False
        self.egresses: dict[str, Egress] = {}
        self._bus = Bus(address)
        self._admission = admission
        self._started: asyncio.Queue[Egress] = asyncio.Queue()
        self._starts: dict[str, asyncio.Task[bytes]] = {}

    async def __aenter__(self) -> Self:
        await self._bus.__aenter__()
        await self._bus.serve(START, self._start, affinity=lambda: -1.0 if self.starts.silent else 1.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()
        await self._bus.__aexit__()

    async def next(self) -> Egress:
        """The next one that was started and that nobody has asked for, waited for if need be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._started.get()

    async def die(self) -> None:
        """As when the machine goes: nothing is served and nobody is told. Twice is harmless."""
        await self._bus.stop_serving(START)
        for start in self._starts.values():
            start.cancel()
        await asyncio.gather(*self._starts.values(), return_exceptions=True)
        for egress in self.egresses.values():
            await egress.die()

    async def _start(self, raw: bytes) -> bytes:
        """The server asks again under the same id where no answer came in time, and gets that of the first start."""
        egress_id = text(decode(raw), 1)
        if egress_id not in self._starts:
            self._starts[egress_id] = asyncio.create_task(self._begin(raw, self.starts))
        return await asyncio.shield(self._starts[egress_id])

    async def _begin(self, raw: bytes, manner: Manner) -> bytes:
        if manner.refusal is not None:
            raise manner.refusal
        egress = Egress(self._bus, accept(raw))
        await egress.create()
        self.egresses[egress.id] = egress
        await asyncio.sleep(manner.answers_after_seconds)
        await egress.serve()
        if self.joins and egress.is_template:
            assert self._admission is not None, "Nobody has said how to come in: give the worker an `admission`."
            await egress.join(*self._admission(egress.info.room_name, egress.id))
        answer = egress.info.SerializeToString()
        if manner.dies:
            await egress.die()
        elif not manner.waits:
            egress.begin()
        self._started.put_nowait(egress)
        if not manner.answers:
            await asyncio.Event().wait()
        return answer


def admission(url: str, key: str, secret: str) -> Admission:
    """Tokens as the egress service makes them for itself."""

    def admit(room: str, identity: str) -> tuple[str, str]:
        grants = VideoGrants(
            room_join=True, room=room, can_publish=False, can_publish_data=False, hidden=True, recorder=True
        )
        token = AccessToken(key, secret).with_identity(identity).with_kind("egress").with_grants(grants)
        return url, token.to_jwt()

    return admit
