"""A token is for the one who asked, and is kept nowhere."""

import re

import aiohttp
import pytest
from pydantic import SecretStr

from bot.demo.slack import Message
from bot.demo.world import World
from tests.bot.conversations.conftest import Start
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import ask, card, database, form, heard, press

TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


def token_of(message: Message) -> str:
    found = TOKEN.search(str(message.blocks))
    assert found is not None, message.words
    return found[0]


async def assert_kept_nowhere(world: World, log: Log, token: str) -> None:
    """Only in the answer: no log line, no byte of the database, no call to Slack, nobody else's eyes."""
    for part in (token, token.rpartition(".")[2]):
        assert part not in log.text
        assert part.encode() not in database(world)
        assert part not in str(world.slack.calls)
        for person in (world.owner, world.guest):
            for channel in world.slack.workspace.channels:
                assert part not in str(world.slack.seen_by(person, channel))
    await world.restart()
    assert token.encode() not in database(world)


@pytest.mark.parametrize(
    "line", ["token create standup", "token create standup --identity guest-1", "room join standup", "join"]
)
async def test_a_typed_token(world: World, log: Log, line: str) -> None:
    await ask(world, world.operator, "/video room create standup")
    said = await ask(world, world.operator, f"/video {line}")
    assert said.ephemeral_to == world.operator.id
    world.memory.server.join_with(SecretStr(token_of(said)))
    await card(world, "standup", "1 person")
    assert TOKEN.search(said.text) is None, "a notification shows on lock screens"
    await assert_kept_nowhere(world, log, token_of(said))


async def test_a_token_by_button_and_one_by_form(world: World, log: Log) -> None:
    view = await form(world, world.operator, "/video token create")
    await ask(world, world.operator, "/video room create standup")
    by_button = await press(world, world.operator, await card(world, "standup"), "Join")
    before = len(heard(world, world.operator))
    await world.slack.submit(world.operator, view, {"room": "standup", "identity": "guest-1"})
    by_form = await world.slack.until(lambda: heard(world, world.operator)[before:])
    for said in (by_button, by_form[0]):
        assert said.ephemeral_to == world.operator.id
        await assert_kept_nowhere(world, log, token_of(said))


async def test_a_join_link_is_a_button_for_the_asker_alone(start: Start, log: Log) -> None:
    world = await start(environ={"SHOWCALLER_JOIN_URL": "https://meet.example/{room}?t={token}&u={url}"})
    await ask(world, world.operator, '/video room create "all hands"')
    said = await ask(world, world.operator, "/video join")
    assert TOKEN.search(said.words) is None
    (link,) = [part for block in said.blocks for part in block.get("elements", ()) if "url" in part]
    assert link["url"].startswith("https://meet.example/all%20hands?t=eyJ")
    assert "value" not in link
    ack = await world.slack.press(world.operator, said, "Join")
    assert ack.problem is None
    await assert_kept_nowhere(world, log, token_of(said))


async def test_people_keep_their_identity_and_a_second_window_gets_another(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    first = await ask(world, world.operator, "/video join")
    mine = f"slack-{world.slack.team_id}-{world.operator.id}"
    assert f"*Identity*\n`{mine}`" in first.words
    world.memory.server.join_with(SecretStr(token_of(first)))
    second = await ask(world, world.operator, "/video join")
    assert f"*Identity*\n`{mine}-2`" in second.words


async def test_configured_secrets_are_in_no_answer_and_no_row(world: World, log: Log) -> None:
    for line in ("provider show", "provider list", "whoami", "help", "room create standup", "room show"):
        await ask(world, world.owner, f"/video {line}")
    slack = world.slack
    async with aiohttp.ClientSession() as session, session.get(f"{world.address}/metrics") as answer:
        shown = await answer.text()
    assert "showcaller" in shown
    for secret in (slack.bot_token, slack.app_token, slack.signing_secret, "not-a-secret-that-anybody-must-guess"):
        assert secret.encode() not in database(world)
        assert secret not in str(slack.seen_by(world.owner, world.general))
        assert secret not in log.text
        assert secret not in shown


async def test_the_kept_address_of_an_answer_is_sealed_and_forgotten(world: World) -> None:
    await ask(world, world.operator, "/video room create standup")
    assert b"/response/" not in database(world)
