"""Every call to a LiveKit server goes through here: one deadline, one retry for reads, one translation of errors."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import TypeVar

import aiohttp
from livekit.api import LiveKitAPI, ServerError

from providers.errors import ProviderError, Unreachable
from providers.livekit.errors import FAILURES, Unanswered, is_clean, translate
from providers.livekit.settings import LiveKitSettings
from providers.redirects import not_followed

DEADLINE = timedelta(seconds=10)
"""For one operation, its retry included. The SDK enforces none: it hands aiohttp "no limit" with every call. The
server's own slowest answer here, to a target that is not there, comes after three seconds."""

RETRY_PAUSE = timedelta(milliseconds=200)
"""Before a read is tried again: a server that restarts is back within a quarter of a second."""

T = TypeVar("T")
Call = Callable[[LiveKitAPI], Awaitable[T]]


class Client:
    """Holds one connection pool, made at the first call because aiohttp wants a running loop."""

    def __init__(self, provider: str, settings: LiveKitSettings, deadline: timedelta) -> None:
        self._provider = provider
        self._settings = settings
        self._deadline = deadline
        self._session: aiohttp.ClientSession | None = None
        self._api: LiveKitAPI | None = None

    async def read(self, operation: str, call: Call[T]) -> T:
        """Make a call that changes nothing; once more where the connection broke or the server failed."""
        return await self._within_deadline(operation, self._twice(operation, call))

    async def write(self, operation: str, call: Call[T], *, patience: float = 1, secrets: Collection[str] = ()) -> T:
        """Make a call that changes something: never twice, for the first may have worked. `patience`: how many times
        as long as others it may take. `secrets` are cut from what the server says of it."""
        return await self._within_deadline(operation, self._once(operation, call, secrets), patience)

    async def aclose(self) -> None:
        session, self._session, self._api = self._session, None, None
        if session is not None:
            await session.close()

    async def _within_deadline(self, operation: str, work: Awaitable[T], patience: float = 1) -> T:
        try:
            async with asyncio.timeout(self._deadline.total_seconds() * patience):
                return await work
        except TimeoutError as error:
            raise translate(error, provider=self._provider, operation=operation) from error

    async def _twice(self, operation: str, call: Call[T]) -> T:
        try:
            return await self._once(operation, call)
        except Unanswered:
            raise  # the server has tried three times itself
        except ProviderError as error:
            if not _is_passing(error):
                raise
        await asyncio.sleep(RETRY_PAUSE.total_seconds())
        return await self._once(operation, call)

    async def _once(self, operation: str, call: Call[T], secrets: Collection[str] = ()) -> T:
        try:
            return await call(self._connected())
        except FAILURES as error:
            failure = error
        # Raised out here, so that the cause is the only link.
        cause = None if _holds_secrets(failure, secrets) else failure
        raise translate(failure, provider=self._provider, operation=operation, secrets=secrets) from cause

    def _connected(self) -> LiveKitAPI:
        if self._api is None:
            self._session = aiohttp.ClientSession(trace_configs=[not_followed()])
            self._api = LiveKitAPI(
                self._settings.http_url,
                self._settings.api_key,
                self._settings.api_secret.get_secret_value(),
                session=self._session,
                failover=False,  # it repeats writes
            )
        return self._api


def _holds_secrets(failure: Exception, secrets: Collection[str]) -> bool:
    """aiohttp's response errors carry the request's headers, the token among them, and a server quotes URLs."""
    if isinstance(failure, ServerError):
        return not is_clean(failure, secrets)
    return isinstance(failure, aiohttp.ClientResponseError)


def _is_passing(error: ProviderError) -> bool:
    cause = error.__cause__
    return isinstance(error, Unreachable) or (isinstance(cause, ServerError) and cause.status >= 500)
