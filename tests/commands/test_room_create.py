"""Rooms on the in-memory server: made, and found to be there already."""

from dataclasses import replace

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import NotAllowed, UsageError
from commands.core.ports import Place
from commands.core.reply import plain
from commands.recording import RecordingStart
from commands.room import RoomCreate, RoomShow
from providers.base import Capability, CreatedRoom, RoomOptions
from providers.errors import Unreachable
from providers.facts import RecordingChanged, RoomSeen
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import (
    LOBBY,
    OLGA,
    TEAM,
    Workspace,
    button,
    labels,
    refused,
    says,
    told,
)


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
    assert plain(reply.text) == "standup was there already: 1 person is in it."
    assert workspace.directory.reports[-2].made_by is None
    assert reply.hint == ""
    assert len(await memory.list_rooms()) == 1


ASKED = "--max-participants 9 --empty-timeout 10m --departure-timeout 20s --metadata new --record"


@pytest.mark.parametrize(
    ("there", "asked", "hint"),
    [
        ("", "", ""),
        ("", "--max-participants 9", "any number of people, not 9"),
        ("--max-participants 5", "--max-participants 9", "up to 5 people, not 9"),
        ("--max-participants 5 --metadata old", "--max-participants 5 --metadata old", ""),
        ("--max-participants 5 --metadata old --empty-timeout 1h --departure-timeout 1m", "", ""),
        ("--metadata old", '--metadata ""', "its metadata was not changed"),
        ("--empty-timeout 600s", "--empty-timeout 10m", ""),
        (
            "--max-participants 5 --metadata old --empty-timeout 1h --departure-timeout 1m",
            ASKED,
            "up to 5 people, not 9; its empty timeout is 1 h, not 10 min; its departure timeout is 1 min, not 20 s; "
            "its metadata was not changed; no recording was started",
        ),
    ],
)
async def test_create_what_is_there_with_options(
    workspace: Workspace, memory: Memory, there: str, asked: str, hint: str
) -> None:
    told(await workspace.say(f"room create standup {there}"))
    before = await memory.list_rooms()
    reply = told(await workspace.say(f"room create standup {asked}"))
    assert plain(reply.text) == "standup was there already: nobody is in it."
    assert reply.hint == (f"It was left as it is: {hint}." if hint else "")
    assert await memory.list_rooms() == before


async def test_what_was_asked_for_can_still_be_done(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    reply = told(await workspace.say(f"room create standup {ASKED}"))
    assert labels(reply.actions) == ["Update metadata", "Record", "Show"]
    pinned = {"provider": "memory", "room": "standup", "room_id": ref.id}
    assert button(reply.actions, "Record") == RecordingStart.model_validate(pinned)
    assert button(reply.actions, "Show") == RoomShow.model_validate(pinned)
    told(await workspace.press(button(reply.actions, "Update metadata")))
    [room] = await memory.list_rooms()
    assert room.metadata == "new"


async def test_what_the_server_cannot_do_is_not_offered(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.UPDATE_ROOM_METADATA, Capability.START_RECORDING})
    assert labels(told(await workspace.say(f"room create standup {ASKED}")).actions) == ["Show"]


class Reticent(Memory):
    """Tells nothing of when a room ends by itself."""

    async def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        created = await super().create_room(name, options)
        return replace(created, room=replace(created.room, empty_timeout=None, departure_timeout=None))


async def test_what_the_server_does_not_tell_is_not_claimed() -> None:
    reticent = Reticent("memory", MemorySettings())
    workspace = Workspace(reticent)
    await workspace.room("standup")
    reply = told(await workspace.say("room create standup --empty-timeout 10m"))
    assert reply.hint == "It was left as it is: its empty timeout was not changed."
    await reticent.aclose()


async def test_create_with_what_looks_like_json(workspace: Workspace, memory: Memory) -> None:
    error = refused(await workspace.say("room create standup --metadata {a} --as-json"))
    assert says(error)[0] == "--metadata: It is not JSON: a name in double quotes is missing at character 2."
    assert await memory.list_rooms() == []
    reply = told(await workspace.say("room create standup --metadata {a}"))
    assert plain(reply.hint).startswith("It begins like JSON and is none")
    [room] = await memory.list_rooms()
    assert room.metadata == "{a}"


async def test_create_and_record(workspace: Workspace, memory: Memory) -> None:
    reply = told(await workspace.say("room create standup --record --layout speaker"))
    assert plain(reply.text) == "Created standup. It is being recorded."
    [recording] = await memory.list_recordings()
    assert recording.room.name == "standup"
    report = workspace.directory.reports[-1]
    assert isinstance(report.fact, RecordingChanged)
    assert (report.fact.recording, report.card_in, report.made_by) == (recording, "CSTUDIO", "UOLGA")
    kept = await workspace.egress_requests.get(TEAM, "memory", recording.ref.id)
    assert kept is not None
    assert (kept.room, kept.options.source.layout) == (recording.room, "speaker")


async def test_create_and_record_where_nothing_begins(workspace: Workspace, memory: Memory) -> None:
    memory.server.has_workers = False
    reply = told(await workspace.say("room create standup --record --layout speaker"))
    assert plain(reply.text) == "Created standup. It is not being recorded: the video server began nothing."
    memory.server.has_workers = True
    told(await workspace.press(button(reply.actions, "Record")))
    assert [r.source.layout for r in await memory.list_recordings()] == ["speaker"]


async def test_create_and_record_where_nobody_says_whether(workspace: Workspace, memory: Memory) -> None:
    memory.server.faults["list_recordings"] = Unreachable
    reply = told(await workspace.say("room create standup --record"))
    assert plain(reply.text) == "Created standup. Whether it is being recorded the video server did not say."
    memory.lacking = frozenset({Capability.LIST_RECORDINGS})
    assert plain(told(await workspace.say("room create other --record")).text) == "Created other."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--layout grid", "--layout: It arranges a recording; add --record."),
        ("--record --layout spiral", "--layout: “spiral” is no layout here; there is grid, speaker, single-speaker."),
    ],
)
async def test_create_with_a_layout_that_cannot_be(
    workspace: Workspace, memory: Memory, options: str, said: str
) -> None:
    error = refused(await workspace.say(f"room create standup {options}"))
    assert says(error)[0] == said
    assert await memory.list_rooms() == []


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
        ("--metadata: Metadata can have 65,536 bytes; this has 65,538.", "metadata"),
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
