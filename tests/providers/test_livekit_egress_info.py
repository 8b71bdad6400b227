"""What LiveKit tells of an egress, in answers and webhooks alike: of what it is, what it left, why it went wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from livekit.api import (
    DirectFileOutput,
    EgressInfo,
    EgressStatus,
    EncodedFileOutput,
    FileInfo,
    ImagesInfo,
    ParticipantEgressRequest,
    RoomCompositeEgressRequest,
    SegmentedFileOutput,
    SegmentsInfo,
    StreamInfo,
    StreamOutput,
    TrackCompositeEgressRequest,
    TrackEgressRequest,
    WebEgressRequest,
)
from livekit.protocol.egress import (
    AudioConfig,
    AudioRoute,
    MediaSource,
    ParticipantVideo,
    StartEgressRequest,
    TemplateSource,
    WebSource,
)

from providers.base import (
    Egress,
    EgressKind,
    EgressSource,
    EgressTrouble,
    Recording,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamStatus,
    Written,
    WrittenKind,
)
from providers.livekit import egress_info

HUSH = "hush-hush"
BEGAN = datetime(2026, 7, 1, tzinfo=UTC)
FILE = RoomCompositeEgressRequest(file_outputs=[EncodedFileOutput()])


def nanoseconds(seconds: float) -> int:
    return int((BEGAN.timestamp() + seconds) * 1_000_000) * 1_000


def moment(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def told(status: EgressStatus = EgressStatus.EGRESS_ACTIVE, **more: Any) -> Egress:
    """With what holds for all: nothing secret is in it."""
    info = EgressInfo(egress_id="EG_1", room_id="RM_1", room_name="standup", status=status, **more)
    egress = egress_info.egress("livekit", MessageToDict(info))
    assert egress is not None
    assert HUSH not in repr(egress)
    return egress


def recording(status: EgressStatus = EgressStatus.EGRESS_ACTIVE, **more: Any) -> Recording:
    found = told(status, **({"room_composite": FILE} | more)).recording
    assert found is not None
    return found


def stream(**more: Any) -> Stream:
    found = told(**more).stream
    assert found is not None
    return found


PAGE = f"https://me:{HUSH}@page.example/scene?token={HUSH}"
SOURCES: dict[str, tuple[dict[str, Any], EgressSource]] = {
    "room": ({"room_composite": RoomCompositeEgressRequest()}, EgressSource()),
    "room with a layout": (
        {"room_composite": RoomCompositeEgressRequest(layout="speaker", audio_only=True)},
        EgressSource(layout="speaker", audio_only=True),
    ),
    "page": (
        {"web": WebEgressRequest(url=PAGE, video_only=True)},
        EgressSource(EgressKind.WEB, url="https://page.example/scene", video_only=True),
    ),
    "participant": (
        {"participant": ParticipantEgressRequest(identity="ana", screen_share=True)},
        EgressSource(EgressKind.PARTICIPANT, identity="ana", screen_share=True),
    ),
    "tracks": (
        {"track_composite": TrackCompositeEgressRequest(audio_track_id="TR_A", video_track_id="TR_V")},
        EgressSource(EgressKind.TRACKS, audio_track="TR_A", video_track="TR_V"),
    ),
    "track": (
        {"track": TrackEgressRequest(track_id="TR_1", file=DirectFileOutput())},
        EgressSource(EgressKind.TRACK, video_track="TR_1"),
    ),
    "track whose file is of sound": (
        {"track": TrackEgressRequest(track_id="TR_1"), "file_results": [FileInfo(filename="a.ogg")]},
        EgressSource(EgressKind.TRACK, audio_track="TR_1"),
    ),
    "track to a websocket": (
        {"track": TrackEgressRequest(track_id="TR_1", websocket_url=f"wss://a.example/?{HUSH}")},
        EgressSource(EgressKind.TRACK, audio_track="TR_1"),
    ),
    "unified room": (
        {"egress": StartEgressRequest(template=TemplateSource(layout="grid"))},
        EgressSource(layout="grid"),
    ),
    "unified page": (
        {"egress": StartEgressRequest(web=WebSource(url=PAGE))},
        EgressSource(EgressKind.WEB, url="https://page.example/scene"),
    ),
    "unified participant": (
        {"egress": StartEgressRequest(media=MediaSource(participant_video=ParticipantVideo(identity="ana")))},
        EgressSource(EgressKind.PARTICIPANT, identity="ana"),
    ),
    "unified tracks": (
        {
            "egress": StartEgressRequest(
                media=MediaSource(video_track_id="TR_V", audio=AudioConfig(routes=[AudioRoute(track_id="TR_A")]))
            )
        },
        EgressSource(EgressKind.TRACKS, audio_track="TR_A", video_track="TR_V"),
    ),
    "unknown": ({}, EgressSource()),
}


class TestWhatItIsOf:
    @pytest.mark.parametrize(("request_told", "source"), SOURCES.values(), ids=SOURCES)
    def test_source(self, request_told: dict[str, Any], source: EgressSource) -> None:
        assert told(**request_told).source == source

    def test_all_views_are_of_the_same(self) -> None:
        request = RoomCompositeEgressRequest(
            layout="grid", file_outputs=[EncodedFileOutput()], stream_outputs=[StreamOutput()]
        )
        both = told(room_composite=request, updated_at=nanoseconds(1))
        assert both.recording is not None
        assert both.stream is not None
        assert both.room == both.recording.room == both.stream.room == RoomRef("livekit", "RM_1", "standup")
        assert both.source == both.recording.source == both.stream.source
        assert (both.word, both.is_active, both.updated_at) == ("EGRESS_ACTIVE", True, moment(1))

    @pytest.mark.parametrize("status", EgressStatus.values())
    def test_which_of_them_go_on(self, status: EgressStatus) -> None:
        assert told(status).is_active is (status < EgressStatus.EGRESS_COMPLETE)


class TestWhenItBegan:
    def test_one_that_waits_has_not_begun(self) -> None:
        """A worker has taken it, which is what the server's own time says."""
        assert recording(EgressStatus.EGRESS_STARTING, started_at=nanoseconds(1)).started_at is None
        assert recording(EgressStatus.EGRESS_ABORTED, started_at=nanoseconds(1)).started_at is None

    def test_it_is_when_the_first_of_it_was_recorded(self) -> None:
        results = [FileInfo(started_at=nanoseconds(9))]
        assert recording(started_at=nanoseconds(1), file_results=results).started_at == moment(9)

    def test_or_else_when_it_was_taken(self) -> None:
        assert recording(started_at=nanoseconds(1)).started_at == moment(1)


class TestWhatIsWritten:
    def test_all_of_it(self) -> None:
        ready = recording(
            EgressStatus.EGRESS_COMPLETE,
            file_results=[
                FileInfo(
                    filename="a.mp4",
                    location=f"https://b.example/a.mp4?{HUSH}",
                    size=7,
                    duration=2_000_000_000,
                    ended_at=nanoseconds(2),
                )
            ],
            segment_results=[
                SegmentsInfo(
                    playlist_name="a.m3u8",
                    live_playlist_name="live.m3u8",
                    playlist_location="https://b.example/a.m3u8",
                    live_playlist_location=f"https://b.example/live.m3u8?{HUSH}",
                    segment_count=3,
                    size=8,
                )
            ],
            image_results=[ImagesInfo(filename_prefix="shots/a", image_count=4)],
            manifest_location=f"https://b.example/EG_1.json?{HUSH}",
        )
        assert ready.written == (
            Written(WrittenKind.FILE, "https://b.example/a.mp4", 7, timedelta(seconds=2)),
            Written(WrittenKind.PLAYLIST, "https://b.example/a.m3u8", 8, None, 3),
            Written(WrittenKind.LIVE_PLAYLIST, "https://b.example/live.m3u8"),
            Written(WrittenKind.IMAGES, "shots/a", count=4),
            Written(WrittenKind.MANIFEST, "https://b.example/EG_1.json"),
        )
        assert (ready.size, ready.location, ready.duration) == (15, "https://b.example/a.mp4", timedelta(seconds=2))

    def test_what_has_a_name_alone_is_not_written_yet(self) -> None:
        names: dict[str, Any] = {
            "file_results": [FileInfo(filename="a.mp4")],
            "segment_results": [SegmentsInfo(playlist_name="a.m3u8")],
            "image_results": [ImagesInfo(filename_prefix="a")],
        }
        assert recording(**names).written == ()
        assert recording(**names).location == "a.mp4"

    def test_in_the_backup_storage(self) -> None:
        assert recording(EgressStatus.EGRESS_COMPLETE, backup_storage_used=True).is_backup
        assert not recording(EgressStatus.EGRESS_COMPLETE).is_backup

    @pytest.mark.parametrize(
        ("status", "ended", "uploads"),
        [
            (EgressStatus.EGRESS_ENDING, True, True),
            (EgressStatus.EGRESS_ENDING, False, False),
            (EgressStatus.EGRESS_COMPLETE, True, False),
        ],
    )
    def test_it_is_uploading_when_all_is_recorded(self, status: EgressStatus, ended: bool, uploads: bool) -> None:
        at = nanoseconds(1) if ended else 0
        assert recording(status, file_results=[FileInfo(ended_at=at)]).is_uploading is uploads
        assert recording(status, segment_results=[SegmentsInfo(ended_at=at)]).is_uploading is uploads


class TestByHls:
    def test_with_a_live_playlist_alone_it_is_a_stream(self) -> None:
        request = RoomCompositeEgressRequest(segment_outputs=[SegmentedFileOutput(live_playlist_name="live")])
        results = [SegmentsInfo(playlist_name="a.m3u8", live_playlist_name="x/live.m3u8")]
        egress = told(room_composite=request, segment_results=results)
        assert egress.recording is None
        assert egress.stream is not None
        assert (egress.stream.playlist, egress.stream.destinations) == ("x/live.m3u8", ())
        results[0].live_playlist_location = f"https://b.example/live.m3u8?{HUSH}"
        assert stream(room_composite=request, segment_results=results).playlist == "https://b.example/live.m3u8"

    def test_with_a_file_beside_it_is_a_recording_too(self) -> None:
        segments = [SegmentedFileOutput(live_playlist_name="live")]
        request = RoomCompositeEgressRequest(segment_outputs=segments, file_outputs=[EncodedFileOutput()])
        egress = told(room_composite=request)
        assert egress.recording is not None
        assert egress.stream is not None

    def test_without_one_it_is_a_recording_alone(self) -> None:
        request = RoomCompositeEgressRequest(segment_outputs=[SegmentedFileOutput()])
        assert told(room_composite=request, segment_results=[SegmentsInfo(playlist_name="a")]).stream is None


TROUBLES = [
    ("Start signal not received", 412, "End reason: StopEgress API", EgressTrouble.NO_START_SIGNAL),
    ("Session limit reached before start signal", 413, "", EgressTrouble.NO_START_SIGNAL),
    ("Stop called before pipeline could start", 412, "", EgressTrouble.STOPPED_TOO_SOON),
    ("Session limit reached", 413, "End reason: Session limit reached", EgressTrouble.LIMIT_REACHED),
    ("pipeline frozen", 0, "End reason: Failure", EgressTrouble.FROZEN),
    ("S3 upload failed: 403 Forbidden", 400, "End reason: StopEgress API", EgressTrouble.UPLOAD_FAILED),
    ("file upload queue full (12 pending): storage cannot keep up", 0, "", EgressTrouble.UPLOAD_FAILED),
    ("CPU exhausted: 3.91 cores used", 403, "End reason: CPU exhausted", EgressTrouble.OVERLOADED),
    ("OOM: 4.01 GB used", 403, "", EgressTrouble.OVERLOADED),
    ("", 0, "End reason: Process killed", EgressTrouble.KILLED),
    ("service terminated by deployment", 403, "", EgressTrouble.KILLED),
    ("", 0, "End reason: Source closed", EgressTrouble.SOURCE_GONE),
    ("failed to subscribe to track", 0, "", EgressTrouble.SOURCE_GONE),
    ("something new", 500, "End reason: Failure", None),
]


class TestTrouble:
    @pytest.mark.parametrize(("error", "code", "details", "trouble"), TROUBLES)
    def test_what_the_words_mean(self, error: str, code: int, details: str, trouble: EgressTrouble | None) -> None:
        failed = recording(EgressStatus.EGRESS_FAILED, error=error, error_code=code, details=details)
        assert failed.trouble is trouble
        assert failed.error == (error or details)

    def test_the_limit_is_known_without_words(self) -> None:
        assert recording(EgressStatus.EGRESS_LIMIT_REACHED).trouble is EgressTrouble.LIMIT_REACHED

    def test_an_end_in_order_is_none(self) -> None:
        ready = recording(EgressStatus.EGRESS_COMPLETE, details="End reason: Source closed")
        assert (ready.status, ready.trouble, ready.error) == (RecordingStatus.READY, None, None)

    def test_that_of_a_stream(self) -> None:
        request = RoomCompositeEgressRequest(stream_outputs=[StreamOutput()])
        results = [StreamInfo(url=f"rtmp://a.example/app/{HUSH}")]
        failed = stream(
            status=EgressStatus.EGRESS_ABORTED,
            room_composite=request,
            stream_results=results,
            error="Start signal not received",
        )
        assert (failed.status, failed.trouble) == (StreamStatus.ABORTED, EgressTrouble.NO_START_SIGNAL)
