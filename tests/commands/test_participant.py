"""Who is in a room. What it says of a room that is not there stands in test_room."""

import pytest

from commands.core.errors import CannotDo
from commands.core.ports import Outcome
from commands.core.reply import plain
from providers.base import Capability
from providers.errors import TimedOut
from providers.memory.provider import Memory
from tests.commands.workspace import VERA, Workspace, refused, says, titles, told


async def test_list(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    ana = memory.server.join("standup", "ana", name="Ana")
    memory.server.publish("standup", "ana")
    memory.server.join("standup", "ben")
    memory.server.join("standup", "recorder", is_person=False)
    reply = told(await workspace.say("participant list standup", by=VERA))
    assert plain(reply.text) == "standup: 2 people are in it."
    assert titles(reply) == ["Ana", "ben", "recorder"]
    assert ana.joined_at is not None
    details = [plain(item.detail) for item in reply.items]
    assert details[0] == f"ana · sending · since {ana.joined_at.isoformat(timespec='seconds')}"
    assert details[1].startswith("ben · since ")
    assert details[2].startswith("recorder · not a person · since ")
    assert reply.hint == ""


async def test_list_of_an_empty_room(workspace: Workspace) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("connection list standup"))
    assert plain(reply.text) == "standup: nobody is in it."
    assert reply.items == ()
    assert reply.hint == "Nobody is there yet."


async def test_a_recorder_alone_is_nobody(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "recorder", is_person=False)
    reply = told(await workspace.say("participant list standup"))
    assert plain(reply.text) == "standup: nobody is in it."
    assert titles(reply) == ["recorder"]


@pytest.mark.parametrize("people", [1, 2])
async def test_people_are_counted(workspace: Workspace, memory: Memory, people: int) -> None:
    await workspace.room("standup")
    for n in range(people):
        memory.server.join("standup", f"p{n}")
    text = plain(told(await workspace.say("participant list standup")).text)
    assert text == {1: "standup: one person is in it.", 2: "standup: 2 people are in it."}[people]


async def test_a_server_that_cannot_tell(workspace: Workspace, memory: Memory) -> None:
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    error = refused(await workspace.say("participant list standup"))
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "The video server memory cannot do this: list participants.",
        "annex can: say --provider annex.",
    )


async def test_a_slow_server(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.faults["list_participants"] = TimedOut
    answer = await workspace.say("participant list standup")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, TimedOut)
