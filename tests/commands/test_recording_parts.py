"""A recording that is paused goes on as its next part."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from commands.core.attempts import Outcome
from commands.core.egress_starting import MayStillBegin
from commands.core.errors import CommandError, Ended, NotAllowed, NothingHere
from commands.core.reply import plain
from commands.recording import RecordingStop
from commands.recording_parts import RecordingPause, RecordingResume
from commands.recording_timing import target_of
from commands.recording_upkeep import RecordingRetry
from providers.base import EgressOptions, Recording, RecordingStatus, RoomRef, TrackSource
from providers.errors import NoWorker, TimedOut
from providers.facts import Finished, PartBegun, Paused
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import ANNA, TEAM, VERA, Workspace, button, labels, refused, says, titles, told

HOUR = timedelta(hours=1)


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """A video server whose recordings soon begin, and soon are ready."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0.01))
    yield provider
    await provider.aclose()


@pytest.fixture
def workspace(memory: Memory) -> Workspace:
    return Workspace(memory)


async def live(workspace: Workspace, memory: Memory, options: str = "") -> Recording:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.publish("standup", "ana", TrackSource.CAMERA)
    told(await workspace.say(f"recording start standup {options}"))
    await memory.server.settled()
    return (await memory.list_recordings())[0]


async def paused(workspace: Workspace, memory: Memory, options: str = "") -> Recording:
    recording = await live(workspace, memory, options)
    told(await workspace.say("recording pause standup"))
    await memory.server.settled()
    return recording


def parts_told(workspace: Workspace) -> list[PartBegun]:
    return [fact for fact in workspace.directory.facts if isinstance(fact, PartBegun)]


async def test_pause(workspace: Workspace, memory: Memory) -> None:
    recording = await live(workspace, memory)
    reply = told(await workspace.say("recording pause standup"))
    assert plain(reply.text) == "Pausing the recording of standup after part 1."
    assert button(reply.actions, "Resume") == RecordingResume(provider="memory", recording=recording.ref.id)
    [fact] = [fact for fact in workspace.directory.facts if isinstance(fact, Paused)]
    assert (fact.thing_id, fact.by) == (recording.ref.id, "UOLGA")
    await memory.server.settled()
    assert [r.status for r in await memory.list_recordings()] == [RecordingStatus.READY]


async def test_what_has_not_begun_is_not_paused(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    told(await workspace.say("recording start standup"))
    recording = (await memory.list_recordings())[0]
    error = refused(await workspace.say("recording pause standup"))
    assert says(error) == (
        "The recording of standup has not begun yet, so there is nothing to pause.",
        "Wait until it is live, or stop it.",
    )
    assert button(error.actions, "Stop") == RecordingStop(provider="memory", recording=recording.ref.id)


async def test_what_is_over_is_not_paused(workspace: Workspace, memory: Memory) -> None:
    recording = await paused(workspace, memory)
    error = refused(await workspace.press(RecordingPause(provider="memory", recording=recording.ref.id)))
    assert isinstance(error, Ended)
    assert isinstance(refused(await workspace.say("recording pause standup")), NothingHere)


async def test_resume(workspace: Workspace, memory: Memory) -> None:
    first = await paused(workspace, memory, "--layout speaker --preset h264-720p-30")
    reply = told(await workspace.say("recording resume standup"))
    second = (await memory.list_recordings())[0]
    assert plain(reply.text) == "Going on with the recording of standup as part 2."
    assert (second.status.is_final, second.source.layout) == (False, "speaker")
    kept = await workspace.egress_requests.get(TEAM, "memory", second.ref.id)
    assert kept is not None
    assert (kept.first, kept.part, kept.options.preset) == (first.ref.id, 2, "h264-720p-30")
    new, previous = parts_told(workspace)
    assert (new.thing_id, new.first, new.previous, new.number, new.next) == (
        second.ref.id, first.ref.id, first.ref.id, 2, "",
    )  # fmt: skip
    assert (previous.thing_id, previous.previous, previous.number, previous.next) == (
        first.ref.id, "", 1, second.ref.id,
    )  # fmt: skip


async def test_a_third_part(workspace: Workspace, memory: Memory) -> None:
    first = await paused(workspace, memory)
    for number in (2, 3):
        told(await workspace.say("recording resume standup"))
        await memory.server.settled()
        if number == 2:
            told(await workspace.say("recording pause standup"))
            await memory.server.settled()
    third, second = (await memory.list_recordings())[:2]
    parts = await workspace.egress_requests.parts(TEAM, "memory", first.ref.id)
    assert [part.id for part in parts] == [first.ref.id, second.ref.id, third.ref.id]
    new, previous = parts_told(workspace)[2:]
    assert (new.number, new.previous, new.first) == (3, second.ref.id, first.ref.id)
    assert (previous.thing_id, previous.previous, previous.number) == (second.ref.id, first.ref.id, 2)


async def test_a_planned_stop_counts_what_is_recorded(workspace: Workspace, memory: Memory) -> None:
    first = await live(workspace, memory, "--stop-after 1h")
    workspace.clock.advance(timedelta(minutes=20))
    reply = told(await workspace.say("recording pause standup"))
    assert plain(reply.text).endswith("after part 1. When it goes on it stops 40 min later.")
    assert await workspace.stops.of(TEAM, [target_of(first)]) == []
    await memory.server.settled()
    workspace.clock.advance(3 * HOUR)
    reply = told(await workspace.say("recording resume standup"))
    [stop] = await workspace.stops.of(TEAM, [target_of((await memory.list_recordings())[0])])
    assert stop.stops_at == workspace.clock.now() + timedelta(minutes=40)
    assert f"It stops by itself {stop.stops_at.isoformat(timespec='seconds')}" in plain(reply.text)


async def test_a_stop_that_was_cancelled_does_not_come_back(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory, "--stop-after 1h")
    told(await workspace.say("recording keep standup"))
    told(await workspace.say("recording pause standup"))
    await memory.server.settled()
    told(await workspace.say("recording resume standup"))
    assert await workspace.stops.of(TEAM, [target_of((await memory.list_recordings())[0])]) == []


async def test_what_is_not_paused_does_not_go_on(workspace: Workspace, memory: Memory) -> None:
    recording = await live(workspace, memory)
    error = refused(await workspace.say("recording resume standup"))
    assert plain(error.what) == "The recording of standup is not paused. It goes on."
    told(await workspace.say("recording stop standup"))
    await memory.server.settled()
    error = refused(await workspace.say("recording resume standup"))
    assert says(error) == ("The recording of standup is not paused. It is over.", "Start another one like it?")
    assert button(error.actions, "Record again") == RecordingRetry(provider="memory", recording=recording.ref.id)


async def test_nothing_goes_on_twice(workspace: Workspace, memory: Memory) -> None:
    recording = await paused(workspace, memory)
    resume = RecordingResume(provider="memory", recording=recording.ref.id)
    told(await workspace.press(resume))
    error = refused(await workspace.press(resume))
    assert plain(error.what) == "The recording of standup is not paused. It went on in part 2."
    assert len(await memory.list_recordings()) == 2


async def test_nothing_goes_on_where_the_room_is_over(workspace: Workspace, memory: Memory) -> None:
    recording = await paused(workspace, memory)
    await memory.close_room(recording.room)
    error = refused(await workspace.press(RecordingResume(provider="memory", recording=recording.ref.id)))
    assert isinstance(error, Ended)
    await workspace.room("standup")
    assert isinstance(
        refused(await workspace.press(RecordingResume(provider="memory", recording=recording.ref.id))), Ended
    )


async def test_what_no_worker_takes_stays_paused(workspace: Workspace, memory: Memory) -> None:
    await paused(workspace, memory)
    memory.server.faults["start_recording"] = NoWorker
    error = refused(await workspace.say("recording resume standup"))
    assert isinstance(error, CommandError)
    assert labels(error.actions) == ["Try again"]
    memory.server.faults.clear()
    told(await workspace.press(button(error.actions, "Try again")))
    assert len(await memory.list_recordings()) == 2


async def test_what_was_started_elsewhere_goes_on_too(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    await memory.start_recording(room, EgressOptions())
    await memory.server.settled()
    told(await workspace.say("recording pause standup"))
    await memory.server.settled()
    told(await workspace.say("recording resume standup"))
    assert len(await memory.list_recordings(room)) == 2


async def test_viewers_neither_pause_nor_resume(workspace: Workspace, memory: Memory) -> None:
    await live(workspace, memory)
    for line in ("recording pause standup", "recording resume standup"):
        assert isinstance(refused(await workspace.say(line, by=VERA)), NotAllowed)


# What a restart says of what nobody saw the end of


async def test_the_aftermath_of_a_pause(workspace: Workspace, memory: Memory) -> None:
    recording = await live(workspace, memory)
    pause, ctx = RecordingPause(provider="memory", recording="standup"), workspace.context(memory)
    goes_on = "The recording of standup goes on; pause it again if you want that."
    assert plain((await pause.aftermath(ctx)).text) == goes_on
    await memory.stop_recording(recording.ref)
    assert plain((await pause.aftermath(ctx)).text) == "The recording of standup is paused."
    await memory.server.settled()
    told(await workspace.say("recording resume standup"))


async def test_the_aftermath_of_a_resume(workspace: Workspace, memory: Memory) -> None:
    recording = await paused(workspace, memory)
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    resume, ctx = RecordingResume(provider="memory", recording=recording.ref.id), workspace.context(memory)
    reply = await resume.aftermath(ctx)
    assert plain(reply.text) == "The recording of standup is still paused."
    told(await workspace.press(button(reply.actions, "Resume")))
    assert plain((await resume.aftermath(ctx)).text) == "The recording of standup goes on in part 2."
    assert len(parts_told(workspace)) == 4


async def test_two_people_resume_at_once(workspace: Workspace, memory: Memory) -> None:
    recording = await paused(workspace, memory)
    resume = RecordingResume(provider="memory", recording=recording.ref.id)
    answers = await asyncio.gather(workspace.press(resume), workspace.press(resume, by=ANNA))
    assert sorted(answer.outcome for answer in answers) == [Outcome.DONE, Outcome.REFUSED]
    assert len(await memory.list_recordings()) == 2


async def test_what_may_still_begin_is_not_begun_again(
    workspace: Workspace, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await paused(workspace, memory)
    start = memory.start_recording

    async def late(room: RoomRef | None, options: EgressOptions) -> Recording:
        await start(room, options)
        raise TimedOut("slow", provider="memory")

    monkeypatch.setattr(memory, "start_recording", late)
    resume = RecordingResume(provider="memory", recording=recording.ref.id)
    assert isinstance((await workspace.press(resume)).result, MayStillBegin)
    monkeypatch.undo()
    error = refused(await workspace.press(resume))
    assert labels(error.actions) == ["Record again"]
    assert len(await memory.list_recordings()) == 2


async def test_a_death_after_the_start_leaves_a_part_that_is_found(workspace: Workspace, memory: Memory) -> None:
    first = await paused(workspace, memory)
    await memory.start_recording(first.room, EgressOptions())
    resume, ctx = RecordingResume(provider="memory", recording=first.ref.id), workspace.context(memory)
    assert plain((await resume.aftermath(ctx)).text) == "The recording of standup goes on in part 2."
    second = (await memory.list_recordings())[0]
    assert [(fact.thing_id, fact.number) for fact in parts_told(workspace)] == [(second.ref.id, 2), (first.ref.id, 1)]


async def test_each_part_has_names_of_its_own(workspace: Workspace, memory: Memory) -> None:
    first = await paused(workspace, memory, "--format mp4 --path week/standup.mp4")
    for _ in range(2):
        told(await workspace.say("recording resume standup"))
        await memory.server.settled()
        told(await workspace.say("recording pause standup"))
        await memory.server.settled()
    parts = await workspace.egress_requests.parts(TEAM, "memory", first.ref.id)
    assert [part.options.file and part.options.file.path for part in parts] == [
        "week/standup.mp4", "week/standup-part2.mp4", "week/standup-part3.mp4",
    ]  # fmt: skip


async def test_a_part_that_is_tried_again_stays_that_part(workspace: Workspace, memory: Memory) -> None:
    first = await paused(workspace, memory)
    told(await workspace.say("recording resume standup"))
    second = (await memory.list_recordings())[0]
    memory.server.fail_recording(second.ref.id, "lost")
    told(await workspace.press(RecordingRetry(provider="memory", recording=second.ref.id)))
    again = (await memory.list_recordings())[0]
    kept = await workspace.egress_requests.get(TEAM, "memory", again.ref.id)
    assert kept is not None
    assert (kept.first, kept.part) == (first.ref.id, 2)
    new, previous = parts_told(workspace)[2:]
    assert (new.thing_id, new.number, new.previous) == (again.ref.id, 2, first.ref.id)
    assert (previous.thing_id, previous.next) == (first.ref.id, again.ref.id)


async def test_a_paused_one_is_seen_and_can_be_finished(workspace: Workspace, memory: Memory) -> None:
    recording = await paused(workspace, memory)
    reply = told(await workspace.say("recording list"))
    assert titles(reply) == ["standup · paused"]
    assert labels(reply.items[0].actions) == ["Resume", "Finish"]
    reply = told(await workspace.say("recording show standup"))
    assert plain(reply.text) == "The recording of standup is paused."
    told_of = plain(told(await workspace.say("recording stop standup")).text)
    assert told_of == "Finished the recording of standup: no part follows part 1."
    [fact] = [fact for fact in workspace.directory.facts if isinstance(fact, Finished)]
    assert (fact.thing_id, fact.by) == (recording.ref.id, "UOLGA")
    assert titles(told(await workspace.say("recording list"))) == ["standup · ready"]
    assert isinstance(refused(await workspace.say("recording resume standup")), CommandError)
    again = RecordingStop(provider="memory", recording=recording.ref.id)
    assert isinstance(refused(await workspace.press(again)), Ended)
