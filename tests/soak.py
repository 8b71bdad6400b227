"""`python -m tests.soak`: kill the bot in many more storms than the tests do, and count what is posted twice.

A round fails where something that was accepted is missing, or a card is not true in the end. The seed of a round says
when the process is killed, but not what the machine does meanwhile: a failure may need a few tries to come again.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import postgresql
from tests.bot.faults.kills import one_process, two_replicas
from tests.bot.faults.storm import Outcome


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    asked.add_argument("--rounds", type=int, default=100, help="how many on SQLite (default: 100)")
    asked.add_argument("--replicas", type=int, default=10, help="how many with two replicas on PostgreSQL (10)")
    asked.add_argument("--seed", type=int, default=1, help="of the first round (1); the others follow")
    asked.add_argument("--at-once", type=int, default=4, help="rounds that are played at the same time (4)")
    given = asked.parse_args()
    sys.exit(asyncio.run(_soak(given.rounds, given.replicas, given.seed, given.at_once)))


async def _soak(rounds: int, replicas: int, seed: int, at_once: int) -> int:
    """Returns how many rounds failed."""
    tries = [found async for found in _on_sqlite(range(seed, seed + rounds), at_once)]
    tries += [found async for found in _on_postgresql(range(seed, seed + replicas))]
    outcomes = [found for found in tries if isinstance(found, Outcome)]
    sys.stdout.write(
        f"{len(tries)} rounds, {len(tries) - len(outcomes)} failed: "
        f"{sum(each.accepted for each in outcomes)} webhooks accepted, "
        f"{sum(each.doubled for each in outcomes)} messages twice "
        f"({sum(each.removed for each in outcomes)} removed), "
        f"{sum(each.noted_twice for each in outcomes)} notes twice\n"
    )
    return len(tries) - len(outcomes)


async def _on_sqlite(seeds: range, at_once: int) -> AsyncIterator[Outcome | Exception]:
    turns = asyncio.Semaphore(at_once)

    async def play(seed: int) -> Outcome | Exception:
        async with turns:
            with TemporaryDirectory() as directory:
                return await _told(seed, one_process(Path(directory), seed))

    for each in asyncio.as_completed([play(seed) for seed in seeds]):
        yield await each


async def _on_postgresql(seeds: range) -> AsyncIterator[Outcome | Exception]:
    if not seeds:
        return
    with postgresql.server() as server:
        for seed in seeds:
            with TemporaryDirectory() as directory:
                async with server.database() as url:
                    yield await _told(seed, two_replicas(Path(directory), url, seed))


async def _told(seed: int, playing: Coroutine[Any, Any, Outcome]) -> Outcome | Exception:
    try:
        found: Outcome | Exception = await playing
    except Exception as error:
        found = error
    sys.stdout.write(f"{found if isinstance(found, Outcome) else f'seed {seed}: failed: {found!r}'}\n")
    sys.stdout.flush()
    return found


if __name__ == "__main__":
    main()
