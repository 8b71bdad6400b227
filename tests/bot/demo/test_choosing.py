"""Selects that ask the bot for their options, and inputs that tell it at once what was chosen."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User, View
from tests.bot.demo.blocks import Block, entry, modal, plain
from tests.bot.demo.recorder import Recorder

ROOM = entry("room", {"type": "external_select", "action_id": "value", "min_query_length": 0})


def _option(text: str, value: str) -> dict[str, Any]:
    return {"text": plain(text), "value": value}


@pytest.fixture
async def bot(slack: StandIn) -> AsyncIterator[Recorder]:
    async with Recorder(slack.signing_secret).listening() as recorder:
        slack.request_url = recorder.url
        yield recorder


async def _opened(slack: StandIn, client: AsyncWebClient, user: User, *blocks: Block) -> View:
    trigger_id = slack.workspace.permits.issue_trigger(user.id)
    await client.views_open(trigger_id=trigger_id, view=modal(*blocks))
    view = slack.view_of(user)
    assert view is not None
    return view


async def test_a_select_asks_the_bot(slack: StandIn, client: AsyncWebClient, bot: Recorder, ana: User) -> None:
    view = await _opened(slack, client, ana, ROOM)
    bot.answer = {"options": [_option("Stand-up", "standup")]}
    assert await slack.suggest(ana, view, "room", "st") == [_option("Stand-up", "standup")]
    asked = bot.last
    assert (asked["type"], asked["block_id"], asked["action_id"], asked["value"]) == (
        "block_suggestion",
        "room",
        "value",
        "st",
    )
    assert asked["view"]["state"]["values"] == {"room": {"value": {"type": "external_select", "selected_option": None}}}
    assert "trigger_id" not in asked
    bot.answer = ""
    await slack.submit(ana, view, {"room": "Stand-up"})
    state = bot.last["view"]["state"]["values"]["room"]["value"]
    assert state["selected_option"] == _option("Stand-up", "standup")


async def test_what_was_never_offered_cannot_be_chosen(
    slack: StandIn, client: AsyncWebClient, bot: Recorder, ana: User
) -> None:
    view = await _opened(slack, client, ana, ROOM)
    bot.answer = {"options": []}
    with pytest.raises(ValueError, match="room offers nothing for 'retro'"):
        await slack.submit(ana, view, {"room": "retro"})


@pytest.mark.parametrize("options", [[_option("x" * 76, "x")], [_option("x", "x")] * 101, "none"])
async def test_options_beyond_a_limit_are_not_shown(
    slack: StandIn, client: AsyncWebClient, bot: Recorder, ana: User, options: object
) -> None:
    view = await _opened(slack, client, ana, ROOM)
    bot.answer = {"options": options}
    assert await slack.suggest(ana, view, "room", "x") == []
    assert [notice.problem for notice in slack.workspace.notices] == ["invalid_options"]


async def test_an_input_that_tells_at_once(slack: StandIn, client: AsyncWebClient, bot: Recorder, ana: User) -> None:
    kinds = {"type": "checkboxes", "action_id": "value", "options": [_option("A", "a"), _option("B", "b")]}
    telling, silent = {**entry("kinds", kinds), "dispatch_action": True}, entry("others", kinds)
    view = await _opened(slack, client, ana, telling, silent)
    await slack.choose(ana, view, "kinds", ["b"])
    [action] = bot.last["actions"]
    assert (bot.last["type"], action["block_id"], action["type"]) == ("block_actions", "kinds", "checkboxes")
    assert action["selected_options"] == [_option("B", "b")]
    with pytest.raises(ValueError, match="not told"):
        await slack.choose(ana, view, "others", ["b"])


async def test_a_chosen_conversation_brings_its_response_url(
    slack: StandIn, client: AsyncWebClient, bot: Recorder, ana: User, general: Channel
) -> None:
    element = {"type": "conversations_select", "action_id": "value", "response_url_enabled": True}
    view = await _opened(slack, client, ana, entry("where", element))
    await slack.submit(ana, view, {"where": general})
    [answer] = bot.last["response_urls"]
    assert (answer["block_id"], answer["channel_id"]) == ("where", general.id)
    assert answer["response_url"].startswith("http://127.0.0.1:")
