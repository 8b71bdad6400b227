"""Telephone calls from Slack: numbers are shown to the asker alone, and secrets of trunks and rules to nobody else."""

import pytest

from bot.demo.world import World
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import accepted, ask, card, database, form, heard, mention, public

NUMBER, PASSWORD, PIN = "+493012345678", "pa55-of-the-trunk", "471123"
OFFICE = "sip trunk create outbound office --number +493099990000 --address example.com"
HOTLINE = "sip trunk create inbound hotline --number +493099990000 --allow-address 198.51.100.7"


def assert_kept_nowhere(world: World, log: Log, *secrets: str) -> None:
    """Neither in the log nor in the clear in the database."""
    assert [secret for secret in secrets if secret in log.text or secret.encode() in database(world)] == []


async def test_a_call_by_form(world: World, log: Log) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.owner, f"/video {OFFICE}")
    view = await form(world, world.operator, "/video sip dial standup")
    refused = await world.slack.submit(world.operator, view, {"number": "+49CALLANA"})
    assert "A telephone number has no letters." in str(refused)
    accepted(await world.slack.submit(world.operator, view, {"number": "+49 30 1234 5678"}))
    asked = await world.slack.until(
        lambda: [m for m in heard(world, world.operator) if "A call costs money" in m.words]
    )
    assert asked[0].words.startswith(f"Call `{NUMBER}` into *standup*?")
    accepted(await world.slack.press(world.operator, asked[0], "Call"))
    shown = await card(world, "Call to …5678", "Active")
    assert "Hang up" in shown.words
    assert NUMBER not in str([message.words for message in public(world)])
    assert_kept_nowhere(world, log, NUMBER, NUMBER.removeprefix("+"))


async def test_under_a_mention_the_question_with_the_number_is_for_the_asker_alone(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    await ask(world, world.owner, f"/video {OFFICE}")
    said = await mention(world, world.operator, f"@showcaller sip dial standup {NUMBER}")
    assert said.words.startswith(f"@{world.operator.id}, that is for you alone")
    (asked,) = (m for m in heard(world, world.operator) if "A call costs money" in m.words)
    assert asked.ephemeral_to == world.operator.id
    assert asked.words.startswith(f"Call `{NUMBER}` into *standup*?")
    accepted(await world.slack.press(world.operator, asked, "Call"))
    await card(world, "Call to …5678", "Active")
    assert [m for m in public(world) if m.user != world.operator.id and NUMBER in m.words] == []


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (f"{OFFICE} --username desk --password {PASSWORD}", "--password"),
        (f"sip rule create direct standup --pin {PIN}", "--pin"),
        (f"sip dtmf standup 5678 {PIN}", "DIGITS"),
        (f"sip dial standup {NUMBER} --dtmf {PIN}", "--dtmf"),
    ],
)
async def test_what_others_have_read_is_refused(world: World, log: Log, line: str, option: str) -> None:
    said = await mention(world, world.owner, f"@showcaller {line}")
    assert said.words.startswith(f"Everybody here can read what you gave as `{option}`, so I have not used it.")
    assert_kept_nowhere(world, log, PASSWORD, PIN)
    assert PASSWORD not in str(world.slack.calls)
    assert PIN not in str(world.slack.calls)
    assert await world.memory.list_trunks() == []


async def test_the_form_of_a_trunk_shows_what_is_there_and_takes_away_what_is_emptied(world: World) -> None:
    await ask(world, world.owner, f"/video {HOTLINE}")
    view = await form(world, world.owner, "/video sip trunk update hotline")
    accepted(await world.slack.submit(world.owner, view, {"allow_address": ""}))
    await world.slack.until(lambda: [m for m in heard(world, world.owner) if "Changed the trunk" in m.words])
    [trunk] = await world.memory.list_trunks()
    assert (trunk.name, trunk.numbers, trunk.allowed_addresses) == ("hotline", ("+493099990000",), ())
