"""What Slack refuses without looking at what is asked: too many calls, where that is switched on, and what a test says.

Slack's figures are not exact: it tolerates short bursts and publishes no number for them. Here they are kept to the
call. A post in a thread counts for its channel; what one person alone sees and answers at a `response_url` do not.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.demo.slack.errors import Refused, throttled

POST_SECONDS: Final = 1.0
"""How far apart `chat.postMessage` is taken in one channel, in the long run."""

POST_BURST: Final = 4
"""How many may come at once in a channel that was quiet."""

UPDATES: Final = 50
"""How many `chat.update` are taken in the workspace in any `UPDATE_SECONDS`."""

UPDATE_SECONDS: Final = 60.0

_CLOCK_ERROR = 1e-6
"""Seconds: epoch seconds as floats are that exact."""


class Limits:
    """`enforced` switches the counting on. `now` gives seconds; all spans are `scale` times shorter than Slack's."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.enforced = False
        self.scale = 1.0
        self._now = now
        self._posts_until: dict[str, float] = defaultdict(float)
        self._updates: deque[float] = deque()
        self._refusals: dict[str, deque[Refused]] = defaultdict(deque)

    def refuse(self, method: str, refusal: Refused, times: int) -> None:
        """The next calls of the method are refused, after those that were to be before."""
        self._refusals[method].extend([refusal] * times)

    def admit(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Raises `Refused`. A refused call counts for nothing."""
        if self._refusals[method]:
            raise self._refusals[method].popleft()
        if self.enforced and method == "chat.postMessage":
            self._count_post(str(arguments.get("channel")))
        elif self.enforced and method == "chat.update":
            self._count_update()

    def _count_post(self, channel_id: str) -> None:
        """A bucket of `POST_BURST`, told by when it is full again."""
        apart, now = POST_SECONDS / self.scale, self._now()
        full_at = max(self._posts_until[channel_id], now)
        _admit_after(full_at - now - (POST_BURST - 1) * apart)
        self._posts_until[channel_id] = full_at + apart

    def _count_update(self) -> None:
        window, now = UPDATE_SECONDS / self.scale, self._now()
        while self._updates and self._updates[0] <= now - window + _CLOCK_ERROR:
            self._updates.popleft()
        if len(self._updates) >= UPDATES:
            _admit_after(self._updates[0] + window - now)
        self._updates.append(now)


def _admit_after(seconds: float) -> None:
    """Raises `Refused` where that is still to come. Slack says it in whole seconds."""
    if seconds > _CLOCK_ERROR:
        raise throttled(max(1, math.ceil(seconds - _CLOCK_ERROR)))
