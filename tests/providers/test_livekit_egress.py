"""The traps of LiveKit's egress: ends that fail, records that stay."""

import pytest
from livekit.api import EgressInfo, EgressStatus
from pydantic import SecretStr

from providers.base import (
    DestinationStatus,
    EgressKind,
    EgressOptions,
    EgressRef,
    EgressSource,
    EgressTrouble,
    FileOutput,
    RecordingRef,
    RecordingStatus,
    RoomOptions,
    RoomRef,
    StreamRef,
)
from providers.errors import (
    Conflict,
    LeftBehind,
    NotFound,
    ProviderError,
    Rejected,
    TimedOut,
)
from providers.livekit.provider import LiveKit
from tests.standins.egress.egress import ACTIVE, COMPLETE
from tests.standins.egress.worker import WAITING
from tests.standins.livekit import Fault, LiveKitStandIn

HUSH = "hush-hush-key-of-ours"
URL = SecretStr(f"rtmp://a.example/app/{HUSH}")
OTHER = SecretStr(f"rtmp://b.example/app/{HUSH}")
PAGE = EgressSource(EgressKind.WEB, url=f"https://page.example/scene?token={HUSH}")


def everything_said(error: BaseException | None) -> str:
    """Of an error and all that it came from, what a log would show."""
    return "" if error is None else f"{error!r} {error} {vars(error)} {everything_said(error.__cause__)}"


async def live(standin: LiveKitStandIn, livekit: LiveKit, room: RoomRef, options: EgressOptions) -> str:
    started = await livekit.start_egress(room, options)
    await standin.worker.egresses[started.ref.id].until(ACTIVE)
    return started.ref.id


class TestStops:
    async def test_of_one_whose_worker_is_gone(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        id = await live(standin, livekit, standup, EgressOptions())
        await standin.worker.die()
        with pytest.raises(LeftBehind):
            await livekit.stop_recording(RecordingRef("livekit", id))
        with pytest.raises(LeftBehind):
            await livekit.update_stream(StreamRef("livekit", id), add=[URL])

    async def test_of_one_that_is_uploading(self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
        id = await live(standin, livekit, standup, EgressOptions())
        standin.worker.egresses[id].hold_ending()
        await livekit.stop_egress(EgressRef("livekit", id))
        assert (await livekit.stop_recording(RecordingRef("livekit", id))).status is RecordingStatus.ENDING
        await standin.worker.egresses[id].die()
        with pytest.raises(Conflict, match="EGRESS_ENDING cannot be stopped"):
            await livekit.stop_recording(RecordingRef("livekit", id))

    async def test_of_one_that_ended_while_nobody_answered(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        id = await live(standin, livekit, standup, EgressOptions())
        standin.fail("StopEgress", Fault.NO_RESPONSE)
        await standin.worker.egresses[id].complete()
        with pytest.raises(Conflict, match="EGRESS_COMPLETE"):
            await livekit.stop_recording(RecordingRef("livekit", id))

    async def test_before_it_began(self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
        standin.worker.starts = WAITING
        started = await livekit.start_recording(standup, EgressOptions())
        stopped = await livekit.stop_recording(started.ref)
        assert (stopped.status, stopped.trouble) == (RecordingStatus.ABORTED, EgressTrouble.NO_START_SIGNAL)

    async def test_our_own_deadline_says_nothing_of_the_worker(
        self, standin: LiveKitStandIn, impatient: LiveKit
    ) -> None:
        standin.fail("StopEgress", Fault.HANGS)
        with pytest.raises(TimedOut) as raised:
            await impatient.stop_recording(RecordingRef("livekit", "EG_1"))
        assert raised.value.detail == "our deadline passed"


class TestLists:
    async def test_an_unknown_id_is_none(self, livekit: LiveKit) -> None:
        assert await livekit.list_egresses(id="EG_0") == []

    async def test_the_newest_comes_first_whatever_the_server_says(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        ids = [(await livekit.start_recording(standup, EgressOptions())).ref.id for _ in range(3)]
        assert [r.ref.id for r in await livekit.list_recordings()] == ids[::-1]

    async def test_what_a_later_server_does_is_left_out(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        later = EgressInfo.FromString(EgressInfo(egress_id="EG_1").SerializeToString() + b"\x18\x63")
        standin.egresses["EG_1"] = later
        standin.egresses["EG_2"] = EgressInfo(egress_id="EG_2", status=EgressStatus.EGRESS_ACTIVE)
        assert [e.ref.id for e in await livekit.list_egresses()] == ["EG_2"]

    async def test_pages_are_followed(self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
        """Cloud's; a server of one's own ignores the token."""
        ids = [(await livekit.start_recording(standup, EgressOptions())).ref.id for _ in range(5)]
        standin.page_size = 2
        standin.calls.clear()
        assert [e.ref.id for e in await livekit.list_egresses()] == ids[::-1]
        assert standin.calls == ["ListEgress"] * 3

    async def test_of_an_earlier_life_of_the_room(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        id = await live(standin, livekit, standup, EgressOptions())
        await livekit.close_room(standup)
        await standin.worker.egresses[id].until(COMPLETE)
        again = (await livekit.create_room("standup", RoomOptions())).room.ref
        assert [r.ref.id for r in await livekit.list_recordings(standup)] == [id]
        assert await livekit.list_recordings(again) == []


class TestLayouts:
    async def test_it_is_told_to_the_recorder_in_the_room(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        id = await live(standin, livekit, standup, EgressOptions())
        arranged = await livekit.update_recording_layout(RecordingRef("livekit", id), "speaker")
        assert arranged.source.layout == "speaker"
        assert standin.participants["standup"][id].metadata == '{"layout": "speaker"}'

    async def test_one_that_has_not_come_into_the_room(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.worker.starts = WAITING
        started = await livekit.start_recording(standup, EgressOptions())
        with pytest.raises(Conflict, match="not in the room"):
            await livekit.update_recording_layout(started.ref, "speaker")

    async def test_that_of_a_page(self, livekit: LiveKit) -> None:
        started = await livekit.start_recording(None, EgressOptions(source=PAGE))
        with pytest.raises(Conflict, match="not of a whole room"):
            await livekit.update_recording_layout(started.ref, "speaker")


class TestDestinations:
    async def test_removed_by_the_whole_url(self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
        id = await live(standin, livekit, standup, EgressOptions(urls=(URL,)))
        changed = await livekit.update_stream(StreamRef("livekit", id), add=[OTHER], remove=[URL])
        assert {each.id: each.status for each in changed.destinations} == {
            livekit.destination_id(URL): DestinationStatus.ENDED,
            livekit.destination_id(OTHER): DestinationStatus.LIVE,
        }

    async def test_one_that_it_does_not_go_to(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        """The server quotes the URL, which nobody is to see."""
        id = await live(standin, livekit, standup, EgressOptions(urls=(URL,)))
        with pytest.raises(NotFound, match=r"does not go to rtmp://b\.example/app") as refused:
            await livekit.update_stream(StreamRef("livekit", id), remove=[OTHER])
        assert HUSH not in everything_said(refused.value)
        assert refused.value.__context__ is None or HUSH not in everything_said(refused.value.__context__)

    async def test_one_of_a_kind_that_is_not_streamed_to(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        with pytest.raises(Rejected, match="begin with rtmp://"):
            await livekit.update_stream(StreamRef("livekit", "EG_1"), add=[SecretStr(f"rtmpx://a/{HUSH}")])
        assert standin.calls == []

    async def test_of_one_that_does_not_stream(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        id = await live(standin, livekit, standup, EgressOptions())
        with pytest.raises(Rejected, match="non-streaming egress"):
            await livekit.update_stream(StreamRef("livekit", id), add=[URL])

    async def test_one_fails_and_says_why_without_its_key(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        id = await live(standin, livekit, standup, EgressOptions(file=FileOutput(), urls=(URL, OTHER)))
        url = URL.get_secret_value()
        await standin.worker.egresses[id].fail_destination(url, f"{url} refused")
        (stream,) = await livekit.list_streams(standup)
        errors = {each.id: each.error for each in stream.destinations}
        assert errors == {
            livekit.destination_id(URL): "rtmp://a.example/app refused",
            livekit.destination_id(OTHER): None,
        }

    async def test_two_whose_keys_are_told_alike_are_two(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        alike = [SecretStr(f"rtmp://a.example/app/abc-{n}-and-more-xyz") for n in range(2)]
        id = await live(standin, livekit, standup, EgressOptions(urls=tuple(alike)))
        (stream,) = await livekit.list_streams(standup)
        name = livekit.destination_id(alike[0])
        assert {each.id for each in stream.destinations} == {name, f"{name}-2"}
        assert id == stream.ref.id


async def test_an_answer_that_is_no_egress(standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
    standin.fail("StartRoomCompositeEgress", Fault.EMPTY)
    with pytest.raises(ProviderError, match="without an id"):
        await livekit.start_recording(standup, EgressOptions())


async def test_no_start_ever_asks_for_webhooks_of_its_own(
    standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
) -> None:
    """One without a known signing key stops every webhook of its node."""
    await livekit.start_egress(standup, EgressOptions(file=FileOutput(), urls=(URL,)))
    await livekit.start_egress(None, EgressOptions(source=PAGE))
    await livekit.create_room("retro", RoomOptions(record=True))
    assert [len(request.webhooks) for request in standin.starts] == [0, 0, 0]
