"""What we believe to be on a video server: what its own lists are compared with."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, and_, func, select, true

from bot.alerts.state import LOST, ThingState, state_from_json
from bot.store.engine import Store
from bot.store.tables import thing
from providers.facts import ThingKind

_IDS_AT_ONCE = 500
"""In one query: https://www.sqlite.org/limits.html#max_variable_number is 32,766, and in older versions 999."""

_STATES_AT_ONCE = 10
"""Read in one go. A full room takes a millisecond, and others get their turns in between."""


@dataclass(frozen=True, slots=True)
class Belief:
    """`version` is that of the thing as it was read: another one means that something was heard of it since."""

    version: int
    state: ThingState


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Something that goes on, by what we believe, in a room that does not. `heard_at` is when it was last told of;
    `room` is None where that is not known."""

    kind: ThingKind
    id: str
    heard_at: datetime
    room_id: str
    room_name: str
    room: ThingState | None


class Beliefs:
    """Things of one provider and kind, by the server's id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def present(self, provider: str, kind: ThingKind) -> Mapping[str, Belief]:
        """What is there to our knowledge, and what was lost sight of, which may be there again."""
        live = await self._read(provider, kind, thing.c.terminal.is_(False))
        return live | await self._read(provider, kind, thing.c.status == LOST)

    async def of(self, provider: str, kind: ThingKind, ids: Collection[str]) -> Mapping[str, Belief]:
        """Those that are known, whatever has become of them."""
        found: dict[str, Belief] = {}
        rest = iter(ids)
        while some := list(islice(rest, _IDS_AT_ONCE)):
            found |= await self._read(provider, kind, thing.c.server_id.in_(some))
        return found

    async def is_any(
        self, provider: str, kinds: Collection[ThingKind], statuses: Collection[str], at: datetime
    ) -> bool:
        """Whether one of those kinds is in one of those statuses, and was told of since `at`."""
        query = select(thing.c.id).where(
            thing.c.provider == provider,
            thing.c.kind.in_(kinds),
            thing.c.terminal.is_(False),
            thing.c.status.in_(statuses),
            thing.c.seen_at >= at,
        )
        async with self._store.reading() as conn:
            return (await conn.execute(query.limit(1))).first() is not None

    async def left_over(self, provider: str, kinds: Collection[ThingKind]) -> Sequence[LeftOver]:
        """What is there, to our knowledge, though its room is over or not known."""
        room = thing.alias("room")
        is_its_room = and_(
            room.c.provider == thing.c.provider, room.c.kind == ThingKind.ROOM, room.c.server_id == thing.c.room_id
        )
        query = (
            select(thing.c.kind, thing.c.server_id, thing.c.seen_at, thing.c.room_id, thing.c.name, room.c.state)
            .join_from(thing, room, is_its_room, isouter=True)
            .where(thing.c.provider == provider, thing.c.kind.in_(kinds), thing.c.room_id.is_not(None))
            .where(thing.c.terminal.is_(False), func.coalesce(room.c.terminal, true()))
            .order_by(thing.c.id)
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).all()
        return [
            LeftOver(
                kind=ThingKind(row.kind),
                id=row.server_id,
                heard_at=row.seen_at,
                room_id=row.room_id,
                room_name=row.name,
                room=state_from_json(row.state) if row.state is not None else None,
            )
            for row in rows
        ]

    async def _read(self, provider: str, kind: ThingKind, holds: ColumnElement[bool]) -> dict[str, Belief]:
        query = select(thing.c.server_id, thing.c.version, thing.c.state).where(
            thing.c.provider == provider, thing.c.kind == kind, holds
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).all()
        believed: dict[str, Belief] = {}
        for number, (server_id, version, state) in enumerate(rows, 1):
            believed[server_id] = Belief(version, state_from_json(state))
            if number % _STATES_AT_ONCE == 0:
                await asyncio.sleep(0)
        return believed
