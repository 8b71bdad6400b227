"""The contract: what every provider is asked for, and what it answers and raises."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from providers.agents import AgentDispatch
from providers.capability import Capability
from providers.egress import Egress, EgressOptions, EgressRef
from providers.ingress import CreatedIngress, Ingress, IngressChanges, IngressOptions, IngressRef
from providers.limits import Limits
from providers.recordings import Recording, RecordingRef
from providers.resending import Resending
from providers.sip import (
    Call,
    DialOptions,
    Rule,
    RuleChanges,
    RuleOptions,
    RuleRef,
    Trunk,
    TrunkChanges,
    TrunkOptions,
    TrunkRef,
)
from providers.streams import Stream, StreamRef
from providers.values import (
    ApiToken,
    ApiTokenOptions,
    CreatedRoom,
    JoinToken,
    Participant,
    ParticipantChanges,
    Room,
    RoomOptions,
    RoomRef,
    Signal,
    TokenOptions,
    Track,
)

if TYPE_CHECKING:
    from providers.facts import Fact


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

    async def create_ingress(self, options: IngressOptions) -> CreatedIngress:
        """Let somebody send into a room. `NoWorker` for one that is fetched where nobody could fetch it."""

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        """Those into a room of that name, whatever its life, where one is given. An unknown `id` gives none."""

    async def update_ingress(self, ingress: IngressRef, changes: IngressChanges) -> Ingress:
        """Change what is named and leave the rest. While something comes in, it may count from the next time on.

        `NotFound` when gone, `Conflict` for one that cannot be changed, `PartlyDone` where it takes more than one step
        and another one than the first fails.
        """

    async def delete_ingress(self, ingress: IngressRef) -> Ingress:
        """Nobody can send by its key any more, and whoever does is cut off. Returns it as it was, but deleted.

        `NotFound` when gone.
        """

    async def copy_ingress(self, ingress: IngressRef) -> CreatedIngress:
        """Another one with all of its settings, and an id and a key of its own: no server gives one a new key.

        `NotFound` when gone, `Conflict` for one that is fetched.
        """

    async def create_trunk(self, options: TrunkOptions) -> Trunk:
        """`Conflict` where another one has the same number, `Rejected` where it could let anybody in."""

    async def list_trunks(self) -> list[Trunk]:
        """Those that calls come in by, and those that they go out by."""

    async def update_trunk(self, trunk: TrunkRef, changes: TrunkChanges) -> Trunk:
        """Change what is named and leave the rest. `NotFound` when gone; otherwise like `create_trunk`."""

    async def delete_trunk(self, trunk: TrunkRef) -> None:
        """`NotFound` when gone."""

    async def create_rule(self, options: RuleOptions) -> Rule:
        """`Conflict` where another one already says it of the same calls."""

    async def list_rules(self) -> list[Rule]:
        """In the order in which they were made."""

    async def update_rule(self, rule: RuleRef, changes: RuleChanges) -> Rule:
        """Change what is named and leave the rest. `NotFound` when gone; otherwise like `create_rule`."""

    async def delete_rule(self, rule: RuleRef) -> None:
        """`NotFound` when gone."""

    async def dial(self, room: RoomRef, options: DialOptions) -> Call:
        """Call somebody into a live room; returns when it rings, or begins to. `NoWorker` where nothing places calls,
        `NotFound` when the room or the trunk is gone."""

    async def list_calls(self, room: RoomRef) -> list[Call]:
        """Those of this life of a room that have not ended. `NotFound` when the room is not live."""

    async def hang_up(self, call: Call) -> None:
        """`NotFound` when it has ended."""

    async def send_dtmf(self, call: Call, digits: SecretStr) -> None:
        """Press keys for the other side to hear: digits, `*`, `#`, A to D, and `w`, which waits half a second.

        `NotFound` when the call has ended.
        """

    async def transfer_call(self, call: Call, number: str) -> None:
        """Hand the call on to another number; it leaves the room.

        `NotFound` when it has ended, `Conflict` where the other side refuses.
        """

    async def dispatch_agent(self, room: RoomRef, agent: str, metadata: str = "") -> AgentDispatch:
        """Ask an agent into a live room. Whether a worker of that name takes it, its jobs tell later."""

    async def list_agent_dispatches(self, room: RoomRef) -> list[AgentDispatch]:
        """Those of this life of a room. `NotFound` when it is not live."""

    async def remove_agent_dispatch(self, dispatch: AgentDispatch) -> None:
        """Its agents leave some time later. `NotFound` when gone."""

    def destination_id(self, url: SecretStr) -> str:
        """What `Destination.id` will be of that URL: it says nothing of the key."""

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> "list[Fact]":
        """Verify a delivery and say what it tells. `Forged` when it does not verify. Header names are lower case."""

    async def aclose(self) -> None: ...
