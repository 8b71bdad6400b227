"""Things for the tests of things, rooms, cards and notes."""

from datetime import UTC, datetime

from bot.store import things
from bot.store.engine import Store
from bot.store.things import Snapshot
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
