"""What we know of rooms, recordings and all else that lives on a video server: one row per life."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.state import LOST
from bot.store.tables import thing
from bot.store.upsert import insert
from providers.facts import ThingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A thing as a fold leaves it. `state` is JSON of the fold's own making; `terminal`: it is over for good.

    `channel_id` and `made_by`: where it was made and by whom, None until a command says so. `is_private`: it is seen
    there alone. `room_id` is the life of the room that a thing is of which is no room.
    """

    team_id: str
    provider: str
    kind: ThingKind
    server_id: str
    name: str
    status: str
    terminal: bool
    seen_at: datetime
    state: str
    channel_id: str | None = None
    made_by: str | None = None
    is_private: bool = False
    room_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing(Snapshot):
    """A kept thing. `version` grows by one with every change."""

    id: int
    version: int


async def get(conn: AsyncConnection, provider: str, kind: ThingKind, server_id: str) -> Thing | None:
    query = select(thing).where(thing.c.provider == provider, thing.c.kind == kind, thing.c.server_id == server_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else from_row(row)


async def live_of_room(conn: AsyncConnection, provider: str, room_id: str) -> list[int]:
    """The ids of what is of that life of a room and not over."""
    query = select(thing.c.id).where(
        thing.c.provider == provider, thing.c.room_id == room_id, thing.c.terminal.is_(False)
    )
    return list((await conn.execute(query.order_by(thing.c.id))).scalars())


async def save(conn: AsyncConnection, snapshot: Snapshot) -> int:
    """Insert or update; returns the thing's id.

    What has ended stays so, and what was only lost sight of may come back; the first maker stays. Where it belongs is
    as the snapshot has it: it must not forget what was known before.
    """
    statement = insert(conn, thing).values(
        team_id=snapshot.team_id,
        provider=snapshot.provider,
        kind=snapshot.kind,
        server_id=snapshot.server_id,
        name=snapshot.name,
        channel_id=snapshot.channel_id,
        made_by=snapshot.made_by,
        is_private=snapshot.is_private,
        room_id=snapshot.room_id,
        status=snapshot.status,
        terminal=snapshot.terminal,
        version=1,
        seen_at=snapshot.seen_at,
        state=snapshot.state,
    )
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[thing.c.provider, thing.c.kind, thing.c.server_id],
        set_={
            "name": new.name,
            "channel_id": func.coalesce(new.channel_id, thing.c.channel_id),
            "made_by": func.coalesce(thing.c.made_by, new.made_by),
            "is_private": new.is_private,
            "room_id": func.coalesce(thing.c.room_id, new.room_id),
            "status": new.status,
            "terminal": or_(and_(thing.c.terminal, thing.c.status != LOST), new.terminal),
            "version": thing.c.version + 1,
            "seen_at": new.seen_at,
            "state": new.state,
        },
    )
    return int((await conn.execute(statement.returning(thing.c.id))).scalar_one())


def from_row(row: RowMapping) -> Thing:
    """A row of the table; its columns are the fields."""
    return Thing(**{column.name: row[column] for column in thing.columns} | {"kind": ThingKind(row[thing.c.kind])})
