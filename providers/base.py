"""What every provider has in common: the contract, the refusing base, and the values that go in and out.

To add a server, subclass `Backend` in a package of its own and override what the server can do. What is not
overridden refuses by name, and `capabilities` follows from it, so that the two cannot disagree.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from providers.addresses import shown_address, shown_location
from providers.backend import Backend
from providers.capability import Capability
from providers.egress import (
    Egress,
    EgressOptions,
    EgressRef,
    Encoding,
    FileFormat,
    FileOutput,
    ImagesOutput,
    SegmentsOutput,
)
from providers.egress_source import WHOLE_ROOM, EgressKind, EgressSource, EgressTrouble
from providers.feeds import (
    Call,
    CallRef,
    CallStatus,
    Destination,
    DestinationStatus,
    Ingress,
    IngressRef,
    IngressStatus,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.limits import Limits, NamedOutput
from providers.recordings import Recording, RecordingRef, RecordingStatus, Written, WrittenKind
from providers.resending import Resending
from providers.values import (
    ApiGrant,
    ApiToken,
    ApiTokenOptions,
    ConnectionQuality,
    CreatedRoom,
    Grant,
    JoinToken,
    Participant,
    ParticipantChanges,
    ParticipantKind,
    PermissionChanges,
    Permissions,
    Room,
    RoomOptions,
    RoomRef,
    Signal,
    TokenOptions,
    Track,
    TrackKind,
    TrackSource,
)

if TYPE_CHECKING:
    from providers.facts import Fact

__all__ = [
    "WHOLE_ROOM",
    "ApiGrant",
    "ApiToken",
    "ApiTokenOptions",
    "Backend",
    "Call",
    "CallRef",
    "CallStatus",
    "Capability",
    "ConnectionQuality",
    "CreatedRoom",
    "Destination",
    "DestinationStatus",
    "Egress",
    "EgressKind",
    "EgressOptions",
    "EgressRef",
    "EgressSource",
    "EgressTrouble",
    "Encoding",
    "FileFormat",
    "FileOutput",
    "Grant",
    "ImagesOutput",
    "Ingress",
    "IngressRef",
    "IngressStatus",
    "JoinToken",
    "Limits",
    "NamedOutput",
    "Participant",
    "ParticipantChanges",
    "ParticipantKind",
    "PermissionChanges",
    "Permissions",
    "Provider",
    "Recording",
    "RecordingRef",
    "RecordingStatus",
    "Resending",
    "Room",
    "RoomOptions",
    "RoomRef",
    "SegmentsOutput",
    "Signal",
    "Stream",
    "StreamRef",
    "StreamStatus",
    "TokenOptions",
    "Track",
    "TrackKind",
    "TrackSource",
    "Written",
    "WrittenKind",
    "shown_address",
    "shown_location",
]


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
    def editions(self) -> Mapping[Capability, str]:
        """What only some servers of this kind can do, and which: so that a refusal can say where it can be had."""

    @property
    def lacking_because(self) -> Mapping[Capability, str]:
        """Why this installation cannot do what its kind can, for people."""

    @property
    def notes(self) -> Mapping[str, str]:
        """What else looking at the installation has shown, for people: each by what it is of."""

    @property
    def limits(self) -> Limits: ...

    @property
    def address(self) -> str:
        """Where it is, without secrets, for people."""

    @property
    def webhook_kinds(self) -> tuple[str, ...]:
        """The callback kinds, one route each; `("",)` for a server with a single webhook URL; empty for none."""

    @property
    def resending(self) -> Resending:
        """How a webhook is refused so that this kind of server sends it again."""

    async def ping(self) -> None:
        """Make one cheap call that needs our credentials."""

    async def inspect(self) -> None:
        """Find out what this installation lacks: `capabilities` follows. Changes nothing on the server."""

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        """Make the room, or return the live one of this name."""

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        """The live rooms, those called `names` only where names are given."""

    async def update_room_metadata(self, room: RoomRef, metadata: str) -> Room:
        """Replace the room's metadata; an empty one clears it. `NotFound` when this life is over."""

    async def close_room(self, room: RoomRef) -> None:
        """End this life of the room and disconnect everybody. `NotFound` when this life is over already."""

    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        """Sign a token. Nothing is asked of the server where it does not have to be."""

    async def create_api_token(self, options: ApiTokenOptions) -> ApiToken:
        """Sign a token for a program that calls the server's API. `Unsupported` for a grant that this server lacks."""

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        """Who is in this life of the room, hidden ones and machines too.

        `NotFound` when the room is not live, never an empty list for it.
        """

    async def update_participant(self, room: RoomRef, identity: str, changes: ParticipantChanges) -> Participant:
        """Change what is named and leave the rest; returns the participant as it is then. `NotFound` when gone."""

    async def remove_participant(self, room: RoomRef, identity: str) -> None:
        """Disconnect somebody. A token that still admits lets them come back. `NotFound` when gone."""

    async def move_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        """Take somebody to another live room. `NotFound` when either is gone."""

    async def forward_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        """Show somebody in another live room too. `NotFound` when either is gone."""

    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        """Silence or darken a track for everybody; muting a muted one is no error. `NotFound` when gone.

        The track is one of this life of the room. Its id alone says which life is meant: a server that knows rooms by
        name need not look, so what comes of another life's track is not said.
        """

    async def unmute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        """Let it be heard or seen again. `Unsupported` where the installation forbids it; `NotFound` when gone."""

    async def update_subscriptions(
        self, room: RoomRef, identity: str, track_ids: Collection[str], *, subscribe: bool
    ) -> None:
        """Let somebody receive tracks of others, or no longer. `NotFound` for a participant or track not in the room,
        `Rejected` for a track of their own."""

    async def send_signal(self, room: RoomRef, signal: Signal) -> None:
        """`NotFound` when the room, or one of those it is for, is gone; nobody gets it then."""

    async def start_recording(self, room: RoomRef | None, options: EgressOptions) -> Recording:
        """`room` is None exactly where the source has none. Where nothing is said of what is written, it is one file.

        `NoWorker` where the server has nobody who could, and has begun nothing by the time of the answer.
        """

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        """Ask it to end; it ends some time later. `Conflict` when it has ended already, `LeftBehind` when the server
        knows of it but nobody works on it any more."""

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        """Those that the server remembers, of this life of a room where one is given, newest first."""

    async def update_recording_layout(self, recording: RecordingRef, layout: str) -> Recording:
        """Arrange the participants otherwise. `Conflict` when it has ended, or is not of a whole room."""

    async def start_stream(self, room: RoomRef | None, options: EgressOptions) -> Stream:
        """To the options' URLs, by HLS where segments are asked for, or both. Otherwise like `start_recording`."""

    async def stop_stream(self, stream: StreamRef) -> Stream:
        """Like `stop_recording`."""

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        """Like `list_recordings`."""

    async def update_stream(
        self, stream: StreamRef, *, add: Collection[SecretStr] = (), remove: Collection[SecretStr] = ()
    ) -> Stream:
        """Add and remove destinations in one call, by their whole URLs. `NotFound` for one to remove that it does not
        go to; `Conflict` when it has ended. One without destinations, that does nothing else, ends."""

    async def update_stream_layout(self, stream: StreamRef, layout: str) -> Stream:
        """Like `update_recording_layout`."""

    async def start_egress(self, room: RoomRef | None, options: EgressOptions) -> Egress:
        """Whatever the server can take, to wherever it can send it, in one go. Otherwise like `start_recording`."""

    async def stop_egress(self, egress: EgressRef) -> Egress:
        """Like `stop_recording`."""

    async def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        """Newest first. An unknown `id` gives an empty list. `active`: those that have not ended."""

    async def update_egress_layout(self, egress: EgressRef, layout: str) -> Egress:
        """Like `update_recording_layout`."""

    def destination_id(self, url: SecretStr) -> str:
        """What `Destination.id` will be of that URL: it says nothing of the key."""

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> "list[Fact]":
        """Verify a delivery and say what it tells. `Forged` when it does not verify. Header names are lower case."""

    async def aclose(self) -> None: ...
