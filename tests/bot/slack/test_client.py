"""The one way out to Slack: what is sent with every message, what becomes of whatever is answered, and how often."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.render.message import Message, section
from bot.slack.client import TOKEN_PAUSE_SECONDS, SlackClient
from bot.slack.errors import (
    ChannelClosed,
    NotGranted,
    PayloadRefused,
    SlackDown,
    SlackError,
    Throttled,
    TokenDead,
    Unfamiliar,
    Unreached,
)
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import RESET, Raw, Scripted

SHOWN = Message("hello", [section("hello")])
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Room"},
    "blocks": [{"type": "divider"}],
}

HOME = {"type": "home", "blocks": [{"type": "divider"}]}

Call = Callable[[SlackClient, str], Awaitable[object]]
"""A call of the client; it is given a response_url too."""

CALLS: dict[str, Call] = {
    "auth.test": lambda slack, _: slack.identify(),
    "users.info": lambda slack, _: slack.user("U1"),
    "conversations.info": lambda slack, _: slack.channel("C1"),
    "chat.postMessage": lambda slack, _: slack.post("C1", SHOWN),
    "chat.update": lambda slack, _: slack.update("C1", "1.1", SHOWN),
    "chat.postEphemeral": lambda slack, _: slack.whisper("C1", "U1", SHOWN),
    "views.open": lambda slack, _: slack.open_view("1.1", MODAL),
    "views.update": lambda slack, _: slack.update_view("V1", "1.1", MODAL),
    "views.publish": lambda slack, _: slack.publish_view("U1", HOME),
    "response": lambda slack, url: slack.respond(SecretStr(url), SHOWN),
}
ONE_BY_ONE = [pytest.param(method, call, id=method) for method, call in CALLS.items()]
READS = ("users.info", "conversations.info")
"""What only looks is called by GET, which aiohttp repeats once by itself where a connection breaks."""

WEB_API = [each for each in ONE_BY_ONE if each.id != "response"]

LOST = {
    "reset": RESET,
    "page": Raw(502, "<html>bad gateway</html>", "text/html"),
    "unavailable": Raw(503, "{}"),
    "internal error": Raw(500, '{"ok": false, "error": "internal_error"}'),
    "a new error": Raw(500, '{"ok": false, "error": "never_heard_of"}'),
}
GARBLED = {
    "log in": Raw(200, "<html>log in</html>", "text/html"),
    "empty": Raw(200, ""),
    "list": Raw(200, "[1]"),
    "half": Raw(200, "{"),
    "nothing": Raw(204),
    "fatal": {"ok": False, "error": "fatal_error"},
}
"""At a response_url only the status counts."""


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


async def test_a_key_marks_a_post_and_is_left_out_where_slack_finds_nothing_by_it(
    api: Scripted, client: SlackClient
) -> None:
    api.answers["chat.postMessage"] = [{"ok": False, "error": "duplicate_message_not_found"}, {"ok": True, "ts": "2.2"}]
    assert await client.post("C1", SHOWN, key="k-1") == "2.2"
    assert [arguments.get("client_msg_id") for _, arguments in api.asked] == ["k-1", None]


# What is called once and never again


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
async def test_an_answer_that_is_lost_is_not_asked_for_again(
    api: Scripted, client: SlackClient, method: str, call: Call, answer: object
) -> None:
    api.answers[method] = answer
    with pytest.raises(SlackDown) as raised:
        await call(client, api.response_url)
    assert raised.value.may_have_happened
    assert api.methods == [method] * (2 if answer is RESET and method in READS else 1)


@pytest.mark.parametrize("answer", GARBLED.values(), ids=GARBLED)
@pytest.mark.parametrize(("method", "call"), WEB_API)
async def test_what_is_no_answer_of_slacks_proves_nothing(
    api: Scripted, client: SlackClient, method: str, call: Call, answer: object
) -> None:
    api.answers[method] = answer
    with pytest.raises(SlackDown) as raised:
        await call(client, api.response_url)
    assert raised.value.may_have_happened
    assert api.methods == [method]


@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
async def test_a_call_that_hangs_is_given_up(
    api: Scripted, client: SlackClient, method: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.client.CALL_SECONDS", 0.05)
    hanging = asyncio.Event()
    api.answers[method] = hanging
    with pytest.raises(SlackDown) as raised:
        await call(client, api.response_url)
    hanging.set()
    assert (raised.value.code, raised.value.may_have_happened) == ("timeout", True)
    assert api.methods == [method]


@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "86400"}, 3600.0),
        ({}, 30.0),
        ({"Retry-After": "soon"}, 30.0),
        ({"Retry-After": "-1"}, 30.0),
        ({"Retry-After": "nan"}, 30.0),
    ],
    ids=str,
)
async def test_a_limit_says_how_long_to_wait_and_nobody_waits_here(
    api: Scripted, client: SlackClient, method: str, call: Call, headers: dict[str, str], seconds: float
) -> None:
    api.answers[method] = Raw(429, '{"ok": false, "error": "ratelimited"}', headers=headers)
    with pytest.raises(Throttled) as raised:
        await call(client, api.response_url)
    assert (raised.value.retry_after, raised.value.may_have_happened) == (seconds, False)
    assert api.methods == [method]


@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
async def test_where_nobody_is_nothing_can_have_happened(method: str, call: Call) -> None:
    async with aiohttp.ClientSession() as session:
        web = AsyncWebClient(token="xoxb-1", base_url="http://127.0.0.1:1/api/", session=session, retry_handlers=[])
        client = SlackClient(web, session, Metrics())
        with pytest.raises(Unreached) as raised:
            await call(client, "http://127.0.0.1:1/response")
    assert (raised.value.code, raised.value.may_have_happened) == ("no_connection", False)
    assert not client.is_answered


@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
async def test_where_packets_are_dropped_nothing_can_have_happened(method: str, call: Call) -> None:
    """A connection that waits to be accepted behind a full queue, as behind a firewall that drops."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, socket.create_connection(deaf.getsockname()):
        origin = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        timeout = aiohttp.ClientTimeout(total=5, sock_connect=0.1)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            web = AsyncWebClient(token="xoxb-1", base_url=f"{origin}/api/", session=session, retry_handlers=[])
            with pytest.raises(Unreached) as raised:
                await call(SlackClient(web, session, Metrics()), f"{origin}/response")
    assert raised.value.code == "no_connection"


@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
@pytest.mark.parametrize("status", [403, 407])
async def test_what_a_proxy_refuses_did_not_happen(
    api: Scripted, client: SlackClient, method: str, call: Call, status: int
) -> None:
    api.answers[method] = Raw(status, "<html>", "text/html")
    with pytest.raises(Unreached) as raised:
        await call(client, api.response_url)
    assert (raised.value.code, raised.value.may_have_happened) == (f"http_{status}", False)
    assert api.methods == [method]


@pytest.mark.parametrize(("method", "call"), ONE_BY_ONE)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    api: Scripted, client: SlackClient, method: str, call: Call, status: int
) -> None:
    """Token and message would go to another host."""
    api.answers[method] = Raw(status, headers={"Location": f"{api.origin}/api/elsewhere"})
    with pytest.raises(Unreached):
        await call(client, api.response_url)
    assert api.methods == [method]


# What is sent once more, as it was refused


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "chat.postEphemeral", "response"])
async def test_blocks_that_slack_refuses_are_sent_once_more_as_text(
    api: Scripted, client: SlackClient, method: str, code: str
) -> None:
    shown = Message("x" * 3_500, [{"type": "table", "rows": []}])
    refused = {"ok": False, "error": code}
    api.answers[method] = [Raw(400, code, "text/plain") if method == "response" else refused]
    calls: dict[str, Call] = {
        "chat.postMessage": lambda slack, _: slack.post("C1", shown),
        "chat.update": lambda slack, _: slack.update("C1", "1.1", shown),
        "chat.postEphemeral": lambda slack, _: slack.whisper("C1", "U1", shown),
        "response": lambda slack, url: slack.respond(SecretStr(url), shown),
    }
    with capture_logs() as lines:
        await calls[method](client, api.response_url)
    assert api.methods == [method, method]
    ((_, first), (_, second)) = api.asked
    assert first["blocks"] == shown.blocks
    assert [block["type"] for block in second["blocks"]] == ["section"]
    assert len(second["text"]) == 3_000
    assert [line["blocks"] for line in lines if line["log_level"] == "error"] == [["table"]]


async def test_a_second_refusal_is_the_last(api: Scripted, client: SlackClient) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": "invalid_blocks"}
    with pytest.raises(PayloadRefused):
        await client.post("C1", SHOWN)
    assert api.methods == ["chat.postMessage"] * 2


@pytest.mark.parametrize("code", ["no_text", "invalid_arguments", "metadata_too_large"])
async def test_what_plainer_words_do_not_mend_is_not_sent_again(api: Scripted, client: SlackClient, code: str) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": code}
    with pytest.raises(PayloadRefused):
        await client.post("C1", SHOWN)
    assert api.methods == ["chat.postMessage"]


async def test_a_view_beyond_slacks_limits_is_never_sent(api: Scripted, client: SlackClient) -> None:
    with pytest.raises(PayloadRefused):
        await client.open_view("1.1", {"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}})
    assert api.methods == []


# What a refusal says of us


async def test_a_dead_token_stops_all_calls_until_one_works(api: Scripted, client: SlackClient, clock: Clock) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": "token_revoked"}
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(TokenDead) as raised:
                await client.post("C1", SHOWN)
            with pytest.raises(TokenDead):
                await client.user("U1")
        assert raised.value.code == "token_revoked"
        assert api.methods == ["chat.postMessage"]
        assert (client.is_refused, client.is_answered) == (True, False)

        clock.seconds += TOKEN_PAUSE_SECONDS
        with pytest.raises(TokenDead):
            await client.post("C1", SHOWN)
        with pytest.raises(TokenDead):
            await client.user("U1")
        assert api.methods == ["chat.postMessage"] * 2

        clock.seconds += TOKEN_PAUSE_SECONDS
        await client.user("U1")
        assert (client.is_refused, client.is_answered) == (False, True)
        await client.channel("C1")
    said = [line["event"] for line in lines if line["event"].startswith("Slack")]
    assert said == ["Slack refuses our token", "Slack takes our token again"]


async def test_a_response_url_needs_no_token(api: Scripted, client: SlackClient) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": "token_revoked"}
    with pytest.raises(TokenDead):
        await client.post("C1", SHOWN)
    await client.respond(SecretStr(api.response_url), SHOWN)
    assert api.methods == ["chat.postMessage", "response"]


async def test_slack_being_down_says_nothing_of_a_dead_token(api: Scripted, client: SlackClient, clock: Clock) -> None:
    api.answers["chat.postMessage"] = [{"ok": False, "error": "token_revoked"}, Raw(503, "no", "text/plain")]
    for kind in (TokenDead, SlackDown):
        with pytest.raises(kind):
            await client.post("C1", SHOWN)
        clock.seconds += TOKEN_PAUSE_SECONDS
    assert client.is_refused


async def test_a_missing_scope_is_named_and_stops_nothing_else(api: Scripted, client: SlackClient) -> None:
    lacking = {"ok": False, "error": "missing_scope", "needed": "users:read", "provided": "chat:write,commands"}
    api.answers["users.info"] = lacking
    with capture_logs() as lines, pytest.raises(NotGranted) as raised:
        await client.user("U1")
    assert raised.value.needed == "users:read"
    (line,) = lines
    assert (line["error"], line["needed"], line["provided"]) == (
        "users.info: missing_scope",
        "users:read",
        "chat:write,commands",
    )
    assert "manifest.yml" in line["remedy"]
    await client.post("C1", SHOWN)
    assert client.is_answered


async def test_a_code_that_nobody_knows_is_logged_with_its_method_and_makes_no_label(
    api: Scripted, both: tuple[Scripted, SlackClient]
) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": "never_heard_of"}
    async with aiohttp.ClientSession() as session:
        metrics = Metrics()
        web = AsyncWebClient(token="xoxb-1", base_url=f"{api.origin}/api/", session=session, retry_handlers=[])
        with capture_logs() as lines, pytest.raises(Unfamiliar) as raised:
            await SlackClient(web, session, metrics).post("C1", SHOWN)
    assert not raised.value.may_have_happened
    assert [line["error"] for line in lines] == ["chat.postMessage: never_heard_of"]
    assert "never_heard_of" not in metrics.render().decode()
    assert 'slack_calls_total{method="chat.postMessage",outcome="unknown"} 1.0' in metrics.render().decode()


# Answers at a response_url


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Raw(404, '{"ok": false, "error": "expired_url"}'), "UrlSpent", "expired_url"),
        (Raw(404, "used_url", "text/plain"), "UrlSpent", "used_url"),
        (Raw(410, "channel_is_archived", "text/plain"), "ChannelClosed", "channel_is_archived"),
        (Raw(403, "action_prohibited", "text/plain"), "ChannelClosed", "action_prohibited"),
        (Raw(404, "", "text/plain"), "Unreached", "http_404"),
        (Raw(410, "<html>", "text/html"), "Unreached", "http_410"),
        (Raw(500, "rollup_error", "text/plain"), "SlackDown", "rollup_error"),
        (Raw(500, "no", "text/plain"), "SlackDown", "http_500"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_a_response_url_that_does_not_work_is_told(
    api: Scripted, client: SlackClient, answer: Raw, kind: str, code: str
) -> None:
    api.answers["response"] = answer
    with pytest.raises(SlackError) as raised:
        await client.respond(SecretStr(api.response_url), SHOWN)
    assert (type(raised.value).__name__, str(raised.value)) == (kind, f"response_url: {code}")
    assert api.response_url not in str(raised.value)
    assert raised.value.may_have_happened is (kind == "SlackDown")


async def test_a_response_url_that_is_used_up_is_not_tried(api: Scripted, client: SlackClient, clock: Clock) -> None:
    api.answers["response"] = [Raw(500)]
    with pytest.raises(SlackDown):
        await client.respond(SecretStr(api.response_url), SHOWN)
    for _ in range(4):
        await client.respond(SecretStr(api.response_url), SHOWN)
    with pytest.raises(SlackError) as raised:
        await client.respond(SecretStr(api.response_url), SHOWN)
    assert (raised.value.code, len(api.asked)) == ("used_url", 5)


async def test_a_closed_channel_is_slack_answering(api: Scripted, client: SlackClient) -> None:
    api.answers["chat.postMessage"] = {"ok": False, "error": "is_archived"}
    with pytest.raises(ChannelClosed) as raised:
        await client.post("C1", SHOWN)
    assert str(raised.value) == "chat.postMessage: is_archived"
    assert client.is_answered
