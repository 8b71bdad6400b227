"""The one way out to Slack: what is sent with every message, and what becomes of whatever is answered."""

import asyncio

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.render.message import Message, section
from bot.slack.client import SlackClient
from bot.slack.errors import (
    ChannelClosed,
    MessageGone,
    PayloadRefused,
    SlackDown,
    SlackError,
    Throttled,
    TokenDead,
    ViewGone,
)
from tests.bot.slack.scripted import Raw, Scripted

SHOWN = Message("hello", [section("hello")])


async def test_a_message_is_sent_as_words_that_link_and_unfurl_nothing(api: Scripted, client: SlackClient) -> None:
    assert await client.post("C1", SHOWN, thread_ts="1.0", broadcast=True) == "1.1"
    await client.whisper("C1", "U1", SHOWN)
    await client.update("C1", "1.1", SHOWN)
    await client.direct("U1", SHOWN)
    assert api.methods == ["chat.postMessage", "chat.postEphemeral", "chat.update", "chat.postMessage"]
    for _, arguments in api.asked:
        as_text = ("unfurl_links", "unfurl_media", "parse", "link_names")
        assert [arguments[name] for name in as_text] == [False, False, "none", False]
        assert (arguments["text"], arguments["blocks"]) == ("hello", SHOWN.blocks)
    assert (api.asked[0][1]["thread_ts"], api.asked[0][1]["reply_broadcast"]) == ("1.0", True)
    assert "thread_ts" not in api.asked[1][1]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("not_in_channel", ChannelClosed),
        ("is_archived", ChannelClosed),
        ("message_not_found", MessageGone),
        ("expired_trigger_id", ViewGone),
        ("hash_conflict", ViewGone),
        ("invalid_blocks", PayloadRefused),
        ("token_revoked", TokenDead),
        ("missing_scope", TokenDead),
        ("ratelimited", Throttled),
        ("internal_error", SlackDown),
        ("never_heard_of", SlackDown),
    ],
)
async def test_slacks_codes_are_narrowed_to_what_can_be_done(
    api: Scripted, client: SlackClient, code: str, kind: type[SlackError]
) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": code}
    with pytest.raises(kind) as raised:
        await client.post("C1", SHOWN)
    assert (type(raised.value), raised.value.code) == (kind, code)
    assert str(raised.value) == f"chat.postMessage: {code}"


@pytest.mark.parametrize(
    "answer",
    [
        Raw(502, "<html>bad gateway</html>", "text/html"),
        Raw(200, "<html>log in</html>", "text/html"),
        Raw(200, "", "application/json"),
        Raw(200, "[1]", "application/json"),
        Raw(200, "{", "application/json"),
        Raw(503, "{}", "application/json"),
        Raw(204),
    ],
)
async def test_what_is_no_answer_of_slacks_is_slack_being_down(api: Scripted, client: SlackClient, answer: Raw) -> None:
    api.answers["chat.postMessage"] = answer
    with pytest.raises(SlackDown):
        await client.post("C1", SHOWN)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("", 30.0), ("soon", 30.0), ("-1", 30.0), ("nan", 30.0)])
async def test_a_limit_says_how_long_to_wait(api: Scripted, client: SlackClient, header: str, seconds: float) -> None:
    headers = {"Retry-After": header} if header else {}
    api.answers["chat.update"] = Raw(429, '{"ok": false, "error": "ratelimited"}', headers=headers)
    with pytest.raises(Throttled) as raised:
        await client.update("C1", "1.1", SHOWN)
    assert raised.value.retry_after == seconds


async def test_nobody_there_is_slack_being_down() -> None:
    async with aiohttp.ClientSession() as session:
        web = AsyncWebClient(token="xoxb-1", base_url="http://127.0.0.1:1/api/", session=session, retry_handlers=[])
        client = SlackClient(web, session, Metrics())
        with pytest.raises(SlackDown) as raised:
            await client.post("C1", SHOWN)
        assert raised.value.code == "connection"
        with pytest.raises(SlackDown):
            await client.respond("http://127.0.0.1:1/response", SHOWN)


async def test_a_call_that_hangs_is_given_up(
    api: Scripted, client: SlackClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.client.CALL_SECONDS", 0.05)
    hanging = asyncio.Event()
    api.answers = {"chat.postMessage": hanging, "response": hanging}
    for call in (client.post("C1", SHOWN), client.respond(api.response_url, SHOWN)):
        with pytest.raises(SlackDown) as raised:
            await call
        assert raised.value.code == "timeout"
    hanging.set()


async def test_a_view_beyond_slacks_limits_is_never_sent(api: Scripted, client: SlackClient) -> None:
    with pytest.raises(PayloadRefused):
        await client.open_view("1.1", {"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}})
    assert api.methods == []


@pytest.mark.parametrize("status", [404, 410, 429, 500])
async def test_a_response_url_that_does_not_work_is_told(api: Scripted, client: SlackClient, status: int) -> None:
    api.answers["response"] = Raw(status, "no", "text/plain")
    with pytest.raises(SlackDown) as raised:
        await client.respond(api.response_url, SHOWN)
    assert str(raised.value) == f"response_url: http_{status}"
    assert api.response_url not in str(raised.value)
