"""The video servers of a configuration, built and kept by name."""

from collections.abc import Callable, Iterator, Sequence

from bot.settings import ProviderConfig
from providers.base import Provider
from providers.registry import provider_class


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
