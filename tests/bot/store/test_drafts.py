"""What open forms hold is kept for half an hour, sealed, and is the same for every process."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.render.form_fields import option_value
from bot.secrets import SecretBox
from bot.slack.drafts import Draft, Drafts
from bot.store.drafts import KEPT, StoredDrafts
from bot.store.engine import Store
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import dumped

LONG = "x" * 200
DRAFT = Draft(
    SecretStr("https://hooks.slack.test/commands/T1/123/very-secret"),
    {"room": "standup", "key": SecretStr("hunter2"), "pairs": {"a": "1"}, "names": ["b", "c"], "is_on": True, "n": 3},
    chosen_at=5.0,
)


def _box() -> SecretBox:
    return SecretBox(SecretStr(Fernet.generate_key().decode()))


@pytest.fixture
def drafts(store: Store, clock: StillClock) -> Drafts:
    return Drafts(StoredDrafts(store, clock, _box(), team_id="T1"))


async def test_what_is_kept_comes_back_whole(drafts: Drafts) -> None:
    assert await drafts.get(await drafts.add(DRAFT)) == DRAFT
    assert await drafts.get("unknown") is None


async def test_it_is_sealed(drafts: Drafts, store: Store) -> None:
    key = await drafts.add(DRAFT)
    kept = await dumped(store)
    assert key.encode() in kept
    assert not any(word in kept for word in (b"hunter2", b"very-secret", b"standup"))


async def test_without_the_key_it_is_gone(drafts: Drafts, store: Store, clock: StillClock) -> None:
    key = await drafts.add(DRAFT)
    with capture_logs() as lines:
        assert await Drafts(StoredDrafts(store, clock, _box(), team_id="T1")).get(key) is None
    assert [line["log_level"] for line in lines] == ["warning"]


async def test_it_is_kept_for_half_an_hour_after_the_last_change(drafts: Drafts, clock: StillClock) -> None:
    key = await drafts.add(DRAFT)
    clock.advance(KEPT - timedelta(seconds=1))
    assert await drafts.keep(key, {"room": "retro"})
    clock.advance(KEPT - timedelta(seconds=1))
    kept = await drafts.get(key)
    assert kept is not None
    assert kept.values == {"room": "retro"}
    clock.advance(timedelta(seconds=1))
    assert await drafts.get(key) is None
    assert not await drafts.keep(key, {})


async def test_a_choice_that_comes_late_changes_nothing(drafts: Drafts) -> None:
    key = await drafts.add(Draft())
    assert await drafts.keep(key, {"allow": "newer"}, chosen_at=2.0)
    assert not await drafts.keep(key, {"allow": "older"}, chosen_at=1.0)
    await drafts.drawn(key, "h1")
    assert await drafts.get(key) == Draft(values={"allow": "newer"}, chosen_at=2.0, view_hash="h1")


async def test_of_a_form_that_was_sent_only_that_is_kept(drafts: Drafts) -> None:
    key = await drafts.add(DRAFT)
    assert await drafts.sent(key)
    assert not await drafts.sent(key), "it is sent once"
    assert not await drafts.keep(key, {"room": "retro"})
    await drafts.drawn(key, "h1")
    assert await drafts.get(key) == Draft(is_sent=True)


async def test_long_texts_are_found_by_their_digest(drafts: Drafts) -> None:
    await drafts.offer(["short", LONG, LONG])
    await drafts.add(Draft(values={"room": LONG + "y"}))
    for text in (LONG, LONG + "y"):
        assert await drafts.text_of(option_value(text)) == text
    assert await drafts.text_of("short") is None
