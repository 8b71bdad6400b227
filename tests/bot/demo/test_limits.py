"""Slack's pace, to the call."""

from collections.abc import Awaitable, Callable
from random import Random

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import Channel, StandIn, User
from tests.bot.demo.conftest import Clock

Wait = Callable[..., Awaitable[int | None]]


@pytest.fixture
def wait(client: AsyncWebClient) -> Wait:
    """Call a method; how long Slack says to wait, None where it took the call."""

    async def call(method: str, channel: Channel, **arguments: str) -> int | None:
        try:
            await client.api_call(method, json={"text": "x", "channel": channel.id, **arguments})
        except SlackApiError as refused:
            return int(refused.response.headers["Retry-After"])
        return None

    return call


@pytest.fixture
async def ts(client: AsyncWebClient, general: Channel) -> str:
    """A message that can be edited."""
    return str((await client.chat_postMessage(channel=general.id, text="x"))["ts"])


async def test_nothing_is_counted_unless_it_is_asked_for(general: Channel, wait: Wait) -> None:
    assert [await wait("chat.postMessage", general) for _ in range(6)] == [None] * 6


async def test_a_channel_takes_four_posts_at_once_and_then_one_a_second(
    slack: StandIn, general: Channel, clock: Clock, wait: Wait
) -> None:
    slack.limits.enforced = True
    other = slack.workspace.add_channel("other")
    assert [await wait("chat.postMessage", general) for _ in range(6)] == [None] * 4 + [1, 1]
    assert await wait("chat.postMessage", other) is None
    clock.age(1)
    assert [await wait("chat.postMessage", general) for _ in range(2)] == [None, 1]
    clock.age(2.5)
    assert [await wait("chat.postMessage", general) for _ in range(3)] == [None, None, 1]
    clock.age(60)
    assert [await wait("chat.postMessage", general) for _ in range(5)] == [None] * 4 + [1]


async def test_a_post_in_a_thread_counts_and_what_one_alone_sees_does_not(
    slack: StandIn, general: Channel, ana: User, ts: str, wait: Wait
) -> None:
    slack.limits.enforced = True
    for _ in range(6):
        assert await wait("chat.postEphemeral", general, user=ana.id) is None
    assert [await wait("chat.postMessage", general, thread_ts=ts) for _ in range(5)] == [None] * 4 + [1]
    assert await wait("chat.postMessage", general) == 1


async def test_fifty_updates_in_any_sixty_seconds(
    slack: StandIn, general: Channel, ts: str, clock: Clock, wait: Wait
) -> None:
    slack.limits.enforced = True
    assert [await wait("chat.update", general, ts=ts) for _ in range(51)] == [None] * 50 + [60]
    clock.age(59.5)
    assert await wait("chat.update", general, ts=ts) == 1
    clock.age(0.5)
    assert await wait("chat.update", general, ts=ts) is None


async def test_no_window_of_sixty_seconds_has_more_whatever_the_rhythm(
    slack: StandIn, general: Channel, ts: str, clock: Clock, wait: Wait
) -> None:
    slack.limits.enforced = True
    random, taken = Random(7), list[float]()
    for _ in range(300):
        clock.age(random.choice([0.0, 0.1, 3.0]))
        if await wait("chat.update", general, ts=ts) is None:
            taken.append(clock.seconds)

    assert len(taken) > 100
    assert all(sum(at - 60 < each <= at for each in taken) <= 50 for at in taken)


async def test_time_can_run_faster(slack: StandIn, general: Channel, ts: str, clock: Clock, wait: Wait) -> None:
    """What Slack says to wait stays in whole seconds."""
    slack.limits.enforced, slack.limits.scale = True, 20
    assert [await wait("chat.postMessage", general) for _ in range(5)] == [None] * 4 + [1]
    assert [await wait("chat.update", general, ts=ts) for _ in range(51)] == [None] * 50 + [3]
    clock.age(1 / 20)
    assert await wait("chat.postMessage", general) is None
    clock.age(59 / 20)
    assert await wait("chat.update", general, ts=ts) is None
