"""Trunks: creating, looking at, changing and deleting them."""

import pytest

from bot.render.form import pages
from commands.core.dispatch import Asked
from commands.core.errors import NothingHere, UsageError
from commands.core.reply import Action, Form, plain
from commands.sip_trunk import SipTrunkDelete, SipTrunkShow
from commands.sip_trunk_change import SipTrunkCreate, SipTrunkUpdate
from providers.base import RuleKind, RuleOptions, TrunkDirection, TrunkTransport
from providers.memory.provider import Memory
from tests.commands.lines import fault, problems, read
from tests.commands.telephones import OURS, PASSWORD, assert_kept_out, inbound, outbound
from tests.commands.workspace import ANNA, OLGA, Workspace, button, facts_of, labels, refused, says, titles, told

LOGIN = f"--username desk --password {PASSWORD}"


async def test_an_outbound_trunk(workspace: Workspace, memory: Memory) -> None:
    line = f"sip trunk create outbound office --number {OURS} --address sip.example.com:5061 --transport tls"
    reply = told(await workspace.say(f"{line} --country de {LOGIN}", by=ANNA))
    [trunk] = await memory.list_trunks()
    assert plain(reply.text) == "Created the trunk office."
    assert facts_of(reply) == {
        "Id": trunk.ref.id,
        "Direction": "outbound",
        "Numbers": OURS,
        "Address": "sip.example.com:5061",
        "Transport": "TLS",
        "Country": "DE",
        "Login": "desk",
        "Password": "set",
    }
    assert (trunk.transport, trunk.password and trunk.password.get_secret_value()) == (TrunkTransport.TLS, PASSWORD)
    assert labels(reply.actions) == ["Call...", "Show"]
    assert_kept_out(reply, workspace.attempts.rows)


async def test_an_inbound_trunk_wants_a_rule_next(workspace: Workspace, memory: Memory) -> None:
    line = f"sip trunk create inbound hotline --number {OURS} --allow-address 198.51.100.7/24 --allow-number 0301234567"
    reply = told(await workspace.say(line, by=ANNA))
    [trunk] = await memory.list_trunks()
    assert (trunk.direction, trunk.allowed_addresses, trunk.allowed_numbers) == (
        TrunkDirection.INBOUND, ("198.51.100.0/24",), ("0301234567",),
    )  # fmt: skip
    assert plain(reply.hint) == "A rule says where its calls end up."
    rule = reply.actions[0]
    assert isinstance(rule, Form)
    assert dict(rule.given) == {"provider": "memory", "trunk": [trunk.ref.id]}


OPEN = "--allow-address: Anybody could call in by it. Give its numbers, the addresses that may call, or a login."


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            f"outbound x --number {OURS}",
            "--address: Calls cannot go out without the telephone company's host. Give it.",
        ),
        ("outbound x --address sip.example.com", "--number: Calls go out under a number of yours. Give one."),
        ("inbound x", OPEN),
        ('inbound x --number ""', OPEN),
        ("inbound x --allow-number +493012345678", OPEN),
        (f"inbound x --number {OURS} --number {OURS}", "--number: One of them is given twice."),
        (f"inbound x --number {OURS} --address a.example", "--address: Only outbound trunks have that; leave it out."),
        (
            f"inbound x --number {OURS} --username desk",
            "--password: A login has a password, too. Give it, or leave the name out.",
        ),
        (
            f"inbound x --number {OURS} --password {PASSWORD}",
            "--username: A login has a name, too. Give it, or leave the password out.",
        ),
    ],
)
async def test_a_trunk_that_would_not_work(workspace: Workspace, memory: Memory, arguments: str, problem: str) -> None:
    error = refused(await workspace.say(f"sip trunk create {arguments}", by=ANNA))
    assert isinstance(error, UsageError)
    assert problem in [p.text for p in error.problems]
    assert await memory.list_trunks() == []


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("--number +49CALLUS", "--number: A telephone number has no letters. Write it like +493012345678."),
        (
            "--address sip:desk@sip.example.com",
            "--address: It is no host. Write it without sip: and without a name before it, like example.com:5061.",
        ),
        (
            "--allow-address pbx.example.com",
            "--allow-address: It is no IP address and no network. Write it like 198.51.100.7 or 198.51.100.0/24.",
        ),
        ("--country Germany", "--country: A country is two letters, as in the names of its websites: DE, US."),
    ],
)
def test_what_the_fields_do_not_take(option: str, problem: str) -> None:
    assert problems(fault(f"sip trunk create inbound x {option}")) == [problem]


async def test_a_trunk_to_a_machine_inside_is_refused(workspace: Workspace, memory: Memory) -> None:
    line = f"sip trunk create outbound x --number {OURS} --address inside.test:5061"
    assert says(refused(await workspace.say(line, by=ANNA)))[0] == "--address: It is in no public network."
    await outbound(memory)
    error = refused(await workspace.say('sip trunk update office --address ""', by=ANNA))
    assert says(error)[0] == "--address: Calls cannot go out without the telephone company's host. Give it."


async def test_the_same_number_twice(workspace: Workspace, memory: Memory) -> None:
    there = await inbound(memory)
    error = refused(await workspace.say(f"sip trunk create inbound again --number {OURS}", by=ANNA))
    assert says(error)[0] == "The trunk hotline has one of these numbers already."
    assert button(error.actions, "Show it") == SipTrunkShow(provider="memory", trunk=there.ref.id)
    other = await inbound(memory, "other", "+493055550000")
    error = refused(await workspace.say(f"sip trunk update other --number {OURS}", by=ANNA))
    assert says(error)[0] == "The trunk hotline has one of these numbers already."
    assert other in await memory.list_trunks()


async def test_the_password_is_shown_to_whoever_asks_for_it(workspace: Workspace, memory: Memory) -> None:
    await outbound(memory)
    refused(await workspace.say("sip trunk show office", by=OLGA))
    reply = told(await workspace.say("sip trunk show OFFICE", by=ANNA))
    assert (reply.secrets, reply.alone, facts_of(reply)["Password"]) == ((), True, "set")
    assert labels(reply.actions) == ["Show password", "Update", "Delete"]
    answer = await workspace.press(button(reply.actions, "Show password"), by=ANNA)
    [secret] = told(answer).secrets
    assert (secret.label, secret.value.get_secret_value()) == ("Password", PASSWORD)
    assert_kept_out(answer, workspace.attempts.rows)


async def test_the_list(workspace: Workspace, memory: Memory) -> None:
    empty = told(await workspace.say("sip trunks", by=ANNA))
    assert plain(empty.text) == "No trunk is on memory, so nobody can call or be called."
    assert labels(empty.actions) == ["Create trunk"]
    await outbound(memory)
    await inbound(memory)
    reply = told(await workspace.say("sip trunk list"))
    assert plain(reply.text) == "2 trunks are on memory."
    assert titles(reply) == ["hotline · inbound", "office · outbound"]
    assert_kept_out(reply)


async def test_only_what_is_named_changes(workspace: Workspace, memory: Memory) -> None:
    await outbound(memory)
    reply = told(await workspace.say(f"sip trunk update office --number {OURS} --number 1234567 --name desk", by=ANNA))
    assert plain(reply.text) == "Changed the trunk desk."
    assert facts_of(reply) == {"Name": "office → desk", "Numbers": f"{OURS} → {OURS}, 1234567"}
    [trunk] = await memory.list_trunks()
    assert (trunk.name, trunk.numbers, trunk.address) == ("desk", (OURS, "1234567"), "sip.example.com")
    assert trunk.password is not None
    reply = told(await workspace.say("sip trunk update desk --password other-one", by=ANNA))
    assert facts_of(reply) == {"Password": "replaced"}
    reply = told(await workspace.say("sip trunk update desk --name desk", by=ANNA))
    assert plain(reply.text) == "The trunk desk was like that already; nothing changed."


async def test_what_is_emptied_is_taken_away(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say(f"sip trunk create inbound hotline --number {OURS} {LOGIN}", by=ANNA))
    reply = told(await workspace.say('sip trunk update hotline --username "" --password ""', by=ANNA))
    assert facts_of(reply) == {"Login": "desk → none", "Password": "set → none"}
    error = refused(await workspace.say('sip trunk update hotline --number ""', by=ANNA))
    assert says(error) == (OPEN, "It is an inbound trunk.")
    error = refused(await workspace.say("sip trunk update hotline --address sip.example.com", by=ANNA))
    assert says(error)[0] == "--address: Only outbound trunks have that; leave it out."


async def test_the_form_of_a_change_shows_what_is_there_and_fits_the_direction(
    workspace: Workspace, memory: Memory
) -> None:
    await inbound(memory)
    there = await SipTrunkUpdate.begins_with(workspace.context(memory), {"provider": "memory", "trunk": "hotline"})
    assert (there["direction"], there["number"]) == ("inbound", (OURS,))
    shown = [name for page in pages(SipTrunkUpdate, memory, there) for name in page]
    assert "allow_address" in shown
    assert "address" not in shown
    assert read("sip trunk update hotline").is_unfinished
    shown = [name for page in pages(SipTrunkCreate, memory, {"direction": "outbound"}) for name in page]
    assert {"address", "transport"} < set(shown)
    assert "allow_address" not in shown


async def test_deleting_says_what_uses_it(workspace: Workspace, memory: Memory) -> None:
    trunk = await inbound(memory)
    await memory.create_rule(RuleOptions(RuleKind.DIRECT, "standup", "front", trunks=(trunk.ref.id,)))
    asked = await workspace.say("sip trunk delete hotline", by=ANNA)
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == "Delete the trunk hotline? Nobody can call in by it then."
    assert [(label, plain(value)) for label, value in asked.result.question.facts] == [
        ("Rules", "front; 1 takes no calls then")
    ]
    assert plain(told(await workspace.confirm(asked)).text) == "Deleted the trunk hotline."
    assert await memory.list_trunks() == []
    again = await workspace.press(SipTrunkDelete(provider="memory", trunk=trunk.ref.id), by=ANNA, confirmed=True)
    assert isinstance(refused(again), NothingHere)


async def test_of_two_alike_one_is_chosen_by_id(workspace: Workspace, memory: Memory) -> None:
    trunks = [await outbound(memory, "office", number) for number in ("+493011110000", "+493022220000")]
    error = refused(await workspace.say("sip trunk show office", by=ANNA))
    assert says(error) == ("2 trunks are called office.", "Say which one, by id.")
    commands = [b.command for b in error.actions if isinstance(b, Action)]
    assert commands == [SipTrunkShow(provider="memory", trunk=trunk.ref.id) for trunk in trunks]
