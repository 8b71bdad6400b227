"""What goes wrong between Slack and a bot, on demand.

A fault befalls one call of a method. Those that were scripted by `next` come first, in their order; then what befalls
`always`; then what `at_random` draws. `EVERY` stands for all methods, `response_url` and `upload` are methods too.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Final

from aiohttp import web

EVERY: Final = "*"


class Trouble(Enum):
    """`LOST`: Slack does what was asked, and its answer never arrives. After all others nothing was done.

    `FAILS` is a 500 with `internal_error`, `PAGE` a 502 with a page for people, `AWAY` an empty 503. `SILENT` never
    answers. `RESET` hangs up.
    """

    FAILS = auto()
    PAGE = auto()
    AWAY = auto()
    SILENT = auto()
    RESET = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Throttled:
    """A 429, whatever the pace is. `retry_after` as the header says it, which may be no number."""

    retry_after: str = "1"


@dataclass(frozen=True, slots=True)
class Slow:
    """Done and answered after so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Late:
    """Done at once, and answered after so long."""

    seconds: float


Fault = Trouble | Throttled | Slow | Late
"""What may go wrong with a call."""

Answering = Callable[[], web.Response]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that came in, whatever became of it. `at` is the loop's time."""

    method: str
    at: float


class Faults:
    """`is_down`: the whole workspace hangs up, until it is set up again. `arrivals` are all calls, the oldest first;
    `changed` is called when there is another."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.is_down = False
        self.arrivals: list[Arrival] = []
        self._next: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._random: Random | None = None
        self._chances: Mapping[Fault, float] = {}
        self._held = asyncio.Event()
        self._closing = asyncio.Event()
        self._held.set()

    def next(self, method: str, *faults: Fault | None) -> None:
        """What befalls the next calls, one each, after those that were scripted before; None: all is well."""
        self._next[method].extend(faults)

    def always(self, method: str, fault: Fault | None) -> None:
        """What befalls every call of the method until told otherwise; None ends it."""
        if fault is None:
            self._always.pop(method, None)
        else:
            self._always[method] = fault

    def at_random(self, seed: int, chances: Mapping[Fault, float]) -> None:
        """What befalls any call with that probability; all is well with what is left of 1. The empty one ends it."""
        self._random, self._chances = Random(seed), chances  # noqa: S311 - it is to be the same again, not a secret

    def hold(self) -> None:
        """Let calls arrive and go no further until `let_go`. Then they meet whatever is to befall them."""
        self._held.clear()

    def let_go(self) -> None:
        self._held.set()

    def close(self) -> None:
        """Hang up on whoever waits for an answer."""
        self._closing.set()
        self._held.set()

    async def befall(self, method: str, request: web.Request, answer: Answering) -> web.StreamResponse:
        """Answer a call that arrived, or not. `answer` does what is asked."""
        self.arrivals.append(Arrival(method, asyncio.get_running_loop().time()))
        self._changed()
        await self._held.wait()
        match self._fault(method):
            case None:
                return answer()
            case Trouble.FAILS:
                return web.json_response({"ok": False, "error": "internal_error"}, status=500)
            case Trouble.PAGE:
                return web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html")
            case Trouble.AWAY:
                return web.Response(status=503)
            case Throttled(retry_after=seconds):
                refusal = {"ok": False, "error": "ratelimited"}
                return web.json_response(refusal, status=429, headers={"Retry-After": seconds})
            case Slow(seconds=seconds):
                await self._wait(seconds)
                return answer()
            case Late(seconds=seconds):
                late = answer()
                await self._wait(seconds)
                return late
            case Trouble.SILENT:
                await self._closing.wait()
            case Trouble.LOST:
                answer()
        return _hang_up(request)

    def _fault(self, method: str) -> Fault | None:
        if self.is_down:
            return Trouble.RESET
        for name in (method, EVERY):
            if self._next[name]:
                return self._next[name].popleft()
        if (fault := self._always.get(method, self._always.get(EVERY))) is not None:
            return fault
        return self._drawn()

    def _drawn(self) -> Fault | None:
        left = self._random.random() if self._random is not None else 1.0
        for fault, chance in self._chances.items():
            if (left := left - chance) < 0:
                return fault
        return None

    async def _wait(self, seconds: float) -> None:
        """A stop of the stand-in is not held up by it."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return


def _hang_up(request: web.Request) -> web.Response:
    """The bytes of an answer would go nowhere after this."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
