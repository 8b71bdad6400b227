"""The directory of rooms: the things of kind room, as commands ask for them."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, not_, or_, select

from bot.store import things
from bot.store.engine import Store
from bot.store.tables import card, thing
from commands.core.ports import KnownRoom, Place
from providers.base import Participant, Recording, RoomRef
from providers.facts import ThingKind


class StoredRooms:
    """`commands.core.ports.Rooms`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def newest(self, team_id: str, provider: str, name: str) -> KnownRoom | None:
        rooms = await self._find(team_id, thing.c.provider == provider, thing.c.name == name, limit=1)
        return rooms[0] if rooms else None

    async def life(self, team_id: str, provider: str, room_id: str) -> KnownRoom | None:
        rooms = await self._find(team_id, thing.c.provider == provider, thing.c.server_id == room_id, limit=1)
        return rooms[0] if rooms else None

    async def live_named(self, team_id: str, name: str) -> list[KnownRoom]:
        return await self._find(team_id, not_(thing.c.terminal), thing.c.name == name)

    async def live(self, team_id: str, provider: str) -> list[KnownRoom]:
        return await self._find(team_id, not_(thing.c.terminal), thing.c.provider == provider)

    async def present(self, team_id: str, provider: str, name: str) -> list[Participant]:
        query = (
            select(thing.c.state)
            .where(thing.c.team_id == team_id, thing.c.kind == ThingKind.ROOM, not_(thing.c.terminal))
            .where(thing.c.provider == provider, thing.c.name == name)
            .order_by(thing.c.id.desc())
            .limit(1)
        )
        async with self._store.reading() as conn:
            state = (await conn.execute(query)).scalar_one_or_none()
        return [] if state is None else _present(json.loads(state))

    async def recordings(self, team_id: str, provider: str, limit: int) -> list[Recording]:
        query = (
            select(thing.c.state)
            .where(thing.c.team_id == team_id, thing.c.kind == ThingKind.RECORDING, thing.c.provider == provider)
            .order_by(thing.c.terminal, thing.c.id.desc())
            .limit(limit)
        )
        async with self._store.reading() as conn:
            states = (await conn.execute(query)).scalars().all()
        return [_RECORDING.validate_python(json.loads(state)["recording"]) for state in states]

    async def live_in_channel(self, team_id: str, channel_id: str) -> list[KnownRoom]:
        shown = select(card.c.thing_id).where(card.c.team_id == team_id, card.c.channel_id == channel_id)
        here = or_(thing.c.channel_id == channel_id, thing.c.id.in_(shown))
        found = await self._find(team_id, not_(thing.c.terminal), here)
        return sorted(found, key=lambda room: room.channel_id != channel_id)

    async def of_thread(self, place: Place) -> KnownRoom | None:
        if place.thread_ts is None:
            return None
        there = or_(card.c.ts == place.thread_ts, card.c.thread_ts == place.thread_ts)
        query = (
            select(thing)
            .join(card, card.c.thing_id == thing.c.id)
            .where(card.c.team_id == place.team_id, card.c.channel_id == place.channel_id, there)
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
        room = json.loads(found.state)["recording"]["room"]
        return await self.life(place.team_id, found.provider, room["id"])

    async def _find(self, team_id: str, *where: ColumnElement[bool], limit: int | None = None) -> list[KnownRoom]:
        """Live ones first, then those that we heard of last."""
        query = (
            select(thing)
            .where(thing.c.team_id == team_id, thing.c.kind == ThingKind.ROOM, *where)
            .order_by(thing.c.terminal, thing.c.id.desc())
            .limit(limit)
        )
        async with self._store.reading() as conn:
            return [_known(things.from_row(row)) for row in (await conn.execute(query)).mappings()]


_PARTICIPANT: TypeAdapter[Participant] = TypeAdapter(Participant)
_RECORDING: TypeAdapter[Recording] = TypeAdapter(Recording)


def _present(state: Mapping[str, Any]) -> list[Participant]:
    return [_PARTICIPANT.validate_python(each["participant"]) for each in state["present"].values()]


def _known(room: things.Thing) -> KnownRoom:
    ref = RoomRef(room.provider, room.server_id, room.name)
    return KnownRoom(ref, ended=room.terminal, channel_id=room.channel_id, made_by=room.made_by)
