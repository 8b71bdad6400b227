from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts.state import Present, RecordingState, RoomState, RoomStatus, StreamState
from bot.store.cards import Cards
from bot.store.engine import Store
from bot.store.rooms import StoredRooms
from commands.core.directory import KnownRoom, Rooms
from commands.core.ports import Place
from providers.base import (
    Participant,
    ParticipantKind,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
)
from providers.facts import ThingKind
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import SEEN_AT, everything, save, snapshot


@pytest.fixture
def rooms(store: Store, clock: StillClock) -> Rooms:
    return StoredRooms(store, clock)


async def test_the_newest_life_is_the_live_one_else_the_last(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", terminal=True))
    await save(store, snapshot("RM_2", channel_id="C1", made_by="U1"))
    await save(store, snapshot("RM_3", terminal=True))

    live = RoomRef("livekit", "RM_2", "standup")
    assert await rooms.newest(everything(), "livekit", "standup") == KnownRoom(live, False, "C1", "U1")

    await save(store, snapshot("RM_2", terminal=True))
    last = await rooms.newest(everything(), "livekit", "standup")
    assert last == KnownRoom(RoomRef("livekit", "RM_3", "standup"), ended=True)


async def test_a_life_is_found_by_its_id(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", terminal=True))
    await save(store, snapshot("RM_2"))

    first = await rooms.life(everything(), "livekit", "RM_1")

    assert first is not None
    assert first.ended
    assert await rooms.life(everything(), "livekit", "RM_9") is None
    assert await rooms.life(everything(), "other", "RM_1") is None


async def test_when_the_newest_life_of_each_name_ended(rooms: Rooms, store: Store) -> None:
    lives = {"a": ("RM_1", "RM_2"), "b": ("RM_3", "RM_4"), "c": ("RM_5",)}
    for name, ids in lives.items():
        for id in ids:
            is_over = id != "RM_4"
            ref, status = RoomRef("livekit", id, name), RoomStatus.ENDED if is_over else RoomStatus.LIVE
            ended_at = SEEN_AT + timedelta(minutes=int(id[-1])) if is_over else None
            state = RoomState(ref=ref, status=status, ended_at=ended_at)
            kept = snapshot(id, name, terminal=is_over, channel_id="C9")
            await save(store, replace(kept, state=state.model_dump_json(), is_private=id == "RM_5"))
    stranger = replace(everything(), user_id="U7", channel_id="C1", sees_all=frozenset())
    found = await rooms.ended(stranger, "livekit", ["a", "b", "c", "d"])
    assert found == {"a": SEEN_AT + timedelta(minutes=2)}
    assert await rooms.ended(stranger, "eu", ["a"]) == {}


async def test_live_rooms_of_a_name_are_found_on_every_provider(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", provider="eu"))
    await save(store, snapshot("RM_2", provider="us"))
    await save(store, snapshot("RM_3", provider="us", terminal=True))
    await save(store, snapshot("RM_4", name="Standup", provider="us"))

    found = await rooms.live_named(everything(), "standup")

    assert [room.ref.provider for room in found] == ["us", "eu"]


async def test_a_channel_knows_its_live_rooms_the_newest_first(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("RM_1", "a", channel_id="C1"))
    await save(store, snapshot("RM_2", "b", channel_id="C1"))
    await save(store, snapshot("RM_3", "c", channel_id="C1", terminal=True))
    await save(store, snapshot("RM_4", "d", channel_id="C2"))
    await save(store, snapshot("EG_1", "e", channel_id="C1", kind=ThingKind.RECORDING))

    assert [room.ref.name for room in await rooms.live_in_channel(everything("T1", "C1"))] == ["b", "a"]


async def test_a_room_that_has_a_card_in_a_channel_is_one_of_its_rooms(
    rooms: Rooms, store: Store, clock: StillClock
) -> None:
    elsewhere = await save(store, snapshot("RM_1", "a", channel_id="C1"))
    await save(store, snapshot("RM_2", "b", channel_id="C2"))
    await store.write(lambda conn: Cards(store, clock).want(conn, elsewhere, Place("T1", "C2")))

    assert [room.ref.name for room in await rooms.live_in_channel(everything("T1", "C2"))] == ["b", "a"]
    assert [room.ref.name for room in await rooms.live_in_channel(everything("T1", "C1"))] == ["a"]


async def test_another_team_sees_nothing(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot(channel_id="C1"))

    assert await rooms.newest(everything("T2"), "livekit", "standup") is None
    assert await rooms.life(everything("T2"), "livekit", "RM_1") is None
    assert await rooms.live_named(everything("T2"), "standup") == []
    assert await rooms.live_in_channel(everything("T2", "C1")) == []


async def test_what_is_live_on_a_server_the_newest_first(rooms: Rooms, store: Store) -> None:
    for server_id, name in (("RM_1", "standup"), ("RM_2", "retro")):
        await save(store, snapshot(server_id, name))
    await save(store, snapshot("RM_3", "over", terminal=True))
    await save(store, snapshot("RM_4", "elsewhere", provider="eu"))
    assert [room.ref.name for room in await rooms.live(everything(), "livekit")] == ["retro", "standup"]
    assert await rooms.live(everything("T2"), "livekit") == []


async def test_who_is_in_a_room_as_far_as_we_have_heard(rooms: Rooms, store: Store) -> None:
    bob = Participant(id="PA_1", identity="bob", name="Bob")
    state = RoomState(
        ref=RoomRef("livekit", "RM_1", "standup"), present={"PA_1": Present(participant=bob, seen_at=SEEN_AT)}
    )
    await save(store, replace(snapshot("RM_1"), state=state.model_dump_json()))
    assert await rooms.present(everything(), "livekit", "standup") == [bob]
    assert await rooms.present(everything(), "livekit", "retro") == []


async def test_what_is_sent_into_rooms(rooms: Rooms, store: Store) -> None:
    """By the lives of rooms, and whoever may see it: others are no people for that."""
    bob = Participant(id="PA_1", identity='"kind":"ingress"', name="Bob")
    camera = Participant(id="PA_2", identity="camera", kind=ParticipantKind.INGRESS)
    for server_id, there in (("RM_1", [bob, camera]), ("RM_2", [bob]), ("RM_3", [camera])):
        present = {who.id: Present(participant=who, seen_at=SEEN_AT) for who in there}
        state = RoomState(ref=RoomRef("livekit", server_id, "standup"), present=present)
        await save(store, replace(snapshot(server_id), state=state.model_dump_json()))
    assert await rooms.sent_into("T1", "livekit", ["RM_1", "RM_2"]) == {"RM_1": {"camera"}}
    assert await rooms.sent_into("T2", "livekit", ["RM_1"]) == {}


async def test_recordings_the_running_ones_first(rooms: Rooms, store: Store) -> None:
    room = RoomRef("livekit", "RM_1", "standup")
    for server_id, status in (("EG_1", RecordingStatus.LIVE), ("EG_2", RecordingStatus.READY)):
        recording = Recording(ref=RecordingRef("livekit", server_id), room=room, status=status)
        state = RecordingState(recording=recording, seen_at=SEEN_AT).model_dump_json()
        known = snapshot(server_id, kind=ThingKind.RECORDING, terminal=status.is_final)
        await save(store, replace(known, state=state))
    assert [r.ref.id for r in await rooms.recordings(everything(), "livekit", 5)] == ["EG_1", "EG_2"]
    assert [r.ref.id for r in await rooms.recordings(everything(), "livekit", 1)] == ["EG_1"]


async def test_streams_the_running_ones_first(rooms: Rooms, store: Store) -> None:
    room = RoomRef("livekit", "RM_1", "standup")
    for server_id, status in (("EG_1", StreamStatus.LIVE), ("EG_2", StreamStatus.ENDED)):
        stream = Stream(StreamRef("livekit", server_id), room, status)
        state = StreamState(stream=stream, seen_at=SEEN_AT).model_dump_json()
        known = snapshot(server_id, kind=ThingKind.STREAM, terminal=status.is_final)
        await save(store, replace(known, state=state))
    assert [s.ref.id for s in await rooms.streams(everything(), "livekit", 5)] == ["EG_1", "EG_2"]
    assert [s.ref.id for s in await rooms.streams(everything(), "livekit", 1)] == ["EG_1"]
    assert await rooms.streams(everything(), "eu", 5) == []
    assert await rooms.recordings(everything(), "livekit", 5) == []


async def test_who_started_what_leaves_a_room_or_comes_in(rooms: Rooms, store: Store) -> None:
    await save(store, snapshot("EG_1", kind=ThingKind.RECORDING))
    await save(store, snapshot("EG_1", kind=ThingKind.STREAM, made_by="U1"))
    await save(store, snapshot("EG_2", kind=ThingKind.ROOM, made_by="U2"))
    await save(store, snapshot("IN_1", kind=ThingKind.INGRESS, made_by="U3"))
    await save(store, snapshot("SCL_1", kind=ThingKind.CALL, made_by="U4"))
    found = [await rooms.made_by("T1", "livekit", id) for id in ("EG_1", "EG_2", "EG_3", "IN_1", "SCL_1")]
    assert found == ["U1", None, None, "U3", "U4"]
    assert await rooms.made_by("T2", "livekit", "EG_1") is None


@pytest.mark.parametrize(
    ("kind", "room_id", "found"),
    [
        (ThingKind.STREAM, "RM_1", "RM_1"),
        (ThingKind.RECORDING, "RM_1", "RM_1"),
        (ThingKind.CALL, "RM_1", "RM_1"),
        (ThingKind.RECORDING, None, None),
        (ThingKind.SERVER, None, None),
    ],
)
async def test_the_room_of_a_card(
    rooms: Rooms, store: Store, clock: StillClock, kind: ThingKind, room_id: str | None, found: str | None
) -> None:
    """A recording of a web page, and a server, are in no room."""
    await save(store, snapshot("RM_1"))
    thing_id = await save(store, replace(snapshot("X_1", kind=kind), room_id=room_id))
    place = Place("T1", "C1", thread_ts="1.2")
    await store.write(lambda conn: Cards(store, clock).want(conn, thing_id, place))
    room = await rooms.of_thread(place)
    assert (room.ref.id if room is not None else None) == found
