from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.secrets import SecretBox
from bot.store.attempts import StoredAttempts, Unanswered
from bot.store.engine import Store
from bot.store.tables import attempt as table
from commands.core.ports import Attempt, Caller, Outcome, Place
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import dumped

RESPONSE_URL = "https://hooks.slack.test/commands/T1/123/very-secret"

ATTEMPT = Attempt(
    caller=Caller("T1", "U1"),
    place=Place("T1", "C1", "1700000000.000100", is_direct=True),
    path=("room", "create"),
    words="room create standup",
    provider="livekit",
    door="slash",
    response_url=RESPONSE_URL,
)


def _new_box() -> SecretBox:
    return SecretBox(SecretStr(Fernet.generate_key().decode()))


async def _columns(store: Store, *names: str) -> Sequence[tuple[object, ...]]:
    async with store.reading() as conn:
        rows = await conn.execute(select(*(table.c[name] for name in names)).order_by(table.c.id))
        return [tuple(row) for row in rows]


@pytest.fixture
def attempts(store: Store, clock: StillClock) -> StoredAttempts:
    return StoredAttempts(store, clock, _new_box())


async def test_one_that_is_open_comes_back_whole(attempts: StoredAttempts, clock: StillClock) -> None:
    opened_at = clock.now()
    attempt_id = await attempts.open(replace(ATTEMPT, caller=Caller("T1", "U1", "Ana")))
    clock.advance(timedelta(seconds=1))
    second_id = await attempts.open(replace(ATTEMPT, provider=None, response_url=None))

    first, second = await attempts.unanswered()

    assert first == Unanswered(attempt_id, opened_at, ATTEMPT, None)
    assert (second.id, second.attempt.provider, second.attempt.response_url) == (second_id, None, None)
    assert second.opened_at == clock.now()


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_closing_keeps_how_it_ended_and_the_way_back_to_the_asker(
    attempts: StoredAttempts, store: Store, clock: StillClock, outcome: Outcome
) -> None:
    opened_at = clock.now()
    attempt_id = await attempts.open(ATTEMPT)
    clock.advance(timedelta(seconds=2))

    await attempts.close(attempt_id, outcome, detail="the server is down", reference="ab12")

    assert await attempts.unanswered() == [Unanswered(attempt_id, opened_at, ATTEMPT, outcome)]
    assert await _columns(store, "outcome", "detail", "reference", "closed_at", "answered_at") == [
        (outcome.value, "the server is down", "ab12", clock.now(), None)
    ]


async def test_an_answer_ends_it_and_forgets_the_url(attempts: StoredAttempts, store: Store, clock: StillClock) -> None:
    attempt_id = await attempts.open(ATTEMPT)
    await attempts.close(attempt_id, Outcome.DONE)
    clock.advance(timedelta(seconds=2))

    await attempts.answered(attempt_id)

    assert await attempts.unanswered() == []
    assert await _columns(store, "outcome", "response_url", "answered_at") == [("done", None, clock.now())]


async def test_the_first_outcome_stays(attempts: StoredAttempts, store: Store) -> None:
    attempt_id = await attempts.open(ATTEMPT)

    await attempts.close(attempt_id, Outcome.DONE)
    await attempts.close(attempt_id, Outcome.UNKNOWN, detail="stopped")

    assert await _columns(store, "outcome", "detail") == [("done", None)]


async def test_the_response_url_is_not_in_the_database(attempts: StoredAttempts, store: Store) -> None:
    await attempts.open(ATTEMPT)

    kept = await dumped(store)

    assert b"room create standup" in kept
    assert b"very-secret" not in kept
    assert "very-secret" not in repr(await attempts.unanswered())


async def test_without_the_key_the_attempt_comes_back_without_the_url(
    attempts: StoredAttempts, store: Store, clock: StillClock
) -> None:
    await attempts.open(ATTEMPT)

    with capture_logs() as logs:
        [left] = await StoredAttempts(store, clock, _new_box()).unanswered()

    assert left.attempt == replace(ATTEMPT, response_url=None)
    assert [entry["log_level"] for entry in logs] == ["warning"]
