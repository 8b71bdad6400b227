"""Recordings: what one is, and what it has written. Values of the contract."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from providers.egress_source import WHOLE_ROOM, EgressSource, EgressTrouble
from providers.values import RoomRef


class RecordingStatus(StrEnum):
    """The life of a recording, in its order. The last three are final."""

    STARTING = "starting"
    LIVE = "live"
    ENDING = "ending"
    READY = "ready"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_final(self) -> bool:
        return self in (RecordingStatus.READY, RecordingStatus.FAILED, RecordingStatus.ABORTED)


@dataclass(frozen=True, slots=True)
class RecordingRef:
    provider: str
    id: str


class WrittenKind(StrEnum):
    FILE = "file"
    PLAYLIST = "playlist"
    LIVE_PLAYLIST = "live_playlist"
    IMAGES = "images"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Written:
    """Something that was written. `location`: a path or URL without secrets; of images what their names begin with.

    `size` in bytes; `count`: how many segments or images. None where the server does not tell.
    """

    kind: WrittenKind
    location: str
    size: int | None = None
    duration: timedelta | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """`size` in bytes; `location` is where its first file is (a path or URL without secrets); `error` why it failed.

    `written` is all that there is of it. `trouble` says what `error` means, where that is known. `is_backup`: it is in
    the server's back-up storage, and not where it was to go. `is_uploading`: all is recorded, and is being stored.
    """

    ref: RecordingRef
    room: RoomRef
    status: RecordingStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: timedelta | None = None
    size: int | None = None
    location: str | None = None
    error: str | None = None
    source: EgressSource = WHOLE_ROOM
    written: tuple[Written, ...] = ()
    trouble: EgressTrouble | None = None
    is_backup: bool = False
    is_uploading: bool = False
