"""What goes wrong on demand, as a client of Slack sees it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from time import monotonic

import aiohttp
import pytest

from bot.demo.slack import Channel, StandIn
from bot.demo.slack.faults import EVERY, Fault, Late, Slow, Throttled, Trouble

POST = "chat.postMessage"


class Caller:
    """Posts, and says what came back: a status, or the name of an error."""

    def __init__(self, slack: StandIn, session: aiohttp.ClientSession, channel: Channel) -> None:
        self._slack = slack
        self._session = session
        self._channel = channel
        self.answer = ""
        self.headers: dict[str, str] = {}

    async def call(self, method: str = POST, *, seconds: float = 5.0) -> int | str:
        content = {"channel": self._channel.id, "text": "x"} if method == POST else {}
        headers = {"Authorization": f"Bearer {self._slack.bot_token}"}
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(
                self._slack.api_url + method, json=content, headers=headers, timeout=limit
            ) as answer:
                self.answer, self.headers = await answer.text(), dict(answer.headers)
                return answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__

    def shown(self) -> int:
        """How many messages there are."""
        return len(self._slack.workspace.messages(self._channel))


@pytest.fixture
async def caller(slack: StandIn, general: Channel) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(slack, session, general)


@pytest.mark.parametrize(
    ("fault", "seen", "done"),
    [
        (Trouble.FAILS, 500, 0),
        (Trouble.PAGE, 502, 0),
        (Trouble.AWAY, 503, 0),
        (Trouble.RESET, "ServerDisconnectedError", 0),
        (Trouble.LOST, "ServerDisconnectedError", 1),
        (Throttled(), 429, 0),
        (Slow(0.05), 200, 1),
        (Late(0.05), 200, 1),
    ],
    ids=str,
)
async def test_the_next_call_goes_wrong_and_the_one_after_it_well(
    slack: StandIn, caller: Caller, fault: Fault, seen: int | str, done: int
) -> None:
    slack.faults.next(POST, fault)
    assert await caller.call() == seen
    assert caller.shown() == done
    assert await caller.call() == 200
    assert caller.shown() == done + 1
    assert [arrival.method for arrival in slack.faults.arrivals] == [POST, POST]


@pytest.mark.parametrize(
    ("fault", "done"), [(Trouble.SILENT, 0), (Slow(30), 0), (Late(30), 1)], ids=["silent", "slow", "late"]
)
async def test_an_answer_that_does_not_come(slack: StandIn, caller: Caller, fault: Fault, done: int) -> None:
    """The stand-in stops at once all the same."""
    slack.faults.next(POST, fault)
    assert await caller.call(seconds=0.1) == "TimeoutError"
    assert caller.shown() == done
    began = monotonic()
    await slack.stop()
    assert monotonic() - began < 1.0


async def test_what_is_slow_is_done_at_its_end_and_what_is_late_at_its_beginning(
    slack: StandIn, caller: Caller
) -> None:
    slack.faults.next(POST, Slow(0.1), Late(0.1))
    for done_before in (0, 2):
        calling = asyncio.create_task(caller.call())
        arrived = len(slack.faults.arrivals) + 1
        async with asyncio.timeout(5):
            while len(slack.faults.arrivals) < arrived:
                await asyncio.sleep(0.001)
        assert caller.shown() == done_before
        assert await calling == 200


@pytest.mark.parametrize("said", ["7", "0", "soon"])
async def test_slack_may_say_to_wait_for_anything(slack: StandIn, caller: Caller, said: str) -> None:
    slack.faults.next(POST, Throttled(said))
    assert await caller.call() == 429
    assert caller.headers["Retry-After"] == said
    assert "ratelimited" in caller.answer


async def test_a_fault_befalls_its_method_alone_and_in_its_turn(slack: StandIn, caller: Caller) -> None:
    slack.faults.next(POST, Trouble.FAILS, None, Trouble.AWAY)
    assert await caller.call("auth.test") == 200
    assert [await caller.call() for _ in range(4)] == [500, 200, 503, 200]


async def test_one_that_lasts_ends_when_it_is_told_to(slack: StandIn, caller: Caller) -> None:
    slack.faults.always(POST, Trouble.FAILS)
    slack.faults.always(EVERY, Trouble.AWAY)
    slack.faults.next(POST, None)
    assert [await caller.call() for _ in range(3)] == [200, 500, 500]
    assert await caller.call("auth.test") == 503
    slack.faults.always(POST, None)
    assert await caller.call() == 503
    slack.faults.always(EVERY, None)
    assert await caller.call() == 200


async def test_chance_is_the_same_for_the_same_seed(slack: StandIn, caller: Caller) -> None:
    rounds = []
    for _ in range(2):
        slack.faults.at_random(3, {Trouble.FAILS: 0.3, Throttled(): 0.2})
        rounds.append([await caller.call() for _ in range(100)])

    assert rounds[0] == rounds[1]
    assert all(count > 15 for count in Counter(rounds[0]).values())
    assert set(rounds[0]) == {200, 429, 500}
    slack.faults.at_random(3, {})
    assert [await caller.call() for _ in range(10)] == [200] * 10


async def test_a_workspace_that_is_down_is_down_whatever_was_scripted(slack: StandIn, caller: Caller) -> None:
    slack.faults.next(POST, Trouble.FAILS)
    slack.faults.is_down = True
    assert [await caller.call(method) for method in (POST, "auth.test")] == ["ServerDisconnectedError"] * 2
    slack.faults.is_down = False
    assert [await caller.call() for _ in range(2)] == [500, 200]


async def test_what_is_held_goes_on_when_it_is_let_go(slack: StandIn, caller: Caller) -> None:
    slack.faults.hold()
    calling = asyncio.create_task(caller.call())
    async with asyncio.timeout(5):
        while not slack.faults.arrivals:
            await asyncio.sleep(0.001)
    assert (calling.done(), caller.shown()) == (False, 0)
    slack.faults.let_go()
    assert await calling == 200


async def test_an_answer_at_a_response_url_can_be_lost_too(slack: StandIn, caller: Caller) -> None:
    slack.faults.next("response_url", Trouble.AWAY)
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.api_url.replace("/api/", "/response/x"), json={"text": "x"}) as answer,
    ):
        assert answer.status == 503
