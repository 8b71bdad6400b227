"""The base of every provider: refuses by name what is not overridden, and knows what is."""

import hashlib
from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from providers.agents import AgentDispatch
from providers.capability import Capability
from providers.egress import Egress, EgressOptions, EgressRef
from providers.errors import Unsupported
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


class Backend:
    """Refuses everything that a server may lack. Subclasses override what theirs can do.

    `options` declares the option capabilities; `lacking`, set after looking at the installation (edition, workers),
    takes away from what the class could do. Both are looked up synchronously. `lacking_because` says why, in a sentence
    for people, where the edition does not say it.
    """

    kind: ClassVar[str]
    options: ClassVar[frozenset[Capability]] = frozenset()
    webhook_kinds: ClassVar[tuple[str, ...]] = ()
    resending: ClassVar[Resending] = Resending()
    editions: ClassVar[Mapping[Capability, str]] = MappingProxyType({})

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        self.name = name
        self.limits = limits or Limits()
        self.lacking: frozenset[Capability] = frozenset()
        self.lacking_because: Mapping[Capability, str] = MappingProxyType({})

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._possible() - self.lacking

    @classmethod
    @cache  # asked several times for every command, and a class does not change
    def _possible(cls) -> frozenset[Capability]:
        overridden = (c for c in Capability if getattr(cls, c, None) is not getattr(Backend, c, None))
        return frozenset(overridden) | cls.options

    @property
    def notes(self) -> Mapping[str, str]:
        return {}

    @property
    def address(self) -> str:
        return ""

    def _refuse(self, capability: Capability) -> Unsupported:
        return Unsupported(capability.value, provider=self.name, operation=capability.value)

    async def ping(self) -> None:
        """Servers that live elsewhere override this."""

    async def inspect(self) -> None:
        """Servers whose installations differ override this."""

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        raise self._refuse(Capability.CREATE_ROOM)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        raise self._refuse(Capability.LIST_ROOMS)

    async def update_room_metadata(self, room: RoomRef, metadata: str) -> Room:
        raise self._refuse(Capability.UPDATE_ROOM_METADATA)

    async def close_room(self, room: RoomRef) -> None:
        raise self._refuse(Capability.CLOSE_ROOM)

    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        raise self._refuse(Capability.CREATE_TOKEN)

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        raise self._refuse(Capability.LIST_PARTICIPANTS)

    async def create_api_token(self, options: ApiTokenOptions) -> ApiToken:
        raise self._refuse(Capability.CREATE_API_TOKEN)

    async def update_participant(self, room: RoomRef, identity: str, changes: ParticipantChanges) -> Participant:
        raise self._refuse(Capability.UPDATE_PARTICIPANT)

    async def remove_participant(self, room: RoomRef, identity: str) -> None:
        raise self._refuse(Capability.REMOVE_PARTICIPANT)

    async def move_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        raise self._refuse(Capability.MOVE_PARTICIPANT)

    async def forward_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        raise self._refuse(Capability.FORWARD_PARTICIPANT)

    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        raise self._refuse(Capability.MUTE_TRACK)

    async def unmute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        raise self._refuse(Capability.UNMUTE_TRACK)

    async def update_subscriptions(
        self, room: RoomRef, identity: str, track_ids: Collection[str], *, subscribe: bool
    ) -> None:
        raise self._refuse(Capability.UPDATE_SUBSCRIPTIONS)

    async def send_signal(self, room: RoomRef, signal: Signal) -> None:
        raise self._refuse(Capability.SEND_SIGNAL)

    async def start_recording(self, room: RoomRef | None, options: EgressOptions) -> Recording:
        raise self._refuse(Capability.START_RECORDING)

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        raise self._refuse(Capability.STOP_RECORDING)

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        raise self._refuse(Capability.LIST_RECORDINGS)

    async def update_recording_layout(self, recording: RecordingRef, layout: str) -> Recording:
        raise self._refuse(Capability.UPDATE_RECORDING_LAYOUT)

    async def start_stream(self, room: RoomRef | None, options: EgressOptions) -> Stream:
        raise self._refuse(Capability.START_STREAM)

    async def stop_stream(self, stream: StreamRef) -> Stream:
        raise self._refuse(Capability.STOP_STREAM)

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        raise self._refuse(Capability.LIST_STREAMS)

    async def update_stream(
        self, stream: StreamRef, *, add: Collection[SecretStr] = (), remove: Collection[SecretStr] = ()
    ) -> Stream:
        raise self._refuse(Capability.UPDATE_STREAM)

    async def update_stream_layout(self, stream: StreamRef, layout: str) -> Stream:
        raise self._refuse(Capability.UPDATE_STREAM_LAYOUT)

    async def start_egress(self, room: RoomRef | None, options: EgressOptions) -> Egress:
        raise self._refuse(Capability.START_EGRESS)

    async def stop_egress(self, egress: EgressRef) -> Egress:
        raise self._refuse(Capability.STOP_EGRESS)

    async def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        raise self._refuse(Capability.LIST_EGRESSES)

    async def update_egress_layout(self, egress: EgressRef, layout: str) -> Egress:
        raise self._refuse(Capability.UPDATE_EGRESS_LAYOUT)

    async def create_ingress(self, options: IngressOptions) -> CreatedIngress:
        raise self._refuse(Capability.CREATE_INGRESS)

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        raise self._refuse(Capability.LIST_INGRESSES)

    async def update_ingress(self, ingress: IngressRef, changes: IngressChanges) -> Ingress:
        raise self._refuse(Capability.UPDATE_INGRESS)

    async def delete_ingress(self, ingress: IngressRef) -> Ingress:
        raise self._refuse(Capability.DELETE_INGRESS)

    async def copy_ingress(self, ingress: IngressRef) -> CreatedIngress:
        raise self._refuse(Capability.COPY_INGRESS)

    async def create_trunk(self, options: TrunkOptions) -> Trunk:
        raise self._refuse(Capability.CREATE_TRUNK)

    async def list_trunks(self) -> list[Trunk]:
        raise self._refuse(Capability.LIST_TRUNKS)

    async def update_trunk(self, trunk: TrunkRef, changes: TrunkChanges) -> Trunk:
        raise self._refuse(Capability.UPDATE_TRUNK)

    async def delete_trunk(self, trunk: TrunkRef) -> None:
        raise self._refuse(Capability.DELETE_TRUNK)

    async def create_rule(self, options: RuleOptions) -> Rule:
        raise self._refuse(Capability.CREATE_RULE)

    async def list_rules(self) -> list[Rule]:
        raise self._refuse(Capability.LIST_RULES)

    async def update_rule(self, rule: RuleRef, changes: RuleChanges) -> Rule:
        raise self._refuse(Capability.UPDATE_RULE)

    async def delete_rule(self, rule: RuleRef) -> None:
        raise self._refuse(Capability.DELETE_RULE)

    async def dial(self, room: RoomRef, options: DialOptions) -> Call:
        raise self._refuse(Capability.DIAL)

    async def list_calls(self, room: RoomRef) -> list[Call]:
        raise self._refuse(Capability.LIST_CALLS)

    async def hang_up(self, call: Call) -> None:
        raise self._refuse(Capability.HANG_UP)

    async def send_dtmf(self, call: Call, digits: SecretStr) -> None:
        raise self._refuse(Capability.SEND_DTMF)

    async def transfer_call(self, call: Call, number: str) -> None:
        raise self._refuse(Capability.TRANSFER_CALL)

    async def dispatch_agent(self, room: RoomRef, agent: str, metadata: str = "") -> AgentDispatch:
        raise self._refuse(Capability.DISPATCH_AGENT)

    async def list_agent_dispatches(self, room: RoomRef) -> list[AgentDispatch]:
        raise self._refuse(Capability.LIST_AGENT_DISPATCHES)

    async def remove_agent_dispatch(self, dispatch: AgentDispatch) -> None:
        raise self._refuse(Capability.REMOVE_AGENT_DISPATCH)

    def destination_id(self, url: SecretStr) -> str:
        """Servers whose answers cut the URL override this."""
        return hashlib.sha256(url.get_secret_value().encode(errors="surrogatepass")).hexdigest()[:12]

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> "list[Fact]":
        """A server without webhooks never has its route made, so there is nothing to read."""
        return []

    async def aclose(self) -> None:
        """Backends that hold connections override this."""
