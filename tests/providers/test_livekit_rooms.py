"""What is particular to LiveKit's rooms."""

import asyncio
from datetime import timedelta

import pytest

from providers.base import Capability, RoomOptions, RoomRef
from providers.errors import NotFound, Rejected, Unreachable, Unsupported
from providers.livekit.provider import LiveKit
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

    async def test_recording_from_the_start_is_refused_by_name(self, livekit: LiveKit) -> None:
        with pytest.raises(Unsupported, match=Capability.RECORD_FROM_START):
            await livekit.create_room("standup", RoomOptions(record=True))


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
