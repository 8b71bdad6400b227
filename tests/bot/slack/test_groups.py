"""Who is in a user group or a channel, as Slack says it."""

import asyncio

import pytest

from bot.slack.client import MOST_PAGES, SlackClient
from bot.slack.errors import ChannelClosed, GroupGone, SlackError
from bot.slack.groups import Channel, Groups
from commands.core.grants import Grantee, GranteeKind
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import Raw, Scripted

ONCALL, STUDIO = Grantee(GranteeKind.GROUP, "S1"), Grantee(GranteeKind.CHANNEL, "C1")


@pytest.fixture
def groups(client: SlackClient, clock: Clock) -> Groups:
    return Groups(client, clock)


def has(api: Scripted, *members: str) -> None:
    api.answers["usergroups.users.list"] = {"ok": True, "users": list(members)}


def page(*members: str, cursor: str = "") -> dict[str, object]:
    return {"ok": True, "members": list(members), "response_metadata": {"next_cursor": cursor}}


async def test_a_user_group_is_kept_for_five_minutes(api: Scripted, groups: Groups, clock: Clock) -> None:
    has(api, "U1")
    assert await groups.has(ONCALL, "U1")
    has(api, "U2")
    clock.seconds = 299
    assert not await groups.has(ONCALL, "U2")
    clock.seconds = 300
    assert await groups.has(ONCALL, "U2")
    assert [asked["usergroup"] for _, asked in api.asked] == ["S1", "S1"]


async def test_what_slack_reports_is_seen_at_once(api: Scripted, groups: Groups) -> None:
    has(api, "U1")
    assert await groups.has(ONCALL, "U1")
    has(api)
    groups.forget("S1")
    assert not await groups.has(ONCALL, "U1")


async def test_a_channel_is_read_to_its_end(api: Scripted, groups: Groups) -> None:
    api.answers["conversations.members"] = [page("U1", cursor="next"), page("U2")]
    assert await groups.has(STUDIO, "U2")
    assert await groups.has(STUDIO, "U1")
    assert [asked.get("cursor") for _, asked in api.asked] == [None, "next"]


async def test_a_list_without_an_end_is_given_up(api: Scripted, groups: Groups) -> None:
    api.answers["conversations.members"] = page("U1", cursor="again")
    assert await groups.has(STUDIO, "U1")
    assert len(api.asked) == MOST_PAGES


async def test_of_many_who_ask_at_once_one_does(api: Scripted, groups: Groups) -> None:
    has(api, "U1")
    assert await asyncio.gather(*(groups.has(ONCALL, f"U{n}") for n in range(20))) == [n == 1 for n in range(20)]
    assert len(api.asked) == 1


async def test_a_refusal_is_kept_for_a_moment(api: Scripted, groups: Groups, clock: Clock) -> None:
    api.answers["usergroups.users.list"] = {"ok": False, "error": "no_such_subteam"}
    for _ in range(3):
        with pytest.raises(GroupGone):
            await groups.has(ONCALL, "U1")
    assert len(api.asked) == 1
    has(api, "U1")
    clock.seconds = 10
    assert await groups.has(ONCALL, "U1")


async def test_slack_is_left_alone_as_long_as_it_asks_for(api: Scripted, groups: Groups, clock: Clock) -> None:
    limit = Raw(429, '{"ok": false, "error": "ratelimited"}', headers={"Retry-After": "60"})
    api.answers["usergroups.users.list"] = limit
    clock.seconds = 1
    for clock.seconds in (1, 60):
        with pytest.raises(SlackError):
            await groups.has(ONCALL, "U1")
    assert len(api.asked) == 1


async def test_names_of_groups_and_channels(api: Scripted, groups: Groups) -> None:
    api.answers["usergroups.list"] = {"ok": True, "usergroups": [{"id": "S1", "handle": "oncall"}]}
    api.answers["users.conversations"] = {
        "ok": True,
        "channels": [{"id": "C1", "name": "studio", "is_private": True}, {"id": "D1", "is_im": True}],
    }
    assert await groups.handles() == {"S1": "oncall"}
    assert await groups.channels() == {"C1": Channel("studio", True)}
    assert api.asked[-1][1]["types"] == "public_channel,private_channel"


async def test_one_channel(api: Scripted, groups: Groups) -> None:
    api.answers["conversations.info"] = [
        {"ok": True, "channel": {"id": "C1", "name": "studio"}},
        {"ok": True, "channel": {"id": "G1", "is_mpim": True}},
        {"ok": False, "error": "channel_not_found"},
    ]
    assert await groups.channel("C1") == Channel("studio", False)
    assert await groups.channel("G1") is None
    with pytest.raises(ChannelClosed):
        await groups.channel("C2")
