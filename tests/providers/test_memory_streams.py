"""Where the streams of the in-memory server go: who is there, who is not, and what becomes of the stream then."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from providers.base import (
    DestinationStatus,
    EgressOptions,
    EgressTrouble,
    FileOutput,
    RecordingStatus,
    RoomOptions,
    RoomRef,
    SegmentsOutput,
    StreamStatus,
)
from providers.errors import Conflict, NotFound, Rejected
from providers.facts import Fact, StreamChanged
from providers.memory.server import MemoryServer

FILE = EgressOptions(file=FileOutput())
FIRST, OTHER = SecretStr("rtmp://a.example/live/first-key"), SecretStr("rtmp://a.example/live/other-key")
DEAD = SecretStr("rtmp://backup.invalid/live/first-key")


@pytest.fixture
async def room(server: MemoryServer) -> RoomRef:
    return server.create_room("standup", RoomOptions()).room.ref


def streamed(told: list[Fact]) -> list[StreamStatus]:
    return [fact.stream.status for fact in told if isinstance(fact, StreamChanged)]


@pytest.mark.parametrize(
    "url",
    [
        "rmtp://a.example/live/hidden-key",
        "rtmp:///live/hidden-key",
        "rtmp://a.example/live",
        "rtmp://a.example",
        "rtmp://a.example:port/live/hidden-key",
        "hidden-key",
    ],
)
async def test_an_address_that_is_refused_is_not_quoted_whole(server: MemoryServer, room: RoomRef, url: str) -> None:
    with pytest.raises(Rejected) as refused:
        server.start_stream(room, EgressOptions(urls=(SecretStr(url),)))
    assert "hidden-key" not in str(refused.value)
    assert server.list_streams() == []


class TestDestinations:
    async def test_one_that_nobody_is_behind_fails_and_the_other_goes_on(
        self, server: MemoryServer, room: RoomRef, told: list[Fact]
    ) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST, DEAD)))
        assert {each.status for each in started.destinations} == {DestinationStatus.CONNECTING}
        await server.settled()
        (live,) = server.list_streams()
        assert [each.status for each in live.destinations] == [DestinationStatus.LIVE, DestinationStatus.FAILED]
        assert [each.error for each in live.destinations] == [None, "connection refused"]
        assert streamed(told) == ["starting", "live"]

    async def test_of_why_one_failed_no_address_is_told_whole(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST, DEAD)))
        first = started.destinations[0].id
        failed = server.fail_destination(started.ref.id, first, "refused rtmp://a.example/app/hush-hush")
        assert failed.destinations[0].error == "refused rtmp://a.example/app"

    async def test_where_nobody_is_behind_any_the_stream_fails(
        self, server: MemoryServer, room: RoomRef, told: list[Fact]
    ) -> None:
        server.start_stream(room, EgressOptions(urls=(DEAD,)))
        await server.settled()
        (failed,) = server.list_streams()
        assert (failed.status, failed.error) == (StreamStatus.FAILED, "connection refused")
        assert streamed(told) == ["starting", "failed"]

    async def test_what_is_written_goes_on_without_them(self, server: MemoryServer, room: RoomRef) -> None:
        server.start_egress(room, replace(FILE, urls=(DEAD,)))
        await server.settled()
        assert [r.status for r in server.list_recordings()] == [RecordingStatus.LIVE]

    async def test_one_that_is_added_is_reached_or_not(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST,)))
        await server.settled()
        changed = server.update_stream(started.ref.id, add=[OTHER, DEAD])
        assert [each.status for each in changed.destinations] == ["live", "connecting", "connecting"]
        await server.settled()
        assert [each.status for each in server.list_streams()[0].destinations] == ["live", "live", "failed"]

    async def test_one_that_is_added_while_it_starts(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST,)))
        server.update_stream(started.ref.id, add=[OTHER])
        await server.settled()
        assert [each.status for each in server.list_streams()[0].destinations] == ["live", "live"]

    async def test_one_that_was_removed_can_come_back(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST, OTHER)))
        await server.settled()
        server.update_stream(started.ref.id, remove=[FIRST])
        server.update_stream(started.ref.id, add=[FIRST])
        await server.settled()
        (live,) = server.list_streams()
        assert {each.id: each.status for each in live.destinations} == {
            each.id: DestinationStatus.LIVE for each in started.destinations
        }

    async def test_all_of_a_change_or_none_of_it(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST,)))
        await server.settled()
        before = server.list_streams()
        with pytest.raises(NotFound):
            server.update_stream(started.ref.id, add=[OTHER], remove=[DEAD])
        with pytest.raises(Rejected):
            server.update_stream(started.ref.id, add=[FIRST], remove=[])
        with pytest.raises(Rejected):
            server.update_stream(started.ref.id, add=[SecretStr("rtmp://a.example/live")], remove=[FIRST])
        assert server.list_streams() == before

    async def test_one_that_is_added_and_a_stream_that_is_stopped_at_once(
        self, server: MemoryServer, room: RoomRef, told: list[Fact]
    ) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST,)))
        await server.settled()
        server.update_stream(started.ref.id, add=[DEAD])
        server.stop_stream(started.ref.id)
        await server.settled()
        assert streamed(told) == ["starting", "live", "live", "ending", "ended"]
        assert [each.status for each in server.list_streams()[0].destinations] == ["ended", "ended"]

    async def test_removed_while_it_starts(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST,)))
        aborted = server.update_stream(started.ref.id, remove=[FIRST])
        assert (aborted.status, aborted.trouble) == (StreamStatus.ABORTED, EgressTrouble.STOPPED_TOO_SOON)

    async def test_one_that_was_begun_without_any_takes_none(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(segments=SegmentsOutput()))
        with pytest.raises(Rejected):
            server.update_stream(started.ref.id, add=[FIRST])

    async def test_a_stream_goes_somewhere(self, server: MemoryServer, room: RoomRef) -> None:
        with pytest.raises(Rejected):
            server.start_stream(room, EgressOptions())

    async def test_they_end_with_the_stream(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST, DEAD)))
        await server.settled()
        ended = server.end_stream(started.ref.id)
        assert [each.status for each in ended.destinations] == ["ended", "failed"]
        with pytest.raises(Conflict):
            server.fail_destination(started.ref.id, ended.destinations[0].id, "too late")

    async def test_one_that_is_over_neither_fails_nor_comes_back(self, server: MemoryServer, room: RoomRef) -> None:
        started = server.start_stream(room, EgressOptions(urls=(FIRST, DEAD)))
        await server.settled()
        dead = started.destinations[1].id
        with pytest.raises(NotFound):
            server.fail_destination(started.ref.id, dead, "again")
        with pytest.raises(NotFound):
            server.reconnect_destination(started.ref.id, dead)
