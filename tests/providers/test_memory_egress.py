"""How egresses go on the in-memory server where it is its own: what it waits for, refuses and is made to do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from providers.base import (
    Capability,
    EgressKind,
    EgressOptions,
    EgressSource,
    EgressTrouble,
    Encoding,
    FileFormat,
    FileOutput,
    ImagesOutput,
    RecordingStatus,
    RoomOptions,
    RoomRef,
    SegmentsOutput,
    StreamStatus,
    TrackSource,
    WrittenKind,
)
from providers.errors import LeftBehind, NotFound, NoWorker, Rejected
from providers.facts import Fact, RecordingChanged, StreamChanged
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer
from providers.memory.settings import MemorySettings

FILE = EgressOptions(file=FileOutput())
FIRST = SecretStr("rtmp://a.example/live/first-key")
ANA = EgressSource(EgressKind.PARTICIPANT, identity="ana")


@pytest.fixture
def settings() -> MemorySettings:
    return MemorySettings(
        recording_delay_seconds=0.01, recording_waits_for_publisher=True, outputs={"archive": "memory://archive/2026"}
    )


@pytest.fixture
async def room(server: MemoryServer) -> RoomRef:
    """With ana in it, who sends nothing."""
    room = server.create_room("standup", RoomOptions()).room.ref
    server.join("standup", "ana")
    return room


@pytest.fixture
async def camera(server: MemoryServer, room: RoomRef) -> str:
    """Ana's, which is on."""
    return server.publish("standup", "ana", TrackSource.CAMERA).id


def recorded(told: list[Fact]) -> list[RecordingStatus]:
    return [fact.recording.status for fact in told if isinstance(fact, RecordingChanged)]


def streamed(told: list[Fact]) -> list[StreamStatus]:
    return [fact.stream.status for fact in told if isinstance(fact, StreamChanged)]


class TestWaiting:
    async def test_a_whole_room_waits_for_somebody_to_send(
        self, server: MemoryServer, room: RoomRef, told: list[Fact]
    ) -> None:
        started = server.start_recording(room, EgressOptions())
        await server.settled()
        assert recorded(told) == ["starting"]
        server.publish("standup", "ana")
        await server.settled()
        assert recorded(told) == ["starting", "live"]
        server.stop_recording(started.ref.id)
        await server.settled()
        assert recorded(told)[2:] == ["ending", "ready"]

    async def test_one_that_is_recorded_from_its_start_waits_too(self, server: MemoryServer, told: list[Fact]) -> None:
        server.create_room("plan", RoomOptions(record=True, layout="speaker"))
        await server.settled()
        server.join("plan", "bo")
        server.publish("plan", "bo")
        await server.settled()
        assert recorded(told) == ["starting", "live"]
        assert [r.source.layout for r in server.list_recordings()] == ["speaker"]

    async def test_stopped_while_it_waits(self, server: MemoryServer, room: RoomRef) -> None:
        stopped = server.stop_recording(server.start_recording(room, EgressOptions()).ref.id)
        assert (stopped.status, stopped.trouble) == (RecordingStatus.ABORTED, EgressTrouble.NO_START_SIGNAL)
        server.publish("standup", "ana")
        await server.settled()
        assert [r.status for r in server.list_recordings()] == [RecordingStatus.ABORTED]

    async def test_stopped_before_it_began(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        stopped = server.stop_recording(server.start_recording(room, EgressOptions()).ref.id)
        assert (stopped.status, stopped.trouble) == (RecordingStatus.ABORTED, EgressTrouble.STOPPED_TOO_SOON)

    async def test_one_participant_and_a_page_do_not_wait(self, server: MemoryServer, room: RoomRef) -> None:
        server.start_recording(room, EgressOptions(source=ANA))
        page = EgressSource(EgressKind.WEB, url="https://page.example/")
        server.start_recording(None, EgressOptions(source=page))
        await server.settled()
        assert [r.status for r in server.list_recordings()] == [RecordingStatus.LIVE] * 2


class TestSource:
    async def test_it_ends_when_the_participant_leaves(
        self, server: MemoryServer, room: RoomRef, camera: str, told: list[Fact]
    ) -> None:
        server.start_recording(room, EgressOptions(source=ANA))
        whole = server.start_recording(room, EgressOptions())
        await server.settled()
        server.leave("standup", "ana")
        await server.settled()
        of_ana, of_all = reversed(server.list_recordings())
        assert (of_ana.status, of_ana.trouble) == (RecordingStatus.READY, EgressTrouble.SOURCE_GONE)
        assert (of_all.ref, of_all.status) == (whole.ref, RecordingStatus.LIVE)

    async def test_it_ends_with_the_last_of_its_tracks(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        microphone = server.publish("standup", "ana").id
        source = EgressSource(EgressKind.TRACKS, video_track=camera, audio_track=microphone)
        server.start_recording(room, EgressOptions(source=source))
        await server.settled()
        server.unpublish("standup", "ana", camera)
        assert [r.status for r in server.list_recordings()] == [RecordingStatus.LIVE]
        server.unpublish("standup", "ana", microphone)
        assert [r.status for r in server.list_recordings()] == [RecordingStatus.ENDING]

    async def test_gone_before_it_began(self, server: MemoryServer, room: RoomRef) -> None:
        server.start_recording(room, EgressOptions(source=ANA))
        server.leave("standup", "ana")
        (aborted,) = server.list_recordings()
        assert (aborted.status, aborted.trouble) == (RecordingStatus.ABORTED, EgressTrouble.SOURCE_GONE)

    @pytest.mark.parametrize(
        "source",
        [
            EgressSource(EgressKind.PARTICIPANT, identity="bo"),
            EgressSource(EgressKind.TRACK, video_track="TR_absent"),
            EgressSource(EgressKind.TRACKS, audio_track="TR_absent"),
        ],
    )
    async def test_what_is_not_in_the_room(self, server: MemoryServer, room: RoomRef, source: EgressSource) -> None:
        with pytest.raises(NotFound):
            server.start_recording(room, EgressOptions(source=source))
        assert server.list_recordings() == []

    @pytest.mark.parametrize("kind", [EgressKind.TRACK, EgressKind.TRACKS])
    async def test_a_track_of_the_other_kind(
        self, server: MemoryServer, room: RoomRef, camera: str, kind: EgressKind
    ) -> None:
        with pytest.raises(Rejected):
            server.start_recording(room, EgressOptions(source=EgressSource(kind, audio_track=camera)))

    async def test_a_page_has_no_room_and_all_else_has_one(self, server: MemoryServer, room: RoomRef) -> None:
        page = EgressOptions(source=EgressSource(EgressKind.WEB, url="https://page.example/"))
        for where, options in ((room, page), (None, FILE), (None, EgressOptions(source=ANA))):
            with pytest.raises(Rejected):
                server.start_egress(where, options)


@pytest.mark.parametrize(
    "options",
    [
        EgressOptions(source=EgressSource(layout="mosaic")),
        EgressOptions(source=EgressSource(audio_only=True, video_only=True)),
        EgressOptions(source=EgressSource(EgressKind.TRACKS)),
        EgressOptions(source=EgressSource(EgressKind.TRACK)),
        EgressOptions(source=EgressSource(EgressKind.TRACK, video_track="TR_1", audio_track="TR_2")),
        EgressOptions(source=EgressSource(EgressKind.TRACK, video_track="TR_1"), urls=(FIRST,)),
        EgressOptions(source=EgressSource(audio_only=True), images=ImagesOutput()),
        EgressOptions(file=FileOutput(format=FileFormat.MP3)),
        EgressOptions(preset="h264-8k"),
        EgressOptions(preset="h264-720p-30", encoding=Encoding(framerate=25)),
        EgressOptions(encoding=Encoding(width=641, height=360)),
        EgressOptions(encoding=Encoding(width=8, height=8)),
        EgressOptions(output="attic"),
        EgressOptions(urls=(FIRST, SecretStr("srt://a.example:9000?streamid=secret"))),
    ],
)
async def test_what_is_refused(server: MemoryServer, room: RoomRef, camera: str, options: EgressOptions) -> None:
    with pytest.raises(Rejected):
        server.start_egress(room, options)
    assert server.list_egresses() == []


@pytest.mark.parametrize("url", ["ftp://page.example/", "page.example", ""])
async def test_what_is_no_page(server: MemoryServer, url: str) -> None:
    with pytest.raises(Rejected):
        server.start_recording(None, EgressOptions(source=EgressSource(EgressKind.WEB, url=url)))


class TestWritten:
    async def test_what_there_is_of_it(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        asked = EgressOptions(
            file=FileOutput("takes/one.mp4"),
            segments=SegmentsOutput(length=timedelta(seconds=2)),
            images=ImagesOutput("stills/one"),
            output="archive",
        )
        started = server.start_recording(room, asked)
        assert (started.location, started.written) == ("memory://archive/2026/takes/one.mp4", ())
        await server.settled()
        ready = server.finish_recording(started.ref.id)
        assert [(each.kind, each.location) for each in ready.written] == [
            (WrittenKind.FILE, "memory://archive/2026/takes/one.mp4"),
            (WrittenKind.PLAYLIST, f"memory://archive/2026/{started.ref.id}.m3u8"),
            (WrittenKind.IMAGES, "memory://archive/2026/stills/one"),
        ]
        assert [each.count for each in ready.written] == [None, 1, 1]
        assert ready.size == sum(each.size or 0 for each in ready.written)

    async def test_images_alone_have_no_size(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        ready = server.finish_recording(server.start_recording(room, EgressOptions(images=ImagesOutput())).ref.id)
        assert (ready.size, ready.location) == (None, f"memory://studio/{ready.ref.id}")

    async def test_it_is_being_stored(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        """It stays so until somebody says how that went."""
        started = server.start_recording(room, EgressOptions())
        await server.settled()
        stored = server.upload_recording(started.ref.id)
        await server.settled()
        assert (stored.status, stored.is_uploading) == (RecordingStatus.ENDING, True)
        assert server.list_recordings() == [stored]
        failed = server.fail_recording(started.ref.id, "403 from the bucket", EgressTrouble.UPLOAD_FAILED)
        assert (failed.is_uploading, failed.trouble, failed.written) == (False, EgressTrouble.UPLOAD_FAILED, ())

    async def test_cut_short_or_kept_elsewhere(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        first, second = [server.start_recording(room, EgressOptions()).ref.id for _ in range(2)]
        assert server.finish_recording(first, trouble=EgressTrouble.LIMIT_REACHED).trouble == "limit_reached"
        assert server.finish_recording(second, is_backup=True).is_backup


class TestNouns:
    async def test_a_noun_does_not_do_what_is_anothers(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        recording = server.start_recording(room, EgressOptions()).ref.id
        stream = server.start_stream(room, EgressOptions(urls=(FIRST,))).ref.id
        await server.settled()
        for call in (server.stop_stream, server.update_stream):
            with pytest.raises(NotFound):
                call(recording)
        with pytest.raises(NotFound):
            server.update_stream_layout(recording, "grid")
        with pytest.raises(NotFound):
            server.stop_recording(stream)
        with pytest.raises(NotFound):
            server.update_recording_layout(stream, "grid")
        assert {egress.word for egress in server.list_egresses()} == {"active"}

    async def test_a_layout_that_there_is_not(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        recording = server.start_recording(room, EgressOptions())
        with pytest.raises(Rejected):
            server.update_recording_layout(recording.ref.id, "mosaic")
        assert server.update_recording_layout(recording.ref.id, "speaker").source.layout == "speaker"

    async def test_an_egress_for_which_nothing_is_said_is_a_file(
        self, server: MemoryServer, room: RoomRef, camera: str
    ) -> None:
        started = server.start_egress(room, EgressOptions())
        assert started.recording is not None
        assert started.stream is None
        assert started.recording.location == f"memory://studio/{started.ref.id}.mp4"


class TestWorkers:
    async def test_without_one_nothing_begins_and_what_goes_on_goes_on(
        self, server: MemoryServer, room: RoomRef, camera: str
    ) -> None:
        running = server.start_recording(room, EgressOptions())
        server.has_workers = False
        for start in (server.start_recording, server.start_stream, server.start_egress):
            with pytest.raises(NoWorker):
                start(room, EgressOptions(urls=(FIRST,)))
        server.create_room("plan", RoomOptions(record=True))
        await server.settled()
        assert [(r.ref, r.status) for r in server.list_recordings()] == [(running.ref, RecordingStatus.LIVE)]

    async def test_what_is_lacking_is_found_out_by_looking(self, settings: MemorySettings) -> None:
        provider = Memory("studio", settings)
        starts = {Capability.START_RECORDING, Capability.START_STREAM, Capability.START_EGRESS}
        provider.server.has_workers = False
        assert provider.capabilities >= starts
        await provider.inspect()
        assert provider.capabilities == frozenset(Capability) - starts
        assert set(provider.lacking_because) == starts
        provider.server.has_workers = True
        await provider.inspect()
        assert (provider.capabilities, provider.lacking_because) == (frozenset(Capability), {})

    async def test_one_whose_worker_died_stays_as_it_is(
        self, server: MemoryServer, room: RoomRef, camera: str, told: list[Fact]
    ) -> None:
        started = server.start_egress(room, replace(FILE, urls=(FIRST,)))
        await server.settled()
        server.abandon(started.ref.id)
        told.clear()
        for call in (server.stop_egress, server.stop_recording, server.stop_stream, server.finish_recording):
            with pytest.raises(LeftBehind):
                call(started.ref.id)
        server.close_room(room)
        await server.settled()
        (listed,) = server.list_egresses(active=True)
        assert (listed.word, listed.recording and listed.recording.status) == ("active", RecordingStatus.LIVE)
        assert (recorded(told), streamed(told)) == ([], [])

    async def test_one_that_died_starting_begins_no_more(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_recording(room, EgressOptions())
        server.abandon(started.ref.id)
        server.publish("standup", "ana")
        await server.settled()
        assert [r.status for r in server.list_recordings()] == [RecordingStatus.STARTING]

    async def test_when_it_was_last_written_down(self, server: MemoryServer, room: RoomRef, camera: str) -> None:
        """Of one at work it is not told: that would be now."""
        first, second, third = [server.start_egress(room, FILE).ref.id for _ in range(3)]
        server.abandon(first)
        server.finish_recording(second)
        told = {egress.ref.id: egress.updated_at is not None for egress in server.list_egresses()}
        assert told == {first: True, second: True, third: False}


async def test_a_layout_that_there_is_not_makes_no_room(server: MemoryServer) -> None:
    with pytest.raises(Rejected):
        server.create_room("plan", RoomOptions(record=True, layout="mosaic"))
    assert server.list_rooms() == []
