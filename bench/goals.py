"""What we hold ourselves to, and what a run says about it. Goals that compare are about ratios, not rates."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench import acks, commands
from bench.acks import Acks
from bench.figures import Spread, Times, Verdict, judge
from bench.lives import Lives
from bench.presses import OURS as PRESS
from bench.steps import StepBench

ACK_TIMES = 1.15
DISPATCH_SECONDS = 100e-6
DISPATCH_TIMES = 1.4
PRESS_SECONDS = 0.1
START_TIMES = 2.5
MEMORY_TIMES = 1.3
GROWTH_TIMES = 1.1
"""What was delivered is remembered for some minutes, so that a retry is known as one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` has the goal and what was found."""

    text: str
    verdict: Verdict


def findings(found: Acks, dispatch: StepBench, presses: StepBench, lives: Lives) -> list[Finding]:
    return [*_of_dispatch(dispatch), *_of_acks(found), *_of_presses(presses), *_of_lives(lives)]


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
    """An open loop gives every server the same rate, so there is none to compare."""
    for (name, load), rounds in sorted(found.rounds.items(), key=lambda cell: (cell[0][1].per_second, cell[0])):
        times = Times.of(rounds, found.rounds[acks.BASELINE, load]) if name == acks.OURS else None
        if times is None:
            continue
        compared = {"p50": times.p50, "p99": times.p99, **({} if load.per_second else {"rate": times.rate})}
        for what, spread in compared.items():
            text = f"ack, {load}, {what} within {ACK_TIMES} x {acks.BASELINE}: {spread.show()}"
            yield Finding(text, judge(spread, ACK_TIMES))


def _of_presses(presses: StepBench) -> Iterator[Finding]:
    p99 = Spread.of([measure.p99 for measure in presses.rounds[PRESS]])
    text = f"press to the first call, p99 under {PRESS_SECONDS * 1e3:.0f} ms: {p99.show(1e3, 1)}"
    yield Finding(text, judge(p99, PRESS_SECONDS))


def _of_lives(lives: Lives) -> Iterator[Finding]:
    """Where the system does not tell what a process holds, nothing is said of memory."""
    start = Spread.of([ours / theirs for ours, theirs in zip(lives.ready_seconds, lives.import_seconds, strict=True)])
    text = f"ready within {START_TIMES:g} x the import of our dependencies: {start.show()}"
    yield Finding(text, judge(start, START_TIMES))
    if not all(lives.import_bytes):
        return
    memory = Spread.of([ours / theirs for ours, theirs in zip(lives.ready_bytes, lives.import_bytes, strict=True)])
    text = f"memory when ready within {MEMORY_TIMES} x the import of our dependencies: {memory.show()}"
    yield Finding(text, judge(memory, MEMORY_TIMES))
    grown = lives.bytes_after[-1] / lives.bytes_after[0]
    counts = f"{lives.commands[0]:,} to {lives.commands[-1]:,}"
    text = f"memory from {counts} commands within {GROWTH_TIMES} x: {grown:.2f}"
    yield Finding(text, judge(Spread(grown, grown, grown), GROWTH_TIMES))
