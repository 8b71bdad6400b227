"""When a room ends by itself: planned with it, put off, cancelled."""

from datetime import timedelta

from commands.core.errors import Ended, NotAllowed, UsageError
from commands.core.reply import plain
from commands.core.timers import PlannedStop
from commands.room import RoomCreate
from commands.room_timing import RoomExtend, RoomKeepGoing, target_of
from providers.base import RoomRef
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, ENDED, TEAM, VERA, Workspace, button, facts_of, labels, refused, says, told

HOUR = timedelta(hours=1)


async def planned(workspace: Workspace, room: RoomRef) -> list[PlannedStop]:
    return list(await workspace.stops.of(TEAM, [target_of(room)]))


async def made(workspace: Workspace, memory: Memory, options: str = "--stop-after 1h") -> RoomRef:
    told(await workspace.say(f"room create standup {options}"))
    return (await memory.list_rooms())[0].ref


def at(workspace: Workspace, after: timedelta) -> str:
    return (workspace.clock.now() + after).isoformat(timespec="seconds")


async def test_create_with_an_end(workspace: Workspace, memory: Memory) -> None:
    reply = told(await workspace.say("room create standup --stop-after 8h"))
    assert plain(reply.text) == f"Created standup. It ends by itself {at(workspace, 8 * HOUR)}."
    [stop] = await planned(workspace, (await memory.list_rooms())[0].ref)
    assert (stop.stops_at, stop.by, stop.target.name) == (workspace.clock.now() + 8 * HOUR, "UOLGA", "standup")


async def test_a_room_that_was_there_gets_its_end_too(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory, "")
    reply = told(await workspace.say("room create standup --stop-after 1h"))
    ends = f"It ends by itself {at(workspace, HOUR)}."
    assert plain(reply.text) == f"standup was there already: nobody is in it. {ends}"
    assert len(await planned(workspace, room)) == 1


async def test_a_plan_that_is_replaced_is_said_and_can_be_put_back(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory, "--stop-after 8h")
    reply = told(await workspace.say("room create standup --stop-after 2h", by=ANNA))
    before, after = at(workspace, 8 * HOUR), at(workspace, 2 * HOUR)
    replaced = f"It was to end {before}, as @UOLGA said; from here on it ends by itself {after}."
    assert plain(reply.text) == f"standup was there already: nobody is in it. {replaced}"
    told(await workspace.press(button(reply.actions, "Put it back")))
    [stop] = await planned(workspace, room)
    assert stop.stops_at == workspace.clock.now() + 8 * HOUR


async def test_a_plan_is_never_brought_forward_by_a_button(workspace: Workspace, memory: Memory) -> None:
    await made(workspace, memory, "--stop-after 1h")
    reply = told(await workspace.say("room create standup --stop-after 2h"))
    assert " It was to end " in plain(reply.text)
    assert labels(reply.actions) == ["Show"]


async def test_pages_say_when_a_room_ends(workspace: Workspace, memory: Memory) -> None:
    await made(workspace, memory)
    said = f"{at(workspace, HOUR)}, as @UOLGA said"
    assert facts_of(told(await workspace.say("room show standup")))["Ends"] == said
    [item] = told(await workspace.say("")).items
    assert f" · ends {said}" in plain(item.detail)
    told(await workspace.say("room keep standup"))
    assert "Ends" not in facts_of(told(await workspace.say("room show standup")))


async def test_a_room_that_is_being_ended_keeps_its_plan(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory)
    before = await planned(workspace, room)
    workspace.stops.firing.add(target_of(room))
    reply = told(await workspace.say("room create standup --stop-after 2h"))
    assert plain(reply.text).endswith(" It is being ended at this moment, as planned.")
    assert await planned(workspace, room) == before


async def test_an_end_is_not_too_near(workspace: Workspace, memory: Memory) -> None:
    error = refused(await workspace.say("room create standup --stop-after 5s"))
    assert isinstance(error, UsageError)
    assert [problem.field for problem in error.problems] == ["stop_after"]
    assert await memory.list_rooms() == []


async def test_extend_and_keep(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory)
    reply = told(await workspace.say("room extend standup --by 2h"))
    assert plain(reply.text) == f"The room standup ends {at(workspace, 3 * HOUR)}."
    keep = button(reply.actions, "Keep going")
    assert keep == RoomKeepGoing(provider="memory", room="standup", room_id=room.id)
    assert plain(told(await workspace.press(keep)).text) == "The room standup goes on until somebody ends it."
    assert await planned(workspace, room) == []
    again = told(await workspace.say("room extend standup"))
    assert plain(again.text).startswith("No stop was planned. The room standup ends ")


async def test_what_is_being_ended_is_not_extended(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory)
    workspace.stops.firing.add(target_of(room))
    error = refused(await workspace.say("room extend standup"))
    assert isinstance(error, Ended)
    assert button(error.actions, "Create room") == RoomCreate(provider="memory", name="standup")


async def test_a_button_of_an_earlier_life_never_touches_the_next(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory)
    await memory.close_room(room)
    workspace.directory.end(TEAM, room)
    again = await made(workspace, memory, "")
    pressed = RoomExtend(provider="memory", room="standup", room_id=room.id, rev=1)
    assert says(refused(await workspace.press(pressed))) == ENDED
    assert await planned(workspace, again) == []


async def test_viewers_change_nothing(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory)
    before = await planned(workspace, room)
    for line in ("room extend standup", "room keep standup", "room extend standup --by 40d"):
        assert isinstance(refused(await workspace.say(line, by=VERA)), NotAllowed)
    assert await planned(workspace, room) == before


async def test_after_a_death_between_creation_and_plan(workspace: Workspace, memory: Memory) -> None:
    room = await made(workspace, memory, "")
    command = RoomCreate(provider="memory", name="standup", stop_after=8 * HOUR)
    reply = await command.aftermath(workspace.context(memory))
    assert plain(reply.text) == "The room standup is there: nobody is in it. No stop is planned."
    assert labels(reply.actions) == ["End in 8 h"]
    told(await workspace.press(button(reply.actions, "End in 8 h")))
    [stop] = await planned(workspace, room)
    assert stop.stops_at == workspace.clock.now() + 8 * HOUR


async def test_a_length_that_is_none_is_said_under_its_field(workspace: Workspace, memory: Memory) -> None:
    await made(workspace, memory)
    error = refused(await workspace.say("room extend standup --by 31d"))
    assert isinstance(error, UsageError)
    assert [problem.field for problem in error.problems] == ["by"]
