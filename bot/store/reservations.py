"""Names that are kept for a private place, so that what comes up by them is private from the first that we hear of it.

A webhook may tell of a room before the command that makes it has its answer. And LiveKit makes a room anew when
somebody joins with a token of an earlier one, long after that ended.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import reserved_name, thing
from bot.store.upsert import insert
from bot.store.visibility import is_own
from commands.core.ports import Viewer
from providers.facts import ThingKind

KEPT = timedelta(days=1)
"""From when a thing is asked for, and once more from when a private room ends."""


@dataclass(frozen=True, slots=True)
class Name:
    """What may come up: a room of that name, or a recording of one."""

    team_id: str
    provider: str
    kind: ThingKind
    name: str


async def reserve(conn: AsyncConnection, name: Name, *, channel_id: str, made_by: str | None, until: datetime) -> None:
    said = {"channel_id": channel_id, "made_by": made_by, "until": until}
    statement = insert(conn, reserved_name).values(_row(name) | said)
    await conn.execute(statement.on_conflict_do_update(index_elements=list(_row(name)), set_=said))


async def release(conn: AsyncConnection, name: Name, viewer: Viewer) -> None:
    """Where the viewer may have the name."""
    there = [reserved_name.c[column] == value for column, value in _row(name).items()]
    await conn.execute(
        delete(reserved_name).where(*there, *([] if viewer.sees_all else [is_own(viewer, reserved_name)]))
    )


async def held_in(conn: AsyncConnection, name: Name, at: datetime) -> str | None:
    """The channel that what comes up by the name at that time is private to; None for nobody's.

    A private room that is still believed to be live holds its name too: that it ended may never have been told.
    """
    there = [reserved_name.c[column] == value for column, value in _row(name).items()]
    reserved = select(reserved_name.c.channel_id).where(*there, reserved_name.c.until > at)
    if (channel_id := (await conn.execute(reserved)).scalar_one_or_none()) is not None:
        return str(channel_id)
    if name.kind is not ThingKind.ROOM:
        return None
    live = (
        select(thing.c.channel_id)
        .where(thing.c.team_id == name.team_id, thing.c.provider == name.provider, thing.c.kind == ThingKind.ROOM)
        .where(thing.c.name == name.name, thing.c.is_private, not_(thing.c.terminal), thing.c.channel_id.is_not(None))
        .order_by(thing.c.id.desc())
        .limit(1)
    )
    found: str | None = (await conn.execute(live)).scalar_one_or_none()
    return found


async def taken(
    conn: AsyncConnection, viewer: Viewer, providers: Collection[str], names: Collection[str], at: datetime
) -> set[tuple[str, str]]:
    """Those names of rooms, by provider, that are kept for others."""
    query = select(reserved_name.c.provider, reserved_name.c.name).where(
        reserved_name.c.team_id == viewer.team_id,
        reserved_name.c.kind == ThingKind.ROOM,
        reserved_name.c.provider.in_(providers),
        reserved_name.c.name.in_(names),
        reserved_name.c.until > at,
        not_(is_own(viewer, reserved_name)),
    )
    return {(provider, name) for provider, name in await conn.execute(query)}


def _row(name: Name) -> dict[str, str]:
    return {"team_id": name.team_id, "provider": name.provider, "kind": name.kind, "name": name.name}
