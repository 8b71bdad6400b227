"""What a restart takes for the recording that somebody had asked for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.recording import RecordingStart
from providers.base import EgressOptions, EgressSource, TrackSource
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import TEAM, Workspace


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """A video server whose recordings soon begin."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0.01))
    yield provider
    await provider.aclose()


@pytest.fixture
def workspace(memory: Memory) -> Workspace:
    return Workspace(memory)


@pytest.mark.parametrize(
    ("source", "age", "is_kept"),
    [
        (EgressSource(), timedelta(0), True),
        (EgressSource(audio_only=True), timedelta(0), False),
        (EgressSource(), timedelta(minutes=-5), False),
    ],
    ids=["as it was asked for", "of another kind", "began before"],
)
async def test_after_a_death_what_is_anothers_is_not_taken(
    workspace: Workspace, memory: Memory, source: EgressSource, age: timedelta, is_kept: bool
) -> None:
    room = await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana", TrackSource.CAMERA)
    recording = await memory.start_recording(room, EgressOptions(source))
    await memory.server.settled()
    [began] = [r.started_at for r in await memory.list_recordings()]
    assert began is not None
    start = RecordingStart(provider="memory", room="standup", room_id=room.id, segments=True)
    await start.aftermath(replace(workspace.context(memory), tried_at=began - age))
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert (kept is not None) is is_kept
    assert await workspace.directory.made_by(TEAM, "memory", recording.ref.id) is None
