"""Each kind of video server as somebody would configure it, to be asked what it can do. Nothing is connected."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from providers.base import Provider
from providers.registry import kinds, provider_class, settings_of

_LIVEKIT = {"api_key": "APIexample", "api_secret": "an example, and no secret of anybody"}

EXAMPLES: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "livekit": {
            "LiveKit, self-hosted": {"url": "https://livekit.example.com", **_LIVEKIT},
            "LiveKit Cloud": {"url": "https://example.livekit.cloud", **_LIVEKIT},
        },
        "memory": {"memory": {}},
    }
)
"""By kind, its editions by title."""


def servers() -> Iterator[tuple[str, Provider]]:
    """Raises `LookupError` for a kind without an example."""
    if missing := sorted(set(kinds()) - EXAMPLES.keys()):
        raise LookupError(f"docs/generate/servers.py has no example of {', '.join(missing)}")
    for kind in kinds():
        for title, settings in EXAMPLES[kind].items():
            yield title, provider_class(kind)(kind, settings_of(kind).model_validate(settings))


def able_server() -> Provider:
    """The one that can do everything."""
    return dict(servers())["memory"]
