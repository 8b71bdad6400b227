"""Webhooks as a livekit-server sends them, each signed, for rooms and people of the bench's own.

The bodies in `deliveries.json` are what livekit-server 1.13.5 sent for a room of two people, one of them publishing,
with another password in them. They are signed anew, as a signature holds for five minutes.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import jwt
from pydantic import SecretStr

from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings

KEY: Final = "benchkey"
SECRET: Final = "a-secret-of-the-bench-and-of-nothing-else"
NOBODY_THERE: Final = "http://127.0.0.1:1"
PROVIDERS: Final = f"""[providers.livekit]
kind = "livekit"
url = "{NOBODY_THERE}"
api_key = "{KEY}"
api_secret = "{SECRET}"
"""
"""The configuration of a bot that is only told: its server is not there to be asked."""

PATH: Final = "/webhooks/livekit"
LONG_ENOUGH_SECONDS = 3_600

_BODIES = Path(__file__).parent / "deliveries.json"
_NUMBERS = count(1)

Delivery = tuple[str, bytes]
"""The header `Authorization`, and the body."""


def reader() -> LiveKit:
    """What reads them."""
    return LiveKit("livekit", LiveKitSettings(url=NOBODY_THERE, api_key=KEY, api_secret=SecretStr(SECRET)))


def events() -> list[dict[str, Any]]:
    """All that was sent, in its order."""
    found: list[dict[str, Any]] = json.loads(_BODIES.read_text())
    return found


_LIKE: Final[Mapping[str, Mapping[str, Any]]] = {event["event"]: event for event in events()}


@dataclass(frozen=True, slots=True)
class Told:
    """One life of a room, of which a server tells. The address of the life is new with every one."""

    name: str
    sid: str

    @classmethod
    def of(cls, name: str) -> "Told":
        return cls(name, f"RM_{next(_NUMBERS):012d}")

    def started(self) -> Delivery:
        return self._about("room_started")

    def finished(self) -> Delivery:
        return self._about("room_finished")

    def joined(self, who: str) -> Delivery:
        return self._about("participant_joined", who)

    def left(self, who: str) -> Delivery:
        return self._about("participant_left", who)

    def _about(self, event: str, who: str = "") -> Delivery:
        told = {**_LIKE[event], "id": f"EV_{next(_NUMBERS):012d}", "createdAt": str(int(time.time()))}
        told["room"] = {**told["room"], "sid": self.sid, "name": self.name}
        if who:
            told["participant"] = {**told["participant"], "sid": f"PA_{self.sid}_{who}", "identity": who, "name": who}
        return signed(told)


def signed(event: Mapping[str, Any]) -> Delivery:
    body = json.dumps(event, separators=(",", ":")).encode()
    claims = {
        "iss": KEY,
        "nbf": int(time.time()),
        "exp": int(time.time()) + LONG_ENOUGH_SECONDS,
        "sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }
    return jwt.encode(claims, SECRET, algorithm="HS256"), body


def forged(delivery: Delivery) -> Delivery:
    """Signed by somebody else."""
    _, body = delivery
    return jwt.encode({"iss": KEY, "exp": int(time.time()) + 60}, "of somebody else's, and long enough", "HS256"), body


def request(port: int, delivery: Delivery) -> bytes:
    """The whole HTTP request."""
    authorization, body = delivery
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Content-Type: application/webhook+json\r\nAuthorization: {authorization}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def lively(rooms: int) -> Iterator[Delivery]:
    """Without end: people come and go in that many rooms, one after the other."""
    told = [Told.of(f"room-{number:03d}") for number in range(rooms)]
    for number in count():
        room, turn = told[number % rooms], number // rooms
        who = f"person-{turn // 2 % 10}"
        yield room.joined(who) if turn % 2 == 0 else room.left(who)
