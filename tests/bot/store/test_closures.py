"""Who is to be told of a channel where the bot cannot post."""

from datetime import timedelta

import pytest

from bot.store.cards import Cards
from bot.store.closures import Closure, Closures
from bot.store.engine import Store
from bot.store.subscriptions import StoredSubscriptions
from commands.core.alerts import Scope, Severity
from commands.core.ports import Place
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot


@pytest.fixture
def closures(store: Store, clock: StillClock) -> Closures:
    return Closures(store, clock)


async def _card(
    store: Store, clock: StillClock, *, in_channel: str, made_in: str | None = None, by: str | None = None
) -> int:
    cards = Cards(store, clock)
    thing_id = await save(store, snapshot(f"RM_{in_channel}", channel_id=made_in, made_by=by))
    await store.write(lambda conn: cards.want(conn, thing_id, Place("T1", in_channel)))
    (card_id,) = (await store.write(lambda conn: cards.of(conn, thing_id)))[thing_id]
    return card_id


async def _subscribe(store: Store, clock: StillClock, channel: str, by: str, team: str = "T1") -> None:
    place = Place(team, channel)
    subscriptions = StoredSubscriptions(store, clock)
    await subscriptions.add(place, Scope(provider=by), Severity.INFO, created_by=by)


async def _due(closures: Closures) -> list[tuple[str, str]]:
    """Who is told what, one after the other."""
    found = []
    while (due := await closures.claim()) is not None:
        found.append((due.user_id, due.reason))
        await closures.told(due)
    return found


async def test_the_maker_where_it_was_made_and_everybody_who_subscribed(
    store: Store, clock: StillClock, closures: Closures
) -> None:
    card_id = await _card(store, clock, in_channel="C1", made_in="C1", by="U1")
    for user in ("U1", "U2", "U3"):
        await _subscribe(store, clock, "C1", user)
    await _subscribe(store, clock, "C2", "U4")
    await _subscribe(store, clock, "C1", "U5", team="T2")
    await closures.add("is_archived", card_id)
    assert await _due(closures) == [("U1", "is_archived"), ("U2", "is_archived"), ("U3", "is_archived")]


async def test_who_made_it_elsewhere_did_not_ask_for_it_here(
    store: Store, clock: StillClock, closures: Closures
) -> None:
    await closures.add("is_archived", await _card(store, clock, in_channel="C1", made_in="C2", by="U1"))
    await closures.add("is_archived", await _card(store, clock, in_channel="C3"))
    assert await closures.claim() is None


async def test_once_for_each_reason_until_it_is_forgotten(store: Store, clock: StillClock, closures: Closures) -> None:
    card_id = await _card(store, clock, in_channel="C1", made_in="C1", by="U1")
    for reason in ("is_archived", "is_archived", "not_in_channel"):
        await closures.add(reason, card_id)
        clock.advance(timedelta(minutes=1))
    assert await _due(closures) == [("U1", "is_archived"), ("U1", "not_in_channel")]
    await closures.add("is_archived", card_id)
    assert await _due(closures) == []
    await closures.forget("C1")
    await closures.add("is_archived", card_id)
    assert await _due(closures) == [("U1", "is_archived")]


async def test_who_must_wait_is_passed_over(store: Store, clock: StillClock, closures: Closures) -> None:
    card_id = await _card(store, clock, in_channel="C1", made_in="C1", by="U1")
    await _subscribe(store, clock, "C1", "U2")
    await closures.add("is_archived", card_id)
    assert await closures.claim(["U1"]) == Closure(team_id="T1", channel_id="C1", user_id="U2", reason="is_archived")
    assert await closures.claim(["U1", "U2"]) is None
