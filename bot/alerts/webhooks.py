"""The way in for webhooks: verified, stored, and only then answered. Accepted means durable."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.alerts.intake import Intake
from bot.metrics import Metrics
from bot.store.errors import StoreError
from bot.web import Headers, WebhookAnswer
from commands.core.ports import Providers
from providers.base import Provider
from providers.errors import Forged, ProviderError

log = structlog.get_logger(__name__)


class Webhooks:
    """`team_id` is the workspace that owns the providers."""

    def __init__(self, providers: Providers, intake: Intake, metrics: Metrics, *, team_id: str) -> None:
        self._providers = providers
        self._intake = intake
        self._metrics = metrics
        self._team_id = team_id

    async def take(self, name: str, kind: str, headers: Headers, body: bytes) -> WebhookAnswer:
        provider = self._providers.get(name)
        if provider is None or kind not in provider.webhook_kinds:
            return WebhookAnswer.UNKNOWN
        answer = await self._take(provider, kind, headers, body)
        self._metrics.webhooks.labels(name, answer.value).inc()
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
        try:
            await self._intake.accept(facts, team_id=self._team_id)
        except (StoreError, SQLAlchemyError):
            log.exception("a webhook was not stored", provider=provider.name)
            return WebhookAnswer.UNAVAILABLE
        return WebhookAnswer.STORED
