"""What comes into a room from encoders, cameras and addresses. Values of the contract.

What is shown here holds no secrets: the key of an ingress, and the address that one fetches from, are in what goes to
the server and in what `create_ingress` returns, and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import SecretStr

from providers.values import RoomRef, TrackSource


class IngressInput(StrEnum):
    """How media come: an encoder sends by RTMP or WHIP, or the server fetches them from an address."""

    RTMP = "rtmp"
    WHIP = "whip"
    URL = "url"
    UNKNOWN = ""

    @property
    def is_fetched(self) -> bool:
        return self is IngressInput.URL


@dataclass(frozen=True, slots=True)
class IngressRef:
    provider: str
    id: str


class IngressStatus(StrEnum):
    """What an ingress does. It may go through this any number of times; the last two are final: its source has ended,
    and somebody has deleted it."""

    WAITING = "waiting"
    BUFFERING = "buffering"
    LIVE = "live"
    FAILED = "failed"
    COMPLETE = "complete"
    DELETED = "deleted"

    @property
    def is_final(self) -> bool:
        return self in (IngressStatus.COMPLETE, IngressStatus.DELETED)

    @property
    def is_receiving(self) -> bool:
        return self in (IngressStatus.BUFFERING, IngressStatus.LIVE)


class IngressTrouble(StrEnum):
    """Why nothing comes in, where the server's words are known to mean this. What to do about each is the reader's."""

    DISABLED = "disabled"
    """Somebody has tried to send while senders are refused."""
    NO_ROOM = "no_room"
    """It leads into no room."""
    ROOM_GONE = "room_gone"
    """It was put out of its room, or the room ended under it."""
    BUSY = "busy"
    """No worker had room for it."""
    SHUT_DOWN = "shut_down"
    """Its worker was stopped under it."""
    FORMAT = "format"
    """What came is encoded in a way that the server does not take."""
    TOO_MANY_TRACKS = "too_many_tracks"
    """More than one picture, or more than one sound, came."""
    NO_MEDIA = "no_media"
    """Somebody was connected, and neither picture nor sound came in time."""
    NOT_FETCHED = "not_fetched"
    """The address from which it is fetched does not give it."""


@dataclass(frozen=True, slots=True)
class VideoReceived:
    """`codec`: a MIME type. `width` and `height` in pixels, `frame_rate` a second, `bitrate` in kbit/s; 0 where it is
    not known."""

    codec: str = ""
    width: int = 0
    height: int = 0
    frame_rate: float = 0
    bitrate: int = 0


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """`sample_rate` in Hz, `bitrate` in kbit/s; 0 where it is not known."""

    codec: str = ""
    bitrate: int = 0
    channels: int = 0
    sample_rate: int = 0


@dataclass(frozen=True, slots=True)
class Ingress:
    """Something that sends into a room. The id of its room is empty while nothing comes, as far as a server tells.

    `address`: where an encoder sends, without the key, empty where the server has not been told its own; or where it is
    fetched from, without what is secret in that. `address_setting`: what has to be set on the server where it has not
    been told. `is_enabled`: senders are let in. `is_reusable`: it can be changed, and sent to again and again.
    `is_transcoded`: what comes is encoded anew; None where the server does not say. `video` and `audio` are what is
    received, or was before it failed. `trouble`: see there; one that is disabled waits, and has it where somebody has
    tried to send. `updated_at`: when the server last wrote anything of it down.
    """

    ref: IngressRef
    room: RoomRef
    status: IngressStatus
    input: IngressInput = IngressInput.UNKNOWN
    name: str = ""
    identity: str = ""
    participant_name: str = ""
    is_enabled: bool = True
    is_reusable: bool = True
    is_transcoded: bool | None = None
    address: str = ""
    address_setting: str = ""
    video: VideoReceived | None = None
    audio: AudioReceived | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    error: str | None = None
    trouble: IngressTrouble | None = None

    @property
    def written_at(self) -> datetime | None:
        """When the server last wrote of it, by its own clock; None where it has never said a time."""
        return self.updated_at or max(filter(None, (self.started_at, self.ended_at)), default=None)

    @property
    def shown_name(self) -> str:
        return self.name or self.identity or self.ref.id


@dataclass(frozen=True, slots=True)
class IngressOptions:
    """`room` is a room's name; the room need not be there yet where a server makes it. `identity` is the one that the
    ingress has in the room, `participant_name` what the others see, `name` what people call the ingress.

    `url` is where it is fetched from, for that input alone, and may hold credentials. `is_transcoded`: None leaves it
    to the server. `preset` and `audio_preset` are of `Limits`, and need transcoding. `video_source` and `audio_source`
    are what the tracks are in the room.
    """

    input: IngressInput
    room: str
    identity: str
    name: str = ""
    participant_name: str = ""
    metadata: str = ""
    url: SecretStr | None = None
    is_enabled: bool = True
    is_transcoded: bool | None = None
    preset: str | None = None
    audio_preset: str | None = None
    video_source: TrackSource | None = None
    audio_source: TrackSource | None = None


@dataclass(frozen=True, slots=True)
class IngressChanges:
    """None leaves a thing as it is; no text can be emptied."""

    room: str | None = None
    identity: str | None = None
    name: str | None = None
    participant_name: str | None = None
    metadata: str | None = None
    is_enabled: bool | None = None
    is_transcoded: bool | None = None
    preset: str | None = None
    audio_preset: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedIngress:
    """`key`: whoever has it can send into the room; None where there is nobody to send. Over RTMP it follows the
    address after a slash; over WHIP it does so too, or goes as a bearer token to the address alone."""

    ingress: Ingress
    key: SecretStr | None
