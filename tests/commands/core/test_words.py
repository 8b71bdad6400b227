"""Order, amounts and durations in words."""

from datetime import timedelta

import pytest

from commands.core.words import in_natural_order, spoken_duration


@pytest.mark.parametrize(
    "names",
    [
        ["person 1", "Person 2", "Person 10"],
        ["1", "02", "10", "9" * 10_000, "a"],
        ["", "p", "p1", "p1a2", "p1a10", "pa"],
        ["a²", "b٣"],  # digits of other kinds are letters
    ],
)
def test_natural_order(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=in_natural_order) == names


@pytest.mark.parametrize(
    ("seconds", "about", "exact"),
    [
        (-1, "0 s", "0 s"),
        (59, "59 s", "59 s"),
        (2_530, "42 min", "42 min 10 s"),
        (3_600, "1 h", "1 h"),
        (59.6, "1 min", "1 min"),
        (90, "1 min", "1 min 30 s"),
        (3_900, "1 h 5 min", "1 h 5 min"),
        (90_061, "1 d 1 h 1 min", "1 d 1 h 1 min 1 s"),
        (2_592_000, "30 d", "30 d"),
    ],
)
def test_durations_in_words(seconds: float, about: str, exact: str) -> None:
    duration = timedelta(seconds=seconds)
    assert (spoken_duration(duration), spoken_duration(duration, exact=True)) == (about, exact)
