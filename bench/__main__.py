"""`python -m bench [--quick]`. Exit code 1 if an answer failed or something that was taken is not there; a missed goal
is a finding, not a failure."""

import argparse
import asyncio
import gc
import logging
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import alerts, answers, goals, lives, machine, report
from bench.acks import AckBench
from bench.alerts import AlertBench
from bench.commands import open_commands
from bench.plan import FULL, QUICK, Plan
from bench.presses import open_presses
from bench.rendering import open_rendering
from bench.webhooks import open_webhooks
from bot import logs

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure what a command costs, beside named baselines.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a smoke test, no figures")
    logs.configure(level=logging.WARNING, style="text", stream=sys.stderr)
    run = asyncio.run(_run(QUICK if parser.parse_args().quick else FULL))
    print(report.text(run))
    print(f"\n{report.write(run, RESULTS)}")
    return 1 if run.failures else 0


async def _run(plan: Plan) -> report.Run:
    described, cores = machine.describe(), machine.split_cores()
    if cores is not None:
        machine.pin(cores[0])
    loops = []
    async with AsyncExitStack() as opened:
        dispatch = await opened.enter_async_context(open_commands(plan.lines))
        webhooks = await opened.enter_async_context(open_webhooks(plan.lines))
        rendering = await opened.enter_async_context(open_rendering(plan.drawings))
        presses = await opened.enter_async_context(open_presses(plan.answers))
        on_memory = await opened.enter_async_context(answers.on_memory(plan.answers))
        on_livekit = await opened.enter_async_context(answers.on_livekit(plan.answers))
        acks = await opened.enter_async_context(AckBench.open(plan, cores[1] if cores else None))
        alerted = await AlertBench.open(plan, cores[1] if cores else None, opened)
        steps = [dispatch, rendering, webhooks, presses, on_memory, *([on_livekit] if on_livekit else [])]
        gc.freeze()  # or the collector walks all that was imported, in the middle of a measurement
        for number in range(plan.rounds + 1):
            print(f"round {number} of {plan.rounds}", file=sys.stderr)
            loops.append(machine.fixed_loop_seconds())
            for each in steps:
                await each.round(warm_up=number == 0)
            await acks.round(warm_up=number == 0)
            await alerted.round(warm_up=number == 0)
    lived = await lives.measure(plan, cores[1] if cores else None)
    await alerted.finish()
    return report.Run(
        at=datetime.now(UTC),
        plan=plan,
        machine=described,
        pinned=cores is not None,
        fixed_loop=loops,
        fsync_seconds=machine.fsync_seconds(),
        steps=[*steps, alerted.calm],
        acks=acks.found,
        lives=lived,
        alerts=alerted,
        findings=[*goals.findings(acks.found, dispatch, presses, lived), *alerts.findings(alerted)],
    )


if __name__ == "__main__":
    sys.exit(main())
