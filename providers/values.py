"""The values that go into a provider and come out of it: rooms, tokens, participants, tracks, signals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import SecretStr


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
    """What a server says of a live room. `participants` counts people and ingresses, not recorders or agents."""

    ref: RoomRef
    created_at: datetime | None = None
    participants: int = 0
    max_participants: int | None = None
    metadata: str = ""
    recording: bool = False
    empty_timeout: timedelta | None = None
    departure_timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """How a room is to be made. None leaves it to the server. `record`: from its start, arranged by `layout`."""

    max_participants: int | None = None
    empty_timeout: timedelta | None = None
    departure_timeout: timedelta | None = None
    metadata: str | None = None
    record: bool = False
    layout: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedRoom:
    """`existed`: the room was there already and was returned as it is; none of the options was applied to it.

    Whether it is recorded, where that was asked for, its recordings tell.
    """

    room: Room
    existed: bool


class Grant(StrEnum):
    """What the holder of a token may do: watch; watch and send; that, and command others."""

    SUBSCRIBER = "subscriber"
    PUBLISHER = "publisher"
    MODERATOR = "moderator"


class TrackKind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"
    DATA = "data"


class TrackSource(StrEnum):
    """What a track shows or carries, as the publisher's client said."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN_SHARE = "screen_share"
    SCREEN_SHARE_AUDIO = "screen_share_audio"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Track:
    """What somebody publishes. `id` is the server's, new at every publishing. `codec`: a MIME type such as `video/VP8`.

    `width` and `height` in pixels. An `encrypted` one, end to end, cannot be recorded by the server.
    """

    id: str
    kind: TrackKind
    source: TrackSource = TrackSource.UNKNOWN
    name: str = ""
    muted: bool = False
    published_at: datetime | None = None
    codec: str = ""
    width: int | None = None
    height: int | None = None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a participant may do in the room. `sources`: what may be published, everything where it is empty.

    `can_update_metadata`: change the metadata, name and attributes of oneself. `hidden`: invisible to the others.
    `can_manage_agent_session`: command the agents in the room.
    """

    can_subscribe: bool = True
    can_publish: bool = True
    can_publish_data: bool = True
    sources: tuple[TrackSource, ...] = ()
    can_update_metadata: bool = False
    can_subscribe_metrics: bool = False
    can_manage_agent_session: bool = False
    hidden: bool = False

    def may_publish(self, source: TrackSource) -> bool:
        return self.can_publish and (not self.sources or source in self.sources)

    def changed(self, changes: "PermissionChanges") -> "Permissions":
        """These, but for what `changes` names.

        Who may not publish may publish no source, so a limit of sources is not kept for later: LiveKit takes a list of
        sources for the right to publish them.
        """
        changed = replace(self, **changes.named())
        return changed if changed.can_publish else replace(changed, sources=())


@dataclass(frozen=True, slots=True)
class PermissionChanges:
    """None leaves a permission as it is. `sources` are allowed to be published, every source where it is empty."""

    can_subscribe: bool | None = None
    can_publish: bool | None = None
    can_publish_data: bool | None = None
    sources: tuple[TrackSource, ...] | None = None
    can_update_metadata: bool | None = None
    can_subscribe_metrics: bool | None = None
    can_manage_agent_session: bool | None = None
    hidden: bool | None = None

    def named(self) -> dict[str, Any]:
        """Those that are changed, by name. Naming sources, be it all of them, allows publishing too."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        implied = {} if self.sources is None else {"can_publish": True}
        return implied | {name: value for name, value in values.items() if value is not None}

    def __bool__(self) -> bool:
        return bool(self.named())


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """`identity` is the participant's key in the room, `name` what others see. `ttl`: how long it admits.

    `permissions` differ from what the `grant` says where they are not None.
    """

    identity: str
    name: str = ""
    grant: Grant = Grant.PUBLISHER
    permissions: PermissionChanges = PermissionChanges()
    ttl: timedelta = timedelta(hours=1)
    metadata: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def permitted(self) -> Permissions:
        """What the holder may do, grant and permissions together."""
        sends = self.grant is not Grant.SUBSCRIBER
        return Permissions(can_publish=sends, can_publish_data=sends).changed(self.permissions)


@dataclass(frozen=True, slots=True)
class JoinToken:
    """Admits one person to one room. `url` is the address that clients connect to."""

    token: SecretStr
    url: str
    room: RoomRef
    identity: str
    expires_at: datetime


class ApiGrant(StrEnum):
    """What a program may ask of the server's API. `ADMIN` is for one room; the last three are LiveKit Cloud's."""

    CREATE_ROOMS = "create_rooms"
    LIST_ROOMS = "list_rooms"
    ADMIN = "admin"
    RECORD = "record"
    INGRESS = "ingress"
    SIP = "sip"
    SIP_CALL = "sip_call"
    INFERENCE = "inference"
    OBSERVABILITY = "observability"
    AGENTS = "agents"


@dataclass(frozen=True, slots=True)
class ApiTokenOptions:
    """`room` is the one that `ADMIN` is for; `destination` another that its participants may be moved to."""

    grants: frozenset[ApiGrant]
    room: str = ""
    destination: str = ""
    ttl: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """Lets a program call the server's API at `url`, without the key and secret."""

    token: SecretStr
    url: str
    expires_at: datetime


class ParticipantKind(StrEnum):
    """Who is behind a participant. `OBSERVER` is one that the others do not see."""

    PERSON = "person"
    PHONE = "phone"
    OBSERVER = "observer"
    INGRESS = "ingress"
    EGRESS = "egress"
    AGENT = "agent"
    BRIDGE = "bridge"


class ConnectionQuality(StrEnum):
    LOST = "lost"
    POOR = "poor"
    GOOD = "good"
    EXCELLENT = "excellent"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody or something in a room. `id` is the server's, new at every join; `identity` is ours to choose.

    `permissions` and `quality` are None where the server does not tell.
    """

    id: str
    identity: str
    name: str = ""
    joined_at: datetime | None = None
    is_publisher: bool = False
    kind: ParticipantKind = ParticipantKind.PERSON
    tracks: tuple[Track, ...] = ()
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    permissions: Permissions | None = None
    quality: ConnectionQuality | None = None

    @property
    def is_person(self) -> bool:
        """False for recorders, ingresses, agents and hidden observers."""
        return self.kind in (ParticipantKind.PERSON, ParticipantKind.PHONE)

    @property
    def shown_name(self) -> str:
        return self.name or self.identity

    def brief(self) -> "Participant":
        """Who it is, without what an application keeps with them, which may be large and is nobody else's to store."""
        return replace(self, tracks=(), metadata="", attributes={}, permissions=None, quality=None)


@dataclass(frozen=True, slots=True)
class ParticipantChanges:
    """None leaves a thing as it is. Attributes are merged; one with an empty value is deleted."""

    name: str | None = None
    metadata: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    permissions: PermissionChanges = PermissionChanges()


@dataclass(frozen=True, slots=True)
class Signal:
    """A data message to the identities `to`, to everybody where that is empty.

    `lossy`: it may be lost on the way and is not sent again.
    """

    message: str
    to: tuple[str, ...] = ()
    topic: str = ""
    lossy: bool = False
