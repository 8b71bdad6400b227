"""What the contract suite needs of a kind of server beside the provider itself: its clients and its webhooks."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Self, TypeVar
from uuid import uuid4

import pytest
from aiohttp import web
from pydantic import SecretStr

from providers.base import (
    ApiGrant,
    ApiToken,
    Call,
    CallStatus,
    Capability,
    CreatedIngress,
    Grant,
    Ingress,
    IngressStatus,
    JoinToken,
    Participant,
    Provider,
    Recording,
    RecordingStatus,
    Room,
    RoomOptions,
    RoomRef,
    Stream,
    StreamStatus,
    TokenOptions,
    TrackSource,
)
from providers.facts import Fact, RecordingChanged, StreamChanged

F = TypeVar("F", bound=Fact)

ODD_NAMES = {
    "emoji": "🎬 take 2 👩‍🚀",
    "quotes": """Bob's “all hands” "now" `x`""",
    "right to left": "غرفة الاجتماعات",
    "looks like markup": "<!channel> & <b>",
    "looks like a path": "../a/b?c=d#e%2F",
    "pattern": "[a-c]*{x}|y",
}

PATIENCE_SECONDS = 15.0
"""How long a server may take over something that it does by itself. Only a failing test waits that long."""


DEFAULTS = RoomOptions()


def fresh(stem: str) -> str:
    """A name that nobody has used, so that the suite may run on a server that is in use."""
    return f"{stem}-{uuid4().hex[:8]}"


class NotAdmitted(Exception):
    """The server turned a client away at the door."""


@dataclass(frozen=True)
class Admission:
    """What a token says when it is read by somebody else than us. `room`: the name or the id, as this kind has it."""

    identity: str
    room: str
    grant: Grant
    expires_at: datetime
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiAccess:
    """What a program's token says when it is read by somebody else than us. `admits`: to a room, as a participant."""

    grants: frozenset[ApiGrant]
    expires_at: datetime
    room: str = ""
    destination: str = ""
    admits: bool = False


@dataclass(frozen=True)
class Heard:
    """A data message as a client gets it."""

    message: str
    topic: str = ""


@dataclass(frozen=True)
class Delivery:
    """A webhook as it came in: header names in lower case, the body as raw bytes."""

    headers: Mapping[str, str]
    body: bytes
    kind: str = ""


class Stage(ABC):
    """One provider with its server. A backend's test module subclasses this and yields it from a fixture `stage`.

    Attributes:
        provider: under test, with webhooks on their way to `delivery` from the start.
        secrets: strings that must never show in a repr, an error or a fact.
        signature_headers: what a genuine delivery cannot do without, in lower case.
        shortest_timeout: what the suite asks for where a room is to close by itself.
        waits_for_publisher: whether what is taken of a whole room does not begin before somebody in it sends.
    """

    secrets: ClassVar[tuple[str, ...]]
    signature_headers: ClassVar[tuple[str, ...]] = ()
    shortest_timeout: ClassVar[timedelta] = timedelta(seconds=1)
    waits_for_publisher: ClassVar[bool] = False

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.told: list[Fact] = []

    @abstractmethod
    async def join(self, token: JoinToken) -> None:
        """Bring a client in by this token; return when the server lists it. `NotAdmitted` if it is turned away."""

    @abstractmethod
    async def leave(self, token: JoinToken) -> None:
        """The client that came in by this token goes of its own accord; return when the server does not list it."""

    @abstractmethod
    async def publish(self, token: JoinToken, source: TrackSource = TrackSource.MICROPHONE) -> str:
        """The client that came in by this token publishes; return the track's id when the server lists it.

        `NotAdmitted` where its permissions do not allow it.
        """

    @abstractmethod
    async def receives(self, token: JoinToken, track_id: str, wanted: bool = True) -> None:
        """Return when the client that came in by this token receives that track, or no longer where not `wanted`."""

    async def learns_of_mute(self, token: JoinToken, track_id: str) -> None:
        """Return when the client that came in by this token knows that its track was muted.

        A server is the last to know unless its clients repeat to it what they were told, which an unmute would cross.
        """

        def muted(who: Participant) -> bool:
            return any(track.id == track_id and track.muted for track in who.tracks)

        await self.shows(token.room, token.identity, muted)

    @abstractmethod
    async def signal(self, token: JoinToken) -> Heard:
        """The next data message that the client got, waited for if need be."""

    @abstractmethod
    async def disconnected(self, token: JoinToken) -> None:
        """Return when the server has thrown out the client that came in by this token."""

    @abstractmethod
    def admission(self, token: JoinToken) -> Admission:
        """Verify the token with the vendor's own code where there is any, and say what it holds."""

    @abstractmethod
    def api_access(self, token: ApiToken) -> ApiAccess:
        """Verify a program's token with the vendor's own code where there is any, and say what it holds."""

    @abstractmethod
    async def delivery(self) -> Delivery:
        """Wait for the next webhook of the server."""

    @abstractmethod
    def sign(self, body: bytes, *, secret: str | None = None, age: timedelta = timedelta(0)) -> Delivery:
        """Sign any body as the server does, by another secret or some time ago where that is asked for."""

    async def fail_egress(self, id: str, reason: str) -> None:
        """Let a recording, a stream or an egress fail of itself."""
        self._cannot("let an egress fail")

    async def fail_destination(self, id: str, url: SecretStr, reason: str) -> None:
        """Let a stream lose one of its destinations for good."""
        self._cannot("let a destination fail")

    async def reconnect_destination(self, id: str, url: SecretStr) -> None:
        """Let a stream lose one of its destinations and come back to it."""
        self._cannot("let a destination be connected anew")

    async def kill_worker(self, id: str) -> None:
        """Take away the worker of an egress without a word."""
        self._cannot("kill a worker")

    @asynccontextmanager
    async def without_workers(self) -> AsyncIterator[None]:
        """Inside, nobody on the server takes the start of an egress."""
        self._cannot("take the workers away")
        yield

    async def encoder_sends(self, created: CreatedIngress) -> None:
        """An encoder sends by the key, or what is fetched begins; return when the provider lists it LIVE.

        `NotAdmitted` where the server lets nobody in by that key.
        """
        self._cannot("send into an ingress")

    async def encoder_stops(self, ingress: Ingress) -> None:
        """It ceases; return when the provider lists it WAITING, or COMPLETE for one that is fetched."""
        self._cannot("cease to send into an ingress")

    async def encoder_fails(self, ingress: Ingress, reason: str) -> None:
        """What comes cannot be used; return when the provider lists it FAILED."""
        self._cannot("let an ingress fail")

    async def ingress_worker_dies(self, ingress: Ingress) -> None:
        """Take away the worker of an ingress that is LIVE, without a word; return when it is not in the room."""
        self._cannot("kill the worker of an ingress")

    async def calls_in(self, room: RoomRef, number: str) -> None:
        """Somebody calls from that number; return when the provider lists the call."""
        self._cannot("call in")

    async def answers(self, call: Call) -> None:
        """The other side, which does nothing by itself, takes the call; return when the provider lists it ACTIVE."""
        self._cannot("answer a call")

    async def refuses(self, call: Call) -> None:
        """The other side declines the call; return when the provider does not list it."""
        self._cannot("refuse a call")

    async def hears_dtmf(self, call: Call) -> str:
        """What the other side has heard of keys until now, in its order."""
        self._cannot("hear the keys of a telephone")
        return ""

    async def agents_serve(self, name: str) -> None:
        """From here on a worker takes every dispatch of an agent of that name."""
        self._cannot("serve an agent")

    async def create(self, name: str | None = None, options: RoomOptions = DEFAULTS) -> Room:
        """Make a room, by a fresh name where none is given."""
        self.needs(Capability.CREATE_ROOM)
        return (await self.provider.create_room(name or fresh("standup"), options)).room

    async def enter(self, room: RoomRef, identity: str = "ana") -> JoinToken:
        """Bring somebody into the room by a token of ours."""
        self.needs(Capability.CREATE_TOKEN)
        token = await self.provider.create_token(room, TokenOptions(identity))
        await self.join(token)
        return token

    async def sending(self, *sources: TrackSource) -> tuple[RoomRef, list[str]]:
        """A room of its own in which ana sends this, by default from her camera. Returns the ids of her tracks too."""
        room = (await self.create()).ref
        ana = await self.enter(room)
        return room, [await self.publish(ana, source) for source in sources or (TrackSource.CAMERA,)]

    async def two(self) -> tuple[RoomRef, JoinToken, JoinToken]:
        """A room of its own with ana and bo in it."""
        room = (await self.create()).ref
        return room, await self.enter(room, "ana"), await self.enter(room, "bo")

    async def listed(self, name: str) -> Room | None:
        """The live room of that name, as the server lists it."""
        self.needs(Capability.LIST_ROOMS)
        rooms = await self.provider.list_rooms([name])
        assert {room.ref.name for room in rooms} <= {name}
        assert len(rooms) <= 1
        return rooms[0] if rooms else None

    async def participant(self, room: RoomRef, identity: str) -> Participant:
        """Somebody in the room, as the server lists them."""
        self.needs(Capability.LIST_PARTICIPANTS)
        (who,) = [p for p in await self.provider.list_participants(room) if p.identity == identity]
        return who

    async def shows(self, room: RoomRef, identity: str, when: Callable[[Participant], bool]) -> None:
        """Return when the server lists somebody like this. What it answers to a change may be ahead of its list."""

        async def shown() -> bool:
            return when(await self.participant(room, identity))

        await eventually(shown)

    async def fact(self, kind: type[F], when: Callable[[F], bool] = lambda _: True) -> F:
        """The first fact of this kind that the server told by webhook since the start, waited for if need be."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    for fact in self.told:
                        if isinstance(fact, kind) and when(fact):
                            return fact
                    self.told += self.read(await self.delivery())
        except TimeoutError:
            raise AssertionError(f"no such {kind.__name__}; the server told {self.told}") from None

    async def recording(self, recording: Recording, *statuses: RecordingStatus) -> Recording:
        """The recording as the server tells of it when it has come to one of `statuses`."""
        told = await self.fact(
            RecordingChanged, lambda f: f.recording.ref == recording.ref and f.recording.status in statuses
        )
        return told.recording

    async def stream(
        self, stream: Stream, *statuses: StreamStatus, when: Callable[[Stream], bool] = lambda _: True
    ) -> Stream:
        """The stream as the server tells of it when it has come to one of `statuses`, and is like this."""
        told = await self.fact(
            StreamChanged, lambda f: f.stream.ref == stream.ref and f.stream.status in statuses and when(f.stream)
        )
        return told.stream

    async def ingress(self, ingress: Ingress, status: IngressStatus) -> Ingress:
        """The ingress as the server lists it when it has come to that status."""

        async def shown() -> bool:
            return [each.status for each in await self.provider.list_ingresses(id=ingress.ref.id)] == [status]

        await eventually(shown)
        (listed,) = await self.provider.list_ingresses(id=ingress.ref.id)
        return listed

    async def call(self, call: Call, status: CallStatus) -> Call:
        """The call as the server lists it when it has come to that status."""

        async def shown() -> bool:
            listed = await self.provider.list_calls(call.room)
            return [each.status for each in listed if each.ref == call.ref] == [status]

        await eventually(shown)
        (listed,) = [each for each in await self.provider.list_calls(call.room) if each.ref == call.ref]
        return listed

    def read(self, delivery: Delivery) -> list[Fact]:
        return self.provider.read_webhook(delivery.kind, delivery.headers, delivery.body)

    def needs(self, *capabilities: Capability) -> None:
        """Skip the test by the capability's name where this provider does not claim it."""
        for capability in capabilities:
            if capability not in self.provider.capabilities:
                pytest.skip(f"{capability.value}: not on {self.provider.kind}")

    def _cannot(self, what: str) -> None:
        pytest.skip(f"{what}: not on this stage of {self.provider.kind}")

    def needs_webhooks(self) -> None:
        if not self.provider.webhook_kinds:
            pytest.skip(f"webhooks: not on {self.provider.kind}")


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    """Ask a server again until it agrees, for what it counts some time after it happened."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await check():
            await asyncio.sleep(0.02)


class Receiver:
    """A loopback address for webhooks. It keeps what comes, and answers `statuses` in turn, then always 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.deliveries: asyncio.Queue[Delivery] = asyncio.Queue()
        app = web.Application()
        app.router.add_post("/webhooks", self._take)
        self._runner = web.AppRunner(app)

    @property
    def url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/webhooks"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def next(self) -> Delivery:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.deliveries.get()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.deliveries.put_nowait(Delivery(headers, await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)
