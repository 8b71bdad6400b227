"""Trunks, rules and calls that come in by them, by slash commands on a real server with Redis and a SIP service."""

import pytest
from livekit.protocol import sip as pb

from tests.bot.conversations.talk import labels, mention, press
from tests.live.studio import Studio
from tests.live.telephones import (
    BRANCH,
    HASHED,
    HIDDEN,
    HOTLINE,
    OFFICE,
    OURS,
    PASSWORD,
    PIN,
    SHOWN,
    THEIRS,
    admin,
    confirmed,
    inbound,
    outbound,
    rules,
)
from tests.standins.psrpc import RpcError
from tests.standins.sip.service import PinWanted


@pytest.fixture
def studio(telephone_studio: Studio) -> Studio:
    return telephone_studio


# Trunks.


async def test_a_trunk_out(studio: Studio) -> None:
    """`CreateSIPOutboundTrunk`, `ListSIPOutboundTrunk`, `UpdateSIPOutboundTrunk`, `DeleteSIPTrunk`."""
    refused = await studio.ask("sip trunk create", OFFICE)
    assert "is for people with the role admin" in refused.lines[0]
    created = await admin(studio, "sip trunk create", OFFICE, "--country de --transport tls --metadata floor-3")
    assert created.lines[0] == "Created the trunk *office*."
    assert labels(created) == ["Call...", "Show"]
    [trunk] = await outbound(studio)
    assert (list(trunk.numbers), trunk.address, trunk.destination_country) == ([OURS], "media.example.com", "DE")
    assert (trunk.auth_username, trunk.auth_password, trunk.metadata) == ("desk", PASSWORD, "floor-3")
    assert trunk.transport == pb.SIPTransport.SIP_TRANSPORT_TLS

    listed = await studio.ask("sip trunk list")
    assert "*office* · outbound" in listed.lines
    shown = await admin(studio, "sip trunk show office")
    assert PASSWORD not in shown.words
    revealed = await press(studio.world, studio.world.owner, shown, "Show password")
    assert PASSWORD in revealed.words

    changed = await admin(studio, f"sip trunk update office --number {OURS} --number {BRANCH} --metadata", '""')
    assert changed.lines[0] == "Changed the trunk *office*."
    [after] = await outbound(studio)
    assert (list(after.numbers), after.metadata, after.auth_password) == ([OURS, BRANCH], "", PASSWORD)
    assert after.transport == trunk.transport

    questions = [await admin(studio, "sip trunk delete office") for _ in range(2)]
    told = [await press(studio.world, studio.world.owner, each, "Delete") for each in questions]
    assert told[0].lines[0] == "Deleted the trunk *office*."
    assert told[1].lines[0] == f"There is no trunk `{trunk.sip_trunk_id}` on `livekit`."
    assert await outbound(studio) == []


async def test_a_trunk_in(studio: Studio) -> None:
    """`CreateSIPInboundTrunk`, `ListSIPInboundTrunk`, `UpdateSIPInboundTrunk`, `DeleteSIPTrunk`."""
    login = f"--username desk --password {PASSWORD}"
    limits = f"--allow-address 198.51.100.0/24 --allow-number {THEIRS}"
    created = await admin(studio, "sip trunk create", HOTLINE, login, limits)
    assert created.lines[0] == "Created the trunk *hotline*."
    assert "A rule says where its calls end up." in created.words
    [trunk] = await inbound(studio)
    assert (list(trunk.allowed_addresses), list(trunk.allowed_numbers)) == (["198.51.100.0/24"], [THEIRS])

    await admin(studio, 'sip trunk update hotline --allow-address "" --allow-number "" --name front-desk')
    [after] = await inbound(studio)
    assert (list(after.allowed_addresses), list(after.allowed_numbers), after.name) == ([], [], "front-desk")
    assert (list(after.numbers), after.auth_username, after.auth_password) == ([OURS], "desk", PASSWORD)
    assert "*front-desk* · inbound" in (await studio.ask("sip trunks")).lines

    await confirmed(studio, "sip trunk delete front-desk", button="Delete")
    assert await inbound(studio) == []
    assert (await admin(studio, "sip trunk delete front-desk")).lines[0] == (
        "There is no trunk `front-desk` on `livekit`."
    )


async def test_trunks_that_are_refused(studio: Studio) -> None:
    """What would not work, or would let anybody in, never gets to the server; the same number twice it refuses."""
    nothing = await admin(studio, "sip trunk create outbound office")
    assert "Calls cannot go out without the telephone company's host. Give it." in nothing.words
    assert "Calls go out under a number of yours. Give one." in nothing.words
    assert "Anybody could call in by it." in (await admin(studio, "sip trunk create inbound hotline")).words
    letters = await admin(studio, "sip trunk create inbound hotline --number 0800-CALL-US")
    assert "A telephone number has no letters." in letters.words
    private = await admin(studio, f"sip trunk create outbound office --number {OURS} --address 192.168.0.9")
    assert private.lines[0].startswith("--address: ")
    assert (await inbound(studio), await outbound(studio)) == ([], [])
    await admin(studio, "sip trunk create", HOTLINE)
    again = await admin(studio, f"sip trunk create inbound other --number {OURS}")
    assert again.lines[0] == "The trunk *hotline* has one of these numbers already."
    await admin(studio, f"sip trunk create inbound other --number {BRANCH}")
    changed = await admin(studio, f"sip trunk update other --number {OURS}")
    assert changed.lines[0] == "The trunk *hotline* has one of these numbers already."
    assert sorted(list(each.numbers) for each in await inbound(studio)) == [[OURS], [BRANCH]]


# Rules.


async def test_rules_of_three_kinds(studio: Studio) -> None:
    """`CreateSIPDispatchRule`, `ListSIPDispatchRule`, `UpdateSIPDispatchRule`, `DeleteSIPDispatchRule`."""
    await admin(studio, "sip trunk create", HOTLINE)
    [trunk] = await inbound(studio)
    direct = await admin(
        studio, f"sip rule create direct standup --name one --trunk hotline --pin {PIN} --caller {THEIRS}"
    )
    assert direct.lines[0] == "From now on these calls end up in *standup*."
    await admin(studio, f"sip rule create individual call- --name own --caller {BRANCH}")
    await admin(studio, "sip rule create callee desk- --name each --caller 1234567")
    there = {rule.name: rule for rule in await rules(studio)}
    one = there["one"]
    assert one.rule.dispatch_rule_direct == pb.SIPDispatchRuleDirect(room_name="standup", pin=PIN)
    assert (list(one.trunk_ids), list(one.inbound_numbers)) == ([trunk.sip_trunk_id], [THEIRS])
    assert (there["own"].rule.dispatch_rule_individual.room_prefix, there["own"].hide_phone_number) == ("call-", True)
    assert there["each"].rule.dispatch_rule_callee.room_prefix == "desk-"
    call = await studio.phones.ring_in(BRANCH, OURS)
    assert call.room.startswith("call-_0200_"), "of a number that is hidden the room's name has the end"
    listed = await studio.ask("sip rule list")
    assert listed.lines[0] == "3 rules are on `livekit`."
    assert PIN not in listed.words

    again = await admin(studio, f"sip rule create direct retro --trunk hotline --pin {PIN} --caller {THEIRS}")
    assert again.lines[0] == "The rule *one* says already where these calls end up."
    await admin(studio, 'sip rule update one --room retro --trunk "" --caller ""')
    changed = next(rule for rule in await rules(studio) if rule.name == "one")
    assert changed.rule.dispatch_rule_direct == pb.SIPDispatchRuleDirect(room_name="retro", pin=PIN)
    assert (list(changed.trunk_ids), list(changed.inbound_numbers)) == ([], [])
    await admin(studio, "sip rule update each --kind individual --room solo-")
    changed = next(rule for rule in await rules(studio) if rule.name == "each")
    assert changed.rule.dispatch_rule_individual.room_prefix == "solo-"

    for name in ("one", "own", "each"):
        told = await confirmed(studio, "sip rule delete", name, button="Delete")
        assert told.lines[0] == f"Deleted the rule *{name}*."
    assert await rules(studio) == []
    assert (await admin(studio, "sip rule delete one")).lines[0] == "There is no rule `one` on `livekit`."


async def test_somebody_calls_in_by_a_rule_with_a_pin(studio: Studio) -> None:
    await admin(studio, "sip trunk create", HOTLINE)
    await admin(studio, f"sip rule create direct standup --trunk hotline --pin {PIN} --no-hide-number")
    with pytest.raises(PinWanted):
        await studio.phones.ring_in(THEIRS, OURS)
    with pytest.raises(RpcError):  # the server does not ask again
        await studio.phones.ring_in(THEIRS, OURS, pin="1")
    call = await studio.phones.ring_in(THEIRS, OURS, pin=PIN)
    await studio.card(f"📞 *Call*: *{SHOWN}* called in")
    listed = await studio.ask("sip list standup")
    assert f"*{SHOWN}* in *standup* · active" in listed.words
    assert f"called in · `sip_{SHOWN}`" in listed.words
    assert {"Hang up", "Send digits...", "Transfer..."} <= set(labels(listed))
    await studio.feed(f"Call from {SHOWN}", "Active")
    for words in ("participant list standup", "room show standup", f'participant show standup "Phone {SHOWN}"'):
        told = await mention(studio.world, studio.world.operator, f"@showcaller {words}")
        assert f"Phone {SHOWN}" in told.words
    await call.hang_up()
    await studio.feed(f"Call from {SHOWN}", "Ended")
    assert (await studio.ask("sip list")).lines[0] == "No call at this moment on `livekit`."


async def test_somebody_calls_in_whose_number_is_hidden(studio: Studio) -> None:
    """LiveKit then tells nobody more of it than its end, in the display name; the identity is a hash of it."""
    await admin(studio, "sip trunk create", HOTLINE)
    await admin(studio, "sip rule create direct standup --trunk hotline")
    call = await studio.phones.ring_in(HIDDEN, OURS)
    assert call.identity == HASHED
    await studio.card("📞 *Call*: *…5676* called in")
    listed = await studio.ask("sip list standup")
    assert "*…5676* in *standup* · active" in listed.words
    assert call.identity in listed.words
    await studio.feed("Call from …5676", "Active")
    people = await studio.ask("participant list standup")
    assert "*Phone 5676*" in people.lines
    await studio.press(await studio.ask("sip hangup standup", call.identity), "Hang up")
    await call.ended()
