"""What LiveKit is asked for, by the options of an egress, and what is refused before it is asked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from livekit.api import (
    EncodedFileType,
    EncodingOptionsPreset,
    ParticipantEgressRequest,
    RoomCompositeEgressRequest,
    StreamProtocol,
    TrackCompositeEgressRequest,
    TrackEgressRequest,
    WebEgressRequest,
)
from pydantic import SecretStr

from providers.base import (
    EgressKind,
    EgressOptions,
    EgressSource,
    Encoding,
    FileFormat,
    FileOutput,
    ImagesOutput,
    RoomRef,
    SegmentsOutput,
)
from providers.livekit.egress_requests import Request, request
from providers.livekit.egress_rules import LAYOUTS, PRESETS, problem

ROOM = RoomRef("livekit", "RM_1", "standup")
FILE = EgressOptions(file=FileOutput())
PARTICIPANT = EgressSource(EgressKind.PARTICIPANT, identity="ana", screen_share=True)
TRACKS = EgressSource(EgressKind.TRACKS, video_track="TR_V", audio_track="TR_A")
SOUND = EgressSource(EgressKind.TRACK, audio_track="TR_A")
PAGE = EgressSource(EgressKind.WEB, url="https://page.example/scene?token=x", audio_only=True)


def asked(options: EgressOptions) -> Request:
    return request("standup" if options.source.has_room else "", options, None)


def urls(*given: str) -> tuple[SecretStr, ...]:
    return tuple(map(SecretStr, given))


class TestSources:
    def test_a_whole_room(self) -> None:
        told = asked(replace(FILE, source=EgressSource(layout="speaker", video_only=True)))
        assert isinstance(told, RoomCompositeEgressRequest)
        assert (told.room_name, told.layout, told.audio_only, told.video_only) == ("standup", "speaker", False, True)

    def test_a_participant(self) -> None:
        told = asked(replace(FILE, source=PARTICIPANT))
        assert isinstance(told, ParticipantEgressRequest)
        assert (told.room_name, told.identity, told.screen_share) == ("standup", "ana", True)

    def test_two_tracks(self) -> None:
        told = asked(replace(FILE, source=TRACKS))
        assert isinstance(told, TrackCompositeEgressRequest)
        assert (told.room_name, told.video_track_id, told.audio_track_id) == ("standup", "TR_V", "TR_A")

    def test_a_track_to_a_file(self) -> None:
        told = asked(EgressOptions(source=SOUND, file=FileOutput("one")))
        assert isinstance(told, TrackEgressRequest)
        assert (told.room_name, told.track_id, told.file.filepath) == ("standup", "TR_A", "one")

    def test_a_track_to_a_websocket(self) -> None:
        told = asked(EgressOptions(source=SOUND, urls=urls("wss://sink.example/x")))
        assert isinstance(told, TrackEgressRequest)
        assert told.WhichOneof("output") == "websocket_url"

    def test_a_page_with_its_query(self) -> None:
        told = asked(replace(FILE, source=PAGE))
        assert isinstance(told, WebEgressRequest)
        assert (told.url, told.audio_only) == (PAGE.url, True)

    @pytest.mark.parametrize("source", [EgressSource(), PARTICIPANT, TRACKS, SOUND, PAGE])
    def test_no_webhook_is_ever_asked_for(self, source: EgressSource) -> None:
        assert not asked(EgressOptions(source=source, file=FileOutput())).webhooks


class TestOutputs:
    def test_several_at_once_and_one_of_each(self) -> None:
        options = EgressOptions(
            file=FileOutput("one", FileFormat.OGG),
            segments=SegmentsOutput("two/", "two/list", "two/live", timedelta(seconds=2.5)),
            images=ImagesOutput("three", timedelta(seconds=0.2), 640, 360),
            urls=urls("rtmp://a.example/app/key", "mux://key"),
        )
        told = asked(options)
        assert isinstance(told, RoomCompositeEgressRequest)
        (file,), (segments,) = told.file_outputs, told.segment_outputs
        (images,), (stream,) = told.image_outputs, told.stream_outputs
        assert (file.filepath, file.file_type) == ("one", EncodedFileType.OGG)
        assert (segments.filename_prefix, segments.playlist_name) == ("two/", "two/list")
        assert (segments.live_playlist_name, segments.segment_duration) == ("two/live", 3)
        assert (images.filename_prefix, images.capture_interval) == ("three", 1)
        assert (images.width, images.height) == (640, 360)
        assert (stream.protocol, len(stream.urls)) == (StreamProtocol.RTMP, 2)

    def test_what_is_not_said_is_left_to_the_server(self) -> None:
        told = asked(EgressOptions(file=FileOutput(), segments=SegmentsOutput(), images=ImagesOutput()))
        assert isinstance(told, RoomCompositeEgressRequest)
        assert (told.file_outputs[0].file_type, told.file_outputs[0].filepath) == (0, "")
        assert (told.segment_outputs[0].segment_duration, told.segment_outputs[0].playlist_name) == (0, "")
        assert (told.image_outputs[0].capture_interval, told.image_outputs[0].width) == (0, 0)
        assert told.WhichOneof("options") is None
        assert not told.stream_outputs

    @pytest.mark.parametrize(
        ("url", "protocol"),
        [
            ("rtmps://a.example/app/key", StreamProtocol.RTMP),
            ("twitch://key", StreamProtocol.RTMP),
            ("srt://a.example:9000", StreamProtocol.SRT),
        ],
    )
    def test_how_it_is_sent_is_by_the_address(self, url: str, protocol: StreamProtocol) -> None:
        told = asked(EgressOptions(source=PARTICIPANT, urls=urls(url)))
        assert isinstance(told, ParticipantEgressRequest)
        assert told.stream_outputs[0].protocol == protocol


class TestEncoding:
    def test_presets_have_livekits_names(self) -> None:
        assert len(PRESETS) == 8
        assert PRESETS["portrait-h264-1080p-60"] == EncodingOptionsPreset.PORTRAIT_H264_1080P_60

    def test_the_first_preset_is_asked_for_though_it_is_zero(self) -> None:
        told = asked(replace(FILE, preset="h264-720p-30"))
        assert isinstance(told, RoomCompositeEgressRequest)
        assert told.WhichOneof("options") == "preset"

    def test_in_numbers(self) -> None:
        numbers = Encoding(640, 360, 25, 800, 96, 48_000, timedelta(seconds=2.5))
        told = asked(replace(FILE, encoding=numbers))
        assert isinstance(told, RoomCompositeEgressRequest)
        wanted = (640, 360, 25, 800, 96, 48_000, 2.5)
        advanced = told.advanced
        assert wanted == (
            advanced.width,
            advanced.height,
            advanced.framerate,
            advanced.video_bitrate,
            advanced.audio_bitrate,
            advanced.audio_frequency,
            advanced.key_frame_interval,
        )

    def test_layouts(self) -> None:
        assert LAYOUTS[:3] == ("grid", "grid-light", "grid-dark")
        assert len(LAYOUTS) == 9


RTMP, SRT, SOCKET = "rtmp://a.example/app/s3cret", "srt://a.example?passphrase=s3cret", "wss://a.example/s3cret"
CANNOT = {
    "no room": (None, FILE, "a room is needed"),
    "a page in a room": (ROOM, replace(FILE, source=PAGE), "in no room"),
    "a page without http": (None, EgressOptions(EgressSource(EgressKind.WEB, url="ftp://a")), "http:// or https://"),
    "a page that is no address": (None, EgressOptions(EgressSource(EgressKind.WEB, url="http://[")), "http://"),
    "nobody": (ROOM, EgressOptions(EgressSource(EgressKind.PARTICIPANT)), "identity"),
    "no tracks": (ROOM, EgressOptions(EgressSource(EgressKind.TRACKS)), "A video track"),
    "two of one": (ROOM, EgressOptions(replace(TRACKS, kind=EgressKind.TRACK)), "One track"),
    "nothing left": (ROOM, EgressOptions(EgressSource(audio_only=True, video_only=True)), "leave nothing"),
    "unknown preset": (ROOM, replace(FILE, preset="4k"), "no preset '4k'"),
    "preset and numbers": (ROOM, replace(FILE, preset="h264-720p-30", encoding=Encoding(640)), "exclude"),
    "unknown address": (ROOM, EgressOptions(urls=urls("rtmpx://a/app/s3cret")), "begin with rtmp://"),
    "two protocols": (ROOM, EgressOptions(urls=urls(RTMP, SRT)), "of one kind"),
    "picture by a websocket": (ROOM, EgressOptions(urls=urls(SOCKET)), "sound alone"),
    "images of sound": (ROOM, EgressOptions(EgressSource(audio_only=True), images=ImagesOutput()), "no images"),
    "a track in a format": (ROOM, EgressOptions(SOUND, file=FileOutput(format=FileFormat.OGG)), "as it is"),
    "a track in segments": (ROOM, EgressOptions(SOUND, segments=SegmentsOutput()), "as it is"),
    "a track to two places": (ROOM, EgressOptions(SOUND, file=FileOutput(), urls=urls(SOCKET)), "one place"),
    "a track by rtmp": (ROOM, EgressOptions(SOUND, urls=urls(RTMP)), "websocket only"),
}


class TestWhatCannotBe:
    @pytest.mark.parametrize(("room", "options", "words"), CANNOT.values(), ids=CANNOT)
    def test_is_told_without_what_is_secret(self, room: RoomRef | None, options: EgressOptions, words: str) -> None:
        told = problem(room, options)
        assert told is not None
        assert words in told
        assert "s3cret" not in told

    @pytest.mark.parametrize("source", [EgressSource(), PARTICIPANT, TRACKS, SOUND, PAGE])
    def test_what_can_be_is_not_refused(self, source: EgressSource) -> None:
        assert problem(ROOM if source.has_room else None, EgressOptions(source, file=FileOutput())) is None

    def test_sound_of_a_room_by_a_websocket_can_be(self) -> None:
        assert problem(ROOM, EgressOptions(EgressSource(audio_only=True), urls=urls(SOCKET))) is None
