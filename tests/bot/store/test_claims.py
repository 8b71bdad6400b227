"""Several processes on one database: who delivers what, and what becomes of one that was too slow."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.pace import Tempo
from bot.replica import BEAT_SECONDS, LOOK_SECONDS
from bot.store.cards import DELETED, Card, Cards
from bot.store.closures import Closures
from bot.store.engine import Store
from bot.store.inbox import Inbox, Incoming
from bot.store.leases import LEASE, now
from bot.store.notes import DueNote, Notes
from bot.store.pace import Paces
from bot.store.replicas import GAP, SILENCE, Replicas
from bot.store.tables import card as table
from bot.store.tables import closure, note, replica
from commands.core.alerts import Severity
from commands.core.ports import Place
from providers.facts import Source
from tests.bot.store.claims import claim_card, claim_note
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot
from tests.postgresql import Server


@pytest_asyncio.fixture
async def shared(postgresql_server: Server) -> AsyncIterator[Store]:
    async with postgresql_server.database() as url:
        store = await Store.open(url)
        yield store
        await store.close()


async def a_card(store: Store, server_id: str = "RM_1", channel_id: str = "C1") -> int:
    cards = Cards(store, StillClock())
    thing_id = await save(store, snapshot(server_id))
    await store.write(lambda conn: cards.want(conn, thing_id, Place("T1", channel_id)))
    return thing_id


async def claim(store: Store) -> Card:
    found = await claim_card(store, Cards(store, StillClock()))
    assert found is not None
    return found[0]


async def leases_end(store: Store) -> None:
    async def write(conn: AsyncConnection) -> None:
        for each in (table, note, closure):
            await conn.execute(update(each).values(lease_until=now(-LEASE)))

    await store.write(write)


async def as_it_is(store: Store, card_id: int) -> tuple[str | None, str | None, bool]:
    """Its message, what it shows, and whether it is to be drawn."""
    async with store.reading() as conn:
        row = (await conn.execute(select(table).where(table.c.id == card_id))).one()
    return row.ts, row.hash, row.wanted > row.delivered


async def test_what_one_has_claimed_no_other_takes_until_the_lease_is_over(shared: Store) -> None:
    await a_card(shared)
    first = await claim(shared)
    assert await claim_card(shared, Cards(shared, StillClock())) is None
    await leases_end(shared)
    second = await claim(shared)
    assert (second.id, second.post_key) == (first.id, first.post_key)
    assert second.claim not in (None, first.claim)


async def test_a_lease_is_in_the_time_of_the_database(shared: Store) -> None:
    await a_card(shared)
    await claim(shared)
    async with shared.reading() as conn:
        left = (
            await conn.execute(select(table.c.lease_until > now(LEASE / 2), table.c.lease_until <= now(LEASE)))
        ).one()
    assert tuple(left) == (True, True)


async def test_a_post_of_one_that_was_too_slow_is_kept_where_no_other_is_there_yet(shared: Store) -> None:
    await a_card(shared)
    cards = Cards(shared, StillClock())
    slow = await claim(shared)
    await leases_end(shared)
    heir = await claim(shared)

    assert await cards.delivered(slow, "1.1", "h")
    assert await as_it_is(shared, slow.id) == ("1.1", None, True)
    assert not await cards.delivered(heir, "2.2", "h"), "there is a message already"
    again = await claim(shared)
    assert (again.ts, again.hash) == ("1.1", None)
    assert await cards.delivered(again, "1.1", "h")
    assert await as_it_is(shared, slow.id) == ("1.1", "h", False)


async def test_a_post_of_one_that_was_too_slow_is_one_too_many_where_another_is_there(shared: Store) -> None:
    await a_card(shared)
    cards = Cards(shared, StillClock())
    slow = await claim(shared)
    await leases_end(shared)
    heir = await claim(shared)

    assert await cards.delivered(heir, "2.2", "h")
    assert not await cards.delivered(slow, "1.1", "h")
    assert (await as_it_is(shared, slow.id))[0] == "2.2"


async def test_an_update_of_one_that_was_too_slow_is_drawn_over(shared: Store) -> None:
    """Its text may have covered a newer one."""
    thing_id = await a_card(shared)
    cards = Cards(shared, StillClock())
    await cards.delivered(await claim(shared), "1.1", "h1")
    await shared.write(lambda conn: cards.bump(conn, thing_id))
    slow = await claim(shared)
    await leases_end(shared)
    await cards.delivered(await claim(shared), "1.1", "h2")
    assert await as_it_is(shared, slow.id) == ("1.1", "h2", False)

    assert await cards.delivered(slow, "1.1", "h2")

    assert await as_it_is(shared, slow.id) == ("1.1", None, True)


async def test_one_that_has_lost_its_claim_neither_blocks_nor_moves_the_card(shared: Store) -> None:
    await a_card(shared)
    cards = Cards(shared, StillClock())
    slow = await claim(shared)
    await leases_end(shared)
    heir = await claim(shared)
    for late in (cards.block(slow, DELETED), cards.postpone(slow), cards.renew(slow), cards.leave_thread(slow)):
        await late
    assert await claim_card(shared, cards) is None, "the other one still has it"
    assert await cards.delivered(heir, "2.2", "h")
    assert await as_it_is(shared, heir.id) == ("2.2", "h", False)


async def test_a_failure_gives_the_card_back(shared: Store) -> None:
    await a_card(shared)
    await Cards(shared, StillClock()).postpone(await claim(shared))
    assert (await claim(shared)).ts is None


async def two_notes(store: Store, clock: StillClock) -> Notes:
    await a_card(store)
    held, notes, inbox = await claim(store), Notes(store), Inbox(store, clock)
    for key in ("a", "b"):
        incoming = Incoming(team_id="T1", provider="p", event_key=key, kind="x", source=Source.WEBHOOK, body=b"[1]")
        await inbox.accept([incoming])
    for row in await inbox.unfolded(2):
        add = partial(
            notes.add,
            team_id="T1",
            card_id=held.id,
            inbox_id=row.id,
            kind="failed",
            broadcast=False,
            severity=Severity.CRITICAL,
        )
        await store.write(add)
    await Cards(store, clock).delivered(held, "1.1", "h")
    return notes


async def due(store: Store, notes: Notes) -> DueNote:
    found = await claim_note(store, notes)
    assert found is not None
    return found[0]


async def test_the_notes_of_a_card_come_in_their_order_whoever_posts_them(shared: Store, clock: StillClock) -> None:
    notes = await two_notes(shared, clock)
    first = await due(shared, notes)
    assert await claim_note(shared, notes) is None, "the second one waits for the first"
    await notes.release(first)
    assert (await due(shared, notes)).id == first.id
    assert await notes.done(first, "1.2")
    assert (await due(shared, notes)).id == first.id + 1


async def test_a_note_that_was_posted_twice_is_one_too_many(shared: Store, clock: StillClock) -> None:
    notes = await two_notes(shared, clock)
    slow = await due(shared, notes)
    await leases_end(shared)
    heir = await due(shared, notes)
    assert heir.claim != slow.claim
    assert await notes.done(slow, "1.2")
    assert not await notes.done(heir, "1.3")


async def test_one_tells_somebody_of_a_closed_channel(shared: Store, clock: StillClock) -> None:
    thing_id = await save(shared, snapshot(channel_id="C1", made_by="U1"))
    cards, closures = Cards(shared, clock), Closures(shared, clock)
    await shared.write(lambda conn: cards.want(conn, thing_id, Place("T1", "C1")))
    await closures.add("is_archived", (await claim(shared)).id)
    told = await closures.claim()
    assert told is not None
    assert await closures.claim() is None
    await closures.release(told)
    assert await closures.claim() == told
    await closures.told(told)
    await leases_end(shared)
    assert await closures.claim() is None


async def test_what_the_others_do_is_seen(shared: Store, clock: StillClock) -> None:
    replicas = Replicas(shared, clock, own="me", team_id="T1")
    before = await replicas.signs()
    assert (before.is_overdue, before.is_due) == (False, False)

    inbox = Inbox(shared, clock, replica="other")
    await inbox.accept(
        [Incoming(team_id="T1", provider="p", event_key="a", kind="x", source=Source.WEBHOOK, body=b"[]")]
    )
    accepted = await replicas.signs()
    assert accepted.folds != before.folds
    assert await Inbox(shared, clock, replica="me").unfolded(10) == [], "the other one folds it"
    clock.advance(LEASE)
    assert (await replicas.signs()).is_overdue
    [row] = await Inbox(shared, clock, replica="me").unfolded(10)
    await shared.write(lambda conn: inbox.mark_folded(conn, row.id))
    folded = await replicas.signs()
    assert folded.folds not in (before.folds, accepted.folds)
    assert not folded.is_overdue

    await a_card(shared)
    assert (await replicas.signs()).is_due
    await claim(shared)
    assert not (await replicas.signs()).is_due
    await leases_end(shared)
    assert (await replicas.signs()).is_due


async def present(store: Store) -> set[str]:
    async with store.reading() as conn:
        return set((await conn.execute(select(replica.c.id))).scalars())


async def turn_back(store: Store, own: str, **columns: timedelta) -> None:
    """As if that process had done it so much earlier."""
    times = {column: now(-before) for column, before in columns.items()}
    await store.write(lambda conn: conn.execute(update(replica).where(replica.c.id == own).values(times)))


async def test_who_is_silent_is_gone_and_comes_back_with_a_word(shared: Store, clock: StillClock) -> None:
    me, other = (Replicas(shared, clock, own=own, team_id="T1") for own in ("me", "other"))
    await me.beat()
    await other.beat()
    await turn_back(shared, "other", seen_at=SILENCE)
    await me.beat()
    assert await present(shared) == {"me", "other"}, "a start has not listened for long enough to tell"
    await turn_back(shared, "me", started_at=SILENCE)
    await me.beat()
    assert await present(shared) == {"me"}
    await other.beat()
    assert await present(shared) == {"me", "other"}
    await turn_back(shared, "me", seen_at=SILENCE)
    await other.beat()
    assert await present(shared) == {"me", "other"}, "it is there anew, too"
    await me.leave()
    assert await present(shared) == {"other"}


@pytest.mark.parametrize(
    "away", [GAP - timedelta(seconds=1), GAP, SILENCE - timedelta(seconds=1), SILENCE, 100 * SILENCE]
)
async def test_after_an_outage_of_the_database_nobody_is_taken_for_gone(
    shared: Store, clock: StillClock, away: timedelta
) -> None:
    me, other = (Replicas(shared, clock, own=own, team_id="T1") for own in ("me", "other"))
    for each in (me, other):
        await each.beat()
    await turn_back(shared, "me", started_at=2 * away, seen_at=away)
    await turn_back(shared, "other", started_at=2 * away, seen_at=away + timedelta(seconds=BEAT_SECONDS + LOOK_SECONDS))
    await me.beat()
    assert await present(shared) == {"me", "other"}
    await other.beat()
    for own in ("me", "other"):
        await turn_back(shared, own, started_at=SILENCE)
    await turn_back(shared, "other", seen_at=SILENCE)
    await me.beat()
    assert await present(shared) == {"me"}, "who does not come back after it is gone"


async def test_where_one_process_has_the_database_nobody_else_is_there_and_what_a_crash_left_is_free_at_once(
    file_store: Store, clock: StillClock
) -> None:
    before, after = (Replicas(file_store, clock, own=own, team_id="T1") for own in ("before", "after"))
    await before.beat()
    await after.beat()
    async with file_store.reading() as conn:
        assert (await conn.execute(select(replica.c.id))).scalars().all() == ["after"]
    await a_card(file_store)
    held = await claim(file_store)
    assert await claim_card(file_store, Cards(file_store, clock)) is None
    await Paces(file_store, Tempo(), team_id="T1").begin()
    again = await claim(file_store)
    assert (again.id, again.post_key) == (held.id, held.post_key)


async def test_where_others_may_have_claimed_it_a_start_frees_nothing(shared: Store) -> None:
    await a_card(shared)
    await claim(shared)
    await Paces(shared, Tempo(), team_id="T1").begin()
    assert await claim_card(shared, Cards(shared, StillClock())) is None
