"""The overview of a channel: what is live there, and what one can do next."""

import asyncio
from collections.abc import Collection

import pytest

from commands.core.errors import NotAllowed
from commands.core.reply import Action, Form, Reply, plain
from commands.help import Help
from commands.overview import MOST_ROOMS
from commands.room import RoomCreate, RoomJoin, RoomList, RoomShow
from providers.base import Backend, Ingress, IngressRef, IngressStatus, ParticipantKind, Room, RoomRef
from providers.errors import Unreachable
from providers.facts import CallChanged, IngressChanged, ParticipantsListed, RoomSeen
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


async def test_a_room_is_not_shown_by_the_whole_number_of_its_caller(workspace: Workspace) -> None:
    ref = await workspace.room("call-_+493012345678_x")
    (item,) = told(await workspace.say("overview")).items
    assert plain(item.title) == "call-_…5678_x"
    described = [each.description for each in item.actions if isinstance(each, Action)]
    assert described == ["Join room call-_…5678_x", "Show room call-_…5678_x"]
    assert button(item.actions, "Show") == RoomShow(provider="memory", room=ref.name, room_id=ref.id)


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


async def test_what_comes_into_a_room_is_said() -> None:
    """As far as commands have told: this workspace hears no webhooks."""
    memory = Memory("memory", MemorySettings(recording_delay_seconds=0))
    workspace = Workspace(memory)
    await workspace.room("standup")
    told(await workspace.say('ingress create rtmp standup camera-2 --name "Camera 2"'))
    (made,) = await memory.list_ingresses()
    memory.server.send_into(memory.server.key_of(made.ref.id))
    memory.server.call_in("standup", "+493012345678")
    await memory.settled()
    told(await workspace.say("ingress show standup"))
    ctx = workspace.context(memory)
    room = (await memory.list_rooms())[0].ref
    (call,) = await memory.list_calls(room)
    await ctx.report(CallChanged(call=call, **ctx.observed()))
    there = tuple(await memory.list_participants(room))
    await ctx.report(ParticipantsListed(room=room, participants=there, **ctx.observed()))
    (item,) = told(await workspace.say("overview")).items
    assert plain(item.detail) == "1 person is in it · Camera 2 comes in · 1 call"


async def test_only_what_is_in_a_room_is_no_person() -> None:
    """The worker of one died, which its record does not say, and the other one may not be seen here."""
    memory = Memory("memory", MemorySettings())
    workspace = Workspace(memory)
    room = await workspace.room("standup")
    memory.server.join("standup", "ana")
    memory.server.join("standup", "hidden", kind=ParticipantKind.INGRESS)
    ctx = workspace.context(memory)
    dead = Ingress(IngressRef("memory", "IN_1"), room, IngressStatus.LIVE, name="Camera 2", identity="camera-2")
    await ctx.report(IngressChanged(ingress=dead, **ctx.observed()))
    there = tuple(await memory.list_participants(room))
    await ctx.report(ParticipantsListed(room=room, participants=there, **ctx.observed()))
    (item,) = told(await workspace.say("overview")).items
    assert plain(item.detail) == "1 person is in it"
