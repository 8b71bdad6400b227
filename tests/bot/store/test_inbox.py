from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.inbox import PARKED_AFTER, Inbox, Incoming
from providers.facts import Source
from tests.bot.store.conftest import StillClock


def _incoming(key: str, provider: str = "livekit") -> Incoming:
    return Incoming(
        team_id="T1", provider=provider, event_key=key, kind="room_started", source=Source.WEBHOOK, body=b'["\x00"]'
    )


@pytest.fixture
def inbox(store: Store, clock: StillClock) -> Inbox:
    return Inbox(store, clock)


async def _keys(inbox: Inbox) -> list[str]:
    return [row.event_key for row in await inbox.unfolded(100)]


async def test_what_was_accepted_comes_out_as_it_went_in(inbox: Inbox) -> None:
    command = Incoming(
        team_id="T1",
        provider="eu",
        event_key="command:1",
        kind="room_seen",
        source=Source.COMMAND,
        body=b"[]",
        channel_id="C1",
        user_id="U1",
    )

    await inbox.accept([_incoming("a"), command])

    first, second = await inbox.unfolded(10)
    assert (first.event_key, first.source, first.body, first.channel_id) == ("a", Source.WEBHOOK, b'["\x00"]', None)
    assert (second.provider, second.source, second.channel_id, second.user_id) == ("eu", Source.COMMAND, "C1", "U1")
    assert (first.attempts, first.team_id, first.kind) == (0, "T1", "room_started")
    assert isinstance(first.source, Source)


async def test_a_repeat_is_kept_once_also_within_one_batch(inbox: Inbox) -> None:
    await inbox.accept([_incoming("a")])

    await inbox.accept([_incoming("a"), _incoming("b"), _incoming("b"), _incoming("a", provider="other")])
    await inbox.accept([])

    assert await _keys(inbox) == ["a", "b", "a"]


async def test_a_large_batch_is_kept_whole(inbox: Inbox) -> None:
    await inbox.accept([_incoming(str(number)) for number in range(2_500)])

    assert [row.event_key for row in await inbox.unfolded(3_000)] == [str(number) for number in range(2_500)]
    assert len(await inbox.unfolded(7)) == 7


async def test_a_folded_row_is_folded_once(inbox: Inbox, store: Store) -> None:
    await inbox.accept([_incoming("a"), _incoming("b")])
    await inbox.accept([_incoming("c")])
    a, b, c = await inbox.unfolded(10)

    assert await store.write(lambda conn: inbox.mark_folded(conn, a.id)) == {a.id}
    assert await store.write(lambda conn: inbox.mark_folded(conn, a.id, b.id)) == {b.id}
    assert await inbox.unfolded(10) == [c]


async def test_rows_can_be_had_by_their_keys(inbox: Inbox) -> None:
    await inbox.accept([_incoming("a"), _incoming("b"), _incoming("c")])

    assert [row.event_key for row in await inbox.unfolded(10, keys=["c", "a"])] == ["a", "c"]


async def test_a_fold_that_fails_leaves_its_row(inbox: Inbox, store: Store) -> None:
    await inbox.accept([_incoming("a")])
    [row] = await inbox.unfolded(10)

    async def fold(conn: AsyncConnection) -> None:
        await inbox.mark_folded(conn, row.id)
        raise ValueError("no such state")

    with pytest.raises(ValueError, match="no such state"):
        await store.write(fold)

    assert await _keys(inbox) == ["a"]


async def test_a_row_that_fails_again_and_again_is_parked(inbox: Inbox, clock: StillClock) -> None:
    await inbox.accept([_incoming("bad"), _incoming("good")])
    bad, _ = await inbox.unfolded(10)

    parked = []
    for _ in range(PARKED_AFTER):
        assert await _keys(inbox) == ["bad", "good"]
        parked.append(await inbox.record_failure(bad.id, "KeyError"))
        clock.advance(timedelta(seconds=1))

    assert parked == [False] * (PARKED_AFTER - 1) + [True]
    assert await _keys(inbox) == ["good"]
