"""What goes out of a room live. Values of the contract.

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
