"""Which `response_url` is worth a try: one of Slack's own, five times within half an hour.

Slack's figures: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.slack.errors import UrlSpent

USES = 5
LIFETIME_SECONDS = 30 * 60.0
"""Counted from our first use of it, which is a moment after Slack made it."""

_SLACK = "hooks.slack.com"
_SLACK_FOR_GOVERNMENTS = ".slack-gov.com"
_METHOD = "response_url"


class ResponseUrls:
    """`api_url` is where the Web API is: a stand-in's response_urls are on the same host."""

    def __init__(self, api_url: str, monotonic: Callable[[], float]) -> None:
        self._api = urlsplit(api_url)
        self._monotonic = monotonic
        self._used: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def require(self, url: str) -> None:
        """Raises `UrlSpent` where nothing good can come of calling it."""
        if not self._is_slacks(url):
            raise UrlSpent("foreign_host", _METHOD)
        first, uses = self._used.get(url, (self._monotonic(), 0))
        if uses >= USES:
            raise UrlSpent("used_url", _METHOD)
        if self._monotonic() - first > LIFETIME_SECONDS:
            raise UrlSpent("expired_url", _METHOD)

    def used(self, url: str) -> None:
        """Slack got something there."""
        first, uses = self._used.get(url, (self._monotonic(), 0))
        self._used[url] = first, uses + 1
        while self._monotonic() - next(iter(self._used.values()))[0] > 2 * LIFETIME_SECONDS:
            self._used.popitem(last=False)

    def _is_slacks(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        host = parts.hostname or ""
        if host == self._api.hostname:
            return parts.scheme == self._api.scheme
        return parts.scheme == "https" and (host == _SLACK or host.endswith(_SLACK_FOR_GOVERNMENTS))
