"""The directory of rooms, and of what goes out of them and comes in: the things, as commands ask for them."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.outgoing import DISMISSED
from bot.alerts.state import RecordingState, RoomState, state_from_json
from bot.store import reservations, things
from bot.store.engine import Store
from bot.store.reservations import KEPT, KEPT_TO_RECORD, Name
from bot.store.tables import card, thing
from bot.store.visibility import FEEDS, OF_ROOMS, visible_to
from commands.core.directory import KnownRoom, Provenance, Reservation, Reserved
from commands.core.ports import Clock, Place, Viewer
from providers.base import Call, Ingress, Participant, ParticipantKind, Recording, RecordingStatus, RoomRef, Stream
from providers.facts import ThingKind

_HAS_INGRESS = f'"kind":"{ParticipantKind.INGRESS}"'
"""In the state of a room that one is in, as it is written. So no state is read for nothing, as a full room is long."""


class StoredRooms:
    """`commands.core.directory.Rooms`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def newest(self, viewer: Viewer, provider: str, name: str) -> KnownRoom | None:
        rooms = await self._find(viewer, thing.c.provider == provider, thing.c.name == name, limit=1)
        return rooms[0] if rooms else None

    async def life(self, viewer: Viewer, provider: str, room_id: str) -> KnownRoom | None:
        rooms = await self._find(viewer, thing.c.provider == provider, thing.c.server_id == room_id, limit=1)
        return rooms[0] if rooms else None

    async def live_named(self, viewer: Viewer, name: str) -> list[KnownRoom]:
        return await self._find(viewer, not_(thing.c.terminal), thing.c.name == name)

    async def live(self, viewer: Viewer, provider: str) -> list[KnownRoom]:
        return await self._find(viewer, not_(thing.c.terminal), thing.c.provider == provider)

    async def ended(self, viewer: Viewer, provider: str, names: Collection[str]) -> Mapping[str, datetime]:
        of_names = (
            thing.c.team_id == viewer.team_id,
            thing.c.kind == ThingKind.ROOM,
            thing.c.provider == provider,
            thing.c.name.in_(names),
            visible_to(viewer),
        )
        newest = select(func.max(thing.c.id)).where(*of_names).group_by(thing.c.name)
        query = select(thing.c.name, thing.c.state).where(thing.c.id.in_(newest), thing.c.terminal)
        async with self._store.reading() as conn:
            states = {name: state_from_json(state) for name, state in await conn.execute(query)}
        ends = {name: state.ended_at or state.lost_at for name, state in states.items() if isinstance(state, RoomState)}
        return {name: at for name, at in ends.items() if at is not None}

    async def present(self, viewer: Viewer, provider: str, name: str) -> list[Participant]:
        query = (
            select(thing.c.state)
            .where(thing.c.team_id == viewer.team_id, thing.c.kind == ThingKind.ROOM, not_(thing.c.terminal))
            .where(thing.c.provider == provider, thing.c.name == name, visible_to(viewer))
            .order_by(thing.c.id.desc())
            .limit(1)
        )
        async with self._store.reading() as conn:
            state = (await conn.execute(query)).scalar_one_or_none()
        return [] if state is None else _present(json.loads(state))

    async def sent_into(self, team_id: str, provider: str, room_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        query = select(thing.c.server_id, thing.c.state).where(
            thing.c.team_id == team_id,
            thing.c.kind == ThingKind.ROOM,
            thing.c.provider == provider,
            thing.c.server_id.in_(room_ids),
            thing.c.state.contains(_HAS_INGRESS),
        )
        async with self._store.reading() as conn:
            there = {id: _present(json.loads(state)) for id, state in await conn.execute(query)}
        return {
            id: frozenset(who.identity for who in present if who.kind is ParticipantKind.INGRESS)
            for id, present in there.items()
        }

    async def recordings(self, viewer: Viewer, provider: str, limit: int) -> list[Recording]:
        states = await self._states(viewer, ThingKind.RECORDING, provider, limit)
        return [_RECORDING.validate_python(state["recording"]) for state in states]

    async def streams(self, viewer: Viewer, provider: str, limit: int) -> list[Stream]:
        states = await self._states(viewer, ThingKind.STREAM, provider, limit)
        return [_STREAM.validate_python(state["stream"]) for state in states]

    async def ingresses(self, viewer: Viewer, provider: str, limit: int) -> list[Ingress]:
        states = await self._states(viewer, ThingKind.INGRESS, provider, limit)
        return [_INGRESS.validate_python(state["ingress"]) for state in states]

    async def calls(self, viewer: Viewer, provider: str, limit: int) -> list[Call]:
        states = await self._states(viewer, ThingKind.CALL, provider, limit)
        return [_CALL.validate_python(state["call"]) for state in states]

    async def live_in_channel(self, viewer: Viewer) -> list[KnownRoom]:
        there = and_(card.c.team_id == viewer.team_id, card.c.channel_id == viewer.channel_id)
        here = or_(thing.c.channel_id == viewer.channel_id, thing.c.id.in_(select(card.c.thing_id).where(there)))
        found = await self._find(viewer, not_(thing.c.terminal), here)
        return sorted(found, key=lambda room: room.channel_id != viewer.channel_id)

    async def hidden(self, viewer: Viewer, rooms: Collection[RoomRef]) -> frozenset[RoomRef]:
        """A life that we have not heard of goes by its name: a server knows of it before we do."""
        if not rooms:
            return frozenset()
        providers, ids, names = ({getattr(r, key) for r in rooms} for key in ("provider", "id", "name"))
        renewed = and_(thing.c.name.in_(names), thing.c.is_private, not_(thing.c.terminal))
        known = select(thing.c.provider, thing.c.server_id, thing.c.name, visible_to(viewer).label("is_visible")).where(
            thing.c.team_id == viewer.team_id,
            thing.c.kind == ThingKind.ROOM,
            thing.c.provider.in_(providers),
            or_(thing.c.server_id.in_(ids), renewed),
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(known)).all()
            taken = await reservations.taken(conn, viewer, providers, names, self._clock.now())
        by_life = {(provider, life): bool(visible) for provider, life, _, visible in rows}
        taken |= {(provider, name) for provider, _, name, visible in rows if not visible}
        return frozenset(r for r in rooms if not by_life.get((r.provider, r.id), (r.provider, r.name) not in taken))

    async def hidden_recordings(self, viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        return await self._hidden_of(viewer, recordings, FEEDS)

    async def hidden_streams(self, viewer: Viewer, streams: Collection[Stream]) -> frozenset[str]:
        return await self._hidden_of(viewer, streams, FEEDS)

    async def hidden_ingresses(self, viewer: Viewer, ingresses: Collection[Ingress]) -> frozenset[str]:
        return await self._hidden_of(viewer, ingresses, (ThingKind.INGRESS,))

    async def hidden_calls(self, viewer: Viewer, calls: Collection[Call]) -> frozenset[str]:
        return await self._hidden_of(viewer, calls, (ThingKind.CALL,))

    async def _hidden_of(
        self, viewer: Viewer, found: Collection[Recording | Stream | Ingress | Call], kinds: Collection[ThingKind]
    ) -> frozenset[str]:
        """One that we have not heard of goes by its room. What is of several kinds is hidden where any of them is."""
        if not found:
            return frozenset()
        known = select(thing.c.provider, thing.c.server_id, visible_to(viewer)).where(
            thing.c.team_id == viewer.team_id,
            thing.c.kind.in_(kinds),
            thing.c.server_id.in_([each.ref.id for each in found]),
        )
        visible: dict[tuple[str, str], bool] = {}
        async with self._store.reading() as conn:
            for provider, life, seen in await conn.execute(known):
                visible[provider, life] = bool(seen) and visible.get((provider, life), True)
        keys = {(each.ref.provider, each.ref.id): each.room for each in found}
        rooms = await self.hidden(viewer, [room for key, room in keys.items() if key not in visible])
        return frozenset(key[1] for key, room in keys.items() if not visible.get(key, room not in rooms))

    async def dismissed(self, team_id: str, kind: ThingKind, provider: str, ids: Collection[str]) -> frozenset[str]:
        query = select(thing.c.server_id).where(
            thing.c.team_id == team_id,
            thing.c.kind == kind,
            thing.c.provider == provider,
            thing.c.server_id.in_(ids),
            thing.c.status == DISMISSED,
        )
        async with self._store.reading() as conn:
            return frozenset((await conn.execute(query)).scalars())

    async def paused(self, team_id: str, provider: str, ids: Collection[str]) -> frozenset[str]:
        query = select(thing.c.server_id, thing.c.state).where(
            thing.c.team_id == team_id,
            thing.c.kind == ThingKind.RECORDING,
            thing.c.provider == provider,
            thing.c.server_id.in_(ids),
            thing.c.status == RecordingStatus.READY,
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).all()
        states = {id: state_from_json(state) for id, state in rows}
        return frozenset(id for id, state in states.items() if isinstance(state, RecordingState) and state.is_paused)

    async def made_by(self, team_id: str, provider: str, id: str) -> str | None:
        query = select(func.max(thing.c.made_by)).where(
            thing.c.team_id == team_id,
            thing.c.provider == provider,
            thing.c.kind.in_(OF_ROOMS),
            thing.c.server_id == id,
        )
        async with self._store.reading() as conn:
            maker: str | None = (await conn.execute(query)).scalar_one()
        return maker

    async def provenance(self, team_id: str, kind: ThingKind, provider: str, id: str) -> Provenance | None:
        async with self._store.reading() as conn:
            known = await things.get(conn, provider, kind, id)
            if known is None or known.team_id != team_id:
                return None
            query = select(card.c.channel_id, card.c.thread_ts).where(
                card.c.thing_id == known.id, card.c.team_id == team_id, card.c.blocked.is_(None)
            )
            cards = tuple(Place(team_id, row.channel_id, row.thread_ts) for row in await conn.execute(query))
        return Provenance(known.channel_id, known.made_by, known.is_private, cards)

    async def reserve(
        self,
        viewer: Viewer,
        kind: ThingKind,
        provider: str,
        name: str,
        *,
        by: str | None,
        until: datetime | None = None,
    ) -> Reserved | None:
        assert viewer.channel_id, "what is private is so to a channel"
        now, kept = self._clock.now(), Name(viewer.team_id, provider, kind, name)
        least = now + (KEPT if kind is ThingKind.ROOM else KEPT_TO_RECORD)
        wanted = Reservation(viewer.channel_id, by, max(least, until or least))

        async def look_and_take(conn: AsyncConnection) -> Reserved | None:
            if await reservations.is_for_others(conn, kept, viewer, now):
                return None
            before = await reservations.find(conn, kept)
            return Reserved(before, await reservations.extend(conn, kept, wanted))

        return await self._store.write(look_and_take)

    async def release(self, viewer: Viewer, kind: ThingKind, provider: str, name: str) -> Reserved:
        kept = Name(viewer.team_id, provider, kind, name)

        async def look_and_release(conn: AsyncConnection) -> Reserved:
            before = await reservations.find(conn, kept)
            await reservations.release(conn, kept, viewer)
            return Reserved(before, await reservations.find(conn, kept))

        return await self._store.write(look_and_release)

    async def restore(self, team_id: str, kind: ThingKind, provider: str, name: str, reserved: Reserved) -> None:
        kept = Name(team_id, provider, kind, name)

        async def put_back(conn: AsyncConnection) -> None:
            if await reservations.find(conn, kept) != reserved.after:
                return
            if reserved.before is not None:
                await reservations.reserve(conn, kept, reserved.before)
            else:
                await reservations.remove(conn, kept)

        await self._store.write(put_back)

    async def of_thread(self, place: Place) -> KnownRoom | None:
        if place.thread_ts is None:
            return None
        there = or_(card.c.ts == place.thread_ts, card.c.thread_ts == place.thread_ts)
        everybody = Viewer(place.team_id, None, place.channel_id)
        query = (
            select(thing)
            .join(card, card.c.thing_id == thing.c.id)
            .where(card.c.team_id == place.team_id, card.c.channel_id == place.channel_id, there, visible_to(everybody))
            .order_by(thing.c.terminal, thing.c.id.desc())
            .limit(1)
        )
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        found = things.from_row(row)
        if found.kind is ThingKind.ROOM:
            return _known(found)
        return await self.life(everybody, found.provider, found.room_id) if found.room_id else None

    async def _states(self, viewer: Viewer, kind: ThingKind, provider: str, limit: int) -> list[Mapping[str, Any]]:
        """Those that are not over first, then those that we heard of last."""
        query = (
            select(thing.c.state)
            .where(thing.c.team_id == viewer.team_id, thing.c.kind == kind)
            .where(thing.c.provider == provider, visible_to(viewer))
            .order_by(thing.c.terminal, thing.c.id.desc())
            .limit(limit)
        )
        async with self._store.reading() as conn:
            return [json.loads(state) for state in (await conn.execute(query)).scalars()]

    async def _find(self, viewer: Viewer, *where: ColumnElement[bool], limit: int | None = None) -> list[KnownRoom]:
        """Live ones first, then those that we heard of last."""
        query = (
            select(thing)
            .where(thing.c.team_id == viewer.team_id, thing.c.kind == ThingKind.ROOM, visible_to(viewer), *where)
            .order_by(thing.c.terminal, thing.c.id.desc())
            .limit(limit)
        )
        async with self._store.reading() as conn:
            return [_known(things.from_row(row)) for row in (await conn.execute(query)).mappings()]


_PARTICIPANT: TypeAdapter[Participant] = TypeAdapter(Participant)
_RECORDING: TypeAdapter[Recording] = TypeAdapter(Recording)
_STREAM: TypeAdapter[Stream] = TypeAdapter(Stream)
_INGRESS: TypeAdapter[Ingress] = TypeAdapter(Ingress)
_CALL: TypeAdapter[Call] = TypeAdapter(Call)


def _present(state: Mapping[str, Any]) -> list[Participant]:
    return [_PARTICIPANT.validate_python(each["participant"]) for each in state["present"].values()]


def _known(room: things.Thing) -> KnownRoom:
    ref = RoomRef(room.provider, room.server_id, room.name)
    return KnownRoom(
        ref, ended=room.terminal, channel_id=room.channel_id, made_by=room.made_by, is_private=room.is_private
    )
