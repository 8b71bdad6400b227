"""What Slack refuses without looking at what is asked: too many calls, where that is switched on, and what a test says.

Slack's figures are not exact: it tolerates short bursts. Here they are kept to the call.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.demo.slack.errors import Refused, throttled

Window = tuple[int, float]
"""How many calls in how many seconds."""

POSTS: Final[Window] = (1, 1.0)
"""`chat.postMessage`, in one channel."""

UPDATES: Final[Window] = (50, 60.0)
"""`chat.update`, in the workspace."""


class Limits:
    """`enforced` switches the counting on. `now` gives seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.enforced = False
        self._now = now
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._refusals: dict[str, deque[Refused]] = defaultdict(deque)

    def refuse(self, method: str, refusal: Refused, times: int) -> None:
        """The next calls of the method are refused, after those that were to be before."""
        self._refusals[method].extend([refusal] * times)

    def admit(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Raises `Refused`."""
        if self._refusals[method]:
            raise self._refusals[method].popleft()
        if self.enforced and method == "chat.postMessage":
            self._count(f"{method} {arguments.get('channel')}", POSTS)
        elif self.enforced and method == "chat.update":
            self._count(method, UPDATES)

    def _count(self, key: str, window: Window) -> None:
        most, seconds = window
        calls, now = self._calls[key], self._now()
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) >= most:
            raise throttled(max(1, math.ceil(calls[0] + seconds - now)))
        calls.append(now)
