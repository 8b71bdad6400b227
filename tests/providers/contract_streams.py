"""The part of the contract about streams."""

from dataclasses import replace
from uuid import uuid4

import pytest
from pydantic import SecretStr

from providers.base import (
    Capability,
    Destination,
    DestinationStatus,
    EgressOptions,
    EgressSource,
    RoomRef,
    SegmentsOutput,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.egress_source import WHOLE_ROOM
from providers.errors import Conflict, LeftBehind, NotFound, NoWorker
from providers.facts import facts_to_json
from tests.providers.stage import Stage

FINAL = tuple(status for status in StreamStatus if status.is_final)
KEYS = ("first-secret-of-ours", "other-hidden-word-2")
FIRST, OTHER = (SecretStr(f"rtmp://a.example/live/{key}") for key in KEYS)
"""Of one address: they are told apart without it."""

ELSEWHERE = SecretStr("rtmps://b.example:443/app/third-thing-we-hide")


class Streams:
    async def test_a_stream_from_start_to_end(self, stage: Stage) -> None:
        stage.needs(Capability.START_STREAM, Capability.STOP_STREAM)
        room, started = await _started(stage, FIRST, ELSEWHERE)
        assert started.room == room
        assert started.ref.provider == stage.provider.name
        assert started.status in (StreamStatus.STARTING, StreamStatus.LIVE)
        live = await stage.stream(started, StreamStatus.LIVE, when=_all_live)
        assert live.started_at is not None
        assert live.playlist is None
        by_id = {each.id: each for each in live.destinations}
        addresses = {stage.provider.destination_id(FIRST): "rtmp://a.example/live"}
        addresses |= {stage.provider.destination_id(ELSEWHERE): "rtmps://b.example:443/app"}
        assert {id: each.address for id, each in by_id.items()} == addresses
        assert all(each.started_at is not None and each.retries == 0 for each in by_id.values())
        stopped = await stage.provider.stop_stream(started.ref)
        assert stopped.status is StreamStatus.ENDING or stopped.status.is_final
        ended = await stage.stream(started, StreamStatus.ENDED)
        assert ended.ended_at is not None
        assert (ended.error, ended.trouble) == (None, None)
        assert {each.id for each in ended.destinations} == by_id.keys()
        with pytest.raises(Conflict):
            await stage.provider.stop_stream(started.ref)

    async def test_no_key_is_told(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_STREAMS)
        room, started = await _started(stage, FIRST, OTHER)
        live = await stage.stream(started, StreamStatus.LIVE)
        shown = repr([started, live, await stage.provider.list_streams(room)]) + facts_to_json(stage.told).decode()
        assert all(key not in shown for key in KEYS)

    async def test_streams_are_listed_by_life_and_newest_first(self, stage: Stage) -> None:
        stage.needs(Capability.LIST_STREAMS, Capability.START_RECORDING)
        (room, first), (_, second) = await _started(stage, FIRST), await _started(stage, FIRST)
        recording = await stage.provider.start_recording(room, EgressOptions())
        refs = [first.ref, second.ref]
        everything = [s.ref for s in await stage.provider.list_streams()]
        assert [ref for ref in everything if ref in refs] == refs[::-1]
        assert recording.ref.id not in [ref.id for ref in everything]
        assert [s.ref for s in await stage.provider.list_streams(room)] == [first.ref]
        assert await stage.provider.list_streams(replace(room, id="an-earlier-id")) == []

    async def test_closing_the_room_ends_its_stream(self, stage: Stage) -> None:
        stage.needs(Capability.CLOSE_ROOM)
        room, started = await _live(stage, FIRST)
        await stage.provider.close_room(room)
        assert (await stage.stream(started, *FINAL)).room == room

    async def test_a_stream_of_a_room_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.START_STREAM, Capability.CLOSE_ROOM)
        room = (await stage.create()).ref
        await stage.provider.close_room(room)
        with pytest.raises(NotFound):
            await stage.provider.start_stream(room, EgressOptions(urls=(FIRST,)))

    async def test_a_stream_that_never_was(self, stage: Stage) -> None:
        stage.needs(Capability.STOP_STREAM)
        absent = StreamRef(stage.provider.name, f"no-such-{uuid4().hex}")
        with pytest.raises(NotFound):
            await stage.provider.stop_stream(absent)
        if Capability.UPDATE_STREAM in stage.provider.capabilities:
            with pytest.raises(NotFound):
                await stage.provider.update_stream(absent, add=[FIRST])
        if Capability.UPDATE_STREAM_LAYOUT in stage.provider.capabilities:
            with pytest.raises(NotFound):
                await stage.provider.update_stream_layout(absent, stage.provider.limits.layouts[0])

    async def test_a_stream_by_hls(self, stage: Stage) -> None:
        """Viewers find it as long as it goes."""
        stage.needs(Capability.STREAM_HLS, Capability.STOP_STREAM, Capability.LIST_STREAMS)
        room, _ = await stage.sending()
        asked = EgressOptions(segments=SegmentsOutput("show", "show.m3u8", "show-live.m3u8"))
        started = await stage.provider.start_stream(room, asked)
        live = await stage.stream(started, StreamStatus.LIVE)
        assert live.destinations == ()
        assert live.playlist is not None
        assert live.playlist.endswith("show-live.m3u8")
        assert [s.ref for s in await stage.provider.list_streams(room)] == [started.ref]
        if Capability.LIST_RECORDINGS in stage.provider.capabilities:
            assert await stage.provider.list_recordings(room) == []
        await stage.provider.stop_stream(started.ref)
        assert (await stage.stream(started, StreamStatus.ENDED)).error is None

    async def test_a_stream_by_hls_whose_playlists_are_not_named(self, stage: Stage) -> None:
        stage.needs(Capability.STREAM_HLS, Capability.START_STREAM)
        room, _ = await stage.sending()
        started = await stage.provider.start_stream(room, EgressOptions(urls=(FIRST,), segments=SegmentsOutput()))
        live = await stage.stream(started, StreamStatus.LIVE)
        assert live.playlist
        assert [each.id for each in live.destinations] == [stage.provider.destination_id(FIRST)]

    async def test_a_streams_layout(self, stage: Stage) -> None:
        stage.needs(Capability.STREAM_LAYOUT, Capability.UPDATE_STREAM_LAYOUT)
        first, *_, last = stage.provider.limits.layouts
        _, live = await _live(stage, FIRST, source=EgressSource(layout=first))
        assert live.source.layout == first
        arranged = await stage.provider.update_stream_layout(live.ref, last)
        assert (arranged.ref, arranged.status) == (live.ref, StreamStatus.LIVE)

    async def test_a_stream_of_sound_alone(self, stage: Stage) -> None:
        stage.needs(Capability.STREAM_AUDIO_ONLY)
        _, live = await _live(stage, FIRST, source=EgressSource(audio_only=True))
        assert live.source.audio_only

    async def test_a_stream_by_a_preset(self, stage: Stage) -> None:
        stage.needs(Capability.START_STREAM, Capability.STREAM_PRESET)
        room, _ = await stage.sending()
        options = EgressOptions(urls=(FIRST,), preset=stage.provider.limits.presets[-1])
        started = await stage.provider.start_stream(room, options)
        assert (await stage.stream(started, StreamStatus.LIVE)).error is None

    async def test_a_stream_whose_worker_is_gone_cannot_be_stopped(self, stage: Stage) -> None:
        stage.needs(Capability.STOP_STREAM)
        _, live = await _live(stage, FIRST)
        await stage.kill_worker(live.ref.id)
        with pytest.raises(LeftBehind):
            await stage.provider.stop_stream(live.ref)

    async def test_without_a_worker_no_stream_begins(self, stage: Stage) -> None:
        stage.needs(Capability.START_STREAM, Capability.LIST_STREAMS)
        room, _ = await stage.sending()
        async with stage.without_workers():
            with pytest.raises(NoWorker) as refused:
                await stage.provider.start_stream(room, EgressOptions(urls=(FIRST,)))
            assert await stage.provider.list_streams(room) == []
        assert KEYS[0] not in refused.value.detail


class Destinations:
    async def test_what_it_is_called_says_nothing_of_the_key(self, stage: Stage) -> None:
        names = [stage.provider.destination_id(url) for url in (FIRST, OTHER, ELSEWHERE)]
        assert len(set(names)) == 3
        assert names == [stage.provider.destination_id(url) for url in (FIRST, OTHER, ELSEWHERE)]
        assert all(key not in name for key in KEYS for name in names)

    async def test_added_and_removed_in_one_call(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_STREAM)
        _, live = await _live(stage, FIRST, OTHER)
        await stage.provider.update_stream(live.ref, add=[ELSEWHERE], remove=[FIRST])
        wanted = {stage.provider.destination_id(url) for url in (OTHER, ELSEWHERE)}
        changed = await stage.stream(live, StreamStatus.LIVE, when=lambda s: _going(s) == wanted and _all_live(s))
        gone = [each for each in changed.destinations if each.id == stage.provider.destination_id(FIRST)]
        assert [each.status for each in gone] in ([], [DestinationStatus.ENDED])

    async def test_one_that_it_does_not_go_to_cannot_be_removed(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_STREAM, Capability.LIST_STREAMS)
        room, live = await _live(stage, FIRST)
        with pytest.raises(NotFound) as refused:
            await stage.provider.update_stream(live.ref, remove=[ELSEWHERE])
        assert "third-thing-we-hide" not in str(refused.value)
        (listed,) = await stage.provider.list_streams(room)
        assert _going(listed) == {stage.provider.destination_id(FIRST)}

    async def test_without_the_last_of_them_it_ends(self, stage: Stage) -> None:
        stage.needs(Capability.UPDATE_STREAM)
        _, live = await _live(stage, FIRST)
        await stage.provider.update_stream(live.ref, remove=[FIRST])
        ended = await stage.stream(live, *FINAL)
        assert ended.status is StreamStatus.ENDED
        with pytest.raises(Conflict):
            await stage.provider.update_stream(live.ref, add=[FIRST])

    async def test_one_fails_and_the_others_go_on(self, stage: Stage) -> None:
        _, live = await _live(stage, FIRST, ELSEWHERE)
        await stage.fail_destination(live.ref.id, FIRST, "connection refused")
        told = await stage.stream(live, StreamStatus.LIVE, when=lambda s: not _all_live(s))
        failed, going = (_one(stage, told, url) for url in (FIRST, ELSEWHERE))
        assert failed.status is DestinationStatus.FAILED
        assert failed.error is not None
        assert "connection refused" in failed.error
        assert (going.status, going.error) == (DestinationStatus.LIVE, None)

    async def test_with_the_last_of_them_it_fails(self, stage: Stage) -> None:
        _, live = await _live(stage, FIRST)
        await stage.fail_destination(live.ref.id, FIRST, "connection refused")
        failed = await stage.stream(live, *FINAL)
        assert failed.status is StreamStatus.FAILED
        assert _one(stage, failed, FIRST).status is DestinationStatus.FAILED

    async def test_how_often_it_was_connected_anew(self, stage: Stage) -> None:
        _, live = await _live(stage, FIRST, ELSEWHERE)
        for _ in range(2):
            await stage.reconnect_destination(live.ref.id, FIRST)
        told = await stage.stream(live, StreamStatus.LIVE, when=lambda s: _one(stage, s, FIRST).retries == 2)
        assert _one(stage, told, FIRST).retried_at is not None
        assert _one(stage, told, ELSEWHERE).retries == 0


async def _started(stage: Stage, *urls: SecretStr, source: EgressSource = WHOLE_ROOM) -> tuple[RoomRef, Stream]:
    stage.needs(Capability.START_STREAM)
    room, _ = await stage.sending()
    return room, await stage.provider.start_stream(room, EgressOptions(source=source, urls=urls))


async def _live(stage: Stage, *urls: SecretStr, source: EgressSource = WHOLE_ROOM) -> tuple[RoomRef, Stream]:
    """A stream that has reached all of these."""
    room, started = await _started(stage, *urls, source=source)
    return room, await stage.stream(started, StreamStatus.LIVE, when=_all_live)


def _all_live(stream: Stream) -> bool:
    """But for those that it went to before."""
    over = DestinationStatus.ENDED
    return all(each.status in (DestinationStatus.LIVE, over) for each in stream.destinations)


def _going(stream: Stream) -> set[str]:
    return {d.id for d in stream.destinations if d.status in (DestinationStatus.CONNECTING, DestinationStatus.LIVE)}


def _one(stage: Stage, stream: Stream, url: SecretStr) -> Destination:
    (found,) = [each for each in stream.destinations if each.id == stage.provider.destination_id(url)]
    return found
