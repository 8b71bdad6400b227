"""Where the bot can post, and how long it believes that."""

import asyncio

import pytest

from bot.slack.client import TOKEN_PAUSE_SECONDS, SlackClient
from bot.slack.membership import CLOSED_SECONDS, SlackMembership
from commands.core.ports import Place
from tests.bot.slack.conftest import Clock
from tests.bot.slack.scripted import Raw, Scripted

HERE = Place("T1", "C1")
DIRECT = Place("T1", "D1", is_direct=True)


@pytest.fixture
def membership(client: SlackClient, clock: Clock) -> SlackMembership:
    return SlackMembership(client, clock, bot_user_id="U0")


def channel(api: Scripted, **found: object) -> None:
    api.answers["conversations.info"] = {"ok": True, "channel": found}


@pytest.mark.parametrize(
    ("found", "can"),
    [
        ({"is_member": True}, True),
        ({"is_member": False}, False),
        ({}, False),
        ({"is_member": True, "is_archived": True}, False),
        ({"is_im": True}, True),
    ],
)
async def test_it_must_have_been_invited(
    api: Scripted, membership: SlackMembership, found: dict[str, object], can: bool
) -> None:
    channel(api, **found)
    assert await membership.can_post(HERE) is can


@pytest.mark.parametrize(
    ("found", "is_private"),
    [
        ({"is_private": False}, False),
        ({"is_private": True}, True),
        ({"is_private": False, "is_im": True}, True),
        ({"is_private": False, "is_mpim": True}, True),
        ({"is_member": True}, True),
    ],
)
async def test_a_place_is_private_unless_slack_says_otherwise(
    api: Scripted, membership: SlackMembership, found: dict[str, object], is_private: bool
) -> None:
    """By what Slack says of it, not by the letter that its id begins with."""
    channel(api, **found)
    assert await membership.is_private(HERE) is is_private


async def test_the_conversation_with_the_bot_is_private(api: Scripted, membership: SlackMembership) -> None:
    assert await membership.is_private(DIRECT) is True
    assert api.asked == []


@pytest.mark.parametrize("code", ["channel_not_found", "missing_scope", "internal_error"])
async def test_a_place_that_slack_does_not_speak_of_is_private(
    api: Scripted, membership: SlackMembership, code: str
) -> None:
    api.answers["conversations.info"] = {"ok": False, "error": code}
    assert await membership.is_private(HERE) is True


@pytest.mark.parametrize("code", ["channel_not_found", "missing_scope"])
async def test_what_it_may_not_even_see_is_closed_to_it(api: Scripted, membership: SlackMembership, code: str) -> None:
    """A private channel; a direct conversation between two people; a group whose scope the app does not have."""
    api.answers["conversations.info"] = {"ok": False, "error": code}
    assert await membership.can_post(DIRECT) is False


async def test_it_is_asked_every_ten_minutes_and_after_a_change(
    api: Scripted, membership: SlackMembership, clock: Clock
) -> None:
    channel(api, is_member=False)
    assert await membership.can_post(HERE) is False
    channel(api, is_member=True)
    assert await membership.can_post(HERE) is False
    membership.forget("C1")
    assert await membership.can_post(HERE) is True
    clock.seconds = 599
    assert await membership.can_post(HERE) is True
    assert len(api.asked) == 2
    clock.seconds = 601
    assert await membership.can_post(HERE) is True
    assert len(api.asked) == 3


async def test_a_dead_token_says_nothing_of_a_channel(api: Scripted, membership: SlackMembership, clock: Clock) -> None:
    api.answers["conversations.info"] = [{"ok": False, "error": "token_revoked"}, {"ok": True, "channel": {}}]
    assert await membership.can_post(HERE) is True
    clock.seconds += TOKEN_PAUSE_SECONDS
    assert await membership.can_post(HERE) is False


async def test_while_slack_is_down_nobody_is_kept_from_work_and_nothing_is_remembered(
    api: Scripted, membership: SlackMembership
) -> None:
    api.answers["conversations.info"] = Raw(503, "no", "text/plain")
    assert await membership.can_post(HERE) is True
    channel(api, is_member=False)
    assert await membership.can_post(HERE) is False


async def test_a_channel_that_is_closed_is_asked_about_again_soon(
    api: Scripted, membership: SlackMembership, clock: Clock
) -> None:
    """Another process may have heard that it was opened."""
    channel(api, is_member=False)
    assert await membership.can_post(HERE) is False
    channel(api, is_member=True)
    clock.seconds = CLOSED_SECONDS - 1
    assert await membership.can_post(HERE) is False
    clock.seconds = CLOSED_SECONDS
    assert await membership.can_post(HERE) is True


async def test_what_is_reported_while_slack_is_asked_counts(api: Scripted, membership: SlackMembership) -> None:
    """The answer was on its way before the bot was thrown out."""
    asking = asyncio.create_task(membership.can_post(HERE))
    channel(api, is_member=True)
    async with asyncio.timeout(5):
        while not api.asked:
            await asyncio.sleep(0)
    channel(api, is_member=False)
    membership.forget("C1")
    await asking
    assert await membership.can_post(HERE) is False
