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
from bot.store.replicas import Replicas
from bot.store.tables import attempt as table
from commands.core.attempts import Attempt, Outcome, Press, Repeated
from commands.core.ports import Caller, Place
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import dumped

RESPONSE_URL = SecretStr("https://hooks.slack.test/commands/T1/123/very-secret")

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
def box() -> SecretBox:
    return _new_box()


@pytest.fixture
def attempts(store: Store, clock: StillClock, box: SecretBox) -> StoredAttempts:
    """Those of a process that has never said that it is alive."""
    return StoredAttempts(store, clock, box, replica="gone")


@pytest.fixture
def heir(store: Store, clock: StillClock, box: SecretBox) -> StoredAttempts:
    """Of the process that takes over."""
    return StoredAttempts(store, clock, box, replica="heir")


async def test_one_that_is_open_comes_back_whole(
    attempts: StoredAttempts, heir: StoredAttempts, clock: StillClock
) -> None:
    opened_at = clock.now()
    attempt_id = await attempts.open(replace(ATTEMPT, caller=Caller("T1", "U1", "Ana")))
    clock.advance(timedelta(seconds=1))
    second_id = await attempts.open(replace(ATTEMPT, provider=None, response_url=None))

    first, second = await heir.take_over()

    assert first == Unanswered(attempt_id, opened_at, ATTEMPT, None)
    assert (second.id, second.attempt.provider, second.attempt.response_url) == (second_id, None, None)
    assert second.opened_at == clock.now()


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_closing_keeps_how_it_ended_and_the_way_back_to_the_asker(
    attempts: StoredAttempts, heir: StoredAttempts, store: Store, clock: StillClock, outcome: Outcome
) -> None:
    opened_at = clock.now()
    attempt_id = await attempts.open(ATTEMPT)
    clock.advance(timedelta(seconds=2))

    await attempts.close(attempt_id, outcome, detail="the server is down", reference="ab12")

    assert await heir.take_over() == [Unanswered(attempt_id, opened_at, ATTEMPT, outcome)]
    assert await _columns(store, "outcome", "detail", "reference", "closed_at", "answered_at") == [
        (outcome.value, "the server is down", "ab12", clock.now(), None)
    ]


async def test_an_answer_ends_it_and_forgets_the_url(
    attempts: StoredAttempts, heir: StoredAttempts, store: Store, clock: StillClock
) -> None:
    attempt_id = await attempts.open(ATTEMPT)
    await attempts.close(attempt_id, Outcome.DONE)
    clock.advance(timedelta(seconds=2))

    await attempts.answered(attempt_id)

    assert await heir.take_over() == []
    assert await _columns(store, "outcome", "response_url", "answered_at") == [("done", None, clock.now())]


async def test_the_first_outcome_stays(attempts: StoredAttempts, store: Store) -> None:
    attempt_id = await attempts.open(ATTEMPT)

    await attempts.close(attempt_id, Outcome.DONE)
    await attempts.close(attempt_id, Outcome.UNKNOWN, detail="stopped")

    assert await _columns(store, "outcome", "detail") == [("done", None)]


async def test_the_response_url_is_not_in_the_database(
    attempts: StoredAttempts, heir: StoredAttempts, store: Store
) -> None:
    await attempts.open(ATTEMPT)

    kept = await dumped(store)

    assert b"room create standup" in kept
    assert b"very-secret" not in kept
    assert "very-secret" not in repr(await heir.take_over())


async def test_without_the_key_the_attempt_comes_back_without_the_url(
    attempts: StoredAttempts, store: Store, clock: StillClock
) -> None:
    await attempts.open(ATTEMPT)

    with capture_logs() as logs:
        [left] = await StoredAttempts(store, clock, _new_box(), replica="heir").take_over()

    assert left.attempt == replace(ATTEMPT, response_url=None)
    assert [entry["log_level"] for entry in logs] == ["warning"]


async def test_only_what_the_gone_left_is_taken_over_and_by_one(
    store: Store, clock: StillClock, box: SecretBox, attempts: StoredAttempts, heir: StoredAttempts
) -> None:
    there = Replicas(store, clock, own="there", team_id="T1")
    await there.beat()
    working = StoredAttempts(store, clock, box, replica="there")
    lost, own, kept = await attempts.open(ATTEMPT), await heir.open(ATTEMPT), await working.open(ATTEMPT)

    assert [left.id for left in await heir.take_over()] == [lost]
    assert await heir.take_over() == []
    assert [left.id for left in await working.take_over()] == [lost, own], "nobody has heard of the heir"
    await there.leave()
    assert [left.id for left in await heir.take_over()] == [lost, own, kept]


async def test_two_quick_clicks_are_one(attempts: StoredAttempts, heir: StoredAttempts, clock: StillClock) -> None:
    async def click(by: StoredAttempts, key: str, seconds: float, delivery: str) -> bool:
        press = Press(key, clock.now() + timedelta(seconds=seconds))
        try:
            await by.open(replace(ATTEMPT, press=press, delivery=delivery))
        except Repeated:
            return False
        return True

    assert await click(attempts, "ana on stop", 0.0, "1")
    assert not await click(heir, "ana on stop", 0.4, "2")
    assert not await click(heir, "ana on stop", -0.4, "3"), "the later click may come first"
    assert await click(heir, "bob on stop", 0.1, "4")
    assert await click(heir, "ana on stop", 0.9, "5")
