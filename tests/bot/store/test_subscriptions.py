import pytest

from bot.store.engine import Store
from bot.store.subscriptions import StoredSubscriptions
from commands.core.alerts import AlertKind, Scope, Severity, Subscription
from commands.core.ports import Place
from tests.bot.store.conftest import StillClock

HERE, THERE, ELSEWHERE = Place("T1", "C1"), Place("T1", "C2"), Place("T2", "C1")
BOTH = frozenset({AlertKind.ROOM, AlertKind.RECORDING})


@pytest.fixture
def subscriptions(store: Store, clock: StillClock) -> StoredSubscriptions:
    return StoredSubscriptions(store, clock)


async def _add(
    subscriptions: StoredSubscriptions,
    place: Place = HERE,
    *,
    provider: str | None = None,
    kinds: frozenset[AlertKind] = frozenset(),
    room_glob: str = "*",
    by: str = "U1",
) -> Subscription:
    wish = Scope(provider=provider, kinds=kinds, room_glob=room_glob)
    return await subscriptions.add(place, wish, Severity.INFO, created_by=by)


async def test_what_was_added_is_in_the_channel(subscriptions: StoredSubscriptions) -> None:
    everything = await _add(subscriptions)
    some = await _add(subscriptions, provider="eu", kinds=BOTH, room_glob="prod-*")

    assert everything.wish == Scope()
    wish = Scope(provider="eu", kinds=BOTH, room_glob="prod-*")
    assert some == Subscription(id=some.id, channel_id="C1", wish=wish, created_by="U1")
    assert await subscriptions.in_channel(HERE) == [everything, some]
    assert await subscriptions.in_channel(THERE) == []
    assert await subscriptions.in_channel(ELSEWHERE) == []


async def test_the_equal_one_is_returned_and_not_doubled(subscriptions: StoredSubscriptions) -> None:
    first = await _add(subscriptions, kinds=BOTH)
    again = await _add(subscriptions, kinds=frozenset(sorted(BOTH, reverse=True)), by="U2")

    assert again == first
    assert len(await subscriptions.in_channel(HERE)) == 1


async def test_one_that_differs_is_another(subscriptions: StoredSubscriptions) -> None:
    all_of_them = [
        await _add(subscriptions),
        await _add(subscriptions, provider="eu"),
        await _add(subscriptions, kinds=BOTH),
        await _add(subscriptions, room_glob="a*"),
        await _add(subscriptions, THERE),
        await _add(subscriptions, ELSEWHERE),
    ]

    assert len({subscription.id for subscription in all_of_them}) == 6


async def test_one_is_removed_only_from_its_own_channel(subscriptions: StoredSubscriptions) -> None:
    kept = await _add(subscriptions)

    assert not await subscriptions.remove(THERE, kept.id)
    assert not await subscriptions.remove(ELSEWHERE, kept.id)
    assert await subscriptions.remove(HERE, kept.id)
    assert not await subscriptions.remove(HERE, kept.id)
    assert await subscriptions.in_channel(HERE) == []


async def test_an_id_is_never_used_again(subscriptions: StoredSubscriptions) -> None:
    first = await _add(subscriptions)
    await subscriptions.remove(HERE, first.id)

    assert (await _add(subscriptions)).id > first.id


async def test_the_fold_reads_those_of_its_team(subscriptions: StoredSubscriptions, store: Store) -> None:
    here, there = await _add(subscriptions), await _add(subscriptions, THERE)
    await _add(subscriptions, ELSEWHERE)

    assert await store.write(lambda conn: subscriptions.of_team(conn, "T1")) == [here, there]
