"""The one place that makes clients of Slack's SDK."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from providers.redirects import not_followed


def slack_session(timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    """For clients of the SDK, which follow redirects where their session lets them."""
    return aiohttp.ClientSession(timeout=timeout, trace_configs=[not_followed()])


def web_client(base_url: str, session: aiohttp.ClientSession | None, *, token: str | None = None) -> AsyncWebClient:
    """One that repeats nothing by itself, as a repeated post may post twice.

    The SDK takes a proxy from HTTPS_PROXY or HTTP_PROXY for every address and knows no NO_PROXY (slack_sdk 3.47,
    `web/async_base_client.py`). A proxy reaches its own loopback and not ours, so there it is left out.
    """
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])
    if _is_loopback(base_url):
        client.proxy = None
    return client


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
