"""A clock that runs with the real one, and that a test moves."""

import time
from datetime import UTC, datetime, timedelta


class MovedClock:
    """`commands.core.ports.Clock`. Over HTTP it must stay within five minutes of the real time: requests are signed."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def move(self, *, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead.total_seconds()
