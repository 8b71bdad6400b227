"""Everything about one recording, as far as it is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.core.egress_words import explain_trouble
from commands.core.errors import NothingHere
from commands.core.reply import plain
from commands.recording import RecordingStop
from commands.recording_parts import RecordingPause
from commands.recording_upkeep import RecordingRetry
from providers.base import (
    Capability,
    EgressTrouble,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    TrackSource,
    Written,
    WrittenKind,
)
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import VERA, Workspace, button, facts_of, labels, refused, says, told

ROOM = RoomRef("memory", "RM_1", "standup")


class Storied(Memory):
    """Has what a test puts in, beside its own."""

    def __init__(self) -> None:
        super().__init__("memory", MemorySettings(recording_delay_seconds=0))
        self.put_in: list[Recording] = []

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        return [*self.put_in, *await super().list_recordings(room)]


@pytest.fixture
def memory() -> Storied:
    return Storied()


@pytest.fixture
def workspace(memory: Storied) -> Workspace:
    return Workspace(memory)


async def live(workspace: Workspace, memory: Storied, options: str = "") -> Recording:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana", TrackSource.CAMERA)
    told(await workspace.say(f"recording start standup {options}"))
    await memory.server.settled()
    return (await memory.list_recordings())[0]


async def test_of_one_that_runs(workspace: Workspace, memory: Storied) -> None:
    recording = await live(workspace, memory, "--participant ana --stop-after 1h")
    reply = told(await workspace.say("recording show standup"))
    assert plain(reply.text) == "The recording of participant ana in standup is live."
    shown = facts_of(reply)
    assert (shown["Id"], shown["Of"], shown["Video server"]) == (recording.ref.id, "participant ana", "memory")
    assert shown["Stops"].endswith(", as @UOLGA said")
    assert labels(reply.actions) == ["Stop", "Pause", "All of this room"]
    assert button(reply.actions, "Stop") == RecordingStop(provider="memory", recording=recording.ref.id)
    assert button(reply.actions, "Pause") == RecordingPause(provider="memory", recording=recording.ref.id)


async def test_a_viewer_sees_it_and_cannot_stop_it(workspace: Workspace, memory: Storied) -> None:
    await live(workspace, memory)
    assert labels(told(await workspace.say("recording show standup", by=VERA)).actions) == ["All of this room"]


async def test_of_one_that_has_parts(workspace: Workspace, memory: Storied) -> None:
    first = await live(workspace, memory)
    told(await workspace.say("recording pause standup"))
    await memory.server.settled()
    reply = told(await workspace.say("recording show standup"))
    assert facts_of(reply)["Paused"] == "after part 1"
    told(await workspace.press(button(reply.actions, "Resume")))
    second = (await memory.list_recordings())[0]
    reply = told(await workspace.say(f"recording show {first.ref.id}"))
    assert facts_of(reply)["Parts"] == f"this is part 1; 1: {first.ref.id}; 2: {second.ref.id}"
    assert labels(reply.actions) == ["Record again", "All of this room"]


async def test_what_was_written(workspace: Workspace, memory: Storied) -> None:
    written = (
        Written(WrittenKind.FILE, "daily/standup.mp4", size=34_100_000, duration=timedelta(minutes=42)),
        Written(WrittenKind.PLAYLIST, "daily/standup.m3u8", count=1),
        Written(WrittenKind.IMAGES, "daily/standup", count=12),
        Written(WrittenKind.MANIFEST, ""),
    )
    ref = RecordingRef("memory", "RE_1")
    memory.put_in = [
        Recording(ref, ROOM, RecordingStatus.READY, written=written, duration=timedelta(minutes=42), is_backup=True)
    ]
    reply = told(await workspace.say("recording show RE_1"))
    shown = facts_of(reply)
    assert shown["File"] == "daily/standup.mp4 · 34.1 MB · 42 min"
    assert shown["Playlist"] == "daily/standup.m3u8 · 1 segment"
    assert shown["Images"] == "daily/standup · 12 images"
    assert plain(reply.hint) == (
        "It is in the video server's back-up storage, and not where it was to go. "
        "Fetch it there, and mend the first place."
    )
    memory.put_in = [replace(memory.put_in[0], written=(), location="a.mp4", size=900, is_backup=False)]
    assert facts_of(told(await workspace.say("recording show RE_1")))["File"] == "a.mp4 · 900 B"


@pytest.mark.parametrize("trouble", list(EgressTrouble))
async def test_why_it_went_wrong(workspace: Workspace, memory: Storied, trouble: EgressTrouble) -> None:
    ref = RecordingRef("memory", "RE_1")
    memory.put_in = [Recording(ref, ROOM, RecordingStatus.FAILED, error="code 7", trouble=trouble)]
    reply = told(await workspace.say("recording show RE_1"))
    assert plain(reply.hint) == f"{explain_trouble(trouble)} The server said: code 7"
    assert button(reply.actions, "Record again") == RecordingRetry(provider="memory", recording="RE_1")


async def test_while_it_is_stored(workspace: Workspace, memory: Storied) -> None:
    recording = await live(workspace, memory)
    memory.server.upload_recording(recording.ref.id)
    reply = told(await workspace.say("recording show standup"))
    assert plain(reply.text) == "The recording of standup is ending."
    assert facts_of(reply)["Stored"] == "not yet: it is being uploaded"
    assert labels(reply.actions) == ["All of this room"]


async def test_what_the_server_cannot_do_is_not_offered(workspace: Workspace, memory: Storied) -> None:
    await live(workspace, memory)
    memory.lacking = frozenset({Capability.START_RECORDING})
    assert labels(told(await workspace.say("recording show standup")).actions) == ["Stop", "All of this room"]


async def test_of_none(workspace: Workspace) -> None:
    error = refused(await workspace.say("recording show standup"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("There is no recording called standup.", "See /video recording list.")
