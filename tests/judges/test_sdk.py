"""Slack's own SDK, with its own defaults, finds in the stand-in what it would find in Slack.

The bot speaks to the stand-in in its own few ways; this client has others: GET for what only reads, forms where there
is nothing to nest, JSON elsewhere. So the stand-in cannot come to know the bot's habits alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook import WebhookClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.demo.slack import Channel, StandIn, User, chat, directory, files, views
from bot.demo.slack.limits import POST_BURST
from bot.demo.slack.workspace import TEAM_ID
from tests.bot.demo.blocks import actions, button, home, modal, section, text_entry
from tests.bot.demo.recorder import Recorder

METHODS = {*chat.METHODS, *views.METHODS, *directory.METHODS, *files.METHODS, "apps.connections.open"}


@pytest.fixture
def client(slack: StandIn) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)


def trigger(slack: StandIn, who: User, view_id: str | None = None) -> str:
    return slack.workspace.permits.issue_trigger(who.id, view_id)


async def _messages(client: AsyncWebClient, ana: User, general: Channel) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="Hello", blocks=[section("Hello")])
    assert posted["message"]["blocks"][0]["text"]["text"] == "Hello"
    updated = await client.chat_update(channel=general.id, ts=posted["ts"], text="Bye")
    assert (updated["ts"], updated["text"]) == (posted["ts"], "Bye")
    link = await client.chat_getPermalink(channel=general.id, message_ts=posted["ts"])
    assert posted["ts"].replace(".", "") in link["permalink"]
    assert (await client.chat_postEphemeral(channel=general.id, user=ana.id, text="You"))["message_ts"]
    assert (await client.chat_delete(channel=general.id, ts=posted["ts"]))["ts"] == posted["ts"]


async def _views(client: AsyncWebClient, slack: StandIn, ana: User) -> None:
    opened = await client.views_open(trigger_id=trigger(slack, ana), view=modal(text_entry("name"), external_id="one"))
    view = opened["view"]
    changed = await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(text_entry("other")))
    assert changed["view"]["hash"] != view["hash"]
    pushed = await client.views_push(trigger_id=trigger(slack, ana, view["id"]), view=modal(section("On top")))
    assert (pushed["view"]["previous_view_id"], pushed["view"]["root_view_id"]) == (view["id"], view["id"])
    published = await client.views_publish(user_id=ana.id, view=home(section("Home")))
    assert published["view"]["type"] == "home"


async def _people(client: AsyncWebClient, slack: StandIn, ana: User, general: Channel) -> None:
    me = await client.auth_test()
    assert (me["team_id"], me["user_id"]) == (TEAM_ID, slack.bot_user_id)
    assert me.headers["x-oauth-scopes"].startswith("commands,")
    assert (await client.users_info(user=ana.id))["user"]["is_owner"] is True
    assert (await client.conversations_info(channel=general.id))["channel"]["is_member"] is True
    direct = await client.conversations_open(users=[ana.id])
    assert (await client.conversations_info(channel=direct["channel"]["id"]))["channel"]["is_im"] is True
    assert (await client.apps_connections_open(app_token=slack.app_token))["url"].startswith("ws://127.0.0.1:")


async def _pages(client: AsyncWebClient, ana: User, general: Channel) -> None:
    """The SDK follows the cursors itself."""
    pages = await client.conversations_members(channel=general.id, limit=1)
    found = [page["members"] async for page in pages]
    assert sorted(found) == sorted([[each] for each in general.members])
    assert [ana.id] in found
    own = await client.users_conversations(types="public_channel")
    assert [each["id"] for each in own["channels"]] == [general.id]


async def _groups(client: AsyncWebClient, slack: StandIn, ana: User) -> None:
    group = slack.workspace.add_group("oncall", members=[ana])
    known = (await client.usergroups_list())["usergroups"]
    assert [(each["id"], each["handle"]) for each in known] == [(group.id, "oncall")]
    assert (await client.usergroups_users_list(usergroup=group.id))["users"] == [ana.id]


async def _files(client: AsyncWebClient, slack: StandIn, ana: User, general: Channel) -> None:
    sent = await client.files_upload_v2(filename="a.csv", content="id\n1\n", title="A", channel=general.id)
    assert (sent["file"]["title"], sent["files"]) == ("A", [sent["file"]])
    shared = slack.seen_by(ana, general)[-1]
    assert [(file.name, file.content) for file in shared.files] == [("a.csv", b"id\n1\n")]


async def test_every_method_that_there_is(client: AsyncWebClient, slack: StandIn, ana: User, general: Channel) -> None:
    await _messages(client, ana, general)
    await _views(client, slack, ana)
    await _people(client, slack, ana, general)
    await _pages(client, ana, general)
    await _groups(client, slack, ana)
    await _files(client, slack, ana, general)
    assert {call.method for call in slack.calls} == METHODS
    assert [call for call in slack.calls if not call.ok] == []


Act = Callable[[AsyncWebClient, StandIn, User, Channel], Awaitable[AsyncSlackResponse]]

REFUSED: dict[str, Act] = {
    "not_authed": lambda c, s, ana, g: AsyncWebClient(base_url=s.api_url).auth_test(),
    "invalid_auth": lambda c, s, ana, g: AsyncWebClient(token="xoxb-other", base_url=s.api_url).auth_test(),
    "not_allowed_token_type": lambda c, s, ana, g: c.apps_connections_open(app_token=s.bot_token),
    "unknown_method": lambda c, s, ana, g: c.api_call("chat.shout"),
    "channel_not_found": lambda c, s, ana, g: c.chat_postMessage(channel="C0NOWHERE", text="x"),
    "no_text": lambda c, s, ana, g: c.api_call("chat.postMessage", json={"channel": g.id}),
    "invalid_blocks": lambda c, s, ana, g: c.chat_postMessage(channel=g.id, text="x", blocks=[{"type": "sections"}]),
    "invalid_blocks_format": lambda c, s, ana, g: c.chat_postMessage(channel=g.id, text="x", blocks="{"),
    "cannot_reply_to_message": lambda c, s, ana, g: c.chat_postMessage(channel=g.id, text="x", thread_ts="1.1"),
    "msg_too_long": lambda c, s, ana, g: _update(c, g, "x" * 4_001),
    "message_not_found": lambda c, s, ana, g: c.chat_update(channel=g.id, ts="1.1", text="x"),
    "cant_delete_message": lambda c, s, ana, g: c.chat_delete(channel=g.id, ts=s.workspace.post(g, ana, "mine").ts),
    "user_not_in_channel": lambda c, s, ana, g: c.chat_postEphemeral(channel=g.id, user="U0NOBODY", text="x"),
    "user_not_found": lambda c, s, ana, g: c.users_info(user="U0NOBODY"),
    "cannot_dm_bot": lambda c, s, ana, g: c.conversations_open(users=s.bot_user_id),
    "invalid_cursor": lambda c, s, ana, g: c.conversations_members(channel=g.id, cursor="x"),
    "invalid_trigger_id": lambda c, s, ana, g: c.views_open(trigger_id="1.x", view=modal(text_entry("a"))),
    "invalid_arguments": lambda c, s, ana, g: c.views_publish(user_id=ana.id, view={"type": "home"}),
    "hash_conflict": lambda c, s, ana, g: _publish_twice(c, ana),
    "not_found": lambda c, s, ana, g: c.views_update(view_id="V0GONE", view=modal(text_entry("a"))),
    "missing_scope": lambda c, s, ana, g: c.conversations_info(
        channel=s.workspace.add_channel("secret", members=[ana], private=True).id
    ),
}


async def _update(client: AsyncWebClient, channel: Channel, text: str) -> AsyncSlackResponse:
    posted = await client.chat_postMessage(channel=channel.id, text="x")
    return await client.chat_update(channel=channel.id, ts=posted["ts"], text=text)


async def _publish_twice(client: AsyncWebClient, who: User) -> AsyncSlackResponse:
    first = (await client.views_publish(user_id=who.id, view=home(section("1"))))["view"]["hash"]
    await client.views_publish(user_id=who.id, view=home(section("2")), hash=first)
    return await client.views_publish(user_id=who.id, view=home(section("3")), hash=first)


@pytest.mark.parametrize("code", REFUSED)
async def test_a_refusal_has_slacks_own_word(
    code: str, client: AsyncWebClient, slack: StandIn, ana: User, general: Channel
) -> None:
    with pytest.raises(SlackApiError) as refusal:
        await REFUSED[code](client, slack, ana, general)
    assert refusal.value.response["error"] == code
    assert refusal.value.response.status_code == 200


async def test_too_many_posts_are_refused_the_way_the_sdk_waits_for(
    client: AsyncWebClient, slack: StandIn, general: Channel
) -> None:
    slack.limits.enforced = True
    for number in range(POST_BURST):
        await client.chat_postMessage(channel=general.id, text=str(number))
    with pytest.raises(SlackApiError) as refusal:
        await client.chat_postMessage(channel=general.id, text="one too many")
    assert refusal.value.response["error"] == "ratelimited"
    assert (refusal.value.response.status_code, refusal.value.response.headers["Retry-After"]) == (429, "1")


async def test_the_client_without_a_loop(slack: StandIn, general: Channel) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url)

    def speak() -> list[Any]:
        posted = client.chat_postMessage(channel=general.id, text="Hello", blocks=[section("Hello")])
        return [posted["ok"], client.users_info(user=slack.bot_user_id)["user"]["is_bot"], client.auth_test()["ok"]]

    assert await asyncio.to_thread(speak) == [True, True, True]
    assert [message.words for message in slack.workspace.messages(general)] == ["Hello"]


# What the stand-in sends


async def test_what_it_signs_is_what_slack_signs(slack: StandIn, ana: User, general: Channel) -> None:
    """The recorder asks `SignatureVerifier`."""
    async with Recorder(slack.signing_secret).listening() as bot:
        slack.request_url = bot.url
        assert (await slack.command(ana, general, "/video é & <x>")).problem is None
        assert (await slack.open_home(ana)).problem is None
    assert [payload.get("type", payload.get("command")) for payload in bot.payloads] == ["/video", "event_callback"]
    async with Recorder("another").listening() as stranger:
        slack.request_url = stranger.url
        assert (await slack.command(ana, general, "/video")).status == 401


async def test_a_socket(slack: StandIn, ana: User, general: Channel) -> None:
    web = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    client = SocketModeClient(app_token=slack.app_token, web_client=web)
    heard: list[SocketModeRequest] = []

    async def listen(socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        heard.append(request)
        answer = {"text": "Heard"} if request.accepts_response_payload else None
        await socket.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer))

    client.socket_mode_request_listeners.append(listen)
    await client.connect()  # type: ignore[no-untyped-call] # not annotated in the SDK
    try:
        assert (await slack.command(ana, general, "/video room list")).body == {"text": "Heard"}
        assert (await slack.open_home(ana)).problem is None
    finally:
        await client.close()  # type: ignore[no-untyped-call] # not annotated in the SDK
    assert [(each.type, each.accepts_response_payload) for each in heard] == [
        ("slash_commands", True),
        ("events_api", False),
    ]
    assert heard[0].payload["text"] == "room list"
    assert "Heard" in [message.words for message in slack.seen_by(ana, general)]


async def test_a_response_url(slack: StandIn, ana: User, general: Channel) -> None:
    async with Recorder(slack.signing_secret).listening() as bot:
        slack.request_url = bot.url
        await slack.command(ana, general, "/video")
        url = bot.last["response_url"]
        client = AsyncWebhookClient(url)
        assert (await client.send(text="Only you")).body == "ok"
        said = await client.send(text="All", blocks=[actions(button("Go", "go"))], response_type="in_channel")
        assert said.status_code == 200
        assert (await asyncio.to_thread(WebhookClient(url).send, text="Again")).status_code == 200
        shown = [(message.words, message.ephemeral_to) for message in slack.seen_by(ana, general)]
        assert shown == [("Only you", ana.id), ("[Go]", None), ("Again", ana.id)]

        message = slack.seen_by(ana, general)[1]
        await slack.press(ana, message, "Go")
        pressed = AsyncWebhookClient(bot.last["response_url"])
        assert (await pressed.send(text="Gone", replace_original=True)).status_code == 200
        assert (await pressed.send(text="", delete_original=True)).status_code == 200
        assert (await client.send(text="", blocks=[])).status_code == 400
        await client.send(text="The fifth")
        assert (await client.send(text="The sixth")).status_code == 404
