"""What a run found, as text for people and as JSON for whoever compares runs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import acks, alerts
from bench.acks import Acks
from bench.alerts import AlertBench
from bench.figures import Measure, Spread, Times
from bench.goals import Finding
from bench.lives import Lives
from bench.plan import Plan
from bench.steps import StepBench

MIB = 2**20
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
    lives: Lives
    alerts: AlertBench
    findings: Sequence[Finding]

    @property
    def failures(self) -> list[str]:
        return [*self.acks.failures, *self.alerts.failures]


def text(run: Run) -> str:
    return "\n".join(
        [
            *_head(run),
            *(line for steps in run.steps for line in _steps(steps)),
            *_acks(run.acks),
            *_work(run.acks),
            *_lives(run.lives),
            *alerts.text(run.alerts),
            *_verdicts(run),
        ]
    )


def _head(run: Run) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in run.machine.items())
    yield "client and targets on a core each" if run.pinned else "client and targets share cores"
    yield f"fixed loop {Spread.of(run.fixed_loop).show(1e3, 1)} ms, fsync {run.fsync_seconds * 1e3:.2f} ms"
    yield f"{run.plan.rounds} rounds after one of warm-up, {run.plan.seconds} s a cell"
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
    last = None
    for (name, load), rounds in sorted(found.rounds.items(), key=lambda cell: (cell[0][1].per_second, cell[0][1])):
        if load != last:
            last = load
            yield f"\nAck, {load}; baseline: {acks.BASELINE}"
        rate, p50, p99 = (_spread(rounds, what) for what in ("rate", "p50", "p99"))
        client, server = (Spread.of(cost[name, load]).median * 1e6 for cost in (found.client_cost, found.server_cost))
        yield f"  {name}"
        yield f"    {rate.show(digits=0)}/s   p50 {p50.show(1e3)} ms   p99 {p99.show(1e3)} ms"
        failed = sum(measure.failed for measure in rounds)
        yield f"    failed {failed}   CPU each: server's {server:.0f} µs, client's {client:.0f} µs"
        yield from _times(rounds, found.rounds[acks.BASELINE, load])


def _work(found: Acks) -> Iterator[str]:
    yield f"\n{acks.AT_WORK}: from the first command to the last answer"
    for (_, load), rates in found.done_rate.items():
        yield f"  {load}: {Spread.of(rates).show(digits=0)} commands/s"


def _lives(lives: Lives) -> Iterator[str]:
    yield "\nProcesses, from their start; memory is what they hold resident"
    rows = (
        ("dependencies imported", lives.import_seconds, lives.import_bytes),
        ("showcaller ready", lives.ready_seconds, lives.ready_bytes),
    )
    for what, seconds, held in rows:
        yield f"  {what}: {Spread.of(seconds).show()} s, {Spread.of(held).show(1 / MIB, 1)} MiB"
    for count, held_then in zip(lives.commands, lives.bytes_after, strict=True):
        yield f"  after {count:,} commands: {held_then / MIB:.1f} MiB"


def _verdicts(run: Run) -> Iterator[str]:
    yield "\nGoals"
    for finding in run.findings:
        yield f"  {finding.verdict:<12} {finding.text}"
    yield from (f"FAILED: {failure}" for failure in run.failures)


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
                **asdict(load),
                "rounds": [asdict(measure) for measure in rounds],
                "client_seconds_each": run.acks.client_cost[name, load],
                "server_seconds_each": run.acks.server_cost[name, load],
                "done_rate": run.acks.done_rate.get((name, load)),
            }
            for (name, load), rounds in run.acks.rounds.items()
        ],
        "lives": asdict(run.lives),
        "alerts": alerts.data(run.alerts),
        "goals": [asdict(finding) for finding in run.findings],
        "failures": run.failures,
    }
