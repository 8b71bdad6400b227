"""Clients of Slack's SDK, and the proxy that it takes from the environment."""

import pytest

from bot.slack.sdk import web_client

PROXY = "http://proxy.test:3128"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://slack.com/api/", PROXY),
        ("https://10.0.0.1/api/", PROXY),
        ("http://127.0.0.1:8080/api/", None),
        ("http://127.9.9.9/api/", None),
        ("http://[::1]:8080/api/", None),
        ("http://localhost:8080/api/", None),
    ],
)
async def test_a_proxy_is_for_what_is_not_loopback(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    client = web_client(url, None, token="xoxb-1")
    assert (client.proxy, client.base_url, client.retry_handlers) == (proxy, url, [])
