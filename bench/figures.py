"""From rounds to figures: medians with their range, ratios to a baseline, and verdicts on goals."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class Measure:
    """One round of one target. `rate` is per second, the percentiles are seconds, `count` is what was timed."""

    rate: float
    p50: float
    p99: float
    count: int
    failed: int = 0

    @classmethod
    def of(cls, seconds_each: Sequence[float], elapsed: float, failed: int = 0) -> Self:
        """All zeros where nothing succeeded."""
        if not seconds_each:
            return cls(0.0, 0.0, 0.0, 0, failed)
        ordered = sorted(seconds_each)
        at = min(len(ordered) - 1, int(len(ordered) * 0.99))
        return cls(len(ordered) / elapsed, statistics.median(ordered), ordered[at], len(ordered), failed)


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds and how far they lie apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        return cls(statistics.median(values), min(values), max(values))

    def show(self, scale: float = 1.0, digits: int = 2) -> str:
        return "{:,.{d}f} [{:,.{d}f}-{:,.{d}f}]".format(*(v * scale for v in asdict(self).values()), d=digits)


@dataclass(frozen=True, slots=True)
class Times:
    """How many times worse than the baseline, round by round: 1.10 is a tenth slower, below 1 is faster.

    Rounds are interleaved, so a pair of one round met the same machine; that is why ratios are taken before medians.
    """

    rate: Spread
    p50: Spread
    p99: Spread

    @classmethod
    def of(cls, rounds: Sequence[Measure], baseline: Sequence[Measure]) -> Self | None:
        """None where a round has no answer to compare."""
        pairs = list(zip(rounds, baseline, strict=True))
        if not all(ours.count and theirs.count for ours, theirs in pairs):
            return None
        return cls(
            rate=Spread.of([theirs.rate / ours.rate for ours, theirs in pairs]),
            p50=Spread.of([ours.p50 / theirs.p50 for ours, theirs in pairs]),
            p99=Spread.of([ours.p99 / theirs.p99 for ours, theirs in pairs]),
        )


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    NOT_DECIDED = "not decided"


def judge(found: Spread, most: float) -> Verdict:
    """A goal is met or missed when every round says so; rounds on both sides decide nothing."""
    if found.high <= most:
        return Verdict.MET
    return Verdict.MISSED if found.low > most else Verdict.NOT_DECIDED
