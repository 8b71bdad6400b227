"""Agents by LiveKit's AgentDispatchService. It keeps dispatches with the room and calls the room by its name."""

from datetime import UTC, datetime
from typing import Final

from livekit.api import AgentDispatch as DispatchMessage
from livekit.api import CreateAgentDispatchRequest
from livekit.protocol.agent import Job
from livekit.protocol.agent import JobStatus as JobStatusMessage

from providers.base import AgentDispatch, AgentJob, DispatchRef, JobStatus, RoomRef
from providers.livekit.backend import LiveKitBackend

_STATUSES: Final = {
    JobStatusMessage.JS_PENDING: JobStatus.PENDING,
    JobStatusMessage.JS_RUNNING: JobStatus.RUNNING,
    JobStatusMessage.JS_SUCCESS: JobStatus.DONE,
    JobStatusMessage.JS_FAILED: JobStatus.FAILED,
    JobStatusMessage.JS_CANCELLED: JobStatus.CANCELLED,
}


class Agents(LiveKitBackend):
    """Of a room that is not live LiveKit makes one for a dispatch, and answers the other calls after seconds, so we
    look before."""

    async def dispatch_agent(self, room: RoomRef, agent: str, metadata: str = "") -> AgentDispatch:
        """LiveKit takes an empty name for an agent that comes into every room, and any name that nobody serves."""
        self._require_fit(None if agent.strip() else "The agent's name is needed.", "dispatch_agent")
        self._require_fit(self.limits.metadata_problem(metadata), "dispatch_agent")
        await self._require_live("dispatch_agent", room)
        made = await self._act(
            "dispatch_agent",
            room,
            lambda api: api.agent_dispatch.create_dispatch(
                CreateAgentDispatchRequest(room=room.name, agent_name=agent, metadata=metadata)
            ),
        )
        return self._dispatch(room, made)

    async def list_agent_dispatches(self, room: RoomRef) -> list[AgentDispatch]:
        """The oldest first. Without the one of an empty name that every room has.

        livekit-server 1.13.5 does not tell what its workers say of a job's end: one is running until its dispatch is
        removed.
        """
        await self._require_live("list_agent_dispatches", room)
        listed = await self._client.read(
            "list_agent_dispatches", lambda api: api.agent_dispatch.list_dispatch(room.name)
        )
        named = [message for message in listed if message.agent_name]
        return [self._dispatch(room, each) for each in sorted(named, key=lambda each: (each.state.created_at, each.id))]

    async def remove_agent_dispatch(self, dispatch: AgentDispatch) -> None:
        room = dispatch.room
        await self._require_live("remove_agent_dispatch", room)
        await self._act(
            "remove_agent_dispatch",
            room,
            lambda api: api.agent_dispatch.delete_dispatch(dispatch.ref.id, room.name),
        )

    def _dispatch(self, room: RoomRef, message: DispatchMessage) -> AgentDispatch:
        return AgentDispatch(
            ref=DispatchRef(self.name, message.id),
            room=room,
            agent=message.agent_name,
            metadata=message.metadata,
            jobs=tuple(map(_job, message.state.jobs)),
            created_at=_moment(message.state.created_at),
        )


def _job(job: Job) -> AgentJob:
    """A status of a later server goes on."""
    return AgentJob(
        id=job.id,
        status=_STATUSES.get(job.state.status, JobStatus.RUNNING),
        identity=job.state.participant_identity,
        started_at=_moment(job.state.started_at),
        ended_at=_moment(job.state.ended_at),
        error=job.state.error or None,
    )


def _moment(nanoseconds: int) -> datetime | None:
    return datetime.fromtimestamp(nanoseconds / 1_000_000_000, UTC) if nanoseconds else None
