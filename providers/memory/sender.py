"""Carries facts to a webhook address, in their order, from a task of its own."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp
from pydantic import SecretStr

from providers.facts import Fact, facts_to_json
from providers.memory import webhooks

PAUSES_SECONDS = (0.1, 0.5, 2.0)
"""Before each further attempt. Short: receiver and sender are in one process, or on one desk."""
ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=10)

log = logging.getLogger(__name__)


class Sender:
    """What a receiver refuses (4xx) is not sent again, what fails is, and after the last attempt it is dropped."""

    def __init__(self, url: str, secret: SecretStr, pauses_seconds: Sequence[float] = PAUSES_SECONDS) -> None:
        self._url = url
        self._secret = secret
        self._pauses_seconds = pauses_seconds
        self._facts: asyncio.Queue[Fact] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def send(self, fact: Fact) -> None:
        """Queue it. Nothing leaves before the caller gives way."""
        self._facts.put_nowait(fact)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="memory webhooks")

    async def idle(self) -> None:
        """Return when everything that was queued is delivered or dropped."""
        await self._facts.join()

    async def aclose(self) -> None:
        """Stop. What is still queued is lost, as it is when a real server stops."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=ANSWER_TIMEOUT) as session:
            while True:
                fact = await self._facts.get()
                try:
                    await self._deliver(session, fact)
                finally:
                    self._facts.task_done()

    async def _deliver(self, session: aiohttp.ClientSession, fact: Fact) -> None:
        body = facts_to_json([fact])
        for pause in (*self._pauses_seconds, None):
            problem = await self._post(session, fact.key, body)
            if problem is None:
                return
            if pause is not None:
                await asyncio.sleep(pause)
        log.warning("webhook dropped: provider=%s type=%s key=%s: %s", fact.provider, fact.type, fact.key, problem)

    async def _post(self, session: aiohttp.ClientSession, event_id: str, body: bytes) -> str | None:
        """One attempt. None when it needs no other one."""
        headers = webhooks.sign(self._secret, event_id, body, datetime.now(UTC))
        try:
            async with session.post(
                self._url,
                data=body,
                headers={**headers, "content-type": "application/json"},
                allow_redirects=False,  # the signature is for who was configured
            ) as answer:
                if answer.status >= 300:
                    log.info("webhook answered with %s: key=%s", answer.status, event_id)
                return f"status {answer.status}" if answer.status >= 500 or answer.status == 429 else None
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__
