"""The part of the contract about recordings."""

from datetime import timedelta
from uuid import uuid4

import pytest

from providers.base import Capability, RecordingOptions, RecordingRef, RecordingStatus, RoomRef
from providers.errors import Conflict, NotFound
from tests.providers.stage import Stage


class Recordings:
    async def test_from_start_to_ready(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.STOP_RECORDING)
        room = await stage.create()
        await stage.enter(room.ref)
        started = await stage.provider.start_recording(room.ref, RecordingOptions())
        assert started.room == room.ref
        assert started.ref.provider == stage.provider.name
        assert started.ref.id
        assert started.status in (RecordingStatus.STARTING, RecordingStatus.LIVE)
        live = await stage.recording(started, RecordingStatus.LIVE)
        assert live.started_at is not None
        assert live.room == room.ref
        found = await stage.listed(room.ref.name)
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
        assert ready.error is None
        with pytest.raises(Conflict):
            await stage.provider.stop_recording(started.ref)

    async def test_list_is_by_life_and_newest_first(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.LIST_RECORDINGS)
        rooms = [await stage.create(), await stage.create()]
        refs = []
        for room in rooms:
            await stage.enter(room.ref)
            refs.append((await stage.provider.start_recording(room.ref, RecordingOptions())).ref)
        everything = [r.ref for r in await stage.provider.list_recordings()]
        assert [ref for ref in everything if ref in refs] == refs[::-1]
        assert [r.ref for r in await stage.provider.list_recordings(rooms[0].ref)] == [refs[0]]
        earlier = RoomRef(stage.provider.name, "an-earlier-id", rooms[0].ref.name)
        assert await stage.provider.list_recordings(earlier) == []

    async def test_closing_the_room_ends_its_recording(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.CLOSE_ROOM)
        room = await stage.create()
        await stage.enter(room.ref)
        started = await stage.provider.start_recording(room.ref, RecordingOptions())
        await stage.recording(started, RecordingStatus.LIVE)
        await stage.provider.close_room(room.ref)
        ended = await stage.recording(started, *(s for s in RecordingStatus if s.is_final))
        assert ended.room == room.ref

    async def test_start_in_a_room_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.START_RECORDING, Capability.CLOSE_ROOM)
        room = await stage.create()
        await stage.provider.close_room(room.ref)
        with pytest.raises(NotFound):
            await stage.provider.start_recording(room.ref, RecordingOptions())

    async def test_stop_of_one_that_never_was(self, stage: Stage) -> None:
        stage.needs(Capability.STOP_RECORDING)
        with pytest.raises(NotFound):
            await stage.provider.stop_recording(RecordingRef(stage.provider.name, f"no-such-{uuid4().hex}"))

    async def test_layouts(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_LAYOUT)
        assert stage.provider.limits.layouts
        await self._reaches_live(stage, RecordingOptions(layout=stage.provider.limits.layouts[-1]))

    async def test_audio_only(self, stage: Stage) -> None:
        stage.needs(Capability.RECORDING_AUDIO_ONLY)
        await self._reaches_live(stage, RecordingOptions(audio_only=True))

    async def _reaches_live(self, stage: Stage, options: RecordingOptions) -> None:
        room = await stage.create()
        await stage.enter(room.ref)
        started = await stage.provider.start_recording(room.ref, options)
        assert (await stage.recording(started, RecordingStatus.LIVE)).error is None
