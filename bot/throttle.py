"""How often somebody may do something: so many times in any window of time, counted in this process's memory.

Of what is refused nothing is counted, so that whoever asks on and on gets on at the same pace as everybody.
"""

from collections import OrderedDict, deque

from commands.core.ports import Clock


class Throttle:
    """`most` in any `window_seconds`, for each person by themselves."""

    def __init__(self, clock: Clock, most: int, window_seconds: float) -> None:
        self._clock = clock
        self._most = most
        self._window_seconds = window_seconds
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        """When each person was let through, the one who was last at the end."""

    def wait_seconds(self, person: str) -> float:
        """0 where this one is let through, which counts; else how long until the next one is."""
        now = self._clock.monotonic()
        self._forget_before(now - self._window_seconds)
        times = self._taken.setdefault(person, deque())
        while times and times[0] <= now - self._window_seconds:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + self._window_seconds - now
        times.append(now)
        self._taken.move_to_end(person)
        return 0.0

    @property
    def remembered(self) -> int:
        """How many people there is something to remember of."""
        return len(self._taken)

    def _forget_before(self, moment: float) -> None:
        """Who was not let through since then is not remembered at all."""
        while self._taken and next(iter(self._taken.values()))[-1] <= moment:
            self._taken.popitem(last=False)
