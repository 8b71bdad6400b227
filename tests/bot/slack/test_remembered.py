"""What Slack said is believed for a while, unless there is a reason not to."""

import asyncio

import pytest

from bot.slack import remembered
from bot.slack.remembered import Remembered
from tests.bot.slack.conftest import Clock


class Slack:
    """Answers a question once it is told to, with what was true when it was asked."""

    def __init__(self) -> None:
        self.truth = "old"
        self.asked = asyncio.Semaphore(0)
        self.answers = asyncio.Event()
        self.calls = 0

    async def ask(self, key: str) -> str:
        self.calls += 1
        found = f"{key} {self.truth}"
        self.asked.release()
        await self.answers.wait()
        return found


@pytest.fixture
def slack() -> Slack:
    return Slack()


@pytest.fixture
def kept(clock: Clock, slack: Slack) -> Remembered[str]:
    return Remembered(clock, slack.ask)


async def test_what_is_forgotten_while_slack_is_asked_is_not_kept(slack: Slack, kept: Remembered[str]) -> None:
    asking = asyncio.create_task(kept.get("C1"))
    await slack.asked.acquire()
    slack.truth = "new"
    kept.forget("C1")
    slack.answers.set()
    assert await asking == "C1 old"
    assert await kept.get("C1") == "C1 new"
    assert await kept.get("C1") == "C1 new"
    assert slack.calls == 2


async def test_another_key_is_none_of_its_business(slack: Slack, kept: Remembered[str]) -> None:
    asking = asyncio.create_task(kept.get("C1"))
    await slack.asked.acquire()
    kept.forget("C2")
    slack.answers.set()
    await asking
    await kept.get("C1")
    assert slack.calls == 1


async def test_of_those_who_want_the_same_one_asks(slack: Slack, kept: Remembered[str]) -> None:
    slack.answers.set()
    assert await asyncio.gather(*[kept.get("C1") for _ in range(5)]) == ["C1 old"] * 5
    assert slack.calls == 1


async def test_what_is_kept_has_an_end(slack: Slack, kept: Remembered[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST_REMEMBERED", 3)
    slack.answers.set()
    for number in range(10):
        await kept.get(f"C{number}")
        assert len(kept.answers()) <= 3
    assert kept.answers()["C9"] == "C9 old"
