import pytest

from bot.throttle import Throttle
from tests.bot.slack.conftest import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_so_many_are_let_through_in_any_window(clock: Clock) -> None:
    throttle = Throttle(clock, 3, 60)
    waits = []
    for second in (0, 10, 20, 30):
        clock.seconds = second
        waits.append(throttle.wait_seconds("ana"))
    assert waits == [0, 0, 0, 30]


def test_the_window_slides_and_what_was_refused_does_not_count(clock: Clock) -> None:
    throttle = Throttle(clock, 2, 60)
    throttle.wait_seconds("ana")
    clock.seconds = 40
    throttle.wait_seconds("ana")
    assert [throttle.wait_seconds("ana") for _ in range(100)] == [20] * 100
    clock.seconds = 60
    assert throttle.wait_seconds("ana") == 0
    assert throttle.wait_seconds("ana") == 40


def test_each_person_has_their_own(clock: Clock) -> None:
    throttle = Throttle(clock, 1, 60)
    assert [throttle.wait_seconds(who) for who in ("ana", "bob", "ana")] == [0, 0, 60]


def test_who_is_quiet_is_forgotten(clock: Clock) -> None:
    throttle = Throttle(clock, 1, 60)
    for number in range(1_000):
        throttle.wait_seconds(f"U{number}")
    clock.seconds = 59
    throttle.wait_seconds("ana")
    clock.seconds = 61
    throttle.wait_seconds("bob")
    assert throttle.remembered == 2
    assert throttle.wait_seconds("ana") == 58
