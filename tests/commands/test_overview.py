"""The overview of a channel: what is live there, and what one can do next."""

import asyncio
from collections.abc import Collection

import pytest

from commands.core.errors import NotAllowed
from commands.core.reply import Action, Form, Reply, plain
from commands.help import Help
from commands.overview import MOST_ROOMS
from commands.room import RoomCreate, RoomJoin, RoomList, RoomShow
from providers.base import Backend, Room, RoomRef
from providers.errors import Unreachable
from providers.facts import RoomSeen
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import HALL, NOAH, TEAM, VERA, Workspace, button, labels, refused, titles, told


class Slow(Backend):
    """Never says which rooms it has."""

    kind = "slow"

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        await asyncio.Event().wait()
        return []


def lines(reply: Reply) -> dict[str, str]:
    return {plain(item.title): plain(item.detail) for item in reply.items}


async def test_nothing_is_live_here(workspace: Workspace) -> None:
    await workspace.room("standup", place=HALL)
    reply = told(await workspace.say(""))
    assert reply.text == "Nothing is live in this channel."
    assert reply.items == ()
    assert reply.actions == (
        Form("Create room", RoomCreate),
        Action("List rooms", RoomList(provider="memory")),
        Action("Help", Help()),
    )
    assert plain(reply.hint) == "/video help shows what else you can ask for."


async def test_what_is_live_here() -> None:
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    old = await workspace.room("old")
    workspace.directory.end(TEAM, old)
    first, second = await workspace.room("first"), await workspace.room("second")
    memory.server.join("first", "bob")
    memory.server.join("first", "ana")
    told(await workspace.say("recording start first"))
    await memory.settled()
    reply = told(await workspace.say("overview"))
    assert reply.text == "2 rooms are live in this channel."
    assert lines(reply) == {
        "second": "nobody is in it",
        "first": "2 people are in it · being recorded",
    }
    assert [button(item.actions, "Show") for item in reply.items] == [
        RoomShow(provider="memory", room=room.name, room_id=room.id) for room in (second, first)
    ]
    assert button(reply.items[1].actions, "Join") == RoomJoin(provider="memory", room="first", room_id=first.id)
    await memory.aclose()


async def test_a_server_that_does_not_answer_hides_no_room(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.faults["list_rooms"] = Unreachable
    reply = told(await workspace.say(""))
    assert lines(reply) == {"standup": "its video server did not say who is in it · on memory"}
    assert labels(reply.items[0].actions) == ["Join", "Show"]


async def test_a_server_that_takes_too_long_is_not_waited_for(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.core.asking.ANSWER_SECONDS", 0.0)
    slow = Slow("slow")
    workspace = Workspace(memory, slow)
    ctx = workspace.context(slow)
    await ctx.report(RoomSeen(room=Room(RoomRef("slow", "RM_1", "standup")), **ctx.observed()), card=True)
    assert lines(told(await workspace.say(""))) == {"standup": "its video server did not say who is in it · on slow"}


async def test_a_room_that_the_server_does_not_list(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    await memory.close_room((await memory.list_rooms())[0].ref)
    reply = told(await workspace.say(""))
    assert lines(reply) == {"standup": "its video server does not list it at the moment · on memory"}


async def test_of_many_rooms_the_newest_are_shown(workspace: Workspace) -> None:
    for number in range(MOST_ROOMS + 2):
        await workspace.room(f"room-{number}")
    reply = told(await workspace.say(""))
    assert titles(reply)[0] == f"room-{MOST_ROOMS + 1}"
    assert len(reply.items) == MOST_ROOMS
    assert plain(reply.hint) == "2 more: /video room list. /video help shows what else you can ask for."


async def test_buttons_that_a_viewer_may_not_press_are_left_out(workspace: Workspace) -> None:
    assert labels(told(await workspace.say("", by=VERA)).actions) == ["List rooms", "Help"]


async def test_a_guest_sees_nothing(workspace: Workspace) -> None:
    assert isinstance(refused(await workspace.say("", by=NOAH)), NotAllowed)


async def test_what_goes_out_of_a_room_can_be_stopped() -> None:
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    await workspace.room("standup")
    memory.server.join("standup", "bob")
    told(await workspace.say("recording start standup"))
    told(await workspace.say("stream start standup rtmp://a.example.com/live/KEY"))
    await memory.settled()
    (item,) = told(await workspace.say("overview")).items
    assert plain(item.detail) == "1 person is in it · being recorded · being streamed"
    assert labels(item.actions) == ["Join", "Show", "Stop recording", "Stop stream"]
