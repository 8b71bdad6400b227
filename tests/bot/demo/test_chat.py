"""`chat.*` as Slack's own client sees it: what succeeds, and every refusal by its code."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User
from tests.bot.demo.blocks import actions, button, section


def code(refused: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(refused.value.response["error"])


async def test_a_post_is_seen_by_everybody_and_can_be_edited_and_deleted(
    slack: StandIn, client: AsyncWebClient, ana: User, ben: User, general: Channel
) -> None:
    posted = await client.chat_postMessage(
        channel=general.id, text="standup is live", blocks=[section("*standup*"), actions(button("End", "end"))]
    )
    (seen,) = slack.seen_by(ben, general)
    assert seen.ts == posted["ts"]
    assert seen.lines == ["*standup*", "[End]"]
    assert [(each.label, each.action_id, each.value) for each in seen.buttons] == [("End", "end", "v")]

    await client.chat_update(channel=general.id, ts=posted["ts"], text="standup has ended")
    (seen,) = slack.seen_by(ana, general)
    assert (seen.words, seen.buttons, seen.edited) == ("standup has ended", [], True)

    await client.chat_delete(channel=general.id, ts=posted["ts"])
    assert slack.seen_by(ana, general) == []
    assert [(call.method, call.ok) for call in slack.calls] == [
        ("chat.postMessage", True),
        ("chat.update", True),
        ("chat.delete", True),
    ]


async def test_an_edit_with_blocks_has_no_mark(
    slack: StandIn, client: AsyncWebClient, ana: User, general: Channel
) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="a")
    await client.chat_update(channel=general.id, ts=posted["ts"], text="b", blocks=[section("c")])
    assert [(each.words, each.edited) for each in slack.seen_by(ana, general)] == [("c", False)]


async def test_replies_go_under_a_message_that_is_no_reply(
    slack: StandIn, client: AsyncWebClient, ana: User, general: Channel
) -> None:
    parent = await client.chat_postMessage(channel=general.id, text="card")
    reply = await client.chat_postMessage(
        channel=general.id, text="ended", thread_ts=parent["ts"], reply_broadcast=True
    )
    assert [(each.thread_ts, each.broadcast) for each in slack.seen_by(ana, general)] == [
        (None, False),
        (parent["ts"], True),
    ]
    for wrong in (reply["ts"], "1.0"):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=general.id, text="x", thread_ts=wrong)
        assert code(refused) == "cannot_reply_to_message"


async def test_an_ephemeral_message_is_for_one_person_and_out_of_reach(
    slack: StandIn, client: AsyncWebClient, ana: User, ben: User, general: Channel
) -> None:
    sent = await client.chat_postEphemeral(channel=general.id, user=ana.id, text="only you")
    assert [each.ephemeral_to for each in slack.seen_by(ana, general)] == [ana.id]
    assert slack.seen_by(ben, general) == []
    with pytest.raises(SlackApiError) as refused:
        await client.chat_update(channel=general.id, ts=sent["message_ts"], text="x")
    assert code(refused) == "message_not_found"
    stranger = slack.workspace.add_user("cleo")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postEphemeral(channel=general.id, user=stranger.id, text="x")
    assert code(refused) == "user_not_in_channel"


async def test_a_person_as_the_channel_is_the_direct_conversation(
    slack: StandIn, client: AsyncWebClient, ana: User, ben: User
) -> None:
    posted = await client.chat_postMessage(channel=ana.id, text="hello")
    assert posted["channel"] == slack.workspace.dm(ana).id
    assert [each.words for each in slack.seen_by(ana, slack.workspace.dm(ana))] == ["hello"]
    assert slack.seen_by(ben, slack.workspace.dm(ana)) == []
    with pytest.raises(SlackApiError) as refused:
        await client.chat_update(channel=ana.id, ts=posted["ts"], text="x")
    assert code(refused) == "channel_not_found"


async def test_a_permalink_leads_to_the_message(client: AsyncWebClient, general: Channel) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="x")
    found = await client.chat_getPermalink(channel=general.id, message_ts=posted["ts"])
    assert found["permalink"].endswith(f"/archives/{general.id}/p{posted['ts'].replace('.', '')}")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_getPermalink(channel=general.id, message_ts="1.0")
    assert code(refused) == "message_not_found"


async def test_where_the_bot_cannot_write(slack: StandIn, client: AsyncWebClient, ana: User, general: Channel) -> None:
    workspace = slack.workspace
    outside = workspace.add_channel("outside", bot=False)
    secret = workspace.add_channel("secret", private=True, bot=False)
    old = workspace.add_channel("old")
    workspace.archive(old)
    expected = {"C404": "channel_not_found", outside.id: "not_in_channel", secret.id: "channel_not_found"}
    expected[old.id] = "is_archived"
    for channel_id, error in expected.items():
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=channel_id, text="x")
        assert code(refused) == error
    workspace.kick(general, workspace.bot)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=general.id, text="x")
    assert code(refused) == "not_in_channel"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "no_text"),
        ({"text": "  "}, "no_text"),
        ({"text": "x", "blocks": "{not json"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [section("x" * 3000)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "attachments": [{"text": "y"}]}, "invalid_arguments"),
    ],
)
async def test_content_that_slack_refuses(
    client: AsyncWebClient, general: Channel, arguments: dict[str, object], error: str
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.api_call("chat.postMessage", json={"channel": general.id, **arguments})
    assert code(refused) == error


async def test_a_refusal_of_blocks_says_what_is_wrong(client: AsyncWebClient, general: Channel) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=general.id, text="x", blocks=[section("")])
    assert refused.value.response["response_metadata"]["messages"] == [
        "blocks[0].text.text: 0 characters, must be 1 to 3000"
    ]


async def test_an_update_takes_less_text_than_a_post(
    slack: StandIn, client: AsyncWebClient, ana: User, general: Channel
) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="x" * 40_001)
    assert [len(each.text) for each in slack.seen_by(ana, general)] == [40_000]
    with pytest.raises(SlackApiError) as refused:
        await client.chat_update(channel=general.id, ts=posted["ts"], text="x" * 4_001)
    assert code(refused) == "msg_too_long"


async def test_the_words_of_others_are_theirs(
    slack: StandIn, client: AsyncWebClient, ana: User, general: Channel
) -> None:
    theirs = slack.workspace.post(general, ana, "mine")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_update(channel=general.id, ts=theirs.ts, text="x")
    assert code(refused) == "cant_update_message"
    with pytest.raises(SlackApiError) as refused:
        await client.chat_delete(channel=general.id, ts=theirs.ts)
    assert code(refused) == "cant_delete_message"
    with pytest.raises(SlackApiError) as refused:
        await client.chat_delete(channel=general.id, ts="1.0")
    assert code(refused) == "message_not_found"


async def test_arguments_may_come_as_a_form(
    slack: StandIn, session: aiohttp.ClientSession, ana: User, general: Channel
) -> None:
    form = {"channel": general.id, "text": "x", "blocks": '[{"type": "divider"}]', "token": slack.bot_token}
    async with session.post(f"{slack.api_url}chat.postMessage", data=form) as response:
        assert (await response.json())["ok"]
    assert [len(each.blocks) for each in slack.seen_by(ana, general)] == [1]
    assert "token" not in slack.calls[-1].arguments
    for body, error in (("{", "invalid_json"), ("[]", "json_not_object")):
        headers = {"Content-Type": "application/json"}
        async with session.post(f"{slack.api_url}chat.postMessage", data=body, headers=headers) as response:
            assert (await response.json())["error"] == error


async def test_public_channels_are_open_with_the_scope_for_it(session: aiohttp.ClientSession) -> None:
    async with StandIn({"oauth_config": {"scopes": {"bot": ["chat:write", "chat:write.public"]}}}) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session)
        outside = slack.workspace.add_channel("outside", bot=False)
        assert (await client.chat_postMessage(channel=outside.id, text="x"))["ok"]


async def test_the_next_calls_of_a_method_can_be_refused(
    slack: StandIn, client: AsyncWebClient, ana: User, general: Channel
) -> None:
    slack.refuse("chat.postMessage", "ratelimited", retry_after=7)
    slack.refuse("chat.postMessage", "missing_scope", needed="chat:write", provided="commands")
    for error, status, more in (
        ("ratelimited", 429, {}),
        ("missing_scope", 200, {"needed": "chat:write", "provided": "commands"}),
    ):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=general.id, text="x")
        assert (code(refused), refused.value.response.status_code) == (error, status)
        assert refused.value.response.data == {"ok": False, "error": error, **more}
        assert refused.value.response.headers.get("Retry-After") == ("7" if status == 429 else None)
    await client.auth_test()
    await client.chat_postMessage(channel=general.id, text="x")
    assert [each.words for each in slack.seen_by(ana, general)] == ["x"]
