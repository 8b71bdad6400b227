import pytest

from bot.store.cards import Cards
from bot.store.engine import Store
from bot.store.rooms import StoredRooms
from commands.core.ports import KnownRoom, Place, Rooms
from providers.base import RoomRef
from providers.facts import ThingKind
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot


@pytest.fixture
def rooms(store: Store) -> Rooms:
    return StoredRooms(store)


async def test_the_newest_life_is_the_live_one_else_the_last(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", terminal=True))
    await save(store, snapshot("RM_2", channel_id="C1", made_by="U1"))
    await save(store, snapshot("RM_3", terminal=True))

    live = RoomRef("livekit", "RM_2", "standup")
    assert await rooms.newest("T1", "livekit", "standup") == KnownRoom(live, False, "C1", "U1")

    await save(store, snapshot("RM_2", terminal=True))
    last = await rooms.newest("T1", "livekit", "standup")
    assert last == KnownRoom(RoomRef("livekit", "RM_3", "standup"), ended=True)


async def test_a_life_is_found_by_its_id(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", terminal=True))
    await save(store, snapshot("RM_2"))

    first = await rooms.life("T1", "livekit", "RM_1")

    assert first is not None
    assert first.ended
    assert await rooms.life("T1", "livekit", "RM_9") is None
    assert await rooms.life("T1", "other", "RM_1") is None


async def test_live_rooms_of_a_name_are_found_on_every_provider(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", provider="eu"))
    await save(store, snapshot("RM_2", provider="us"))
    await save(store, snapshot("RM_3", provider="us", terminal=True))
    await save(store, snapshot("RM_4", name="Standup", provider="us"))

    found = await rooms.live_named("T1", "standup")

    assert [room.ref.provider for room in found] == ["us", "eu"]


async def test_a_channel_knows_its_live_rooms_the_newest_first(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", "a", channel_id="C1"))
    await save(store, snapshot("RM_2", "b", channel_id="C1"))
    await save(store, snapshot("RM_3", "c", channel_id="C1", terminal=True))
    await save(store, snapshot("RM_4", "d", channel_id="C2"))
    await save(store, snapshot("EG_1", "e", channel_id="C1", kind=ThingKind.RECORDING))

    assert [room.ref.name for room in await rooms.live_in_channel("T1", "C1")] == ["b", "a"]


async def test_a_room_that_has_a_card_in_a_channel_is_one_of_its_rooms(
    rooms: Rooms, store: Store, clock: StillClock
) -> None:
    elsewhere = await save(store, snapshot("RM_1", "a", channel_id="C1"))
    await save(store, snapshot("RM_2", "b", channel_id="C2"))
    await store.write(lambda conn: Cards(store, clock).want(conn, elsewhere, Place("T1", "C2")))

    assert [room.ref.name for room in await rooms.live_in_channel("T1", "C2")] == ["b", "a"]
    assert [room.ref.name for room in await rooms.live_in_channel("T1", "C1")] == ["a"]


async def test_another_team_sees_nothing(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot(channel_id="C1"))

    assert await rooms.newest("T2", "livekit", "standup") is None
    assert await rooms.life("T2", "livekit", "RM_1") is None
    assert await rooms.live_named("T2", "standup") == []
    assert await rooms.live_in_channel("T2", "C1") == []
