"""Tokens that the in-memory server admits: JWTs signed with HS256, as LiveKit's are."""

from datetime import UTC, datetime
from typing import Any

import jwt
from pydantic import BaseModel, SecretStr

from providers.base import Grant, JoinToken, RoomRef, TokenOptions
from providers.errors import Unauthenticated

ALGORITHM = "HS256"


class Claims(BaseModel, frozen=True):
    """`iss` is the provider, `sub` the identity, `room` a room's name: any life of it. Times in epoch seconds."""

    iss: str
    sub: str
    room: str
    grant: Grant
    iat: int
    exp: int
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = {}


def sign(secret: SecretStr, room: RoomRef, options: TokenOptions, url: str) -> JoinToken:
    now = datetime.now(UTC).replace(microsecond=0)
    expires_at = now + options.ttl
    claims = Claims(
        iss=room.provider,
        sub=options.identity,
        room=room.name,
        grant=options.grant,
        iat=int(now.timestamp()),
        exp=int(expires_at.timestamp()),
        name=options.name,
        metadata=options.metadata or "",
        attributes=dict(options.attributes),
    )
    token = jwt.encode(claims.model_dump(mode="json"), secret.get_secret_value(), ALGORITHM)
    return JoinToken(SecretStr(token), url, room, options.identity, expires_at)


def verify(secret: SecretStr, provider: str, token: SecretStr) -> Claims:
    """What a token grants. `Unauthenticated` when it is expired, of another server or not signed by this one."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token.get_secret_value(), secret.get_secret_value(), algorithms=[ALGORITHM], issuer=provider
        )
    except jwt.InvalidTokenError as error:
        raise Unauthenticated(type(error).__name__, provider=provider, operation="join") from None
    return Claims.model_validate(claims)
