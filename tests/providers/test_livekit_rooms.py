"""What is particular to LiveKit's rooms."""

import asyncio
from datetime import timedelta

import pytest
from livekit.api import RoomCompositeEgressRequest

from providers.base import Capability, RoomOptions, RoomRef
from providers.errors import NotFound, Rejected, Unreachable
from providers.livekit.provider import LiveKit
from tests.standins.egress.worker import BUSY
from tests.standins.livekit import Fault, LiveKitStandIn


class TestCreate:
    async def test_two_who_ask_at_once_are_not_both_told_that_they_made_it(self, livekit: LiveKit) -> None:
        answers = await asyncio.gather(*(livekit.create_room("standup", RoomOptions()) for _ in range(5)))
        assert sorted(answer.existed for answer in answers) == [False, True, True, True, True]

    async def test_a_room_that_ended_between_our_look_and_our_call_did_not_exist(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        earlier = await livekit.create_room("standup", RoomOptions())
        standin.fail("CreateRoom", Fault.HANGS)
        creating = asyncio.create_task(livekit.create_room("standup", RoomOptions()))
        await standin.asked("CreateRoom", times=2)
        standin.close("standup")
        standin.released.set()
        answer = await creating
        assert not answer.existed
        assert answer.room.ref.id != earlier.room.ref.id

    async def test_times_are_whole_seconds_and_never_the_servers_default(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        options = RoomOptions(empty_timeout=timedelta(0), departure_timeout=timedelta(seconds=1.2))
        await livekit.create_room("standup", options)
        room = standin.rooms["standup"]
        assert (room.empty_timeout, room.departure_timeout) == (1, 2)

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("", RoomOptions()),
            ("two\nlines", RoomOptions()),
            ("standup", RoomOptions(empty_timeout=timedelta(days=365_000))),
            ("standup", RoomOptions(max_participants=-1)),
            ("standup", RoomOptions(metadata="\ud800")),
            ("standup", RoomOptions(metadata="x" * (512 * 1024 + 1))),
        ],
        ids=["empty", "line break", "time-out beyond 32 bits", "negative", "lone surrogate", "metadata too long"],
    )
    async def test_what_cannot_be_is_rejected(
        self, standin: LiveKitStandIn, livekit: LiveKit, name: str, options: RoomOptions
    ) -> None:
        with pytest.raises(Rejected):
            await livekit.create_room(name, options)
        assert standin.rooms == {}


class TestRecordedFromTheStart:
    async def test_by_the_rooms_own_egress(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        room = (await livekit.create_room("standup", RoomOptions(record=True, layout="speaker"))).room.ref
        (recording,) = await livekit.list_recordings(room)
        assert (recording.room, recording.source.layout) == (room, "speaker")
        (request,) = standin.starts
        assert isinstance(request, RoomCompositeEgressRequest)
        assert (request.room_name, len(request.file_outputs)) == ("standup", 1)

    async def test_one_that_is_live_is_not_recorded_by_it(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        await livekit.create_room("standup", RoomOptions())
        assert (await livekit.create_room("standup", RoomOptions(record=True))).existed
        assert standin.starts == []

    async def test_without_a_worker_the_room_is_there_and_the_lack_is_known(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        """The server says nothing of it: it answers as if all were well, only late."""
        standin.worker.starts = BUSY
        created = await livekit.create_room("standup", RoomOptions(record=True))
        assert not created.existed
        assert await livekit.list_recordings(created.room.ref) == []
        assert Capability.RECORD_FROM_START not in livekit.capabilities
        assert Capability.CREATE_ROOM in livekit.capabilities

    async def test_without_redis_the_room_is_there_too(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        standin.has_redis = False
        assert not (await livekit.create_room("standup", RoomOptions(record=True))).existed
        assert Capability.LIST_RECORDINGS not in livekit.capabilities


class TestTimeouts:
    async def test_the_servers_own_are_told(self, livekit: LiveKit) -> None:
        room = (await livekit.create_room("standup", RoomOptions(empty_timeout=timedelta(minutes=10)))).room
        assert (room.empty_timeout, room.departure_timeout) == (timedelta(minutes=10), timedelta(seconds=20))


class TestUpdateMetadata:
    async def test_the_answer_is_the_room_as_it_is_then(self, livekit: LiveKit, standup: RoomRef) -> None:
        for metadata in ('{"topic": "é"}', ""):
            changed = await livekit.update_room_metadata(standup, metadata)
            assert (changed.ref, changed.metadata) == (standup, metadata)
            assert await livekit.list_rooms(["standup"]) == [changed]

    async def test_what_is_too_long_is_refused_in_the_servers_words(self, livekit: LiveKit, standup: RoomRef) -> None:
        with pytest.raises(Rejected) as refused:
            await livekit.update_room_metadata(standup, "x" * (512 * 1024 + 1))
        assert refused.value.detail == "metadata size exceeds limits 524288"

    async def test_silence_of_a_room_that_ended_meanwhile_is_told_from_silence(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail("UpdateRoomMetadata", Fault.NO_RESPONSE)
        with pytest.raises(Unreachable):
            await livekit.update_room_metadata(standup, "x")
        standin.fail("UpdateRoomMetadata", Fault.HANGS)
        updating = asyncio.create_task(livekit.update_room_metadata(standup, "x"))
        await standin.asked("UpdateRoomMetadata", times=2)
        standin.close("standup")
        standin.released.set()
        with pytest.raises(NotFound):
            await updating
