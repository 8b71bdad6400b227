"""What an event costs, and what a storm does: webhooks taken in, told in Slack, folded while much is known."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import calm, hooks, known
from bench.figures import Measure, Spread, Times, Verdict, judge
from bench.goals import Finding
from bench.intake import IntakeBench
from bench.known import FEW, MANY, OPEN_CARDS, Knowing
from bench.plan import Plan
from bench.steps import StepBench
from bench.storms import Storm, storm

VERIFY_TIMES = 2.0
DROP_TIMES = 1 / 0.31
INTAKE_SECONDS = 0.020
CALM_SECONDS = 0.1
CALM_TIMES = 2.0
DRAIN_TIMES = 1.10
LAG_SECONDS = 6.0
LAG_SHARE = 0.95
RESTART_SECONDS = 2.0
MANY_TIMES = 1.5

MIB = 2**20


@dataclass(slots=True)
class AlertBench:
    """Opened once; `round` interleaves what is compared, and `finish` does what is done once."""

    plan: Plan
    core: int | None
    intake: IntakeBench
    calm: StepBench
    storms: list[Storm] = field(default_factory=list)
    knowing: Knowing = field(default_factory=Knowing)

    @classmethod
    async def open(cls, plan: Plan, core: int | None, opened: AsyncExitStack) -> "AlertBench":
        intake = await opened.enter_async_context(IntakeBench.open(plan, core))
        return cls(plan, core, intake, await opened.enter_async_context(calm.open_calm(plan.answers)))

    async def round(self, *, warm_up: bool) -> None:
        await self.calm.round(warm_up=warm_up)
        await self.intake.round(warm_up=warm_up)

    async def finish(self) -> None:
        self.knowing = await known.measure(self.plan, self.core)
        for number, seconds in enumerate(self.plan.storms):
            self.storms.append(await storm(seconds, seed=number))

    @property
    def failures(self) -> list[str]:
        wrong = [f"storm of {each.seconds:.0f} s: {problem}" for each in self.storms for problem in each.wrong]
        return [*self.intake.failures, *wrong]


def findings(found: AlertBench) -> Iterator[Finding]:
    yield from _of_intake(found.intake)
    yield from _of_calm(found.calm)
    for each in found.storms:
        yield from _of_storm(each)
    yield from _of_knowing(found.knowing)


def _of_intake(intake: IntakeBench) -> Iterator[Finding]:
    connections = max(intake.plan.connections)
    rounds = intake.of(connections)
    for ours in (name for name in (hooks.SQLITE, hooks.POSTGRESQL) if name in rounds):
        what = f"webhooks, {ours}, {connections} connections"
        for baseline, most in ((hooks.VERIFY, VERIFY_TIMES), (hooks.DROP, DROP_TIMES)):
            if (times := Times.of(rounds[ours], rounds[baseline])) is not None:
                text = f"{what}, rate within {most:.1f} x {baseline}: {times.rate.show()}"
                yield Finding(text, judge(times.rate, most))
        p99 = Spread.of([measure.p99 for measure in rounds[ours]])
        yield Finding(
            f"{what}, p99 under {INTAKE_SECONDS * 1e3:.0f} ms: {p99.show(1e3, 1)}", judge(p99, INTAKE_SECONDS)
        )


def _of_calm(steps: StepBench) -> Iterator[Finding]:
    p99 = Spread.of([measure.p99 for measure in steps.rounds[calm.OURS]])
    text = f"webhook to the call of Slack, p99 under {CALM_SECONDS * 1e3:.0f} ms: {p99.show(1e3, 1)}"
    yield Finding(text, judge(p99, CALM_SECONDS))
    if (times := Times.of(steps.rounds[calm.OURS], steps.rounds[calm.BASELINE])) is not None:
        text = f"webhook to the call of Slack, p50 within {CALM_TIMES:g} x {calm.BASELINE}: {times.p50.show()}"
        yield Finding(text, judge(times.p50, CALM_TIMES))


def _of_storm(found: Storm) -> Iterator[Finding]:
    what = f"storm of {found.seconds:.0f} s"
    yield Finding(
        f"{what}, drained within {DRAIN_TIMES:.2f} x its floor: {found.times:.2f}", _once(found.times, DRAIN_TIMES)
    )
    lag = found.lag(LAG_SHARE)
    yield Finding(f"{what}, p95 lag at most {LAG_SECONDS:g} s: {lag:.1f} s", _once(lag, LAG_SECONDS))


def _of_knowing(found: Knowing) -> Iterator[Finding]:
    restart = Spread.of(found.restart_seconds)
    text = f"ready with {OPEN_CARDS:,} open cards in {RESTART_SECONDS:g} s: {restart.show()}"
    yield Finding(text, judge(restart, RESTART_SECONDS))
    if found.ready_bytes[FEW]:
        times = found.bytes_after[MANY] / found.bytes_after[FEW]
        text = f"memory with {MANY:,} known things within {MANY_TIMES:g} x that with {FEW:,}: {times:.2f}"
        yield Finding(text, _once(times, MANY_TIMES))
    times = found.event_cost[MANY] / found.event_cost[FEW]
    text = f"an event with {MANY:,} known things within {MANY_TIMES:g} x that with {FEW:,}: {times:.2f}"
    yield Finding(text, _once(times, MANY_TIMES))


def _once(found: float, most: float) -> Verdict:
    return judge(Spread(found, found, found), most)


def text(found: AlertBench) -> Iterator[str]:
    for connections in found.plan.connections:
        yield f"\nWebhooks, from the request to its 200, {connections} connections; baseline: {hooks.VERIFY}"
        rounds = found.intake.of(connections)
        for name, measures in rounds.items():
            rate, p50, p99 = (_spread(measures, what) for what in ("rate", "p50", "p99"))
            cost = Spread.of(found.intake.server_cost[name, connections]).median * 1e6
            yield f"  {name}, {cost:.0f} µs of CPU each"
            yield f"    {rate.show(digits=0)}/s   p50 {p50.show(1e3)} ms   p99 {p99.show(1e3, 1)} ms"
            times = Times.of(measures, rounds[hooks.VERIFY])
            if times is not None and name != hooks.VERIFY:
                yield f"    x {times.rate.show()}   x {times.p50.show()}   x {times.p99.show()}"
    for name in found.intake.skipped:
        yield f"  {name}: skipped, there is no such server here"
    yield "\nStorms"
    for each in found.storms:
        yield from _storm(each)
    yield from _knowing(found)


def _storm(found: Storm) -> Iterator[str]:
    p50, p95, longest = (found.lag(share) for share in (0.5, LAG_SHARE, 1))
    yield f"  {found.seconds:.0f} s, {found.events:,} events, the last after {found.floor:.1f} s"
    yield f"    drained in {found.drain:.1f} s ({found.times:.2f} x), every card right after {found.settled:.1f} s"
    yield f"    lag p50 {p50:.1f} s   p95 {p95:.1f} s   max {longest:.1f} s"
    yield f"    {found.posts} posts, {found.updates} updates, {found.throttled} times 429"


def _knowing(found: AlertBench) -> Iterator[str]:
    yield "\nKnowing much"
    for count in found.knowing.ready_bytes:
        ready, after = (held[count] / MIB for held in (found.knowing.ready_bytes, found.knowing.bytes_after))
        cost, seconds = found.knowing.event_cost[count] * 1e3, found.knowing.ready_seconds[count]
        yield f"  {count:,} things: ready in {seconds:.2f} s with {ready:.1f} MiB"
        yield f"    {after:.1f} MiB after {found.plan.events} events, {cost:.2f} ms of CPU each"
    yield f"  {OPEN_CARDS:,} open cards: ready in {Spread.of(found.knowing.restart_seconds).show()} s"


def data(found: AlertBench) -> Mapping[str, Any]:
    return {
        "webhooks": [
            {"target": name, "connections": connections, "rounds": [asdict(each) for each in rounds]}
            for (name, connections), rounds in found.intake.rounds.items()
        ],
        "storms": [asdict(each) for each in found.storms],
        "knowing": asdict(found.knowing),
        "failures": found.failures,
    }


def _spread(rounds: Sequence[Measure], what: str) -> Spread:
    return Spread.of([getattr(measure, what) for measure in rounds])
