"""What the directory knows at a glance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Update, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.fold import fold
from bot.alerts.state import (
    IngressState,
    Look,
    Present,
    RecordingState,
    RoomState,
    RoomStatus,
    StreamState,
    ThingState,
)
from bot.store.cards import DELETED, Cards
from bot.store.dashboard import StoredDashboard
from bot.store.engine import Store
from bot.store.inbox import Inbox, Incoming
from bot.store.tables import card
from bot.store.things import Snapshot
from commands.core.directory import (
    BlockedCard,
    Dashboard,
    GoingOn,
    KnownRoom,
    LiveRoom,
    TroubledIngress,
    Webhooks,
)
from commands.core.ports import Place, Viewer
from providers.base import (
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
from providers.facts import Condition, IngressChanged, Origin, Source, ThingKind
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERYWHERE = ("livekit", "eu")
U1 = Viewer("T1", "U1", None, frozenset(EVERYWHERE))


@pytest.fixture
def dashboard(store: Store) -> Dashboard:
    return StoredDashboard(store)


async def keep(
    store: Store,
    state: ThingState,
    server_id: str,
    *,
    made_by: str | None = None,
    seen_at: datetime = NOW,
    team_id: str = "T1",
    channel_id: str = "C1",
) -> int:
    snapshot = Snapshot(
        team_id=team_id,
        provider=state.provider,
        kind=ThingKind(state.kind),
        server_id=server_id,
        name=state.name,
        status=state.shown_status,
        terminal=state.is_over,
        seen_at=seen_at,
        state=state.model_dump_json(),
        channel_id=channel_id,
        made_by=made_by,
    )
    return await save(store, snapshot)


def room(room_id: str, *people: str, provider: str = "livekit", ended: bool = False) -> RoomState:
    present = {who: Present(participant=Participant(id=who, identity=who), seen_at=NOW) for who in people}
    return RoomState(
        ref=_ref(room_id, provider),
        status=RoomStatus.ENDED if ended else RoomStatus.LIVE,
        present=present,
        recordings={"EG_1": RecordingStatus.LIVE},
    )


def recording(number: int, status: RecordingStatus, room_id: str = "RM_1") -> RecordingState:
    ref = RecordingRef("livekit", f"EG_{number}")
    return RecordingState(recording=Recording(ref, _ref(room_id, "livekit"), status, error="disk"), seen_at=NOW)


def _ref(room_id: str, provider: str) -> RoomRef:
    return RoomRef(provider, room_id, room_id.lower())


async def test_live_rooms_are_mine_or_those_of_others_the_newest_first(dashboard: Dashboard, store: Store) -> None:
    await keep(store, room("RM_1", "bob"), "RM_1", made_by="U1")
    await keep(store, room("RM_2"), "RM_2", made_by="U2")
    await keep(store, room("RM_3", provider="eu"), "RM_3")
    await keep(store, room("RM_4", provider="removed"), "RM_4", made_by="U1")
    await keep(store, room("RM_5"), "RM_5", team_id="T2")
    await keep(store, room("RM_6", ended=True), "RM_6", made_by="U1")
    others, count = await dashboard.live_rooms(U1, EVERYWHERE, mine=False, limit=1)
    assert ([each.known.ref.id for each in others], count) == (["RM_3"], 2)
    found, count = await dashboard.live_rooms(U1, EVERYWHERE, mine=True, limit=2)
    assert ([each.known.ref.id for each in found], count) == (["RM_1"], 1)
    known = KnownRoom(RoomRef("livekit", "RM_1", "rm_1"), False, "C1", "U1")
    assert found[0] == LiveRoom(known, 1, ("EG_1",), NOW)


async def test_a_room_that_was_made_with_the_bot_alone(dashboard: Dashboard, store: Store) -> None:
    await keep(store, room("RM_1"), "RM_1", channel_id="D1")
    await keep(store, room("RM_2"), "RM_2", channel_id="C1")
    found, _ = await dashboard.live_rooms(U1, EVERYWHERE, mine=False, limit=50)
    assert {live.known.ref.id: live.is_direct for live in found} == {"RM_1": True, "RM_2": False}


async def test_lives_that_we_have_heard_of(dashboard: Dashboard, store: Store) -> None:
    await keep(store, room("RM_1"), "RM_1")
    await keep(store, room("RM_2", ended=True), "RM_2")
    await keep(store, room("RM_3", provider="eu"), "RM_3")
    asked = ["RM_1", "RM_2", "RM_3", "RM_4"]
    assert await dashboard.known_lives("T1", "livekit", asked) == {"RM_1", "RM_2"}
    assert await dashboard.known_lives("T2", "livekit", asked) == frozenset()


async def test_failed_recordings_since_a_time(dashboard: Dashboard, store: Store) -> None:
    await keep(store, room("RM_1"), "RM_1")
    await keep(store, room("RM_2", ended=True), "RM_2")
    await keep(store, recording(1, RecordingStatus.FAILED), "EG_1", made_by="U1")
    await keep(store, recording(2, RecordingStatus.ABORTED, "RM_2"), "EG_2")
    await keep(store, recording(3, RecordingStatus.READY), "EG_3")
    await keep(store, recording(4, RecordingStatus.FAILED), "EG_4", seen_at=NOW - timedelta(days=2))
    found = await dashboard.failed_recordings(U1, EVERYWHERE, since=NOW - timedelta(days=1))
    assert [(f.recording.ref.id, f.made_by, f.room_is_live) for f in found] == [
        ("EG_2", None, False),
        ("EG_1", "U1", True),
    ]
    assert await dashboard.failed_recordings(U1, ["eu"], since=NOW - timedelta(days=1)) == []


async def test_what_goes_on(dashboard: Dashboard, store: Store) -> None:
    look = Look(condition=Condition.ROOM_OVER, at=NOW)
    odd = recording(2, RecordingStatus.LIVE).model_copy(update={"look": look})
    streamed = Stream(StreamRef("livekit", "EG_3"), RoomRef("livekit", "RM_1", "rm_1"), StreamStatus.LIVE)
    ended = replace(streamed, ref=StreamRef("livekit", "EG_4"), status=StreamStatus.ENDED)
    await keep(store, recording(1, RecordingStatus.READY), "EG_1")
    await keep(store, odd, "EG_2", made_by="U1")
    await keep(store, StreamState(stream=streamed, seen_at=NOW), "EG_3")
    await keep(store, StreamState(stream=ended, seen_at=NOW), "EG_4")
    found = [GoingOn(streamed), GoingOn(odd.recording, Condition.ROOM_OVER, "U1")]
    assert await dashboard.going_on(U1, EVERYWHERE, limit=5) == (found, 2)
    assert await dashboard.going_on(U1, EVERYWHERE, limit=1) == (found[:1], 2)
    assert await dashboard.going_on(U1, ["eu"], limit=5) == ([], 0)
    assert await dashboard.going_on(replace(U1, team_id="T2"), EVERYWHERE, limit=5) == ([], 0)


async def test_what_is_recorded_and_streamed_at_this_moment(dashboard: Dashboard, store: Store) -> None:
    waits = recording(1, RecordingStatus.STARTING).model_copy(
        update={"look": Look(condition=Condition.NO_PUBLISHER, at=NOW)}
    )
    stream = Stream(StreamRef("eu", "EG_2"), _ref("RM_1", "eu"), StreamStatus.LIVE)
    await keep(store, waits, "EG_1", made_by="U1")
    await keep(store, StreamState(stream=stream, seen_at=NOW), "EG_2")
    await keep(store, recording(3, RecordingStatus.READY), "EG_3")
    await keep(store, room("RM_1"), "RM_1")
    await keep(store, recording(4, RecordingStatus.LIVE), "EG_4", team_id="T2")
    found, count = await dashboard.going_on(U1, EVERYWHERE, limit=1)
    assert (found, count) == ([GoingOn(stream)], 2)
    found, count = await dashboard.going_on(U1, ["livekit"], limit=5)
    assert (found, count) == ([GoingOn(waits.recording, Condition.NO_PUBLISHER, "U1")], 1)


async def test_ingresses_in_trouble(dashboard: Dashboard, store: Store) -> None:
    def at(number: int, status: IngressStatus, *, is_enabled: bool = True) -> IngressState:
        ref, room = IngressRef("livekit", f"IN_{number}"), _ref("", "livekit")
        return IngressState(ingress=Ingress(ref, room, status, is_enabled=is_enabled), seen_at=NOW)

    behind = Look(condition=Condition.LEFT_BEHIND, at=NOW)
    failed = at(1, IngressStatus.FAILED)
    left = at(2, IngressStatus.LIVE).model_copy(update={"look": behind})
    old = NOW - timedelta(days=2)
    await keep(store, failed, "IN_1", made_by="U1")
    await keep(store, left, "IN_2", seen_at=old)
    await keep(store, at(3, IngressStatus.LIVE), "IN_3")
    await keep(store, at(4, IngressStatus.FAILED), "IN_4", seen_at=old)
    await keep(store, at(5, IngressStatus.FAILED, is_enabled=False), "IN_5")
    since = NOW - timedelta(days=1)
    assert await dashboard.troubled_ingresses(U1, EVERYWHERE, since=since) == [
        TroubledIngress(left.ingress, True, None, old),
        TroubledIngress(failed.ingress, False, "U1", NOW),
    ]
    assert await dashboard.troubled_ingresses(U1, ["eu"], since=since) == []


async def test_a_failure_is_as_old_as_it_is_whenever_it_is_reported(dashboard: Dashboard, store: Store) -> None:
    ref = IngressRef("livekit", "IN_1")
    ingress = Ingress(ref, _ref("", "livekit"), IngressStatus.FAILED, ended_at=NOW)
    day, state = timedelta(days=1), None
    for at in (NOW, NOW + day):
        origin = Origin(provider="livekit", key=f"EV_{at}", at=at, seen_at=at, source=Source.COMMAND)
        state = fold(state, IngressChanged(**origin, ingress=ingress))
    assert state is not None
    await keep(store, state, "IN_1", seen_at=NOW + day)
    [found] = await dashboard.troubled_ingresses(U1, EVERYWHERE, since=NOW)
    assert found.at == NOW
    assert await dashboard.troubled_ingresses(U1, EVERYWHERE, since=NOW + timedelta(hours=1)) == []


async def test_cards_that_slack_does_not_let_us_show(dashboard: Dashboard, store: Store, clock: StillClock) -> None:
    cards = Cards(store, clock)
    live = await keep(store, room("RM_1"), "RM_1", made_by="U1")
    over = await keep(store, room("RM_2", ended=True), "RM_2")
    for thing_id, channel in ((live, "C1"), (live, "C2"), (live, "C3"), (over, "C1")):
        await store.write(partial(_want, cards, thing_id, channel))
    for card_id, reason in ((1, "is_archived"), (2, DELETED), (4, "is_archived")):
        blocked = update(card).where(card.c.id == card_id).values(blocked=reason)
        await store.write(partial(_carry_out, blocked))
    assert await dashboard.blocked_cards(U1) == [BlockedCard("C1", "is_archived", "livekit", "rm_1", "U1")]
    assert await dashboard.blocked_cards(replace(U1, team_id="T2")) == []


async def test_when_webhooks_came(dashboard: Dashboard, store: Store, clock: StillClock) -> None:
    inbox = Inbox(store, clock)
    assert await dashboard.webhooks("T1", "livekit") == Webhooks(None, None)
    first = clock.now()
    await inbox.accept([_incoming("1", Source.COMMAND)])
    clock.advance(timedelta(minutes=1))
    await inbox.accept([_incoming("2", Source.COMMAND)])
    assert await dashboard.webhooks("T1", "livekit") == Webhooks(None, first)
    await inbox.accept([_incoming("3", Source.WEBHOOK)])
    clock.advance(timedelta(minutes=1))
    await inbox.accept([_incoming("4", Source.WEBHOOK)])
    assert await dashboard.webhooks("T1", "livekit") == Webhooks(clock.now(), first)
    assert await dashboard.webhooks("T1", "eu") == Webhooks(None, None)


async def _want(cards: Cards, thing_id: int, channel_id: str, conn: AsyncConnection) -> None:
    await cards.want(conn, thing_id, Place("T1", channel_id))


def _incoming(key: str, source: Source) -> Incoming:
    return Incoming(team_id="T1", provider="livekit", event_key=key, kind="room_seen", source=source, body=b"[]")


async def _carry_out(statement: Update, conn: AsyncConnection) -> None:
    await conn.execute(statement)
