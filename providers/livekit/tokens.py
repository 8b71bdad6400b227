"""Access tokens: JWTs that we sign ourselves, without asking the server."""

from datetime import UTC, datetime

import jwt
from livekit.api import AccessToken, VideoGrants
from pydantic import SecretStr

from providers.base import Grant, JoinToken, RoomRef, TokenOptions
from providers.livekit.backend import LiveKitBackend


class Tokens(LiveKitBackend):
    async def create_token(self, room: RoomRef, options: TokenOptions) -> JoinToken:
        """A token names a room, not a life of it: joining makes the room where the server allows that (it does by
        default). The server admits for one minute beyond `expires_at`, for clocks that differ."""
        self._require_fit(self.limits.room_name_problem(room.name), "create_token")
        self._require_fit(self.limits.identity_problem(options.identity), "create_token")
        token = self._sign(room, options)
        return JoinToken(
            token=SecretStr(token),
            url=self._settings.join_url,
            room=room,
            identity=options.identity,
            expires_at=_expiry(token),
        )

    def _sign(self, room: RoomRef, options: TokenOptions) -> str:
        token = (
            AccessToken(self._settings.api_key, self._settings.api_secret.get_secret_value())
            .with_identity(options.identity)
            .with_name(options.name)
            .with_ttl(options.ttl)
            .with_grants(_video_grants(room.name, options.grant))
        )
        if options.metadata is not None:
            token.with_metadata(options.metadata)
        if options.attributes:
            token.with_attributes(dict(options.attributes))
        return token.to_jwt()


def _video_grants(room: str, grant: Grant) -> VideoGrants:
    """Publishing is said in so many words, because LiveKit takes its absence for a yes."""
    may_publish = grant is not Grant.SUBSCRIBER
    return VideoGrants(
        room_join=True,
        room=room,
        room_admin=True if grant is Grant.MODERATOR else None,
        can_subscribe=True,
        can_publish=may_publish,
        can_publish_data=may_publish,
    )


def _expiry(token: str) -> datetime:
    """As signed, to the second. The signature is our own of a moment ago."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return datetime.fromtimestamp(claims["exp"], UTC)
