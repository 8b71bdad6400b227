"""When a recording stops by itself: planned with it, put off, cancelled."""

from datetime import timedelta

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import CommandError, Ended, NotAllowed, UsageError
from commands.core.reply import plain
from commands.core.timers import LONGEST, PlannedStop, Target
from commands.recording import RecordingStart
from commands.recording_timing import RecordingExtend, RecordingKeepGoing, target_of
from providers.base import Backend, Capability, EgressOptions, Recording
from providers.facts import RecordingChanged
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, TEAM, VERA, Workspace, button, labels, refused, says, told

HOUR = timedelta(hours=1)


async def recorded(workspace: Workspace, memory: Memory, options: str = "") -> Recording:
    await workspace.room("standup")
    told(await workspace.say(f"recording start standup {options}"))
    return (await memory.list_recordings())[0]


async def planned(workspace: Workspace, target: Target) -> PlannedStop:
    [stop] = await workspace.stops.of(TEAM, [target])
    return stop


def at(workspace: Workspace, after: timedelta) -> str:
    return (workspace.clock.now() + after).isoformat(timespec="seconds")


async def test_start_with_a_stop(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("recording start standup --stop-after 1h"))
    says_when = f"Its card says when it runs. It stops by itself {at(workspace, HOUR)}."
    assert plain(reply.text) == f"Recording standup. {says_when}"
    stop = await planned(workspace, target_of((await memory.list_recordings())[0]))
    assert (stop.stops_at, stop.by, stop.target.name) == (workspace.clock.now() + HOUR, "UOLGA", "standup")


async def test_start_without_one_plans_none(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory)
    assert await workspace.stops.of(TEAM, [target_of(recording)]) == []


@pytest.mark.parametrize("length", ["9s", "31d"])
async def test_a_stop_is_not_too_near_and_not_too_far(workspace: Workspace, memory: Memory, length: str) -> None:
    await workspace.room("standup")
    error = refused(await workspace.say(f"recording start standup --stop-after {length}"))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [
        ("--stop-after: It can be 10 s at least and 30 days at most.", "stop_after")
    ]
    assert await memory.list_recordings() == []


async def test_a_server_that_cannot_stop_plans_none() -> None:
    needed = RecordingStart(provider="x", room="standup", stop_after=HOUR)
    assert needed.changed_fields() == {"provider", "room", "stop_after"}
    assert RecordingExtend(provider="x", recording="RE_1", by=LONGEST).problems(Backend("x")) == []


async def test_extend(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    reply = told(await workspace.say("recording extend standup --by 15m"))
    assert plain(reply.text) == f"The recording of standup stops {at(workspace, HOUR + timedelta(minutes=15))}."
    keep = button(reply.actions, "Keep going")
    assert keep == RecordingKeepGoing(provider="memory", recording=recording.ref.id)


async def test_extend_plans_a_stop_where_none_is(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory)
    reply = told(await workspace.say("recording extend standup"))
    half_an_hour = at(workspace, timedelta(minutes=30))
    assert plain(reply.text) == f"No stop was planned. The recording of standup stops {half_an_hour}."
    assert (await planned(workspace, target_of(recording))).by == "UOLGA"


async def test_a_button_of_a_plan_that_was_changed(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    rev = (await planned(workspace, target_of(recording))).rev
    pressed = RecordingExtend(provider="memory", recording=recording.ref.id, rev=rev)
    told(await workspace.press(pressed, by=ANNA))
    error = refused(await workspace.press(pressed))
    until = at(workspace, HOUR + timedelta(minutes=30))
    assert says(error) == (f"It was changed already: @UANNA moved it to {until}.", "Put it off from there?")
    again = button(error.actions, "Extend")
    assert isinstance(again, RecordingExtend)
    told(await workspace.press(again))
    assert (await planned(workspace, target_of(recording))).stops_at == workspace.clock.now() + 2 * HOUR


async def test_a_button_of_a_plan_that_was_cancelled_plans_nothing(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    told(await workspace.say("recording keep standup"))
    error = refused(await workspace.press(RecordingExtend(provider="memory", recording=recording.ref.id, rev=1)))
    assert says(error)[0] == "No stop is planned. The recording of standup goes on until somebody stops it."
    assert labels(error.actions) == ["Plan a stop"]
    assert await workspace.stops.of(TEAM, [target_of(recording)]) == []


async def test_what_is_being_stopped_is_not_extended(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    workspace.stops.firing.add(target_of(recording))
    for line in ("recording extend standup", "recording keep standup"):
        error = refused(await workspace.say(line))
        assert isinstance(error, Ended)
        assert says(error) == ("The recording of standup is being stopped already.", "Start a new one?")
        start = button(error.actions, "Record")
        assert start == RecordingStart(provider="memory", room="standup", room_id=recording.room.id)


async def test_a_stop_is_not_put_off_for_ever(workspace: Workspace, memory: Memory) -> None:
    await recorded(workspace, memory, "--stop-after 1h")
    error = refused(await workspace.say("recording extend standup --by 30d"))
    assert says(error) == ("A stop can be put off to 30 days from now at most.", "Give a shorter --by.")
    assert isinstance(refused(await workspace.say("recording extend standup --by 31d")), UsageError)


async def test_keep(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    reply = told(await workspace.say("recording keep standup"))
    assert plain(reply.text) == "The recording of standup goes on until somebody stops it."
    assert await workspace.stops.of(TEAM, [target_of(recording)]) == []
    error = refused(await workspace.say("recording keep standup"))
    assert isinstance(error, CommandError)
    assert says(error)[0] == "No stop is planned. The recording of standup goes on until somebody stops it."


async def test_what_has_ended_is_not_extended(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    memory.server.finish_recording(recording.ref.id)
    error = refused(await workspace.say(f"recording extend {recording.ref.id}"))
    assert isinstance(error, Ended)
    assert says(error) == ("That recording of standup has ended already.", "Start a new one?")
    again = RecordingStart(provider="memory", room="standup", room_id=recording.room.id)
    assert button(error.actions, "Record again") == again
    mended = workspace.directory.facts[-1]
    assert isinstance(mended, RecordingChanged)
    assert mended.recording.status.is_final


async def test_what_has_ended_with_its_room_is_not_recorded_again(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory)
    workspace.directory.end(TEAM, recording.room)
    memory.server.finish_recording(recording.ref.id)
    error = refused(await workspace.say(f"recording keep {recording.ref.id}"))
    assert says(error) == ("That recording of standup has ended already.", "See /video recording list.")
    assert error.actions == ()


async def test_a_stop_that_does_not_work_is_said_to_be_tried_again(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    due = at(workspace, HOUR)
    workspace.clock.advance(2 * HOUR)
    workspace.stops.firing.add(target_of(recording))
    error = refused(await workspace.say("recording extend standup"))
    tried = "Its server has not done it yet, and is being asked at this moment."
    assert says(error) == (f"The recording of standup was to stop {due}. {tried}", "Try again in half a minute.")
    assert labels(error.actions) == ["Extend", "Keep going"]
    reply = await RecordingKeepGoing(provider="memory", recording="standup").aftermath(workspace.context(memory))
    said = f"The recording of standup was to stop {due}. That has not worked yet, and is tried again."
    assert plain(reply.text) == said
    [item] = told(await workspace.say("recording list")).items
    assert plain(item.detail).endswith(f" · stops {due}, as @UOLGA said; that has not worked yet")


async def test_a_list_says_what_stops_when(workspace: Workspace, memory: Memory) -> None:
    await recorded(workspace, memory, "--stop-after 1h")
    due = at(workspace, HOUR)
    [item] = told(await workspace.say("recording list")).items
    assert plain(item.detail).endswith(f" · stops {due}, as @UOLGA said")
    table = told(await workspace.say("recording list --table")).table
    assert table is not None
    assert plain(table.rows[0][table.columns.index("Stops")]) == f"{due}, as @UOLGA said"


async def test_which_one_of_several(workspace: Workspace, memory: Memory) -> None:
    first = await recorded(workspace, memory)
    await memory.start_recording(first.room, EgressOptions())
    error = refused(await workspace.say("recording extend standup --by 1h"))
    assert says(error) == ("There are 2 recordings of standup.", "Say which one to extend.")
    label = next(label for label in labels(error.actions) if first.ref.id in label)
    assert label == f"Extend the one of the whole room {first.ref.id}, not begun yet"
    assert button(error.actions, label) == RecordingExtend(provider="memory", recording=first.ref.id, by=HOUR)
    assert says(refused(await workspace.say("recording keep standup")))[1] == "Say which one to keep."


async def test_viewers_change_nothing(workspace: Workspace, memory: Memory) -> None:
    recording = await recorded(workspace, memory, "--stop-after 1h")
    before = await planned(workspace, target_of(recording))
    for line in ("recording extend standup", "recording keep standup"):
        assert isinstance(refused(await workspace.say(line, by=VERA)), NotAllowed)
    assert await planned(workspace, target_of(recording)) == before


async def test_a_server_that_cannot_list_recordings_is_named(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.LIST_RECORDINGS})
    assert (await workspace.say("recording extend standup")).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("after", "words", "offered"),
    [
        (None, "The room standup is being recorded.", []),
        (HOUR, "The room standup is being recorded. No stop is planned.", ["Stop in 1 h"]),
    ],
)
async def test_after_a_death_between_start_and_plan(
    workspace: Workspace, memory: Memory, after: timedelta | None, words: str, offered: list[str]
) -> None:
    recording = await recorded(workspace, memory)
    command = RecordingStart(provider="memory", room="standup", stop_after=after)
    reply = await command.aftermath(workspace.context(memory))
    assert (plain(reply.text), labels(reply.actions)) == (words, offered)
    if offered:
        told(await workspace.press(button(reply.actions, offered[0])))
        assert (await planned(workspace, target_of(recording))).stops_at == workspace.clock.now() + HOUR
        assert plain((await command.aftermath(workspace.context(memory))).text) == "The room standup is being recorded."
