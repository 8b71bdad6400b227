"""One egress of the stand-in worker: its states, walked by itself or on command, each told to the real server."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import timedelta
from time import time_ns
from typing import Final

from livekit import rtc
from livekit.protocol import egress as pb

from tests.live.clients import Client
from tests.providers.stage import PATIENCE_SECONDS
from tests.standins.egress.egress_info import location
from tests.standins.egress.egress_rules import Accepted, stream_url
from tests.standins.psrpc import Bus, Handler, Method, RpcError

PAUSE_SECONDS: Final = 0.05
"""Between a start and ACTIVE, and between ENDING and COMPLETE, where nothing else is said."""

SIZE: Final = 1_048_576
"""Bytes of a file that nobody said otherwise of."""

STARTING, ACTIVE, ENDING = (
    pb.EgressStatus.EGRESS_STARTING,
    pb.EgressStatus.EGRESS_ACTIVE,
    pb.EgressStatus.EGRESS_ENDING,
)
COMPLETE, FAILED, ABORTED, LIMIT_REACHED = (
    pb.EgressStatus.EGRESS_COMPLETE,
    pb.EgressStatus.EGRESS_FAILED,
    pb.EgressStatus.EGRESS_ABORTED,
    pb.EgressStatus.EGRESS_LIMIT_REACHED,
)


class Egress:
    """What a test may ask of it; each returns when the server has taken the news.

    Attributes:
        id, kind, request: `kind` is `room_composite`, `web` ... or `egress` (the unified start); `request` has its
            secrets as they came.
        info: what the server was last told.
    """

    def __init__(self, bus: Bus, accepted: Accepted) -> None:
        self._bus = bus
        self._accepted = accepted
        self.id = accepted.info.egress_id
        self.kind = accepted.kind
        self.request = accepted.request
        self.info = accepted.info
        self._destinations: dict[str, pb.StreamInfo] = {}
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._held = False
        self._alive = True
        self._tasks: list[asyncio.Task[None]] = []
        self._client: Client | None = None
        for stream in accepted.outputs.streams:
            for url in stream.urls:
                self._add(url)

    async def until(self, status: pb.EgressStatus) -> None:
        """Wait until the server was told of this status."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.info.status != status:
                self._news.clear()
                await self._news.wait()

    async def until_layout(self, layout: str) -> None:
        """Wait until the participant in the room has been told of this layout."""
        client = self._client
        assert client is not None, "It is in no room: set the worker's `joins`."
        await client.until(lambda: json.loads(client.me.metadata or "{}").get("layout") == layout)

    async def go_active(self) -> None:
        async with self._turn:
            self._expect(STARTING)
            now = time_ns()
            self.info.status = ACTIVE
            for result in self._results():
                result.started_at = now
            await self._tell()

    async def fail_destination(self, url: str, error: str) -> None:
        """One destination gives up. The last one of a stream without other outputs takes the egress with it."""
        async with self._turn:
            self._expect(ACTIVE)
            self._leave(url, pb.StreamInfo.Status.FAILED, error)
            if self._is_empty():
                await self._finish(FAILED, error, 0, "Failure")
            else:
                await self._tell()

    async def reconnect(self, url: str) -> None:
        """One destination was lost and is being tried again."""
        async with self._turn:
            self._expect(ACTIVE)
            destination = self._destination(url)
            destination.retries += 1
            destination.last_retry_at = time_ns()
            await self._tell()

    async def end(self) -> None:
        """The source has closed: the room, or the tracks."""
        async with self._turn:
            self._expect(ACTIVE)
            await self._begin_ending("Source closed")

    def hold_ending(self) -> None:
        """The next ENDING lasts until `complete` or `fail`, as a long upload does."""
        self._held = True

    async def complete(
        self, *, size: int = SIZE, duration: timedelta | None = None, location: str | None = None
    ) -> None:
        """All is written and uploaded. `location`: of the first file or playlist, by its storage if not given."""
        async with self._turn:
            self._expect(ACTIVE, ENDING)
            if self.info.status == ACTIVE:
                self._held = True
                await self._begin_ending("Source closed")
            self._fill_results(size, duration, location)
            await self._finish(COMPLETE)

    async def fail(self, error: str, code: int = 0) -> None:
        """`code` as LiveKit has it: 400 a failed upload, 403 killed, 0 unknown."""
        async with self._turn:
            self._expect(STARTING, ACTIVE, ENDING)
            await self._finish(FAILED, error, code, "Failure")

    async def abort(self, error: str = "Start signal not received", code: int = 412) -> None:
        """It ends before anything was recorded."""
        async with self._turn:
            self._expect(STARTING)
            await self._finish(ABORTED, error, code, "Source closed")

    async def limit_reached(self) -> None:
        """The worker's longest session: what was recorded is kept."""
        async with self._turn:
            self._expect(STARTING, ACTIVE)
            error = "Session limit reached"
            if self.info.status == STARTING:
                error += " before start signal"
            else:
                self._fill_results(SIZE, None, None)
            await self._finish(LIMIT_REACHED, error, 413, "Session limit reached")

    def use_backup(self) -> None:
        """The upload went to the back-up storage. It is told with the next state."""
        self.info.backup_storage_used = True

    async def die(self) -> None:
        """As when its process is killed: it serves nothing, leaves its room and tells nobody. Twice is harmless."""
        self._alive = False
        await self._stop_serving()
        await self._leave_room()
        for task in self._tasks:
            task.cancel()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end

    # What the worker asks of it.

    @property
    def is_template(self) -> bool:
        return self._accepted.is_template

    async def create(self) -> None:
        """Make its record, which is what `egress_started` tells of."""
        self.info.started_at = self.info.updated_at = time_ns()
        await self._bus.call(Method("IOInfo", "CreateEgress"), self.info.SerializeToString())

    async def serve(self) -> None:
        for method, handler in self._methods():
            await self._bus.serve(method, handler)

    async def join(self, url: str, token: str) -> None:
        """Come into the room, hidden. The egress ends with the room."""
        self._client = await Client.join(url, token)
        self._client.room.on("disconnected", lambda _: self._spawn(self._lose_room()))

    def begin(self) -> None:
        """Go ACTIVE by itself, in a room not before somebody publishes."""
        self._spawn(self._begin())

    async def _begin(self) -> None:
        if self._client is not None:
            await _somebody_publishes(self._client.room)
        await asyncio.sleep(PAUSE_SECONDS)
        if self.info.status == STARTING:
            await self.go_active()

    async def _lose_room(self) -> None:
        if not self._alive:
            return
        if self.info.status == ACTIVE:
            await self.end()
        elif self.info.status == STARTING:
            await self.abort()

    def _methods(self) -> Iterator[tuple[Method, Handler]]:
        yield Method("EgressHandler", "StopEgress", self.id), self._stop
        yield Method("EgressHandler", "UpdateStream", self.id), self._update_stream

    async def _stop_serving(self) -> None:
        for method, _ in self._methods():
            await self._bus.stop_serving(method)

    async def _stop(self, _: bytes) -> bytes:
        async with self._turn:
            self._require_unfinished()
            if self.info.status == STARTING:
                template = self._accepted.is_template
                error = "Start signal not received" if template else "Stop called before pipeline could start"
                await self._finish(ABORTED, error, 412, "StopEgress API")
            elif self.info.status == ACTIVE:
                await self._begin_ending("StopEgress API")
            return self.info.SerializeToString()

    async def _update_stream(self, raw: bytes) -> bytes:
        """What can be done is done, and all that cannot be is told in one error."""
        request = pb.UpdateStreamRequest.FromString(raw)
        async with self._turn:
            self._require_unfinished()
            if not self._accepted.outputs.streams:
                raise RpcError("invalid_argument", "UpdateStream called on non-streaming egress")
            errors = [
                *_refusals(self._add_now, request.add_output_urls),
                *_refusals(self._remove, request.remove_output_urls),
            ]
            if self._is_empty():
                await self._begin_ending("All streams stopped")
            elif len(errors) < len(request.add_output_urls) + len(request.remove_output_urls):
                await self._tell()
            if errors:
                raise RpcError(errors[0].code, "\n".join(map(str, errors)))
            return self.info.SerializeToString()

    def _require_unfinished(self) -> None:
        """What was asked in the moment of the end is refused as the server does it then."""
        if self.info.status not in (STARTING, ACTIVE, ENDING):
            status = pb.EgressStatus.Name(self.info.status)
            raise RpcError("failed_precondition", f"egress with status {status} cannot be changed")

    def _add(self, url: str) -> pb.StreamInfo:
        full, hidden = stream_url(url, self._accepted.protocol)
        self._destinations[full] = self.info.stream_results.add(url=hidden)
        return self._destinations[full]

    def _add_now(self, url: str) -> None:
        self._add(url).started_at = time_ns()

    def _remove(self, url: str) -> None:
        self._leave(url, pb.StreamInfo.Status.FINISHED)

    def _leave(self, url: str, status: pb.StreamInfo.Status, error: str = "") -> None:
        destination = self._destination(url)
        destination.status, destination.error, destination.ended_at = status, error, time_ns()
        destination.started_at = destination.started_at or destination.ended_at
        destination.duration = destination.ended_at - destination.started_at
        del self._destinations[stream_url(url, self._accepted.protocol)[0]]

    def _destination(self, url: str) -> pb.StreamInfo:
        """By its full address: the hidden form that others are told is not found."""
        full, _ = stream_url(url, self._accepted.protocol)
        if full not in self._destinations:
            raise RpcError("not_found", f"stream {full} not found")
        return self._destinations[full]

    def _is_empty(self) -> bool:
        return self._accepted.outputs.streams_only and not self._destinations

    async def _begin_ending(self, reason: str) -> None:
        self.info.status = ENDING
        self.info.details = f"End reason: {reason}"
        await self._tell()
        self._spawn(self._complete_soon())

    async def _complete_soon(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        if self.info.status == ENDING and not self._held:
            await self.complete()

    def _fill_results(self, size: int, duration: timedelta | None, place: str | None) -> None:
        now, outputs = time_ns(), self._accepted.outputs
        for result in self._results():
            result.ended_at = now
            if not isinstance(result, pb.ImagesInfo):
                result.duration = duration // timedelta(microseconds=1) * 1000 if duration else now - result.started_at
        for file, made in zip(outputs.files, self.info.file_results, strict=True):
            made.size, made.location = size, place or location(file, made.filename)
        for segments, playlist in zip(outputs.segments, self.info.segment_results, strict=True):
            playlist.size, playlist.segment_count = size, 1
            playlist.playlist_location = place or location(segments, playlist.playlist_name)
            if playlist.live_playlist_name:
                playlist.live_playlist_location = location(segments, playlist.live_playlist_name)
        for images in self.info.image_results:
            images.image_count = 1
        written: list[pb.EncodedFileOutput | pb.SegmentedFileOutput | pb.ImageOutput]
        written = [*outputs.files, *outputs.segments, *outputs.images]
        for each in written:
            if not each.disable_manifest:
                self.info.manifest_location = location(each, f"{self.id}.json")

    async def _finish(self, status: pb.EgressStatus, error: str = "", code: int = 0, reason: str = "") -> None:
        self.info.status, self.info.error, self.info.error_code = status, error, code
        self.info.ended_at = time_ns()
        if reason:
            self.info.details = f"End reason: {reason}"
        for url in list(self._destinations):
            self._leave(url, pb.StreamInfo.Status.FAILED if status == FAILED else pb.StreamInfo.Status.FINISHED)
        await self._tell()
        await self._stop_serving()
        self._spawn(self._leave_room())

    def _results(self) -> Iterator[pb.FileInfo | pb.SegmentsInfo | pb.ImagesInfo | pb.StreamInfo]:
        yield from self.info.file_results
        yield from self.info.segment_results
        yield from self.info.image_results
        yield from self._destinations.values()

    async def _tell(self) -> None:
        self.info.updated_at = time_ns()
        await self._bus.call(Method("IOInfo", "UpdateEgress"), self.info.SerializeToString())
        self._news.set()

    def _expect(self, *statuses: pb.EgressStatus) -> None:
        """Say so where a test asks for what the state does not allow."""
        name = pb.EgressStatus.Name(self.info.status)
        assert self._alive, f"{self.id} is dead."
        assert self.info.status in statuses, f"{self.id} is {name}."

    async def _leave_room(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.leave()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


def _refusals(work: Callable[[str], object], urls: Iterable[str]) -> Iterator[RpcError]:
    for url in urls:
        try:
            work(url)
        except RpcError as error:
            yield error


async def _somebody_publishes(room: rtc.Room) -> None:
    """The default template starts when it has media to show."""
    published = asyncio.Event()
    room.on("track_published", lambda *_: published.set())
    if not any(who.track_publications for who in room.remote_participants.values()):
        await published.wait()
