"""SIGKILL in the middle of writing: what was said to be durable is there, and nothing is there by half."""

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store.engine import Store
from bot.store.errors import StoreInUse

ROOT = Path(__file__).parents[3]


def _pairs(path: Path) -> dict[int, int]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT channel_id, count(*) FROM setting GROUP BY channel_id").fetchall()
    intact = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert intact == ("ok",)
    return {int(number): count for number, count in rows}


@pytest.mark.parametrize("seed", range(3))
async def test_a_killed_process_loses_nothing_that_it_had_promised(seed: int, file_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bot.store.endless_writer", file_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(random.Random(seed).randrange(5, 60)):
            promised = int(process.stdout.readline())
        with pytest.raises(StoreInUse, match=f"id {process.pid}"):
            await Store.open(file_url)
        process.send_signal(signal.SIGKILL)
        promised = max([promised, *map(int, process.stdout.read().split())])

    store = await Store.open(file_url)
    await store.close()

    pairs = _pairs(tmp_path / "showcaller.db")
    assert promised > 0
    assert set(range(promised)) <= set(pairs)
    assert set(pairs.values()) == {2}
