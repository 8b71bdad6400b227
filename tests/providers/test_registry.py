"""Kinds are found by their folder, and a kind's server code is imported only when it is asked for."""

import subprocess
import sys

import pytest

from providers.base import Backend, Capability
from providers.registry import ProviderSettings, UnknownKind, kinds, provider_class, settings_of


def test_kinds_are_the_packages() -> None:
    assert "memory" in kinds()
    assert "base" not in kinds()
    assert kinds() == tuple(sorted(kinds()))


@pytest.mark.parametrize("kind", kinds())
def test_each_kind_has_settings_and_a_provider_of_that_kind(kind: str) -> None:
    assert issubclass(settings_of(kind), ProviderSettings)
    assert settings_of(kind).model_config["frozen"]
    provider = provider_class(kind)
    assert isinstance(provider, type)
    assert issubclass(provider, Backend)
    assert provider.kind == kind


def test_memory_can_be_made_of_nothing() -> None:
    provider = provider_class("memory")("studio", settings_of("memory")())
    assert (provider.name, provider.kind) == ("studio", "memory")
    assert provider.capabilities == frozenset(Capability)


@pytest.mark.parametrize("kind", ["", "base", "livekit.provider", "../memory", "zoom"])
def test_an_unknown_kind_is_told_which_there_are(kind: str) -> None:
    for find in (settings_of, provider_class):
        with pytest.raises(UnknownKind) as error:
            find(kind)
        assert "memory" in str(error.value)


def test_asking_for_settings_imports_no_server_code() -> None:
    """In a process of its own, as others in this one have imported it."""
    script = (
        "import sys; from providers.registry import kinds, settings_of\n"
        "assert kinds()\n"
        "for kind in kinds(): settings_of(kind)\n"
        "print([m for m in sys.modules if m.endswith('.provider') or m in ('aiohttp', 'jwt', 'livekit.api')])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
