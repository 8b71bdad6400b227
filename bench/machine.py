"""What the figures were measured on, and how steady it was."""

import contextlib
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

LIBRARIES = ("aiohttp", "slack-bolt", "slack-sdk", "pydantic", "sqlalchemy")
FSYNCS = 20


def describe() -> Mapping[str, str]:
    versions = {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
    return {"system": f"{platform.system()} {platform.machine()}", "cores": str(len(_cores())), **versions}


def split_cores() -> tuple[int, int] | None:
    """A core for the client and one for the targets; None where there is one, or the system cannot pin."""
    cores = _cores()
    return (cores[0], cores[1]) if len(cores) > 1 and sys.platform == "linux" else None


def pin(core: int, pid: int = 0) -> None:
    """Keep a process (this one by default), and what it starts from here on, on one core."""
    if sys.platform == "linux":
        os.sched_setaffinity(pid, {core})


def fixed_loop_seconds() -> float:
    """The same arithmetic each time: when this varies, so does the machine."""
    began, total = perf_counter(), 0
    for number in range(1_000_000):
        total += number * number
    return perf_counter() - began


def fsync_seconds() -> float:
    """The mean of a few small writes, each carried to the disk that databases are made on here."""
    with TemporaryDirectory(prefix="showcaller-bench-") as directory, (Path(directory) / "f").open("wb") as file:
        began = perf_counter()
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return (perf_counter() - began) / FSYNCS


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have taken so far, to the nanosecond; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
    return 0.0


def resident_bytes(pid: int) -> int:
    """What a process holds in memory; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _cores() -> list[int]:
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
