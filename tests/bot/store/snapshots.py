"""Things for the tests of things, rooms, cards and notes."""

from datetime import UTC, datetime

from sqlalchemy import select

from bot.store import things
from bot.store.engine import Store
from bot.store.tables import metadata
from bot.store.things import Snapshot
from commands.core.ports import Viewer
from providers.facts import ThingKind

SEEN_AT = datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=UTC)


def snapshot(
    server_id: str = "RM_1",
    name: str = "standup",
    *,
    kind: ThingKind = ThingKind.ROOM,
    terminal: bool = False,
    team_id: str = "T1",
    provider: str = "livekit",
    channel_id: str | None = None,
    made_by: str | None = None,
) -> Snapshot:
    return Snapshot(
        team_id=team_id,
        provider=provider,
        kind=kind,
        server_id=server_id,
        name=name,
        status="ended" if terminal else "live",
        terminal=terminal,
        seen_at=SEEN_AT,
        state='{"people": 1}',
        channel_id=channel_id,
        made_by=made_by,
    )


async def save(store: Store, thing: Snapshot) -> int:
    return await store.write(lambda conn: things.save(conn, thing))


async def dumped(store: Store) -> bytes:
    """All that the database holds, as who copies it would see it."""
    async with store.reading() as conn:
        rows = [row for table in metadata.sorted_tables for row in await conn.execute(select(table))]
    return b" ".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


def everything(team_id: str = "T1", channel_id: str | None = None) -> Viewer:
    """Who sees all things of a team."""
    return Viewer(team_id, None, channel_id, sees_all=frozenset({"livekit", "eu"}))
