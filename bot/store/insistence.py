"""Writing down what cannot be done again, such as what Slack has taken, though the database be away for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.store.errors import StoreOverloaded, StoreUnavailable

log = structlog.get_logger(__name__)

AGAIN_SECONDS = (0.1, 0.4, 1.0, 2.0)
"""Pauses between tries. After a call as it mostly is, the last try is made before the lease is over."""

T = TypeVar("T")


async def insist(write: Callable[[], Awaitable[T]]) -> T:
    for seconds in AGAIN_SECONDS:
        try:
            return await write()
        except (StoreUnavailable, StoreOverloaded) as error:
            log.warning("what was done is not written down yet", error=str(error), seconds=seconds)
            await asyncio.sleep(seconds)
    return await write()
