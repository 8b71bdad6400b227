"""What is gone for long, and comes back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from itertools import accumulate
from pathlib import Path

import pytest_asyncio
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.demo.slack.faults import EVERY, Late, Slow, Throttled, Trouble
from tests.bot.alerts.facts import RETRO, finished, joined, person, seen
from tests.bot.alerts.scene import Scene, open_scene
from tests.bot.faults.mortal import Life
from tests.bot.slack.conftest import Clock

PAUSES_SECONDS = [1, 2, 4, 8, 16, *[30] * 19]
"""How long the deliverer lets Slack be after each failure, for ten minutes."""


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(tmp_path) as opened:
        yield opened


async def test_slack_is_gone_for_ten_minutes(scene: Scene) -> None:
    """In virtual time. All that happens meanwhile becomes one call, and Slack is asked a few times only."""
    assert list(accumulate(PAUSES_SECONDS))[-1] >= 600
    life = Life(scene, clock=(clock := Clock()))
    await scene.house.command(seen(1), channel=scene.general.id)
    assert await life.until_quiet()
    scene.slack.faults.is_down = True
    before = len(scene.slack.faults.arrivals)
    with capture_logs() as lines:
        await scene.house.tell(joined(person(0), 2))
        for number, pause in enumerate(PAUSES_SECONDS, start=1):
            await _has_failed(number, lines)
            await scene.house.tell(joined(person(number), 2 + number))
            clock.seconds += pause
            scene.deliverer.wake()
        await _has_failed(len(PAUSES_SECONDS) + 1, lines)
    assert len(scene.slack.faults.arrivals) - before == len(PAUSES_SECONDS) + 1
    assert "nobody in it" in (await scene.shows("standup")).words

    scene.slack.faults.is_down = False
    clock.seconds += PAUSES_SECONDS[-1]
    scene.deliverer.wake()
    assert await life.until_quiet()
    await life.end()
    await scene.shows("standup", f"{len(PAUSES_SECONDS) + 1} people")
    assert Counter(scene.calls()) == {"chat.postMessage": 1, "chat.update": 1}


async def _has_failed(times: int, lines: list[EventDict]) -> None:
    """Wait until the deliverer has given up so many calls."""
    async with asyncio.timeout(5):
        while sum(line["event"] == "a delivery waits" for line in lines) < times:
            await asyncio.sleep(0.001)


async def test_a_process_that_starts_while_slack_is_gone_delivers_when_it_is_back(scene: Scene) -> None:
    await scene.house.command(seen(1), channel=scene.general.id)
    scene.slack.faults.is_down = True
    for _ in range(3):
        life = Life(scene)
        with capture_logs() as lines:
            await _has_failed(1, lines)
            await life.end()
    await scene.house.command(seen(2, room=RETRO), channel=scene.general.id)
    await scene.house.tell(finished(60))
    scene.slack.faults.is_down = False
    life = Life(scene)
    assert await life.until_quiet()
    await life.end()
    await scene.shows("standup", "Ended")
    await scene.shows("retro", "Live")
    assert Counter(scene.calls()) == {"chat.postMessage": 2 + 1}, "two cards and the note of the ending"


async def test_in_all_weathers_at_once_every_card_is_true_in_the_end(scene: Scene) -> None:
    """Each call has a chance of one in three to go wrong."""
    scene.slack.faults.at_random(
        11,
        {
            Trouble.FAILS: 0.06,
            Trouble.AWAY: 0.06,
            Trouble.PAGE: 0.06,
            Trouble.RESET: 0.06,
            Throttled("0"): 0.06,
            Slow(0.01): 0.2,
            Late(0.01): 0.2,
        },
    )
    life = Life(scene)
    await scene.house.command(seen(1), channel=scene.general.id)
    for number in range(1, 30):
        await scene.house.tell(joined(person(number), 2 + number))
        await scene.slack.until(lambda: scene.calls("chat.postMessage") or None)
    assert await life.until_quiet()
    await scene.shows("standup", "29 people")
    await scene.house.tell(finished(60))
    scene.slack.faults.at_random(0, {})
    scene.slack.faults.always(EVERY, None)
    assert await life.until_quiet()
    await life.end()
    await scene.shows("standup", "Ended")
    assert len([message for message in scene.messages() if message.thread_ts is None]) == 1
