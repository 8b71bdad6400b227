"""One ingress of the in-memory server, and what is seen of it."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from providers.addresses import shown_location
from providers.base import (
    AudioReceived,
    Ingress,
    IngressOptions,
    IngressRef,
    IngressStatus,
    IngressTrouble,
    RoomRef,
    VideoReceived,
)
from providers.memory.ingress_rules import is_transcoded

H264 = VideoReceived("video/H264", 1280, 720, 30, 2500)
AAC = AudioReceived("audio/AAC", 128, 2, 48_000)
"""What an encoder usually sends."""


@dataclass(frozen=True, slots=True)
class Record:
    """`address` is where an encoder sends; empty for one that is fetched.

    `room_id` is of the life that it sends into, empty while nothing comes. `is_abandoned`: its worker is gone, so that
    nothing of it changes by itself.
    """

    ref: IngressRef
    options: IngressOptions
    address: str
    key: SecretStr | None
    status: IngressStatus = IngressStatus.WAITING
    room_id: str = ""
    video: VideoReceived | None = None
    audio: AudioReceived | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    error: str | None = None
    trouble: IngressTrouble | None = None
    is_abandoned: bool = False

    @property
    def is_in_session(self) -> bool:
        """Something comes, and somebody works on it."""
        return self.status.is_receiving and not self.is_abandoned

    @property
    def anew(self) -> "Record":
        """As if nothing had ever come."""
        return Record(self.ref, self.options, self.address, self.key)

    @property
    def room(self) -> RoomRef:
        return RoomRef(self.ref.provider, self.room_id, self.options.room)

    @property
    def ingress(self) -> Ingress:
        """When it was last written down is told of one that nobody works on: a worker writes all the time."""
        options = self.options
        return Ingress(
            ref=self.ref,
            room=self.room,
            status=self.status,
            input=options.input,
            name=options.name,
            identity=options.identity,
            participant_name=options.participant_name,
            is_enabled=options.is_enabled,
            is_reusable=not options.input.is_fetched,
            is_transcoded=is_transcoded(options.input, options.is_transcoded),
            address=self.address if options.url is None else shown_location(options.url.get_secret_value()),
            video=self.video,
            audio=self.audio,
            started_at=self.started_at,
            ended_at=self.ended_at,
            updated_at=None if self.is_in_session else self.updated_at,
            error=self.error,
            trouble=self.trouble,
        )
