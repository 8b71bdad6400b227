"""Messages to those in a room, on the in-memory server."""

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import CommandError, Ended, NotAllowed, NothingHere, UsageError
from commands.core.reply import plain
from commands.signal import SignalSend
from providers.base import Capability, ParticipantKind, RoomRef, Signal
from providers.errors import NotFound, Unreachable
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import ENDED, VERA, Workspace, button, labels, refused, says, told


@pytest.fixture
async def room(workspace: Workspace, memory: Memory) -> RoomRef:
    ref = await workspace.room("standup")
    for name in ("Ana", "Ben"):
        memory.server.join("standup", name.lower(), name=name)
    memory.server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
    return ref


async def test_to_everybody(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say('signal send standup "Five minutes left"'))
    assert plain(reply.text) == "Sent to 2 people in standup: Ana, Ben."
    assert reply.hint == ""
    assert memory.server.signals("standup", "ana") == [Signal("Five minutes left")]
    assert memory.server.signals("standup", "recorder") == [Signal("Five minutes left")]


async def test_to_some(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("signal send standup hurry --to Ana --to ana --to recorder"))
    assert plain(reply.text) == "Sent to 2 people in standup: Ana, recorder."
    assert memory.server.signals("standup", "ana") == [Signal("hurry", to=("ana", "recorder"))]
    assert memory.server.signals("standup", "ben") == []


async def test_with_topic_and_lossy(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    told(await workspace.say('signal send . {"scene": 2} --topic show --lossy --to ben --as-json', room=room))
    assert memory.server.signals("standup", "ben") == [Signal('{"scene": 2}', ("ben",), "show", lossy=True)]


async def test_many_are_counted_and_a_few_named(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    for n in reversed(range(7)):
        memory.server.join("standup", f"p{n}")
    assert plain(told(await workspace.say("signal send standup hi")).text) == (
        "Sent to 7 people in standup: p0, p1, p2, p3, p4 and 2 more."
    )


async def test_nobody_is_there_to_get_it(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    assert plain(told(await workspace.say("signal send standup hi")).text) == (
        "Sent, but nobody is in standup to get it."
    )


async def test_where_the_server_does_not_say_who_is_in(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    assert plain(told(await workspace.say("signal send standup hi")).text) == "Sent to everybody in standup."
    error = refused(await workspace.say("signal send standup hi --to ana"))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [("--to: memory cannot do this.", "to")]


async def test_somebody_who_is_not_there(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    error = refused(await workspace.say("signal send standup hi --to ana --to benn"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("benn is not in standup.", "In it: Ana, Ben.")
    assert labels(error.actions) == ["Ben (ben)"]
    assert button(error.actions, "Ben (ben)") == SignalSend(
        provider="memory", room="standup", room_id=room.id, message="hi", to=("ana", "ben")
    )
    assert memory.server.signals("standup", "ana") == []


@pytest.mark.parametrize(
    ("message", "as_json", "what"),
    [
        ("", False, "MESSAGE: It cannot be empty."),
        ("x" * (15 * 1024 + 1), False, "MESSAGE: A message can have 15,360 bytes; this has 15,361."),
        (
            "{scene: 2}",
            True,
            "MESSAGE: It is not JSON: a name in double quotes is missing at character 2.",
        ),
    ],
)
async def test_what_cannot_be_sent(
    workspace: Workspace, memory: Memory, room: RoomRef, message: str, as_json: bool, what: str
) -> None:
    error = refused(
        await workspace.press(SignalSend(provider="memory", room="standup", message=message, as_json=as_json))
    )
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [(what, "message")]
    assert memory.server.signals("standup", "ana") == []


async def test_what_looks_like_json_is_sent_as_it_is(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    reply = told(await workspace.say("signal send standup {scene: 2}"))
    assert plain(reply.hint).startswith("It begins like JSON and is none")
    assert memory.server.signals("standup", "ana") == [Signal("{scene: 2}")]


async def test_unquoted_words_are_offered_together(workspace: Workspace) -> None:
    with pytest.raises(UsageError) as caught:
        await workspace.say("signal send standup five minutes left")
    assert button(caught.value.actions, "Use “five minutes left”") == SignalSend(
        provider="memory", room="standup", message="five minutes left"
    )


class Forgetful(Memory):
    """Knows nobody when it comes to sending; whoever is in `leaving` has left then."""

    leaving: tuple[str, ...] = ()
    ends = False

    async def send_signal(self, room: RoomRef, signal: Signal) -> None:
        for identity in self.leaving:
            self.server.leave(room.name, identity)
        if self.ends:
            await self.close_room(room)
        raise NotFound("as told", provider=self.name, operation="send_signal")


@pytest.fixture
async def forgetful(memory: Memory, room: RoomRef) -> Forgetful:
    """The server of `memory`, with another memory."""
    provider = Forgetful("memory", MemorySettings())
    provider.take_over(memory)
    return provider


async def test_who_left_a_moment_ago(forgetful: Forgetful) -> None:
    forgetful.leaving = ("ben",)
    error = refused(await Workspace(forgetful).say("signal send standup hi --to ana --to ben"))
    assert says(error) == ("ben is not in standup.", "In it: Ana.")


async def test_a_room_that_ended_a_moment_ago(forgetful: Forgetful) -> None:
    forgetful.ends = True
    error = refused(await Workspace(forgetful).say("signal send standup hi"))
    assert isinstance(error, Ended)
    assert says(error) == ENDED


async def test_a_server_that_contradicts_itself(forgetful: Forgetful) -> None:
    error = refused(await Workspace(forgetful).say("signal send standup hi"))
    assert type(error) is CommandError
    assert says(error) == ("The video server was not sure about standup.", "Try again.")


async def test_a_dead_server(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.server.faults["send_signal"] = Unreachable
    assert (await workspace.say("signal send standup hi")).outcome is Outcome.FAILED


async def test_a_viewer_sends_nothing(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    assert isinstance(refused(await workspace.say("signal send standup hi", by=VERA)), NotAllowed)
    assert memory.server.signals("standup", "ana") == []
