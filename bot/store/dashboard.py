"""What the directory knows at a glance: for the front page of somebody, whatever the channel."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from bot.alerts.state import IngressState, RecordingState, RoomState, StreamState, ThingState, state_from_json
from bot.store.cards import DELETED
from bot.store.engine import Store
from bot.store.tables import card, inbox, thing
from bot.store.visibility import visible_to
from commands.core.directory import (
    BlockedCard,
    FailedRecording,
    GoingOn,
    KnownRoom,
    LiveRoom,
    TroubledIngress,
    Webhooks,
)
from commands.core.ports import Viewer
from providers.base import IngressStatus, RecordingStatus, RoomRef
from providers.facts import Condition, Source, ThingKind

MOST_FAILURES = 50
MOST_BLOCKED = 50


class StoredDashboard:
    """`commands.core.directory.Dashboard`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live_rooms(
        self, viewer: Viewer, providers: Collection[str], *, mine: bool, limit: int
    ) -> tuple[list[LiveRoom], int]:
        live = (
            thing.c.team_id == viewer.team_id,
            visible_to(viewer),
            thing.c.kind == ThingKind.ROOM,
            thing.c.provider.in_(providers),
            not_(thing.c.terminal),
            thing.c.made_by == viewer.user_id if mine else thing.c.made_by.is_distinct_from(viewer.user_id),
        )
        found = select(thing).where(*live).order_by(thing.c.id.desc()).limit(limit)
        async with self._store.reading() as conn:
            rows = (await conn.execute(found)).mappings().all()
            count = (await conn.execute(select(func.count()).select_from(thing).where(*live))).scalar_one()
        return [_live_room(row) for row in rows], int(count)

    async def known_lives(self, team_id: str, provider: str, room_ids: Collection[str]) -> frozenset[str]:
        lives = self._rooms(team_id, provider, room_ids)
        async with self._store.reading() as conn:
            return frozenset((await conn.execute(lives)).scalars())

    async def failed_recordings(
        self, viewer: Viewer, providers: Collection[str], *, since: datetime
    ) -> list[FailedRecording]:
        failed = (
            select(thing)
            .where(
                thing.c.team_id == viewer.team_id,
                visible_to(viewer),
                thing.c.kind == ThingKind.RECORDING,
                thing.c.provider.in_(providers),
                thing.c.status.in_([RecordingStatus.FAILED, RecordingStatus.ABORTED]),
                thing.c.seen_at >= since,
            )
            .order_by(thing.c.id.desc())
            .limit(MOST_FAILURES)
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(failed)).mappings().all()
            states = [
                (row, state) for row in rows if isinstance(state := state_from_json(row["state"]), RecordingState)
            ]
            live: set[tuple[str, str]] = set()
            for provider in {row["provider"] for row, _ in states}:
                ids = {state.recording.room.id for _, state in states if state.provider == provider}
                still = self._rooms(viewer.team_id, provider, ids).where(not_(thing.c.terminal))
                live |= {(provider, room_id) for room_id in (await conn.execute(still)).scalars()}
        return [
            FailedRecording(state.recording, row["made_by"], row["seen_at"], _room(state) in live)
            for row, state in states
        ]

    async def going_on(self, viewer: Viewer, providers: Collection[str], *, limit: int) -> tuple[list[GoingOn], int]:
        running = (
            thing.c.team_id == viewer.team_id,
            visible_to(viewer),
            thing.c.kind.in_([ThingKind.RECORDING, ThingKind.STREAM]),
            thing.c.provider.in_(providers),
            not_(thing.c.terminal),
        )
        found = select(thing.c.state, thing.c.made_by).where(*running).order_by(thing.c.id.desc()).limit(limit)
        async with self._store.reading() as conn:
            rows = (await conn.execute(found)).all()
            count = (await conn.execute(select(func.count()).select_from(thing).where(*running))).scalar_one()
        return [_going_on(state_from_json(state), made_by) for state, made_by in rows], int(count)

    async def troubled_ingresses(
        self, viewer: Viewer, providers: Collection[str], *, since: datetime
    ) -> list[TroubledIngress]:
        """Whether one was left behind, and when it failed, stands in its state alone: of what has failed we may hear
        again and again. Of a disabled one it is no trouble that it refuses."""
        failed = and_(thing.c.status == IngressStatus.FAILED, thing.c.seen_at >= since)
        query = (
            select(thing.c.state, thing.c.made_by, thing.c.seen_at)
            .where(
                thing.c.team_id == viewer.team_id,
                visible_to(viewer),
                thing.c.kind == ThingKind.INGRESS,
                thing.c.provider.in_(providers),
                or_(failed, thing.c.status == IngressStatus.LIVE),
            )
            .order_by(thing.c.id.desc())
        )
        async with self._store.reading() as conn:
            rows = [(state_from_json(row.state), row) for row in await conn.execute(query)]
        found = [_troubled(state, row.made_by, row.seen_at) for state, row in rows if isinstance(state, IngressState)]
        recent = [each for each in found if each is not None and (each.is_left_behind or each.at >= since)]
        return recent[:MOST_FAILURES]

    async def blocked_cards(self, viewer: Viewer) -> list[BlockedCard]:
        blocked = (
            select(card.c.channel_id, card.c.blocked, thing.c.provider, thing.c.name, thing.c.made_by)
            .join(thing, thing.c.id == card.c.thing_id)
            .where(
                card.c.team_id == viewer.team_id,
                visible_to(viewer),
                card.c.blocked.is_not(None),
                card.c.blocked != DELETED,
                not_(thing.c.terminal),
            )
            .order_by(card.c.id.desc())
            .limit(MOST_BLOCKED)
        )
        async with self._store.reading() as conn:
            return [BlockedCard(*row) for row in await conn.execute(blocked)]

    async def webhooks(self, team_id: str, provider: str) -> Webhooks:
        of_server = (inbox.c.team_id == team_id, inbox.c.provider == provider)
        last = _received(*of_server, inbox.c.source == Source.WEBHOOK).order_by(inbox.c.id.desc())
        otherwise = _received(*of_server, inbox.c.source != Source.WEBHOOK).order_by(inbox.c.id)
        async with self._store.reading() as conn:
            return Webhooks(
                last_at=(await conn.execute(last)).scalar_one_or_none(),
                heard_otherwise_at=(await conn.execute(otherwise)).scalar_one_or_none(),
            )

    def _rooms(self, team_id: str, provider: str, room_ids: Collection[str]) -> Select[tuple[Any]]:
        return select(thing.c.server_id).where(
            thing.c.team_id == team_id,
            thing.c.provider == provider,
            thing.c.kind == ThingKind.ROOM,
            thing.c.server_id.in_(room_ids),
        )


def _live_room(row: Any) -> LiveRoom:
    state = state_from_json(row["state"])
    assert isinstance(state, RoomState), "a row of kind room has the state of one"
    ref = RoomRef(row["provider"], row["server_id"], row["name"])
    known = KnownRoom(
        ref, ended=row["terminal"], channel_id=row["channel_id"], made_by=row["made_by"], is_private=row["is_private"]
    )
    return LiveRoom(known, state.people, tuple(state.running_recordings), row["seen_at"], _is_direct(row["channel_id"]))


def _going_on(state: ThingState, made_by: str | None) -> GoingOn:
    assert isinstance(state, RecordingState | StreamState), "a row has the state of its kind"
    feed = state.recording if isinstance(state, RecordingState) else state.stream
    return GoingOn(feed, state.condition, made_by)


def _troubled(state: IngressState, made_by: str | None, seen_at: datetime) -> TroubledIngress | None:
    is_left_behind = state.condition is Condition.LEFT_BEHIND
    has_failed = state.status is IngressStatus.FAILED and state.ingress.is_enabled
    if not is_left_behind and not has_failed:
        return None
    at = seen_at if is_left_behind else state.failed_at or seen_at
    return TroubledIngress(state.ingress, is_left_behind, made_by, at)


def _is_direct(channel_id: str | None) -> bool:
    """Whether Home says where the room was made: the name of such a conversation would tell nobody anything.

    No row of a thing says it, but Slack's ids of direct conversations begin with D, which decides nothing here of who
    sees what: that is `is_private`. https://docs.slack.dev/reference/objects/conversation-object"""
    return channel_id is not None and channel_id.startswith("D")


def _room(state: RecordingState) -> tuple[str, str]:
    return state.provider, state.recording.room.id


def _received(*where: ColumnElement[bool]) -> Select[tuple[Any]]:
    return select(inbox.c.received_at).where(*where).limit(1)
