from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.store.backlog import Backlog, Backlogs
from bot.store.cards import DELETED, Cards
from bot.store.engine import Store
from bot.store.inbox import PARKED_AFTER, Inbox, Incoming
from bot.store.tables import card as card_table
from commands.core.ports import Place
from providers.facts import Source
from tests.bot.store.claims import claim_card
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot

MINUTE = timedelta(minutes=1)


@pytest.fixture
def cards(store: Store, clock: StillClock) -> Cards:
    return Cards(store, clock)


@pytest.fixture
def inbox(store: Store, clock: StillClock) -> Inbox:
    return Inbox(store, clock)


async def _card(store: Store, cards: Cards) -> int:
    thing_id = await save(store, snapshot())
    await store.write(lambda conn: cards.want(conn, thing_id, Place("T1", "C1")))
    return thing_id


async def _look(store: Store) -> Backlog:
    return await Backlogs(store, team_id="T1").read()


async def test_an_empty_database_owes_nothing(store: Store) -> None:
    assert await _look(store) == Backlog(None, 0, {}, {})


async def test_a_change_is_as_old_as_it_is_however_often_it_was_tried(
    store: Store, cards: Cards, clock: StillClock
) -> None:
    began = clock.now()
    thing_id = await _card(store, cards)
    for _ in range(3):
        clock.advance(MINUTE)
        claimed = await claim_card(store, cards)
        assert claimed is not None
        await cards.postpone(claimed[0])
        await store.write(lambda conn: cards.bump(conn, thing_id))
    found = await _look(store)
    assert (found.untold_since, found.cards_behind) == (began, 1)


async def test_what_slack_shows_is_no_debt_and_the_next_change_is_new(
    store: Store, cards: Cards, clock: StillClock
) -> None:
    thing_id = await _card(store, cards)
    claimed = await claim_card(store, cards)
    assert claimed is not None
    clock.advance(MINUTE)
    await cards.delivered(claimed[0], "1.1", "hash")
    assert await _look(store) == Backlog(None, 0, {}, {"livekit": 1})
    clock.advance(MINUTE)
    await store.write(lambda conn: cards.bump(conn, thing_id))
    assert (await _look(store)).untold_since == clock.now()


async def test_what_came_while_it_was_delivered_counts_from_then(store: Store, cards: Cards, clock: StillClock) -> None:
    thing_id = await _card(store, cards)
    claimed = await claim_card(store, cards)
    assert claimed is not None
    await store.write(lambda conn: cards.bump(conn, thing_id))
    clock.advance(MINUTE)
    await cards.delivered(claimed[0], "1.1", "hash")
    assert (await _look(store)).untold_since == clock.now()


async def test_what_is_blocked_is_owed_to_nobody_until_it_is_not(store: Store, cards: Cards, clock: StillClock) -> None:
    thing_id = await _card(store, cards)
    await store.write(lambda conn: conn.execute(update(card_table).values(blocked=DELETED)))
    assert (await _look(store)).untold_since is None
    clock.advance(MINUTE)
    await store.write(lambda conn: cards.bump(conn, thing_id, revive=True))
    assert (await _look(store)).untold_since == clock.now()


async def test_a_card_of_an_earlier_version_counts_from_its_place_in_the_queue(
    store: Store, cards: Cards, clock: StillClock
) -> None:
    await _card(store, cards)
    await store.write(lambda conn: conn.execute(update(card_table).values(untold_since=None)))
    assert (await _look(store)).untold_since == clock.now()


def _told(key: str, provider: str = "livekit", source: Source = Source.WEBHOOK) -> Incoming:
    return Incoming(team_id="T1", provider=provider, event_key=key, kind="room_started", source=source, body=b"[]")


async def test_what_waits_to_be_folded_is_untold_too_unless_it_is_parked(
    store: Store, inbox: Inbox, clock: StillClock
) -> None:
    came = clock.now()
    await inbox.accept([_told("a")])
    clock.advance(MINUTE)
    assert (await _look(store)).untold_since == came
    (row,) = await inbox.unfolded(10)
    for _ in range(PARKED_AFTER):
        await inbox.record_failure(row.id, "ValueError")
    assert (await _look(store)).untold_since is None


async def test_the_last_webhook_of_each_server_is_known(store: Store, inbox: Inbox, clock: StillClock) -> None:
    backlogs, first = Backlogs(store, team_id="T1"), clock.now()
    await inbox.accept([_told("a"), _told("b", "eu"), _told("c", "us", Source.COMMAND)])
    assert (await backlogs.read()).last_webhooks == {"livekit": first, "eu": first}
    clock.advance(MINUTE)
    await inbox.accept([_told("d", "eu"), _told("e", "livekit", Source.COMMAND)])
    assert (await backlogs.read()).last_webhooks == {"livekit": first, "eu": clock.now()}
    assert (await backlogs.read()).last_webhooks == {"livekit": first, "eu": clock.now()}
