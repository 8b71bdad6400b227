"""What a run found, as text for people and as JSON for whoever compares runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import acks
from bench.acks import Acks
from bench.figures import Measure, Spread, Times
from bench.goals import Finding
from bench.plan import Plan
from bench.steps import StepBench

LEGEND = "median [lowest-highest] of the rounds; x: how many times worse than the baseline (rate, p50, p99)"


@dataclass(frozen=True, slots=True)
class Run:
    """Everything of one run. `fixed_loop` has one time per round, which shows how steady the machine was."""

    at: datetime
    plan: Plan
    machine: Mapping[str, str]
    pinned: bool
    fixed_loop: Sequence[float]
    fsync_seconds: float
    steps: Sequence[StepBench]
    acks: Acks
    findings: Sequence[Finding]


def text(run: Run) -> str:
    return "\n".join(
        [
            *_head(run),
            *(line for steps in run.steps for line in _steps(steps)),
            *_acks(run.acks),
            *_work(run.acks),
            *_verdicts(run),
        ]
    )


def _head(run: Run) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in run.machine.items())
    yield "client and targets on a core each" if run.pinned else "client and targets share cores"
    yield f"fixed loop {Spread.of(run.fixed_loop).show(1e3, 1)} ms, fsync {run.fsync_seconds * 1e3:.2f} ms"
    yield f"{run.plan.rounds} rounds after one of warm-up, {run.plan.seconds} s a cell; closed loop"
    yield LEGEND


def _steps(steps: StepBench) -> Iterator[str]:
    yield f"\n{steps.title}, one at a time; baseline: {steps.baseline}"
    baseline = steps.rounds[steps.baseline]
    for name, rounds in steps.rounds.items():
        yield f"  {name}"
        p50, p99, rate = (_spread(rounds, what) for what in ("p50", "p99", "rate"))
        yield f"    p50 {p50.show(1e6, 1)} µs   p99 {p99.show(1e6, 1)} µs   {rate.show(digits=0)}/s"
        yield from _times(rounds, baseline)


def _acks(found: Acks) -> Iterator[str]:
    connections = None
    for (name, count), rounds in sorted(found.rounds.items(), key=lambda cell: cell[0][1]):
        if count != connections:
            connections = count
            yield f"\nAck, {count} connection{'s' * (count > 1)}; baseline: {acks.BASELINE}"
        rate, p50, p99 = (_spread(rounds, what) for what in ("rate", "p50", "p99"))
        client = Spread.of(found.client_cost[name, count]).median * 1e6
        yield f"  {name}"
        yield f"    {rate.show(digits=0)}/s   p50 {p50.show(1e3)} ms   p99 {p99.show(1e3)} ms"
        yield f"    failed {sum(measure.failed for measure in rounds)}   client's CPU {client:.0f} µs each"
        yield from _times(rounds, found.rounds[acks.BASELINE, count])


def _work(found: Acks) -> Iterator[str]:
    yield f"\n{acks.AT_WORK}: from the first command to the last answer"
    for (_, count), rates in found.done_rate.items():
        yield f"  {count:>2} connections: {Spread.of(rates).show(digits=0)} commands/s"


def _verdicts(run: Run) -> Iterator[str]:
    yield "\nGoals"
    for finding in run.findings:
        yield f"  {finding.verdict:<12} {finding.text}"
    yield from (f"FAILED: {failure}" for failure in run.acks.failures)


def _times(rounds: Sequence[Measure], baseline: Sequence[Measure]) -> Iterator[str]:
    times = Times.of(rounds, baseline)
    if times is not None and rounds is not baseline:
        yield f"    x {times.rate.show()}   x {times.p50.show()}   x {times.p99.show()}"


def _spread(rounds: Sequence[Measure], what: str) -> Spread:
    return Spread.of([getattr(measure, what) for measure in rounds])


def write(run: Run, folder: Path) -> Path:
    """All rounds of everything, under the time of the run. Times are seconds, rates per second."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{run.at:%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(_data(run), indent=1) + "\n")
    return file


def _data(run: Run) -> Mapping[str, Any]:
    return {
        "at": run.at.isoformat(),
        "machine": dict(run.machine) | {"pinned": run.pinned},
        "plan": asdict(run.plan),
        "fixed_loop_seconds": list(run.fixed_loop),
        "fsync_seconds": run.fsync_seconds,
        "steps": {
            steps.title: {name: [asdict(measure) for measure in rounds] for name, rounds in steps.rounds.items()}
            for steps in run.steps
        },
        "acks": [
            {
                "target": name,
                "connections": count,
                "rounds": [asdict(measure) for measure in rounds],
                "client_seconds_each": run.acks.client_cost[name, count],
                "done_rate": run.acks.done_rate.get((name, count)),
            }
            for (name, count), rounds in run.acks.rounds.items()
        ],
        "goals": [asdict(finding) for finding in run.findings],
        "failures": run.acks.failures,
    }
