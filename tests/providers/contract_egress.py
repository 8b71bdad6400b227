"""The part of the contract about egresses: what is a recording, a stream, or both under one id."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from pydantic import SecretStr

from providers.base import (
    Capability,
    Egress,
    EgressKind,
    EgressOptions,
    EgressRef,
    EgressSource,
    FileOutput,
    ImagesOutput,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    SegmentsOutput,
    StreamRef,
    StreamStatus,
    TrackSource,
)
from providers.errors import Conflict, LeftBehind, NotFound
from providers.facts import Fact, RecordingChanged, StreamChanged, facts_to_json
from tests.providers.stage import Stage

KEY = "the-key-of-the-stage"
URL = SecretStr(f"rtmp://a.example/live/{KEY}")
FILE = EgressOptions(file=FileOutput())
BOTH = EgressOptions(file=FileOutput(), urls=(URL,))

SOURCES: dict[EgressKind, Callable[[str, str], EgressSource]] = {
    EgressKind.ROOM: lambda camera, microphone: EgressSource(),
    EgressKind.PARTICIPANT: lambda camera, microphone: EgressSource(EgressKind.PARTICIPANT, identity="ana"),
    EgressKind.TRACKS: lambda camera, microphone: EgressSource(
        EgressKind.TRACKS, video_track=camera, audio_track=microphone
    ),
    EgressKind.TRACK: lambda camera, microphone: EgressSource(EgressKind.TRACK, audio_track=microphone),
    EgressKind.WEB: lambda camera, microphone: EgressSource(EgressKind.WEB, url="https://page.example/scene"),
}


class Egresses:
    @pytest.mark.parametrize("kind", EgressKind)
    async def test_an_egress_of_each_kind(self, stage: Stage, kind: EgressKind) -> None:
        stage.needs(Capability.START_EGRESS)
        room, (camera, microphone) = await stage.sending(TrackSource.CAMERA, TrackSource.MICROPHONE)
        source = SOURCES[kind](camera, microphone)
        options = EgressOptions(source=source, file=FileOutput())
        started = await stage.provider.start_egress(room if source.has_room else None, options)
        assert started.room == (room if source.has_room else RoomRef(stage.provider.name, "", ""))
        assert started.source.kind is kind
        assert started.is_active
        assert started.word
        assert (started.recording is not None, started.stream) == (True, None)
        live = await _recorded(stage, started, RecordingStatus.LIVE)
        assert live.source.kind is kind

    async def test_several_outputs_of_one_egress(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.STOP_EGRESS)
        asked = replace(BOTH, segments=SegmentsOutput("one"), images=ImagesOutput("two"))
        _, started = await _begun(stage, asked)
        await _recorded(stage, started, RecordingStatus.LIVE)
        stopped = await stage.provider.stop_egress(started.ref)
        assert stopped.ref == started.ref
        ready = await _recorded(stage, started, RecordingStatus.READY)
        assert {each.kind for each in ready.written} >= {"file", "playlist", "images"}

    async def test_one_that_writes_and_streams_is_both(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.STOP_RECORDING, Capability.LIST_STREAMS)
        room, started = await _begun(stage, BOTH)
        assert started.recording is not None
        assert started.stream is not None
        assert started.recording.ref.id == started.stream.ref.id == started.ref.id
        await _recorded(stage, started, RecordingStatus.LIVE)
        await stage.stream(started.stream, StreamStatus.LIVE)
        assert [s.ref.id for s in await stage.provider.list_streams(room)] == [started.ref.id]
        assert [r.ref.id for r in await stage.provider.list_recordings(room)] == [started.ref.id]
        await stage.provider.stop_recording(RecordingRef(stage.provider.name, started.ref.id))
        await _recorded(stage, started, RecordingStatus.READY)
        await stage.stream(started.stream, StreamStatus.ENDED)

    async def test_one_that_writes_goes_on_without_destinations(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.UPDATE_STREAM, Capability.STOP_EGRESS)
        _, started = await _begun(stage, BOTH)
        await _recorded(stage, started, RecordingStatus.LIVE)
        await stage.provider.update_stream(StreamRef(stage.provider.name, started.ref.id), remove=[URL])
        (listed,) = await stage.provider.list_egresses(id=started.ref.id)
        assert listed.recording is not None
        assert listed.recording.status is RecordingStatus.LIVE
        await stage.provider.stop_egress(started.ref)
        assert (await _recorded(stage, started, RecordingStatus.READY)).location

    async def test_egresses_by_room_by_id_and_active(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.STOP_EGRESS, Capability.LIST_EGRESSES)
        room, over = await _begun(stage, FILE)
        await _recorded(stage, over, RecordingStatus.LIVE)
        await stage.provider.stop_egress(over.ref)
        await _recorded(stage, over, RecordingStatus.READY)
        going = await stage.provider.start_egress(room, FILE)
        _, elsewhere = await _begun(stage, FILE)
        listed = stage.provider.list_egresses
        mine = (over.ref, going.ref, elsewhere.ref)
        assert [e.ref for e in await listed() if e.ref in mine] == [elsewhere.ref, going.ref, over.ref]
        assert [e.ref for e in await listed(room)] == [going.ref, over.ref]
        assert [e.ref for e in await listed(room, active=True)] == [going.ref]
        assert [(e.ref, e.is_active) for e in await listed(id=over.ref.id)] == [(over.ref, False)]
        assert await listed(room, id=elsewhere.ref.id) == []
        assert await listed(id=f"no-such-{uuid4().hex}") == []
        assert await listed(replace(room, id="an-earlier-id")) == []

    async def test_an_egress_is_stopped_once(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.STOP_EGRESS)
        _, started = await _begun(stage, FILE)
        await _recorded(stage, started, RecordingStatus.LIVE)
        await stage.provider.stop_egress(started.ref)
        await _recorded(stage, started, RecordingStatus.READY)
        with pytest.raises(Conflict):
            await stage.provider.stop_egress(started.ref)
        with pytest.raises(NotFound):
            await stage.provider.stop_egress(EgressRef(stage.provider.name, f"no-such-{uuid4().hex}"))

    async def test_an_egress_is_arranged_otherwise(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.UPDATE_EGRESS_LAYOUT)
        layout = stage.provider.limits.layouts[-1]
        _, started = await _begun(stage, FILE)
        await _recorded(stage, started, RecordingStatus.LIVE)
        assert (await stage.provider.update_egress_layout(started.ref, layout)).ref == started.ref
        with pytest.raises(NotFound):
            await stage.provider.update_egress_layout(EgressRef(stage.provider.name, "no-such"), layout)

    async def test_only_a_whole_room_is_arranged(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.UPDATE_EGRESS_LAYOUT)
        source = EgressSource(EgressKind.PARTICIPANT, identity="ana")
        _, started = await _begun(stage, replace(FILE, source=source))
        await _recorded(stage, started, RecordingStatus.LIVE)
        with pytest.raises(Conflict):
            await stage.provider.update_egress_layout(started.ref, stage.provider.limits.layouts[-1])

    async def test_an_egress_whose_worker_is_gone_cannot_be_stopped(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.STOP_EGRESS, Capability.LIST_EGRESSES)
        _, started = await _begun(stage, FILE)
        await _recorded(stage, started, RecordingStatus.LIVE)
        await stage.kill_worker(started.ref.id)
        with pytest.raises(LeftBehind):
            await stage.provider.stop_egress(started.ref)
        assert [e.is_active for e in await stage.provider.list_egresses(id=started.ref.id)] == [True]

    async def test_no_key_of_an_egress_is_told(self, stage: Stage) -> None:
        stage.needs(Capability.START_EGRESS, Capability.LIST_EGRESSES)
        room, started = await _begun(stage, BOTH)
        await _recorded(stage, started, RecordingStatus.LIVE)
        listed = await stage.provider.list_egresses(room)
        assert KEY not in repr([BOTH, started, listed]) + facts_to_json(stage.told).decode()

    async def test_facts_of_an_egress_are_of_what_it_is(self, stage: Stage) -> None:
        """One that only writes is told as a recording, one that only sends as a stream."""
        stage.needs(Capability.START_EGRESS)
        _, writing = await _begun(stage, FILE)
        _, sending = await _begun(stage, EgressOptions(urls=(URL,)))
        assert (writing.stream, sending.recording) == (None, None)
        await _recorded(stage, writing, RecordingStatus.LIVE)
        assert sending.stream is not None
        await stage.stream(sending.stream, StreamStatus.LIVE)
        told: dict[str, set[type[Fact]]] = {writing.ref.id: set(), sending.ref.id: set()}
        for fact in stage.told:
            if fact.thing_id in told:
                told[fact.thing_id].add(type(fact))
        assert told == {writing.ref.id: {RecordingChanged}, sending.ref.id: {StreamChanged}}


async def _begun(stage: Stage, options: EgressOptions) -> tuple[RoomRef, Egress]:
    room, _ = await stage.sending(TrackSource.CAMERA, TrackSource.MICROPHONE)
    return room, await stage.provider.start_egress(room, options)


async def _recorded(stage: Stage, egress: Egress, *statuses: RecordingStatus) -> Recording:
    assert egress.recording is not None
    return await stage.recording(egress.recording, *statuses)
