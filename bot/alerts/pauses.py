"""What this process leaves alone for a while after a failure, doubling. What Slack itself asks to wait is kept in the
database, for every replica: `bot/store/pace.py`."""

from bot.slack.client import TOKEN_PAUSE_SECONDS
from bot.slack.errors import NotGranted, Suspended, Throttled, TokenDead, Unfamiliar
from commands.core.ports import Clock

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

FIRST_LONG_PAUSE_SECONDS = 60.0
LONGEST_LONG_PAUSE_SECONDS = 900.0
"""Where somebody must do something before the same call can work, and nobody says when that is done."""

EVERYTHING = "everything"
"""What waits when Slack refuses our token."""


class Pauses:
    """A key is a channel's id, a person's for the direct conversation with them, or a lane's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def after(self, key: str, error: Exception) -> float:
        """Begin a pause; how long it is, in seconds."""
        match error:
            case Throttled():
                pause = error.retry_after
            case TokenDead():
                key, pause = EVERYTHING, TOKEN_PAUSE_SECONDS
            case NotGranted() | Suspended() | Unfamiliar():
                pause = self._doubled(key, FIRST_LONG_PAUSE_SECONDS, LONGEST_LONG_PAUSE_SECONDS)
            case _:
                pause = self._doubled(key, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._until[key] = self._clock.monotonic() + pause
        return pause

    def _doubled(self, key: str, first: float, longest: float) -> float:
        self._last[key] = min(max(self._last.get(key, 0.0) * 2, first), longest)
        return self._last[key]

    def end(self, key: str) -> None:
        self._until.pop(key, None)
        self._last.pop(key, None)

    def waiting(self) -> list[str]:
        now = self._clock.monotonic()
        return [key for key, until in self._until.items() if until > now]

    def shortest(self) -> float | None:
        """Seconds until the first of them may be tried again; None where none waits."""
        now = self._clock.monotonic()
        left = [until - now for until in self._until.values() if until > now]
        return min(left, default=None)
