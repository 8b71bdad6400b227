"""The video servers of a configuration, built, kept by name, and measured."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

from bot.metrics import Metrics
from bot.settings import ProviderConfig
from providers.base import Backend, Provider
from providers.errors import ProviderError
from providers.registry import provider_class

P = ParamSpec("P")
T = TypeVar("T")

OPERATIONS = tuple(
    name
    for name, method in inspect.getmembers(Backend, inspect.iscoroutinefunction)
    if not name.startswith("_") and name != "aclose"
)
"""What can be asked of a video server, by the names of the contract."""


class ConfiguredProviders:
    """`commands.core.ports.Providers`, in the order of the configuration; the first is the default."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._by_name = {provider.name: provider for provider in providers}

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._by_name)

    @property
    def default(self) -> str:
        return next(iter(self._by_name))

    def get(self, name: str) -> Provider | None:
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._by_name.values())


def build_providers(configs: Sequence[ProviderConfig]) -> list[Provider]:
    """Only what is configured is imported."""
    return [provider_class(config.kind)(config.name, config.settings) for config in configs]


Building = Callable[[Sequence[ProviderConfig]], Sequence[Provider]]
"""What makes the providers of a configuration: `build_providers`, or what sees to them before the bot does."""


def measure(provider: Provider, metrics: Metrics) -> None:
    """Count and time every operation of this one provider, from here on.

    Its methods are wrapped on the instance: what it can do is read from its class, which stays as it is. An operation
    that asks another one of its own provider first counts as both.
    """
    for operation in OPERATIONS:
        setattr(provider, operation, _measured(getattr(provider, operation), provider.name, operation, metrics))


def _measured(
    method: Callable[P, Awaitable[T]], provider: str, operation: str, metrics: Metrics
) -> Callable[P, Awaitable[T]]:
    seconds = metrics.provider_call_seconds.labels(provider, operation)

    def ended(outcome: str) -> None:
        metrics.provider_calls.labels(provider, operation, outcome).inc()

    @wraps(method)
    async def measured(*args: P.args, **kwargs: P.kwargs) -> T:
        began = perf_counter()
        try:
            result = await method(*args, **kwargs)
        except ProviderError as error:
            ended(type(error).__name__)
            raise
        except asyncio.CancelledError:
            ended("cancelled")
            raise
        except Exception:
            ended("bug")
            raise
        finally:
            seconds.observe(perf_counter() - began)
        ended("ok")
        return result

    return measured
