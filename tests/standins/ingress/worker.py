"""A stand-in for LiveKit's ingress service: it receives no media, and goes through the states of an ingress on command.

It speaks to the real server as the real service does:

    async with IngressWorker(Bus(redis.address)) as worker:
        made = await api.ingress.create_ingress(...)
        session = await worker.connect(made.stream_key)
        await session.publish()
        await session.stop()

What may be done with a `Session` is said there. A URL input begins by itself, and `await worker.next()` is its session.
How those from now on go is said by `worker.starts`:

    AT_ONCE             the default: PUBLISHING soon after the start
    WAITING             stays BUFFERING until `session.publish()`
    BUSY                says nothing, as if there were no worker
    failing(error)      takes it, and fails at once
    refusing(message, code="invalid_argument")

`await worker.die()` is a crash of the whole service.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, Self

from livekit.protocol import ingress as pb

from tests.providers.stage import PATIENCE_SECONDS
from tests.standins.ingress.session import BUFFERING, Session
from tests.standins.presence import Admission
from tests.standins.psrpc import Bus, Method, RpcError, decode, encode, raw

PAUSE_SECONDS: Final = 0.05
"""Between the start of a URL input and PUBLISHING."""

START: Final = Method("IngressInternal", "StartIngress")
LOOK_UP: Final = Method("IOInfo", "GetIngressInfo")


@dataclass(frozen=True)
class Manner:
    """How the start of a URL input goes."""

    silent: bool = False
    refusal: RpcError | None = None
    waits: bool = False
    error: str = ""


AT_ONCE: Final = Manner()
WAITING: Final = Manner(waits=True)
BUSY: Final = Manner(silent=True)


def failing(error: str) -> Manner:
    return Manner(error=error)


def refusing(message: str, code: str = "invalid_argument") -> Manner:
    """`code`: psrpc's name, such as `not_found`, `permission_denied` or `internal`."""
    return Manner(refusal=RpcError(code, message))


class IngressWorker:
    """`async with IngressWorker(Bus(redis.address)) as worker:`.

    Attributes:
        starts: how URL inputs go from now on.
        joins: whether a session that publishes is in its room, as the participant that its ingress names. Needs
            `admission`.
        sessions: the newest session of each ingress that had one, by the ingress's id.
    """

    def __init__(self, bus: Bus, *, admission: Admission | None = None) -> None:
        self.starts = AT_ONCE
        self.joins = False
        self.sessions: dict[str, Session] = {}
        self._bus = bus
        self._admission = admission
        self._begun: list[Session] = []
        self._started: asyncio.Queue[Session] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self._bus.__aenter__()
        await self._bus.serve(START, self._start, affinity=lambda: -1.0 if self.starts.silent else 1.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()
        await self._bus.__aexit__()

    async def connect(self, key: str) -> Session:
        """An encoder begins to send by this stream key. `RpcError` turns it away.

        Where the ingress is disabled or has no room, that is told to the server too, as the real service does: the
        ingress is then in ERROR.
        """
        found = decode(await self._bus.call(LOOK_UP, encode({2: key})))
        session = self._open(pb.IngressInfo.FromString(raw(found, 1)))
        if (refusal := _refusal(session.info)) is not None:
            await session.refuse(refusal)
            raise refusal
        await session.begin()
        return session

    async def next(self) -> Session:
        """The next session of a URL input that nobody has asked for, waited for if need be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._started.get()

    async def die(self) -> None:
        """As when the machine goes: nothing is served and nobody is told. Twice is harmless."""
        await self._bus.stop_serving(START)
        for session in self._begun:
            await session.die()

    async def _start(self, request: bytes) -> bytes:
        manner = self.starts
        if manner.refusal is not None:
            raise manner.refusal
        session = self._open(pb.IngressInfo.FromString(raw(decode(request), 1)))
        await session.create()
        await session.begin()
        answer = pb.IngressInfo()
        answer.CopyFrom(session.info)
        answer.state.CopyFrom(session.state)
        if not manner.waits:
            session.spawn(_go_on(session, manner))
        self._started.put_nowait(session)
        return answer.SerializeToString()

    def _open(self, info: pb.IngressInfo) -> Session:
        before = self.sessions.get(info.ingress_id)
        assert before is None or not before.is_live, f"Somebody sends to {info.ingress_id} already."
        assert not self.joins or self._admission is not None, "Nobody has said how to come in: give an `admission`."
        session = Session(self._bus, info, self._admission if self.joins else None)
        self.sessions[info.ingress_id] = session
        self._begun.append(session)
        return session


def _refusal(info: pb.IngressInfo) -> RpcError | None:
    if info.HasField("enabled") and not info.enabled:
        return RpcError("permission_denied", "session is disabled")
    if not info.room_name:
        return RpcError("invalid_argument", "invalid ingress: no room name")
    return None


async def _go_on(session: Session, manner: Manner) -> None:
    await asyncio.sleep(PAUSE_SECONDS)
    if session.state.status != BUFFERING:
        return
    if manner.error:
        await session.fail(manner.error)
    else:
        await session.publish()
