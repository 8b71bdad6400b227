"""Who is kept out of which room."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, delete, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import things
from bot.store.engine import Store
from bot.store.tables import inbox, keep_out, thing
from bot.store.upsert import insert
from commands.core.ports import Clock, KeepOut
from providers.facts import Source, ThingKind


@dataclass(frozen=True, slots=True)
class Watched:
    """Somebody who is kept out, and a live room of that name."""

    kept: KeepOut
    room: things.Thing


class StoredKeepOuts:
    """`commands.core.ports.KeepOuts`, and what the bouncer asks.

    `added` is called after every `add`.
    """

    def __init__(self, store: Store, clock: Clock, added: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._added = added

    async def add(self, team_id: str, kept: KeepOut) -> None:
        address = {
            "team_id": team_id,
            "provider": kept.provider,
            "room": kept.room,
            "identity": kept.identity,
        }
        said = {"until": kept.until, "said_by": kept.by, "stays": list(kept.stays), "private_to": kept.private_to}

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, keep_out).values(address | said)
            await conn.execute(statement.on_conflict_do_update(index_elements=list(address), set_=said))

        await self._store.write(write)
        self._added()

    async def lift(self, team_id: str, provider: str, room: str, identity: str) -> bool:
        meant = and_(_of_room(team_id, provider, room), keep_out.c.identity == identity, self._holds())

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(delete(keep_out).where(meant))).rowcount == 1

        return await self._store.write(write)

    async def of_room(self, team_id: str, provider: str, room: str) -> list[KeepOut]:
        there = and_(_of_room(team_id, provider, room), self._holds())
        query = select(keep_out).where(there).order_by(keep_out.c.until, keep_out.c.identity)
        async with self._store.reading() as conn:
            return [_known(row) for row in (await conn.execute(query)).mappings()]

    async def in_live_rooms(self, team_id: str) -> list[Watched]:
        """All that hold at this moment, each with every live room that is meant, in one read."""
        is_private_to = and_(thing.c.is_private, thing.c.channel_id == keep_out.c.private_to)
        meant = and_(
            thing.c.team_id == keep_out.c.team_id,
            thing.c.provider == keep_out.c.provider,
            thing.c.kind == ThingKind.ROOM,
            thing.c.name == keep_out.c.room,
            not_(thing.c.terminal),
            or_(keep_out.c.private_to.is_(None), is_private_to),
        )
        query = select(keep_out, thing).join(thing, meant).where(keep_out.c.team_id == team_id, self._holds())
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [Watched(_known(row), things.from_row(row)) for row in rows]

    async def hears_of(self, team_id: str, provider: str) -> bool:
        told = exists().where(
            inbox.c.team_id == team_id, inbox.c.provider == provider, inbox.c.source == Source.WEBHOOK
        )
        async with self._store.reading() as conn:
            return bool((await conn.execute(select(told))).scalar_one())

    async def forget(self) -> datetime | None:
        """Delete what has run out. Returns when the next one will have, None where there is none."""
        ends = await self._next_end()
        if ends is None or ends > self._clock.now():
            return ends
        await self._store.write(lambda conn: conn.execute(delete(keep_out).where(not_(self._holds()))))
        return await self._next_end()

    async def _next_end(self) -> datetime | None:
        async with self._store.reading() as conn:
            ends: datetime | None = (await conn.execute(select(func.min(keep_out.c.until)))).scalar_one()
            return ends

    def _holds(self) -> ColumnElement[bool]:
        return keep_out.c.until > self._clock.now()


def _of_room(team_id: str, provider: str, room: str) -> ColumnElement[bool]:
    return and_(keep_out.c.team_id == team_id, keep_out.c.provider == provider, keep_out.c.room == room)


def _known(row: RowMapping) -> KeepOut:
    said = keep_out.c
    return KeepOut(
        row[said.provider],
        row[said.room],
        row[said.identity],
        row[said.until],
        row[said.said_by],
        tuple(row[said.stays]),
        row[said.private_to],
    )
