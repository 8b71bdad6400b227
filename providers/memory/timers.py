"""What a server does by itself after a while: one timer for each key, in the running loop."""

import asyncio
from collections.abc import Callable


class Timers:
    """Starting a key again replaces its timer. Nothing runs after `cancel_all`."""

    def __init__(self) -> None:
        self._handles: dict[str, asyncio.TimerHandle] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, key: str, delay_seconds: float, action: Callable[[], object]) -> None:
        self.cancel(key)
        self._handles[key] = asyncio.get_running_loop().call_later(delay_seconds, self._fire, key, action)
        self._idle.clear()

    def cancel(self, key: str) -> None:
        if handle := self._handles.pop(key, None):
            handle.cancel()
        self._tell()

    def cancel_all(self) -> None:
        for key in list(self._handles):
            self.cancel(key)

    async def idle(self) -> None:
        """Return when no timer runs."""
        while self._handles:
            await self._idle.wait()

    def _fire(self, key: str, action: Callable[[], object]) -> None:
        del self._handles[key]
        action()
        self._tell()

    def _tell(self) -> None:
        if not self._handles:
            self._idle.set()
