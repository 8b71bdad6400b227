"""What Slack said a while ago, so that not every command has to wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from bot.slack.errors import SlackError, Throttled
from commands.core.ports import Clock

T = TypeVar("T")

REMEMBERED_SECONDS = 300.0
FAILED_SECONDS = 10.0
"""How long Slack is not asked again after it could not say: every command would have to wait for it."""

MOST_REMEMBERED = 10_000


def lasts(found: object) -> float:
    """For how many seconds an answer, or a failure, is believed."""
    if isinstance(found, SlackError):
        return found.retry_after if isinstance(found, Throttled) else FAILED_SECONDS
    return REMEMBERED_SECONDS


class Remembered(Generic[T]):
    """Answers by key. Of those who want the same at once one asks, and the others wait."""

    def __init__(
        self,
        clock: Clock,
        ask: Callable[[str], Awaitable[T]],
        *,
        lasts: Callable[[T | SlackError], float] = lasts,
    ) -> None:
        self._clock = clock
        self._ask = ask
        self._lasts = lasts
        self._known: dict[str, tuple[T | SlackError, float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._asking: dict[str, object] = {}

    async def get(self, key: str) -> T:
        """Raises `SlackError`."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            found = known[0] if known is not None and self._clock.monotonic() < known[1] else await self._asked(key)
        if isinstance(found, SlackError):
            raise found
        return found

    async def _asked(self, key: str) -> T | SlackError:
        """An answer to what was forgotten meanwhile may be older than the reason to forget it, and is not kept."""
        self._asking[key] = ticket = object()
        try:
            found: T | SlackError = await self._ask(key)
        except SlackError as error:
            found = error
        if self._asking.get(key) is ticket:
            self._keep(key, found)
        return found

    def _keep(self, key: str, found: T | SlackError) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
            self._locks = {each: lock for each, lock in self._locks.items() if lock.locked()}
            self._asking = {each: ticket for each, ticket in self._asking.items() if each in self._locks}
        self._known[key] = found, self._clock.monotonic() + self._lasts(found)

    def forget(self, key: str) -> None:
        """Ask again next time."""
        self._asking.pop(key, None)
        if (known := self._known.get(key)) is not None:
            self._known[key] = known[0], self._clock.monotonic()

    def answers(self) -> Mapping[str, T]:
        """The last answer to each key, however old."""
        return {key: found for key, (found, _) in self._known.items() if not isinstance(found, SlackError)}
