"""How fast Slack is called, in virtual time."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.pace import Rate, Tempo

START = datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = timedelta(seconds=60)


def called(rate: Rate, wanted: list[float]) -> list[datetime]:
    """When calls are made that are wanted at these seconds, each as soon as it may."""
    next_at, made = START - MINUTE, list[datetime]()
    for seconds in wanted:
        at = max(START + timedelta(seconds=seconds), rate.due_at(next_at), *made[-1:])
        next_at = rate.after(next_at, at)
        made.append(at)
    return made


@pytest.mark.parametrize("seed", range(20))
def test_no_minute_has_more_updates_than_slack_takes(seed: int) -> None:
    chance = random.Random(seed)
    wanted, at = [], 0.0
    for _ in range(400):
        at += chance.choice([0, 0, 0, chance.expovariate(1), chance.expovariate(0.05)])
        wanted.append(at)
    made = called(Tempo().updates, wanted)

    for first, each in enumerate(made):
        assert sum(other - each <= MINUTE for other in made[first:]) <= 50


@pytest.mark.parametrize("seed", range(20))
def test_a_channel_never_gets_more_posts_than_one_a_second_and_a_burst_of_four(seed: int) -> None:
    chance = random.Random(seed)
    made = called(Tempo().posts, sorted(chance.uniform(0, 120) for _ in range(150)))

    for first, each in enumerate(made):
        for count, other in enumerate(made[first:], 1):
            assert count <= 4 + (other - each).total_seconds()


def test_what_is_wanted_in_calm_is_called_at_once() -> None:
    wanted = [0.0, 0.0, 0.0, 10.0, 20.0, 20.5]
    assert called(Tempo().updates, wanted) == [START + timedelta(seconds=seconds) for seconds in wanted]


def test_a_burst_is_paid_back() -> None:
    assert [(at - START).total_seconds() for at in called(Tempo().posts, [0.0] * 6)] == [0, 0, 0, 0, 1.05, 2.1]


@pytest.mark.parametrize(
    ("unposted", "changed", "channels", "is_storm"),
    [
        (4, 0, 1, False),
        (9, 0, 1, False),
        (10, 0, 1, True),
        (0, 7, 1, False),
        (0, 8, 1, True),
        (0, 4, 2, True),
        (0, 1, 20, False),
        (0, 2, 20, False),
        (0, 3, 20, True),
    ],
)
def test_a_channel_is_in_a_storm_when_it_would_lag_by_more_than_some_seconds(
    unposted: int, changed: int, channels: int, is_storm: bool
) -> None:
    assert Tempo().is_storm(unposted, changed, channels=channels) is is_storm
    assert Tempo().faster(20).is_storm(unposted, changed, channels=channels) is is_storm
