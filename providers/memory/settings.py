"""What the in-memory server needs to be told. It is configured by file only: `kind = "memory"`."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from providers.registry import ProviderSettings

SHORTEST_SECRET = 32
"""Bytes. An HMAC key shorter than its hash (SHA-256) is weaker than the hash."""

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class MemorySettings(ProviderSettings):
    """`webhook_url` is where it tells what happens, signed by `webhook_secret`; by itself it tells its own bot.

    The time-outs are for rooms that ask for none of their own. `recording_delay_seconds` is how long a recording or a
    stream takes to go live and, later, to be ready, an encoder to be seen, and a telephone to ring and to be answered.
    `recording_waits_for_publisher`: whether one of a whole room does not begin before somebody in it sends, as
    LiveKit's does not. `outputs` are the places that can be asked for by name, as in `archive = "memory://archive"`.
    `deadline_seconds` is how long we wait for an answer: a server in the same process answers at once, but it can be
    told to be slow. `remote_unmute`: whether somebody's track may be unmuted by others than themselves, which LiveKit's
    operators decide too.
    """

    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    empty_timeout_seconds: Seconds = 300
    departure_timeout_seconds: Seconds = 20
    recording_delay_seconds: Seconds = 0.2
    recording_waits_for_publisher: bool = False
    outputs: Mapping[str, str] = {}
    remote_unmute: bool = True
    deadline_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10

    @field_validator("webhook_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"must be at least {SHORTEST_SECRET} bytes long")
        return secret

    @model_validator(mode="after")
    def _signs_what_it_sends(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("webhook_url needs webhook_secret, by which the webhooks are signed")
        return self

    def reached_at(self, webhook_url: str) -> Self:
        """What is not configured: the address, and a secret, which both ends of one process know."""
        secret = self.webhook_secret or SecretStr(token_hex(32))
        return self.model_copy(update={"webhook_url": self.webhook_url or webhook_url, "webhook_secret": secret})


SETTINGS = MemorySettings
