"""What open forms hold in memory goes when it is of no use any more."""

import weakref
from dataclasses import dataclass

from bot.slack.drafts import KEPT_SECONDS, Draft, Drafts
from tests.bot.slack.conftest import Clock


@dataclass
class Secret:
    """Something whose end can be watched."""


def kept(drafts: Drafts) -> tuple[str, weakref.ref[Secret]]:
    """The key of a draft with a secret in it, and whether anything holds that."""
    secret = Secret()
    return drafts.add(Draft("https://hooks.slack.com/1", {"key": secret})), weakref.ref(secret)


def test_what_has_expired_goes_with_the_next_that_comes(clock: Clock) -> None:
    drafts = Drafts(clock)
    key, secret = kept(drafts)
    clock.seconds = KEPT_SECONDS - 1
    drafts.add(Draft())
    assert secret() is not None
    clock.seconds = KEPT_SECONDS
    drafts.add(Draft())
    assert secret() is None
    assert drafts.get(key) is None


def test_what_has_expired_goes_when_another_is_looked_for(clock: Clock) -> None:
    drafts = Drafts(clock)
    _, secret = kept(drafts)
    clock.seconds = KEPT_SECONDS
    assert drafts.get("another") is None
    assert secret() is None


def test_of_a_form_that_was_sent_only_that_is_kept(clock: Clock) -> None:
    drafts = Drafts(clock)
    key, secret = kept(drafts)
    drafts.sent(key)
    assert secret() is None
    sent = drafts.get(key)
    assert sent is not None
    assert (sent.is_sent, sent.response_url, sent.values) == (True, None, {})
