"""What a recording or a stream is of, and why one goes wrong."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class EgressKind(StrEnum):
    """What is taken: the composed room, one participant, an audio and a video track together, one track as it is, or a
    web page, for which there is no room."""

    ROOM = "room"
    PARTICIPANT = "participant"
    TRACKS = "tracks"
    TRACK = "track"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class EgressSource:
    """What is taken, by its kind.

    - `ROOM`: composed by `layout`, the server's own where that is None.
    - `PARTICIPANT`: `identity`; their screen and its sound where `screen_share` is set.
    - `TRACKS`: `video_track` and `audio_track`, one of which may be empty.
    - `TRACK`: either of the two.
    - `WEB`: the page at `url`. What a server tells of it holds no query.

    `audio_only` and `video_only` are for rooms and pages, and never both.
    """

    kind: EgressKind = EgressKind.ROOM
    layout: str | None = None
    audio_only: bool = False
    video_only: bool = False
    identity: str = ""
    screen_share: bool = False
    video_track: str = ""
    audio_track: str = ""
    url: str = field(default="", repr=False)

    @property
    def has_room(self) -> bool:
        return self.kind is not EgressKind.WEB


WHOLE_ROOM: Final = EgressSource()


class EgressTrouble(StrEnum):
    """Why one went wrong, where the server's words are known to mean this. What to do about each is the reader's."""

    NO_START_SIGNAL = "no_start_signal"
    """Nothing to show came: mostly nobody published, or the recorder could not reach the server."""
    STOPPED_TOO_SOON = "stopped_too_soon"
    """Stopped before it had begun."""
    LIMIT_REACHED = "limit_reached"
    """As long as the server lets one be."""
    FROZEN = "frozen"
    """Its end was not written in time, so what was recorded may be lost."""
    UPLOAD_FAILED = "upload_failed"
    """It was recorded and could not be stored where it was to go."""
    KILLED = "killed"
    """Its worker was stopped under it."""
    OVERLOADED = "overloaded"
    """Its worker had too little CPU."""
    SOURCE_GONE = "source_gone"
    """What it was of left, or was unpublished."""
