"""Rules for calls that come in: creating, looking at, changing and deleting them."""

import pytest

from commands.core.dispatch import Asked
from commands.core.errors import NothingHere
from commands.core.reply import plain
from commands.sip_rule import SipRuleDelete
from commands.sip_rule_change import SipRuleUpdate
from commands.sip_trunk import SipTrunkDelete
from providers.base import RoomRef, RuleKind, Trunk
from providers.memory.provider import Memory
from tests.commands.lines import fault, problems, read
from tests.commands.ports import Members
from tests.commands.telephones import PIN, assert_kept_out, inbound, outbound
from tests.commands.workspace import (
    ANNA,
    HALL,
    OLGA,
    STUDIO,
    Workspace,
    button,
    facts_of,
    labels,
    refused,
    says,
    titles,
    told,
)


@pytest.fixture
async def hotline(memory: Memory) -> Trunk:
    return await inbound(memory)


async def test_a_rule_for_one_room(workspace: Workspace, memory: Memory, hotline: Trunk) -> None:
    line = f"sip rule create direct . --trunk hotline --pin {PIN} --name front --caller +493012345678"
    reply = told(await workspace.say(line, by=ANNA, room=RoomRef("memory", "", "standup")))
    [rule] = await memory.list_rules()
    assert plain(reply.text) == "From now on these calls end up in standup."
    assert facts_of(reply) == {
        "Id": rule.ref.id,
        "Calls end up": "in standup",
        "By": "hotline",
        "From": "+493012345678",
        "PIN": "asked for",
        "Numbers": "hidden from the others in the room",
    }
    assert (rule.kind, rule.room, rule.name, rule.trunks) == (RuleKind.DIRECT, "standup", "front", (hotline.ref.id,))
    assert rule.pin is not None
    assert rule.pin.get_secret_value() == PIN
    assert reply.alone
    assert_kept_out([row.attempt.words for row in workspace.attempts.rows])


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("individual", "each in a room of its own, called call-…"),
        ("callee", "in a room for each number of yours, called call-…"),
    ],
)
async def test_rules_for_many_rooms(workspace: Workspace, memory: Memory, kind: str, where: str) -> None:
    reply = told(await workspace.say(f"sip rule create {kind} call-", by=ANNA))
    assert plain(reply.text) == f"From now on these calls end up {where}."
    assert plain(reply.hint) == "No PIN is asked for: whoever may call by the trunk comes in."
    assert (facts_of(reply)["By"], facts_of(reply)["Numbers"]) == (
        "any trunk", "hidden from the others in the room",
    )  # fmt: skip
    [rule] = await memory.list_rules()
    assert (rule.kind.value, rule.hides_number) == (kind, True)


async def test_callers_numbers_are_hidden_unless_somebody_wants_them_seen(workspace: Workspace) -> None:
    line = f"sip rule create individual call- --pin {PIN} --no-hide-number"
    assert plain(told(await workspace.say(line, by=ANNA)).hint) == (
        "Whoever is in the room sees callers' whole numbers, and rooms are named after them; --hide-number hides them."
    )
    hidden = told(await workspace.say("sip rule create individual talk- --pin 1", by=ANNA))
    assert plain(hidden.hint) == ""
    told(await workspace.say("sip rule update talk- --no-hide-number", by=ANNA))


async def test_two_rules_for_the_same_calls(workspace: Workspace, memory: Memory, hotline: Trunk) -> None:
    told(await workspace.say("sip rule create direct standup --trunk hotline", by=ANNA))
    error = refused(await workspace.say("sip rule create direct retro --trunk hotline", by=ANNA))
    assert says(error)[0] == "The rule standup says already where these calls end up."
    assert labels(error.actions) == ["Show"]
    assert len(await memory.list_rules()) == 1


async def test_trunks_that_are_not_there_or_lead_out(workspace: Workspace, memory: Memory) -> None:
    await outbound(memory)
    error = refused(await workspace.say("sip rule create direct standup --trunk nosuch", by=ANNA))
    assert says(error) == ("There is no trunk nosuch on memory.", "See /video sip trunk list.")
    error = refused(await workspace.say("sip rule create direct standup --trunk office", by=ANNA))
    assert says(error)[0] == "--trunk: Calls go out by office; a rule is for those that come in."
    assert await memory.list_rules() == []


def test_a_pin_of_letters_is_not_repeated() -> None:
    error = fault("sip rule create direct standup --pin s3cr3t")
    assert problems(error) == ["--pin: A PIN has digits alone, as it is typed on a telephone: 1234."]


async def test_the_pin_is_shown_to_whoever_asks_for_it(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say(f"sip rule create direct standup --pin {PIN}", by=ANNA))
    refused(await workspace.say("sip rule show standup", by=OLGA))
    reply = told(await workspace.say("sip rule show standup", by=ANNA))
    assert (reply.secrets, reply.alone) == ((), True)
    answer = await workspace.press(button(reply.actions, "Show PIN"), by=ANNA)
    [secret] = told(answer).secrets
    assert (secret.label, secret.value.get_secret_value()) == ("PIN", PIN)
    assert_kept_out(answer, workspace.attempts.rows)
    listed = told(await workspace.say("sip rule list"))
    assert titles(listed) == ["Calls by any trunk end up in standup"]
    assert "with a PIN" in plain(listed.items[0].detail)


async def test_only_what_is_named_changes(workspace: Workspace, memory: Memory, hotline: Trunk) -> None:
    told(await workspace.say(f"sip rule create direct standup --trunk hotline --pin {PIN} --name front", by=ANNA))
    reply = told(await workspace.say('sip rule update front --room retro --trunk "" --pin 1234', by=ANNA))
    assert plain(reply.text) == "Changed the rule front."
    assert facts_of(reply) == {
        "Calls end up": "in standup → in retro",
        "By": "hotline → any trunk",
        "PIN": "replaced",
    }
    reply = told(await workspace.say('sip rule update front --pin "" --no-hide-number', by=ANNA))
    assert facts_of(reply) == {
        "PIN": "asked for → none",
        "Numbers": "hidden from the others in the room → none",
    }
    assert plain(reply.hint).startswith("Whoever is in the room sees callers' whole numbers;")
    renamed = told(await workspace.say("sip rule update front --name desk", by=ANNA))
    assert facts_of(renamed) == {"Name": "front → desk"}
    told(await workspace.say("sip rule update desk --name front", by=ANNA))
    reply = told(await workspace.say("sip rule update retro --room retro", by=ANNA))
    assert plain(reply.text) == "The rule front was like that already; nothing changed."
    assert read("sip rule update front").is_unfinished
    there = await SipRuleUpdate.begins_with(workspace.context(memory), {"provider": "memory", "rule": "front"})
    assert (there["kind"], there["room"], there["trunk"]) == ("direct", "retro", ())
    assert "pin" not in there


async def test_a_rule_into_a_room_that_is_not_seen_is_not_listed(workspace: Workspace, memory: Memory) -> None:
    members = workspace.ports.membership
    assert isinstance(members, Members)
    members.private.add(STUDIO.channel_id)
    await workspace.room("plan", by=ANNA)
    told(await workspace.say("sip rule create direct plan", by=ANNA))
    assert titles(told(await workspace.say("sip rule list", by=OLGA))) == ["Calls by any trunk end up in plan"]
    elsewhere = told(await workspace.say("sip rule list", by=OLGA, place=HALL))
    assert plain(elsewhere.text) == "No rule is on memory."
    trunk = await inbound(memory)
    told(await workspace.say("sip rule update plan --trunk hotline --name secret", by=ANNA))
    hall = workspace.context(memory, place=HALL)
    question = await SipTrunkDelete(provider="memory", trunk=trunk.ref.id).question(hall)
    assert question.facts == (("Rules", "1 that is not seen here; 1 takes no calls then"),)


async def test_deleting_asks_and_twice_says_so(workspace: Workspace, memory: Memory) -> None:
    told(await workspace.say("sip rule create direct standup", by=ANNA))
    [rule] = await memory.list_rules()
    asked = await workspace.say("sip rule delete standup", by=ANNA)
    assert isinstance(asked.result, Asked)
    assert plain(asked.result.question.text) == "Delete the rule standup? Its calls do not come in then."
    assert plain(told(await workspace.confirm(asked)).text) == "Deleted the rule standup."
    again = await workspace.press(SipRuleDelete(provider="memory", rule=rule.ref.id), by=ANNA, confirmed=True)
    assert isinstance(refused(again), NothingHere)
    empty = told(await workspace.say("sip rules", by=ANNA))
    assert plain(empty.text) == "No rule is on memory."
