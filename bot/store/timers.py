"""Stops that are planned, in the transaction of whoever changes one."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.leases import now
from bot.store.tables import timer
from providers.facts import ThingKind


async def end(conn: AsyncConnection, provider: str, kind: ThingKind, server_id: str) -> None:
    """The thing is over, so nobody stops it any more. One that is being stopped at this moment ends by itself."""
    about = (timer.c.provider == provider, timer.c.kind == kind, timer.c.server_id == server_id)
    waits = update(timer).where(*about, timer.c.state == "waiting")
    await conn.execute(waits.values(state="done", ended_at=now()))
