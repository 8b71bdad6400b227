"""The server's AgentDispatchService, with workers that take every dispatch of their names at once."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from livekit.api import (
    AgentDispatch,
    AgentDispatchState,
    CreateAgentDispatchRequest,
    CreateRoomRequest,
    DeleteAgentDispatchRequest,
    DisconnectReason,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
    ParticipantInfo,
    Room,
    VideoGrants,
)
from livekit.protocol.agent import JS_RUNNING, Job, JobState

from tests.standins.livekit.faults import no_response, not_found, refusal
from tests.standins.livekit.service import MethodOf
from tests.standins.livekit.sip import TelephoneService

_METADATA_BYTES: Final = 512 * 1024


@dataclass(kw_only=True)
class AgentService(TelephoneService):
    """`served`: the names of the agents that there are workers for. `dispatches` are those of a life of a room."""

    served: set[str] = field(default_factory=set)
    dispatches: dict[str, dict[str, AgentDispatch]] = field(default_factory=lambda: defaultdict(dict))

    def room(self, request: CreateRoomRequest) -> Room:
        """Every room has one dispatch of an empty name from its beginning."""
        is_new = request.name not in self.rooms
        room = super().room(request)
        if is_new:
            self._dispatch(room, AgentDispatch(room=room.name))
        return room

    def create_dispatch(self, request: CreateAgentDispatchRequest) -> AgentDispatch:
        """A room that is not live is made. A name that nobody serves is taken like any other."""
        if len(request.metadata.encode()) > _METADATA_BYTES:
            raise refusal("invalid_argument", "metadata size exceeds limits")
        room = self.room(CreateRoomRequest(name=request.room))
        dispatch = AgentDispatch(agent_name=request.agent_name, room=request.room, metadata=request.metadata)
        answer = AgentDispatch()
        answer.CopyFrom(self._dispatch(room, dispatch))
        if request.agent_name in self.served:
            self._work(room, dispatch)
        return answer

    def list_dispatch(self, request: ListAgentDispatchRequest) -> ListAgentDispatchResponse:
        return ListAgentDispatchResponse(agent_dispatches=self._of(request.room).values())

    def delete_dispatch(self, request: DeleteAgentDispatchRequest) -> AgentDispatch:
        dispatch = self._of(request.room).pop(request.dispatch_id, None)
        if dispatch is None:
            raise not_found("dispatch ID not found")
        for job in dispatch.state.jobs:
            if job.state.participant_identity in self.participants[request.room]:
                self.leave(request.room, job.state.participant_identity, DisconnectReason.PARTICIPANT_REMOVED)
        return dispatch

    def _dispatch(self, room: Room, dispatch: AgentDispatch) -> AgentDispatch:
        dispatch.id = self.new_id("AD")
        dispatch.state.CopyFrom(AgentDispatchState(created_at=time.time_ns()))
        self.dispatches[room.sid][dispatch.id] = dispatch
        return dispatch

    def _work(self, room: Room, dispatch: AgentDispatch) -> None:
        id = self.new_id("AJ")
        who = ParticipantInfo(identity=f"agent-{id}", kind=ParticipantInfo.AGENT)
        self.bring(room.name, who)
        state = JobState(status=JS_RUNNING, started_at=time.time_ns(), participant_identity=who.identity)
        dispatch.state.jobs.append(Job(id=id, dispatch_id=dispatch.id, agent_name=dispatch.agent_name, state=state))

    def _of(self, room: str) -> dict[str, AgentDispatch]:
        """Only the node that keeps the room could say that there is none."""
        if room not in self.rooms:
            raise no_response()
        return self.dispatches[self.rooms[room].sid]


def _administers(video: VideoGrants, request: CreateAgentDispatchRequest) -> bool | None:
    return video.room_admin and video.room == request.room


AGENT_METHODS: Final[dict[str, MethodOf[AgentService]]] = {
    "CreateDispatch": (CreateAgentDispatchRequest, _administers, AgentService.create_dispatch),
    "ListDispatch": (ListAgentDispatchRequest, _administers, AgentService.list_dispatch),
    "DeleteDispatch": (DeleteAgentDispatchRequest, _administers, AgentService.delete_dispatch),
}
