"""Recordings and streams by LiveKit's Egress service: one implementation, of which both are views.

A call that a worker is to answer is slow where there is none, and its failure does not say what became of it. So after
each such failure we look at what the server lists.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from livekit.api import EgressInfo, StopEgressRequest, UpdateLayoutRequest, UpdateStreamRequest
from pydantic import SecretStr

from providers.addresses import shown_address
from providers.base import (
    Egress,
    EgressKind,
    EgressOptions,
    EgressRef,
    EgressSource,
    FileOutput,
    Recording,
    RecordingRef,
    RoomRef,
    Stream,
    StreamRef,
)
from providers.errors import Conflict, LeftBehind, Malformed, NotFound, NoWorker, ProviderError, TimedOut, Unreachable
from providers.livekit import destinations, egress_asked, egress_info, egress_requests, egress_rules
from providers.livekit.client import DEADLINE
from providers.livekit.egress_asked import Info
from providers.livekit.errors import GaveUp, Unanswered
from providers.livekit.keys import keys
from providers.livekit.settings import LiveKitSettings
from providers.livekit.workers import PATIENCE, Workers, as_json

_STOP_PATIENCE: Final = 2.0
"""A worker that takes a stop and hangs is given up by the server after 15 s."""

_LIVE_PLAYLIST: Final = "{room_name}-{time}-live"
"""What LiveKit makes of it is new each time, so that two streams of one room do not share a playlist."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class _Turn:
    """For starts of one source. `refusals`: how many of them nobody took."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.refusals = 0


class Egresses(Workers):
    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._turns: WeakValueDictionary[tuple[str, EgressSource], _Turn] = WeakValueDictionary()

    async def start_recording(self, room: RoomRef | None, options: EgressOptions) -> Recording:
        asked = options if options.records else replace(options, file=FileOutput())
        return egress_info.recording(self.name, await self._start("start_recording", room, asked))

    async def start_stream(self, room: RoomRef | None, options: EgressOptions) -> Stream:
        """By HLS it goes as a live playlist."""
        segments = options.segments
        if segments is None and not options.urls:
            raise self._rejected("A stream needs somewhere to go: an address, or HLS.", "start_stream")
        if segments is not None:
            segments = replace(segments, is_live=True)
        info = await self._start("start_stream", room, replace(options, segments=segments))
        return egress_info.stream(self.name, info)

    async def start_egress(self, room: RoomRef | None, options: EgressOptions) -> Egress:
        asked = options if options.writes or options.urls else replace(options, file=FileOutput())
        return self._read("start_egress", await self._start("start_egress", room, asked))

    async def stop_recording(self, recording: RecordingRef) -> Recording:
        return egress_info.recording(self.name, await self._stop("stop_recording", recording.id))

    async def stop_stream(self, stream: StreamRef) -> Stream:
        return egress_info.stream(self.name, await self._stop("stop_stream", stream.id))

    async def stop_egress(self, egress: EgressRef) -> Egress:
        return self._read("stop_egress", await self._stop("stop_egress", egress.id))

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        found = await self._list("list_recordings", room)
        return [each.recording for each in found if each.recording is not None]

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        found = await self._list("list_streams", room)
        return [each.stream for each in found if each.stream is not None]

    async def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        """The server remembers those that have ended for a day."""
        return await self._list("list_egresses", room, id=id or "", active=active)

    async def update_recording_layout(self, recording: RecordingRef, layout: str) -> Recording:
        info = await self._update_layout("update_recording_layout", recording.id, layout)
        return egress_info.recording(self.name, info)

    async def update_stream_layout(self, stream: StreamRef, layout: str) -> Stream:
        return egress_info.stream(self.name, await self._update_layout("update_stream_layout", stream.id, layout))

    async def update_egress_layout(self, egress: EgressRef, layout: str) -> Egress:
        info = await self._update_layout("update_egress_layout", egress.id, layout)
        return self._read("update_egress_layout", info)

    async def update_stream(
        self, stream: StreamRef, *, add: Collection[SecretStr] = (), remove: Collection[SecretStr] = ()
    ) -> Stream:
        """LiveKit finds what is to be removed by its whole URL. Of several changes some may be made and others not."""
        added, removed = ([url.get_secret_value() for url in urls] for urls in (add, remove))
        self._require_fit(egress_rules.urls_problem(added) if added else None, "update_stream")
        try:
            message = await self._client.write(
                "update_stream",
                lambda api: api.egress.update_stream(
                    UpdateStreamRequest(egress_id=stream.id, add_output_urls=added, remove_output_urls=removed)
                ),
                patience=_STOP_PATIENCE,
                secrets=keys(added + removed),
            )
        except (NotFound, GaveUp, Unanswered) as error:
            await self._require_active("update_stream", stream.id)
            if not isinstance(error, NotFound):
                raise self._left_behind("update_stream", stream.id) from error
            places = ", ".join(map(shown_address, removed))
            raise self._missing(f"{stream.id} does not go to {places}", "update_stream") from None
        return egress_info.stream(self.name, as_json(message))

    def destination_id(self, url: SecretStr) -> str:
        return destinations.destination_id(url.get_secret_value())

    async def _start(self, operation: str, room: RoomRef | None, options: EgressOptions) -> Info:
        """Our own starts of one source go one by one, so that what is new afterwards is what we asked for. Where
        nobody took the one before it, nobody would take this either."""
        if (segments := options.segments) is not None and segments.is_live and not segments.live_playlist:
            options = replace(options, segments=replace(segments, live_playlist=_LIVE_PLAYLIST))
        self._require_fit(egress_rules.problem(room, options), operation)
        turn = self._turns.setdefault((room.id if room is not None else "", options.source), _Turn())
        refusals = turn.refusals
        async with turn.lock:
            if turn.refusals != refusals:
                raise NoWorker("nobody took the one before it", provider=self.name, operation=operation)
            try:
                return await self._started(operation, room, options)
            except NoWorker:
                turn.refusals += 1
                raise

    async def _started(self, operation: str, room: RoomRef | None, options: EgressOptions) -> Info:
        storage = self._storage(options.output, operation)
        name = room.name if room is not None else ""
        if room is not None:
            await self._require_live(operation, room)
        before = {info["egressId"] for info in await self._egress_infos(operation, room_name=name, active=True)}
        try:
            message = await self._client.write(
                operation,
                lambda api: egress_requests.start(api, egress_requests.request(name, options, storage)),
                patience=PATIENCE,
                secrets=keys([options.source.url, *(url.get_secret_value() for url in options.urls)]),
            )
        except NotFound:
            if room is not None:
                await self._require_live(operation, room)
            raise
        except Unreachable as error:
            asked = egress_requests.request(name, options, storage)
            return await self._started_all_the_same(operation, room, options, asked, before, error)
        return self._noted(operation, message)

    async def _started_all_the_same(
        self,
        operation: str,
        room: RoomRef | None,
        options: EgressOptions,
        asked: egress_requests.Request,
        before: set[str],
        error: Unreachable,
    ) -> Info:
        """What began though its start failed: `error` is then not raised. Of several that may be it none is taken."""
        try:
            active = await self._egress_infos(operation, active=True)
        except ProviderError:
            raise error from error.__cause__
        begun = [
            info for info in active if info["egressId"] not in before and _is_of(info, room, options, as_json(asked))
        ]
        if len(begun) == 1:
            return begun[0]
        if begun:
            detail = f"{error.detail}; {len(begun)} have begun that may be it"
            raise TimedOut(detail, provider=self.name, operation=operation) from error
        if room is not None:
            await self._require_live(operation, room)
        if isinstance(error, Unanswered):
            await self._note_silence(operation)
            raise NoWorker(error.detail, provider=self.name, operation=operation) from error
        raise error

    async def _stop(self, operation: str, id: str) -> Info:
        try:
            message = await self._client.write(
                operation,
                lambda api: api.egress.stop_egress(StopEgressRequest(egress_id=id)),
                patience=_STOP_PATIENCE,
            )
        except (GaveUp, Unanswered) as error:
            await self._require_active(operation, id)
            raise self._left_behind(operation, id) from error
        return as_json(message)

    async def _list(self, operation: str, room: RoomRef | None, *, id: str = "", active: bool = False) -> list[Egress]:
        name = room.name if room is not None and not id else ""
        infos = await self._egress_infos(operation, room_name=name, id=id, active=active)
        infos.sort(key=_began, reverse=True)
        found = [each for each in (egress_info.egress(self.name, info) for info in infos) if each is not None]
        mine = [each for each in found if room is None or _is_in(each, room)]
        return [each for each in mine if each.is_active or not active]

    async def _update_layout(self, operation: str, id: str, layout: str) -> Info:
        """LiveKit hands it to the recorder in the room, whatever it records, and answers as of before."""
        before = await self._require_active(operation, id)
        if before.source.kind is not EgressKind.ROOM:
            raise Conflict(f"{id} is not of a whole room", provider=self.name, operation=operation)
        try:
            message = await self._client.write(
                operation, lambda api: api.egress.update_layout(UpdateLayoutRequest(egress_id=id, layout=layout))
            )
        except NotFound as error:
            await self._require_active(operation, id)
            detail = f"{id} is not in the room: it has not begun, or its worker is gone"
            raise Conflict(detail, provider=self.name, operation=operation) from error
        return _arranged(as_json(message), layout)

    async def _require_active(self, operation: str, id: str) -> Egress:
        """`NotFound` for one that the server does not know, `Conflict` for one that has ended."""
        for each in await self._list(operation, None, id=id):
            if not each.is_active:
                raise Conflict(f"{id} has ended: {each.word}", provider=self.name, operation=operation)
            return each
        raise self._missing(f"no egress {id}", operation)

    def _left_behind(self, operation: str, id: str) -> LeftBehind:
        return LeftBehind(f"nobody answers for {id}", provider=self.name, operation=operation)

    def _noted(self, operation: str, message: EgressInfo) -> Info:
        info = as_json(message)
        self._note(self._read(operation, info))
        return info

    def _read(self, operation: str, info: Info) -> Egress:
        egress = egress_info.egress(self.name, info) if info.get("egressId") else None
        if egress is None:
            raise Malformed("an egress without an id or a known status", provider=self.name, operation=operation)
        return egress


def _is_of(info: Info, room: RoomRef | None, options: EgressOptions, request: Info) -> bool:
    """Whether it is what was asked for: of the same, in this life of the room, and going to the same places."""
    asked, told = options.source, egress_asked.source(info)
    if asked.kind is EgressKind.TRACK:  # of which kind one is, is not told
        is_same = told.kind is asked.kind and (told.video_track or told.audio_track) in (
            asked.video_track,
            asked.audio_track,
        )
    else:
        is_same = told == egress_asked.shown(asked)
    return (
        is_same
        and info.get("roomId", "") == (room.id if room is not None else "")
        and info.get("web", {}).get("url", "") == asked.url
        and egress_asked.records(info) is options.writes
        and egress_asked.goes_where(info, request)
    )


def _began(info: Info) -> datetime:
    """One that is starting was only ever written down."""
    return egress_info.moment(info, "startedAt") or egress_info.moment(info, "updatedAt") or _LONG_AGO


def _arranged(info: Mapping[str, object], layout: str) -> Info:
    """With the layout that it gets, which LiveKit does not write down."""
    request = info.get("roomComposite")
    return {**info, "roomComposite": {**request, "layout": layout}} if isinstance(request, Mapping) else dict(info)


def _is_in(egress: Egress, room: RoomRef) -> bool:
    """A room without an id is meant by its name, whatever its life."""
    return egress.room.id == room.id if room.id else egress.room.name == room.name
