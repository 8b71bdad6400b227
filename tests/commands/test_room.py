"""Rooms on the in-memory server: made, found and joined. How one is ended stands in test_room_close."""

import pytest

from commands.core.errors import NotAllowed, UsageError
from commands.core.ports import Outcome, Place
from commands.core.reply import Form, plain
from commands.participant import ParticipantList
from commands.recording import RecordingStart
from commands.room import PAGE, RoomClose, RoomCreate, RoomJoin, RoomList, RoomShow
from providers.base import Capability, RoomOptions
from providers.errors import Unreachable
from providers.facts import RoomFinished, RoomSeen
from providers.memory.provider import Memory
from tests.commands.workspace import (
    HALL,
    LOBBY,
    OLGA,
    TEAM,
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

# room create


async def test_create(workspace: Workspace, memory: Memory) -> None:
    reply = told(await workspace.say("room create standup --max-participants 5 --metadata x"))
    assert plain(reply.text) == "Created standup."
    assert reply.hint == ""
    [room] = await memory.list_rooms()
    assert (room.ref.name, room.max_participants, room.metadata) == ("standup", 5, "x")
    [report] = workspace.directory.reports
    assert isinstance(report.fact, RoomSeen)
    assert report.fact.room == room
    assert (report.team_id, report.made_by, report.card_in) == (TEAM, OLGA.user_id, "CSTUDIO")
    assert report.fact.seen_at == workspace.clock.now()


async def test_create_what_is_there(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "ana")
    reply = told(await workspace.say("room create standup"))
    assert plain(reply.text) == "standup was there already: one person is in it."
    assert workspace.directory.reports[-2].made_by is None
    assert reply.hint == ""
    assert len(await memory.list_rooms()) == 1


async def test_create_what_is_there_with_options(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("room create standup --max-participants 5"))
    assert plain(reply.text) == "standup was there already: nobody is in it."
    assert reply.hint == "It was left as it is; the options you gave were not applied."
    [room] = await memory.list_rooms()
    assert room.max_participants is None


async def test_create_and_record(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say("room create standup --record"))
    assert [r.room.name for r in await memory.list_recordings()] == ["standup"]


async def test_create_where_no_card_could_be_posted(workspace: Workspace, memory: Memory) -> None:
    error = refused(await workspace.say("room create standup", place=LOBBY))
    assert isinstance(error, NotAllowed)
    assert says(error) == (
        "I am not in #CLOBBY, so I could not keep you posted there.",
        "Type /invite and pick @UBOT, then try again.",
    )
    assert await memory.list_rooms() == []


async def test_create_in_a_direct_conversation(workspace: Workspace) -> None:
    told(await workspace.say("room create standup", place=Place(TEAM, "D1", is_direct=True)))
    assert workspace.directory.reports[0].card_in == "D1"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("x" * 400, "NAME: A room's name can be 256 bytes long; this one has 400."),
        ("é" * 129, "NAME: A room's name can be 256 bytes long; this one has 258."),
        ("a\x00b", "NAME: A room's name cannot hold control characters or line breaks."),
        ("a\nb", "NAME: A room's name cannot hold control characters or line breaks."),
        (".", "NAME: “.” stands for the channel's room, so no room can be called that."),
    ],
)
async def test_create_with_an_illegal_name(workspace: Workspace, memory: Memory, name: str, what: str) -> None:
    error = refused(await workspace.press(RoomCreate(provider="memory", name=name)))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [(what, "name")]
    assert await memory.list_rooms() == []


@pytest.mark.parametrize("name", ["🎬 take 2", "<!channel>", "Bob's “all hands”", "x" * 256, "../a?b#c"])
async def test_create_with_an_odd_name(workspace: Workspace, name: str) -> None:
    assert (await workspace.room(name)).name == name


@pytest.mark.parametrize("typed", [".", '"."'])
async def test_create_with_the_sign_of_the_channels_room(workspace: Workspace, memory: Memory, typed: str) -> None:
    room = await workspace.room("standup")
    error = refused(await workspace.say(f"room create {typed}", room=room))
    assert says(error) == (
        "NAME: “.” stands for the channel's room, so no room can be called that.",
        "For example: /video room create standup",
    )
    assert [live.ref for live in await memory.list_rooms()] == [room]


async def test_create_beyond_the_servers_limits(workspace: Workspace) -> None:
    error = refused(
        await workspace.press(
            RoomCreate(provider="memory", name="a", max_participants=10_001, metadata="é" * (32 * 1024 + 1))
        )
    )
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [
        ("--max-participants: The most here is 10,000.", "max_participants"),
        ("--metadata: Metadata can have 65,536 bytes.", "metadata"),
    ]


async def test_create_for_longer_than_a_server_counts(workspace: Workspace) -> None:
    error = refused(await workspace.say("room create a --empty-timeout 99999d --departure-timeout 31d"))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [
        ("--empty-timeout: A room can be kept for 30d at most.", "empty_timeout"),
        ("--departure-timeout: A room can be kept for 30d at most.", "departure_timeout"),
    ]


async def test_create_on_a_dead_server(workspace: Workspace, memory: Memory) -> None:
    memory.server.faults["create_room"] = Unreachable
    answer = await workspace.say("room create standup")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, Unreachable)
    assert workspace.directory.reports == []


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
    assert plain(told(await workspace.say("room list team-*")).text) == "No room like team-* is live on memory."


async def test_list_shows_this_channels_first(workspace: Workspace, memory: Memory) -> None:
    await memory.create_room("aaa", RoomOptions())
    await workspace.room("mmm", place=HALL)
    ours = await workspace.room("zzz")
    memory.server.join("zzz", "ana")
    reply = told(await workspace.say("rooms"))
    assert plain(reply.text) == "3 live on memory:"
    assert titles(reply) == ["zzz", "aaa", "mmm"]
    assert [plain(item.detail) for item in reply.items] == [
        "one person is in it · from this channel",
        "nobody is in it",
        "nobody is in it",
    ]
    assert button([a for i in reply.items if (a := i.action)], "Show") == RoomShow(
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
    for name in names:
        await memory.create_room(name, RoomOptions())
    page, seen = told(await workspace.say("room list team-*")), list[str]()
    while True:
        assert plain(page.text) == "21 live on memory:"
        assert len(page.items) <= PAGE
        seen += titles(page)
        if "Next" not in labels(page.actions):
            break
        page = told(await workspace.press(button(page.actions, "Next")))
    assert seen == names
    assert labels(page.actions) == ["Previous"]
    assert button(page.actions, "Previous") == RoomList(provider="memory", pattern="team-*", page=2)


async def test_a_list_of_one_page_has_no_buttons(workspace: Workspace, memory: Memory) -> None:
    for n in range(PAGE):
        await memory.create_room(f"team-{n}", RoomOptions())
    assert told(await workspace.say("room list")).actions == ()


# room show


async def test_show(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say("room create standup --max-participants 1500 --metadata notes"))
    memory.server.join("standup", "ana")
    memory.server.join("standup", "ben")
    memory.server.join("standup", "recorder", is_person=False)
    [room] = await memory.list_rooms()
    reply = told(await workspace.say("room show standup", by=VERA))
    assert plain(reply.text) == "standup: 2 people are in it."
    assert room.created_at is not None
    assert facts_of(reply) == {
        "Video server": "memory",
        "Id": room.ref.id,
        "Since": room.created_at.isoformat(timespec="seconds"),
        "In it": "ana, ben",
        "Room for": "1,500",
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
    assert plain(reply.text) == "standup: one person is in it."
    assert "In it" not in facts_of(reply)


async def test_the_buttons_of_a_room_carry_its_life(workspace: Workspace) -> None:
    ref = await workspace.room("standup")
    pinned = {"provider": "memory", "room": "standup", "room_id": ref.id}
    actions = told(await workspace.say("room show standup")).actions
    assert [button(actions, label) for label in labels(actions)] == [
        RoomJoin.model_validate(pinned),
        RecordingStart.model_validate(pinned),
        ParticipantList.model_validate(pinned),
        RoomClose.model_validate(pinned),
    ]


async def test_a_room_has_no_button_for_what_its_server_cannot_do(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.START_RECORDING})
    assert labels(told(await workspace.say("room show standup")).actions) == ["Join", "Participants", "End"]


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
