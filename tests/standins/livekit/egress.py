"""The server's Egress service, and what it does with what a worker tells it.

How long it waits for an answer is what livekit-server 1.13.5 waits, times `slowness`.
"""

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from google.protobuf.message import Message
from livekit.api import (
    CreateRoomRequest,
    EgressInfo,
    EgressStatus,
    ListEgressRequest,
    ListEgressResponse,
    ParticipantEgressRequest,
    ParticipantInfo,
    ParticipantPermission,
    Room,
    RoomCompositeEgressRequest,
    StopEgressRequest,
    TokenPagination,
    TrackCompositeEgressRequest,
    TrackEgressRequest,
    TrackInfo,
    UpdateLayoutRequest,
    UpdateStreamRequest,
    VideoGrants,
    WebEgressRequest,
    WebhookEvent,
)

from tests.standins.egress.worker import AT_ONCE, START, WAITING
from tests.standins.livekit.bus import LocalBus, LocalWorker
from tests.standins.livekit.faults import TwirpError, no_response, not_found, refusal
from tests.standins.livekit.service import MethodOf, Service
from tests.standins.psrpc import Fields, Method, RpcError, encode

Start = (
    RoomCompositeEgressRequest
    | ParticipantEgressRequest
    | TrackCompositeEgressRequest
    | TrackEgressRequest
    | WebEgressRequest
)

START_WAIT_SECONDS: Final = 22.0
FROZEN_WAIT_SECONDS: Final = 224.0
CREATE_WAIT_SECONDS: Final = 10.0
HANDLER_WAIT_SECONDS: Final = 3.0

_FIELDS: Final[dict[type[Start], int]] = {
    RoomCompositeEgressRequest: 5,
    TrackCompositeEgressRequest: 6,
    TrackEgressRequest: 7,
    WebEgressRequest: 11,
    ParticipantEgressRequest: 13,
}
"""Of `rpc.StartEgressRequest`."""

_FINAL: Final = frozenset(
    {
        EgressStatus.EGRESS_COMPLETE,
        EgressStatus.EGRESS_FAILED,
        EgressStatus.EGRESS_ABORTED,
        EgressStatus.EGRESS_LIMIT_REACHED,
    }
)


@dataclass(kw_only=True)
class EgressService(Service):
    """`egresses` are the server's records. `worker` takes the starts: what may be asked of it is said in its module.

    Without `has_redis` there is nothing to list, and nobody takes a start. `starts` are the requests as they came in,
    with all that is secret in them. `waits_for_publisher`: what is taken of a whole room begins when somebody sends.
    `page_size`: lists come in pages, as LiveKit Cloud's do.
    """

    slowness: float = 0.02
    has_redis: bool = True
    waits_for_publisher: bool = False
    page_size: int | None = None
    egresses: dict[str, EgressInfo] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    worker: LocalWorker = field(init=False)
    _bus: LocalBus = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._bus = LocalBus()
        for method in ("CreateEgress", "UpdateEgress"):
            self._bus.answers[method] = partial(self._learn, method)
        self.worker = LocalWorker(self._bus)

    async def start_egress(self, request: Start) -> EgressInfo:
        room_id = "" if isinstance(request, WebEgressRequest) else self._live(request.room_name).sid
        return await self._ask_a_worker(request, room_id)

    def publish(self, room: str, identity: str, source: str = "MICROPHONE") -> TrackInfo:
        track = super().publish(room, identity, source)
        for info in self.egresses.values():
            if info.room_name == room and info.HasField("room_composite"):
                self._begin(info.egress_id)
        return track

    async def stop_egress(self, request: StopEgressRequest) -> EgressInfo:
        method = Method("EgressHandler", "StopEgress", request.egress_id)
        answer = self._bus.ask(method, request.SerializeToString())
        if answer is None:
            await self._require_handler(request.egress_id, "stopped")
            raise TwirpError(408, "deadline_exceeded", "twirp error unknown: request timed out")
        return await _answered(answer)

    async def update_stream(self, request: UpdateStreamRequest) -> EgressInfo:
        method = Method("EgressHandler", "UpdateStream", request.egress_id)
        answer = self._bus.ask(method, request.SerializeToString())
        if answer is None:
            await self._require_handler(request.egress_id, "updated")
            raise no_response()
        return await _answered(answer)

    def update_layout(self, request: UpdateLayoutRequest) -> EgressInfo:
        """The answer is the record, as it was. There is nobody to tell until the recorder is in the room."""
        info = self._record(request.egress_id)
        who = self._stored(info.room_name, info.egress_id)
        who.metadata = json.dumps({"layout": request.layout})
        return info

    def list_egress(self, request: ListEgressRequest) -> ListEgressResponse:
        """By id alone where one is given. In no order: here the oldest come first."""
        self._require_redis()
        if request.egress_id:
            return ListEgressResponse(items=[self._record(request.egress_id)])
        found = [
            info
            for info in self.egresses.values()
            if request.room_name in ("", info.room_name) and not (request.active and info.status in _FINAL)
        ]
        if self.page_size is None:
            return ListEgressResponse(items=found)
        begin = int(request.page_token.token or 0)
        end = begin + self.page_size
        token = TokenPagination(token=str(end)) if end < len(found) else None
        return ListEgressResponse(items=found[begin:end], next_page_token=token)

    async def create_room_recorded(self, request: CreateRoomRequest) -> Room:
        """Of a recording that did not begin the answer says nothing."""
        is_live = request.name in self.rooms
        room = self.create_room(request)
        if request.HasField("egress") and not is_live:
            asked = request.egress.room
            asked.room_name = request.name
            try:
                await self._ask_a_worker(asked, room.sid, wait_seconds=CREATE_WAIT_SECONDS)
            except TwirpError:
                return room
        return room

    def close(self, room: str) -> None:
        """What is taken of the room ends with it."""
        for id, info in self.egresses.items():
            if info.room_name != room or Method("EgressHandler", "StopEgress", id) not in self._bus.served:
                continue
            if info.status == EgressStatus.EGRESS_ACTIVE:
                self._spawn(self.worker.egresses[id].end())
            elif info.status == EgressStatus.EGRESS_STARTING:
                self._spawn(self.worker.egresses[id].abort())
        super().close(room)

    async def _ask_a_worker(self, request: Start, room_id: str, wait_seconds: float = START_WAIT_SECONDS) -> EgressInfo:
        self.starts.append(request)
        waits = self.waits_for_publisher and isinstance(request, RoomCompositeEgressRequest)
        if waits and self.worker.starts is AT_ONCE:
            self.worker.starts = WAITING
        try:
            info = await self._answer_to_start(request, room_id, wait_seconds)
        finally:
            if waits and self.worker.starts is WAITING:
                self.worker.starts = AT_ONCE
        if waits and any(who.tracks for who in self.participants[info.room_name].values()):
            self._begin(info.egress_id)
        return info

    async def _answer_to_start(self, request: Start, room_id: str, wait_seconds: float) -> EgressInfo:
        envelope: Fields = {1: self.new_id("EG"), 3: room_id, _FIELDS[type(request)]: request.SerializeToString()}
        answer = self._bus.ask(START, encode(envelope)) if self.has_redis else None
        if answer is None:
            await self._wait(wait_seconds)
            raise no_response()
        try:
            async with asyncio.timeout(FROZEN_WAIT_SECONDS * self.slowness):
                return await _answered(answer)
        except TimeoutError:
            raise TwirpError(408, "deadline_exceeded", "twirp error unknown: request timed out") from None

    async def _require_handler(self, id: str, done: str) -> None:
        """The server asks the worker first, and looks at its record when none has answered."""
        await self._wait(HANDLER_WAIT_SECONDS)
        self._require_redis()
        if (info := self._record(id)).status not in (EgressStatus.EGRESS_STARTING, EgressStatus.EGRESS_ACTIVE):
            word = f"egress with status {EgressStatus.Name(info.status)} cannot be {done}"
            raise TwirpError(412, "failed_precondition", word)

    def _record(self, id: str) -> EgressInfo:
        if id not in self.egresses:
            raise not_found("egress does not exist")
        return self.egresses[id]

    def _require_redis(self, service: str = "egress") -> None:
        if not self.has_redis:
            raise refusal("internal", f"{service} not connected (redis required)")

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.slowness)

    def _learn(self, method: str, told: bytes) -> bytes:
        """A worker tells of an egress: it is written down, and a webhook tells of it."""
        info = EgressInfo.FromString(told)
        self.egresses[info.egress_id] = info
        if method == "CreateEgress":
            event = "egress_started"
        elif info.status in _FINAL:
            event = "egress_ended"
        else:
            event = "egress_updated"
        self._let_in(info)
        self.deliver(WebhookEvent(event=event, egress_info=info))
        return b""

    def _let_in(self, info: EgressInfo) -> None:
        """The recorder is in the room, hidden, from when it is live till it has ended."""
        name = info.room_name
        if name not in self.rooms:
            return
        is_in = info.egress_id in self.participants[name]
        if info.status == EgressStatus.EGRESS_ACTIVE and not is_in:
            permission = ParticipantPermission(hidden=True, recorder=True, can_subscribe=True)
            self.bring(
                name, ParticipantInfo(identity=info.egress_id, kind=ParticipantInfo.EGRESS, permission=permission)
            )
        elif info.status in _FINAL and is_in:
            self.leave(name, info.egress_id)
        self.rooms[name].active_recording = any(
            who.kind == ParticipantInfo.EGRESS for who in self.participants[name].values()
        )

    def _begin(self, id: str) -> None:
        is_waiting = self.egresses[id].status == EgressStatus.EGRESS_STARTING
        if self.waits_for_publisher and is_waiting and id in self.worker.egresses:
            self._spawn(self.worker.egresses[id].go_active())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _answered(answer: Awaitable[bytes]) -> EgressInfo:
    try:
        return EgressInfo.FromString(await answer)
    except RpcError as error:
        raise refusal(error.code, str(error)) from error


def _records(video: VideoGrants, _: Message) -> bool | None:
    return video.room_record


def _creates(video: VideoGrants, _: Message) -> bool | None:
    return video.room_create


EGRESS_METHODS: Final[dict[str, MethodOf[EgressService]]] = {
    "CreateRoom": (CreateRoomRequest, _creates, EgressService.create_room_recorded),
    "StartRoomCompositeEgress": (RoomCompositeEgressRequest, _records, EgressService.start_egress),
    "StartParticipantEgress": (ParticipantEgressRequest, _records, EgressService.start_egress),
    "StartTrackCompositeEgress": (TrackCompositeEgressRequest, _records, EgressService.start_egress),
    "StartTrackEgress": (TrackEgressRequest, _records, EgressService.start_egress),
    "StartWebEgress": (WebEgressRequest, _records, EgressService.start_egress),
    "StopEgress": (StopEgressRequest, _records, EgressService.stop_egress),
    "UpdateStream": (UpdateStreamRequest, _records, EgressService.update_stream),
    "UpdateLayout": (UpdateLayoutRequest, _records, EgressService.update_layout),
    "ListEgress": (ListEgressRequest, _records, EgressService.list_egress),
}
