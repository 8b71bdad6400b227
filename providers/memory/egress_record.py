"""One egress of the in-memory server, and what is seen of it: a recording, a stream, or both under one id."""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from pydantic import SecretStr

from providers.addresses import shown_address, shown_location
from providers.base import (
    Destination,
    DestinationStatus,
    Egress,
    EgressKind,
    EgressOptions,
    EgressRef,
    EgressSource,
    EgressTrouble,
    FileFormat,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
    Written,
    WrittenKind,
)

_SALT = secrets.token_bytes(16)

BYTES_PER_SECOND = 300_000
"""About what a room in HD takes."""

SEGMENT = timedelta(seconds=4)
BETWEEN_IMAGES = timedelta(seconds=10)
"""Where nothing else is asked for; as LiveKit has them."""


class State(StrEnum):
    STARTING = "starting"
    ACTIVE = "active"
    ENDING = "ending"
    COMPLETE = "complete"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_final(self) -> bool:
        return self in (State.COMPLETE, State.FAILED, State.ABORTED)


_SEEN_AS = {
    State.STARTING: (RecordingStatus.STARTING, StreamStatus.STARTING),
    State.ACTIVE: (RecordingStatus.LIVE, StreamStatus.LIVE),
    State.ENDING: (RecordingStatus.ENDING, StreamStatus.ENDING),
    State.COMPLETE: (RecordingStatus.READY, StreamStatus.ENDED),
    State.FAILED: (RecordingStatus.FAILED, StreamStatus.FAILED),
    State.ABORTED: (RecordingStatus.ABORTED, StreamStatus.ABORTED),
}


@dataclass(frozen=True, slots=True)
class Record:
    """`place` is what its files' names begin with.

    `waits`: for somebody in the room to send. `is_abandoned`: its worker is gone, so that nothing of it changes.
    """

    ref: EgressRef
    room: RoomRef
    options: EgressOptions
    place: str
    state: State = State.STARTING
    destinations: tuple[Destination, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    error: str | None = None
    trouble: EgressTrouble | None = None
    waits: bool = False
    is_uploading: bool = False
    is_backup: bool = False
    is_abandoned: bool = False

    @property
    def source(self) -> EgressSource:
        asked = self.options.source
        return replace(asked, url=shown_location(asked.url))

    @property
    def going(self) -> tuple[Destination, ...]:
        """Where it goes, or is about to."""
        return tuple(d for d in self.destinations if d.status in (DestinationStatus.CONNECTING, DestinationStatus.LIVE))

    @property
    def recording(self) -> Recording | None:
        if not self.options.records:
            return None
        is_ready = self.state is State.COMPLETE
        written = tuple(self._written()) if is_ready else ()
        sizes = [each.size for each in written if each.size is not None]
        return Recording(
            ref=RecordingRef(self.ref.provider, self.ref.id),
            room=self.room,
            status=_SEEN_AS[self.state][0],
            started_at=self.started_at,
            ended_at=self.ended_at,
            duration=self._duration() if self.ended_at else None,
            size=sum(sizes) if sizes else None,
            location=next(self._written()).location if is_ready or not self.state.is_final else None,
            error=self.error,
            source=self.source,
            written=written,
            trouble=self.trouble,
            is_backup=self.is_backup,
            is_uploading=self.is_uploading,
        )

    @property
    def stream(self) -> Stream | None:
        """One whose segments have a live playlist is watched as it goes, so it is one too."""
        segments = self.options.segments
        playlist = f"{self.place}/{segments.live_playlist}" if segments and segments.live_playlist else None
        if not self.destinations and playlist is None:
            return None
        return Stream(
            ref=StreamRef(self.ref.provider, self.ref.id),
            room=self.room,
            status=_SEEN_AS[self.state][1],
            destinations=self.destinations,
            started_at=self.started_at,
            ended_at=self.ended_at,
            error=self.error,
            source=self.source,
            playlist=playlist,
            trouble=self.trouble,
        )

    @property
    def egress(self) -> Egress:
        """When it was last written down is told of one that nobody works on: a worker writes all the time."""
        is_kept_up = not (self.state.is_final or self.is_abandoned)
        return Egress(
            ref=self.ref,
            room=self.room,
            source=self.source,
            word=self.state,
            is_active=not self.state.is_final,
            recording=self.recording,
            stream=self.stream,
            started_at=self.started_at,
            ended_at=self.ended_at,
            updated_at=None if is_kept_up else self.updated_at,
            error=self.error,
        )

    def _written(self) -> Iterator[Written]:
        """What there is of it in the end, the file first. Names that were left to the server begin with its id."""
        stem, duration = f"{self.place}/{self.ref.id}", self._duration()
        size = int(duration.total_seconds() * BYTES_PER_SECOND)
        if file := self.options.file:
            ending = f".{file.format or _usual_format(self.options.source)}"
            path = f"{self.place}/{file.path.removesuffix(ending)}" if file.path else stem
            yield Written(WrittenKind.FILE, path + ending, size, duration)
        if segments := self.options.segments:
            prefix = f"{self.place}/{segments.prefix}" if segments.prefix else stem
            playlist = f"{self.place}/{segments.playlist}" if segments.playlist else f"{prefix}.m3u8"
            count = ceil(duration / (segments.length or SEGMENT))
            yield Written(WrittenKind.PLAYLIST, playlist, size, duration, count)
            if segments.live_playlist:
                yield Written(WrittenKind.LIVE_PLAYLIST, f"{self.place}/{segments.live_playlist}")
        if images := self.options.images:
            prefix = f"{self.place}/{images.prefix}" if images.prefix else stem
            yield Written(WrittenKind.IMAGES, prefix, count=ceil(duration / (images.every or BETWEEN_IMAGES)))

    def _duration(self) -> timedelta:
        if self.started_at is None or self.ended_at is None:
            return timedelta(0)
        return self.ended_at - self.started_at


def destination_id(url: SecretStr) -> str:
    """It is the same for the same URL as long as this server lives, and nobody can try keys by it."""
    return hashlib.blake2b(url.get_secret_value().encode(errors="surrogatepass"), digest_size=6, key=_SALT).hexdigest()


def destination(url: SecretStr) -> Destination:
    """On its way there."""
    return Destination(destination_id(url), shown_address(url.get_secret_value()), DestinationStatus.CONNECTING)


def _usual_format(source: EgressSource) -> FileFormat:
    is_sound = source.audio_only or (source.kind in (EgressKind.TRACKS, EgressKind.TRACK) and not source.video_track)
    return FileFormat.OGG if is_sound else FileFormat.MP4
