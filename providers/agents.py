"""Programs that are sent into rooms. Values of the contract."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from providers.values import RoomRef


class JobStatus(StrEnum):
    """How an agent's work in a room goes. The last three are final."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (JobStatus.PENDING, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class AgentJob:
    """What one worker does for a dispatch. `identity` is the agent's in the room."""

    id: str
    status: JobStatus
    identity: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DispatchRef:
    provider: str
    id: str


@dataclass(frozen=True, slots=True)
class AgentDispatch:
    """An agent that was asked into a room by its name. Without `jobs` no worker of that name has taken it yet."""

    ref: DispatchRef
    room: RoomRef
    agent: str
    metadata: str = ""
    jobs: tuple[AgentJob, ...] = ()
    created_at: datetime | None = None
