"""The in-memory server behind the contract of every other: each call takes its time and may meet trouble."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import ParamSpec, TypeVar

from pydantic import SecretStr

from providers.base import (
    AgentDispatch,
    ApiGrant,
    ApiToken,
    ApiTokenOptions,
    Backend,
    Call,
    Capability,
    CreatedIngress,
    CreatedRoom,
    DialOptions,
    Egress,
    EgressOptions,
    EgressRef,
    FileFormat,
    Ingress,
    IngressChanges,
    IngressOptions,
    IngressRef,
    JoinToken,
    Limits,
    NamedOutput,
    Participant,
    ParticipantChanges,
    Recording,
    RecordingRef,
    Room,
    RoomOptions,
    RoomRef,
    Rule,
    RuleChanges,
    RuleOptions,
    RuleRef,
    Signal,
    Stream,
    StreamRef,
    TokenOptions,
    Track,
    Trunk,
    TrunkChanges,
    TrunkOptions,
    TrunkRef,
)
from providers.errors import ProviderError, Rejected, TimedOut
from providers.facts import Fact
from providers.memory import egress_record, ingress_rules, tokens, webhooks
from providers.memory.sender import Sender
from providers.memory.server import MemoryServer
from providers.memory.settings import MemorySettings

P = ParamSpec("P")
T = TypeVar("T")

LAYOUTS = ("grid", "speaker", "single-speaker")
PRESETS = ("h264-720p-30", "h264-720p-60", "h264-1080p-30", "h264-1080p-60", "portrait-h264-720p-30")
STREAM_SCHEMES = ("rtmp", "rtmps", "srt")


class Memory(Backend):
    """`server` is the server itself, for whoever plays the people in its rooms."""

    kind = "memory"
    options = frozenset(capability for capability in Capability if not hasattr(Backend, capability))
    webhook_kinds = ("",)

    def __init__(self, name: str, settings: MemorySettings) -> None:
        super().__init__(name, _limits(settings))
        self._settings = settings
        self._sender: Sender | None = None
        if settings.webhook_url is not None and settings.webhook_secret is not None:
            self._sender = Sender(settings.webhook_url, settings.webhook_secret)
        self.server = MemoryServer(name, settings, self.limits, self._told)
        self._goes_on = False

    def take_over(self, before: "Memory") -> None:
        """Speak to the server of another instance. See `outlive`."""
        self.server.stop()
        self.server, self._sender = before.server, before._sender

    def outlive(self) -> None:
        """Let the server, and the webhooks on their way, go on after `aclose`, as a server elsewhere would."""
        self._goes_on = True

    @property
    def address(self) -> str:
        return f"memory://{self.name}"

    async def settled(self) -> None:
        """Return when nothing is on its way from one status to the next and every webhook is delivered, or dropped."""
        await self.server.settled()
        if self._sender is not None:
            await self._sender.idle()

    async def ping(self) -> None:
        await self._ask(self.server.ping)

    async def inspect(self) -> None:
        self.lacking_because = await self._ask(self.server.inspect)
        self.lacking = frozenset(self.lacking_because)

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        return await self._ask(self.server.create_room, name, options)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        return await self._ask(self.server.list_rooms, names)

    async def update_room_metadata(self, room: RoomRef, metadata: str) -> Room:
        return await self._ask(self.server.update_room_metadata, room, metadata)

    async def close_room(self, room: RoomRef) -> None:
        await self._ask(self.server.close_room, room)

    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        self._require_fit(self.limits.identity_problem(options.identity), "create_token")
        return tokens.sign(self.server.token_secret, room, options, self.address)

    async def create_api_token(self, options: ApiTokenOptions) -> ApiToken:
        if not options.grants:
            self._require_fit("A token for a program needs at least one grant.", "create_api_token")
        if ApiGrant.ADMIN in options.grants:
            self._require_fit(self.limits.room_name_problem(options.room), "create_api_token")
        return tokens.sign_for_api(self.server.token_secret, self.name, options, self.address)

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        return await self._ask(self.server.list_participants, room)

    async def update_participant(self, room: RoomRef, identity: str, changes: ParticipantChanges) -> Participant:
        return await self._ask(self.server.update_participant, room, identity, changes)

    async def remove_participant(self, room: RoomRef, identity: str) -> None:
        await self._ask(self.server.remove_participant, room, identity)

    async def move_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        await self._ask(self.server.move_participant, room, identity, destination)

    async def forward_participant(self, room: RoomRef, identity: str, destination: RoomRef) -> None:
        await self._ask(self.server.forward_participant, room, identity, destination)

    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        return await self._ask(self.server.mute_track, room, identity, track_id)

    async def unmute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        return await self._ask(self.server.unmute_track, room, identity, track_id)

    async def update_subscriptions(
        self, room: RoomRef, identity: str, track_ids: Collection[str], *, subscribe: bool
    ) -> None:
        await self._ask(self.server.update_subscriptions, room, identity, track_ids, subscribe=subscribe)

    async def send_signal(self, room: RoomRef, signal: Signal) -> None:
        await self._ask(self.server.send_signal, room, signal)

    async def start_recording(self, room: RoomRef | None, options: EgressOptions) -> Recording:
        return await self._ask(self.server.start_recording, room, options)

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        return await self._ask(self.server.stop_recording, recording.id)

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        return await self._ask(self.server.list_recordings, room)

    async def update_recording_layout(self, recording: RecordingRef, layout: str) -> Recording:
        return await self._ask(self.server.update_recording_layout, recording.id, layout)

    async def start_stream(self, room: RoomRef | None, options: EgressOptions) -> Stream:
        return await self._ask(self.server.start_stream, room, options)

    async def stop_stream(self, stream: StreamRef) -> Stream:
        return await self._ask(self.server.stop_stream, stream.id)

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        return await self._ask(self.server.list_streams, room)

    async def update_stream(
        self, stream: StreamRef, *, add: Collection[SecretStr] = (), remove: Collection[SecretStr] = ()
    ) -> Stream:
        return await self._ask(self.server.update_stream, stream.id, add=add, remove=remove)

    async def update_stream_layout(self, stream: StreamRef, layout: str) -> Stream:
        return await self._ask(self.server.update_stream_layout, stream.id, layout)

    async def start_egress(self, room: RoomRef | None, options: EgressOptions) -> Egress:
        return await self._ask(self.server.start_egress, room, options)

    async def stop_egress(self, egress: EgressRef) -> Egress:
        return await self._ask(self.server.stop_egress, egress.id)

    async def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        return await self._ask(self.server.list_egresses, room, id=id, active=active)

    async def update_egress_layout(self, egress: EgressRef, layout: str) -> Egress:
        return await self._ask(self.server.update_egress_layout, egress.id, layout)

    async def create_ingress(self, options: IngressOptions) -> CreatedIngress:
        return await self._ask(self.server.create_ingress, options)

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        return await self._ask(self.server.list_ingresses, room, id=id)

    async def update_ingress(self, ingress: IngressRef, changes: IngressChanges) -> Ingress:
        return await self._ask(self.server.update_ingress, ingress.id, changes)

    async def delete_ingress(self, ingress: IngressRef) -> Ingress:
        return await self._ask(self.server.delete_ingress, ingress.id)

    async def copy_ingress(self, ingress: IngressRef) -> CreatedIngress:
        return await self._ask(self.server.copy_ingress, ingress.id)

    async def create_trunk(self, options: TrunkOptions) -> Trunk:
        return await self._ask(self.server.create_trunk, options)

    async def list_trunks(self) -> list[Trunk]:
        return await self._ask(self.server.list_trunks)

    async def update_trunk(self, trunk: TrunkRef, changes: TrunkChanges) -> Trunk:
        return await self._ask(self.server.update_trunk, trunk.id, changes)

    async def delete_trunk(self, trunk: TrunkRef) -> None:
        await self._ask(self.server.delete_trunk, trunk.id)

    async def create_rule(self, options: RuleOptions) -> Rule:
        return await self._ask(self.server.create_rule, options)

    async def list_rules(self) -> list[Rule]:
        return await self._ask(self.server.list_rules)

    async def update_rule(self, rule: RuleRef, changes: RuleChanges) -> Rule:
        return await self._ask(self.server.update_rule, rule.id, changes)

    async def delete_rule(self, rule: RuleRef) -> None:
        await self._ask(self.server.delete_rule, rule.id)

    async def dial(self, room: RoomRef, options: DialOptions) -> Call:
        return await self._ask(self.server.dial, room, options)

    async def list_calls(self, room: RoomRef) -> list[Call]:
        return await self._ask(self.server.list_calls, room)

    async def hang_up(self, call: Call) -> None:
        await self._ask(self.server.hang_up, call.ref.id)

    async def send_dtmf(self, call: Call, digits: SecretStr) -> None:
        await self._ask(self.server.send_dtmf, call.ref.id, digits)

    async def transfer_call(self, call: Call, number: str) -> None:
        await self._ask(self.server.transfer_call, call.ref.id, number)

    async def dispatch_agent(self, room: RoomRef, agent: str, metadata: str = "") -> AgentDispatch:
        return await self._ask(self.server.dispatch_agent, room, agent, metadata)

    async def list_agent_dispatches(self, room: RoomRef) -> list[AgentDispatch]:
        return await self._ask(self.server.list_agent_dispatches, room)

    async def remove_agent_dispatch(self, dispatch: AgentDispatch) -> None:
        await self._ask(self.server.remove_agent_dispatch, dispatch.ref.id)

    def destination_id(self, url: SecretStr) -> str:
        return egress_record.destination_id(url)

    def read_webhook(self, kind: str, headers: Mapping[str, str], body: bytes) -> list[Fact]:
        return webhooks.read(self.name, self._settings.webhook_secret, headers, body)

    async def aclose(self) -> None:
        if self._goes_on:
            return
        self.server.stop()
        if self._sender is not None:
            await self._sender.aclose()

    def _told(self, fact: Fact) -> None:
        if self._sender is not None:
            self._sender.send(fact)

    def _require_fit(self, problem: str | None, operation: str) -> None:
        if problem is not None:
            raise Rejected(problem, provider=self.name, operation=operation)

    async def _ask(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Wait as long as the server takes, meet the trouble that it is told to make, then call its method."""
        operation = method.__name__
        try:
            async with asyncio.timeout(self._settings.deadline_seconds):
                await asyncio.sleep(self.server.delay_seconds)
        except TimeoutError:
            raise TimedOut(provider=self.name, operation=operation) from None
        faults = self.server.faults
        if fault := faults.get(operation) or faults.get("*"):
            raise fault("made on demand", provider=self.name, operation=operation)
        try:
            return method(*args, **kwargs)
        except ProviderError as error:
            error.operation = operation
            raise


def _limits(settings: MemorySettings) -> Limits:
    return Limits(
        layouts=LAYOUTS,
        presets=PRESETS,
        formats=tuple(FileFormat),
        outputs=tuple(NamedOutput(name, Memory.kind, place) for name, place in settings.outputs.items()),
        stream_schemes=STREAM_SCHEMES,
        ingress_schemes=ingress_rules.SCHEMES,
        ingress_presets=ingress_rules.PRESETS,
        ingress_audio_presets=ingress_rules.AUDIO_PRESETS,
        always_transcoded=ingress_rules.ALWAYS_TRANSCODED,
    )


PROVIDER = Memory
