"""What LiveKit's ingress does beyond the contract: how requests are made, what becomes of keys, what is missing."""

import json
import traceback

import pytest
from livekit.api import (
    IngressInfo,
    IngressState,
    IngressVideoEncodingOptions,
    IngressVideoEncodingPreset,
    IngressVideoOptions,
    TrackSource,
    VideoLayer,
)
from pydantic import SecretStr

from providers.base import (
    AudioReceived,
    Capability,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressRef,
    IngressStatus,
    VideoReceived,
)
from providers.base import TrackSource as Source
from providers.errors import NotFound, NoWorker, PartlyDone, ProviderError, Rejected, Unsupported
from providers.livekit.provider import LiveKit
from tests.standins.ingress.worker import BUSY, Manner, refusing
from tests.standins.livekit import Fault, LiveKitStandIn

RTMP = IngressOptions(IngressInput.RTMP, "standup", "camera")
WHIP = IngressOptions(IngressInput.WHIP, "standup", "camera")
HUSH = "hush-hush-4711"
FILM = SecretStr(f"https://cam:{HUSH}@films.example.com/vod/{HUSH}.mp4?token={HUSH}")
URL = IngressOptions(IngressInput.URL, "standup", "camera", url=FILM)
PRESET = "h264-1080p-30fps-1-layer"


class TestRequests:
    async def test_nothing_is_said_that_nobody_asked_for(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        """The server decides of transcoding, and an ingress is enabled without a word."""
        info = _record(standin, (await livekit.create_ingress(RTMP)).ingress.ref)
        assert not any(info.HasField(name) for name in ("enabled", "video", "audio"))
        assert info.enable_transcoding
        assert _record(standin, (await livekit.create_ingress(WHIP)).ingress.ref).enable_transcoding is False

    async def test_what_is_turned_on_and_needs_it_in_one_change(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        """The server refuses both in one request."""
        asked = IngressOptions(IngressInput.WHIP, "standup", "camera", video_source=Source.SCREEN_SHARE)
        ref = (await livekit.create_ingress(asked)).ingress.ref
        changed = await livekit.update_ingress(ref, IngressChanges(name="Stage", is_transcoded=True, preset=PRESET))
        assert (changed.name, changed.is_transcoded) == ("Stage", True)
        assert _record(standin, ref).video == IngressVideoOptions(
            source=TrackSource.SCREEN_SHARE, preset=IngressVideoEncodingPreset.H264_1080P_30FPS_1_LAYER
        )
        await livekit.update_ingress(ref, IngressChanges(audio_preset="opus-mono-64kbs"))
        assert standin.calls.count("UpdateIngress") == 3
        assert (await livekit.update_ingress(ref, IngressChanges(is_transcoded=False))).is_transcoded is False
        assert _record(standin, ref).video == IngressVideoOptions(source=TrackSource.SCREEN_SHARE)

    async def test_a_change_of_which_a_part_is_made(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        ref = (await livekit.create_ingress(WHIP)).ingress.ref
        standin.released.set()
        standin.fail("UpdateIngress", Fault.HANGS, Fault.INTERNAL)
        with pytest.raises(PartlyDone):
            await livekit.update_ingress(ref, IngressChanges(is_transcoded=True, preset=PRESET))
        assert (_record(standin, ref).enable_transcoding, _record(standin, ref).HasField("video")) == (True, False)
        standin.fail("UpdateIngress", Fault.INTERNAL)
        with pytest.raises(ProviderError) as failed:
            await livekit.update_ingress(ref, IngressChanges(preset=PRESET))
        assert type(failed.value) is ProviderError

    async def test_a_preset_needs_transcoding(self, livekit: LiveKit) -> None:
        ref = (await livekit.create_ingress(WHIP)).ingress.ref
        with pytest.raises(Rejected, match="passed on unless that is on"):
            await livekit.update_ingress(ref, IngressChanges(preset=PRESET))

    @pytest.mark.parametrize(
        "changes",
        [
            IngressChanges(name=""),
            IngressChanges(is_transcoded=False),
            IngressChanges(room="two\nlines"),
            IngressChanges(name="half of \ud83c"),
        ],
    )
    async def test_a_change_that_cannot_be(
        self, standin: LiveKitStandIn, livekit: LiveKit, changes: IngressChanges
    ) -> None:
        ref = (await livekit.create_ingress(RTMP)).ingress.ref
        with pytest.raises(Rejected):
            await livekit.update_ingress(ref, changes)
        assert "UpdateIngress" not in standin.calls

    async def test_no_id_is_the_id_of_none(self, livekit: LiveKit) -> None:
        """Of an empty one the server lists all."""
        await livekit.create_ingress(RTMP)
        assert await livekit.list_ingresses(id="") == []
        for attempt in (livekit.delete_ingress, livekit.copy_ingress):
            with pytest.raises(NotFound):
                await attempt(IngressRef("livekit", ""))

    async def test_no_change_cuts_nobody_off(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        ingress = (await livekit.create_ingress(RTMP)).ingress
        assert await livekit.update_ingress(ingress.ref, IngressChanges()) == ingress
        assert "UpdateIngress" not in standin.calls

    async def test_a_copy_has_what_we_could_not_have_asked_for(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        made = await livekit.create_ingress(RTMP)
        layers = IngressVideoEncodingOptions(frame_rate=50, layers=[VideoLayer(width=320, height=180)])
        original = _record(standin, made.ingress.ref)
        original.video.CopyFrom(IngressVideoOptions(name="film", options=layers))
        copied = _record(standin, (await livekit.copy_ingress(made.ingress.ref)).ingress.ref)
        assert copied.video == original.video
        assert copied.stream_key != original.stream_key


class TestReading:
    async def test_figures_of_what_comes(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        created = await livekit.create_ingress(RTMP)
        assert created.key is not None
        session = await standin.ingress_worker.connect(created.key.get_secret_value())
        await session.publish()
        (live,) = await livekit.list_ingresses()
        assert live.video == VideoReceived("video/x-h264", 1280, 720, 30, 2500)
        assert live.audio == AudioReceived("audio/mpeg", 128, 2, 48_000)
        await session.fail(f"rtmp: no session {created.key.get_secret_value()}")
        (failed,) = await livekit.list_ingresses()
        assert (failed.error, failed.video) == ("rtmp: no session …", live.video)
        waiting = await livekit.update_ingress(live.ref, IngressChanges(name="Stage"))
        assert (waiting.status, waiting.error, waiting.video) == (IngressStatus.WAITING, None, None)

    async def test_all_pages(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        for name in ("c", "a", "B"):
            await livekit.create_ingress(IngressOptions(IngressInput.RTMP, "standup", "camera", name=name))
        standin.page_size = 1
        assert [each.name for each in await livekit.list_ingresses()] == ["a", "B", "c"]

    async def test_a_server_that_was_told_no_address_of_its_own(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        """A record keeps the address of the time when it was made."""
        standin.rtmp_base_url = standin.whip_base_url = ""
        told = (await livekit.create_ingress(RTMP)).ingress
        assert (told.address, told.address_setting) == ("", "ingress.rtmp_base_url")
        assert "ingress.rtmp_base_url" in livekit.notes["Ingress"]
        await livekit.create_ingress(WHIP)
        assert "ingress.rtmp_base_url and no ingress.whip_base_url" in livekit.notes["Ingress"]
        standin.rtmp_base_url = standin.whip_base_url = "rtmp://live.example.com/x"
        await livekit.create_ingress(WHIP)
        assert "whip" not in livekit.notes["Ingress"]
        assert (await livekit.create_ingress(RTMP)).ingress.address == "rtmp://live.example.com/x"
        await livekit.list_ingresses()
        assert "Ingress" not in livekit.notes

    async def test_of_an_older_and_of_a_later_server(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        older = IngressInfo(ingress_id="IN_1", name="1", stream_key=HUSH, reusable=True, room_name="standup")
        older.bypass_transcoding = True
        standin.ingresses["IN_1"] = older
        state = IngressState(status=99)  # type: ignore[arg-type]  # a number that is not known yet
        standin.ingresses["IN_2"] = IngressInfo(ingress_id="IN_2", name="2", stream_key=HUSH, state=state)
        (known,) = await livekit.list_ingresses()
        assert (known.ref.id, known.is_transcoded, known.is_enabled) == ("IN_1", False, True)
        with pytest.raises(ProviderError) as unreadable:
            await livekit.update_ingress(IngressRef("livekit", "IN_2"), IngressChanges(name="Stage"))
        assert HUSH not in _told(unreadable.value)


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        "starts",
        [
            BUSY,
            refusing("server capacity exceeded", "resource_exhausted"),
            refusing("server shutting down", "unavailable"),
        ],
        ids=["none", "busy", "stopping"],
    )
    async def test_nobody_fetches(self, standin: LiveKitStandIn, livekit: LiveKit, starts: Manner) -> None:
        standin.ingress_worker.starts = starts
        with pytest.raises(NoWorker) as missing:
            await livekit.create_ingress(URL)
        assert HUSH not in _told(missing.value)

    async def test_a_worker_refuses_in_words_that_hold_the_key(self, standin: LiveKitStandIn, livekit: LiveKit) -> None:
        standin.ingress_worker.starts = refusing(f"cannot open {FILM.get_secret_value()}: {HUSH} is wrong")
        with pytest.raises(Rejected) as refused:
            await livekit.create_ingress(URL)
        assert refused.value.detail == "cannot open https://films.example.com/vod … is wrong"
        assert HUSH not in _told(refused.value)

    async def test_without_redis_the_server_is_not_made_to_panic(
        self, standin: LiveKitStandIn, livekit: LiveKit
    ) -> None:
        ref = (await livekit.create_ingress(RTMP)).ingress.ref
        standin.has_redis = False
        for attempt in (livekit.update_ingress(ref, IngressChanges(name="Stage")), livekit.delete_ingress(ref)):
            with pytest.raises(Unsupported):
                await attempt
        assert not {"UpdateIngress", "DeleteIngress"} & set(standin.calls)
        assert "no Redis" in livekit.lacking_because[Capability.CREATE_INGRESS]
        standin.has_redis = True
        await livekit.inspect()
        assert Capability.CREATE_INGRESS in livekit.capabilities


def _record(standin: LiveKitStandIn, ref: IngressRef) -> IngressInfo:
    return standin.ingresses[ref.id]


def _told(error: ProviderError) -> str:
    """All that could end in a log."""
    return json.dumps(traceback.format_exception(error)) + repr(error) + error.detail
