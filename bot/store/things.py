"""What we know of rooms, recordings and all else that lives on a video server: one row per life."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import RowMapping, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
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


Key = tuple[str, ThingKind, str]
"""Provider, kind and the server's id of a thing."""


async def get(conn: AsyncConnection, provider: str, kind: ThingKind, server_id: str) -> Thing | None:
    query = select(thing).where(thing.c.provider == provider, thing.c.kind == kind, thing.c.server_id == server_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else from_row(row)


async def get_many(conn: AsyncConnection, keys: Iterable[Key]) -> dict[Key, Thing]:
    """Those of them that are kept."""
    ids: dict[tuple[str, ThingKind], list[str]] = {}
    for provider, kind, server_id in keys:
        ids.setdefault((provider, kind), []).append(server_id)
    found = {}
    for (provider, kind), some in ids.items():
        query = select(thing).where(thing.c.provider == provider, thing.c.kind == kind, thing.c.server_id.in_(some))
        for row in (await conn.execute(query)).mappings():
            found[provider, kind, row[thing.c.server_id]] = from_row(row)
    return found


async def live_of_room(conn: AsyncConnection, provider: str, room_id: str) -> list[tuple[ThingKind, str]]:
    """Kind and server's id of what is of that life of a room and not over."""
    query = select(thing.c.kind, thing.c.server_id).where(
        thing.c.provider == provider, thing.c.room_id == room_id, thing.c.terminal.is_(False)
    )
    return [(ThingKind(row.kind), row.server_id) for row in await conn.execute(query.order_by(thing.c.id))]


async def save(conn: AsyncConnection, snapshot: Snapshot) -> int:
    """Insert or update; returns the thing's id. See `save_all`."""
    statement = _upsert(conn).returning(thing.c.id)
    return int((await conn.execute(statement, _values(snapshot))).scalar_one())


async def save_all(conn: AsyncConnection, snapshots: Iterable[Snapshot]) -> None:
    """Insert or update.

    What has ended stays so, and what was only lost sight of may come back; the first maker stays. Where it belongs is
    as the snapshot has it: it must not forget what was known before.
    """
    if values := [_values(snapshot) for snapshot in snapshots]:
        await conn.execute(_upsert(conn), values)


def _values(snapshot: Snapshot) -> dict[str, object]:
    """Of a first version. A kept thing's own id and version are not said."""
    return {each.name: getattr(snapshot, each.name) for each in fields(Snapshot)} | {"version": 1}


def _upsert(conn: AsyncConnection) -> sqlite.Insert | postgresql.Insert:
    statement = insert(conn, thing)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[thing.c.provider, thing.c.kind, thing.c.server_id],
        set_={
            "name": new.name,
            "channel_id": func.coalesce(new.channel_id, thing.c.channel_id),
            "made_by": func.coalesce(thing.c.made_by, new.made_by),
            "is_private": new.is_private,
            "room_id": func.coalesce(new.room_id, thing.c.room_id),
            "status": new.status,
            "terminal": or_(and_(thing.c.terminal, thing.c.status != LOST), new.terminal),
            "version": thing.c.version + 1,
            "seen_at": new.seen_at,
            "state": new.state,
        },
    )


def from_row(row: RowMapping) -> Thing:
    """A row of the table; its columns are the fields."""
    return Thing(**{column.name: row[column] for column in thing.columns} | {"kind": ThingKind(row[thing.c.kind])})
