"""Workspaces that take tables, and those that do not: nothing is posted twice, and nobody is asked in vain again."""

import pytest
from pydantic import SecretStr

from bot.render.reply import render_reply
from bot.slack.client import SlackClient
from bot.slack.errors import PayloadRefused, SlackError
from commands.core.reply import Reply, Strong, Table
from tests.bot.slack.scripted import Raw, Scripted

TABLE = Table(("Room", "In it"), (((Strong("standup"),), "3 people"), ("retro", "")))
SHOWN = render_reply(Reply(text="2 rooms are live.", table=TABLE))


def kinds(api: Scripted) -> list[list[str]]:
    """The blocks of each message that was sent."""
    return [[block["type"] for block in said["blocks"]] for _, said in api.asked]


def refuse(api: Scripted, code: str) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": code}
    api.answers["response"] = Raw(400, f'{{"ok": false, "error": "{code}"}}')


async def send(api: Scripted, client: SlackClient, way: str) -> None:
    await (client.post("C1", SHOWN) if way == "post" else client.respond(SecretStr(api.response_url), SHOWN))


ways = pytest.mark.parametrize("way", ["post", "response"])


@ways
async def test_a_table_is_sent_once_where_it_is_taken(api: Scripted, client: SlackClient, way: str) -> None:
    await send(api, client, way)
    await send(api, client, way)
    assert kinds(api) == [["section", "table"]] * 2


@ways
@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format"])
async def test_where_it_is_refused_sections_go_instead_for_good(
    api: Scripted, client: SlackClient, way: str, code: str
) -> None:
    refuse(api, code)
    with pytest.raises(SlackError):
        await send(api, client, way)
    assert kinds(api) == [["section", "table"], ["section", "section"], ["section"]]
    api.answers.clear()
    await send(api, client, way)
    assert kinds(api)[3:] == [["section", "section"]]


@ways
async def test_where_sections_are_refused_too_the_words_go_alone(api: Scripted, client: SlackClient, way: str) -> None:
    api.answers["chat.postMessage"] = [{"ok": False, "error": "invalid_blocks"}] * 2
    api.answers["response"] = [Raw(400, "invalid_blocks", "text/plain")] * 2
    await send(api, client, way)
    assert kinds(api) == [["section", "table"], ["section", "section"], ["section"]]
    assert api.asked[-1][1]["blocks"][0]["text"]["text"] == "2 rooms are live."


async def test_one_that_is_too_long_says_nothing_of_the_next(api: Scripted, client: SlackClient) -> None:
    refuse(api, "msg_blocks_too_long")
    with pytest.raises(PayloadRefused):
        await client.post("C1", SHOWN)
    api.answers.clear()
    await client.post("C1", SHOWN)
    assert kinds(api) == [["section", "table"], ["section", "section"], ["section"], ["section", "table"]]


@pytest.mark.parametrize("answer", [{"ok": False, "error": "internal_error"}, Raw(502), Raw(200, "[1]")])
async def test_what_may_have_been_posted_is_not_sent_again(api: Scripted, client: SlackClient, answer: object) -> None:
    api.answers["chat.postMessage"] = answer
    with pytest.raises(SlackError):
        await client.post("C1", SHOWN)
    assert kinds(api) == [["section", "table"]]


async def test_the_sections_say_what_the_table_says(api: Scripted, client: SlackClient) -> None:
    refuse(api, "invalid_blocks")
    with pytest.raises(PayloadRefused):
        await client.post("C1", SHOWN)
    assert api.asked[1][1]["blocks"][1]["text"]["text"] == "*standup* · In it: 3 people\nretro"
    assert api.asked[1][1]["text"] == "2 rooms are live."
