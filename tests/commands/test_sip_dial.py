"""Calling somebody into a room by telephone."""

import pytest

from bot.render.button import is_inline
from commands.core.attempts import Outcome
from commands.core.dispatch import Asked
from commands.core.errors import NothingHere
from commands.core.reply import Action, Form, plain
from commands.core.spelling import spell
from commands.sip_actions import call_actions
from commands.sip_dial import MayStillRing, SipDial
from providers.base import CallStatus, RoomRef, Trunk
from providers.errors import TimedOut
from providers.memory.provider import Memory
from tests.commands.lines import fault, problems, read
from tests.commands.telephones import NUMBER, OURS, SHOWN, assert_kept_out, dialled, last_call, outbound
from tests.commands.workspace import ANNA, VERA, Workspace, button, labels, refused, says, told


@pytest.fixture
async def standup(workspace: Workspace) -> RoomRef:
    return await workspace.room("standup")


@pytest.fixture
async def office(memory: Memory) -> Trunk:
    return await outbound(memory)


async def test_dialling_asks_first_with_trunk_and_number(
    workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk
) -> None:
    asked = await workspace.say(f"sip dial standup {NUMBER}")
    assert isinstance(asked.result, Asked)
    question = asked.result.question
    assert plain(question.text) == f"Call {NUMBER} into standup? A call costs money."
    assert {name: plain(value) for name, value in question.facts} == {
        "Trunk": f"office · {office.ref.id} · sip.example.com",
        "They see": OURS,
    }
    assert await memory.list_calls(standup) == []

    answer = await workspace.confirm(asked)
    reply = told(answer)
    assert plain(reply.text) == f"Calling {SHOWN} into standup. Its card says how it goes."
    assert labels(reply.actions) == ["Hang up"]
    [call] = await memory.list_calls(standup)
    assert (call.identity, call.number, call.trunk, call.status) == (
        "phone-5678", SHOWN, office.ref.id, CallStatus.DIALING,
    )  # fmt: skip
    report = workspace.directory.reports[-1]
    assert (last_call(workspace), report.made_by, report.card_in) == (call, "UOLGA", "CSTUDIO")
    assert_kept_out(reply, workspace.directory.facts, [row.attempt.words for row in workspace.attempts.rows])


async def test_the_options_reach_the_server(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    await outbound(memory)
    options = "--identity ana-phone --name Ana --dtmf 12#w3 --ringing-for 45s --max-duration 1h --dialtone"
    told(await workspace.confirm(await workspace.say(f'sip dial . "+49 (30) 1234-5678" {options}', room=standup)))
    [call] = await memory.list_calls(standup)
    memory.server.answer(call.ref.id)
    assert memory.server.dtmf_heard(call.ref.id) == "12#3"
    [there] = [p for p in await memory.list_participants(standup) if p.identity == "ana-phone"]
    assert there.name == "Ana"


async def test_whoever_is_called_twice_is_said_to_be_there_and_has_another_identity(
    workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk
) -> None:
    await dialled(memory, standup)
    asked = await workspace.say(f"sip dial standup {NUMBER}")
    assert isinstance(asked.result, Asked)
    told_of = {name: plain(value) for name, value in asked.result.question.facts}
    assert told_of["Already called"] == f"{SHOWN} is in it by telephone."
    told(await workspace.confirm(asked))
    assert [c.identity for c in await memory.list_calls(standup)] == ["phone-5678", "phone-5678-2"]


async def test_nobody_is_thrown_out_by_a_call(
    workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk
) -> None:
    memory.server.join("standup", "bob")
    asked = await workspace.say(f"sip dial standup {NUMBER} --identity bob")
    assert says(refused(await workspace.confirm(asked))) == (
        "bob is in standup already, and the call would throw them out.",
        "Give another --identity, or none.",
    )
    assert await memory.list_calls(standup) == []


async def test_without_a_trunk_one_is_offered_to_be_made(workspace: Workspace, standup: RoomRef) -> None:
    error = refused(await workspace.say(f"sip dial standup {NUMBER}"))
    assert isinstance(error, NothingHere)
    assert says(error)[0] == "No trunk leads out of memory, so nobody can be called."
    assert error.actions == ()  # an operator makes no trunks
    assert says(error)[1].endswith("ask somebody with the role admin for one.")
    assert says(refused(await workspace.say(f"sip dial standup {NUMBER}", by=ANNA)))[1].endswith("create one first.")


async def test_of_several_trunks_one_is_said(
    workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk
) -> None:
    branch = await outbound(memory, "branch", "+493077770000")
    error = refused(await workspace.say(f"sip dial standup {NUMBER}"))
    assert says(error) == ("2 trunks lead out of memory.", "Say by which one to call, with --trunk.")
    assert labels(error.actions) == ["By office", "By branch"]
    chosen = button(error.actions, "By branch")
    assert not is_inline(Action("By branch", chosen))  # it has the number, so the button does not carry it
    told(await workspace.confirm(await workspace.press(chosen)))
    assert (await memory.list_calls(standup))[0].trunk == branch.ref.id

    error = refused(await workspace.say(f"sip dial standup {NUMBER} --trunk nosuch"))
    assert says(error) == ("There is no outbound trunk nosuch on memory.", "See /video sip trunk list.")
    error = refused(await workspace.say(f"sip dial standup {NUMBER} --trunk office --from +493000000000"))
    assert says(error)[0] == "The trunk office does not have the number +493000000000."
    assert labels(error.actions) == [f"As {OURS}"]


async def test_without_a_sip_service_it_is_said_what_is_missing(
    workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk
) -> None:
    memory.server.has_phones = False
    error = refused(await workspace.confirm(await workspace.say(f"sip dial standup {NUMBER}")))
    assert says(error)[0] == "No SIP service of memory answers, so nobody was called."
    assert says(error)[1].startswith("Calls need one that runs beside the video server")
    assert labels(error.actions) == ["Try again"]


async def test_an_answer_that_does_not_come_is_no_reason_to_call_again(
    workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk
) -> None:
    memory.server.faults["dial"] = TimedOut
    answer = await workspace.confirm(await workspace.say(f"sip dial standup {NUMBER}"))
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, MayStillRing)
    assert "before you call again" in answer.result.remedy


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("+49CALLANA", "A telephone number has no letters. Write it like +493012345678."),
        ("sip:ana@example.com", "A telephone number has no letters. Write it like +493012345678."),
        ("12", "It is no telephone number. Write it like +493012345678."),
        ("+1234567890123456", "It is no telephone number. Write it like +493012345678."),
    ],
)
def test_what_is_no_number(number: str, problem: str) -> None:
    error = fault(f"sip dial standup {number}")
    assert problems(error) == [f"NUMBER: {problem}"]


async def test_what_only_a_record_has_is_not_dialled(workspace: Workspace, standup: RoomRef, office: Trunk) -> None:
    command = read(f"sip dial standup {NUMBER} --dtmf 4711")
    kept = spell(command, redacted=True)
    assert kept == "sip dial standup *** --provider memory --dtmf ***"
    error = refused(await workspace.say(kept))
    assert "It is no telephone number." in says(error)[0]


def test_keys_that_no_telephone_has() -> None:
    error = fault(f"sip dial standup {NUMBER} --dtmf 12x")
    assert problems(error) == [
        "--dtmf: Keys are 0 to 9, *, #, A to D, and w, which waits half a second. Write them like 1234#."
    ]


async def test_a_viewer_calls_nobody(workspace: Workspace, standup: RoomRef, office: Trunk) -> None:
    assert says(refused(await workspace.say(f"sip dial standup {NUMBER}", by=VERA)))[0] == (
        "sip dial is for people with the role operator."
    )


async def test_the_room_ends_first(workspace: Workspace, memory: Memory, standup: RoomRef, office: Trunk) -> None:
    asked = await workspace.say(f"sip dial standup {NUMBER}")
    await memory.close_room(standup)
    error = refused(await workspace.confirm(asked))
    assert says(error)[0] == "The room standup has ended."


async def test_what_can_be_done_with_a_call_in_its_state(memory: Memory, standup: RoomRef, office: Trunk) -> None:
    call = await dialled(memory, standup)
    assert labels(call_actions(call)) == ["Hang up"]
    assert labels(call_actions(memory.server.answer(call.ref.id))) == ["Hang up", "Send digits...", "Transfer..."]
    [again] = call_actions(memory.server.hang_up_there(call.ref.id))
    assert isinstance(again, Form)
    given = {"provider": "memory", "room": "standup", "room_id": standup.id, "trunk": office.ref.id}
    assert (again.command_type, dict(again.given)) == (SipDial, given)
    called_in = memory.server.call_in("standup", NUMBER)
    assert call_actions(memory.server.hang_up_there(called_in.ref.id)) == ()
