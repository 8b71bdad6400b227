"""The server's rooms, their closing by themselves, and the webhooks that tell of them."""

import asyncio
import base64
import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import jwt
from google.protobuf.json_format import MessageToJson
from livekit.api import CreateRoomRequest, ParticipantInfo, Room, TrackInfo, WebhookEvent

KEY = "teststandin"
SECRET = "a-secret-of-the-stand-in-server-and-no-other"


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


@dataclass(kw_only=True)
class Rooms:
    """`deliveries` holds the webhooks: `authorization` and body."""

    rooms: dict[str, Room] = field(default_factory=dict)
    deliveries: "asyncio.Queue[tuple[str, bytes]]" = field(default_factory=asyncio.Queue)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers)}"

    def room(self, request: CreateRoomRequest) -> Room:
        """The live room as it is, whatever was asked for, or a new one."""
        if request.name in self.rooms:
            return self.rooms[request.name]
        milliseconds = int(time.time() * 1000)
        self.rooms[request.name] = Room(
            sid=self.new_id("RM"),
            name=request.name,
            empty_timeout=request.empty_timeout or 300,
            departure_timeout=request.departure_timeout or 20,
            max_participants=request.max_participants,
            metadata=request.metadata,
            creation_time=milliseconds // 1000,
            creation_time_ms=milliseconds,
            turn_password="never-to-be-kept",
        )
        self.tell("room_started", self.rooms[request.name])
        self.close_in(request.empty_timeout or 300, request.name)
        return self.rooms[request.name]

    def close(self, room: str) -> None:
        self.keep(room)
        self.tell("room_finished", self.rooms.pop(room))

    def close_in(self, seconds: int, room: str) -> None:
        self.keep(room)
        self._timers[room] = asyncio.get_running_loop().call_later(seconds, self.close, room)

    def keep(self, room: str) -> None:
        if (timer := self._timers.pop(room, None)) is not None:
            timer.cancel()

    def keep_all(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def tell(
        self, event: str, room: Room, participant: ParticipantInfo | None = None, track: TrackInfo | None = None
    ) -> None:
        self.deliver(WebhookEvent(event=event, room=room, participant=participant, track=track))

    def deliver(self, event: WebhookEvent) -> None:
        event.id, event.created_at = self.new_id("EV"), int(time.time())
        body = MessageToJson(event, indent=None).encode()
        self.deliveries.put_nowait((signed(body), body))
