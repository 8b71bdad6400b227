"""The part of the contract about recordings."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from providers.base import (
    Capability,
    EgressKind,
    EgressOptions,
    EgressSource,
    Encoding,
    FileFormat,
    FileOutput,
    ImagesOutput,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    SegmentsOutput,
    TrackSource,
    WrittenKind,
)
from providers.errors import Conflict, LeftBehind, NotFound, NoWorker
from providers.facts import facts_to_json
from tests.providers.stage import Stage

FINAL = tuple(status for status in RecordingStatus if status.is_final)


class Recordings:
    async def test_from_start_to_ready(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.STOP_RECORDING)
        room, _ = await stage.sending()
        started = await stage.provider.start_recording(room, EgressOptions())
        assert started.room == room
        assert started.ref.provider == stage.provider.name
        assert started.ref.id
        assert started.source.kind is EgressKind.ROOM
        assert started.status in (RecordingStatus.STARTING, RecordingStatus.LIVE)
        live = await stage.recording(started, RecordingStatus.LIVE)
        assert live.started_at is not None
        assert live.room == room
        found = await stage.listed(room.name)
        assert found is not None
        assert found.recording
        stopped = await stage.provider.stop_recording(started.ref)
        assert stopped.status is RecordingStatus.ENDING or stopped.status.is_final
        ready = await stage.recording(started, RecordingStatus.READY)
        assert ready.ended_at is not None
        assert ready.ended_at >= live.started_at
        assert ready.duration is not None
        assert ready.duration >= timedelta(0)
        assert ready.size is not None
        assert ready.location
        assert ready.location in [each.location for each in ready.written if each.kind is WrittenKind.FILE]
        assert (ready.error, ready.trouble, ready.is_backup, ready.is_uploading) == (None, None, False, False)
        with pytest.raises(Conflict):
            await stage.provider.stop_recording(started.ref)

    async def test_list_is_by_life_and_newest_first(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.LIST_RECORDINGS)
        rooms = [await stage.sending(), await stage.sending()]
        refs = [(await stage.provider.start_recording(room, EgressOptions())).ref for room, _ in rooms]
        everything = [r.ref for r in await stage.provider.list_recordings()]
        assert [ref for ref in everything if ref in refs] == refs[::-1]
        first = rooms[0][0]
        assert [r.ref for r in await stage.provider.list_recordings(first)] == [refs[0]]
        assert await stage.provider.list_recordings(replace(first, id="an-earlier-id")) == []

    async def test_several_of_one_room(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.STOP_RECORDING, Capability.LIST_RECORDINGS)
        room, _ = await stage.sending()
        first, second = [await stage.provider.start_recording(room, EgressOptions()) for _ in range(2)]
        for each in (first, second):
            await stage.recording(each, RecordingStatus.LIVE)
        await stage.provider.stop_recording(first.ref)
        await stage.recording(first, RecordingStatus.READY)
        statuses = {r.ref: r.status for r in await stage.provider.list_recordings(room)}
        assert statuses == {first.ref: RecordingStatus.READY, second.ref: RecordingStatus.LIVE}

    async def test_closing_the_room_ends_its_recording(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.CLOSE_ROOM)
        room, _ = await stage.sending()
        started = await stage.provider.start_recording(room, EgressOptions())
        await stage.recording(started, RecordingStatus.LIVE)
        await stage.provider.close_room(room)
        ended = await stage.recording(started, *FINAL)
        assert ended.room == room

    async def test_start_in_a_room_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.CLOSE_ROOM)
        room = await stage.create()
        await stage.provider.close_room(room.ref)
        with pytest.raises(NotFound):
            await stage.provider.start_recording(room.ref, EgressOptions())

    async def test_start_in_an_earlier_life_of_a_room(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.LIST_RECORDINGS, Capability.CLOSE_ROOM)
        over = (await stage.create()).ref
        await stage.provider.close_room(over)
        room = (await stage.create(over.name)).ref
        with pytest.raises(NotFound):
            await stage.provider.start_recording(over, EgressOptions())
        assert await stage.provider.list_recordings(room) == []

    async def test_stop_of_one_that_never_was(self, stage: Stage) -> None:
        stage.needs(Capability.STOP_RECORDING)
        with pytest.raises(NotFound):
            await stage.provider.stop_recording(RecordingRef(stage.provider.name, f"no-such-{uuid4().hex}"))

    async def test_it_is_arranged_otherwise(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.STOP_RECORDING, Capability.UPDATE_RECORDING_LAYOUT)
        room, _ = await stage.sending()
        started = await stage.provider.start_recording(room, EgressOptions())
        await stage.recording(started, RecordingStatus.LIVE)
        arranged = await stage.provider.update_recording_layout(started.ref, stage.provider.limits.layouts[-1])
        assert (arranged.ref, arranged.status) == (started.ref, RecordingStatus.LIVE)
        await stage.provider.stop_recording(started.ref)
        await stage.recording(started, RecordingStatus.READY)
        with pytest.raises(Conflict):
            await stage.provider.update_recording_layout(started.ref, stage.provider.limits.layouts[0])
        with pytest.raises(NotFound):
            await stage.provider.update_recording_layout(RecordingRef(stage.provider.name, "no-such"), "grid")


class RecordingSources:
    async def test_layouts(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_LAYOUT)
        assert stage.provider.limits.layouts
        await self._goes_live(stage, EgressSource(layout=stage.provider.limits.layouts[-1]))

    async def test_audio_only(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_AUDIO_ONLY)
        await self._goes_live(stage, EgressSource(audio_only=True))

    async def test_video_only(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_VIDEO_ONLY)
        await self._goes_live(stage, EgressSource(video_only=True))

    async def test_of_one_participant(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_PARTICIPANT)
        await self._goes_live(stage, EgressSource(EgressKind.PARTICIPANT, identity="ana"))

    async def test_of_the_screen_of_one(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_PARTICIPANT)
        source = EgressSource(EgressKind.PARTICIPANT, identity="ana", screen_share=True)
        await self._goes_live(stage, source, TrackSource.SCREEN_SHARE)

    async def test_of_an_audio_and_a_video_track(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_TRACKS)
        room, (camera, microphone) = await stage.sending(TrackSource.CAMERA, TrackSource.MICROPHONE)
        source = EgressSource(EgressKind.TRACKS, video_track=camera, audio_track=microphone)
        await self._is_of(stage, room, source)

    async def test_of_one_track_as_it_is(self, stage: Stage) -> None:
        """Which kind it is of a server may not tell again."""
        stage.needs(Capability.RECORDING_TRACKS)
        room, (camera,) = await stage.sending()
        source = EgressSource(EgressKind.TRACK, video_track=camera)
        started = await stage.provider.start_recording(room, EgressOptions(source=source))
        live = await stage.recording(started, RecordingStatus.LIVE)
        for each in (started, live):
            assert each.source.kind is EgressKind.TRACK
            assert camera in (each.source.video_track, each.source.audio_track)

    async def test_of_a_web_page(self, stage: Stage) -> None:
        """There is no room, and what the page's address holds behind its path is nobody's business."""
        stage.needs(Capability.RECORDING_WEB, Capability.STOP_RECORDING, Capability.LIST_RECORDINGS)
        source = EgressSource(EgressKind.WEB, url="https://page.example/scene/1?token=never-shown")
        started = await stage.provider.start_recording(None, EgressOptions(source=source))
        live = await stage.recording(started, RecordingStatus.LIVE)
        (listed,) = [r for r in await stage.provider.list_recordings() if r.ref == started.ref]
        for each in (started, live, listed):
            assert each.room == RoomRef(stage.provider.name, "", "")
            assert (each.source.kind, each.source.url) == (EgressKind.WEB, "https://page.example/scene/1")
        assert b"never-shown" not in facts_to_json(stage.told)
        await stage.provider.stop_recording(started.ref)
        assert (await stage.recording(started, RecordingStatus.READY)).location

    async def _goes_live(self, stage: Stage, source: EgressSource, sending: TrackSource = TrackSource.CAMERA) -> None:
        stage.needs(Capability.START_RECORDING)
        room, _ = await stage.sending(sending)
        await self._is_of(stage, room, source)

    async def _is_of(self, stage: Stage, room: RoomRef, source: EgressSource) -> None:
        """A server may name the layout that it takes by itself."""
        started = await stage.provider.start_recording(room, EgressOptions(source=source))
        live = await stage.recording(started, RecordingStatus.LIVE)
        assert live.error is None
        for each in (started, live):
            assert replace(each.source, layout=source.layout) == source
            assert each.source.layout == source.layout or source.layout is None


class RecordingOutputs:
    @pytest.mark.parametrize("format", FileFormat)
    async def test_format_and_path(self, stage: Stage, format: FileFormat) -> None:
        stage.needs(Capability.RECORDING_FORMAT)
        assert format in stage.provider.limits.formats
        source = EgressSource(audio_only=format is not FileFormat.MP4)
        ready = await self._ready(stage, EgressOptions(source=source, file=FileOutput("takes/one", format)))
        assert ready.location is not None
        assert ready.location.endswith(f"takes/one.{format}")
        assert [each.kind for each in ready.written if each.kind is not WrittenKind.MANIFEST] == [WrittenKind.FILE]

    async def test_segments(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_SEGMENTS)
        segments = SegmentsOutput("takes/two", "two.m3u8", length=timedelta(seconds=2))
        ready = await self._ready(stage, EgressOptions(segments=segments))
        (playlist,) = [each for each in ready.written if each.kind is WrittenKind.PLAYLIST]
        assert playlist.location.endswith("two.m3u8")
        assert ready.location == playlist.location

    async def test_images(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_IMAGES)
        images = ImagesOutput("takes/three", every=timedelta(seconds=5), width=640, height=360)
        ready = await self._ready(stage, EgressOptions(images=images))
        (written,) = [each for each in ready.written if each.kind is WrittenKind.IMAGES]
        assert "takes/three" in written.location

    async def test_several_outputs_at_once(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_SEGMENTS, Capability.RECORDING_IMAGES)
        asked = EgressOptions(
            file=FileOutput("takes/all"), segments=SegmentsOutput("takes/all"), images=ImagesOutput("takes/all")
        )
        ready = await self._ready(stage, asked)
        assert {each.kind for each in ready.written} >= {WrittenKind.FILE, WrittenKind.PLAYLIST, WrittenKind.IMAGES}

    async def test_presets(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_PRESET)
        assert stage.provider.limits.presets
        await self._ready(stage, EgressOptions(preset=stage.provider.limits.presets[-1]))

    async def test_encoding(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_ENCODING)
        encoding = Encoding(640, 360, 25, 800, 96, 48_000, key_frame_interval=timedelta(seconds=2))
        await self._ready(stage, EgressOptions(encoding=encoding))

    async def test_where_it_is_put(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_OUTPUT)
        if not stage.provider.limits.outputs:
            pytest.skip("no output is configured on this stage")
        for output in stage.provider.limits.outputs:
            assert output.name
            assert output.kind
            assert output.place
            assert (await self._ready(stage, EgressOptions(output=output.name))).location

    async def _ready(self, stage: Stage, options: EgressOptions) -> Recording:
        stage.needs(Capability.START_RECORDING, Capability.STOP_RECORDING)
        room, _ = await stage.sending(TrackSource.CAMERA, TrackSource.MICROPHONE)
        started = await stage.provider.start_recording(room, options)
        await stage.recording(started, RecordingStatus.LIVE)
        await stage.provider.stop_recording(started.ref)
        return await stage.recording(started, RecordingStatus.READY)


class RecordingTrouble:
    async def test_it_begins_when_somebody_sends(self, stage: Stage) -> None:
        room, started = await self._waiting(stage)
        assert [r.status for r in await stage.provider.list_recordings(room)] == [RecordingStatus.STARTING]
        await stage.publish(await stage.enter(room, "bo"))
        assert (await stage.recording(started, RecordingStatus.LIVE)).error is None

    async def test_stopped_before_it_began(self, stage: Stage) -> None:
        stage.needs(Capability.STOP_RECORDING)
        _, started = await self._waiting(stage)
        await stage.provider.stop_recording(started.ref)
        aborted = await stage.recording(started, *FINAL)
        assert aborted.status is RecordingStatus.ABORTED
        assert aborted.trouble is not None
        assert aborted.error
        assert (aborted.started_at, aborted.written) == (None, ())

    async def test_it_fails_of_itself(self, stage: Stage) -> None:
        _, started = await self._live_one(stage)
        await stage.fail_egress(started.ref.id, "the disk is full")
        failed = await stage.recording(started, *FINAL)
        assert failed.status is RecordingStatus.FAILED
        assert failed.error is not None
        assert "the disk is full" in failed.error

    async def test_one_whose_worker_is_gone_cannot_be_stopped(self, stage: Stage) -> None:
        """The server goes on listing it, and does not know better."""
        stage.needs(Capability.STOP_RECORDING, Capability.LIST_RECORDINGS)
        room, started = await self._live_one(stage)
        await stage.kill_worker(started.ref.id)
        with pytest.raises(LeftBehind):
            await stage.provider.stop_recording(started.ref)
        assert [r.status for r in await stage.provider.list_recordings(room)] == [RecordingStatus.LIVE]

    async def test_without_a_worker_nothing_begins(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.LIST_RECORDINGS)
        room, _ = await stage.sending()
        async with stage.without_workers():
            with pytest.raises(NoWorker):
                await stage.provider.start_recording(room, EgressOptions())
            assert await stage.provider.list_recordings(room) == []
        again = await stage.provider.start_recording(room, EgressOptions())
        await stage.recording(again, RecordingStatus.LIVE)

    async def test_without_a_worker_nothing_is_claimed(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING)
        starts = {c for c in Capability if c.startswith("start_")} & stage.provider.capabilities
        async with stage.without_workers():
            await stage.provider.inspect()
            assert not starts & stage.provider.capabilities
            assert all(stage.provider.lacking_because[capability] for capability in starts)
        room, _ = await stage.sending()
        await stage.recording(await stage.provider.start_recording(room, EgressOptions()), RecordingStatus.LIVE, *FINAL)
        await stage.provider.inspect()
        assert starts <= stage.provider.capabilities
        assert not starts & stage.provider.lacking_because.keys()

    async def _waiting(self, stage: Stage) -> tuple[RoomRef, Recording]:
        """A recording of a room in which nobody sends."""
        stage.needs(Capability.START_RECORDING, Capability.LIST_RECORDINGS)
        if not stage.waits_for_publisher:
            pytest.skip(f"wait for a publisher: not on this stage of {stage.provider.kind}")
        room = (await stage.create()).ref
        await stage.enter(room)
        return room, await stage.provider.start_recording(room, EgressOptions())

    async def _live_one(self, stage: Stage) -> tuple[RoomRef, Recording]:
        stage.needs(Capability.START_RECORDING)
        room, _ = await stage.sending()
        started = await stage.provider.start_recording(room, EgressOptions())
        return room, await stage.recording(started, RecordingStatus.LIVE)
