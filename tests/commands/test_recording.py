"""Recordings on the in-memory server: started, stopped and listed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import CannotDo, Ended, NotAllowed, NothingHere, UsageError
from commands.core.paging import PAGE
from commands.core.reply import Action, plain
from commands.one_feed import begun
from commands.recording import RecordingStart, RecordingStop
from providers.base import (
    Backend,
    Capability,
    EgressOptions,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomOptions,
    RoomRef,
)
from providers.errors import TimedOut
from providers.facts import RecordingChanged
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import (
    ANNA,
    LOBBY,
    OLGA,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    titles,
    told,
)

NOBODY_SENDS = "Nobody sends anything there yet, so it may wait until somebody does."


async def started(workspace: Workspace, memory: Memory, name: str = "standup") -> Recording:
    """A room with one recording that has been asked for."""
    await workspace.room(name)
    told(await workspace.say(f"recording start {name}"))
    return (await memory.list_recordings())[0]


@pytest.fixture
async def quick() -> AsyncIterator[Memory]:
    """A video server whose recordings soon begin."""
    provider = Memory("memory", MemorySettings(recording_delay_seconds=0.01))
    yield provider
    await provider.aclose()


def last_recording(workspace: Workspace) -> Recording:
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, RecordingChanged)
    return fact.recording


# recording start


async def test_start(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    reply = told(await workspace.say("recording start standup"))
    assert plain(reply.text) == "Recording standup. Its card says when it runs."
    [recording] = await memory.list_recordings()
    assert (recording.room, recording.status) == (room, RecordingStatus.STARTING)
    assert button(reply.actions, "Stop recording") == RecordingStop(provider="memory", recording=recording.ref.id)
    report = workspace.directory.reports[-1]
    assert last_recording(workspace) == recording
    assert (report.card_in, report.made_by) == ("CSTUDIO", "UOLGA")


async def test_a_second_recording_is_said_to_be_one(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory)
    second = told(await workspace.say("recording start standup"))
    assert plain(second.hint) == f"It is being recorded already; this is a second one. {NOBODY_SENDS}"


async def test_since_when_there_is_a_first_is_said(quick: Memory) -> None:
    workspace, memory = Workspace(quick), quick
    first = await started(workspace, memory)
    await memory.server.settled()
    began = (await memory.list_recordings())[-1].started_at
    assert began is not None
    second = told(await workspace.say("recording start standup"))
    since = began.isoformat(timespec="seconds")
    assert plain(second.hint) == f"It is being recorded already, since {since}; this is a second one. {NOBODY_SENDS}"
    assert labels(second.actions) == [
        "Stop recording",
        f"Stop the one of the whole room, since {began:%b} {began.day}, {began:%H:%M} UTC",
    ]
    assert button(second.actions, labels(second.actions)[1]) == RecordingStop(provider="memory", recording=first.ref.id)
    third = told(await workspace.say("recording start standup"))
    assert plain(third.hint) == f"It is being recorded already, 2 times; this is one more. {NOBODY_SENDS}"
    assert len(third.actions) == 3


async def test_what_runs_already_is_no_reason_not_to_record(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory)
    memory.server.faults["list_recordings"] = TimedOut
    assert plain(told(await workspace.say("recording start standup")).hint) == NOBODY_SENDS
    memory.server.faults.clear()
    memory.lacking = frozenset({Capability.LIST_RECORDINGS})
    assert plain(told(await workspace.say("recording start standup")).hint) == NOBODY_SENDS


async def test_start_with_options(workspace: Workspace, memory: Memory) -> None:
    room = await workspace.room("standup")
    told(await workspace.say("recording start . --audio-only", room=room))
    [recording] = await memory.list_recordings(room)
    assert recording.location is not None
    assert recording.location.endswith(".ogg")


async def test_start_with_an_unknown_layout(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    error = refused(await workspace.say("recording start standup --layout spiral"))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [
        ("--layout: “spiral” is no layout here; there is grid, speaker, single-speaker.", "layout")
    ]
    assert plain(error.remedy) == "For example: /video recording start standup --layout speaker"
    assert await memory.list_recordings() == []


async def test_start_with_a_layout_that_no_limit_names(workspace: Workspace) -> None:
    """A server that does not say which layouts it has decides itself."""
    command = RecordingStart(provider="x", room="standup", layout="spiral")
    assert command.problems(Backend("x")) == []


async def test_start_with_what_the_server_lacks(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.RECORDING_LAYOUT, Capability.RECORDING_AUDIO_ONLY})
    error = refused(await workspace.say("recording start standup --layout grid --audio-only"))
    assert isinstance(error, UsageError)
    assert {(p.text, p.field) for p in error.problems} == {
        ("--layout: memory cannot do this.", "layout"),
        ("--layout: Sound alone is not arranged; leave the layout out.", "layout"),
        ("--audio-only: memory cannot do this.", "audio_only"),
    }


async def test_start_where_no_card_could_be_posted(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    assert isinstance(refused(await workspace.say("recording start standup", place=LOBBY)), NotAllowed)
    assert await memory.list_recordings() == []


async def test_a_viewer_does_not_record(workspace: Workspace) -> None:
    await workspace.room("standup")
    assert isinstance(refused(await workspace.say("recording start standup", by=VERA)), NotAllowed)


async def test_a_server_that_cannot_record(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.START_RECORDING})
    error = refused(await workspace.say("recording start standup"))
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "The video server memory cannot do this: start recording.",
        "annex can: say --provider annex.",
    )


async def test_no_server_that_can_record(workspace: Workspace, memory: Memory, annex: Memory) -> None:
    memory.lacking = annex.lacking = frozenset({Capability.START_RECORDING})
    error = refused(await workspace.say("recording start standup"))
    assert says(error)[1] == "None that is configured here can; /video provider show says what this one can do."


# recording stop


async def test_stop_by_room(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory)
    reply = told(await workspace.say("recording stop standup"))
    assert plain(reply.text) == "Stopping the recording of standup. Its card says when it is ready."
    assert last_recording(workspace).status is RecordingStatus.ABORTED
    assert workspace.directory.reports[-1].card_in is None


async def test_stop_this_channels(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    told(await workspace.say("recording stop", room=recording.room))
    assert last_recording(workspace).ref == recording.ref


async def test_stop_by_id(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    told(await workspace.say(f"recording stop {recording.ref.id}"))
    assert last_recording(workspace).ref == recording.ref


async def test_stop_where_nothing_runs(workspace: Workspace) -> None:
    await workspace.room("standup")
    error = refused(await workspace.say("recording stop standup"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("There is no recording called standup.", "See /video recording list.")


async def test_stop_by_room_after_its_end(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    memory.server.finish_recording(recording.ref.id)
    assert isinstance(refused(await workspace.say("recording stop standup")), NothingHere)


async def test_stop_by_button_after_its_end(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    memory.server.fail_recording(recording.ref.id, "no space left")
    error = refused(await workspace.press(RecordingStop(provider="memory", recording=recording.ref.id)))
    assert isinstance(error, Ended)
    assert says(error) == ("That recording of standup has ended already.", "Start a new one?")
    mended = last_recording(workspace)
    assert (mended.status, mended.error) == (RecordingStatus.FAILED, "no space left")


async def test_stop_by_button_spares_the_next_recording(workspace: Workspace, memory: Memory) -> None:
    first = await started(workspace, memory)
    memory.server.finish_recording(first.ref.id)
    told(await workspace.say("recording start standup"))
    error = refused(await workspace.press(RecordingStop(provider="memory", recording=first.ref.id)))
    assert isinstance(error, Ended)
    newest = (await memory.list_recordings())[0]
    assert newest.ref != first.ref
    assert not newest.status.is_final


async def test_two_people_stop_at_once(workspace: Workspace, memory: Memory) -> None:
    recording = await started(workspace, memory)
    stop = RecordingStop(provider="memory", recording=recording.ref.id)
    answers = await asyncio.gather(workspace.press(stop, by=OLGA), workspace.press(stop, by=ANNA))
    assert sorted(answer.outcome for answer in answers) == [Outcome.DONE, Outcome.REFUSED]
    [late] = [answer for answer in answers if answer.outcome is Outcome.REFUSED]
    assert isinstance(refused(late), Ended)


async def test_stop_where_two_run(quick: Memory) -> None:
    workspace, memory = Workspace(quick), quick
    await started(workspace, memory)
    told(await workspace.say("recording start standup"))
    error = refused(await workspace.say("recording stop standup"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("There are 2 recordings of standup.", "Say which one to stop.")
    running = await memory.list_recordings()
    assert [button(error.actions, label) for label in labels(error.actions)] == [
        RecordingStop(provider="memory", recording=r.ref.id) for r in running
    ]
    assert labels(error.actions) == [f"Stop the one of the whole room {r.ref.id}, not begun yet" for r in running]
    await memory.server.settled()
    error = refused(await workspace.say("recording stop standup"))
    running = await memory.list_recordings()
    began = [r.started_at for r in running if r.started_at is not None]
    assert labels(error.actions) == [
        f"Stop the one of the whole room {r.ref.id}, since {at:%b} {at.day}, {at:%H:%M} UTC"
        for r, at in zip(running, began, strict=True)
    ]


def test_a_button_says_the_time_in_the_zone_it_is_given() -> None:
    began = datetime(2026, 11, 20, 23, 31, tzinfo=UTC)
    room = RoomRef("memory", "RM_1", "standup")
    recording = Recording(ref=RecordingRef("memory", "RE_1"), room=room, status=RecordingStatus.LIVE, started_at=began)
    later = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
    assert begun(recording, later) == "since Nov 20, 23:31 UTC"
    assert begun(recording, later.astimezone(ZoneInfo("Europe/Berlin"))) == "since 00:31 CET"


async def test_of_two_that_run_one_is_stopped(quick: Memory) -> None:
    workspace, memory = Workspace(quick), quick
    await started(workspace, memory)
    told(await workspace.say("recording start standup"))
    await memory.server.settled()
    running = await memory.list_recordings()
    error = refused(await workspace.say("recording stop standup"))
    memory.server.finish_recording(running[0].ref.id)
    told(await workspace.press(button(error.actions, labels(error.actions)[1])))
    assert [r.status for r in await memory.list_recordings()] == [RecordingStatus.READY, RecordingStatus.ENDING]


# recording list


async def test_list_nothing(workspace: Workspace) -> None:
    reply = told(await workspace.say("recording list"))
    assert plain(reply.text) == "No recording is on memory."
    assert (reply.items, reply.actions) == ((), ())
    assert told(await workspace.say("recording list --table")).actions == ()


async def test_list(workspace: Workspace, memory: Memory) -> None:
    first = await started(workspace, memory, "one")
    second = await started(workspace, memory, "two")
    memory.server.fail_recording(first.ref.id, "no space left")
    reply = told(await workspace.say("archive list"))
    assert plain(reply.text) == "2 recordings are on memory."
    assert titles(reply) == ["two · starting", "one · failed"]
    running, failed = reply.items
    assert plain(running.detail) == second.ref.id
    assert running.actions[0] == Action(
        "Stop", RecordingStop(provider="memory", recording=second.ref.id), description="Stop recording two"
    )
    assert plain(failed.detail) == f"{first.ref.id} · 0 s · no space left"
    assert failed.actions == ()


async def test_list_of_a_room_and_of_those_that_run(workspace: Workspace, memory: Memory) -> None:
    first = await started(workspace, memory, "one")
    await started(workspace, memory, "two")
    memory.server.finish_recording(first.ref.id)
    assert titles(told(await workspace.say("recording list one"))) == ["one · ready"]
    assert titles(told(await workspace.say("recording list .", room=first.room))) == ["one · ready"]
    assert titles(told(await workspace.say("recording list --active"))) == ["two · starting"]
    none = told(await workspace.say("recording list --room one --active"))
    assert (plain(none.text), none.items) == ("No recording on memory is of one and runs; 2 others are there.", ())


async def test_list_says_what_it_leaves_out(workspace: Workspace, memory: Memory) -> None:
    await started(workspace, memory, "one")
    await started(workspace, memory, "two")
    reply = told(await workspace.say("recording list one --active"))
    assert plain(reply.text) == "1 of 2 recordings on memory is of one and runs."
    assert labels(reply.actions) == ["Filter", "Show all"]
    assert plain(told(await workspace.press(button(reply.actions, "Show all"))).text) == "2 recordings are on memory."


async def test_a_long_list_has_pages_and_a_table(workspace: Workspace, memory: Memory) -> None:
    for n in range(PAGE + 1):
        await started(workspace, memory, f"room-{n:02}")
    reply = told(await workspace.say("recording list"))
    assert (len(reply.items), reply.hint) == (PAGE, "Page 1 of 2.")
    table = told(await workspace.press(button(reply.actions, "All in a table"))).table
    assert table is not None
    assert table.columns == ("Room", "State", "Id", "Since", "Duration", "Stops", "Trouble")
    assert [plain(row[0]) for row in table.rows] == [f"room-{n:02}" for n in range(PAGE, -1, -1)]
    assert plain(table.rows[0][1]) == "starting"


# What a restart says of a start whose end nobody saw


async def test_the_aftermath_of_a_start(workspace: Workspace, memory: Memory) -> None:
    room = (await memory.create_room("standup", RoomOptions())).room.ref
    start, ctx = RecordingStart(provider="memory", room="standup", room_id=room.id), workspace.context(memory)
    assert plain((await start.aftermath(ctx)).text) == (
        "The room standup is not being recorded; start it again if you want that."
    )
    recording = await memory.start_recording(room, EgressOptions())
    assert plain((await start.aftermath(ctx)).text) == "The room standup is being recorded."
    assert last_recording(workspace) == recording
    assert workspace.directory.reports[-1].card_in == "CSTUDIO"


async def test_the_aftermath_looks_at_one_life(workspace: Workspace, memory: Memory) -> None:
    room = (await memory.create_room("standup", RoomOptions())).room.ref
    await memory.start_recording(room, EgressOptions())
    other = RoomRef("memory", "RM_before", "standup")
    start = RecordingStart(provider="memory", room="standup", room_id=other.id)
    assert "is not being recorded" in plain((await start.aftermath(workspace.context(memory))).text)


# What help says of the layouts


async def test_help_names_the_layouts_that_the_server_has(workspace: Workspace) -> None:
    layout = facts_of(told(await workspace.say("help recording start")))["--layout"]
    assert layout == "How the participants are arranged: grid, speaker, single-speaker"
