"""Removing somebody, keeping them out, and letting them back in."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from commands.core.dispatch import Asked
from commands.core.errors import NothingHere, UsageError
from commands.core.ports import KeepOut, Outcome
from commands.core.reply import Question, plain
from commands.participant import ParticipantAdmit, ParticipantRemove
from providers.base import RoomOptions, RoomRef
from providers.errors import NotFound, ProviderError, Rejected, TimedOut, Unreachable
from providers.facts import ParticipantLeft
from providers.memory.provider import Memory
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import (
    ENDED,
    OLGA,
    TEAM,
    VERA,
    Workspace,
    button,
    labels,
    refused,
    says,
    told,
)

HOUR = timedelta(hours=1)


@pytest.fixture
async def memory() -> AsyncIterator[Eventful]:
    async with eventful() as provider:
        yield provider


@pytest.fixture
async def room(workspace: Workspace, memory: Memory) -> RoomRef:
    """A room with Bob and Cleo."""
    ref = await workspace.room("standup")
    memory.server.join("standup", "bob", name="Bob")
    memory.server.join("standup", "cleo", name="Cleo")
    return ref


async def present(memory: Memory, room: RoomRef) -> list[str]:
    return [p.identity for p in await memory.list_participants(room)]


async def kept_out(workspace: Workspace) -> list[KeepOut]:
    return await workspace.keep_outs.of_room(TEAM, "memory", "standup")


def asked(answer: object) -> Question:
    result = getattr(answer, "result", None)
    assert isinstance(result, Asked), answer
    return result.question


async def usage_error(workspace: Workspace, line: str) -> UsageError:
    """Of parsing, or of the look at limits."""
    try:
        error = refused(await workspace.say(line))
    except UsageError as unread:
        return unread
    assert isinstance(error, UsageError)
    return error


# participant remove


async def test_remove_asks_first(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    answer = await workspace.say("participant remove standup Bob")
    question = asked(answer)
    assert plain(question.text) == "Remove Bob from standup?"
    assert (question.confirm, question.deny) == ("Remove", "Cancel")
    assert question.command == remove("bob", room_id=room.id)
    assert await present(memory, room) == ["bob", "cleo"]

    reply = told(await workspace.confirm(answer))
    assert plain(reply.text) == "Removed Bob from standup."
    assert plain(reply.hint) == "They can come back with a token that is still good, unless they are kept out."
    assert await present(memory, room) == ["cleo"]
    assert await kept_out(workspace) == []
    fact = workspace.directory.facts[-1]
    assert isinstance(fact, ParticipantLeft)
    assert (fact.participant.identity, fact.reason, fact.room) == ("bob", "removed", room)


def remove(who: str, *, room_id: str | None = None, keep_out: timedelta | None = None) -> ParticipantRemove:
    return ParticipantRemove(provider="memory", room="standup", room_id=room_id, who=who, exact=True, keep_out=keep_out)


async def test_kick_is_remove(workspace: Workspace, room: RoomRef) -> None:
    assert plain(asked(await workspace.say("connection kick standup bob")).text) == "Remove Bob from standup?"


async def test_a_viewer_removes_nobody(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    assert refused(await workspace.say("participant remove standup bob", by=VERA))
    assert await present(memory, room) == ["bob", "cleo"]


async def test_whoever_was_meant_has_left_while_the_question_stood(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    answer = await workspace.say("participant remove standup bob")
    memory.server.leave("standup", "bob")
    memory.server.join("standup", "other", name="bob")
    assert says(refused(await workspace.confirm(answer)))[0] == "bob is not in standup."
    assert await present(memory, room) == ["cleo", "other"]


async def test_somebody_leaves_between_looking_and_removing(
    workspace: Workspace, memory: Eventful, room: RoomRef
) -> None:
    memory.before["remove_participant"] = lambda: memory.server.leave("standup", "bob")
    error = refused(await workspace.press(remove("bob"), confirmed=True))
    assert says(error) == ("Bob has just left standup.", "In it: Cleo.")


async def test_a_server_that_is_not_sure(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    memory.server.faults["remove_participant"] = NotFound
    error = refused(await workspace.press(remove("bob"), confirmed=True))
    assert says(error) == ("The video server was not sure about Bob.", "Try again.")


async def test_remove_from_a_room_that_ended_while_the_question_stood(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    answer = await workspace.say("participant remove standup bob")
    await memory.close_room(room)
    again = (await memory.create_room("standup", RoomOptions())).room.ref
    memory.server.join("standup", "bob")
    assert says(refused(await workspace.confirm(answer))) == ENDED
    assert await present(memory, again) == ["bob"]


async def test_a_server_that_dies_between_looking_and_removing(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    answer = await workspace.say("participant remove standup bob")
    memory.server.faults["*"] = Unreachable
    ended = await workspace.confirm(answer)
    assert ended.outcome is Outcome.FAILED
    assert isinstance(ended.result, Unreachable)
    assert await kept_out(workspace) == []


async def test_aftermath_says_whether_they_are_still_in(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    ctx, command = workspace.context(memory), remove("bob", room_id=room.id)
    assert plain((await command.aftermath(ctx)).text) == "Bob is still in standup; remove them again if you want that."
    memory.server.leave("standup", "bob")
    assert plain((await command.aftermath(ctx)).text) == "bob is not in standup."
    await memory.close_room(room)
    assert plain((await command.aftermath(ctx)).text) == "bob is not in standup."


# Keeping out


async def test_keep_out(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    answer = await workspace.say("participant remove standup bob --keep-out 1h")
    question = asked(answer)
    assert plain(question.text) == "Remove Bob from standup? They are kept out for 1h."
    assert await kept_out(workspace) == []

    reply = told(await workspace.confirm(answer))
    assert plain(reply.text) == "Removed Bob from standup. They are kept out until 2026-11-20T13:00:00+00:00."
    until = workspace.clock.now() + HOUR
    assert await kept_out(workspace) == [KeepOut("memory", "standup", "bob", until, OLGA.user_id)]
    assert await present(memory, room) == ["cleo"]
    assert button(reply.actions, "Let back in") == ParticipantAdmit(provider="memory", room="standup", who="bob")


async def test_keep_out_after_removing(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    removed = told(await workspace.press(remove("bob", room_id=room.id), confirmed=True))
    answer = await workspace.press(button(removed.actions, "Keep out 1h"))
    question = asked(answer)
    assert plain(question.text) == "bob is not in standup at this moment. Keep that identity out of it for 1h?"
    assert question.confirm == "Keep out"
    assert plain(told(await workspace.confirm(answer)).text) == (
        "bob was not in standup any more. They are kept out until 2026-11-20T13:00:00+00:00."
    )
    assert [k.identity for k in await kept_out(workspace)] == ["bob"]


async def test_keep_out_somebody_mentioned_who_is_not_there(workspace: Workspace, room: RoomRef) -> None:
    answer = await workspace.say("participant remove standup @UANNA --keep-out 10m")
    told(await workspace.confirm(answer))
    assert [k.identity for k in await kept_out(workspace)] == ["slack-T1-UANNA"]


async def test_keep_out_somebody_whose_name_is_nearly_that_of_another(workspace: Workspace, room: RoomRef) -> None:
    error = refused(await workspace.say("participant remove standup bobb --keep-out 1h"))
    assert says(error) == ("bobb is not in standup.", "In it: Bob, Cleo.")
    assert labels(error.actions) == ["Bob (bob)", "Keep out bobb"]
    assert plain(asked(await workspace.press(button(error.actions, "Bob (bob)"))).text).startswith("Remove Bob")
    answer = await workspace.press(button(error.actions, "Keep out bobb"))
    told(await workspace.confirm(answer))
    assert [k.identity for k in await kept_out(workspace)] == ["bobb"]


async def test_remove_somebody_who_is_not_there(workspace: Workspace, room: RoomRef) -> None:
    error = refused(await workspace.say("participant remove standup zoe"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("zoe is not in standup.", "In it: Bob, Cleo.")


@pytest.mark.parametrize("fault", [Unreachable, TimedOut, Rejected])
@pytest.mark.parametrize("operation", ["list_participants", "remove_participant"])
async def test_keep_out_holds_though_the_server_fails(
    workspace: Workspace, memory: Memory, room: RoomRef, operation: str, fault: type[ProviderError]
) -> None:
    answer = await workspace.say("participant remove standup bob --keep-out 1h")
    memory.server.faults[operation] = fault
    reply = told(await workspace.confirm(answer))
    assert plain(reply.text) == (
        f"bob could not be removed yet: {fault.what} I keep trying. They are kept out until 2026-11-20T13:00:00+00:00."
    )
    assert [k.identity for k in await kept_out(workspace)] == ["bob"]


async def test_keep_out_holds_though_they_left_or_the_room_ended(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    answer = await workspace.say("participant remove standup bob --keep-out 1h")
    await memory.close_room(room)
    assert plain(told(await workspace.confirm(answer)).text).startswith("bob was not in standup any more.")
    assert [k.identity for k in await kept_out(workspace)] == ["bob"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("bob --keep-out 31d", "--keep-out: Somebody can be kept out for 30d at most."),
        ("bob --keep-out soon", "--keep-out: “soon” is no duration. Write it like 90s, 15m or 1h30m."),
        ("bob --keep-out 0s", "--keep-out: A duration must be at least one second, like 90s, 15m or 1h30m."),
        (f"{'x' * 300} --keep-out 1h", "WHO: An identity can be 256 bytes long; this one has 300."),
    ],
)
async def test_keep_out_within_bounds(workspace: Workspace, room: RoomRef, words: str, problem: str) -> None:
    error = await usage_error(workspace, f"participant remove standup {words}")
    assert [p.text for p in error.problems] == [problem]
    assert await kept_out(workspace) == []


# participant admit


async def test_admit(workspace: Workspace, room: RoomRef) -> None:
    told(await workspace.press(remove("bob", keep_out=HOUR), confirmed=True))
    reply = told(await workspace.say("participant admit standup bob"))
    assert plain(reply.text) == "bob may come into standup again."
    assert await kept_out(workspace) == []


async def test_admit_by_mention_though_the_room_is_gone(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    told(await workspace.press(remove("slack-T1-UANNA", keep_out=HOUR), confirmed=True))
    await memory.close_room(room)
    told(await workspace.say("participant admit standup @UANNA"))
    assert await kept_out(workspace) == []


async def test_admit_somebody_who_is_not_kept_out(workspace: Workspace, room: RoomRef) -> None:
    error = refused(await workspace.say("participant admit standup bob"))
    assert says(error) == ("bob is not kept out of standup.", "Nobody is.")
    told(await workspace.press(remove("cleo", keep_out=HOUR), confirmed=True))
    error = refused(await workspace.say("participant admit standup bob"))
    assert says(error) == ("bob is not kept out of standup.", "Kept out: cleo until 2026-11-20T13:00:00+00:00.")
    told(await workspace.press(button(error.actions, "Let cleo back in")))
    assert await kept_out(workspace) == []


async def test_a_viewer_admits_nobody(workspace: Workspace, room: RoomRef) -> None:
    told(await workspace.press(remove("bob", keep_out=HOUR), confirmed=True))
    refused(await workspace.say("participant admit standup bob", by=VERA))
    assert [k.identity for k in await kept_out(workspace)] == ["bob"]
