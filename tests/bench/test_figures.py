import pytest

from bench.figures import Measure, Spread, Times, Verdict, judge


def test_a_measure_has_rate_and_percentiles() -> None:
    found = Measure.of([n / 1000 for n in range(100, 0, -1)], elapsed=2.0, failed=3)
    assert found == Measure(rate=50.0, p50=0.0505, p99=0.1, count=100, failed=3)


def test_a_round_without_an_answer_is_all_zeros() -> None:
    assert Measure.of([], elapsed=1.0, failed=2) == Measure(0.0, 0.0, 0.0, 0, 2)


def test_a_spread_shows_median_and_range() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).show(1000, 0) == "2,000 [1,000-3,000]"


def test_more_is_worse_in_every_ratio() -> None:
    """Half the rate and twice the time are both twice as bad; rounds are paired, so a slow machine cancels out."""
    ours = [Measure(50, 0.2, 0.4, 10), Measure(25, 0.4, 0.8, 10)]
    theirs = [Measure(100, 0.1, 0.2, 10), Measure(50, 0.2, 0.4, 10)]
    twice = Spread(2.0, 2.0, 2.0)
    assert Times.of(ours, theirs) == Times(twice, twice, twice)


def test_there_is_no_ratio_to_a_round_without_answers() -> None:
    assert Times.of([Measure(50, 0.2, 0.4, 10)], [Measure.of([], 1.0, 10)]) is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.9, 1.15, Verdict.MET), (1.16, 1.3, Verdict.MISSED), (1.1, 1.2, Verdict.NOT_DECIDED)],
)
def test_a_goal_is_decided_when_every_round_says_the_same(low: float, high: float, verdict: Verdict) -> None:
    assert judge(Spread(1.15, low, high), 1.15) is verdict
