"""What each method of the provider costs in calls to a LiveKit server, in their order.

`ListRooms` is nearly always there to see whether this life of the room goes on: the server itself knows names alone.
Muting does without: a track is of one life alone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from providers.base import (
    ApiGrant,
    ApiTokenOptions,
    ParticipantChanges,
    PermissionChanges,
    RoomOptions,
    RoomRef,
    Signal,
    TokenOptions,
)
from providers.livekit.provider import LiveKit
from tests.standins.livekit import LiveKitStandIn


@dataclass(frozen=True)
class Scene:
    """Ana and Bo are in the room `here`, and each publishes a track."""

    here: RoomRef
    there: RoomRef
    track_of_ana: str
    track_of_bo: str


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
    standin.calls.clear()
    return Scene(here, there, *tracks)


@pytest.mark.parametrize(("call", "costs"), [(call, costs) for _, call, costs in COSTS], ids=[n for n, *_ in COSTS])
async def test_what_it_costs(
    standin: LiveKitStandIn, livekit: LiveKit, scene: Scene, call: Calls, costs: list[str]
) -> None:
    await call(livekit, scene)
    assert standin.calls == costs


def test_nothing_is_left_out(livekit: LiveKit, scene: Scene) -> None:
    told = {name.split()[0] for name, *_ in COSTS}
    assert {capability.value for capability in livekit.capabilities if hasattr(livekit, capability)} <= told
