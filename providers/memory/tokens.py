"""Tokens of the in-memory server: JWTs signed with HS256, as LiveKit's are. One kind admits people to a room, the
other is for programs and admits nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from pydantic import BaseModel, SecretStr, ValidationError

from providers.base import (
    ApiGrant,
    ApiToken,
    ApiTokenOptions,
    Grant,
    JoinToken,
    Permissions,
    RoomRef,
    TokenOptions,
)
from providers.errors import Unauthenticated

ALGORITHM = "HS256"


class _Claims(BaseModel, frozen=True):
    """`iss` is the provider. Times in epoch seconds."""

    iss: str
    iat: int
    exp: int


class Claims(_Claims, frozen=True):
    """`sub` is the identity, `room` a room's name: any life of it."""

    sub: str
    room: str
    grant: Grant
    permissions: Permissions
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = {}


class ApiClaims(_Claims, frozen=True):
    grants: frozenset[ApiGrant]
    room: str = ""
    destination: str = ""


def sign(secret: SecretStr, room: RoomRef, options: TokenOptions, url: str) -> JoinToken:
    issued_at, expires_at = _validity(options.ttl)
    claims = Claims(
        iss=room.provider,
        iat=int(issued_at.timestamp()),
        exp=int(expires_at.timestamp()),
        sub=options.identity,
        room=room.name,
        grant=options.grant,
        permissions=options.permitted,
        name=options.name,
        metadata=options.metadata or "",
        attributes=dict(options.attributes),
    )
    return JoinToken(_encoded(secret, claims), url, room, options.identity, expires_at)


def sign_for_api(secret: SecretStr, provider: str, options: ApiTokenOptions, url: str) -> ApiToken:
    issued_at, expires_at = _validity(options.ttl)
    claims = ApiClaims(
        iss=provider,
        iat=int(issued_at.timestamp()),
        exp=int(expires_at.timestamp()),
        grants=options.grants,
        room=options.room,
        destination=options.destination,
    )
    return ApiToken(_encoded(secret, claims), url, expires_at)


def verify(secret: SecretStr, provider: str, token: SecretStr) -> Claims:
    """What a token admits to. `Unauthenticated` when it is expired, of another server, not signed by this one, or for
    a program."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token.get_secret_value(), secret.get_secret_value(), algorithms=[ALGORITHM], issuer=provider
        )
        return Claims.model_validate(claims)
    except (jwt.InvalidTokenError, ValidationError) as error:
        raise Unauthenticated(type(error).__name__, provider=provider, operation="join") from None


def _validity(ttl: timedelta) -> tuple[datetime, datetime]:
    """From when to when, in whole seconds as a JWT has them."""
    now = datetime.now(UTC).replace(microsecond=0)
    return now, now + ttl


def _encoded(secret: SecretStr, claims: _Claims) -> SecretStr:
    return SecretStr(jwt.encode(claims.model_dump(mode="json"), secret.get_secret_value(), ALGORITHM))
