from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from bot.store.backlog import Backlogs
from bot.store.cards import DELETED, Card, Cards
from bot.store.engine import Store
from bot.store.leases import RELEASED
from bot.store.tables import card as table
from commands.core.ports import Place
from tests.bot.store.claims import claim_card
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot


@pytest.fixture
def cards(store: Store, clock: StillClock) -> Cards:
    return Cards(store, clock)


async def _want(store: Store, cards: Cards, thing_id: int, channel_id: str = "C1") -> None:
    await store.write(lambda conn: cards.want(conn, thing_id, Place("T1", channel_id)))


async def _bump(store: Store, cards: Cards, thing_id: int, *, revive: bool = False) -> None:
    await store.write(lambda conn: cards.bump(conn, thing_id, revive=revive))


async def _free(store: Store) -> None:
    """The lease is over, and nobody has written down what came of it."""
    await store.write(lambda conn: conn.execute(update(table).values(RELEASED)))


async def _next(store: Store, cards: Cards, *skip: str) -> Card:
    """The next one as it is while nobody holds it."""
    found = await claim_card(store, cards, skip)
    assert found is not None
    await _free(store)
    return replace(found[0], claim=None)


async def _row(store: Store, card_id: int) -> Row[Any]:
    async with store.reading() as conn:
        return (await conn.execute(select(table).where(table.c.id == card_id))).one()


async def test_a_wanted_card_is_dirty_until_it_is_delivered(store: Store, cards: Cards, clock: StillClock) -> None:
    thing_id = await save(store, snapshot())
    assert await claim_card(store, cards) is None

    await _want(store, cards, thing_id)
    found = await claim_card(store, cards)

    assert found is not None
    card, thing = found
    assert card == Card(
        id=card.id,
        team_id="T1",
        thing_id=thing_id,
        channel_id="C1",
        thread_ts=None,
        ts=None,
        wanted=1,
        delivered=0,
        hash=None,
        generation=0,
        post_key=card.post_key,
        dirty_at=clock.now(),
        digest_id=None,
        blocked=None,
        claim=card.claim,
    )
    assert (thing.id, thing.name, thing.version) == (thing_id, "standup", 1)
    assert await cards.delivered(card, "1.1", "h1")
    assert await claim_card(store, cards) is None
    kept = await _row(store, card.id)
    assert (kept.ts, kept.hash, kept.delivered) == ("1.1", "h1", 1)


async def test_wanting_again_raises_the_same_card(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await _want(store, cards, thing_id)
    await _want(store, cards, thing_id)
    await _want(store, cards, thing_id, "C2")

    first, second = await _next(store, cards, "C2"), await _next(store, cards, "C1")

    assert (first.wanted, second.wanted) == (2, 1)
    assert await _behind(store) == 2
    assert await claim_card(store, cards, ["C1", "C2"]) is None


async def test_a_change_bumps_every_card_of_the_thing_and_no_other(store: Store, cards: Cards) -> None:
    one, other = await save(store, snapshot("RM_1")), await save(store, snapshot("RM_2"))
    for thing_id, channel_id in ((one, "C1"), (one, "C2"), (other, "C3")):
        await _want(store, cards, thing_id, channel_id)
        card = await _next(store, cards)
        await cards.delivered(card, "1.1", "h")

    await _bump(store, cards, one)

    assert await _behind(store) == 2
    assert {(await _next(store, cards)).channel_id, (await _next(store, cards, "C1")).channel_id} == {"C1", "C2"}


async def test_a_change_during_the_call_leaves_the_card_dirty(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await _want(store, cards, thing_id)
    claimed = await _next(store, cards)
    await _bump(store, cards, thing_id)

    assert await cards.delivered(claimed, "1.1", "h1")

    assert (await _next(store, cards)).delivered == 1
    assert (await _next(store, cards)).wanted == 2


async def test_a_late_answer_never_takes_the_delivered_version_back(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await _want(store, cards, thing_id)
    await _bump(store, cards, thing_id)
    card = await _next(store, cards)

    await cards.delivered(replace(card, wanted=2), "1.1", "h2")
    await cards.delivered(replace(card, wanted=1), "1.1", "h1")

    kept = await _row(store, card.id)
    assert (kept.wanted, kept.delivered) == (2, 2)


async def test_who_waits_longest_comes_first_and_who_was_served_goes_last(
    store: Store, cards: Cards, clock: StillClock
) -> None:
    busy, quiet = await save(store, snapshot("RM_1")), await save(store, snapshot("RM_2"))
    await _want(store, cards, busy)
    clock.advance(timedelta(seconds=1))
    await _want(store, cards, quiet)
    await _bump(store, cards, busy)

    first = await _next(store, cards)
    await _bump(store, cards, busy)
    clock.advance(timedelta(seconds=1))
    await cards.delivered(first, "1.1", "h")

    assert first.thing_id == busy
    assert (await _next(store, cards)).thing_id == quiet


async def test_a_second_message_of_one_card_is_known_as_a_duplicate(store: Store, cards: Cards) -> None:
    await _want(store, cards, await save(store, snapshot()))
    card = await _next(store, cards)

    assert await cards.delivered(replace(card, wanted=1), "1.1", "h1")
    assert not await cards.delivered(replace(card, wanted=1), "2.2", "h1")

    kept = await _row(store, card.id)
    assert kept.ts == "1.1"


async def test_the_post_key_stays_until_the_next_generation(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await _want(store, cards, thing_id)
    card = await _next(store, cards)
    assert card.post_key
    assert (await _next(store, cards)).post_key == card.post_key == (await _row(store, card.id)).post_key

    await cards.delivered(card, "1.1", "h")
    await cards.block(card, DELETED)
    await _bump(store, cards, thing_id, revive=True)
    assert (await _next(store, cards)).post_key not in (None, card.post_key)


async def test_a_deleted_card_is_left_alone_until_it_is_revived(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await _want(store, cards, thing_id)
    card = await _next(store, cards)
    await cards.delivered(replace(card, wanted=1), "1.1", "h")
    await cards.block(card, DELETED)

    await _bump(store, cards, thing_id)
    assert await claim_card(store, cards) is None

    await _bump(store, cards, thing_id, revive=True)
    again = await _next(store, cards)
    assert (again.id, again.ts, again.hash, again.generation, again.blocked) == (card.id, None, None, 1, None)


async def test_a_card_whose_thread_is_gone_is_to_be_a_message_of_its_own(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await store.write(lambda conn: cards.want(conn, thing_id, Place("T1", "C1", "5.5")))
    card = await _next(store, cards)
    assert card.thread_ts == "5.5"

    await cards.leave_thread(card)

    again = await _next(store, cards)
    assert (again.id, again.thread_ts, again.ts, again.generation) == (card.id, None, None, 1)
    assert again.post_key != card.post_key


@pytest.mark.parametrize("anew", [Cards.renew, Cards.leave_thread])
async def test_what_is_posted_anew_keeps_nobody_waiting(
    store: Store, cards: Cards, clock: StillClock, anew: Callable[[Cards, Card], Awaitable[None]]
) -> None:
    for server_id in ("RM_1", "RM_2"):
        await _want(store, cards, await save(store, snapshot(server_id)))
    first = await _next(store, cards)
    clock.advance(timedelta(seconds=1))

    await anew(cards, first)

    assert (await _next(store, cards)).id != first.id
    assert await _behind(store) == 2


async def test_any_other_block_is_not_lifted(store: Store, cards: Cards) -> None:
    thing_id = await save(store, snapshot())
    await _want(store, cards, thing_id)
    await cards.block(await _next(store, cards), "archived")

    await _bump(store, cards, thing_id, revive=True)

    assert await claim_card(store, cards) is None
    assert await _behind(store) == 0


@pytest.mark.parametrize(
    ("is_over", "was_posted", "reason", "is_drawn"),
    [
        (False, False, "not_in_channel", True),
        (False, True, "is_archived", True),
        (True, True, "not_in_channel", True),
        (True, False, "not_in_channel", False),
        (False, True, DELETED, False),
        (False, True, "invalid_blocks", False),
        (False, True, "a new word for closed", True),
    ],
)
async def test_a_channel_that_opens_again_is_shown_what_it_missed(
    store: Store, cards: Cards, is_over: bool, was_posted: bool, reason: str, is_drawn: bool
) -> None:
    thing_id = await save(store, snapshot(terminal=is_over))
    for channel_id in ("C1", "C2"):
        await _want(store, cards, thing_id, channel_id)
        card = await _next(store, cards)
        if was_posted:
            await cards.delivered(replace(card, wanted=1), f"1.{card.id}", "h")
        await cards.block(card, reason)

    await cards.unblock("C1", lambda why: why in ("not_in_channel", "is_archived") or "closed" in why)

    assert await _behind(store) == int(is_drawn)
    if is_drawn:
        again = await _next(store, cards)
        assert (again.channel_id, again.wanted, again.generation) == ("C1", 2, 0)


async def _behind(store: Store) -> int:
    return (await Backlogs(store, team_id="T1").read()).cards_behind


async def test_a_server_that_can_do_other_things_is_a_reason_to_draw_what_goes_on_there(
    store: Store, cards: Cards
) -> None:
    """It is none for anybody to be told, nor for a page."""
    live = await save(store, snapshot())
    await _want(store, cards, live)
    card = await _next(store, cards)
    assert await cards.delivered(card, "1.1", "h1")
    await cards.redraw("another")
    assert await claim_card(store, cards) is None
    before = await _row(store, card.id)
    await cards.redraw(snapshot().provider)
    after = await _row(store, card.id)
    assert (after.wanted, after.untold_since, after.changed_at) == (before.wanted + 1, None, before.changed_at)
    assert (await _next(store, cards)).id == card.id
