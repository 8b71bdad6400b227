"""The record as it is searched, on both engines."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.secrets import SecretBox
from bot.store.attempts import ABOUT_LENGTH, StoredAttempts
from bot.store.audit import StoredAudit
from bot.store.engine import Store
from commands.core.attempts import Attempt, Outcome
from commands.core.audit import FAILED, Entry, Search
from commands.core.ports import Caller, Place
from tests.bot.store.conftest import StillClock

ATTEMPT = Attempt(
    caller=Caller("T1", "U1"),
    place=Place("T1", "C1", "1700000000.000100"),
    path=("room", "show"),
    words="room show standup --provider livekit",
    provider="livekit",
    door="slash",
    response_url=SecretStr("https://hooks.slack.test/commands/T1/123/very-secret"),
    about="standup",
    request_id="0a1b2c3d",
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def audit(store: Store) -> StoredAudit:
    return StoredAudit(store)


@pytest.fixture
def attempts(store: Store, clock: StillClock) -> StoredAttempts:
    return StoredAttempts(store, clock, SecretBox(SecretStr(Fernet.generate_key().decode())), replica="one")


@pytest_asyncio.fixture
async def ids(attempts: StoredAttempts, clock: StillClock) -> list[int]:
    """Five attempts a minute apart: done, refused, asked, failed and under way, the last by somebody else."""
    made = []
    for outcome in (Outcome.DONE, Outcome.REFUSED, Outcome.ASKED, Outcome.FAILED, None):
        who = Caller("T1", "U1" if outcome is not None else "U2")
        made.append(await attempts.open(replace(ATTEMPT, caller=who, about="standup" if outcome else "retro")))
        if outcome is not None:
            await attempts.close(made[-1], outcome, detail="why")
        clock.advance(MINUTE)
    return made


def numbers(entries: Sequence[Entry]) -> list[int]:
    return [entry.id for entry in entries]


async def test_an_entry_has_what_was_written_down(
    attempts: StoredAttempts, audit: StoredAudit, clock: StillClock
) -> None:
    opened_at = clock.now()
    attempt_id = await attempts.open(ATTEMPT)
    clock.advance(timedelta(seconds=3))
    await attempts.close(attempt_id, Outcome.FAILED, detail="TimedOut: late", reference="0a1b2c3d", also_about="retro")
    (entry,) = await audit.entries("T1", Search(), limit=10)
    assert entry == Entry(
        id=attempt_id,
        user_id="U1",
        channel_id="C1",
        is_direct=False,
        door="slash",
        path="room show",
        words="room show standup --provider livekit",
        opened_at=opened_at,
        provider="livekit",
        about="standup",
        also_about="retro",
        request_id="0a1b2c3d",
        closed_at=opened_at + timedelta(seconds=3),
        outcome=Outcome.FAILED,
        detail="TimedOut: late",
        reference="0a1b2c3d",
    )
    assert entry.took == timedelta(seconds=3)


async def test_one_that_is_under_way_has_no_end(attempts: StoredAttempts, audit: StoredAudit) -> None:
    await attempts.open(ATTEMPT)
    (entry,) = await audit.entries("T1", Search(), limit=10)
    assert (entry.outcome, entry.closed_at, entry.took, entry.detail) == (None, None, None, "")


async def test_pages_hang_on_rows_and_not_on_numbers(
    attempts: StoredAttempts, audit: StoredAudit, ids: list[int]
) -> None:
    first = await audit.entries("T1", Search(), limit=2)
    newest = await attempts.open(ATTEMPT)
    second = await audit.entries("T1", Search(), limit=2, before=first[-1].id)
    assert (numbers(first), numbers(second)) == ([ids[4], ids[3]], [ids[2], ids[1]])
    assert numbers(await audit.entries("T1", Search(), limit=2, after=second[0].id)) == numbers(first)
    assert numbers(await audit.entries("T1", Search(), limit=2, after=ids[4])) == [newest]


async def test_what_is_looked_for(audit: StoredAudit, ids: list[int], clock: StillClock) -> None:
    async def found(search: Search) -> list[int]:
        return [ids.index(number) for number in numbers(await audit.entries("T1", search, limit=10))]

    assert await found(Search(user_id="U2")) == [4]
    assert await found(Search(about="standup")) == [3, 2, 1, 0]
    assert await found(Search(outcomes=FAILED)) == [3, 1]
    assert await found(Search(since=clock.now() - 2 * MINUTE)) == [4, 3]
    assert await found(Search(user_id="U1", about="standup", since=clock.now() - 3 * MINUTE, outcomes=FAILED)) == [3]
    assert await found(Search(user_id="U1", about="retro")) == []


async def test_a_room_is_found_by_what_else_it_was_about(attempts: StoredAttempts, audit: StoredAudit) -> None:
    attempt_id = await attempts.open(replace(ATTEMPT, about="EG_1"))
    await attempts.close(attempt_id, Outcome.DONE, also_about="standup")
    assert numbers(await audit.entries("T1", Search(about="standup"), limit=10)) == [attempt_id]
    assert numbers(await audit.entries("T1", Search(about="EG_1"), limit=10)) == [attempt_id]


async def test_another_workspace_has_a_record_of_its_own(audit: StoredAudit, ids: list[int]) -> None:
    assert len(await audit.entries("T1", Search(), limit=10)) == len(ids)
    assert await audit.entries("T2", Search(), limit=10) == []


async def test_a_name_of_any_length_is_taken_and_found(attempts: StoredAttempts, audit: StoredAudit) -> None:
    """PostgreSQL's index takes no more than 2,704 bytes of a row, after it has made them smaller."""
    name = "".join(chr(0x4E00 + number) for number in range(4_000))
    attempt_id = await attempts.open(replace(ATTEMPT, about=name))
    await attempts.close(attempt_id, Outcome.DONE, also_about=name[::-1])
    (entry,) = await audit.entries("T1", Search(about=name), limit=10)
    assert (entry.about, entry.also_about) == (name[:ABOUT_LENGTH], name[::-1][:ABOUT_LENGTH])
