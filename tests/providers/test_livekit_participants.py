"""What is particular to LiveKit's participants: who they are, what they may do, and who is missing."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from livekit.api import ParticipantInfo, ParticipantPermission
from livekit.api import TrackSource as SourceNumber

from providers.base import (
    Participant,
    ParticipantChanges,
    ParticipantKind,
    PermissionChanges,
    RoomRef,
    TrackSource,
)
from providers.errors import NotFound, Rejected, Unreachable
from providers.facts import Fact
from providers.livekit.provider import LiveKit
from tests.standins.livekit import Fault, LiveKitStandIn

ABSENT = RoomRef("livekit", "RM_0", "absent")
MUZZLE = ParticipantChanges(permissions=PermissionChanges(can_publish=False))


class TestKinds:
    @pytest.mark.parametrize(
        ("who", "kind"),
        [
            (ParticipantInfo(kind=ParticipantInfo.STANDARD), ParticipantKind.PERSON),
            (ParticipantInfo(kind=ParticipantInfo.SIP), ParticipantKind.PHONE),
            (ParticipantInfo(kind=ParticipantInfo.CONNECTOR), ParticipantKind.PHONE),
            (ParticipantInfo(kind=ParticipantInfo.BRIDGE), ParticipantKind.BRIDGE),
            (ParticipantInfo(kind=ParticipantInfo.EGRESS), ParticipantKind.EGRESS),
            (ParticipantInfo(kind=ParticipantInfo.INGRESS), ParticipantKind.INGRESS),
            (ParticipantInfo(kind=ParticipantInfo.AGENT), ParticipantKind.AGENT),
            (ParticipantInfo(permission=ParticipantPermission(hidden=True)), ParticipantKind.OBSERVER),
            (ParticipantInfo(permission=ParticipantPermission(recorder=True)), ParticipantKind.EGRESS),
            (ParticipantInfo(permission=ParticipantPermission(agent=True)), ParticipantKind.AGENT),
        ],
        ids=["standard", "sip", "connector", "bridge", "egress", "ingress", "agent", "hidden", "recorder", "old agent"],
    )
    async def test_machines_are_listed_as_such_and_told_as_such(
        self,
        standin: LiveKitStandIn,
        livekit: LiveKit,
        standup: RoomRef,
        who: ParticipantInfo,
        kind: ParticipantKind,
    ) -> None:
        who.identity, who.name = "x", "X"
        standin.bring("standup", who)
        (listed,) = await livekit.list_participants(standup)
        assert listed.brief() == Participant(who.sid, "x", "X", listed.joined_at, kind=kind)
        assert listed.joined_at is not None
        assert round(listed.joined_at.timestamp() * 1000) == who.joined_at_ms
        assert [f.participant for f in await _told(standin, livekit) if f.type == "participant_joined"] == [
            listed.brief()
        ]


async def _told(standin: LiveKitStandIn, livekit: LiveKit) -> list[Fact]:
    """The facts of the two deliveries that a room and somebody in it make."""
    deliveries = [await standin.deliveries.get(), await standin.deliveries.get()]
    return [fact for a, body in deliveries for fact in livekit.read_webhook("", {"authorization": a}, body)]


class TestUpdate:
    async def test_flags_that_we_do_not_know_survive(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        permission = ParticipantPermission(
            can_subscribe=True, recorder=True, agent=True, can_publish_sources=["CAMERA"]
        )
        who = standin.bring("standup", ParticipantInfo(identity="ana", permission=permission))
        changes = ParticipantChanges(permissions=PermissionChanges(can_publish_data=True))
        await livekit.update_participant(standup, "ana", changes)
        permission.can_publish_data = True
        permission.ClearField("can_publish_sources")  # who may not publish may publish no source
        assert who.permission == permission

    async def test_changes_at_once_are_all_made(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        who = standin.bring("standup", ParticipantInfo(identity="ana"))
        changes = (
            PermissionChanges(can_subscribe=True),
            PermissionChanges(can_publish=True),
            PermissionChanges(can_publish_data=True),
        )
        updates = (livekit.update_participant(standup, "ana", ParticipantChanges(permissions=c)) for c in changes)
        await asyncio.gather(*updates)
        assert who.permission == ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_data=True)

    async def test_sources_go_to_the_server_and_back(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        who = standin.bring("standup", ParticipantInfo(identity="ana"))
        sources = (TrackSource.CAMERA, TrackSource.SCREEN_SHARE_AUDIO)
        changes = ParticipantChanges(permissions=PermissionChanges(sources=sources))
        told = await livekit.update_participant(standup, "ana", changes)
        assert told.permissions is not None
        assert (told.permissions.can_publish, told.permissions.sources) == (True, sources)
        assert list(who.permission.can_publish_sources) == [SourceNumber.CAMERA, SourceNumber.SCREEN_SHARE_AUDIO]

    async def test_who_may_publish_again_is_no_publisher_yet(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        who = standin.bring("standup", ParticipantInfo(identity="ana"))
        changes = ParticipantChanges(permissions=PermissionChanges(can_publish=True))
        told = await livekit.update_participant(standup, "ana", changes)
        assert (who.is_publisher, told.is_publisher) == (True, False)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            (ParticipantChanges(name=""), "LiveKit cannot clear a participant's name."),
            (ParticipantChanges(metadata=""), "LiveKit cannot clear a participant's metadata."),
            (ParticipantChanges(name="two\nlines"), "A display name cannot hold control characters or line breaks."),
            (ParticipantChanges(metadata="x" * (512 * 1024 + 1)), "metadata size exceeds limits 524288"),
            (ParticipantChanges(attributes={"k": "x" * 64 * 1024}), "attribute size exceeds limits 65536"),
            (ParticipantChanges(metadata="\ud800"), "a value cannot be sent"),
        ],
        ids=["empty name", "empty metadata", "line break", "long metadata", "long attributes", "lone surrogate"],
    )
    async def test_what_cannot_be_is_rejected(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, changes: ParticipantChanges, reason: str
    ) -> None:
        who = standin.bring("standup", ParticipantInfo(identity="ana", name="Ana", metadata="m"))
        with pytest.raises(Rejected) as refused:
            await livekit.update_participant(standup, "ana", changes)
        assert refused.value.detail == reason
        assert (who.name, who.metadata, dict(who.attributes)) == ("Ana", "m", {})


_OnSomebody = Callable[[LiveKit, RoomRef], Awaitable[object]]
ON_SOMEBODY: dict[str, _OnSomebody] = {
    "UpdateParticipant": lambda p, room: p.update_participant(room, "ana", ParticipantChanges(name="Ana")),
    "GetParticipant": lambda p, room: p.update_participant(room, "ana", MUZZLE),
    "RemoveParticipant": lambda p, room: p.remove_participant(room, "ana"),
    "MutePublishedTrack": lambda p, room: p.mute_track(room, "ana", "TR_0"),
}
"""The server's method that is the last, with a call of ours that ends in it."""


@pytest.mark.parametrize("asks_the_node", [False, True], ids=["from the store", "from the node"])
class TestTheMissing:
    """In both states of the operator's setting `api.enable_psrpc_for_get_list_participants`."""

    @pytest.fixture(autouse=True)
    def _setting(self, standin: LiveKitStandIn, asks_the_node: bool) -> None:
        standin.asks_the_node = asks_the_node

    @pytest.mark.parametrize("call", ON_SOMEBODY.values(), ids=ON_SOMEBODY.keys())
    async def test_it_is_said_whether_the_room_is_missing_or_the_participant(
        self, livekit: LiveKit, standup: RoomRef, call: _OnSomebody
    ) -> None:
        with pytest.raises(NotFound) as no_room:
            await call(livekit, ABSENT)
        assert no_room.value.detail == "no live room 'absent' with the id RM_0"
        with pytest.raises(NotFound) as nobody:
            await call(livekit, standup)
        assert nobody.value.detail == "not in the room 'standup': 'ana'"

    @pytest.mark.parametrize(("method", "call"), ON_SOMEBODY.items(), ids=ON_SOMEBODY.keys())
    @pytest.mark.parametrize(
        ("room_too", "detail"),
        [(False, "not in the room 'standup': 'ana'"), (True, "no live room 'standup'")],
        ids=["the participant", "the room too"],
    )
    async def test_who_went_between_our_look_and_our_call_is_missed(
        self,
        standin: LiveKitStandIn,
        livekit: LiveKit,
        standup: RoomRef,
        method: str,
        call: _OnSomebody,
        room_too: bool,
        detail: str,
    ) -> None:
        standin.bring("standup", ParticipantInfo(identity="ana"))
        standin.fail(method, Fault.HANGS)
        acting = asyncio.ensure_future(call(livekit, standup))
        await standin.asked(method)
        standin.leave("standup", "ana")
        if room_too:
            standin.close("standup")
        standin.released.set()
        with pytest.raises(NotFound, match=detail):
            await acting

    @pytest.mark.parametrize(("method", "call"), ON_SOMEBODY.items(), ids=ON_SOMEBODY.keys())
    async def test_silence_about_somebody_who_is_there_is_no_absence(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, method: str, call: _OnSomebody
    ) -> None:
        standin.bring("standup", ParticipantInfo(identity="ana"))
        standin.fail(method, Fault.NO_RESPONSE)
        with pytest.raises(Unreachable):
            await call(livekit, standup)

    async def test_a_missing_room_is_told_from_a_node_that_does_not_answer(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        with pytest.raises(NotFound):
            await livekit.list_participants(ABSENT)
        standin.fail("ListParticipants", Fault.NO_RESPONSE)
        with pytest.raises(Unreachable):
            await livekit.list_participants(standup)
        assert standin.calls.count("ListParticipants") == 2
