"""Steps that are timed one after the other in this process, beside a baseline of the same kind."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from bench.figures import Measure

Step = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class StepBench:
    """`rounds` of each step, warm-up left out; a round does each step `times` times. `baseline` is one of them."""

    title: str
    baseline: str
    steps: Mapping[str, Step]
    times: int
    rounds: dict[str, list[Measure]] = field(default_factory=dict)

    async def round(self, *, warm_up: bool) -> None:
        for name, step in self.steps.items():
            measure = await _timed(step, self.times)
            if not warm_up:
                self.rounds.setdefault(name, []).append(measure)


async def _timed(step: Step, times: int) -> Measure:
    each = []
    began = perf_counter()
    for _ in range(times):
        before = perf_counter()
        await step()
        each.append(perf_counter() - before)
    return Measure.of(each, perf_counter() - began)
