"""Access tokens: JWTs that we sign ourselves, without asking the server."""

from datetime import UTC, datetime, timedelta

import jwt
from livekit.api import AccessToken, AgentGrants, InferenceGrants, ObservabilityGrants, SIPGrants, VideoGrants
from pydantic import SecretStr

from providers.base import ApiGrant, ApiToken, ApiTokenOptions, JoinToken, RoomRef, TokenOptions
from providers.errors import Unsupported
from providers.livekit import permissions
from providers.livekit.backend import LiveKitBackend

_CLOUD_ONLY = frozenset({ApiGrant.INFERENCE, ApiGrant.OBSERVABILITY, ApiGrant.AGENTS})


class Tokens(LiveKitBackend):
    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        """A token names a room, not a life of it: joining makes the room where the server allows that (it does by
        default). The server admits for one minute beyond `expires_at`, for clocks that differ."""
        self._require_fit(self.limits.room_name_problem(room.name), "create_token")
        self._require_fit(self.limits.identity_problem(options.identity), "create_token")
        token = self._token_to_join(room, options).to_jwt()
        return JoinToken(
            token=SecretStr(token),
            url=self._settings.join_url,
            room=room,
            identity=options.identity,
            expires_at=_expiry(token),
        )

    async def create_api_token(self, options: ApiTokenOptions) -> ApiToken:
        """It admits nobody to a room. `Rejected` for one that allows nothing, or to administer no room."""
        self._require_grants(options)
        token = self._token_for_api(options).to_jwt()
        return ApiToken(token=SecretStr(token), url=self._settings.http_url, expires_at=_expiry(token))

    def _require_grants(self, options: ApiTokenOptions) -> None:
        lacking = sorted(options.grants & _CLOUD_ONLY)
        if lacking and not self._settings.is_cloud:
            detail = f"create_api_token for {', '.join(lacking)}"
            raise Unsupported(detail, provider=self.name, operation="create_api_token")
        if not options.grants:
            raise self._rejected("A token for a program needs at least one grant.", "create_api_token")
        if ApiGrant.ADMIN in options.grants:
            self._require_fit(self.limits.room_name_problem(options.room), "create_api_token")

    def _token_to_join(self, room: RoomRef, options: TokenOptions) -> AccessToken:
        token = (
            self._token(options.ttl)
            .with_identity(options.identity)
            .with_name(options.name)
            .with_grants(permissions.grants(room.name, options))
        )
        if options.metadata is not None:
            token.with_metadata(options.metadata)
        if options.attributes:
            token.with_attributes(dict(options.attributes))
        return token

    def _token_for_api(self, options: ApiTokenOptions) -> AccessToken:
        grants = options.grants
        token = self._token(options.ttl).with_grants(_video_grants(options))
        if sip := grants & {ApiGrant.SIP, ApiGrant.SIP_CALL}:
            token.with_sip_grants(SIPGrants(admin=ApiGrant.SIP in sip, call=ApiGrant.SIP_CALL in sip))
        if ApiGrant.INFERENCE in grants:
            token.with_inference_grants(InferenceGrants(perform=True))
        if ApiGrant.OBSERVABILITY in grants:
            token.with_observability_grants(ObservabilityGrants(write=True))
        if ApiGrant.AGENTS in grants:
            token.with_agent_grants(AgentGrants(admin=True))
        return token

    def _token(self, ttl: timedelta) -> AccessToken:
        return AccessToken(self._settings.api_key, self._settings.api_secret.get_secret_value()).with_ttl(ttl)


def _video_grants(options: ApiTokenOptions) -> VideoGrants:
    """What a participant may do is said to be nothing, because the SDK claims it otherwise."""
    is_admin = ApiGrant.ADMIN in options.grants
    return VideoGrants(
        room_create=ApiGrant.CREATE_ROOMS in options.grants or None,
        room_list=ApiGrant.LIST_ROOMS in options.grants or None,
        room_record=ApiGrant.RECORD in options.grants or None,
        ingress_admin=ApiGrant.INGRESS in options.grants or None,
        room_admin=is_admin or None,
        room=options.room if is_admin else "",
        destination_room=options.destination if is_admin else None,
        can_publish=False,
        can_subscribe=False,
        can_publish_data=False,
    )


def _expiry(token: str) -> datetime:
    """As signed, to the second. The signature is our own of a moment ago."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return datetime.fromtimestamp(claims["exp"], UTC)
