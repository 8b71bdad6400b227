"""The shared contract over the in-memory provider, with its webhooks over loopback HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from pydantic import SecretStr

from providers.base import (
    ApiGrant,
    ApiToken,
    Call,
    Capability,
    CreatedIngress,
    Grant,
    Ingress,
    IngressStatus,
    JoinToken,
    RoomRef,
    TrackSource,
)
from providers.errors import Conflict, Unauthenticated
from providers.facts import ParticipantLeft
from providers.memory import webhooks
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.providers.contract import ProviderContract
from tests.providers.stage import Admission, ApiAccess, Delivery, Heard, NotAdmitted, Receiver, Stage

SECRET = "the-webhook-secret-of-the-memory-tests"


class MemoryStage(Stage):
    secrets = (SECRET,)
    signature_headers = (webhooks.ID, webhooks.TIMESTAMP, webhooks.SIGNATURE)
    shortest_timeout = timedelta(milliseconds=30)
    waits_for_publisher = True

    def __init__(self, provider: Memory, receiver: Receiver) -> None:
        super().__init__(provider)
        self._server = provider.server
        self._server.phones_answer = False
        self._receiver = receiver
        self._clients: dict[JoinToken, str] = {}
        self._heard: dict[JoinToken, int] = {}

    async def join(self, token: JoinToken) -> None:
        try:
            self._clients[token] = self._server.join_with(token.token).id
        except (Conflict, Unauthenticated) as error:
            raise NotAdmitted(error.detail) from error
        self._heard[token] = 0

    async def leave(self, token: JoinToken) -> None:
        self._server.leave(token.room.name, token.identity)

    async def publish(self, token: JoinToken, source: TrackSource = TrackSource.MICROPHONE) -> str:
        try:
            return self._server.publish(token.room.name, token.identity, source).id
        except Conflict as error:
            raise NotAdmitted(error.detail) from error

    async def receives(self, token: JoinToken, track_id: str, wanted: bool = True) -> None:
        assert (track_id in self._server.receives(token.room.name, token.identity)) is wanted

    async def signal(self, token: JoinToken) -> Heard:
        signal = self._server.signals(token.room.name, token.identity)[self._heard[token]]
        self._heard[token] += 1
        return Heard(signal.message, signal.topic)

    async def disconnected(self, token: JoinToken) -> None:
        gone = await self.fact(
            ParticipantLeft, lambda f: (f.room.name, f.participant.id) == (token.room.name, self._clients[token])
        )
        assert gone.reason

    async def fail_egress(self, id: str, reason: str) -> None:
        self._server.fail_recording(id, reason)

    async def fail_destination(self, id: str, url: SecretStr, reason: str) -> None:
        self._server.fail_destination(id, self.provider.destination_id(url), reason)

    async def reconnect_destination(self, id: str, url: SecretStr) -> None:
        self._server.reconnect_destination(id, self.provider.destination_id(url))

    async def kill_worker(self, id: str) -> None:
        self._server.abandon(id)

    @asynccontextmanager
    async def without_workers(self) -> AsyncIterator[None]:
        self._server.has_workers = False
        yield
        self._server.has_workers = True

    async def encoder_sends(self, created: CreatedIngress) -> None:
        if created.key is not None:
            try:
                self._server.send_into(created.key.get_secret_value())
            except Conflict as error:
                raise NotAdmitted(error.detail) from error
        await self.ingress(created.ingress, IngressStatus.LIVE)

    async def encoder_stops(self, ingress: Ingress) -> None:
        if ingress.input.is_fetched:
            self._server.finish_ingress(ingress.ref.id)
        else:
            self._server.stop_sending(ingress.ref.id)

    async def encoder_fails(self, ingress: Ingress, reason: str) -> None:
        self._server.fail_ingress(ingress.ref.id, reason)

    async def ingress_worker_dies(self, ingress: Ingress) -> None:
        self._server.abandon_ingress(ingress.ref.id)

    async def calls_in(self, room: RoomRef, number: str) -> None:
        self._server.call_in(room.name, number)

    async def answers(self, call: Call) -> None:
        self._server.answer(call.ref.id)

    async def refuses(self, call: Call) -> None:
        self._server.refuse(call.ref.id)

    async def hears_dtmf(self, call: Call) -> str:
        return self._server.dtmf_heard(call.ref.id)

    async def agents_serve(self, name: str) -> None:
        self._server.served_agents.add(name)

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

    def api_access(self, token: ApiToken) -> ApiAccess:
        claims = jwt.decode(
            token.token.get_secret_value(),
            self._server.token_secret.get_secret_value(),
            algorithms=["HS256"],
            issuer=self.provider.name,
        )
        return ApiAccess(
            grants=frozenset(ApiGrant(grant) for grant in claims["grants"]),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            room=claims["room"],
            destination=claims["destination"],
            admits="sub" in claims,
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
                webhook_url=receiver.url,
                webhook_secret=SecretStr(SECRET),
                recording_delay_seconds=0.02,
                recording_waits_for_publisher=True,
                outputs={"archive": "memory://archive", "tape": "memory://tape/1"},
            )
            provider = Memory("studio", settings)
            yield MemoryStage(provider, receiver)
            await provider.aclose()

    async def test_it_has_every_capability(self, stage: Stage) -> None:
        assert stage.provider.capabilities == frozenset(Capability)
