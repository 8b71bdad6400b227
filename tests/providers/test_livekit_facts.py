"""What LiveKit tells of egresses and ingresses, in bodies that its own classes made."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from google.protobuf.json_format import MessageToDict, MessageToJson
from livekit.api import (
    DirectFileOutput,
    EgressInfo,
    EgressStatus,
    EncodedFileOutput,
    FileInfo,
    ImageOutput,
    ImagesInfo,
    IngressInfo,
    IngressInput,
    IngressState,
    ParticipantEgressRequest,
    RoomCompositeEgressRequest,
    SegmentedFileOutput,
    SegmentsInfo,
    StreamInfo,
    StreamOutput,
    TrackCompositeEgressRequest,
    TrackEgressRequest,
    WebEgressRequest,
    WebhookEvent,
)
from livekit.protocol.egress import Output, StartEgressRequest
from livekit.protocol.ingress import InputVideoState
from pydantic import SecretStr

from providers.base import (
    Destination,
    DestinationStatus,
    Ingress,
    IngressRef,
    IngressStatus,
    IngressTrouble,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    StreamStatus,
    VideoReceived,
)
from providers.base import IngressInput as Input
from providers.facts import Fact, IngressChanged, RecordingChanged, StreamChanged, facts_to_json
from providers.livekit.destinations import destination_id
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.livekit import KEY, SECRET, signed

BEGAN = 1_785_000_000
"""Seconds since the epoch."""
HUSH = "hush-hush"
ROOM = RoomRef("livekit", "RM_1", "standup")
FILES = RoomCompositeEgressRequest(room_name="standup", file_outputs=[EncodedFileOutput(filepath="a.mp4")])
STREAMS = RoomCompositeEgressRequest(stream_outputs=[StreamOutput(urls=[f"rtmp://example.com/app/{HUSH}"])])


@pytest.fixture
def provider() -> LiveKit:
    return LiveKit("livekit", LiveKitSettings(url="http://127.0.0.1:7880", api_key=KEY, api_secret=SecretStr(SECRET)))


def read(provider: LiveKit, event: WebhookEvent) -> list[Fact]:
    """With what holds for every fact: nothing of what is secret is in it."""
    body = MessageToJson(event).encode()
    facts = provider.read_webhook("", {"authorization": signed(body)}, body)
    assert HUSH.encode() not in facts_to_json(facts)
    assert {fact.key for fact in facts} <= {event.id}
    return facts


def egress(info: EgressInfo, event: str = "egress_updated") -> WebhookEvent:
    return WebhookEvent(event=event, id="EV_1", created_at=BEGAN, egress_info=info)


def ingress(info: IngressInfo, event: str = "ingress_started") -> WebhookEvent:
    return WebhookEvent(event=event, id="EV_1", created_at=BEGAN, ingress_info=info)


def about(
    status: EgressStatus = EgressStatus.EGRESS_ACTIVE,
    *,
    seconds: int | None = 0,
    request: RoomCompositeEgressRequest = FILES,
) -> EgressInfo:
    """An egress that was last changed so long after it began."""
    info = EgressInfo(egress_id="EG_1", room_id="RM_1", room_name="standup", status=status, room_composite=request)
    info.started_at = nanoseconds(0)
    info.updated_at = nanoseconds(seconds) if seconds is not None else 0
    return info


def nanoseconds(seconds: float) -> int:
    return int((BEGAN + seconds) * 1_000_000) * 1_000 + 999


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGAN, UTC) + timedelta(seconds=seconds)


def known(url: str) -> str:
    """The id of a destination whose URL LiveKit tells like this."""
    return destination_id(url)


def recorded(facts: list[Fact]) -> Recording:
    (fact,) = facts
    assert isinstance(fact, RecordingChanged)
    return fact.recording


class TestRecordings:
    def test_one_that_is_asked_for_starts(self, provider: LiveKit) -> None:
        (fact,) = read(provider, egress(about(EgressStatus.EGRESS_STARTING, seconds=None), "egress_started"))
        assert isinstance(fact, RecordingChanged)
        assert fact.recording == Recording(RecordingRef("livekit", "EG_1"), ROOM, RecordingStatus.STARTING)
        assert (fact.at, fact.key) == (moment(0), "EV_1")

    def test_it_is_as_of_when_the_server_changed_it(self, provider: LiveKit) -> None:
        """The event itself is dated in whole seconds, of which several have one."""
        (fact,) = read(provider, egress(about(seconds=7)))
        assert fact.at == moment(7)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (EgressStatus.EGRESS_ACTIVE, RecordingStatus.LIVE),
            (EgressStatus.EGRESS_ENDING, RecordingStatus.ENDING),
            (EgressStatus.EGRESS_COMPLETE, RecordingStatus.READY),
            (EgressStatus.EGRESS_FAILED, RecordingStatus.FAILED),
            (EgressStatus.EGRESS_ABORTED, RecordingStatus.ABORTED),
            (EgressStatus.EGRESS_LIMIT_REACHED, RecordingStatus.FAILED),
        ],
    )
    def test_its_status(self, provider: LiveKit, status: EgressStatus, expected: RecordingStatus) -> None:
        assert recorded(read(provider, egress(about(status)))).status is expected

    def test_every_status_is_known(self, provider: LiveKit) -> None:
        body = MessageToDict(egress(about()))
        for status in EgressStatus.DESCRIPTOR.values:
            body["egressInfo"]["status"] = status.name
            text = json.dumps(body).encode()
            assert len(provider.read_webhook("", {"authorization": signed(text)}, text)) == 1

    def test_what_it_has_left(self, provider: LiveKit) -> None:
        info = about(EgressStatus.EGRESS_COMPLETE)
        info.ended_at = nanoseconds(60)
        info.details = "End reason: StopEgress API"
        place = f"https://me:{HUSH}@bucket.example.com/standup.mp4?signature={HUSH}"
        duration = 59_500_000_000
        info.file_results.append(FileInfo(filename="standup.mp4", duration=duration, size=1_000_000, location=place))
        told = recorded(read(provider, egress(info, "egress_ended")))
        assert (told.ended_at, told.duration) == (moment(60), timedelta(seconds=59.5))
        assert (told.size, told.location) == (1_000_000, "https://bucket.example.com/standup.mp4")
        assert told.error is None

    def test_that_it_ran_into_the_limit_and_what_was_written_till_then(self, provider: LiveKit) -> None:
        info = about(EgressStatus.EGRESS_LIMIT_REACHED)
        info.error = "Session limit reached"
        info.file_results.append(FileInfo(filename="standup.mp4", size=7))
        told = recorded(read(provider, egress(info, "egress_ended")))
        assert (told.status, told.error) == (RecordingStatus.READY, "Session limit reached")

    @pytest.mark.parametrize(
        ("error", "details", "words"),
        [
            ("pipeline frozen", "End reason: Failure", "pipeline frozen"),
            ("", "End reason: Process killed", "End reason: Process killed"),
            (f"no way to rtmp://example.com/app/{HUSH}", "", "no way to rtmp://example.com/app"),
            ("", "", None),
        ],
    )
    def test_why_it_failed(self, provider: LiveKit, error: str, details: str, words: str | None) -> None:
        info = about(EgressStatus.EGRESS_FAILED)
        info.error, info.details = error, details
        assert recorded(read(provider, egress(info))).error == words

    def test_segments_and_images(self, provider: LiveKit) -> None:
        info = about(request=RoomCompositeEgressRequest())
        info.segment_results.append(SegmentsInfo(playlist_location="/out/a.m3u8", size=5, duration=2_000_000_000))
        info.image_results.append(ImagesInfo(filename_prefix="/out/a"))
        told = recorded(read(provider, egress(info)))
        assert (told.location, told.size, told.duration) == ("/out/a.m3u8", 5, timedelta(seconds=2))

    def test_of_a_page_in_no_room(self, provider: LiveKit) -> None:
        web = WebEgressRequest(url=f"https://example.com/?{HUSH}", file_outputs=[EncodedFileOutput()])
        told = recorded(read(provider, egress(EgressInfo(egress_id="EG_1", web=web))))
        assert told.room == RoomRef("livekit", "", "")


REQUESTS = {
    "file": EgressInfo(room_composite=FILES),
    "an older file": EgressInfo(track_composite=TrackCompositeEgressRequest(file=EncodedFileOutput())),
    "segments": EgressInfo(participant=ParticipantEgressRequest(segment_outputs=[SegmentedFileOutput()])),
    "images": EgressInfo(web=WebEgressRequest(image_outputs=[ImageOutput()])),
    "a track's file": EgressInfo(track=TrackEgressRequest(file=DirectFileOutput())),
    "unified": EgressInfo(egress=StartEgressRequest(outputs=[Output(file={})])),
    "nothing that is known": EgressInfo(),
    "stream": EgressInfo(room_composite=STREAMS),
    "an older stream": EgressInfo(web=WebEgressRequest(stream=StreamOutput())),
    "a track's socket": EgressInfo(track=TrackEgressRequest(websocket_url=f"wss://example.com/?{HUSH}")),
    "unified stream": EgressInfo(egress=StartEgressRequest(outputs=[Output(stream=StreamOutput())])),
    "results alone": EgressInfo(stream_results=[StreamInfo(url=f"rtmp://example.com/app/{HUSH}")]),
    "both": EgressInfo(egress=StartEgressRequest(outputs=[Output(file={}), Output(stream=StreamOutput())])),
}
RECORDS = {"file", "an older file", "segments", "images", "a track's file", "unified", "nothing that is known", "both"}


@pytest.mark.parametrize("name", REQUESTS)
def test_an_egress_is_a_recording_a_stream_or_both(provider: LiveKit, name: str) -> None:
    info = EgressInfo(egress_id="EG_1")
    info.MergeFrom(REQUESTS[name])
    types = {type(fact) for fact in read(provider, egress(info))}
    assert (RecordingChanged in types) is (name in RECORDS)
    assert (StreamChanged in types) is (name == "both" or name not in RECORDS)


class TestStreams:
    def test_each_destination_has_its_own_state(self, provider: LiveKit) -> None:
        info = about(request=STREAMS)
        one = StreamInfo(url="rtmp://example.com/app/{oth...key}", started_at=nanoseconds(1))
        refused = StreamInfo(
            url=f"rtmp://example.com/app/{HUSH}",
            status=StreamInfo.FAILED,
            error=f"rtmp://example.com/app/{HUSH} refused",
            ended_at=nanoseconds(2),
            retries=3,
            last_retry_at=nanoseconds(1.5),
        )
        connecting = StreamInfo(url=f"srt://example.com:9000?passphrase={HUSH}", id="ST_1")
        over = StreamInfo(url="wss://example.com/a/b", status=StreamInfo.FINISHED)
        info.stream_results.extend([one, refused, connecting, over])
        (fact,) = read(provider, egress(info))
        assert isinstance(fact, StreamChanged)
        assert (fact.stream.status, fact.stream.room, fact.stream.ref.id) == (StreamStatus.LIVE, ROOM, "EG_1")
        place = "rtmp://example.com/app"
        failed = Destination(
            known(refused.url), place, DestinationStatus.FAILED, None, moment(2), f"{place} refused", 3, moment(1.5)
        )
        assert fact.stream.destinations == (
            Destination(known(one.url), place, DestinationStatus.LIVE, moment(1)),
            failed,
            Destination(known(connecting.url), "srt://example.com:9000", DestinationStatus.CONNECTING),
            Destination(known(over.url), "wss://example.com/a", DestinationStatus.ENDED),
        )

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_of_one_address_each_stays_the_same_in_whatever_order_they_are_listed(
        self, provider: LiveKit, order: Sequence[int]
    ) -> None:
        url = "rtmp://example.com/app/{h...h}"
        life = (
            (StreamInfo(url=url, started_at=nanoseconds(1)), DestinationStatus.LIVE),
            (StreamInfo(url=url, status=StreamInfo.FAILED, ended_at=nanoseconds(2)), DestinationStatus.FAILED),
            (StreamInfo(url=url, started_at=nanoseconds(3)), DestinationStatus.LIVE),
        )
        info = about(request=STREAMS)
        info.stream_results.extend([life[n][0] for n in order])
        (fact,) = read(provider, egress(info))
        assert isinstance(fact, StreamChanged)
        assert {each.id: each.status for each in fact.stream.destinations} == {
            id: status for id, (_, status) in zip((known(url), f"{known(url)}-2", f"{known(url)}-3"), life, strict=True)
        }

    def test_of_one_address_none_takes_the_place_of_another_when_it_begins(self, provider: LiveKit) -> None:
        url = "rtmp://example.com/app/{h...h}"
        failed = StreamInfo(url=url, status=StreamInfo.FAILED, ended_at=nanoseconds(2))
        for began in (0, nanoseconds(3)):
            info = about(request=STREAMS)
            info.stream_results.extend([StreamInfo(url=url, started_at=began), failed])
            (fact,) = read(provider, egress(info))
            assert isinstance(fact, StreamChanged)
            assert [each.status for each in fact.stream.destinations if each.id == known(url)] == [
                DestinationStatus.FAILED
            ]

    def test_one_that_ran_into_the_limit_has_ended_and_says_why(self, provider: LiveKit) -> None:
        info = about(EgressStatus.EGRESS_LIMIT_REACHED, request=STREAMS)
        info.details = "End reason: Session limit reached"
        (fact,) = read(provider, egress(info))
        assert isinstance(fact, StreamChanged)
        assert (fact.stream.status, fact.stream.error) == (StreamStatus.ENDED, "End reason: Session limit reached")


class TestIngresses:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (IngressState.ENDPOINT_BUFFERING, IngressStatus.BUFFERING),
            (IngressState.ENDPOINT_PUBLISHING, IngressStatus.LIVE),
            (IngressState.ENDPOINT_ERROR, IngressStatus.FAILED),
            (IngressState.ENDPOINT_COMPLETE, IngressStatus.COMPLETE),
        ],
    )
    def test_what_it_does(self, provider: LiveKit, status: IngressState.Status, expected: IngressStatus) -> None:
        (fact,) = read(provider, ingress(about_ingress(status)))
        assert isinstance(fact, IngressChanged)
        assert fact.at == moment(2)
        room = ROOM if expected.is_receiving else replace(ROOM, id="")
        ingress_of_it = Ingress(IngressRef("livekit", "IN_1"), room, expected, Input.WHIP, "Camera", "camera")
        assert fact.ingress == replace(
            ingress_of_it,
            address="https://example.com/w",
            video=VideoReceived("video/VP8", 640, 360, 25, 800),
            started_at=moment(1),
            updated_at=moment(2),
            error="cannot pull https://example.com",
        )

    def test_an_update_ends_a_failure_after_it(self, provider: LiveKit) -> None:
        """The server sends the state of the failure, as old and with its error."""
        (failed,) = read(provider, ingress(about_ingress(IngressState.ENDPOINT_ERROR), "ingress_ended"))
        (reset,) = read(provider, ingress(about_ingress(IngressState.ENDPOINT_INACTIVE), "ingress_ended"))
        assert isinstance(reset, IngressChanged)
        assert failed.at < reset.at <= moment(3)
        assert (reset.ingress.status, reset.ingress.error, reset.ingress.video) == (IngressStatus.WAITING, None, None)

    def test_one_without_a_state_waits(self, provider: LiveKit) -> None:
        (fact,) = read(provider, ingress(IngressInfo(ingress_id="IN_1", room_name="standup"), "ingress_ended"))
        assert isinstance(fact, IngressChanged)
        assert (fact.ingress.status, fact.ingress.input) == (IngressStatus.WAITING, "rtmp")
        assert (fact.ingress.room, fact.at) == (replace(ROOM, id=""), moment(0))

    @pytest.mark.parametrize(
        ("words", "status", "trouble"),
        [
            ("room disconnected", "failed", IngressTrouble.ROOM_GONE),
            ("room disconnected unexpectedly", "failed", IngressTrouble.ROOM_GONE),
            ("session is disabled", "waiting", IngressTrouble.DISABLED),
            ("invalid ingress: no room name", "failed", IngressTrouble.NO_ROOM),
            ("server capacity exceeded", "failed", IngressTrouble.BUSY),
            ("server shutting down", "failed", IngressTrouble.SHUT_DOWN),
            ("unsupported mime type (video/x-vp6) for the source media", "failed", IngressTrouble.FORMAT),
            ("more than 1 track with given media kind", "failed", IngressTrouble.TOO_MANY_TRACKS),
            ("source encoder not ready", "failed", IngressTrouble.NO_MEDIA),
            ("preroll buffer reset", "failed", None),
        ],
    )
    def test_what_the_words_of_a_worker_mean(
        self, provider: LiveKit, words: str, status: str, trouble: IngressTrouble | None
    ) -> None:
        info = about_ingress(IngressState.ENDPOINT_ERROR)
        info.state.error = words
        (fact,) = read(provider, ingress(info, "ingress_ended"))
        assert isinstance(fact, IngressChanged)
        assert (fact.ingress.status, fact.ingress.trouble) == (status, trouble)

    def test_of_what_is_fetched_the_path_and_the_password_are_cut(self, provider: LiveKit) -> None:
        info = about_ingress(IngressState.ENDPOINT_ERROR)
        info.input_type, info.stream_key = IngressInput.URL_INPUT, ""
        info.url = f"srt://{HUSH}@example.com:9000?x={HUSH}"
        info.state.error = f"the passphrase {HUSH} is wrong"
        (fact,) = read(provider, ingress(info, "ingress_ended"))
        assert isinstance(fact, IngressChanged)
        assert (fact.ingress.address, fact.ingress.error) == ("srt://example.com:9000", "the passphrase … is wrong")
        assert fact.ingress.trouble is IngressTrouble.NOT_FETCHED


def about_ingress(status: IngressState.Status) -> IngressInfo:
    """One by WHIP, with its key wherever it could be."""
    state = IngressState(status=status, room_id="RM_1", started_at=nanoseconds(1), updated_at=nanoseconds(2))
    state.video.MergeFrom(InputVideoState(mime_type="video/VP8", width=640, height=360, framerate=25))
    state.video.average_bitrate = 800_000
    state.error = f"cannot pull https://example.com/?{HUSH}"
    return IngressInfo(
        ingress_id="IN_1",
        name="Camera",
        stream_key=HUSH,
        url=f"https://example.com/w/{HUSH}",
        input_type=IngressInput.WHIP_INPUT,
        room_name="standup",
        participant_identity="camera",
        reusable=True,
        state=state,
    )


@pytest.mark.parametrize(
    "event",
    [egress(about()), ingress(IngressInfo(ingress_id="IN_1", state=IngressState()))],
    ids=lambda event: str(event.event),
)
def test_a_status_of_a_later_server_tells_nothing(provider: LiveKit, event: WebhookEvent) -> None:
    body = MessageToDict(event)
    about_it = body.get("egressInfo") or body["ingressInfo"]["state"]
    about_it["status"] = "PONDERING"
    text = json.dumps(body).encode()
    assert provider.read_webhook("", {"authorization": signed(text)}, text) == []
