import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import pytest
from cryptography.fernet import Fernet
from pydantic import Field, SecretStr
from structlog.testing import capture_logs

from bot.secrets import SecretBox
from bot.store.engine import Store
from bot.store.pending import StoredPendingActions
from commands.core.attempts import QUESTION_LIFETIME, Pending
from commands.core.base import Command
from commands.core.registry import Commands
from commands.core.types import Duration
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import dumped


class StreamStart(Command, path="stream start"):
    """Holds one field of every sort that a command may have."""

    room: str = Field(description="Room")
    key: SecretStr = Field(description="Key")
    urls: tuple[SecretStr, ...] = Field((), description="URLs")
    headers: Annotated[Mapping[str, SecretStr], Field(description="Headers")] = {}
    stop_after: Duration | None = Field(None, description="How long")
    attributes: Mapping[str, str] = Field({}, description="Attributes")
    audio_only: bool = Field(False, description="Audio")


class StreamStartOfNextYear(Command, path="stream start"):
    """The same path in a version that wants more."""

    room: str = Field(description="Room")
    destination: str = Field(description="Destination")


COMMAND = StreamStart(
    room="“Bob's” 🎥",
    key=SecretStr("live_KEY"),
    urls=(SecretStr("rtmp://a/live_KEY"), SecretStr("rtmp://b/live_KEY")),
    headers={"x-auth": SecretStr("live_KEY")},
    stop_after=timedelta(minutes=90),
    attributes={"role": "host"},
)


@pytest.fixture
def box() -> SecretBox:
    return SecretBox(SecretStr(Fernet.generate_key().decode()))


@pytest.fixture
def pending(store: Store, clock: StillClock, box: SecretBox) -> StoredPendingActions:
    return StoredPendingActions(store, clock, box, Commands([StreamStart]))


def _question(clock: StillClock, user_id: str | None = "U1") -> Pending:
    return Pending(COMMAND, "T1", user_id, confirmed=True, expires_at=clock.now() + QUESTION_LIFETIME)


@pytest.mark.parametrize("user_id", ["U1", None])
async def test_a_command_survives_with_its_secrets(
    pending: StoredPendingActions, clock: StillClock, user_id: str | None
) -> None:
    question = _question(clock, user_id)

    token = await pending.put(question)

    assert await pending.peek(token) == question
    assert await pending.peek(token) == question


async def test_nothing_of_it_is_readable_in_the_database(
    pending: StoredPendingActions, store: Store, clock: StillClock
) -> None:
    token = await pending.put(_question(clock))

    kept = await dumped(store)

    assert token.encode() in kept
    assert b"live_KEY" not in kept
    assert b"rtmp://" not in kept


async def test_of_two_presses_one_wins(pending: StoredPendingActions, clock: StillClock) -> None:
    token = await pending.put(_question(clock))

    assert sorted(await asyncio.gather(pending.take(token), pending.take(token))) == [False, True]
    assert await pending.peek(token) is None


async def test_an_unknown_or_expired_token_is_nothing(pending: StoredPendingActions, clock: StillClock) -> None:
    token = await pending.put(_question(clock))
    clock.advance(QUESTION_LIFETIME - timedelta(microseconds=1))
    assert await pending.peek(token) is not None
    clock.advance(timedelta(microseconds=1))

    for gone in (token, "", "another"):
        assert await pending.peek(gone) is None
        assert not await pending.take(gone)


async def test_tokens_are_long_and_differ(pending: StoredPendingActions, clock: StillClock) -> None:
    tokens = {await pending.put(_question(clock)) for _ in range(20)}

    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 24


async def test_one_that_cannot_be_read_any_more_is_nothing_and_is_logged(
    pending: StoredPendingActions, store: Store, clock: StillClock, box: SecretBox
) -> None:
    token = await pending.put(_question(clock))
    other_key = SecretBox(SecretStr(Fernet.generate_key().decode()))
    readers = {
        "WrongKey": StoredPendingActions(store, clock, other_key, Commands([StreamStart])),
        "KeyError": StoredPendingActions(store, clock, box, Commands([])),
        "ValidationError": StoredPendingActions(store, clock, box, Commands([StreamStartOfNextYear])),
    }

    with capture_logs() as logs:
        found = [await reader.peek(token) for reader in readers.values()]

    assert found == [None, None, None]
    assert [entry["reason"] for entry in logs] == list(readers)
    assert "live_KEY" not in str(logs)


async def test_one_that_nobody_used_in_time_is_told_from_one_that_was_used(
    pending: StoredPendingActions, clock: StillClock
) -> None:
    used, missed = [
        await pending.put(Pending(COMMAND, "T1", "U1", True, clock.now() + timedelta(minutes=5))) for _ in range(2)
    ]
    assert await pending.take(used)
    assert await pending.expired(missed) is None
    clock.advance(timedelta(minutes=5))
    late = await pending.expired(missed)
    assert late is not None
    assert late.user_id == "U1"
    assert await pending.expired(used) is None
    assert await pending.expired("another") is None
