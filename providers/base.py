"""The contract of every video server: `Provider`, the refusing `Backend`, and the values that go in and out.

To add a server, subclass `Backend` in a package of its own and override what the server can do. What is not
overridden refuses by name, and `capabilities` follows from it, so that the two cannot disagree.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import SecretStr

from providers.errors import Unsupported

if TYPE_CHECKING:
    from providers.facts import Fact


class Capability(StrEnum):
    """What a server may or may not be able to do.

    A member whose value names a method of `Backend` is that method's capability: derived from what is overridden.
    The others are options of a method; a backend declares them in `options`.
    """

    CREATE_ROOM = "create_room"
    LIST_ROOMS = "list_rooms"
    CLOSE_ROOM = "close_room"
    CREATE_TOKEN = "create_token"  # noqa: S105 - the name of a method
    LIST_PARTICIPANTS = "list_participants"
    START_RECORDING = "start_recording"
    STOP_RECORDING = "stop_recording"
    LIST_RECORDINGS = "list_recordings"

    MAX_PARTICIPANTS = "max_participants"
    EMPTY_TIMEOUT = "empty_timeout"
    DEPARTURE_TIMEOUT = "departure_timeout"
    ROOM_METADATA = "room_metadata"
    RECORD_FROM_START = "record_from_start"
    ROOM_MADE_ON_JOIN = "room_made_on_join"
    TOKEN_METADATA = "token_metadata"  # noqa: S105 - an option's name
    TOKEN_ATTRIBUTES = "token_attributes"  # noqa: S105 - an option's name
    RECORDING_LAYOUT = "recording_layout"
    RECORDING_AUDIO_ONLY = "recording_audio_only"


@dataclass(frozen=True, slots=True)
class RoomRef:
    """One life of a room. `id` is what the server assigned to this life (LiveKit's sid, OpenTok's session id).

    `id` is empty for a room that is not there yet, where the server makes it when somebody joins.
    """

    provider: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Room:
    """What a server says of a live room. `participants` counts people, not recorders or agents."""

    ref: RoomRef
    created_at: datetime | None = None
    participants: int = 0
    max_participants: int | None = None
    metadata: str = ""
    recording: bool = False


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """How a room is to be made. None leaves it to the server."""

    max_participants: int | None = None
    empty_timeout: timedelta | None = None
    departure_timeout: timedelta | None = None
    metadata: str | None = None
    record: bool = False


@dataclass(frozen=True, slots=True)
class CreatedRoom:
    """`existed`: the room was there already and was returned as it is; none of the options was applied to it."""

    room: Room
    existed: bool


class Grant(StrEnum):
    """What the holder of a token may do: watch; watch and send; that, and command others."""

    SUBSCRIBER = "subscriber"
    PUBLISHER = "publisher"
    MODERATOR = "moderator"


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """`identity` is the participant's key in the room, `name` what others see. `ttl`: how long it admits."""

    identity: str
    name: str = ""
    grant: Grant = Grant.PUBLISHER
    ttl: timedelta = timedelta(hours=1)
    metadata: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JoinToken:
    """Admits one person to one room. `url` is the address that clients connect to."""

    token: SecretStr
    url: str
    room: RoomRef
    identity: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody or something in a room. `id` is the server's, new at every join; `identity` is ours to choose.

    `is_person` is false for recorders, ingresses, agents and hidden observers.
    """

    id: str
    identity: str
    name: str = ""
    joined_at: datetime | None = None
    is_publisher: bool = False
    is_person: bool = True


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
class RecordingOptions:
    layout: str | None = None
    audio_only: bool = False


@dataclass(frozen=True, slots=True)
class RecordingRef:
    provider: str
    id: str


@dataclass(frozen=True, slots=True)
class Recording:
    """`size` in bytes; `location` is where the file is (a path or URL without secrets); `error` why it failed."""

    ref: RecordingRef
    room: RoomRef
    status: RecordingStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: timedelta | None = None
    size: int | None = None
    location: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What this server takes, so that it can be said before the call. Lengths are in UTF-8 bytes."""

    room_name_bytes: int = 256
    identity_bytes: int = 256
    metadata_bytes: int = 64 * 1024
    max_participants: int = 10_000
    room_timeout_max: timedelta = timedelta(days=30)
    token_ttl_max: timedelta = timedelta(days=30)
    token_ttl_min: timedelta = timedelta(seconds=10)
    layouts: tuple[str, ...] = ()

    def room_name_problem(self, name: str) -> str | None:
        """What is wrong with `name` as the name of a room, as one sentence; None where it is fine."""
        return _name_problem("A room's name", name, self.room_name_bytes)

    def metadata_problem(self, metadata: str) -> str | None:
        if len(metadata.encode()) > self.metadata_bytes:
            return f"Metadata can have {self.metadata_bytes:,} bytes."
        return None

    def identity_problem(self, identity: str) -> str | None:
        return _name_problem("An identity", identity, self.identity_bytes)


def _name_problem(what: str, name: str, limit: int) -> str | None:
    if not name.strip():
        return f"{what} cannot be empty."
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        return f"{what} cannot hold control characters or line breaks."
    if (size := len(name.encode())) > limit:
        return f"{what} can be {limit} bytes long; this one has {size}."
    return None


class Provider(Protocol):
    """One configured video server. Every method raises only `providers.errors.ProviderError`."""

    @property
    def name(self) -> str:
        """What the configuration calls it (`livekit-eu`): unique in a deployment."""

    @property
    def kind(self) -> str:
        """Which module speaks to it (`livekit`)."""

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def address(self) -> str:
        """Where it is, without secrets, for people."""

    @property
    def webhook_kinds(self) -> tuple[str, ...]:
        """The callback kinds, one route each; `("",)` for a server with a single webhook URL; empty for none."""

    async def ping(self) -> None:
        """Make one cheap call that needs our credentials."""

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        """Make the room, or return the live one of this name."""

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        """The live rooms, those called `names` only where names are given."""

    async def close_room(self, room: RoomRef) -> None:
        """End this life of the room and disconnect everybody. `NotFound` when this life is over already."""

    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        """Sign a token. Nothing is asked of the server where it does not have to be."""

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        """Who is in this life of the room. `NotFound` when the room is not live, never an empty list for it."""

    async def start_recording(self, room: RoomRef, options: RecordingOptions) -> Recording: ...

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        """Ask it to end; it ends some time later. `Conflict` when it has ended already."""

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        """Those that the server remembers, of this life of a room where one is given, newest first."""

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> "list[Fact]":
        """Verify a delivery and say what it tells. `Forged` when it does not verify. Header names are lower case."""

    async def aclose(self) -> None: ...


class Backend:
    """Refuses everything that a server may lack. Subclasses override what theirs can do.

    `options` declares the option capabilities; `lacking`, set after looking at the installation (edition, workers),
    takes away from what the class could do. Both are looked up synchronously.
    """

    kind: ClassVar[str]
    options: ClassVar[frozenset[Capability]] = frozenset()
    webhook_kinds: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        self.name = name
        self.limits = limits or Limits()
        self.lacking: frozenset[Capability] = frozenset()

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._possible() - self.lacking

    @classmethod
    @cache  # asked several times for every command, and a class does not change
    def _possible(cls) -> frozenset[Capability]:
        overridden = (c for c in Capability if getattr(cls, c, None) is not getattr(Backend, c, None))
        return frozenset(overridden) | cls.options

    @property
    def address(self) -> str:
        return ""

    def _refuse(self, capability: Capability) -> Unsupported:
        return Unsupported(capability.value, provider=self.name, operation=capability.value)

    async def ping(self) -> None:
        """Servers that live elsewhere override this."""

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        raise self._refuse(Capability.CREATE_ROOM)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        raise self._refuse(Capability.LIST_ROOMS)

    async def close_room(self, room: RoomRef) -> None:
        raise self._refuse(Capability.CLOSE_ROOM)

    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        raise self._refuse(Capability.CREATE_TOKEN)

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        raise self._refuse(Capability.LIST_PARTICIPANTS)

    async def start_recording(self, room: RoomRef, options: RecordingOptions) -> Recording:
        raise self._refuse(Capability.START_RECORDING)

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        raise self._refuse(Capability.STOP_RECORDING)

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        raise self._refuse(Capability.LIST_RECORDINGS)

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> "list[Fact]":
        """A server without webhooks never has its route made, so there is nothing to read."""
        return []

    async def aclose(self) -> None:
        """Backends that hold connections override this."""
