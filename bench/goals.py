"""What we hold ourselves to, and what a run says about it. Goals that compare are about ratios, not rates."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench import acks, commands
from bench.acks import Acks
from bench.figures import Spread, Times, Verdict, judge
from bench.steps import StepBench

ACK_TIMES = 1.15
DISPATCH_SECONDS = 100e-6
DISPATCH_TIMES = 1.4


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` has the goal and what was found."""

    text: str
    verdict: Verdict


def findings(found: Acks, dispatch: StepBench) -> list[Finding]:
    return [*_of_dispatch(dispatch), *_of_acks(found)]


def _of_dispatch(dispatch: StepBench) -> Iterator[Finding]:
    rounds = dispatch.rounds[commands.DISPATCH]
    p50 = Spread.of([measure.p50 for measure in rounds])
    text = f"{commands.DISPATCH}, p50 under {DISPATCH_SECONDS * 1e6:.0f} µs: {p50.show(1e6, 1)}"
    yield Finding(text, judge(p50, DISPATCH_SECONDS))
    times = Times.of(rounds, dispatch.rounds[commands.BASELINE])
    assert times is not None, "a step that fails ends the run"
    text = f"{commands.DISPATCH}, p50 within {DISPATCH_TIMES} x bolt's own: {times.p50.show()}"
    yield Finding(text, judge(times.p50, DISPATCH_TIMES))


def _of_acks(found: Acks) -> Iterator[Finding]:
    for (name, connections), rounds in found.rounds.items():
        times = Times.of(rounds, found.rounds[acks.BASELINE, connections]) if name == acks.OURS else None
        if times is None:
            continue
        for what, spread in (("p50", times.p50), ("p99", times.p99), ("rate", times.rate)):
            text = f"ack, {connections} connections, {what} within {ACK_TIMES} x {acks.BASELINE}: {spread.show()}"
            yield Finding(text, judge(spread, ACK_TIMES))
