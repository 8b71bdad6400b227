"""A video server on which something happens between a command's look and its deed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings

P = ParamSpec("P")
T = TypeVar("T")


class Eventful(Memory):
    """Attributes:
    before: operation (`"mute_track"`) to what happens just before the server carries it out, once.
    after: the same for just after it.
    """

    def __init__(self, name: str, settings: MemorySettings) -> None:
        super().__init__(name, settings)
        self.before: dict[str, Callable[[], object]] = {}
        self.after: dict[str, Callable[[], object]] = {}

    async def _ask(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.before.pop(method.__name__, lambda: None)()
        answer = await super()._ask(method, *args, **kwargs)
        self.after.pop(method.__name__, lambda: None)()
        return answer


@asynccontextmanager
async def eventful() -> AsyncIterator[Eventful]:
    provider = Eventful("memory", MemorySettings(recording_delay_seconds=3600))
    yield provider
    await provider.aclose()
