"""What we call ourselves leads nowhere else: a redirect would take a request, and what it says, to another machine."""

from types import SimpleNamespace

import aiohttp


def not_followed() -> aiohttp.TraceConfig:
    """For a session of a library that follows redirects: its call raises `InvalidUrlRedirectClientError` instead.

    The error quotes no address, as one may hold a secret.
    """
    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(_refuse)
    return tracing


async def _refuse(_: aiohttp.ClientSession, __: SimpleNamespace, found: aiohttp.TraceRequestRedirectParams) -> None:
    found.response.close()
    raise aiohttp.InvalidUrlRedirectClientError("a redirect", "is not followed")
