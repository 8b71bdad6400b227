"""What is chosen for a channel, and for all that have chosen nothing."""

from bot.store.engine import Store
from bot.store.settings import StoredSettings, told_of_joins
from commands.core.ports import CHANNEL_PROVIDER, Choice, Place, everywhere
from tests.bot.store.conftest import StillClock

HERE = Place("T1", "C1")
EVERYWHERE = everywhere("T1")


async def test_the_last_choice_of_a_channel_is_its_own(store: Store, clock: StillClock) -> None:
    settings = StoredSettings(store, clock)

    assert await settings.get(HERE, CHANNEL_PROVIDER) is None
    await settings.put(HERE, CHANNEL_PROVIDER, "eu", by="U1")
    await settings.put(HERE, CHANNEL_PROVIDER, "us", by="U2")

    assert await settings.get(HERE, CHANNEL_PROVIDER) == "us"
    assert await settings.get(HERE, "other") is None
    assert await settings.get(Place("T1", "C2"), CHANNEL_PROVIDER) is None
    assert await settings.get(Place("T2", "C1"), CHANNEL_PROVIDER) is None


async def test_what_holds_everywhere_gives_way_to_a_channel(store: Store, clock: StillClock) -> None:
    settings = StoredSettings(store, clock)
    await settings.put(EVERYWHERE, "joins", "told", by="U1")
    await settings.put(HERE, "joins", "quiet", by="U2")

    assert await settings.get(HERE, "joins") == "quiet"
    assert await settings.get(Place("T1", "C2"), "joins") == "told"
    assert await settings.get(EVERYWHERE, "joins") == "told"
    assert await settings.get(Place("T2", "C2"), "joins") is None


async def test_unsetting_uncovers_what_holds_everywhere(store: Store, clock: StillClock) -> None:
    settings = StoredSettings(store, clock)
    await settings.put(EVERYWHERE, "joins", "told", by="U1")
    await settings.put(HERE, "joins", "quiet", by="U2")

    assert await settings.unset(HERE, "joins")
    assert not await settings.unset(HERE, "joins")
    assert await settings.get(HERE, "joins") == "told"


async def test_all_that_counts_in_a_channel_is_listed(store: Store, clock: StillClock) -> None:
    settings = StoredSettings(store, clock)
    await settings.put(EVERYWHERE, "timezone", "UTC", by="U1")
    await settings.put(EVERYWHERE, "joins", "told", by="U1")
    await settings.put(HERE, "joins", "quiet", by="U2")
    await settings.put(Place("T1", "C2"), "joins", "told", by="U3")

    assert await settings.all(HERE) == [
        Choice("joins", "quiet", "U2", clock.now(), is_everywhere=False),
        Choice("joins", "told", "U1", clock.now(), is_everywhere=True),
        Choice("timezone", "UTC", "U1", clock.now(), is_everywhere=True),
    ]


async def test_joins_are_told_of_where_the_channel_or_else_the_workspace_says_so(
    store: Store, clock: StillClock
) -> None:
    settings = StoredSettings(store, clock)
    await settings.put(EVERYWHERE, "joins", "told", by="U1")
    await settings.put(HERE, "joins", "quiet", by="U1")
    await settings.put(Place("T1", "C2"), "joins", "told", by="U1")

    is_told = await store.write(lambda conn: told_of_joins(conn, "T1"))
    is_told_elsewhere = await store.write(lambda conn: told_of_joins(conn, "T2"))

    assert [channel for channel in ("C1", "C2", "C3") if is_told(channel)] == ["C2", "C3"]
    assert not is_told_elsewhere("C2")
