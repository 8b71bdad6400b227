"""Starts of LiveKit's egress that fail, and those that fail and begin all the same."""

import asyncio

import pytest
from livekit.api import RoomCompositeEgressRequest as RoomComposite
from pydantic import SecretStr

from providers.base import (
    Capability,
    EgressKind,
    EgressOptions,
    EgressSource,
    Encoding,
    FileOutput,
    RoomOptions,
    RoomRef,
)
from providers.errors import (
    NotFound,
    NoWorker,
    Rejected,
    TimedOut,
    Unreachable,
    Unsupported,
)
from providers.livekit.provider import LiveKit
from tests.providers.test_livekit_egress import HUSH, OTHER, PAGE, URL, everything_said, live
from tests.standins.egress.worker import BUSY, FROZEN, refusing, slow
from tests.standins.livekit import Fault, LiveKitStandIn

START = "StartRoomCompositeEgress"


class TestStartsThatFail:
    async def test_without_a_worker(self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
        standin.worker.starts = BUSY
        with pytest.raises(NoWorker) as refused:
            await livekit.start_recording(standup, EgressOptions())
        assert refused.value.detail == "no response from servers"
        assert refused.value.operation == "start_recording"
        assert Capability.START_RECORDING not in livekit.capabilities

    async def test_while_all_are_busy_nothing_is_lacking(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        await live(standin, livekit, standup, EgressOptions())
        standin.worker.starts = BUSY
        with pytest.raises(NoWorker):
            await livekit.start_recording(standup, EgressOptions())
        assert Capability.START_RECORDING in livekit.capabilities

    @pytest.mark.parametrize("words", ["not enough CPU", "server is shutting down"])
    async def test_with_a_worker_that_cannot_after_all(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, words: str
    ) -> None:
        standin.worker.starts = refusing(words, "unavailable")
        with pytest.raises(NoWorker, match=words):
            await livekit.start_recording(standup, EgressOptions())
        assert Capability.START_RECORDING in livekit.capabilities

    async def test_in_a_room_that_is_gone_meanwhile(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail(START, Fault.HANGS)
        starting = asyncio.create_task(livekit.start_recording(standup, EgressOptions()))
        await standin.asked(START)
        standin.close("standup")
        standin.released.set()
        with pytest.raises(NotFound):
            await starting

    @pytest.mark.parametrize("url", [URL.get_secret_value(), f"mux://{HUSH}", f"srt://a.example?passphrase={HUSH}"])
    async def test_refused_by_a_worker_that_quotes_the_url(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, url: str
    ) -> None:
        standin.worker.starts = refusing(f"invalid url {url}: no such host")
        with pytest.raises(Rejected, match=r"invalid url .*no such host") as refused:
            await livekit.start_stream(standup, EgressOptions(urls=(SecretStr(url),)))
        assert HUSH not in everything_said(refused.value)
        assert refused.value.__context__ is None

    async def test_refused_by_a_worker_that_quotes_the_key_alone(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.worker.starts = refusing(f"bad key {HUSH}")
        with pytest.raises(Rejected, match="bad key …") as refused:
            await livekit.start_stream(standup, EgressOptions(urls=(URL,)))
        assert HUSH not in everything_said(refused.value)
        with pytest.raises(Rejected) as refused:
            await livekit.start_recording(None, EgressOptions(source=PAGE))
        assert HUSH not in everything_said(refused.value)

    async def test_without_redis(self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef) -> None:
        """Told at once, by the look before the start, which itself would take 23 s."""
        standin.has_redis = False
        with pytest.raises(Unsupported) as refused:
            await livekit.start_recording(standup, EgressOptions())
        assert refused.value.detail == "start_recording"
        assert START not in standin.calls

    async def test_a_stream_to_nowhere(self, livekit: LiveKit, standup: RoomRef) -> None:
        with pytest.raises(Rejected, match="somewhere to go"):
            await livekit.start_stream(standup, EgressOptions())

    async def test_a_number_that_cannot_be_sent(self, livekit: LiveKit, standup: RoomRef) -> None:
        with pytest.raises(Rejected):
            await livekit.start_recording(standup, EgressOptions(encoding=Encoding(width=2**40)))


class TestStartsThatBeginAllTheSame:
    async def test_one_whose_answer_never_comes_is_found(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        """The server gives up after 224 s, while it records."""
        standin.worker.starts, standin.slowness = FROZEN, 0.0005
        started = await livekit.start_recording(standup, EgressOptions())
        assert started.ref.id in standin.worker.egresses
        assert [r.ref for r in await livekit.list_recordings(standup)] == [started.ref]

    async def test_one_that_outlasts_our_own_patience_is_found(
        self, standin: LiveKitStandIn, impatient: LiveKit
    ) -> None:
        room = (await impatient.create_room("standup", RoomOptions())).room.ref
        standin.worker.starts = slow(5)
        started = await impatient.start_recording(room, EgressOptions())
        assert list(standin.worker.egresses) == [started.ref.id]

    async def test_one_of_a_page_is_found_though_it_is_in_no_room(
        self, standin: LiveKitStandIn, impatient: LiveKit
    ) -> None:
        standin.worker.starts = FROZEN
        started = await impatient.start_recording(None, EgressOptions(source=PAGE))
        assert started.source.url == "https://page.example/scene"

    async def test_one_of_a_track_is_found_though_its_kind_is_not_told(
        self, standin: LiveKitStandIn, impatient: LiveKit
    ) -> None:
        room = (await impatient.create_room("standup", RoomOptions())).room.ref
        standin.worker.starts = FROZEN
        source = EgressSource(EgressKind.TRACK, audio_track="TR_1")
        started = await impatient.start_recording(room, EgressOptions(source=source))
        assert "TR_1" in (started.source.audio_track, started.source.video_track)

    async def test_those_of_somebody_else_are_not_taken_for_it(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        """Neither one that ran before, nor a new one of something else, nor one that sends and does not write."""
        await live(standin, livekit, standup, EgressOptions())
        standin.fail(START, Fault.HANGS)
        starting = asyncio.create_task(livekit.start_recording(standup, EgressOptions()))
        await standin.asked(START, times=2)
        await standin.start_egress(RoomComposite(room_name="standup", layout="speaker", file_outputs=[{}]))
        url = URL.get_secret_value()
        await standin.start_egress(RoomComposite(room_name="standup", stream_outputs=[{"urls": [url]}]))
        standin.worker.starts = BUSY
        standin.released.set()
        with pytest.raises(NoWorker):
            await starting

    async def test_nor_a_stream_that_goes_elsewhere(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail(START, Fault.HANGS)
        starting = asyncio.create_task(livekit.start_stream(standup, EgressOptions(urls=(URL,))))
        await standin.asked(START)
        theirs = OTHER.get_secret_value()
        await standin.start_egress(RoomComposite(room_name="standup", stream_outputs=[{"urls": [theirs]}]))
        standin.worker.starts = BUSY
        standin.released.set()
        with pytest.raises(NoWorker):
            await starting

    async def test_nor_a_recording_of_another_name(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail(START, Fault.HANGS)
        starting = asyncio.create_task(livekit.start_recording(standup, EgressOptions(file=FileOutput(path="ours"))))
        await standin.asked(START)
        await standin.start_egress(RoomComposite(room_name="standup", file_outputs=[{"filepath": "theirs"}]))
        standin.worker.starts = BUSY
        standin.released.set()
        with pytest.raises(NoWorker):
            await starting

    async def test_of_several_that_may_be_it_none_is_taken(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail(START, Fault.HANGS)
        starting = asyncio.create_task(livekit.start_recording(standup, EgressOptions()))
        await standin.asked(START)
        for _ in range(2):
            await standin.start_egress(RoomComposite(room_name="standup", file_outputs=[{}]))
        standin.worker.starts = BUSY
        standin.released.set()
        with pytest.raises(TimedOut, match="2 have begun that may be it"):
            await starting

    async def test_what_cannot_be_found_out_is_told_as_it_was(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail(START, Fault.HANGS)
        starting = asyncio.create_task(livekit.start_recording(standup, EgressOptions()))
        await standin.asked(START)
        standin.worker.starts = BUSY
        standin.fail("ListEgress", Fault.BAD_GATEWAY, Fault.BAD_GATEWAY)
        standin.released.set()
        with pytest.raises(Unreachable) as raised:
            await starting
        assert raised.value.detail == "no response from servers"
        assert Capability.START_RECORDING in livekit.capabilities

    async def test_one_that_did_not_begin_may_still(self, standin: LiveKitStandIn, impatient: LiveKit) -> None:
        room = (await impatient.create_room("standup", RoomOptions())).room.ref
        standin.fail(START, Fault.HANGS)
        with pytest.raises(TimedOut):
            await impatient.start_recording(room, EgressOptions())
        assert Capability.START_RECORDING in impatient.capabilities

    async def test_starts_that_nobody_takes_do_not_wait_for_each_other(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        """Of pages each by itself; of one room those that wait are refused with the first."""
        standin.worker.starts = BUSY
        pages = [EgressSource(EgressKind.WEB, url=f"https://page.example/{number}") for number in range(5)]
        starting = [livekit.start_recording(None, EgressOptions(source=page)) for page in pages]
        starting += [livekit.start_recording(standup, EgressOptions()) for _ in range(5)]
        refused = await asyncio.gather(*starting, return_exceptions=True)
        assert {type(each) for each in refused} == {NoWorker}
        assert len(standin.starts) == 6

    async def test_ten_starts_at_once_in_one_room_are_ten(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        started = await asyncio.gather(*(livekit.start_recording(standup, EgressOptions()) for _ in range(10)))
        assert len({each.ref.id for each in started}) == len(standin.worker.egresses) == 10
