"""The stage of LiveKit: what the stand-in and the real server have in common."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
from livekit.api import TokenVerifier
from livekit.api.access_token import Claims

from providers.base import ApiGrant, ApiToken, CreatedIngress, Grant, Ingress, IngressStatus, JoinToken, Provider
from tests.providers.stage import Admission, ApiAccess, Delivery, NotAdmitted, Stage, eventually
from tests.standins.ingress.session import PUBLISHING
from tests.standins.ingress.worker import IngressWorker
from tests.standins.livekit import signed
from tests.standins.psrpc import RpcError


class LiveKitStage(Stage):
    """`key` and `secret` are the server's, for LiveKit's own verifier and for signing as the server does. Encoders send
    to `ingress_worker`."""

    signature_headers = ("authorization",)

    def __init__(self, provider: Provider, *, key: str, secret: str, ingress_worker: IngressWorker) -> None:
        super().__init__(provider)
        self._key = key
        self._secret = secret
        self._ingress_worker = ingress_worker

    def admission(self, token: JoinToken) -> Admission:
        text = token.token.get_secret_value()
        claims = TokenVerifier(self._key, self._secret).verify(text)
        expiry = jwt.decode(text, self._secret, algorithms=["HS256"], issuer=self._key)["exp"]
        assert claims.video is not None
        assert claims.video.room_join
        return Admission(
            identity=claims.identity,
            room=claims.video.room,
            grant=_grant(claims),
            expires_at=datetime.fromtimestamp(expiry, UTC),
            name=claims.name,
            metadata=claims.metadata,
            attributes=claims.attributes or {},
        )

    def api_access(self, token: ApiToken) -> ApiAccess:
        text = token.token.get_secret_value()
        claims = TokenVerifier(self._key, self._secret).verify(text)
        expiry = jwt.decode(text, self._secret, algorithms=["HS256"], issuer=self._key)["exp"]
        assert claims.video is not None
        return ApiAccess(
            grants=frozenset(grant for grant, is_granted in _API_GRANTS.items() if is_granted(claims)),
            expires_at=datetime.fromtimestamp(expiry, UTC),
            room=claims.video.room,
            destination=claims.video.destination_room or "",
            admits=bool(claims.video.room_join),
        )

    async def encoder_sends(self, created: CreatedIngress) -> None:
        """What is fetched begins by itself."""
        if created.key is None:
            await self._ingress_worker.sessions[created.ingress.ref.id].until(PUBLISHING)
        else:
            try:
                session = await self._ingress_worker.connect(created.key.get_secret_value())
            except RpcError as error:
                raise NotAdmitted from error
            await session.publish()
        await self.ingress(created.ingress, IngressStatus.LIVE)

    async def encoder_stops(self, ingress: Ingress) -> None:
        await self._ingress_worker.sessions[ingress.ref.id].stop()
        await self.ingress(ingress, IngressStatus.COMPLETE if ingress.input.is_fetched else IngressStatus.WAITING)

    async def encoder_fails(self, ingress: Ingress, reason: str) -> None:
        await self._ingress_worker.sessions[ingress.ref.id].fail(reason)
        await self.ingress(ingress, IngressStatus.FAILED)

    async def ingress_worker_dies(self, ingress: Ingress) -> None:
        await self._ingress_worker.sessions[ingress.ref.id].die()

        async def gone() -> bool:
            present = await self.provider.list_participants(ingress.room)
            return ingress.identity not in [who.identity for who in present]

        await eventually(gone)

    def sign(self, body: bytes, *, secret: str | None = None, age: timedelta = timedelta(0)) -> Delivery:
        token = signed(body, key=self._key, secret=secret or self._secret, age=age)
        return Delivery({"authorization": token}, body)


_API_GRANTS: dict[ApiGrant, Callable[[Claims], object]] = {
    ApiGrant.CREATE_ROOMS: lambda c: c.video and c.video.room_create,
    ApiGrant.LIST_ROOMS: lambda c: c.video and c.video.room_list,
    ApiGrant.ADMIN: lambda c: c.video and c.video.room_admin,
    ApiGrant.RECORD: lambda c: c.video and c.video.room_record,
    ApiGrant.INGRESS: lambda c: c.video and c.video.ingress_admin,
    ApiGrant.SIP: lambda c: c.sip and c.sip.admin,
    ApiGrant.SIP_CALL: lambda c: c.sip and c.sip.call,
    ApiGrant.INFERENCE: lambda c: c.inference and c.inference.perform,
    ApiGrant.OBSERVABILITY: lambda c: c.observability and c.observability.write,
    ApiGrant.AGENTS: lambda c: c.agent and c.agent.admin,
}


def _grant(claims: Claims) -> Grant:
    assert claims.video is not None
    assert claims.video.can_subscribe
    assert claims.video.can_publish == claims.video.can_publish_data
    if not claims.video.can_publish:
        assert not claims.video.room_admin
        return Grant.SUBSCRIBER
    return Grant.MODERATOR if claims.video.room_admin else Grant.PUBLISHER
