"""Ending a call, pressing keys in it, handing it on, and looking who is on the telephone."""

import pytest
from pydantic import SecretStr

from commands.core.dispatch import Asked
from commands.core.reply import Form, plain
from commands.core.spelling import spell
from commands.sip_call import SipDtmf, SipHangup, pinned
from providers.base import Call, CallStatus, Capability, RoomRef
from providers.errors import NotFound
from providers.facts import CallChanged
from providers.memory.provider import Memory
from tests.commands.lines import fault, problems, read
from tests.commands.telephones import NUMBER, SHOWN, assert_kept_out, dialled, last_call
from tests.commands.workspace import VERA, Workspace, button, labels, refused, says, titles, told


@pytest.fixture
async def standup(workspace: Workspace) -> RoomRef:
    return await workspace.room("standup")


@pytest.fixture
async def call(memory: Memory, standup: RoomRef) -> Call:
    """Somebody has answered."""
    return memory.server.answer((await dialled(memory, standup)).ref.id)


# Who is meant


@pytest.mark.parametrize("who", ["5678", SHOWN, NUMBER, '"+49 30 1234 5678"', "phone-5678"])
async def test_hanging_up_asks_whoever_is_meant_however_they_are_called(
    workspace: Workspace, memory: Memory, standup: RoomRef, call: Call, who: str
) -> None:
    asked = await workspace.say(f"sip hangup standup {who}")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == f"Hang up on {SHOWN} in standup?"
    assert await memory.list_calls(standup) == [call]
    assert plain(told(await workspace.confirm(asked)).text) == f"Hung up on {SHOWN} in standup."
    assert await memory.list_calls(standup) == []
    assert last_call(workspace).status is CallStatus.ENDED
    assert_kept_out([row.attempt.words for row in workspace.attempts.rows])


async def test_somebody_in_the_room_who_is_no_telephone(
    workspace: Workspace, memory: Memory, standup: RoomRef, call: Call
) -> None:
    memory.server.join("standup", "bob", name="Bob")
    for line in ("hangup standup bob", "transfer standup Bob +493000001111", "dtmf standup bob 1"):
        error = refused(await workspace.say(f"sip {line}"))
        assert says(error) == ("Bob is in standup, but not on the telephone.", f"On the telephone: {SHOWN}.")
    error = refused(await workspace.say("sip hangup standup 9999"))
    assert says(error)[0] == "Nobody on the telephone in standup is called 9999."


async def test_of_two_with_the_same_digits_one_is_chosen(
    workspace: Workspace, memory: Memory, standup: RoomRef, call: Call
) -> None:
    other = memory.server.call_in("standup", "+15550005678")
    error = refused(await workspace.say("sip hangup standup 5678"))
    assert says(error) == ("2 in standup are called 5678.", "Say which one to hang up.")
    chosen = button(error.actions, f"{SHOWN} ({other.identity})")
    assert chosen == SipHangup(**pinned(other))
    told(await workspace.confirm(await workspace.press(chosen)))
    assert await memory.list_calls(standup) == [call]


async def test_a_servers_identity_with_a_whole_number_is_kept_nowhere(memory: Memory, standup: RoomRef) -> None:
    command = read(f"sip hangup standup sip_{NUMBER}")
    assert spell(command) == f"sip hangup standup sip_{SHOWN} --provider memory"


async def test_whoever_has_called_may_hang_up(workspace: Workspace, standup: RoomRef, call: Call) -> None:
    assert says(refused(await workspace.say("sip hangup standup 5678", by=VERA)))[0].startswith("sip hangup is for")
    await workspace.directory.report(
        CallChanged(call=call, **workspace.context(workspace.ports.provider("memory")).observed()),
        team_id="T1",
        made_by=VERA.user_id,
        card_in=None,
    )
    told(await workspace.confirm(await workspace.say("sip hangup standup 5678", by=VERA)))


async def test_a_call_that_ends_meanwhile(workspace: Workspace, memory: Memory, standup: RoomRef, call: Call) -> None:
    asked = await workspace.say("sip hangup standup 5678")
    memory.server.faults["hang_up"] = NotFound
    error = refused(await workspace.confirm(asked))
    assert says(error)[0] == f"The call with {SHOWN} in standup has ended already."
    assert last_call(workspace).status is CallStatus.ENDED


async def test_of_a_call_that_has_ended_a_button_says_so(workspace: Workspace, memory: Memory, call: Call) -> None:
    told(await workspace.confirm(await workspace.say("sip hangup standup 5678")))
    error = refused(await workspace.press(SipDtmf(**pinned(call), digits=SecretStr("1"))))
    assert says(error) == (
        f"The call with {SHOWN} in standup has ended already.",
        "Nobody in it is on the telephone.",
    )


async def test_what_rings_hears_no_keys_and_is_not_handed_on(
    workspace: Workspace, memory: Memory, standup: RoomRef
) -> None:
    await dialled(memory, standup)
    for line in ("dtmf standup 5678 1", "transfer standup 5678 +493000001111"):
        error = refused(await workspace.say(f"sip {line}"))
        assert says(error)[0] == f"{SHOWN} in standup has not answered yet."


# Keys


async def test_keys_are_pressed_and_kept_nowhere(workspace: Workspace, memory: Memory, call: Call) -> None:
    reply = told(await workspace.say("sip dtmf standup 5678 471123#"))
    assert plain(reply.text) == f"Pressed the keys for {SHOWN} in standup."
    assert memory.server.dtmf_heard(call.ref.id) == "471123#"
    assert_kept_out(reply, [row.attempt.words for row in workspace.attempts.rows])
    assert problems(fault("sip dtmf standup 5678 12345x"))[0].startswith("DIGITS: Keys are 0 to 9")


async def test_after_a_crash_keys_are_typed_again(workspace: Workspace, memory: Memory, call: Call) -> None:
    recovered = read("sip dtmf standup 5678 ***")
    reply = await recovered.aftermath(workspace.context(memory))
    assert reply.actions == (Form("Send digits...", SipDtmf, tuple(pinned(call).items())),)


# Handing on


async def test_a_transfer_asks_and_names_the_number_to_the_asker(
    workspace: Workspace, memory: Memory, standup: RoomRef, call: Call
) -> None:
    asked = await workspace.say("sip transfer standup 5678 +493000001111")
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == (
        f"Transfer {SHOWN} from standup to +493000001111? They leave the room, and the call to that number costs money."
    )
    reply = told(await workspace.confirm(asked))
    assert plain(reply.text) == f"Transferred {SHOWN} from standup to …1111."
    assert await memory.list_calls(standup) == []
    rows = [row.attempt.words for row in workspace.attempts.rows]
    assert_kept_out(reply, rows, workspace.directory.facts, secrets=("+493000001111",))


async def test_a_transfer_that_the_other_side_refuses(
    workspace: Workspace, memory: Memory, standup: RoomRef, call: Call
) -> None:
    memory.server.refuses_transfers = True
    error = refused(await workspace.confirm(await workspace.say("sip transfer standup 5678 +493000001111")))
    assert says(error)[0] == f"The other side did not take the transfer of {SHOWN}."
    assert "They are still in the room." in says(error)[1]
    assert await memory.list_calls(standup) == [call]


# The list


async def test_the_list_of_calls(workspace: Workspace, memory: Memory, standup: RoomRef, call: Call) -> None:
    await workspace.room("retro")
    memory.server.call_in("retro", "+15550009999")
    reply = told(await workspace.say("sip list", by=VERA))
    assert plain(reply.text) == "2 calls at this moment on memory."
    assert titles(reply) == ["…9999 in retro · active", f"{SHOWN} in standup · active"]
    assert plain(reply.items[1].detail).startswith("was called · phone-5678 · since ")
    one = told(await workspace.say("sip list standup"))
    assert titles(one) == [f"{SHOWN} in standup · active"]
    assert labels(one.items[0].actions) == ["Hang up", "Send digits...", "Transfer..."]
    memory.lacking = frozenset({Capability.SEND_DTMF})
    assert labels(told(await workspace.say("sip list standup")).items[0].actions) == ["Hang up", "Transfer..."]


async def test_no_call(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    reply = told(await workspace.say("sip list standup"))
    assert plain(reply.text) == "No call at this moment in standup."
    assert labels(reply.actions)[0] == "Call..."
    memory.lacking = frozenset({Capability.DIAL})
    assert told(await workspace.say("sip list standup")).actions == ()
