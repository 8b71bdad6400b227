"""Who sees what was made in private, on each kind of database."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.state import CallState, IngressState, Present, RecordingState, RoomState, StreamState
from bot.store import reservations
from bot.store.cards import Cards
from bot.store.dashboard import StoredDashboard
from bot.store.engine import Store
from bot.store.reservations import KEPT, KEPT_TO_RECORD, Name
from bot.store.rooms import StoredRooms
from bot.store.tables import card
from commands.core.directory import Provenance, Reservation, reserved_as
from commands.core.ports import Place, Viewer
from providers.base import (
    Call,
    CallRef,
    CallStatus,
    EgressSource,
    Ingress,
    IngressRef,
    IngressStatus,
    Participant,
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
from tests.bot.store.snapshots import SEEN_AT, save, snapshot

HOME = "C_PRIVATE"
MAKER, MEMBER, STRANGER, ADMIN = "U_MAKER", "U_MEMBER", "U_STRANGER", "U_ADMIN"
ROOM = RoomRef("livekit", "RM_1", "standup")
NAME = Name("T1", "livekit", ThingKind.ROOM, "standup")

AT_HOME = Viewer("T1", MAKER, HOME)

VIEWERS = [
    (Viewer("T1", MAKER, HOME), True),
    (Viewer("T1", MAKER, "C_OTHER"), True),
    (Viewer("T1", MAKER, None), True),
    (Viewer("T1", MEMBER, HOME), True),
    (Viewer("T1", MEMBER, "C_OTHER"), False),
    (Viewer("T1", MEMBER, None), False),
    (Viewer("T1", STRANGER, "C_OTHER"), False),
    (Viewer("T1", STRANGER, None), False),
    (Viewer("T1", ADMIN, "C_OTHER", frozenset({"livekit"})), True),
    (Viewer("T1", ADMIN, "C_OTHER", frozenset({"eu"})), False),
    (Viewer("T1", None, HOME), True),
    (Viewer("T1", None, "C_OTHER"), False),
]
"""Everybody, from everywhere, and whether they see what the maker made in private. Without a person: aloud."""


@pytest.fixture
def rooms(store: Store, clock: StillClock) -> StoredRooms:
    return StoredRooms(store, clock)


async def keep_room(store: Store, server_id: str = "RM_1", *, private: bool = True, terminal: bool = False) -> int:
    ref = RoomRef("livekit", server_id, "standup")
    bob = Participant("PA_1", "bob")
    state = RoomState(ref=ref, present={"PA_1": Present(participant=bob, seen_at=SEEN_AT)}).model_dump_json()
    known = snapshot(server_id, terminal=terminal, channel_id=HOME, made_by=MAKER)
    return await save(store, replace(known, state=state, is_private=private))


async def keep_recording(
    store: Store, *, channel_id: str | None, made_by: str | None, private: bool = True
) -> Recording:
    recording = Recording(RecordingRef("livekit", "EG_1"), ROOM, RecordingStatus.FAILED)
    state = RecordingState(recording=recording, seen_at=SEEN_AT).model_dump_json()
    known = snapshot("EG_1", kind=ThingKind.RECORDING, terminal=True, channel_id=channel_id, made_by=made_by)
    await save(store, replace(known, state=state, status="failed", is_private=private, room_id="RM_1"))
    return recording


async def keep_stream(
    store: Store,
    room: RoomRef = ROOM,
    *,
    private: bool = True,
    channel_id: str | None = None,
    made_by: str | None = None,
) -> Stream:
    stream = Stream(StreamRef("livekit", "EG_1"), room, StreamStatus.LIVE)
    state = StreamState(stream=stream, seen_at=SEEN_AT).model_dump_json()
    known = snapshot("EG_1", room.name, kind=ThingKind.STREAM, channel_id=channel_id, made_by=made_by)
    await save(store, replace(known, state=state, is_private=private, room_id=room.id or None))
    return stream


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_a_private_room_is_found_by_those_who_may_see_it(
    rooms: StoredRooms, store: Store, clock: StillClock, viewer: Viewer, sees: bool
) -> None:
    thing_id = await keep_room(store)
    await store.write(lambda conn: Cards(store, clock).want(conn, thing_id, Place("T1", "C_OTHER")))
    dashboard = StoredDashboard(store)
    mine, _ = await dashboard.live_rooms(viewer, ["livekit"], mine=True, limit=5)
    others, count = await dashboard.live_rooms(viewer, ["livekit"], mine=False, limit=5)
    answers: Sequence[object] = [
        await rooms.newest(viewer, "livekit", "standup"),
        await rooms.life(viewer, "livekit", "RM_1"),
        await rooms.live_named(viewer, "standup"),
        await rooms.live(viewer, "livekit"),
        await rooms.present(viewer, "livekit", "standup"),
        not await rooms.hidden(viewer, [ROOM]),
        not await rooms.hidden(viewer, [RoomRef("livekit", "", "standup")]),
        not await rooms.hidden(viewer, [RoomRef("livekit", "RM_RENEWED", "standup")]),
        mine or others,
    ]
    assert [bool(answer) for answer in answers] == [sees] * len(answers)
    assert count == len(others)
    in_channel = await rooms.live_in_channel(viewer)
    assert bool(in_channel) is (sees and viewer.channel_id is not None)


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_a_recording_of_a_private_room_is_seen_where_the_room_is(
    rooms: StoredRooms, store: Store, viewer: Viewer, sees: bool
) -> None:
    await keep_room(store)
    recording = await keep_recording(store, channel_id=None, made_by=None)
    assert bool(await rooms.recordings(viewer, "livekit", 5)) is sees
    assert await rooms.hidden_recordings(viewer, [recording]) == (frozenset() if sees else {"EG_1"})
    failed = await StoredDashboard(store).failed_recordings(viewer, ["livekit"], since=SEEN_AT - timedelta(days=1))
    assert bool(failed) is sees


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_a_stream_of_a_private_room_is_seen_where_the_room_is(
    rooms: StoredRooms, store: Store, viewer: Viewer, sees: bool
) -> None:
    await keep_room(store)
    stream = await keep_stream(store)
    assert bool(await rooms.streams(viewer, "livekit", 5)) is sees
    assert await rooms.hidden_streams(viewer, [stream]) == (frozenset() if sees else {"EG_1"})
    unheard = replace(stream, ref=StreamRef("livekit", "EG_9"))
    assert await rooms.hidden_streams(viewer, [unheard]) == (frozenset() if sees else {"EG_9"})
    elsewhere = replace(stream, ref=StreamRef("eu", "EG_1"), room=RoomRef("eu", "RM_1", "standup"))
    assert await rooms.hidden_streams(viewer, [elsewhere]) == frozenset()


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_what_comes_in_is_seen_where_it_was_made(
    rooms: StoredRooms, store: Store, viewer: Viewer, sees: bool
) -> None:
    ingress = Ingress(IngressRef("livekit", "IN_1"), RoomRef("livekit", "", "standup"), IngressStatus.WAITING)
    call = Call(CallRef("livekit", "SCL_1"), ROOM, CallStatus.ACTIVE)
    states = {
        "IN_1": IngressState(ingress=ingress, seen_at=SEEN_AT).model_dump_json(),
        "SCL_1": CallState(call=call, seen_at=SEEN_AT).model_dump_json(),
    }
    for kind, (server_id, state) in zip((ThingKind.INGRESS, ThingKind.CALL), states.items(), strict=True):
        known = snapshot(server_id, kind=kind, channel_id=HOME, made_by=MAKER)
        await save(store, replace(known, state=state, is_private=True))
    assert bool(await rooms.ingresses(viewer, "livekit", 5)) is bool(await rooms.calls(viewer, "livekit", 5)) is sees
    assert await rooms.hidden_ingresses(viewer, [ingress]) == (frozenset() if sees else {"IN_1"})
    assert await rooms.hidden_calls(viewer, [call]) == (frozenset() if sees else {"SCL_1"})
    unheard = replace(ingress, ref=IngressRef("livekit", "IN_9"))
    assert await rooms.hidden_ingresses(viewer, [unheard]) == frozenset(), "it goes by its room, which is nobody's"
    await keep_room(store)
    assert await rooms.hidden_ingresses(viewer, [unheard]) == (frozenset() if sees else {"IN_9"})
    assert await rooms.hidden_ingresses(viewer, []) == frozenset()


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_what_is_both_is_hidden_where_either_is(
    rooms: StoredRooms, store: Store, viewer: Viewer, sees: bool
) -> None:
    """Of an egress that writes and sends, one fact may come before the other."""
    stream = await keep_stream(store, private=False)
    assert await rooms.hidden_streams(viewer, [stream]) == frozenset()
    recording = await keep_recording(store, channel_id=HOME, made_by=MAKER)
    hidden = frozenset() if sees else {"EG_1"}
    assert await rooms.hidden_recordings(viewer, [recording]) == hidden
    assert await rooms.hidden_streams(viewer, [stream]) == hidden


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_what_is_of_a_web_page_is_seen_by_who_may_see_it_alone(
    rooms: StoredRooms, store: Store, viewer: Viewer, sees: bool
) -> None:
    """It has no room: nothing that has none belongs together."""
    await keep_room(store)
    page = RoomRef("livekit", "", "")
    await keep_stream(store, page, channel_id=HOME, made_by=MAKER)
    other = Stream(StreamRef("livekit", "EG_2"), page, StreamStatus.LIVE)
    assert await rooms.hidden_streams(viewer, [Stream(StreamRef("livekit", "EG_1"), page, StreamStatus.LIVE)]) == (
        frozenset() if sees else {"EG_1"}
    )
    assert await rooms.hidden_streams(viewer, [other]) == frozenset()


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_a_recording_that_nobody_has_reported_goes_by_its_room(
    rooms: StoredRooms, store: Store, viewer: Viewer, sees: bool
) -> None:
    await keep_room(store)
    recording = Recording(RecordingRef("livekit", "EG_9"), ROOM, RecordingStatus.LIVE)
    assert await rooms.hidden_recordings(viewer, [recording]) == (frozenset() if sees else {"EG_9"})


async def test_who_recorded_a_private_room_sees_the_recording_and_not_the_room(
    rooms: StoredRooms, store: Store
) -> None:
    await keep_room(store)
    recording = await keep_recording(store, channel_id=HOME, made_by=ADMIN)
    once_admin = Viewer("T1", ADMIN, "C_OTHER")
    assert await rooms.hidden_recordings(once_admin, [recording]) == frozenset()
    assert await rooms.hidden(once_admin, [ROOM]) == {ROOM}


async def test_what_is_private_in_a_channel_is_not_so_for_the_maker_of_the_public_room_alone(
    rooms: StoredRooms, store: Store
) -> None:
    await keep_room(store, private=False)
    recording = await keep_recording(store, channel_id="C_OTHER", made_by=MEMBER)
    seen_by = {
        user: not await rooms.hidden_recordings(Viewer("T1", user, None), [recording])
        for user in (MAKER, MEMBER, STRANGER)
    }
    assert seen_by == {MAKER: True, MEMBER: True, STRANGER: False}


async def test_a_public_room_is_seen_by_everybody_even_beside_a_private_one_of_its_name(
    rooms: StoredRooms, store: Store
) -> None:
    await keep_room(store, "RM_1", terminal=True)
    await keep_room(store, "RM_2", private=False)
    stranger, public = Viewer("T1", STRANGER, None), RoomRef("livekit", "RM_2", "standup")
    assert await rooms.hidden(stranger, [ROOM, public]) == {ROOM}
    newest = await rooms.newest(stranger, "livekit", "standup")
    assert newest is not None
    assert newest.ref == public


async def test_a_card_that_cannot_be_shown_names_nothing_private(store: Store, clock: StillClock) -> None:
    thing_id = await keep_room(store)
    await store.write(lambda conn: Cards(store, clock).want(conn, thing_id, Place("T1", HOME)))
    await store.write(lambda conn: conn.execute(update(card).values(blocked="is_archived")))
    for viewer, sees in VIEWERS:
        assert bool(await StoredDashboard(store).blocked_cards(viewer)) is sees


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_a_kept_name_is_hidden_from_those_who_would_not_see_what_comes_up(
    rooms: StoredRooms, clock: StillClock, viewer: Viewer, sees: bool
) -> None:
    await rooms.reserve(AT_HOME, ThingKind.ROOM, "livekit", "standup", by=MAKER)
    for room in (ROOM, RoomRef("livekit", "", "standup")):
        assert await rooms.hidden(viewer, [room]) == (frozenset() if sees else {room})
    free = [RoomRef("livekit", "", "retro"), RoomRef("eu", "", "standup")]
    assert await rooms.hidden(viewer, free) == frozenset()
    clock.advance(KEPT)
    assert await rooms.hidden(viewer, [ROOM]) == frozenset()


@pytest.mark.parametrize(("viewer", "may"), VIEWERS)
async def test_a_kept_name_is_released_by_those_who_may_have_it(rooms: StoredRooms, viewer: Viewer, may: bool) -> None:
    await rooms.reserve(AT_HOME, ThingKind.ROOM, "livekit", "standup", by=MAKER)
    await rooms.release(viewer, ThingKind.ROOM, "livekit", "standup")
    assert bool(await rooms.hidden(Viewer("T1", STRANGER, None), [ROOM])) is not may


@pytest.mark.parametrize(("viewer", "sees"), VIEWERS)
async def test_a_name_is_kept_for_as_long_as_a_private_ingress_leads_there(
    rooms: StoredRooms, store: Store, clock: StillClock, viewer: Viewer, sees: bool
) -> None:
    ingress = replace(snapshot("IN_1", kind=ThingKind.INGRESS, channel_id=HOME, made_by=MAKER), is_private=True)
    others = replace(ingress, server_id="IN_2", channel_id="C_THIRD")

    async def hides() -> bool:
        return bool(await rooms.hidden(viewer, [RoomRef("livekit", "", "standup")]))

    await rooms.reserve(AT_HOME, ThingKind.ROOM, "livekit", "standup", by=MAKER)
    await save(store, others)
    clock.advance(KEPT)
    assert not await hides(), "that of another channel keeps it for nobody"
    await save(store, ingress)
    clock.advance(timedelta(days=400))
    assert await hides() is not sees
    async with store.reading() as conn:
        assert await reservations.held_in(conn, NAME, clock.now()) == HOME
        assert await reservations.is_for_others(conn, NAME, viewer, clock.now()) is not sees
    await save(store, replace(ingress, name="retro"))
    assert not await hides(), "it leads elsewhere"
    await save(store, replace(ingress, terminal=True))
    assert not await hides()


async def test_where_an_ingress_comes_from_and_is_shown(rooms: StoredRooms, store: Store, clock: StillClock) -> None:
    ingress = replace(snapshot("IN_1", kind=ThingKind.INGRESS, channel_id=HOME, made_by=MAKER), is_private=True)
    thing_id = await save(store, ingress)
    for channel_id in (HOME, "C_OTHER"):
        await store.write(partial(Cards(store, clock).want, thing_id=thing_id, place=Place("T1", channel_id)))
    left = update(card).where(card.c.channel_id == "C_OTHER").values(blocked="is_archived")
    await store.write(lambda conn: conn.execute(left))
    found = await rooms.provenance("T1", ThingKind.INGRESS, "livekit", "IN_1")
    assert found == Provenance(HOME, MAKER, True, (Place("T1", HOME),))
    assert found.private_to == HOME
    assert await rooms.provenance("T2", ThingKind.INGRESS, "livekit", "IN_1") is None
    assert await rooms.provenance("T1", ThingKind.INGRESS, "livekit", "IN_2") is None


async def test_of_two_who_reserve_a_name_at_once_one_gets_it(rooms: StoredRooms, store: Store) -> None:
    there = Viewer("T1", STRANGER, "C_OTHER")
    both = await asyncio.gather(
        *(rooms.reserve(who, ThingKind.ROOM, "livekit", "standup", by="U") for who in (AT_HOME, there))
    )
    assert [reserved is None for reserved in both].count(True) == 1
    got, lost = (AT_HOME, there) if both[1] is None else (there, AT_HOME)
    assert await rooms.hidden(lost, [ROOM]) == {ROOM}
    assert await rooms.reserve(got, ThingKind.ROOM, "livekit", "standup", by="U") is not None


@pytest.mark.parametrize(("viewer", "may"), VIEWERS)
async def test_the_name_of_a_live_private_room_is_reserved_by_those_who_see_it(
    rooms: StoredRooms, store: Store, viewer: Viewer, may: bool
) -> None:
    await keep_room(store)
    if viewer.channel_id is not None:
        reserved = await rooms.reserve(viewer, ThingKind.ROOM, "livekit", "standup", by="U")
        assert (reserved is not None) is may
    assert await rooms.reserve(AT_HOME, ThingKind.ROOM, "livekit", "retro", by=MAKER) is not None


async def test_a_name_is_anybodys_when_its_time_is_over(rooms: StoredRooms, clock: StillClock) -> None:
    there = Viewer("T1", STRANGER, "C_OTHER")
    kinds = (ThingKind.RECORDING, ThingKind.STREAM)
    for kind, kept in ((ThingKind.ROOM, KEPT), *((kind, KEPT_TO_RECORD) for kind in kinds)):
        await rooms.reserve(AT_HOME, kind, "livekit", "standup", by=MAKER)
        assert await rooms.reserve(there, kind, "livekit", "standup", by=STRANGER) is None
        clock.advance(kept)
        assert await rooms.reserve(there, kind, "livekit", "standup", by=STRANGER) is not None


async def test_what_was_there_before_is_put_back(rooms: StoredRooms, store: Store, clock: StillClock) -> None:
    async def kept() -> Reservation | None:
        async with store.reading() as conn:
            return await reservations.find(conn, NAME)

    standup = (ThingKind.ROOM, "livekit", "standup")
    first = await rooms.reserve(AT_HOME, *standup, by=MAKER)
    clock.advance(timedelta(minutes=1))
    second = await rooms.reserve(AT_HOME, *standup, by=MEMBER)
    assert first is not None
    assert second is not None
    await rooms.restore("T1", *standup, first)
    assert await kept() == second.after, "it was changed once more"
    await rooms.restore("T1", *standup, second)
    assert await kept() == first.after
    released = await rooms.release(AT_HOME, *standup)
    assert await kept() is None
    await rooms.restore("T1", *standup, released)
    assert await kept() == first.after
    await rooms.restore("T1", *standup, first)
    assert await kept() is None


@pytest.mark.parametrize("kind", [ThingKind.RECORDING, ThingKind.STREAM])
async def test_a_kept_name_of_what_leaves_a_room_hides_no_room(rooms: StoredRooms, kind: ThingKind) -> None:
    await rooms.reserve(AT_HOME, kind, "livekit", "standup", by=MAKER)
    assert await rooms.hidden(Viewer("T1", STRANGER, None), [ROOM]) == frozenset()


async def test_what_has_no_name_is_nobodys(store: Store, clock: StillClock) -> None:
    nameless, until = replace(NAME, kind=ThingKind.RECORDING, name=""), clock.now() + KEPT
    await store.write(lambda conn: reservations.reserve(conn, nameless, Reservation(HOME, MAKER, until)))
    async with store.reading() as conn:
        assert await reservations.held_in(conn, nameless, clock.now()) is None


@pytest.mark.parametrize(
    ("room", "url", "name"),
    [
        (ROOM, "", "standup"),
        (None, "https://user:hunter2@A.example:8443/live?token=hunter2", "//a.example"),
        (RoomRef("livekit", "", ""), "https://a.example/live", "//a.example"),
        (None, "", ""),
        (None, "https://[::1", ""),
    ],
)
def test_a_web_page_is_reserved_by_its_host(room: RoomRef | None, url: str, name: str) -> None:
    assert reserved_as(room, EgressSource(url=url)) == name


async def test_a_name_without_a_maker_is_kept_too(store: Store, rooms: StoredRooms, clock: StillClock) -> None:
    async def reserve(conn: AsyncConnection) -> None:
        await reservations.reserve(conn, NAME, Reservation(HOME, None, clock.now() + KEPT))

    await store.write(reserve)
    assert await rooms.hidden(Viewer("T1", STRANGER, "C_OTHER"), [ROOM]) == {ROOM}
    assert await rooms.hidden(Viewer("T1", STRANGER, HOME), [ROOM]) == frozenset()


async def test_another_team_has_names_of_its_own(rooms: StoredRooms, store: Store) -> None:
    await keep_room(store)
    await rooms.reserve(AT_HOME, ThingKind.ROOM, "livekit", "retro", by=MAKER)
    theirs = Viewer("T2", STRANGER, None)
    assert (
        await rooms.hidden(theirs, [RoomRef("livekit", "", "standup"), RoomRef("livekit", "", "retro")]) == frozenset()
    )


async def test_a_live_private_room_holds_its_name_for_the_life_that_comes_next(store: Store, clock: StillClock) -> None:
    async def held() -> str | None:
        async with store.reading() as conn:
            return await reservations.held_in(conn, NAME, clock.now())

    assert await held() is None
    await keep_room(store)
    assert await held() == HOME
    await keep_room(store, terminal=True)
    assert await held() is None


async def test_a_name_is_kept_as_long_as_the_longest_token_for_it(rooms: StoredRooms, clock: StillClock) -> None:
    owner, until = Viewer("T1", MAKER, HOME), clock.now() + 7 * KEPT
    await rooms.reserve(owner, ThingKind.ROOM, "livekit", "standup", by=MAKER, until=until)
    again = await rooms.reserve(owner, ThingKind.ROOM, "livekit", "standup", by=MAKER)
    assert again is not None
    assert again.after == again.before == Reservation(HOME, MAKER, until)
