"""Tokens, scopes and look-ups."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User
from tests.bot.demo.conftest import MANIFEST


async def refusal(client: AsyncWebClient, method: str, **arguments: object) -> dict[str, object]:
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, json=arguments)
    return dict(refused.value.response.data)


async def test_the_bot_learns_who_it_is_and_what_it_may(slack: StandIn, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"]) == (slack.team_id, slack.bot_user_id)
    assert answer.headers["x-oauth-scopes"] == ",".join(MANIFEST["oauth_config"]["scopes"]["bot"])


async def test_tokens(slack: StandIn, session: aiohttp.ClientSession) -> None:
    def client(token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=slack.api_url, session=session)

    assert (await refusal(client("xoxb-wrong"), "auth.test"))["error"] == "invalid_auth"
    assert (await refusal(client(None), "auth.test"))["error"] == "not_authed"
    assert (await refusal(client(slack.app_token), "auth.test"))["error"] == "not_allowed_token_type"
    assert (await refusal(client(slack.bot_token), "apps.connections.open"))["error"] == "not_allowed_token_type"
    opened = await client(None).apps_connections_open(app_token=slack.app_token)
    assert opened["url"].startswith("ws://127.0.0.1:")


async def test_an_unknown_method(client: AsyncWebClient) -> None:
    assert (await refusal(client, "chat.shout"))["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("chat.postMessage", "chat:write"),
        ("chat.update", "chat:write"),
        ("chat.delete", "chat:write"),
        ("chat.postEphemeral", "chat:write"),
        ("users.info", "users:read"),
        ("conversations.open", "im:write"),
        ("conversations.info", "channels:read,groups:read,im:read"),
        ("conversations.members", "channels:read,groups:read,im:read"),
    ],
)
async def test_a_scope_that_the_manifest_lacks(session: aiohttp.ClientSession, method: str, needed: str) -> None:
    async with StandIn({"oauth_config": {"scopes": {"bot": ["commands"]}}}) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
        answer = await refusal(client, method)
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", needed, "commands")


async def test_conversations(slack: StandIn, client: AsyncWebClient, ana: User, ben: User, general: Channel) -> None:
    info = (await client.conversations_info(channel=general.id))["channel"]
    assert (info["name"], info["is_member"], info["is_private"]) == ("general", True, False)
    outside = slack.workspace.add_channel("outside", bot=False)
    assert (await client.conversations_info(channel=outside.id))["channel"]["is_member"] is False
    private = slack.workspace.add_channel("crew", private=True, members=[ana])
    assert (await client.conversations_info(channel=private.id))["channel"]["is_private"] is True
    secret = slack.workspace.add_channel("secret", private=True, bot=False)
    assert (await refusal(client, "conversations.info", channel=secret.id))["error"] == "channel_not_found"
    direct = (await client.conversations_open(users=ana.id))["channel"]["id"]
    assert direct == slack.workspace.dm(ana).id
    answer = await refusal(client, "conversations.info", channel=direct)
    assert (answer["error"], answer["needed"]) == ("missing_scope", "im:read")
    assert (await refusal(client, "conversations.open", users="U404"))["error"] == "user_not_found"
    assert (await refusal(client, "conversations.open", users=slack.bot_user_id))["error"] == "cannot_dm_bot"


async def test_members_come_in_pages(
    slack: StandIn, client: AsyncWebClient, ana: User, ben: User, general: Channel
) -> None:
    members: list[str] = []
    async for page in await client.conversations_members(channel=general.id, limit=2):
        assert len(page["members"]) <= 2
        members += page["members"]
    assert set(members) == {ana.id, ben.id, slack.bot_user_id}
    answer = await refusal(client, "conversations.members", channel=general.id, cursor="x")
    assert answer["error"] == "invalid_cursor"


async def test_people(slack: StandIn, client: AsyncWebClient, ana: User) -> None:
    guest = slack.workspace.add_user("gil", guest=True)
    gone = slack.workspace.add_user("kim", deleted=True)
    found = {user: (await client.users_info(user=user.id))["user"] for user in (ana, guest, gone)}
    assert (found[ana]["is_owner"], found[ana]["is_admin"], found[ana]["is_restricted"]) == (True, True, False)
    assert found[guest]["is_restricted"] is True
    assert found[gone]["deleted"] is True
    assert (await refusal(client, "users.info", user="U404"))["error"] == "user_not_found"
