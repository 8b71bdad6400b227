from bot.store.engine import Store
from bot.store.settings import StoredSettings
from commands.core.ports import CHANNEL_PROVIDER, Place
from tests.bot.store.conftest import StillClock


async def test_the_last_choice_of_a_channel_counts(store: Store, clock: StillClock) -> None:
    settings = StoredSettings(store, clock)
    here = Place("T1", "C1", thread_ts="1.2")

    assert await settings.get(here, CHANNEL_PROVIDER) is None
    await settings.put(here, CHANNEL_PROVIDER, "eu", by="U1")
    await settings.put(here, CHANNEL_PROVIDER, "us", by="U2")

    assert await settings.get(Place("T1", "C1"), CHANNEL_PROVIDER) == "us"
    assert await settings.get(here, "other") is None
    assert await settings.get(Place("T1", "C2"), CHANNEL_PROVIDER) is None
    assert await settings.get(Place("T2", "C1"), CHANNEL_PROVIDER) is None
