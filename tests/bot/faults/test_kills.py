"""A process that is killed at any moment of a storm loses nothing. `python -m tests.soak` plays more rounds."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.bot.faults.kills import one_process, two_replicas
from tests.bot.faults.storm import Outcome
from tests.postgresql import Server

AT_ONCE = 3
"""Rounds that are played at the same time: most of a round is waiting."""

SEEDS = range(1, 16)


@pytest.mark.parametrize("seeds", [SEEDS[i : i + AT_ONCE] for i in range(0, len(SEEDS), AT_ONCE)], ids=str)
async def test_what_a_killed_process_has_accepted_is_shown_by_the_next(tmp_path: Path, seeds: range) -> None:
    async def play(seed: int) -> Outcome:
        (directory := tmp_path / str(seed)).mkdir()
        return await one_process(directory, seed)

    outcomes = await asyncio.gather(*(play(seed) for seed in seeds))
    sys.stdout.writelines(f"{outcome}\n" for outcome in outcomes)
    assert all(outcome.accepted > 0 and outcome.refused > 0 for outcome in outcomes), "each storm met a dead process"


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_a_killed_replica_leaves_the_other_delivers(
    tmp_path: Path, postgresql_server: Server, seed: int
) -> None:
    async with postgresql_server.database() as url:
        outcome = await two_replicas(tmp_path, url, seed)
    sys.stdout.write(f"{outcome}\n")
    assert outcome.accepted > 0
