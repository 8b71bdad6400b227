"""Which goals a run speaks of, and what it says of them."""

from bench import acks, commands, presses
from bench.acks import Acks, Load
from bench.figures import Measure, Verdict
from bench.goals import findings
from bench.lives import Lives
from bench.steps import StepBench

MIB = 2**20


def measure(seconds: float) -> Measure:
    return Measure(rate=1 / seconds, p50=seconds, p99=2 * seconds, count=10)


def steps(baseline: str, ours: str, *, theirs_seconds: float, ours_seconds: float) -> StepBench:
    found = StepBench("Steps", baseline, {}, 1)
    found.rounds = {baseline: [measure(theirs_seconds)] * 2, ours: [measure(ours_seconds)] * 2}
    return found


def lives(*, held: int = 100 * MIB) -> Lives:
    return Lives(
        import_seconds=[1.0, 1.0],
        import_bytes=[held, held],
        ready_seconds=[1.5, 3.0],
        ready_bytes=[held, 2 * held],
        commands=[10, 20],
        bytes_after=[held, 2 * held],
    )


def verdicts(found: Acks, lived: Lives) -> dict[str, Verdict]:
    dispatch = steps(commands.BASELINE, commands.DISPATCH, theirs_seconds=100e-6, ours_seconds=90e-6)
    pressed = steps(presses.BASELINE, presses.OURS, theirs_seconds=0.001, ours_seconds=0.06)
    return {finding.text.rpartition(": ")[0]: finding.verdict for finding in findings(found, dispatch, pressed, lived)}


def test_a_run_speaks_of_every_goal() -> None:
    closed, opened = Load(16), Load(16, 50)
    found = Acks(
        rounds={
            (acks.BASELINE, closed): [measure(0.1)] * 2,
            (acks.OURS, closed): [measure(0.11)] * 2,
            (acks.AT_WORK, closed): [measure(0.9)] * 2,
            (acks.BASELINE, opened): [measure(0.1)] * 2,
            (acks.OURS, opened): [measure(0.2)] * 2,
        }
    )
    assert verdicts(found, lives()) == {
        "parse and dispatch, p50 under 100 µs": Verdict.MET,
        "parse and dispatch, p50 within 1.4 x bolt's own": Verdict.MET,
        "ack, 16 connections, p50 within 1.15 x bolt-min": Verdict.MET,
        "ack, 16 connections, p99 within 1.15 x bolt-min": Verdict.MET,
        "ack, 16 connections, rate within 1.15 x bolt-min": Verdict.MET,
        "ack, 50/s, open loop, p50 within 1.15 x bolt-min": Verdict.MISSED,
        "ack, 50/s, open loop, p99 within 1.15 x bolt-min": Verdict.MISSED,
        "press to the first call, p99 under 100 ms": Verdict.MISSED,
        "ready within 2.5 x the import of our dependencies": Verdict.NOT_DECIDED,
        "memory when ready within 1.3 x the import of our dependencies": Verdict.NOT_DECIDED,
        "memory from 10 to 20 commands within 1.1 x": Verdict.MISSED,
    }


def test_a_system_that_does_not_tell_of_memory_decides_nothing() -> None:
    assert not any(text.startswith("memory") for text in verdicts(Acks(), lives(held=0)))
