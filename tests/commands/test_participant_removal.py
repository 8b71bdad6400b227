"""Removing somebody, keeping them out, and letting them back in."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from commands.core.errors import NotAllowed, NothingHere, UsageError
from commands.core.ports import KeepOut
from commands.core.reply import Question, plain
from commands.participant_removal import ParticipantAdmit, ParticipantRemove
from providers.base import ParticipantKind, RoomOptions, RoomRef
from providers.errors import NotFound, ProviderError, Rejected, TimedOut, Unreachable
from providers.facts import ParticipantLeft
from providers.memory.provider import Memory
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import (
    ANNA,
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


async def test_a_caller_is_meant_by_id(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    """Whoever is kept out has left, so that the number in their identity is needed then."""
    memory.server.join("standup", "sip_+493012345678", name="Phone", kind=ParticipantKind.PHONE)
    (phone,) = [p for p in await memory.list_participants(room) if p.kind is ParticipantKind.PHONE]
    answer = await workspace.say("participant remove standup Phone")
    assert asked(answer).command == remove(phone.id, room_id=room.id)
    reply = told(await workspace.confirm(answer))
    assert await present(memory, room) == ["bob", "cleo"]
    keep_out = button(reply.actions, "Keep out 1h")
    assert keep_out == remove(phone.identity, room_id=room.id, keep_out=HOUR)
    told(await workspace.press(keep_out, confirmed=True))
    assert [kept.identity for kept in await kept_out(workspace)] == [phone.identity]


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
    [bob] = [p.id for p in await memory.list_participants(room) if p.identity == "bob"]
    answer = await workspace.say("participant remove standup bob --keep-out 1h")
    question = asked(answer)
    assert plain(question.text) == "Remove Bob from standup? They are kept out for 1 h."
    assert await kept_out(workspace) == []

    reply = told(await workspace.confirm(answer))
    assert plain(reply.text) == "Removed Bob from standup. They are kept out until 2026-11-20T13:00:00+00:00."
    until = workspace.clock.now() + HOUR
    assert await kept_out(workspace) == [KeepOut("memory", "standup", "bob", until, OLGA.user_id, (bob,))]
    assert reply.hint == ""
    assert await present(memory, room) == ["cleo"]
    assert button(reply.actions, "Let back in") == ParticipantAdmit(provider="memory", room="standup", who="bob")


async def test_keep_out_after_removing(workspace: Workspace, memory: Memory, room: RoomRef) -> None:
    removed = told(await workspace.press(remove("bob", room_id=room.id), confirmed=True))
    answer = await workspace.press(button(removed.actions, "Keep out 1h"))
    question = asked(answer)
    assert plain(question.text) == "bob is not in standup at this moment. Keep that identity out of it for 1 h?"
    assert question.confirm == "Keep out"
    assert plain(told(await workspace.confirm(answer)).text) == (
        "bob is not in standup. They are kept out until 2026-11-20T13:00:00+00:00."
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
    assert plain(told(await workspace.confirm(answer)).text).startswith("bob is not in standup.")
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


async def test_the_stays_of_the_question_and_of_the_answer_are_those_that_it_removes(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    [first] = [p.id for p in await memory.list_participants(room) if p.identity == "bob"]
    answer = await workspace.say("participant remove standup bob --keep-out 1h")
    memory.server.leave("standup", "bob")
    second = memory.server.join("standup", "bob").id
    told(await workspace.confirm(answer))
    assert [set(kept.stays) for kept in await kept_out(workspace)] == [{first, second}]


async def test_the_stays_of_the_question_are_kept_though_the_server_fails(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    [bob] = [p.id for p in await memory.list_participants(room) if p.identity == "bob"]
    answer = await workspace.say("participant remove standup bob --keep-out 1h")
    memory.server.faults["*"] = Unreachable
    told(await workspace.confirm(answer))
    assert [kept.stays for kept in await kept_out(workspace)] == [(bob,)]


@pytest.mark.parametrize("who", ["@UVERA", "slack-T1-UVERA-2", "vera"])
async def test_keep_out_removes_each_stay_of_a_person(
    workspace: Workspace, memory: Memory, room: RoomRef, who: str
) -> None:
    stays = {memory.server.join("standup", f"slack-T1-UVERA{n}", name="Vera").id for n in ("", "-2")}
    memory.server.join("standup", "slack-T1-UVERAX", name="Verax")
    answer = await workspace.say(f"participant remove standup {who} --keep-out 1h")
    assert plain(asked(answer).facts[0][1]) == "slack-T1-UVERA · slack-T1-UVERA-2"
    assert plain(told(await workspace.confirm(answer)).text).startswith("Removed Vera from standup. They are kept out")
    assert await present(memory, room) == ["bob", "cleo", "slack-T1-UVERAX"]
    [kept] = await kept_out(workspace)
    assert (kept.identity, set(kept.stays)) == ("slack-T1-UVERA", stays)


async def test_without_keep_out_one_of_several_stays_is_meant(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    for identity in ("slack-T1-UVERA", "slack-T1-UVERA-2"):
        memory.server.join("standup", identity, name="Vera")
    assert says(refused(await workspace.say("participant remove standup @UVERA")))[0] == (
        "2 in standup go by the name @UVERA."
    )
    answer = await workspace.say("participant remove standup slack-T1-UVERA")
    told(await workspace.confirm(answer))
    assert await present(memory, room) == ["bob", "cleo", "slack-T1-UVERA-2"]


async def test_keep_out_after_removing_one_of_two_stays_asks_about_the_other(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    for identity in ("slack-T1-UVERA", "slack-T1-UVERA-2"):
        memory.server.join("standup", identity, name="Vera")
    removed = told(await workspace.press(remove("slack-T1-UVERA", room_id=room.id), confirmed=True))
    answer = await workspace.press(button(removed.actions, "Keep out 1h"))
    assert plain(asked(answer).text) == "Remove Vera from standup? They are kept out for 1 h."
    told(await workspace.confirm(answer))
    assert await present(memory, room) == ["bob", "cleo"]


async def test_keep_out_though_the_server_does_not_know_them(
    workspace: Workspace, memory: Memory, room: RoomRef
) -> None:
    memory.server.faults["remove_participant"] = NotFound
    reply = told(await workspace.press(remove("bob", keep_out=HOUR), confirmed=True))
    assert plain(reply.text).startswith("bob is not in standup. They are kept out until")


async def test_keep_out_says_where_nobody_hears_of_who_comes_back(workspace: Workspace, room: RoomRef) -> None:
    workspace.keep_outs.heard = False
    reply = told(await workspace.press(remove("bob", keep_out=HOUR), confirmed=True))
    assert plain(reply.hint).startswith("No webhook of this video server has ever reached me")


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


# One's own keep-out


async def keep_out_olga(workspace: Workspace, hours: int = 2) -> None:
    until = workspace.clock.now() + timedelta(hours=hours)
    await workspace.keep_outs.add(TEAM, KeepOut("memory", "standup", "slack-T1-UOLGA", until, ANNA.user_id))


OWN = (
    "You are kept out of standup until 2026-11-20T14:00:00+00:00.",
    "@UANNA said so. Another operator or an admin can let you back in.",
)


@pytest.mark.parametrize("who", ["@UOLGA", "slack-T1-UOLGA", "slack-T1-UOLGA-2"])
async def test_an_operator_does_not_let_themselves_in(workspace: Workspace, room: RoomRef, who: str) -> None:
    await keep_out_olga(workspace)
    error = refused(await workspace.say(f"participant admit standup {who}"))
    assert isinstance(error, NotAllowed)
    assert says(error) == OWN
    assert labels(refused(await workspace.say("participant admit standup bob")).actions) == []
    told(await workspace.say(f"participant admit standup {who}", by=ANNA))
    assert await kept_out(workspace) == []
    assert isinstance(refused(await workspace.say(f"participant admit standup {who}")), NothingHere)


async def test_an_operator_does_not_shorten_their_own(workspace: Workspace, room: RoomRef) -> None:
    await keep_out_olga(workspace)
    error = refused(await workspace.press(remove("slack-T1-UOLGA-2", keep_out=HOUR), confirmed=True))
    assert says(error) == OWN
    reply = told(await workspace.press(remove("slack-T1-UOLGA", keep_out=3 * HOUR), confirmed=True))
    assert reply.actions == ()
    assert [k.until - workspace.clock.now() for k in await kept_out(workspace)] == [3 * HOUR]
