"""How media leave a room: how what is taken is encoded, and where it goes.

One set of options serves recordings, streams and egresses that are both, so that a server that has one call for all of
them needs one implementation, and one that has a call for each takes from the options what it knows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr

from providers.egress_source import WHOLE_ROOM, EgressSource
from providers.recordings import Recording
from providers.streams import Stream
from providers.values import RoomRef


class FileFormat(StrEnum):
    MP4 = "mp4"
    OGG = "ogg"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class FileOutput:
    """One file. An empty `path` leaves its name to the server; None leaves it the format."""

    path: str = ""
    format: FileFormat | None = None


@dataclass(frozen=True, slots=True)
class SegmentsOutput:
    """HLS: a playlist and its segments, of `length` each. Names may be empty.

    `is_live`: viewers follow it while it grows, by the live playlist, which gets a name where it has none; else an
    empty `live_playlist` is not written.
    """

    prefix: str = ""
    playlist: str = ""
    live_playlist: str = ""
    length: timedelta | None = None
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class ImagesOutput:
    """A picture every so often. `width` and `height` in pixels, None for those of the video."""

    prefix: str = ""
    every: timedelta | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """None leaves a thing to the server. `width` and `height` in pixels, `framerate` a second, bit rates in kbit/s,
    `audio_frequency` in Hz."""

    width: int | None = None
    height: int | None = None
    framerate: int | None = None
    video_bitrate: int | None = None
    audio_bitrate: int | None = None
    audio_frequency: int | None = None
    key_frame_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class EgressOptions:
    """What is asked for. A recording writes (`file`, `segments`, `images`), a stream goes to `urls`, which hold keys.

    `preset` is one of `Limits.presets` and excludes `encoding`. `output` is one of `Limits.outputs`, None for where the
    server puts things by itself.
    """

    source: EgressSource = WHOLE_ROOM
    file: FileOutput | None = None
    segments: SegmentsOutput | None = None
    images: ImagesOutput | None = None
    urls: tuple[SecretStr, ...] = ()
    preset: str | None = None
    encoding: Encoding | None = None
    output: str | None = None

    @property
    def writes(self) -> bool:
        return any((self.file, self.segments, self.images))

    @property
    def records(self) -> bool:
        """Whether it is a recording: segments with a live playlist alone are there to be watched, which is a stream."""
        segments = self.segments
        is_kept = segments is not None and not (segments.is_live or segments.live_playlist)
        return self.file is not None or self.images is not None or is_kept


@dataclass(frozen=True, slots=True)
class EgressRef:
    provider: str
    id: str


@dataclass(frozen=True, slots=True)
class Egress:
    """One egress: a recording, a stream, or both under one id.

    `word` is the server's own for its state. `updated_at`: when the server last wrote anything of it down.
    """

    ref: EgressRef
    room: RoomRef
    source: EgressSource
    word: str
    is_active: bool
    recording: Recording | None = None
    stream: Stream | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    error: str | None = None
