"""From configuration to providers: a kind's server code is imported only when a deployment configures that kind.

A package `providers.<kind>` has a module `settings` with its model `SETTINGS` (cheap to import, read at every start to
learn which variables there are) and a module `provider` with its class `PROVIDER`. Nothing here knows a kind by name,
so that a new one needs no edit.
"""

import importlib
import pkgutil
from typing import Any, ClassVar, Protocol, Self, cast

from pydantic import BaseModel

import providers
from providers.base import Provider


class ProviderSettings(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """What a kind of server needs to be told. Secrets are `SecretStr`.

    `ENV_PREFIX` gives each field its variable (`LIVEKIT_` and `url` make `LIVEKIT_URL`); an empty one says that this
    kind is never configured by the environment alone.
    """

    ENV_PREFIX: ClassVar[str] = ""

    def reached_at(self, webhook_url: str) -> Self:
        """Told where this deployment takes its webhooks, as a process on the same machine sees it.

        A server elsewhere is told by whoever runs it, and this changes nothing; one inside the bot overrides it.
        """
        return self


class ProviderClass(Protocol):
    def __call__(self, name: str, settings: Any) -> Provider: ...


class UnknownKind(Exception):
    """There is no such kind of video server."""


def kinds() -> tuple[str, ...]:
    """Every kind that has a package here, without importing any."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(providers.__path__) if m.ispkg))


def settings_of(kind: str) -> type[ProviderSettings]:
    return cast(type[ProviderSettings], _module(kind, "settings").SETTINGS)


def provider_class(kind: str) -> ProviderClass:
    return cast(ProviderClass, _module(kind, "provider").PROVIDER)


def _module(kind: str, name: str) -> Any:
    if kind not in kinds():
        raise UnknownKind(f"`{kind}` is no kind of video server; there are {', '.join(kinds())}.")
    return importlib.import_module(f"providers.{kind}.{name}")
