"""Taking somebody to another room, and showing them there too."""

from collections.abc import AsyncIterator

import pytest

from commands.core.errors import CannotDo, NothingHere, UsageError
from commands.core.reply import plain
from providers.base import Capability, RoomRef
from providers.errors import NotFound, Unreachable
from providers.facts import ParticipantLeft
from providers.memory.provider import Memory
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import VERA, Workspace, refused, says, told

both = pytest.mark.parametrize("verb", ["move", "forward"])


@pytest.fixture
async def memory() -> AsyncIterator[Eventful]:
    async with eventful() as provider:
        yield provider


@pytest.fixture
async def standup(workspace: Workspace, memory: Memory) -> RoomRef:
    room = await workspace.room("standup")
    memory.server.join("standup", "bob", name="Bob")
    return room


@pytest.fixture
async def retro(workspace: Workspace) -> RoomRef:
    return await workspace.room("retro")


async def present(memory: Memory, room: RoomRef) -> list[str]:
    return [p.identity for p in await memory.list_participants(room)]


async def test_move(workspace: Workspace, memory: Memory, standup: RoomRef, retro: RoomRef) -> None:
    reply = told(await workspace.say("participant move standup Bob retro"))
    assert plain(reply.text) == "Moved Bob from standup to retro."
    assert (await present(memory, standup), await present(memory, retro)) == ([], ["bob"])
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, ParticipantLeft)
    assert (fact.room, fact.participant.identity, fact.reason) == (standup, "bob", "moved to another room")


async def test_forward(workspace: Workspace, memory: Memory, standup: RoomRef, retro: RoomRef) -> None:
    reply = told(await workspace.say("participant forward standup bob retro"))
    assert plain(reply.text) == "Bob is shown in retro too."
    assert plain(reply.hint) == "They stay in standup."
    assert (await present(memory, standup), await present(memory, retro)) == (["bob"], ["bob"])


@both
async def test_to_a_room_that_does_not_exist(workspace: Workspace, memory: Memory, standup: RoomRef, verb: str) -> None:
    error = refused(await workspace.say(f"participant {verb} standup bob nosuch"))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        "There is no room nosuch on memory.",
        "It must be there first; see what is live with /video room list.",
    )
    assert await present(memory, standup) == ["bob"]


@both
async def test_to_a_room_that_has_ended_unseen(
    workspace: Workspace, memory: Memory, standup: RoomRef, retro: RoomRef, verb: str
) -> None:
    await memory.close_room(retro)
    error = refused(await workspace.say(f"participant {verb} standup bob retro"))
    assert says(error)[0] == "There is no room retro on memory."


@both
@pytest.mark.parametrize(
    ("destination", "problem"),
    [
        ("standup", "DESTINATION: It is the room that they are in."),
        (".", "DESTINATION: Name it; “.” can stand for ROOM only."),
    ],
)
async def test_to_where_one_cannot_go(
    workspace: Workspace, standup: RoomRef, verb: str, destination: str, problem: str
) -> None:
    error = refused(await workspace.say(f"participant {verb} standup bob {destination}"))
    assert isinstance(error, UsageError)
    assert says(error)[0] == problem


@both
async def test_somebody_who_is_not_there(workspace: Workspace, standup: RoomRef, retro: RoomRef, verb: str) -> None:
    error = refused(await workspace.say(f"participant {verb} standup zoe retro"))
    assert says(error) == ("zoe is not in standup.", "In it: Bob.")


@both
async def test_somebody_leaves_first(
    workspace: Workspace, memory: Eventful, standup: RoomRef, retro: RoomRef, verb: str
) -> None:
    memory.before[f"{verb}_participant"] = lambda: memory.server.leave("standup", "bob")
    error = refused(await workspace.say(f"participant {verb} standup bob retro"))
    assert says(error) == ("Bob has just left standup.", "Nobody is in it.")


@both
async def test_the_destination_ends_first(
    workspace: Workspace, memory: Eventful, standup: RoomRef, retro: RoomRef, verb: str
) -> None:
    memory.before[f"{verb}_participant"] = lambda: memory.server.close_room(retro)
    error = refused(await workspace.say(f"participant {verb} standup bob retro"))
    assert says(error)[0] == "There is no room retro on memory."
    assert await present(memory, standup) == ["bob"]


@both
async def test_a_server_that_is_not_sure(
    workspace: Workspace, memory: Memory, standup: RoomRef, retro: RoomRef, verb: str
) -> None:
    memory.server.faults[f"{verb}_participant"] = NotFound
    error = refused(await workspace.say(f"participant {verb} standup bob retro"))
    assert says(error) == ("The video server was not sure about Bob.", "Try again.")


@both
async def test_where_the_server_cannot(workspace: Workspace, memory: Memory, standup: RoomRef, verb: str) -> None:
    memory.lacking = frozenset({Capability.MOVE_PARTICIPANT, Capability.FORWARD_PARTICIPANT})
    error = refused(await workspace.say(f"participant {verb} standup bob retro"))
    assert isinstance(error, CannotDo)
    assert says(error)[0] == f"The video server memory cannot do this: {verb} participant."


@both
async def test_a_server_that_dies_between_looking_and_acting(
    workspace: Workspace, memory: Memory, standup: RoomRef, retro: RoomRef, verb: str
) -> None:
    memory.server.faults[f"{verb}_participant"] = Unreachable
    answer = await workspace.say(f"participant {verb} standup bob retro")
    assert isinstance(answer.result, Unreachable)
    assert await present(memory, standup) == ["bob"]


@both
async def test_a_viewer_moves_nobody(
    workspace: Workspace, memory: Memory, standup: RoomRef, retro: RoomRef, verb: str
) -> None:
    refused(await workspace.say(f"participant {verb} standup bob retro", by=VERA))
    assert await present(memory, retro) == []
