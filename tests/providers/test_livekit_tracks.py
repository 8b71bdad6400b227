"""What is particular to LiveKit's tracks and signals, and what its webhooks tell of tracks."""

from datetime import UTC, datetime, timedelta

import pytest
from livekit.api import (
    DataPacket,
    Encryption,
    ParticipantInfo,
    ParticipantPermission,
    SimulcastCodecInfo,
    TimedVersion,
    TokenVerifier,
    TrackInfo,
    TrackType,
    WebhookReceiver,
)
from livekit.api import TrackSource as SourceNumber

from providers.base import Participant, RoomRef, Signal, Track, TrackKind, TrackSource
from providers.errors import Conflict, NotFound, Rejected, Unreachable, Unsupported
from providers.livekit import mapping
from providers.livekit.provider import LiveKit
from tests.standins.livekit import KEY, SECRET, Fault, LiveKitStandIn


@pytest.fixture
def ana(standin: LiveKitStandIn, standup: RoomRef) -> ParticipantInfo:
    return _bring(standin, "ana")


@pytest.fixture
def bo(standin: LiveKitStandIn, standup: RoomRef) -> ParticipantInfo:
    return _bring(standin, "bo")


def _bring(standin: LiveKitStandIn, identity: str) -> ParticipantInfo:
    permission = ParticipantPermission(can_subscribe=True, can_publish=True)
    return standin.bring("standup", ParticipantInfo(identity=identity, permission=permission))


class TestMapping:
    def test_of_a_track(self) -> None:
        at = datetime(2026, 8, 1, 12, 30, 15, 250_000, tzinfo=UTC)
        message = TrackInfo(
            sid="TR_1",
            type=TrackType.VIDEO,
            source=SourceNumber.SCREEN_SHARE,
            name="slides",
            muted=True,
            mime_type="video/VP8",
            width=1280,
            height=720,
            encryption=Encryption.GCM,
            version=TimedVersion(unix_micro=int(at.timestamp() * 1_000_000)),
        )
        assert mapping.track(message) == Track(
            id="TR_1",
            kind=TrackKind.VIDEO,
            source=TrackSource.SCREEN_SHARE,
            name="slides",
            muted=True,
            published_at=at,
            codec="video/VP8",
            width=1280,
            height=720,
            encrypted=True,
        )

    def test_of_a_track_that_says_little_of_itself(self) -> None:
        message = TrackInfo(sid="TR_1", codecs=[SimulcastCodecInfo(mime_type="audio/red")])
        assert mapping.track(message) == Track("TR_1", TrackKind.AUDIO, codec="audio/red")

    def test_of_kinds_and_sources_that_a_later_server_adds(self) -> None:
        later = TrackInfo.FromString(TrackInfo(sid="TR_1").SerializeToString() + b"\x10\x63" + b"\x48\x63")
        assert (later.type, later.source) == (99, 99)
        track = mapping.track(later)
        assert (track.kind, track.source) == (TrackKind.DATA, TrackSource.UNKNOWN)

    async def test_who_publishes_what_since_when(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo
    ) -> None:
        standin.publish("standup", "ana", "CAMERA")
        (listed,) = await livekit.list_participants(standup)
        assert isinstance(listed, Participant)
        (track,) = listed.tracks
        assert (track.kind, track.source, track.width) == (TrackKind.VIDEO, TrackSource.CAMERA, 640)
        assert track.published_at is not None
        assert abs(datetime.now(UTC) - track.published_at) < timedelta(minutes=1)
        assert listed.is_publisher


class TestMute:
    async def test_a_track_that_is_not_theirs_is_missing(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo, bo: ParticipantInfo
    ) -> None:
        theirs = standin.publish("standup", "bo")
        with pytest.raises(NotFound) as missing:
            await livekit.mute_track(standup, "ana", theirs.sid)
        assert missing.value.detail == f"no track {theirs.sid!r} of 'ana' in the room 'standup'"
        assert not bo.tracks[0].muted

    async def test_unmuting_where_the_operator_forbids_it_is_refused_by_name(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo
    ) -> None:
        standin.enable_remote_unmute = False
        track = standin.publish("standup", "ana")
        assert (await livekit.mute_track(standup, "ana", track.sid)).muted
        with pytest.raises(Unsupported) as refused:
            await livekit.unmute_track(standup, "ana", track.sid)
        assert refused.value.detail == "unmute_track"
        assert ana.tracks[0].muted

    async def test_another_refusal_is_no_lack(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo
    ) -> None:
        standin.fail("MutePublishedTrack", Fault.PRECONDITION)
        with pytest.raises(Conflict):
            await livekit.unmute_track(standup, "ana", standin.publish("standup", "ana").sid)


class TestSubscriptions:
    async def test_the_server_is_not_asked_for_what_it_would_ignore(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo, bo: ParticipantInfo
    ) -> None:
        own, others = standin.publish("standup", "ana").sid, standin.publish("standup", "bo").sid
        for tracks, error, detail in (
            ([others, own], Rejected, f"{own} is published by ana and cannot be received by them."),
            ([others, "TR_0"], NotFound, "no track TR_0 in the room 'standup'"),
        ):
            with pytest.raises(error) as refused:
                await livekit.update_subscriptions(standup, "ana", tracks, subscribe=False)
            assert refused.value.detail == detail
        with pytest.raises(NotFound, match="not in the room 'standup': 'cy'"):
            await livekit.update_subscriptions(standup, "cy", [others], subscribe=False)
        assert "UpdateSubscriptions" not in standin.calls
        assert standin.received("standup", "ana") == {others}

    async def test_a_server_that_dies_after_our_look(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo, bo: ParticipantInfo
    ) -> None:
        track = standin.publish("standup", "bo").sid
        standin.fail("UpdateSubscriptions", Fault.RESET)
        with pytest.raises(Unreachable):
            await livekit.update_subscriptions(standup, "ana", [track], subscribe=False)
        assert standin.calls.count("UpdateSubscriptions") == 1


class TestSignals:
    async def test_of_either_kind_with_and_without_a_topic(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo
    ) -> None:
        await livekit.send_signal(standup, Signal("é🎬", topic="chat", lossy=True))
        await livekit.send_signal(standup, Signal("plain"))
        first, second = [await standin.heard[ana.sid].get() for _ in range(2)]
        assert (first.data.decode(), first.topic, first.kind) == ("é🎬", "chat", DataPacket.LOSSY)
        assert (second.data, second.HasField("topic"), second.kind) == (b"plain", False, DataPacket.RELIABLE)

    async def test_what_would_be_lost_is_not_sent(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo
    ) -> None:
        await livekit.send_signal(standup, Signal("x" * 64_000))
        with pytest.raises(Rejected, match="64,001"):
            await livekit.send_signal(standup, Signal("x" * 64_001))
        with pytest.raises(NotFound, match="not in the room 'standup': 'bo', 'cy'"):
            await livekit.send_signal(standup, Signal("hello", to=("ana", "bo", "cy")))
        assert standin.heard[ana.sid].qsize() == 1

    async def test_silence_of_a_live_room_is_no_absence(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        standin.fail("SendData", Fault.NO_RESPONSE)
        with pytest.raises(Unreachable):
            await livekit.send_signal(standup, Signal("hello"))


class TestWebhooks:
    async def test_of_tracks_tell_whose_they_are(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef, ana: ParticipantInfo
    ) -> None:
        standin.publish("standup", "ana")
        standin.leave("standup", "ana")
        judge = WebhookReceiver(TokenVerifier(KEY, SECRET))
        told: dict[str, list[str]] = {}
        while not standin.deliveries.empty():
            authorization, body = standin.deliveries.get_nowait()
            facts = livekit.read_webhook("", {"authorization": authorization}, body)
            told[judge.receive(body.decode(), authorization).event] = [fact.type for fact in facts]
        assert told == {
            "room_started": ["room_started"],
            "participant_joined": ["participant_joined"],
            "track_published": ["track_published"],
            "track_unpublished": ["track_unpublished"],
            "participant_left": ["participant_left"],
        }
