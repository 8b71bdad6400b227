"""The real time, behind the port that everything else takes it from."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `commands.core.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
