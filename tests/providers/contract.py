"""What every provider must do, written once. A backend's test module supplies the stage and inherits the tests:

    class TestLiveKit(ProviderContract):
        @pytest.fixture
        async def stage(self) -> AsyncIterator[Stage]:
            ...
            yield LiveKitStage(provider, server)

Each claimed capability is exercised, each unclaimed one must refuse by name, and a test that does not apply is
skipped with the capability's name. Rooms are called by fresh names, so that the suite may run on a server that is in
use. Where a kind of server deviates for a good reason, override that one test there and give the reason.
"""

from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr

from providers.base import (
    AgentDispatch,
    ApiGrant,
    ApiTokenOptions,
    Backend,
    Call,
    CallRef,
    CallStatus,
    Capability,
    DialOptions,
    DispatchRef,
    EgressOptions,
    EgressRef,
    FileOutput,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressRef,
    ParticipantChanges,
    Provider,
    RecordingRef,
    RoomOptions,
    RoomRef,
    RuleChanges,
    RuleKind,
    RuleOptions,
    RuleRef,
    Signal,
    StreamRef,
    TokenOptions,
    TrunkChanges,
    TrunkDirection,
    TrunkOptions,
    TrunkRef,
)
from providers.errors import Unsupported
from tests.providers.contract_agents import Agents
from tests.providers.contract_egress import Egresses
from tests.providers.contract_ingress import Ingresses, IngressSenders
from tests.providers.contract_participants import (
    ParticipantRemoval,
    Participants,
    ParticipantsElsewhere,
    ParticipantUpdates,
)
from tests.providers.contract_recordings import RecordingOutputs, Recordings, RecordingSources, RecordingTrouble
from tests.providers.contract_rooms import RoomMetadata, RoomOptionsOnServer, Rooms
from tests.providers.contract_signals import Signals
from tests.providers.contract_sip import Calls, Rules, Trunks
from tests.providers.contract_streams import Destinations, Streams
from tests.providers.contract_tokens import ApiTokens, TokenPermissions, Tokens
from tests.providers.contract_tracks import Subscriptions, Tracks
from tests.providers.contract_webhooks import Webhooks
from tests.providers.stage import Stage

NOWHERE = RoomRef("nowhere", "no-such-id", "no-such-room")
NO_URL = SecretStr("rtmp://nowhere.invalid/live/no-such-key")
ELSEWHERE = RoomRef("nowhere", "no-such-id", "no-such-destination")
NO_INGRESS = IngressRef("nowhere", "no-such-id")
NO_CALL = Call(CallRef("nowhere", "no-such-id"), NOWHERE, CallStatus.ACTIVE, identity="no-such-phone")
METHODS: dict[Capability, Callable[[Provider], Awaitable[object]]] = {
    Capability.CREATE_ROOM: lambda p: p.create_room("refused", RoomOptions()),
    Capability.LIST_ROOMS: lambda p: p.list_rooms(),
    Capability.UPDATE_ROOM_METADATA: lambda p: p.update_room_metadata(NOWHERE, "{}"),
    Capability.CLOSE_ROOM: lambda p: p.close_room(NOWHERE),
    Capability.CREATE_TOKEN: lambda p: p.create_token(NOWHERE, TokenOptions("ana")),
    Capability.CREATE_API_TOKEN: lambda p: p.create_api_token(ApiTokenOptions(frozenset({ApiGrant.LIST_ROOMS}))),
    Capability.LIST_PARTICIPANTS: lambda p: p.list_participants(NOWHERE),
    Capability.UPDATE_PARTICIPANT: lambda p: p.update_participant(NOWHERE, "ana", ParticipantChanges(name="Ana")),
    Capability.REMOVE_PARTICIPANT: lambda p: p.remove_participant(NOWHERE, "ana"),
    Capability.MOVE_PARTICIPANT: lambda p: p.move_participant(NOWHERE, "ana", ELSEWHERE),
    Capability.FORWARD_PARTICIPANT: lambda p: p.forward_participant(NOWHERE, "ana", ELSEWHERE),
    Capability.MUTE_TRACK: lambda p: p.mute_track(NOWHERE, "ana", "no-such-track"),
    Capability.UNMUTE_TRACK: lambda p: p.unmute_track(NOWHERE, "ana", "no-such-track"),
    Capability.UPDATE_SUBSCRIPTIONS: lambda p: p.update_subscriptions(NOWHERE, "ana", ["no-track"], subscribe=True),
    Capability.SEND_SIGNAL: lambda p: p.send_signal(NOWHERE, Signal("hello")),
    Capability.START_RECORDING: lambda p: p.start_recording(NOWHERE, EgressOptions()),
    Capability.STOP_RECORDING: lambda p: p.stop_recording(RecordingRef("nowhere", "no-such-id")),
    Capability.LIST_RECORDINGS: lambda p: p.list_recordings(),
    Capability.UPDATE_RECORDING_LAYOUT: lambda p: p.update_recording_layout(
        RecordingRef("nowhere", "no-such-id"), "grid"
    ),
    Capability.START_STREAM: lambda p: p.start_stream(NOWHERE, EgressOptions(urls=(NO_URL,))),
    Capability.STOP_STREAM: lambda p: p.stop_stream(StreamRef("nowhere", "no-such-id")),
    Capability.LIST_STREAMS: lambda p: p.list_streams(),
    Capability.UPDATE_STREAM: lambda p: p.update_stream(StreamRef("nowhere", "no-such-id"), add=[NO_URL]),
    Capability.UPDATE_STREAM_LAYOUT: lambda p: p.update_stream_layout(StreamRef("nowhere", "no-such-id"), "grid"),
    Capability.START_EGRESS: lambda p: p.start_egress(NOWHERE, EgressOptions(file=FileOutput())),
    Capability.STOP_EGRESS: lambda p: p.stop_egress(EgressRef("nowhere", "no-such-id")),
    Capability.LIST_EGRESSES: lambda p: p.list_egresses(),
    Capability.UPDATE_EGRESS_LAYOUT: lambda p: p.update_egress_layout(EgressRef("nowhere", "no-such-id"), "grid"),
    Capability.CREATE_INGRESS: lambda p: p.create_ingress(IngressOptions(IngressInput.RTMP, "no-such-room", "cam")),
    Capability.LIST_INGRESSES: lambda p: p.list_ingresses(),
    Capability.UPDATE_INGRESS: lambda p: p.update_ingress(NO_INGRESS, IngressChanges(name="stage")),
    Capability.DELETE_INGRESS: lambda p: p.delete_ingress(NO_INGRESS),
    Capability.COPY_INGRESS: lambda p: p.copy_ingress(NO_INGRESS),
    Capability.CREATE_TRUNK: lambda p: p.create_trunk(TrunkOptions(TrunkDirection.INBOUND, numbers=("+15550100",))),
    Capability.LIST_TRUNKS: lambda p: p.list_trunks(),
    Capability.UPDATE_TRUNK: lambda p: p.update_trunk(TrunkRef("nowhere", "no-such-id"), TrunkChanges(name="main")),
    Capability.DELETE_TRUNK: lambda p: p.delete_trunk(TrunkRef("nowhere", "no-such-id")),
    Capability.CREATE_RULE: lambda p: p.create_rule(RuleOptions(RuleKind.DIRECT, "no-such-room")),
    Capability.LIST_RULES: lambda p: p.list_rules(),
    Capability.UPDATE_RULE: lambda p: p.update_rule(RuleRef("nowhere", "no-such-id"), RuleChanges(name="desk")),
    Capability.DELETE_RULE: lambda p: p.delete_rule(RuleRef("nowhere", "no-such-id")),
    Capability.DIAL: lambda p: p.dial(NOWHERE, DialOptions("+15550100", "no-such-trunk", "phone")),
    Capability.LIST_CALLS: lambda p: p.list_calls(NOWHERE),
    Capability.HANG_UP: lambda p: p.hang_up(NO_CALL),
    Capability.SEND_DTMF: lambda p: p.send_dtmf(NO_CALL, SecretStr("1")),
    Capability.TRANSFER_CALL: lambda p: p.transfer_call(NO_CALL, "+15550100"),
    Capability.DISPATCH_AGENT: lambda p: p.dispatch_agent(NOWHERE, "no-such-agent"),
    Capability.LIST_AGENT_DISPATCHES: lambda p: p.list_agent_dispatches(NOWHERE),
    Capability.REMOVE_AGENT_DISPATCH: lambda p: p.remove_agent_dispatch(
        AgentDispatch(DispatchRef("nowhere", "no-such-id"), NOWHERE, "no-such-agent")
    ),
}
"""Each method of a capability, called in vain."""

OPTIONS: dict[Capability, set[Capability]] = {
    Capability.CREATE_ROOM: {
        Capability.MAX_PARTICIPANTS,
        Capability.EMPTY_TIMEOUT,
        Capability.DEPARTURE_TIMEOUT,
        Capability.ROOM_METADATA,
        Capability.RECORD_FROM_START,
    },
    Capability.CREATE_TOKEN: {
        Capability.ROOM_MADE_ON_JOIN,
        Capability.TOKEN_METADATA,
        Capability.TOKEN_ATTRIBUTES,
        Capability.TOKEN_PERMISSIONS,
    },
    Capability.LIST_PARTICIPANTS: {Capability.PARTICIPANT_TRACKS},
    Capability.UPDATE_PARTICIPANT: {
        Capability.PARTICIPANT_METADATA,
        Capability.PARTICIPANT_ATTRIBUTES,
        Capability.PARTICIPANT_NAME,
        Capability.PARTICIPANT_PERMISSIONS,
        Capability.CLEAR_PARTICIPANT_TEXT,
    },
    Capability.SEND_SIGNAL: {Capability.SIGNAL_TOPIC, Capability.SIGNAL_LOSSY},
    Capability.START_RECORDING: {
        Capability.RECORDING_LAYOUT,
        Capability.RECORDING_AUDIO_ONLY,
        Capability.RECORDING_VIDEO_ONLY,
        Capability.RECORDING_PARTICIPANT,
        Capability.RECORDING_TRACKS,
        Capability.RECORDING_WEB,
        Capability.RECORDING_FORMAT,
        Capability.RECORDING_SEGMENTS,
        Capability.RECORDING_IMAGES,
        Capability.RECORDING_PRESET,
        Capability.RECORDING_ENCODING,
        Capability.RECORDING_OUTPUT,
    },
    Capability.START_STREAM: {
        Capability.STREAM_LAYOUT,
        Capability.STREAM_AUDIO_ONLY,
        Capability.STREAM_PRESET,
        Capability.STREAM_HLS,
    },
    Capability.CREATE_INGRESS: {
        Capability.INGRESS_RTMP,
        Capability.INGRESS_WHIP,
        Capability.INGRESS_URL,
        Capability.INGRESS_TRANSCODING,
        Capability.INGRESS_PRESET,
        Capability.INGRESS_SOURCE,
    },
}
"""What each method takes or shows that not every server knows."""


class Capabilities:
    async def test_what_is_not_claimed_refuses_by_name(self, stage: Stage) -> None:
        claimed = stage.provider.capabilities
        for capability, call in METHODS.items():
            if capability in claimed:
                continue
            with pytest.raises(Unsupported) as refusal:
                await call(stage.provider)
            assert refusal.value.detail == capability.value
            assert refusal.value.provider == stage.provider.name

    async def test_what_is_claimed_is_overridden(self, stage: Stage) -> None:
        overridden = {c for c in METHODS if getattr(type(stage.provider), c) is not getattr(Backend, c)}
        assert stage.provider.capabilities & METHODS.keys() <= overridden

    async def test_an_option_is_claimed_with_its_method_only(self, stage: Stage) -> None:
        for method, options in OPTIONS.items():
            assert method in stage.provider.capabilities or not options & stage.provider.capabilities

    async def test_ping_answers_and_closing_twice_is_harmless(self, stage: Stage) -> None:
        assert stage.provider.name
        assert stage.provider.kind == type(stage.provider).__module__.split(".")[1]
        await stage.provider.ping()
        await stage.provider.aclose()
        await stage.provider.aclose()

    async def test_no_secret_shows(self, stage: Stage) -> None:
        shown = [repr(stage.provider), str(stage.provider), stage.provider.address, repr(vars(stage.provider))]
        if Capability.CREATE_TOKEN in stage.provider.capabilities:
            token = await stage.provider.create_token(RoomRef(stage.provider.name, "", "x"), TokenOptions("ana"))
            shown.append(repr(token))
            assert token.token.get_secret_value() not in repr(token)
        assert stage.secrets
        for secret in stage.secrets:
            assert all(secret not in text for text in shown)


class ProviderContract(
    Capabilities,
    Rooms,
    RoomMetadata,
    RoomOptionsOnServer,
    Tokens,
    TokenPermissions,
    ApiTokens,
    Participants,
    ParticipantUpdates,
    ParticipantRemoval,
    ParticipantsElsewhere,
    Tracks,
    Subscriptions,
    Signals,
    Recordings,
    RecordingSources,
    RecordingOutputs,
    RecordingTrouble,
    Streams,
    Destinations,
    Egresses,
    Ingresses,
    IngressSenders,
    Trunks,
    Rules,
    Calls,
    Agents,
    Webhooks,
):
    """Everything that is asked of a provider."""
