"""Calls out of a room by slash commands, on a real server with Redis and a SIP service, and what is done with them."""

from pathlib import Path

import pytest

from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import labels, public
from tests.live.studio import Studio
from tests.live.telephones import (
    BRANCH,
    KEYS,
    OFFICE,
    OURS,
    SHOWN,
    THEIRS,
    admin,
    assert_kept_out,
    dialled,
    outbound,
)
from tests.standins.sip.call import REJECTED, UNAVAILABLE, Call
from tests.standins.sip.service import WAITING, refusing, transfer_refused


@pytest.fixture
def studio(telephone_studio: Studio) -> Studio:
    return telephone_studio


@pytest.fixture
async def call(studio: Studio) -> Call:
    """One that is dialled by the trunk of the office, and waits for what the test does."""
    await admin(studio, "sip trunk create", OFFICE)
    studio.phones.dials = WAITING
    return await dialled(studio)


# Calls out.


async def test_a_call_from_dialing_to_hanging_up(studio: Studio) -> None:
    """`CreateSIPParticipant`; and by `RemoveParticipant` it ends."""
    await admin(studio, "sip trunk create", OFFICE)
    [trunk] = await outbound(studio)
    studio.phones.dials = WAITING
    question = await studio.ask(f"sip dial standup {THEIRS} --dtmf {KEYS} --name Ann --from {OURS} --max-duration 1h")
    assert question.lines[0] == f"Call `{THEIRS}` into *standup*? A call costs money."
    assert f"*office* · `{trunk.sip_trunk_id}` · media.example.com" in question.words
    assert studio.phones.calls == {}
    answer = await studio.press(question, "Call")
    assert answer.lines[0] == f"Calling *{SHOWN}* into *standup*. Its card says how it goes."
    call = await studio.phones.next()
    assert (call.number, call.trunk_number, call.dtmf, call.room) == (THEIRS, OURS, KEYS, "standup")
    assert (call.identity, call.line.name) == ("phone-8765", "Ann")
    title = f"Call to {SHOWN}"
    await studio.feed(title, "Dialing", call.id)
    await studio.card(f"@{studio.world.operator.id} is calling *{SHOWN}*")
    await call.ring()
    await studio.feed(title, "Ringing")
    await call.answer()
    card = await studio.feed(title, "Active")
    await studio.card(f"@{studio.world.operator.id} called *{SHOWN}*")
    assert {"Hang up", "Send digits...", "Transfer..."} <= set(labels(card))
    sure = await studio.press(card, "Hang up")
    assert sure.lines[0] == f"Hang up on *{SHOWN}* in *standup*?"
    done = await studio.press(sure, "Hang up")
    assert done.lines[0] == f"Hung up on *{SHOWN}* in *standup*."
    await call.ended()
    assert "Call again..." in labels(await studio.feed(title, "Ended"))
    again = await studio.ask("sip hangup standup", call.id)
    assert again.lines[0] == f"The call with *{SHOWN}* in *standup* has ended already."


async def test_calls_that_nobody_takes(studio: Studio, call: Call) -> None:
    """Why is in the webhook, on the card and in its thread."""
    await call.refuse(REJECTED)
    card = await studio.feed(f"Call to {SHOWN}", "Failed", "busy, or declined")
    assert "check the number and the trunk" in card.words
    other = await dialled(studio)
    await other.refuse(UNAVAILABLE)
    await studio.feed(f"Call to {SHOWN}", "Failed", "nobody answers at that number")
    assert (await studio.ask("sip list standup")).lines[0] == "No call at this moment in *standup*."
    last = await dialled(studio)
    await studio.feed(f"Call to {SHOWN}", "Dialing", last.id)
    await studio.phones.die()
    await studio.feed(f"Call to {SHOWN}", "Failed", "it was not put through")


async def test_a_call_that_the_service_refuses(studio: Studio) -> None:
    """What it says of the number goes nowhere."""
    await admin(studio, "sip trunk create", OFFICE)
    studio.phones.dials = refusing(f"no route to {THEIRS}")
    told = await studio.press(await studio.ask("sip dial standup", THEIRS), "Call")
    assert "no route to" in told.words
    assert THEIRS not in told.words
    assert [m.lines[0] for m in public(studio.world)] == ["standup"]
    assert await studio.people() == {}


async def test_the_other_end_hangs_up(studio: Studio, call: Call) -> None:
    await call.answer()
    await studio.feed(f"Call to {SHOWN}", "Active")
    await call.hang_up()
    await studio.feed(f"Call to {SHOWN}", "Ended")


async def test_the_room_ends_with_somebody_on_the_telephone(studio: Studio, call: Call) -> None:
    await call.answer()
    await studio.press(await studio.ask("room close standup"), "End room")
    await call.ended()
    card = await studio.feed(f"Call to {SHOWN}", "Ended")
    assert "Hang up" not in labels(card)


async def test_without_a_sip_service(log: Log, often_compared: None, tmp_path: Path) -> None:
    """Trunks can be made, and the answer to a call comes after a second."""
    async with Studio.open(tmp_path, redis=True) as studio:
        await studio.ask("room create standup")
        await admin(studio, "sip trunk create", OFFICE)
        told = await studio.press(await studio.ask("sip dial standup", THEIRS), "Call")
        assert told.lines[0] == "No SIP service of `livekit` answers, so nobody was called."
        assert "Calls need one that runs beside the video server" in told.words
        phones = await studio.hire_phones()
        again = await studio.press(await studio.press(told, "Try again"), "Call")
        assert again.lines[0] == f"Calling *{SHOWN}* into *standup*. Its card says how it goes."
        assert (await phones.next()).number == THEIRS
        assert_kept_out(studio, log)


async def test_by_which_of_two_trunks(studio: Studio) -> None:
    nobody = await studio.ask("sip dial standup", THEIRS)
    assert nobody.lines[0] == "No trunk leads out of `livekit`, so nobody can be called."
    await admin(studio, "sip trunk create", OFFICE)
    await admin(studio, f"sip trunk create outbound branch --number {BRANCH} --address b.example.com")
    which = await studio.ask("sip dial standup", THEIRS)
    assert which.lines[:2] == ["2 trunks lead out of `livekit`.", "Say by which one to call, with --trunk."]
    await studio.press(await studio.press(which, "By branch"), "Call")
    call = await studio.phones.next()
    assert (call.trunk_number, call.number) == (BRANCH, THEIRS)
    named = await dialled(studio, "--trunk office", "--identity second")
    assert named.trunk_number == OURS


async def test_numbers_that_are_none(studio: Studio) -> None:
    await admin(studio, "sip trunk create", OFFICE)
    for letters in ("0800-CALL-US", "eve@sip.example.com"):
        told = await studio.ask("sip dial standup", letters)
        assert "A telephone number has no letters." in told.words
    gone = await studio.ask("sip dial retro", THEIRS)
    assert gone.lines[0] == "There is no room `retro` on `livekit`."
    assert studio.phones.calls == {}


async def test_the_same_number_twice(studio: Studio, call: Call) -> None:
    """Each comes in by an identity of its own, as the server would throw out the first."""
    question = await studio.ask("sip dial standup", THEIRS)
    assert f"{SHOWN} is in it by telephone." in question.words
    await studio.press(question, "Call")
    other = await studio.phones.next()
    assert (call.identity, other.identity) == ("phone-8765", "phone-8765-2")
    which = await studio.ask("sip hangup standup 8765")
    assert which.lines[0] == "2 in `standup` are called `8765`."
    question = await studio.press(which, f"{SHOWN} (phone-8765-2)")
    await studio.press(question, "Hang up")
    await other.ended()
    assert not call.is_over


# What is done with a call.


async def test_keys_are_heard(studio: Studio, call: Call) -> None:
    """By the telephone that is meant, and by nobody else in the room."""
    await call.answer()
    bob = await studio.enter("bob")
    overheard: list[str] = []
    bob.room.on("sip_dtmf_received", lambda key: overheard.append(key.digit))
    told = await studio.ask("sip dtmf standup 8765", KEYS)
    assert told.lines[0] == f"Pressed the keys for *{SHOWN}* in *standup*."
    await call.hears(KEYS)
    assert overheard == []


async def test_a_transfer(studio: Studio, call: Call) -> None:
    """`TransferSIPParticipant`: refused first."""
    await call.answer()
    call.transfers = transfer_refused()
    question = await studio.ask("sip transfer standup 8765", BRANCH)
    assert question.lines[0].startswith(f"Transfer *{SHOWN}* from *standup* to `{BRANCH}`? They leave the room, and ")
    refused = await studio.press(question, "Transfer")
    assert refused.lines[0] == f"The other side did not take the transfer of *{SHOWN}*."
    assert "They are still in the room." in refused.words
    call.transfers = None
    done = await studio.press(await studio.ask("sip transfer standup phone-8765", BRANCH), "Transfer")
    assert done.lines[0] == f"Transferred *{SHOWN}* from *standup* to …0200."
    await call.ended()
    assert call.transferred_to == f"tel:{BRANCH}"
    await studio.feed(f"Call to {SHOWN}", "Ended")


async def test_somebody_who_is_on_no_telephone(studio: Studio) -> None:
    await studio.enter("bob", "--name Bob")
    for words in (f"sip transfer standup bob {BRANCH}", "sip hangup standup bob", "sip dtmf standup bob 1"):
        told = await studio.ask(words)
        assert told.lines[:2] == [
            "*Bob* is in `standup`, but not on the telephone.",
            "Nobody in it is on the telephone.",
        ]
    assert "bob" in await studio.people()
