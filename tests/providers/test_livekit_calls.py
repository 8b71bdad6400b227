"""What each method of the provider costs in calls to a LiveKit server, in their order.

`ListRooms` is nearly always there to see whether this life of the room goes on: the server itself knows names alone.
Muting does without: a track is of one life alone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from providers.base import (
    AgentDispatch,
    ApiGrant,
    ApiTokenOptions,
    Call,
    DialOptions,
    EgressKind,
    EgressOptions,
    EgressRef,
    EgressSource,
    FileOutput,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressRef,
    ParticipantChanges,
    PermissionChanges,
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
from providers.errors import Unreachable
from providers.livekit.provider import LiveKit
from tests.standins.egress.egress import ACTIVE
from tests.standins.livekit import LiveKitStandIn

URL = SecretStr("rtmp://a.example/app/key")
NUMBER = "+15551234567"
GOES_OUT = TrunkOptions(TrunkDirection.OUTBOUND, numbers=("+15550100",), address="sip.example.com")
LEADS_IN = RuleOptions(RuleKind.DIRECT, "here")


@dataclass(frozen=True)
class Scene:
    """Ana and Bo are in the room `here`, and each publishes a track. `egress` writes it and streams it, `ingress`
    waits for an encoder. Somebody is being called into `here` by `trunk`, and an agent has been asked there."""

    here: RoomRef
    there: RoomRef
    track_of_ana: str
    track_of_bo: str
    egress: str
    ingress: IngressRef
    trunk: TrunkRef
    rule: RuleRef
    call: Call
    dispatch: AgentDispatch


async def keys_pressed(livekit: LiveKit, scene: Scene) -> None:
    """The stand-in has no way in for clients."""
    with pytest.raises(Unreachable):
        await livekit.send_dtmf(scene.call, SecretStr("8"))


Calls = Callable[[LiveKit, Scene], Awaitable[object]]
COSTS: list[tuple[str, Calls, list[str]]] = [
    ("ping", lambda p, s: p.ping(), ["ListRooms"]),
    ("create_room", lambda p, s: p.create_room("retro", RoomOptions()), ["ListRooms", "CreateRoom"]),
    ("list_rooms", lambda p, s: p.list_rooms(), ["ListRooms"]),
    ("update_room_metadata", lambda p, s: p.update_room_metadata(s.here, "x"), ["ListRooms", "UpdateRoomMetadata"]),
    ("close_room", lambda p, s: p.close_room(s.here), ["ListRooms", "DeleteRoom"]),
    ("create_token", lambda p, s: p.create_token(s.here, TokenOptions("cy")), []),
    ("create_api_token", lambda p, s: p.create_api_token(ApiTokenOptions(frozenset({ApiGrant.RECORD}))), []),
    ("list_participants", lambda p, s: p.list_participants(s.here), ["ListParticipants", "ListRooms"]),
    (
        "update_participant",
        lambda p, s: p.update_participant(s.here, "ana", ParticipantChanges(name="Ana")),
        ["ListRooms", "UpdateParticipant"],
    ),
    (
        "update_participant with permissions",
        lambda p, s: p.update_participant(
            s.here, "ana", ParticipantChanges(permissions=PermissionChanges(can_publish=False))
        ),
        ["ListRooms", "GetParticipant", "UpdateParticipant"],
    ),
    ("remove_participant", lambda p, s: p.remove_participant(s.here, "ana"), ["ListRooms", "RemoveParticipant"]),
    ("move_participant", lambda p, s: p.move_participant(s.here, "ana", s.there), ["ListRooms", "MoveParticipant"]),
    (
        "forward_participant",
        lambda p, s: p.forward_participant(s.here, "ana", s.there),
        ["ListRooms", "ForwardParticipant"],
    ),
    ("mute_track", lambda p, s: p.mute_track(s.here, "ana", s.track_of_ana), ["MutePublishedTrack"]),
    ("unmute_track", lambda p, s: p.unmute_track(s.here, "ana", s.track_of_ana), ["MutePublishedTrack"]),
    (
        "update_subscriptions",
        lambda p, s: p.update_subscriptions(s.here, "ana", [s.track_of_bo], subscribe=False),
        ["ListParticipants", "ListRooms", "UpdateSubscriptions"],
    ),
    ("send_signal to all", lambda p, s: p.send_signal(s.here, Signal("hello")), ["ListRooms", "SendData"]),
    (
        "send_signal to some",
        lambda p, s: p.send_signal(s.here, Signal("hello", to=("ana", "bo"))),
        ["ListParticipants", "ListRooms", "SendData"],
    ),
    (
        "create_room that is recorded",
        lambda p, s: p.create_room("retro", RoomOptions(record=True)),
        ["ListRooms", "CreateRoom", "ListEgress"],
    ),
    (
        "start_recording",
        lambda p, s: p.start_recording(s.here, EgressOptions()),
        ["ListRooms", "ListEgress", "StartRoomCompositeEgress"],
    ),
    (
        "start_stream",
        lambda p, s: p.start_stream(s.here, EgressOptions(urls=(URL,))),
        ["ListRooms", "ListEgress", "StartRoomCompositeEgress"],
    ),
    (
        "start_egress of a page",
        lambda p, s: p.start_egress(None, EgressOptions(EgressSource(EgressKind.WEB, url="https://page.example"))),
        ["ListEgress", "StartWebEgress"],
    ),
    ("stop_recording", lambda p, s: p.stop_recording(RecordingRef("livekit", s.egress)), ["StopEgress"]),
    ("stop_stream", lambda p, s: p.stop_stream(StreamRef("livekit", s.egress)), ["StopEgress"]),
    ("stop_egress", lambda p, s: p.stop_egress(EgressRef("livekit", s.egress)), ["StopEgress"]),
    ("list_recordings", lambda p, s: p.list_recordings(s.here), ["ListEgress"]),
    ("list_streams", lambda p, s: p.list_streams(s.here), ["ListEgress"]),
    ("list_egresses", lambda p, s: p.list_egresses(), ["ListEgress"]),
    (
        "update_stream",
        lambda p, s: p.update_stream(StreamRef("livekit", s.egress), add=[URL], remove=[URL]),
        ["UpdateStream"],
    ),
    (
        "update_recording_layout",
        lambda p, s: p.update_recording_layout(RecordingRef("livekit", s.egress), "speaker"),
        ["ListEgress", "UpdateLayout"],
    ),
    (
        "update_stream_layout",
        lambda p, s: p.update_stream_layout(StreamRef("livekit", s.egress), "speaker"),
        ["ListEgress", "UpdateLayout"],
    ),
    (
        "update_egress_layout",
        lambda p, s: p.update_egress_layout(EgressRef("livekit", s.egress), "speaker"),
        ["ListEgress", "UpdateLayout"],
    ),
    (
        "create_ingress",
        lambda p, s: p.create_ingress(IngressOptions(IngressInput.RTMP, "here", "film")),
        ["CreateIngress"],
    ),
    ("list_ingresses", lambda p, s: p.list_ingresses(s.here), ["ListIngress"]),
    (
        "update_ingress",
        lambda p, s: p.update_ingress(s.ingress, IngressChanges(name="Film")),
        ["ListIngress", "UpdateIngress"],
    ),
    ("delete_ingress", lambda p, s: p.delete_ingress(s.ingress), ["ListIngress", "DeleteIngress"]),
    ("copy_ingress", lambda p, s: p.copy_ingress(s.ingress), ["ListIngress", "CreateIngress"]),
    ("create_trunk", lambda p, s: p.create_trunk(GOES_OUT), ["CreateSIPOutboundTrunk"]),
    ("list_trunks", lambda p, s: p.list_trunks(), ["ListSIPInboundTrunk", "ListSIPOutboundTrunk"]),
    (
        "update_trunk",
        lambda p, s: p.update_trunk(s.trunk, TrunkChanges(name="Desk")),
        ["ListSIPInboundTrunk", "ListSIPOutboundTrunk", "UpdateSIPOutboundTrunk"],
    ),
    (
        "delete_trunk",
        lambda p, s: p.delete_trunk(s.trunk),
        ["ListSIPInboundTrunk", "ListSIPOutboundTrunk", "DeleteSIPTrunk"],
    ),
    (
        "create_rule",
        lambda p, s: p.create_rule(RuleOptions(RuleKind.INDIVIDUAL, "call", callers=(NUMBER,))),
        ["CreateSIPDispatchRule"],
    ),
    ("list_rules", lambda p, s: p.list_rules(), ["ListSIPDispatchRule"]),
    (
        "update_rule",
        lambda p, s: p.update_rule(s.rule, RuleChanges(name="Desk")),
        ["ListSIPDispatchRule", "UpdateSIPDispatchRule"],
    ),
    ("delete_rule", lambda p, s: p.delete_rule(s.rule), ["DeleteSIPDispatchRule"]),
    (
        "dial",
        lambda p, s: p.dial(s.here, DialOptions(NUMBER, s.trunk.id, "mia")),
        ["ListParticipants", "ListRooms", "CreateSIPParticipant"],
    ),
    ("list_calls", lambda p, s: p.list_calls(s.here), ["ListParticipants", "ListRooms"]),
    ("hang_up", lambda p, s: p.hang_up(s.call), ["GetParticipant", "RemoveParticipant"]),
    ("send_dtmf", keys_pressed, ["GetParticipant"]),
    ("transfer_call", lambda p, s: p.transfer_call(s.call, NUMBER), ["GetParticipant", "TransferSIPParticipant"]),
    ("dispatch_agent", lambda p, s: p.dispatch_agent(s.here, "notes"), ["ListRooms", "CreateDispatch"]),
    ("list_agent_dispatches", lambda p, s: p.list_agent_dispatches(s.here), ["ListRooms", "ListDispatch"]),
    ("remove_agent_dispatch", lambda p, s: p.remove_agent_dispatch(s.dispatch), ["ListRooms", "DeleteDispatch"]),
    ("inspect", lambda p, s: p.inspect(), ["ListEgress", "StartWebEgress"]),
]


@pytest.fixture
async def scene(standin: LiveKitStandIn, livekit: LiveKit) -> Scene:
    standin.is_cloud = True
    livekit.lacking = frozenset()
    here, there = [(await livekit.create_room(name, RoomOptions())).room.ref for name in ("here", "there")]
    tracks = []
    for identity in ("ana", "bo"):
        standin.join((await livekit.create_token(here, TokenOptions(identity))).token.get_secret_value())
        tracks.append(standin.publish("here", identity).sid)
    options = EgressOptions(file=FileOutput(), urls=(SecretStr("rtmp://b.example/app/key"),))
    egress = (await livekit.start_egress(here, options)).ref.id
    await standin.worker.egresses[egress].until(ACTIVE)
    ingress = (await livekit.create_ingress(IngressOptions(IngressInput.RTMP, "here", "camera"))).ingress.ref
    trunk, rule = await livekit.create_trunk(GOES_OUT), await livekit.create_rule(LEADS_IN)
    call = await livekit.dial(here, DialOptions(NUMBER, trunk.ref.id, "zoe"))
    await standin.phones.next()
    dispatch = await livekit.dispatch_agent(here, "notes")
    standin.calls.clear()
    return Scene(here, there, tracks[0], tracks[1], egress, ingress, trunk.ref, rule.ref, call, dispatch)


@pytest.mark.parametrize(("call", "costs"), [(call, costs) for _, call, costs in COSTS], ids=[n for n, *_ in COSTS])
async def test_what_it_costs(
    standin: LiveKitStandIn, livekit: LiveKit, scene: Scene, call: Calls, costs: list[str]
) -> None:
    await call(livekit, scene)
    assert standin.calls == costs


def test_nothing_is_left_out(livekit: LiveKit, scene: Scene) -> None:
    told = {name.split()[0] for name, *_ in COSTS}
    assert {capability.value for capability in livekit.capabilities if hasattr(livekit, capability)} <= told
