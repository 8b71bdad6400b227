"""What channels want to hear of, what they have muted, and what people follow."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.store import things
from bot.store.cards import Cards
from bot.store.engine import Store
from bot.store.subscriptions import StoredSubscriptions
from bot.store.tables import card, follow, thing
from commands.core.alerts import AlertKind, Followed, Mute, Scope, Severity, Subscription, Unfollowed
from commands.core.ports import Place, Viewer
from providers.facts import ThingKind
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot

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


async def test_the_severity_that_is_said_last_counts(subscriptions: StoredSubscriptions) -> None:
    first = await subscriptions.add(HERE, Scope(), Severity.CRITICAL, created_by="U1")
    again = await subscriptions.add(HERE, Scope(), Severity.WARNING, created_by="U2")

    assert again == replace(first, least=Severity.WARNING)
    assert await subscriptions.in_channel(HERE) == [again]


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


async def test_of_somebody_wherever_they_are(subscriptions: StoredSubscriptions) -> None:
    mine = [await _add(subscriptions), await _add(subscriptions, THERE)]
    await _add(subscriptions, ELSEWHERE)
    await _add(subscriptions, THERE, room_glob="a*", by="U2")

    assert await subscriptions.of_person("T1", "U1") == mine


LATER = timedelta(hours=1)
RECORDINGS = Scope(kinds=frozenset({AlertKind.RECORDING}), provider="eu")


async def test_a_mute_holds_until_it_ends(subscriptions: StoredSubscriptions, store: Store, clock: StillClock) -> None:
    until = clock.now() + LATER
    mute = await subscriptions.mute(HERE, RECORDINGS, until, said_by="U1")
    await subscriptions.mute(ELSEWHERE, Scope(), until, said_by="U1")

    assert mute == Mute(id=mute.id, channel_id="C1", what=RECORDINGS, until=until, said_by="U1")
    assert await subscriptions.mutes(HERE) == [mute]
    assert await subscriptions.mutes(THERE) == []
    assert await store.write(lambda conn: subscriptions.mutes_of_team(conn, "T1", clock.now())) == [mute]
    clock.advance(LATER)
    assert await subscriptions.mutes(HERE) == []
    assert await subscriptions.unmute(HERE, None) == 0


async def test_the_equal_mute_is_prolonged(subscriptions: StoredSubscriptions, clock: StillClock) -> None:
    first = await subscriptions.mute(HERE, RECORDINGS, clock.now() + LATER, said_by="U1")
    again = await subscriptions.mute(HERE, RECORDINGS, clock.now() + 2 * LATER, said_by="U2")

    assert again == replace(first, until=clock.now() + 2 * LATER, said_by="U2")
    assert await subscriptions.mutes(HERE) == [again]


async def test_unmute_one_and_all(subscriptions: StoredSubscriptions, clock: StillClock) -> None:
    for place in (HERE, THERE):
        for what in (Scope(), RECORDINGS, Scope(room_glob="a*")):
            await subscriptions.mute(place, what, clock.now() + LATER, said_by="U1")

    assert await subscriptions.unmute(HERE, Scope()) == 1
    assert [mute.what for mute in await subscriptions.mutes(HERE)] == [RECORDINGS, Scope(room_glob="a*")]
    assert await subscriptions.unmute(HERE, None) == 2
    assert len(await subscriptions.mutes(THERE)) == 3


ANA, DIRECT = Viewer("T1", "UANA", "C1"), Place("T1", "DANA", is_direct=True)
ROOM = ("livekit", ThingKind.ROOM, "RM_1")


async def _cards(store: Store) -> list[str]:
    async with store.reading() as conn:
        return list((await conn.execute(select(card.c.channel_id).order_by(card.c.id))).scalars())


async def test_follow_wants_a_card_in_the_conversation(store: Store, clock: StillClock) -> None:
    woken = list[bool]()
    subscriptions = StoredSubscriptions(store, clock, lambda: woken.append(True))
    await save(store, snapshot())

    assert await subscriptions.live_name(ANA, ROOM) == "standup"
    assert [await subscriptions.follow(ANA, "UANA", DIRECT, ROOM) for _ in range(2)] == [True, True]
    assert (await _cards(store), len(woken)) == (["DANA"], 2)
    followed = Followed(
        provider="livekit",
        kind=ThingKind.ROOM,
        server_id="RM_1",
        name="standup",
        since=clock.now(),
        channel_id="DANA",
    )
    assert await subscriptions.followed_by("T1", "UANA") == [followed]
    assert await subscriptions.followed_by("T1", "UBEN") == []
    assert await subscriptions.followed_by("T2", "UANA") == []


@pytest.mark.parametrize(
    "known",
    [
        snapshot(terminal=True),
        snapshot("RM_2"),
        snapshot(team_id="T2"),
        snapshot(provider="eu"),
        snapshot(kind=ThingKind.RECORDING),
        replace(snapshot(channel_id="C9", made_by="UBEN"), is_private=True),
    ],
    ids=["over", "another", "of another team", "elsewhere", "of another kind", "hidden"],
)
async def test_what_is_not_followed(store: Store, clock: StillClock, known: things.Snapshot) -> None:
    woken = list[bool]()
    subscriptions = StoredSubscriptions(store, clock, lambda: woken.append(True))
    await save(store, known)

    assert await subscriptions.live_name(ANA, ROOM) is None
    assert not await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)
    assert (await _cards(store), woken, await subscriptions.followed_by("T1", "UANA")) == ([], [], [])


@pytest.mark.parametrize("viewer", [Viewer("T1", "UANA", "C9"), Viewer("T1", "UBEN", None)], ids=["there", "maker"])
async def test_who_sees_what_is_private_may_follow_it(
    subscriptions: StoredSubscriptions, store: Store, viewer: Viewer
) -> None:
    await save(store, replace(snapshot(channel_id="C9", made_by="UBEN"), is_private=True))
    assert await subscriptions.follow(viewer, "UANA", DIRECT, ROOM)
    assert await _cards(store) == ["DANA"]


async def test_what_is_over_is_followed_no_more(subscriptions: StoredSubscriptions, store: Store) -> None:
    await save(store, snapshot())
    await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)
    await save(store, snapshot(terminal=True))
    assert await subscriptions.followed_by("T1", "UANA") == []
    assert await _cards(store) == ["DANA"], "it shows how it ended"


async def test_unfollow_gives_the_message_back(
    subscriptions: StoredSubscriptions, store: Store, clock: StillClock
) -> None:
    thing_id = await save(store, snapshot())
    await store.write(lambda conn: Cards(store, clock).want(conn, thing_id, HERE))
    ben = Place("T1", "DBEN", is_direct=True)
    await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)
    await subscriptions.follow(ANA, "UBEN", ben, ROOM)
    posted = update(card).where(card.c.channel_id == "DANA").values(ts="1.000001")
    await store.write(lambda conn: conn.execute(posted))

    assert await subscriptions.unfollow("T1", "UANA", ROOM) == Unfollowed("DANA", "1.000001")
    assert await subscriptions.unfollow("T1", "UANA", ROOM) is None
    assert await _cards(store) == ["C1", "DBEN"]
    assert await subscriptions.unfollow("T1", "UBEN", ROOM) == Unfollowed("DBEN", None)
    assert await _cards(store) == ["C1"]


async def test_a_card_that_is_there_anyway_stays(subscriptions: StoredSubscriptions, store: Store) -> None:
    await save(store, snapshot(channel_id="DANA"))
    recorded = ("livekit", ThingKind.RECORDING, "RE_1")
    await save(store, snapshot("RE_1", kind=ThingKind.RECORDING))
    for about in (ROOM, recorded):
        await subscriptions.follow(ANA, "UANA", DIRECT, about)

    assert await subscriptions.unfollow("T1", "UANA", ROOM) == Unfollowed("DANA", None)
    await _add(subscriptions, DIRECT, kinds=frozenset({AlertKind.EGRESS}), room_glob="stand*")
    assert await subscriptions.unfollow("T1", "UANA", recorded) == Unfollowed("DANA", None)
    assert await _cards(store) == ["DANA", "DANA"]


@pytest.mark.parametrize(
    ("wish", "least"),
    [
        (Scope(kinds=frozenset({AlertKind.SERVER})), Severity.INFO),
        (Scope(room_glob="retro"), Severity.INFO),
        (Scope(provider="eu"), Severity.INFO),
        (Scope(), Severity.CRITICAL),
    ],
    ids=["another kind", "another room", "elsewhere", "the worst alone"],
)
async def test_a_subscription_to_something_else_keeps_no_card(
    subscriptions: StoredSubscriptions, store: Store, wish: Scope, least: Severity
) -> None:
    await save(store, snapshot())
    await subscriptions.add(DIRECT, wish, least, created_by="UANA")
    await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)

    assert await subscriptions.unfollow("T1", "UANA", ROOM) == Unfollowed("DANA", None)
    assert await _cards(store) == []


async def test_a_subscription_keeps_no_card_of_what_is_private_elsewhere(
    subscriptions: StoredSubscriptions, store: Store
) -> None:
    await save(store, replace(snapshot(channel_id="C9", made_by="UANA"), is_private=True))
    await _add(subscriptions, DIRECT)
    await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)

    await subscriptions.unfollow("T1", "UANA", ROOM)
    assert await _cards(store) == []


async def test_the_fold_reads_what_is_followed_in_its_team(subscriptions: StoredSubscriptions, store: Store) -> None:
    thing_id = await save(store, snapshot())
    await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)

    assert await store.write(lambda conn: subscriptions.follows_of_team(conn, "T1")) == {(thing_id, "DANA")}
    assert await store.write(lambda conn: subscriptions.follows_of_team(conn, "T2")) == set()


async def test_what_is_pruned_is_followed_by_nobody(subscriptions: StoredSubscriptions, store: Store) -> None:
    await save(store, snapshot())
    await subscriptions.follow(ANA, "UANA", DIRECT, ROOM)
    await store.write(lambda conn: conn.execute(thing.delete()))
    async with store.reading() as conn:
        assert (await conn.execute(select(follow))).all() == []
