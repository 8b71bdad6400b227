"""What is measured in this process does what it says, and says so when it does not."""

import pytest

from bench.machine import cpu_seconds, resident_bytes
from bench.presses import BASELINE as RESPOND
from bench.presses import OURS as PRESS
from bench.presses import open_presses
from bench.rendering import BASELINE as WRITE
from bench.rendering import open_rendering
from bench.steps import StepBench
from bot.render.message import Message


def counts(steps: StepBench) -> dict[str, list[int]]:
    return {name: [measure.count for measure in rounds] for name, rounds in steps.rounds.items()}


async def test_everything_is_drawn() -> None:
    async with open_rendering(1) as steps:
        await steps.round(warm_up=False)
    assert len(steps.rounds) == 6
    assert set(map(tuple, counts(steps).values())) == {(1,)}
    assert next(iter(steps.rounds)) == WRITE


async def test_a_list_that_is_not_drawn_whole_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> Message:
        return Message("Rooms:", [{"type": "section"}, {"type": "context", "elements": "9 more are not shown."}])

    async with open_rendering(1) as steps:
        monkeypatch.setattr("bench.rendering.render_reply", cut)
        with pytest.raises(AssertionError):
            await steps.round(warm_up=False)


async def test_a_press_ends_with_its_call() -> None:
    async with open_presses(2) as steps:
        await steps.round(warm_up=False)
    assert counts(steps) == {RESPOND: [2], PRESS: [2]}


async def test_a_press_that_brings_about_nothing_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.presses.CALL_SECONDS", 0.05)
    async with open_presses(1) as steps:
        monkeypatch.setattr("bot.slack.presses.Presses.pressed", _nothing)
        with pytest.raises(TimeoutError):
            await steps.steps[PRESS]()


async def _nothing(*_: object) -> None:
    pass


def test_a_machine_tells_what_a_process_takes_or_nothing() -> None:
    nobody = 2**22 + 1
    assert (cpu_seconds(nobody), resident_bytes(nobody)) == (0.0, 0)
