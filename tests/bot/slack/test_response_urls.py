"""Which response_urls are called at all."""

import pytest

from bot.slack.errors import UrlSpent
from bot.slack.response_urls import LIFETIME_SECONDS, USES, ResponseUrls
from tests.bot.slack.conftest import Clock

API = "https://slack.com/api/"
SLACKS = "https://hooks.slack.com/actions/T1/1/x"


def refusal(urls: ResponseUrls, url: str) -> str | None:
    try:
        urls.require(url)
    except UrlSpent as spent:
        return spent.code
    return None


@pytest.mark.parametrize(
    ("url", "api_url", "ok"),
    [
        (SLACKS, API, True),
        ("https://hooks.slack-gov.com/actions/T1/1/x", "https://slack-gov.com/api/", True),
        ("http://127.0.0.1:4000/response/x", "http://127.0.0.1:3999/api/", True),
        ("http://hooks.slack.com/actions/T1/1/x", API, False),
        ("https://hooks.slack.com.evil.test/x", API, False),
        ("https://evil.test/?hooks.slack.com", API, False),
        ("https://hooks.slack.com@evil.test/x", API, False),
        ("https://xslack-gov.com/x", API, False),
        ("http://127.0.0.1:4000/response/x", API, False),
        ("http://169.254.169.254/latest", API, False),
        ("file:///etc/passwd", API, False),
        ("https://[", API, False),
        ("", API, False),
    ],
)
def test_only_slacks_own_hosts_and_that_of_a_stand_in(clock: Clock, url: str, api_url: str, ok: bool) -> None:
    assert refusal(ResponseUrls(api_url, clock.monotonic), url) == (None if ok else "foreign_host")


def test_five_uses(clock: Clock) -> None:
    urls = ResponseUrls(API, clock.monotonic)
    for _ in range(USES):
        assert refusal(urls, SLACKS) is None
        urls.used(SLACKS)
    assert refusal(urls, SLACKS) == "used_url"
    assert refusal(urls, f"{SLACKS}y") is None


def test_half_an_hour(clock: Clock) -> None:
    urls = ResponseUrls(API, clock.monotonic)
    urls.used(SLACKS)
    clock.seconds = LIFETIME_SECONDS
    assert refusal(urls, SLACKS) is None
    clock.seconds += 1
    assert refusal(urls, SLACKS) == "expired_url"


def test_what_is_long_over_is_forgotten(clock: Clock) -> None:
    urls = ResponseUrls(API, clock.monotonic)
    for number in range(100):
        clock.seconds = number * LIFETIME_SECONDS
        urls.used(f"{SLACKS}{number}")
    assert len(urls._used) == 3
