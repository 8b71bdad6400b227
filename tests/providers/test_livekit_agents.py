"""Agents of LiveKit: dispatches as the server lists them, and what is refused before it is asked."""

from datetime import UTC, datetime

import pytest
from livekit.protocol.agent import Job, JobState

from providers.base import AgentJob, JobStatus, RoomRef
from providers.errors import Rejected
from providers.livekit.provider import LiveKit
from tests.standins.livekit import LiveKitStandIn

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
NANOSECONDS = int(AT.timestamp()) * 1_000_000_000


async def test_jobs_as_the_server_has_them(livekit: LiveKit, standin: LiveKitStandIn, standup: RoomRef) -> None:
    dispatch = await livekit.dispatch_agent(standup, "assistant")
    said = (
        ("JS_PENDING", JobStatus.PENDING),
        ("JS_RUNNING", JobStatus.RUNNING),
        ("JS_SUCCESS", JobStatus.DONE),
        ("JS_FAILED", JobStatus.FAILED),
        ("JS_CANCELLED", JobStatus.CANCELLED),
        (77, JobStatus.RUNNING),  # of a later server
    )
    for number, (status, _) in enumerate(said):
        state = JobState(status=status, started_at=NANOSECONDS, ended_at=NANOSECONDS, participant_identity="agent-1")  # type: ignore[arg-type]  # a name, or a number of a later server
        standin.dispatches[standup.id][dispatch.ref.id].state.jobs.append(Job(id=f"AJ_{number}", state=state))
    (listed,) = await livekit.list_agent_dispatches(standup)
    assert listed.jobs == tuple(
        AgentJob(f"AJ_{number}", status, "agent-1", AT, AT) for number, (_, status) in enumerate(said)
    )


async def test_why_a_job_failed(livekit: LiveKit, standin: LiveKitStandIn, standup: RoomRef) -> None:
    dispatch = await livekit.dispatch_agent(standup, "assistant")
    failed = Job(id="AJ_1", state=JobState(status="JS_FAILED", error="no model"))
    standin.dispatches[standup.id][dispatch.ref.id].state.jobs.append(failed)
    (listed,) = await livekit.list_agent_dispatches(standup)
    assert listed.jobs == (AgentJob("AJ_1", JobStatus.FAILED, error="no model"),)


@pytest.mark.parametrize(("agent", "metadata"), [("", ""), ("  ", ""), ("assistant", "m" * (512 * 1024 + 1))])
async def test_what_is_not_asked_for(
    livekit: LiveKit, standin: LiveKitStandIn, standup: RoomRef, agent: str, metadata: str
) -> None:
    """An empty name would be an agent that comes into every room."""
    with pytest.raises(Rejected):
        await livekit.dispatch_agent(standup, agent, metadata)
    assert "CreateDispatch" not in standin.calls
