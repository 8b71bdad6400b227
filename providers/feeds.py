"""What goes out of a room live, and what comes into it: streams, ingresses and calls. Values of the contract.

Addresses here hold no secrets: a reader cuts stream keys, passwords and query strings before it makes one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from providers.egress_source import WHOLE_ROOM, EgressSource, EgressTrouble
from providers.values import RoomRef


@dataclass(frozen=True, slots=True)
class StreamRef:
    provider: str
    id: str


class StreamStatus(StrEnum):
    """The life of a stream, in its order. The last three are final."""

    STARTING = "starting"
    LIVE = "live"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_final(self) -> bool:
        return self in (StreamStatus.ENDED, StreamStatus.FAILED, StreamStatus.ABORTED)


class DestinationStatus(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a stream goes. `address` is what may be shown of its URL: scheme, host and application, never the key.

    `id` tells it from the others of its stream, and is what `Provider.destination_id` says of its URL. `retries`: how
    often the server has connected anew, last at `retried_at`.
    """

    id: str
    address: str
    status: DestinationStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    retries: int = 0
    retried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A room, or a part of it, on its way to one or more destinations; one may fail while the others go on.

    `playlist` is where viewers find it by HLS, a path or URL without secrets; None where it is not sent so.
    """

    ref: StreamRef
    room: RoomRef
    status: StreamStatus
    destinations: tuple[Destination, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    source: EgressSource = WHOLE_ROOM
    playlist: str | None = None
    trouble: EgressTrouble | None = None


@dataclass(frozen=True, slots=True)
class IngressRef:
    provider: str
    id: str


class IngressStatus(StrEnum):
    """What an ingress does. It may go through this any number of times; `COMPLETE` is final: its source has ended."""

    WAITING = "waiting"
    BUFFERING = "buffering"
    LIVE = "live"
    FAILED = "failed"
    COMPLETE = "complete"

    @property
    def is_final(self) -> bool:
        return self is IngressStatus.COMPLETE


@dataclass(frozen=True, slots=True)
class Ingress:
    """Something that sends into a room. `input` is how: `rtmp`, `whip` or `url`. It has a key, which is not here."""

    ref: IngressRef
    room: RoomRef
    status: IngressStatus
    input: str = ""
    name: str = ""
    identity: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None

    @property
    def shown_name(self) -> str:
        return self.name or self.identity or self.ref.id


@dataclass(frozen=True, slots=True)
class CallRef:
    provider: str
    id: str


class CallStatus(StrEnum):
    """The life of a telephone call, in its order. The last two are final."""

    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"
    ENDED = "ended"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (CallStatus.ENDED, CallStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody on a telephone who is in a room, or shall be. `number` is theirs as far as it may be shown.

    `is_inbound`: they called us.
    """

    ref: CallRef
    room: RoomRef
    status: CallStatus
    identity: str = ""
    number: str = ""
    is_inbound: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
