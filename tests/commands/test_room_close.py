"""Rooms on the in-memory server: ended, and asked about first."""

import asyncio

import pytest

from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from commands.core.errors import CannotDo
from commands.core.reply import plain
from commands.room import RoomClose
from providers.base import Capability, ParticipantKind, RoomOptions
from providers.errors import Unreachable
from providers.facts import RoomFinished
from providers.memory.provider import Memory
from tests.commands.workspace import ANNA, ENDED, EVERYTHING, OLGA, Workspace, refused, says, told


async def test_close_asks_first(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "ana", name="Ana")
    memory.server.join("standup", "ben")
    memory.server.join("standup", "recorder", kind=ParticipantKind.EGRESS)
    asked = await workspace.say("room close standup")
    assert isinstance(asked.result, Asked)
    question = asked.result.question
    assert plain(question.text) == "End standup? This disconnects Ana, ben."
    assert (question.confirm, question.deny) == ("End room", "Keep it")
    assert len(await memory.list_rooms()) == 1

    assert plain(told(await workspace.confirm(asked)).text) == "Ended standup."
    assert await memory.list_rooms() == []
    assert isinstance(workspace.directory.facts[-1], RoomFinished)


@pytest.mark.parametrize(
    ("people", "text"),
    [
        (0, "End standup? Nobody is in it."),
        (1, "End standup? This disconnects p0."),
        (5, "End standup? This disconnects p0, p1, p2, p3, p4."),
        (6, "End standup? This disconnects p0, p1, p2, p3, p4 and 1 more."),
        (8, "End standup? This disconnects p0, p1, p2, p3, p4 and 3 more."),
    ],
)
async def test_close_says_who_loses(workspace: Workspace, memory: Memory, people: int, text: str) -> None:
    await workspace.room("standup")
    for n in range(people):
        memory.server.join("standup", f"p{n}")
    asked = await workspace.say("room end standup")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == text


async def test_close_where_the_server_does_not_say_who_is_in(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.LIST_PARTICIPANTS})
    asked = await workspace.say("room close standup")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == "End standup? Everybody in it is disconnected."


async def test_close_what_ended_while_the_question_stood(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    asked = await workspace.press(RoomClose(provider="memory", room="standup", room_id=ref.id))
    await memory.close_room(ref)
    again = (await memory.create_room("standup", RoomOptions())).room.ref
    assert says(refused(await workspace.confirm(asked))) == ENDED
    assert [room.ref for room in await memory.list_rooms()] == [again]


async def test_a_room_whose_ending_was_lost_is_mended(workspace: Workspace, memory: Memory) -> None:
    """As the operations page says to do: the server knows no such room any more, and nobody told us."""
    ref = await workspace.room("standup")
    await memory.close_room(ref)
    said = await workspace.say("room close standup")
    if isinstance(said.result, Asked):
        said = await workspace.confirm(said)
    assert says(refused(said)) == ENDED
    finished = workspace.directory.facts[-1]
    assert isinstance(finished, RoomFinished)
    assert finished.room == ref


async def test_two_people_close_at_once(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    close = RoomClose(provider="memory", room="standup", room_id=ref.id)
    answers = await asyncio.gather(
        workspace.press(close, by=OLGA, confirmed=True), workspace.press(close, by=ANNA, confirmed=True)
    )
    assert sorted(answer.outcome for answer in answers) == [Outcome.DONE, Outcome.REFUSED]
    [late] = [answer for answer in answers if answer.outcome is Outcome.REFUSED]
    assert says(refused(late)) == ENDED
    assert await memory.list_rooms() == []


async def test_close_on_a_server_that_fails_leaves_the_room(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    memory.server.faults["close_room"] = Unreachable
    answer = await workspace.press(RoomClose(provider="memory", room="standup"), confirmed=True)
    assert answer.outcome is Outcome.FAILED
    known = await workspace.directory.life(EVERYTHING, "memory", ref.id)
    assert known is not None
    assert not known.ended


async def test_close_where_the_server_cannot(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.lacking = frozenset({Capability.CLOSE_ROOM})
    error = refused(await workspace.say("room close standup"))
    assert isinstance(error, CannotDo)
    assert says(error) == (
        "The video server memory cannot do this: close room.",
        "annex can: say --provider annex.",
    )
