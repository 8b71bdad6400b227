"""What the configuration may say, and how a mistake is told."""

from typing import Any

import pytest
from pydantic import ValidationError

from providers.livekit.provider import PROVIDER
from providers.livekit.settings import SETTINGS, LiveKitSettings
from providers.registry import kinds, provider_class, settings_of

GIVEN: dict[str, Any] = {"url": "https://livekit.example.com", "api_key": "key", "api_secret": "x" * 32}


def settings(**changed: Any) -> LiveKitSettings:
    return LiveKitSettings.model_validate(GIVEN | changed)


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "http_url", "join_url"),
        [
            ("https://a.example", "https://a.example", "wss://a.example"),
            ("http://127.0.0.1:7880/", "http://127.0.0.1:7880", "ws://127.0.0.1:7880"),
            ("wss://a.example/base/", "https://a.example/base", "wss://a.example/base"),
            ("ws://[::1]:7880", "http://[::1]:7880", "ws://[::1]:7880"),
            (" https://a.example\n", "https://a.example", "wss://a.example"),
            ("HTTPS://a.example", "https://a.example", "wss://a.example"),
        ],
    )
    def test_both_are_derived_from_one(self, url: str, http_url: str, join_url: str) -> None:
        given = settings(url=url)
        assert (given.http_url, given.join_url) == (http_url, join_url)

    def test_clients_may_have_another(self) -> None:
        assert settings(ws_url="wss://media.example").join_url == "wss://media.example"

    @pytest.mark.parametrize("name", ["url", "ws_url"])
    @pytest.mark.parametrize(
        "address",
        [
            "",
            "livekit",
            "livekit.example.com",
            "ftp://a.example",
            "https://",
            "https://:7880",
            "https://a:99999",
            "https://a b.example",
            "https://[",
        ],
    )
    def test_what_is_no_address_is_told_by_example(self, name: str, address: str) -> None:
        with pytest.raises(ValidationError, match=r"must be like https://livekit\.example\.com"):
            settings(**{name: address})

    @pytest.mark.parametrize(
        "address", ["https://ana:pw@a.example", "https://a.example?token=1", "https://a.example#1"]
    )
    def test_what_could_hold_a_secret_is_refused_unseen(self, address: str) -> None:
        with pytest.raises(ValidationError, match="must hold no user, password") as refused:
            settings(url=address)
        assert address not in str(refused.value)


class TestCredentials:
    @pytest.mark.parametrize("name", ["api_key", "api_secret"])
    @pytest.mark.parametrize("value", ["", "  \n"])
    def test_empty_ones_are_told(self, name: str, value: str) -> None:
        with pytest.raises(ValidationError, match="must not be empty"):
            settings(**{name: value})

    def test_a_line_break_from_a_file_is_dropped_and_the_secret_never_shows(self) -> None:
        given = settings(api_secret="a-secret-from-a-file\n")
        assert given.api_secret.get_secret_value() == "a-secret-from-a-file"
        assert "a-secret" not in repr(given)

    def test_every_problem_is_told_at_once(self) -> None:
        with pytest.raises(ValidationError) as wrong:
            LiveKitSettings.model_validate({"url": "x", "api_secret": "", "colour": "blue"})
        assert {error["loc"][0] for error in wrong.value.errors()} == {"url", "api_key", "api_secret", "colour"}


def test_the_registry_finds_both_by_kind() -> None:
    assert "livekit" in kinds()
    assert settings_of("livekit") is SETTINGS is LiveKitSettings
    assert provider_class("livekit") is PROVIDER
    assert SETTINGS.ENV_PREFIX == "LIVEKIT_"
