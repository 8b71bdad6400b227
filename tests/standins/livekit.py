"""A LiveKit server on loopback, as far as its rooms go: twirp in protobuf, with the traps of the real one.

What is reproduced was seen on livekit-server 1.13.5: a plain-text 401 that holds the whole token, an empty list for an
unknown room, options ignored for a live room, prefixed messages, webhooks as protojson under a bare JWT. Messages are
LiveKit's own classes and tokens are judged by LiveKit's own verifier.
"""

import asyncio
import base64
import hashlib
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import count
from typing import Any, Self

import jwt
from aiohttp import web
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from livekit.api import (
    CreateRoomRequest,
    DeleteRoomRequest,
    DeleteRoomResponse,
    DisconnectReason,
    ListParticipantsRequest,
    ListParticipantsResponse,
    ListRoomsRequest,
    ListRoomsResponse,
    ParticipantInfo,
    ParticipantPermission,
    Room,
    TokenVerifier,
    VideoGrants,
    WebhookEvent,
)

KEY = "teststandin"
SECRET = "a-secret-of-the-stand-in-server-and-no-other"

_SERVICE = "/twirp/livekit.RoomService/"
_PROTOBUF = "application/protobuf"
_PAGE = "<html><body>A page for people</body></html>"


class Fault(Enum):
    """What goes wrong instead of an answer. HANGS waits for `released`, then answers as if nothing had been."""

    NO_RESPONSE = auto()
    BAD_GATEWAY = auto()
    PAGE = auto()
    PAGE_OF_ANOTHER = auto()
    JSON_LIST = auto()
    EMPTY = auto()
    INTERNAL = auto()
    TOO_MANY = auto()
    HANGS = auto()
    RESET = auto()


class RoomIsFull(Exception):
    """The real server's client sees an HTTP 500 for it."""


class TwirpError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def signed(body: bytes, *, key: str = KEY, secret: str = SECRET, age: timedelta = timedelta(0)) -> str:
    """The `authorization` header that the server sends with a body: a bare JWT, valid for five minutes."""
    made_at = datetime.now(UTC) - age
    claims = {
        "iss": key,
        "nbf": made_at,
        "iat": made_at,
        "exp": made_at + timedelta(minutes=5),
        "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


@dataclass
class LiveKitStandIn:
    """`calls` holds the method of every request that came in, `deliveries` the webhooks: `authorization` and body.

    `asks_the_node` is the operator's setting by which participants of an unknown room are not an empty list but a 503
    (here without its three seconds).
    """

    asks_the_node: bool = False
    rooms: dict[str, Room] = field(default_factory=dict)
    participants: dict[str, dict[str, ParticipantInfo]] = field(default_factory=lambda: defaultdict(dict))
    calls: list[str] = field(default_factory=list)
    deliveries: "asyncio.Queue[tuple[str, bytes]]" = field(default_factory=asyncio.Queue)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_post(_SERVICE + "{method}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.released.set()
        for timer in self._timers.values():
            timer.cancel()
        assert self._runner is not None
        await self._runner.cleanup()

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` go wrong like this, one after the other."""
        self._faults[method].extend(faults)

    def join(self, token: str) -> ParticipantInfo:
        """Somebody comes in with a token, which makes the room if need be."""
        claims = TokenVerifier(KEY, SECRET).verify(token)
        grants = claims.video
        assert grants is not None
        assert grants.room_join
        return self.bring(
            grants.room,
            ParticipantInfo(
                identity=claims.identity,
                name=claims.name,
                metadata=claims.metadata,
                attributes=claims.attributes,
                permission=ParticipantPermission(can_publish=grants.can_publish),
            ),
        )

    def bring(self, room: str, who: ParticipantInfo) -> ParticipantInfo:
        live = self._room(CreateRoomRequest(name=room))
        if live.max_participants and live.num_participants >= live.max_participants:
            raise RoomIsFull(room)
        self._keep(room)
        who.sid = f"PA_{next(self._numbers)}"
        who.joined_at_ms = int(time.time() * 1000)
        who.joined_at = who.joined_at_ms // 1000
        who.state = ParticipantInfo.ACTIVE
        self.participants[room][who.identity] = who
        self._count(room)
        self._tell("participant_joined", room, who)
        return who

    def leave(self, room: str, identity: str, reason: DisconnectReason = DisconnectReason.CLIENT_INITIATED) -> None:
        who = self.participants[room].pop(identity)
        who.state = ParticipantInfo.DISCONNECTED
        who.disconnect_reason = reason
        self._count(room)
        self._tell("participant_left", room, who)
        if not self.participants[room]:
            self._close_in(self.rooms[room].departure_timeout, room)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await request.read()  # all of it before it hangs, when whoever sent it may be gone
        self.calls.append(method)
        if faults := self._faults[method]:
            fault = faults.popleft()
            if (answer := await self._go_wrong(fault, request)) is not None:
                return answer
        try:
            return self._handle(method, request.headers.get("Authorization"), body)
        except TwirpError as error:
            return web.json_response({"code": error.code, "msg": error.message}, status=error.status)

    async def _go_wrong(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        match fault:
            case Fault.HANGS:
                await self.released.wait()
                return None
            case Fault.RESET:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
        return _BROKEN[fault]()

    def _handle(self, method: str, authorization: str | None, body: bytes) -> web.Response:
        if method not in _METHODS:
            raise TwirpError(404, "bad_route", f"no handler for path {_SERVICE + method!r}")
        request_class, required, handle = _METHODS[method]
        message = request_class.FromString(body)
        if authorization is None:
            raise TwirpError(401, "unauthenticated", "no permissions to access the room")
        token = authorization.removeprefix("Bearer ")
        try:
            claims = TokenVerifier(KEY, SECRET).verify(token)
        except jwt.PyJWTError as error:
            return web.Response(status=401, text=f"invalid token: {token}, error: {error}")
        if not required(claims.video or VideoGrants(), message):
            raise TwirpError(401, "unauthenticated", "permissions denied")
        return web.Response(body=handle(self, message).SerializeToString(), content_type=_PROTOBUF)

    def _create(self, request: CreateRoomRequest) -> Room:
        if len(request.name.encode()) > 256:
            raise TwirpError(400, "invalid_argument", "room name length exceeds limits")
        if len(request.metadata.encode()) > 512 * 1024:
            raise TwirpError(400, "invalid_argument", "metadata size exceeds limits")
        return self._room(request)

    def _room(self, request: CreateRoomRequest) -> Room:
        """The live room as it is, whatever was asked for, or a new one."""
        if request.name in self.rooms:
            return self.rooms[request.name]
        milliseconds = int(time.time() * 1000)
        self.rooms[request.name] = Room(
            sid=f"RM_{next(self._numbers)}",
            name=request.name,
            empty_timeout=request.empty_timeout or 300,
            departure_timeout=request.departure_timeout or 20,
            max_participants=request.max_participants,
            metadata=request.metadata,
            creation_time=milliseconds // 1000,
            creation_time_ms=milliseconds,
            turn_password="never-to-be-kept",
        )
        self._tell("room_started", request.name)
        self._close_in(request.empty_timeout or 300, request.name)
        return self.rooms[request.name]

    def _list(self, request: ListRoomsRequest) -> ListRoomsResponse:
        names: Iterable[str] = request.names or self.rooms
        return ListRoomsResponse(rooms=[self.rooms[name] for name in names if name in self.rooms])

    def _delete(self, request: DeleteRoomRequest) -> DeleteRoomResponse:
        if request.room not in self.rooms:
            raise TwirpError(404, "not_found", "twirp error unknown: requested room does not exist")
        for identity in list(self.participants[request.room]):
            self.leave(request.room, identity, DisconnectReason.ROOM_DELETED)
        self.close(request.room)
        return DeleteRoomResponse()

    def _list_participants(self, request: ListParticipantsRequest) -> ListParticipantsResponse:
        if self.asks_the_node and request.room not in self.rooms:
            raise TwirpError(503, "unavailable", "twirp error unknown: no response from servers")
        return ListParticipantsResponse(participants=self.participants[request.room].values())

    def close(self, room: str) -> None:
        self._keep(room)
        self._tell("room_finished", room)
        del self.rooms[room]

    def _close_in(self, seconds: int, room: str) -> None:
        self._keep(room)
        self._timers[room] = asyncio.get_running_loop().call_later(seconds, self.close, room)

    def _keep(self, room: str) -> None:
        if (timer := self._timers.pop(room, None)) is not None:
            timer.cancel()

    def _count(self, room: str) -> None:
        self.rooms[room].num_participants = sum(
            who.kind not in (ParticipantInfo.AGENT, ParticipantInfo.EGRESS) for who in self.participants[room].values()
        )

    def _tell(self, event: str, room: str, participant: ParticipantInfo | None = None) -> None:
        message = WebhookEvent(
            event=event,
            room=self.rooms[room],
            participant=participant,
            id=f"EV_{next(self._numbers)}",
            created_at=int(time.time()),
        )
        body = MessageToJson(message, indent=None).encode()
        self.deliveries.put_nowait((signed(body), body))


_Handler = Callable[[LiveKitStandIn, Any], Message]
_Required = Callable[[VideoGrants, Any], bool | None]

_METHODS: dict[str, tuple[type[Message], _Required, _Handler]] = {
    "CreateRoom": (CreateRoomRequest, lambda video, _: video.room_create, LiveKitStandIn._create),
    "ListRooms": (ListRoomsRequest, lambda video, _: video.room_list, LiveKitStandIn._list),
    "DeleteRoom": (DeleteRoomRequest, lambda video, _: video.room_create, LiveKitStandIn._delete),
    "ListParticipants": (
        ListParticipantsRequest,
        lambda video, request: video.room_admin and video.room == request.room,
        LiveKitStandIn._list_participants,
    ),
}
"""Each with the request's class, the grant that it takes, and what answers."""


def _page(status: int) -> web.Response:
    return web.Response(status=status, text=_PAGE, content_type="text/html")


def _twirp(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "msg": message}, status=status)


_BROKEN: dict[Fault, Callable[[], web.Response]] = {
    Fault.NO_RESPONSE: lambda: _twirp(503, "unavailable", "twirp error unknown: no response from servers"),
    Fault.BAD_GATEWAY: lambda: _page(502),
    Fault.PAGE: lambda: _page(200),
    Fault.PAGE_OF_ANOTHER: lambda: _page(404),
    Fault.JSON_LIST: lambda: web.json_response(["not", "twirp"], status=400),
    Fault.EMPTY: lambda: web.Response(content_type=_PROTOBUF),
    Fault.INTERNAL: lambda: _twirp(500, "internal", "could not lock room"),
    Fault.TOO_MANY: lambda: _twirp(429, "resource_exhausted", "too many requests"),
}
