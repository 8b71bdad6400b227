"""Rooms on the in-memory server: found and looked at. How one is made, changed, muted and ended stands beside."""

import pytest

from commands.core.errors import NotAllowed
from commands.core.paging import PAGE
from commands.core.reply import Action, Form, plain
from commands.core.words import spoken_duration
from commands.participant import ParticipantList
from commands.recording import RecordingStart
from commands.room import RoomClose, RoomCreate, RoomJoin, RoomList, RoomShow
from commands.room_muting import RoomMute
from providers.base import Capability, EgressOptions, ParticipantKind, RecordingStatus, RoomOptions, TrackSource
from providers.facts import RoomFinished, RoomSeen
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import (
    ANNA,
    HALL,
    OLGA,
    VERA,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    titles,
    told,
)


@pytest.mark.parametrize("line", ["room create standup", "room close standup"])
async def test_a_viewer_neither_makes_nor_ends(workspace: Workspace, memory: Memory, line: str) -> None:
    await workspace.room("standup")
    assert isinstance(refused(await workspace.say(line, by=VERA)), NotAllowed)
    assert len(await memory.list_rooms()) == 1


# room list


async def test_list_nothing(workspace: Workspace) -> None:
    reply = told(await workspace.say("room list"))
    assert plain(reply.text) == "No room is live on memory."
    assert reply.actions == (Form("Create room", RoomCreate),)
    assert plain(told(await workspace.say("room list team-*")).text) == "No room on memory matches team-*."


async def test_list_shows_this_channels_first(workspace: Workspace, memory: Memory) -> None:
    await memory.create_room("aaa", RoomOptions())
    await workspace.room("mmm", place=HALL)
    ours = await workspace.room("zzz")
    memory.server.join("zzz", "ana")
    reply = told(await workspace.say("rooms"))
    assert plain(reply.text) == "3 rooms are live on memory."
    assert titles(reply) == ["zzz", "aaa", "mmm"]
    assert [plain(item.detail) for item in reply.items] == [
        "1 person is in it · from this channel",
        "nobody is in it",
        "nobody is in it",
    ]
    assert button([a for i in reply.items for a in i.actions], "Show") == RoomShow(
        provider="memory", room="zzz", room_id=ours.id
    )
    assert reply.actions == ()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("team-*", ["team-a", "team-b"]), ("team-?", ["team-a", "team-b"]), ("Team-*", []), ("x", ["x"])],
)
async def test_list_by_pattern(workspace: Workspace, memory: Memory, pattern: str, found: list[str]) -> None:
    for name in ("team-a", "x", "team-b"):
        await memory.create_room(name, RoomOptions())
    assert titles(told(await workspace.say(f"room list {pattern}"))) == found


async def test_a_long_list_is_paged(workspace: Workspace, memory: Memory) -> None:
    names = [f"team-{n:02}" for n in range(2 * PAGE + 1)]
    for name in (*names, "other"):
        await memory.create_room(name, RoomOptions())
    page, seen = told(await workspace.say("room list team-*")), list[str]()
    while True:
        assert plain(page.text) == "21 of 22 rooms on memory match team-*."
        assert len(page.items) <= PAGE
        seen += titles(page)
        if "Next" not in labels(page.actions):
            break
        page = told(await workspace.press(button(page.actions, "Next")))
    assert seen == names
    assert labels(page.actions) == ["Previous", "All in a table", "Filter", "Show all"]
    assert button(page.actions, "Previous") == RoomList(provider="memory", pattern="team-*", page=2)


async def test_a_list_says_who_made_what_it_shows(workspace: Workspace) -> None:
    for name, by in (("ours", OLGA), ("other", ANNA), ("opera", ANNA)):
        await workspace.room(name, by=by)
    line = "room list --by @UOLGA"
    assert plain(told(await workspace.say(line)).text) == "1 of 3 rooms on memory was made by @UOLGA."
    none = told(await workspace.say("room list x --by @UOLGA"))
    assert plain(none.text) == "No room on memory matches x and was made by @UOLGA; 3 others are live."
    assert (none.hint, labels(none.actions)) == ("", ["Create room", "Filter", "Show all"])
    few = told(await workspace.say("room list o* --by @UANNA"))
    assert plain(few.text) == "2 of 3 rooms on memory match o* and were made by @UANNA."


async def test_rooms_are_listed_as_people_count(workspace: Workspace, memory: Memory) -> None:
    for name in ("team-10", "Team-2", "team-1", "9" * 200):
        memory.server.join(name, "ana")
    assert titles(told(await workspace.say("room list")))[1:] == ["team-1", "Team-2", "team-10"]


@pytest.mark.parametrize("line", ["room list", "room list --table"])
async def test_an_empty_list_offers_no_look_at_itself(workspace: Workspace, line: str) -> None:
    assert labels(told(await workspace.say(line)).actions) == ["Create room"]


async def test_a_list_of_one_page_has_no_buttons(workspace: Workspace, memory: Memory) -> None:
    for n in range(PAGE):
        await memory.create_room(f"team-{n}", RoomOptions())
    assert told(await workspace.say("room list")).actions == ()


# room show


async def test_show(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say("room create standup --max-participants 1500 --metadata notes --empty-timeout 10m"))
    memory.server.join("standup", "ben")
    memory.server.join("standup", "ana")
    memory.server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
    memory.server.publish("standup", "ben", TrackSource.MICROPHONE)
    memory.server.publish("standup", "ben", TrackSource.SCREEN_SHARE)
    [room] = await memory.list_rooms()
    assert room.departure_timeout is not None
    departure = spoken_duration(room.departure_timeout, exact=True)
    reply = told(await workspace.say("room show standup", by=VERA))
    assert plain(reply.text) == "standup: 2 people are in it."
    assert room.created_at is not None
    assert facts_of(reply) == {
        "Video server": "memory",
        "Id": room.ref.id,
        "Since": room.created_at.isoformat(timespec="seconds"),
        "In it": "ana, ben",
        "Sending": "ben: microphone, screen share",
        "Room for": "1,500",
        "Ends by itself": f"10 min after nobody has come, {departure} after the last one has left",
        "Recording": "none",
        "Made by": "@UOLGA",
        "Metadata": "notes",
    }
    assert workspace.directory.reports[-1].card_in is None


@pytest.mark.parametrize(
    ("people", "names"),
    [
        (0, None),
        (1, "P0"),
        (5, "P0, P1, P2, P3, P4"),
        (6, "P0, P1, P2, P3, P4 and 1 more"),
        (8, "P0, P1, P2, P3, P4 and 3 more"),
    ],
)
async def test_show_names_a_few(workspace: Workspace, memory: Memory, people: int, names: str | None) -> None:
    await workspace.room("standup")
    for n in range(people):
        memory.server.join("standup", f"p{n}", name=f"P{n}")
    assert facts_of(told(await workspace.say("room show standup"))).get("In it") == names


async def test_show_where_the_server_does_not_say_who_is_in(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    reply = told(await workspace.say("room show standup"))
    assert plain(reply.text) == "standup: 1 person is in it."
    assert "In it" not in facts_of(reply)


async def test_the_buttons_of_a_room_carry_its_life(workspace: Workspace) -> None:
    ref = await workspace.room("standup")
    pinned = {"provider": "memory", "room": "standup", "room_id": ref.id}
    actions = told(await workspace.say("room show standup")).actions
    assert [button(actions, label) for label in labels(actions)] == [
        RoomJoin.model_validate(pinned),
        RecordingStart.model_validate(pinned),
        ParticipantList.model_validate(pinned),
        RoomMute.model_validate(pinned),
        RoomClose.model_validate(pinned),
    ]
    assert labels(actions) == ["Join", "Record", "Participants", "Mute all", "End"]
    assert all(isinstance(a, Action) and a.description and a.description.endswith("room standup") for a in actions)


async def test_a_recorded_room_offers_to_stop() -> None:
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    ref = await workspace.room("standup")
    await memory.start_recording(ref, EgressOptions())
    await memory.settled()
    actions = told(await workspace.say("room show standup")).actions
    assert labels(actions) == ["Join", "Stop recording", "Participants", "Mute all", "End"]
    told(await workspace.press(button(actions, "Stop recording")))
    [stopped] = await memory.list_recordings()
    assert stopped.status is RecordingStatus.ENDING
    await memory.aclose()


async def test_a_room_has_no_button_for_what_its_server_cannot_do(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.START_RECORDING})
    assert labels(told(await workspace.say("room show standup")).actions) == ["Join", "Participants", "Mute all", "End"]


async def test_show_names_a_few_who_send(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    for n in range(7):
        memory.server.join("standup", f"p{n}", name=f"P{n}")
        memory.server.publish("standup", f"p{n}", TrackSource.CAMERA)
    assert facts_of(told(await workspace.say("room show standup")))["Sending"] == (
        "P0: camera; P1: camera; P2: camera; P3: camera; P4: camera; and 2 more"
    )


async def test_show_this_channels_room(workspace: Workspace) -> None:
    ref = await workspace.room("standup")
    assert plain(told(await workspace.say("room show .", room=ref)).text) == "standup: nobody is in it."


async def test_show_a_room_that_only_the_server_knows(workspace: Workspace, memory: Memory) -> None:
    await memory.create_room("standup", RoomOptions())
    reply = told(await workspace.say("room show standup"))
    assert "Made by" not in facts_of(reply)
    assert isinstance(workspace.directory.facts[0], RoomSeen)


# What a restart says of a run whose end nobody saw


async def test_the_aftermath_of_a_creation(workspace: Workspace, memory: Memory) -> None:
    create, ctx = RoomCreate(provider="memory", name="standup"), workspace.context(memory)
    assert plain((await create.aftermath(ctx)).text) == "There is no room standup; create it again if it is needed."
    await memory.create_room("standup", RoomOptions())
    assert plain((await create.aftermath(ctx)).text) == "The room standup is there: nobody is in it."
    [report] = workspace.directory.reports
    assert isinstance(report.fact, RoomSeen)
    assert report.card_in == "CSTUDIO"


async def test_the_aftermath_of_a_closing(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    close, ctx = RoomClose(provider="memory", room="standup", room_id=ref.id), workspace.context(memory)
    live = "The room standup is still live; end it again if you want that."
    assert plain((await close.aftermath(ctx)).text) == live
    await memory.close_room(ref)
    assert plain((await close.aftermath(ctx)).text) == "The room standup is over."
    assert isinstance(workspace.directory.facts[-1], RoomFinished)
    assert plain((await close.aftermath(ctx)).text) == "The room standup is over."
