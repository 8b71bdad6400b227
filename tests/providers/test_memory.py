"""The shared contract over the in-memory provider, with its webhooks over loopback HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from pydantic import SecretStr

from providers.base import Capability, Grant, JoinToken
from providers.errors import Conflict
from providers.memory import webhooks
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.providers.contract import ProviderContract
from tests.providers.stage import Admission, Delivery, NotAdmitted, Receiver, Stage

SECRET = "the-webhook-secret-of-the-memory-tests"


class MemoryStage(Stage):
    secrets = (SECRET,)
    signature_headers = (webhooks.ID, webhooks.TIMESTAMP, webhooks.SIGNATURE)
    shortest_timeout = timedelta(milliseconds=30)

    def __init__(self, provider: Memory, receiver: Receiver) -> None:
        super().__init__(provider)
        self._server = provider.server
        self._receiver = receiver

    async def join(self, token: JoinToken) -> None:
        try:
            self._server.join_with(token.token)
        except Conflict as error:
            raise NotAdmitted(error.detail) from error

    async def leave(self, token: JoinToken) -> None:
        self._server.leave(token.room.name, token.identity)

    def admission(self, token: JoinToken) -> Admission:
        claims = jwt.decode(
            token.token.get_secret_value(),
            self._server.token_secret.get_secret_value(),
            algorithms=["HS256"],
            issuer=self.provider.name,
        )
        return Admission(
            identity=claims["sub"],
            room=claims["room"],
            grant=Grant(claims["grant"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            name=claims["name"],
            metadata=claims["metadata"],
            attributes=claims["attributes"],
        )

    async def delivery(self) -> Delivery:
        return await self._receiver.next()

    def sign(self, body: bytes, *, secret: str | None = None, age: timedelta = timedelta(0)) -> Delivery:
        headers = webhooks.sign(SecretStr(secret or SECRET), "EV_signed", body, datetime.now(UTC) - age)
        return Delivery(headers, body)


class TestMemory(ProviderContract):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with Receiver() as receiver:
            settings = MemorySettings(
                webhook_url=receiver.url, webhook_secret=SecretStr(SECRET), recording_delay_seconds=0.02
            )
            provider = Memory("studio", settings)
            yield MemoryStage(provider, receiver)
            await provider.aclose()

    async def test_it_has_every_capability(self, stage: Stage) -> None:
        assert stage.provider.capabilities == frozenset(Capability)
