"""Names that are kept for a private place, so that what comes up by them is private from the first that we hear of it.

A webhook may tell of a room before the command that makes it has its answer. And LiveKit makes a room anew when
somebody joins with a token of an earlier one, long after that ended.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import reserved_name, thing
from bot.store.upsert import insert
from bot.store.visibility import is_theirs, visible_to
from commands.core.directory import Reservation
from commands.core.ports import Viewer
from providers.facts import ThingKind

KEPT = timedelta(days=1)
"""From when a room is asked for, and once more from when a private one ends."""

KEPT_TO_RECORD = timedelta(minutes=5)
"""From when a recording or a stream is asked for: none comes up later, and others may record the same room."""


@dataclass(frozen=True, slots=True)
class Name:
    """What may come up: a room of that name, or what is reserved by it (`commands.core.directory.reserved_as`)."""

    team_id: str
    provider: str
    kind: ThingKind
    name: str


async def reserve(conn: AsyncConnection, name: Name, kept: Reservation) -> None:
    """Whosever it was before."""
    said = {"channel_id": kept.channel_id, "made_by": kept.by, "until": kept.until}
    statement = insert(conn, reserved_name).values(_row(name) | said)
    await conn.execute(statement.on_conflict_do_update(index_elements=list(_row(name)), set_=said))


async def extend(conn: AsyncConnection, name: Name, kept: Reservation) -> Reservation:
    """As `reserve`, but what was promised to the same channel is not cut short. Returns what is kept."""
    before = await find(conn, name)
    if before is not None and before.channel_id == kept.channel_id:
        kept = replace(kept, until=max(kept.until, before.until))
    await reserve(conn, name, kept)
    return kept


async def release(conn: AsyncConnection, name: Name, viewer: Viewer) -> None:
    """Where the viewer may have the name."""
    await conn.execute(delete(reserved_name).where(_is_of(name), is_theirs(viewer, reserved_name)))


async def remove(conn: AsyncConnection, name: Name) -> None:
    await conn.execute(delete(reserved_name).where(_is_of(name)))


async def find(conn: AsyncConnection, name: Name) -> Reservation | None:
    kept = select(reserved_name.c.channel_id, reserved_name.c.made_by, reserved_name.c.until).where(_is_of(name))
    row = (await conn.execute(kept)).one_or_none()
    return None if row is None else Reservation(*row)


async def is_for_others(conn: AsyncConnection, name: Name, viewer: Viewer, at: datetime) -> bool:
    """Whether it is kept for others than the viewer, or that of a private room that the viewer does not see."""
    kept = select(reserved_name.c.name).where(_is_of(name), is_kept(at), not_(is_theirs(viewer, reserved_name)))
    live = select(thing.c.name).where(_is_live_and_private(name), not_(visible_to(viewer))).limit(1)
    queries = (kept, live) if name.kind is ThingKind.ROOM else (kept,)
    return any([(await conn.execute(query)).first() is not None for query in queries])


async def held_in(conn: AsyncConnection, name: Name, at: datetime) -> str | None:
    """The channel that what comes up by the name at that time is private to; None for nobody's, as without a name.

    A private room that is still believed to be live holds its name too: that it ended may never have been told.
    """
    if not name.name:
        return None
    reserved = select(reserved_name.c.channel_id).where(_is_of(name), is_kept(at))
    if (channel_id := (await conn.execute(reserved)).scalar_one_or_none()) is not None:
        return str(channel_id)
    if name.kind is not ThingKind.ROOM:
        return None
    live = (
        select(thing.c.channel_id)
        .where(_is_live_and_private(name), thing.c.channel_id.is_not(None))
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
        is_kept(at),
        not_(is_theirs(viewer, reserved_name)),
    )
    return {(provider, name) for provider, name in await conn.execute(query)}


def is_kept(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Until its time is over, and for as long as an ingress leads into a room of that name that is private to the same
    channel: the room comes up whenever somebody sends."""
    leads_there = select(thing.c.id).where(
        thing.c.team_id == reserved_name.c.team_id,
        thing.c.provider == reserved_name.c.provider,
        thing.c.kind == ThingKind.INGRESS,
        thing.c.name == reserved_name.c.name,
        thing.c.channel_id == reserved_name.c.channel_id,
        thing.c.is_private,
        not_(thing.c.terminal),
    )
    is_led_to = and_(reserved_name.c.kind == ThingKind.ROOM, leads_there.correlate(reserved_name).exists())
    return or_(reserved_name.c.until > at, is_led_to)


def _is_of(name: Name) -> ColumnElement[bool]:
    return and_(*(reserved_name.c[column] == value for column, value in _row(name).items()))


def _is_live_and_private(room: Name) -> ColumnElement[bool]:
    return and_(
        thing.c.team_id == room.team_id,
        thing.c.provider == room.provider,
        thing.c.kind == ThingKind.ROOM,
        thing.c.name == room.name,
        thing.c.is_private,
        not_(thing.c.terminal),
    )


def _row(name: Name) -> dict[str, str]:
    return {"team_id": name.team_id, "provider": name.provider, "kind": name.kind, "name": name.name}
