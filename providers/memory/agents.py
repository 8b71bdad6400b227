"""Agents in the rooms of the in-memory server. A worker that serves one takes its dispatch at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from providers.base import AgentDispatch, AgentJob, DispatchRef, JobStatus, Limits, ParticipantKind, RoomRef
from providers.errors import NotFound
from providers.facts import Fact
from providers.memory.lives import new_id
from providers.memory.people import People
from providers.memory.settings import MemorySettings


class Agents(People):
    """
    Attributes:
        served_agents: the names of those for which a worker runs.
    """

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        super().__init__(name, settings, limits, tell)
        self._dispatches: dict[str, AgentDispatch] = {}
        self.served_agents = {"assistant"}

    def dispatch_agent(self, room: RoomRef, agent: str, metadata: str = "") -> AgentDispatch:
        life, now = self._this_life(room), datetime.now(UTC)
        self._require_fit(None if agent else "an agent has a name")
        self._require_fit(self._limits.metadata_problem(metadata))
        dispatch = AgentDispatch(
            DispatchRef(self.name, new_id("AD")), life.ref, agent, metadata=metadata, created_at=now
        )
        if agent in self.served_agents:
            job = new_id("AJ")
            identity = f"agent-{job}"
            self.join(room.name, identity, name=agent, kind=ParticipantKind.AGENT)
            dispatch = replace(dispatch, jobs=(AgentJob(job, JobStatus.RUNNING, identity, started_at=now),))
        self._dispatches[dispatch.ref.id] = dispatch
        return dispatch

    def list_agent_dispatches(self, room: RoomRef) -> list[AgentDispatch]:
        life = self._this_life(room)
        return [dispatch for dispatch in self._dispatches.values() if dispatch.room == life.ref]

    def remove_agent_dispatch(self, dispatch_id: str) -> None:
        if (dispatch := self._dispatches.pop(dispatch_id, None)) is None:
            raise NotFound(f"there is no {dispatch_id}", provider=self.name)
        for job in dispatch.jobs:
            self._take_out(dispatch.room, job.identity)

    def _departed(self, room: RoomRef, identity: str) -> None:
        """An agent that leaves has done its work."""
        super()._departed(room, identity)
        for id, dispatch in self._dispatches.items():
            if dispatch.room == room:
                self._dispatches[id] = replace(dispatch, jobs=tuple(_over(job, identity) for job in dispatch.jobs))


def _over(job: AgentJob, identity: str) -> AgentJob:
    if job.identity != identity or job.status.is_final:
        return job
    return replace(job, status=JobStatus.DONE, ended_at=datetime.now(UTC))
