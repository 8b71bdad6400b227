"""The way in for webhooks: verified, stored, and only then answered. Accepted means durable.

What cannot be stored is refused in the way that makes its server send it again. Before that, servers that wait for an
answer are kept waiting as long as they do, as the database may come back.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.alerts.intake import Intake
from bot.metrics import Metrics
from bot.store.errors import StoreError, StoreOverloaded
from bot.web import Headers, WebhookAnswer
from commands.core.ports import Providers
from providers.base import Provider
from providers.errors import Forged, ProviderError
from providers.facts import Fact

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 5.0
"""How long a server waits for us that is not to be kept waiting. What is written after that is there all the same, and
the repeat of it is known by its key."""

RETRY_SECONDS = 0.25


def _nobody_is_told(_: str) -> None:
    """Where nobody makes up for what was refused."""


class Webhooks:
    """`team_id` is the workspace that owns the providers. `refused` is told the name of a provider whenever something
    of it could not be stored: it may never be sent again. `answer_seconds`: how long those wait that are not to be kept
    waiting.
    """

    def __init__(
        self,
        providers: Providers,
        intake: Intake,
        metrics: Metrics,
        *,
        team_id: str,
        refused: Callable[[str], None] = _nobody_is_told,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._providers = providers
        self._intake = intake
        self._metrics = metrics
        self._team_id = team_id
        self._refused = refused
        self._answer_seconds = answer_seconds

    async def take(self, name: str, kind: str, headers: Headers, body: bytes) -> WebhookAnswer:
        provider = self._providers.get(name)
        if provider is None or kind not in provider.webhook_kinds:
            return WebhookAnswer.UNKNOWN
        answer = await self._take(provider, kind, headers, body)
        self._metrics.webhooks.labels(name, answer.verdict).inc()
        return answer

    async def _take(self, provider: Provider, kind: str, headers: Headers, body: bytes) -> WebhookAnswer:
        try:
            facts = provider.read_webhook(kind, headers, body)
        except Forged as error:
            log.warning("a webhook was not signed by its server", provider=provider.name, reason=error.detail)
            return WebhookAnswer.FORGED
        except ProviderError as error:
            log.error("a signed webhook was not understood", provider=provider.name, reason=error.detail)
            return WebhookAnswer.STORED  # sending it again would not help
        if await self._store(provider, facts):
            return WebhookAnswer.STORED
        self._refused(provider.name)
        return WebhookAnswer.HANG_UP if provider.resending.hang_up else WebhookAnswer.UNAVAILABLE

    async def _store(self, provider: Provider, facts: Sequence[Fact]) -> bool:
        """False where it could not be stored for as long as its server may be kept waiting."""
        hold_seconds = provider.resending.hold_seconds
        trouble: Exception | None = None
        try:
            async with asyncio.timeout(hold_seconds or self._answer_seconds):
                while True:
                    try:
                        await self._intake.accept(facts, team_id=self._team_id)
                    except (StoreError, SQLAlchemyError) as error:
                        trouble = error
                    else:
                        return True
                    if not hold_seconds:
                        break
                    await asyncio.sleep(RETRY_SECONDS)
        except TimeoutError as error:
            trouble = trouble or error
        shown = None if isinstance(trouble, StoreOverloaded | TimeoutError) else trouble
        log.error("a webhook was not stored", provider=provider.name, reason=type(trouble).__name__, exc_info=shown)
        return False
