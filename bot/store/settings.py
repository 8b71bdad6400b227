"""Choices of channels."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import setting
from bot.store.upsert import insert
from commands.core.ports import Clock, Place


class StoredSettings:
    """`commands.core.ports.Settings`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get(self, place: Place, key: str) -> str | None:
        query = select(setting.c.value).where(
            setting.c.team_id == place.team_id, setting.c.channel_id == place.channel_id, setting.c.key == key
        )
        async with self._store.reading() as conn:
            value: str | None = (await conn.execute(query)).scalar_one_or_none()
        return value

    async def put(self, place: Place, key: str, value: str, *, by: str) -> None:
        choice = {"value": value, "set_by": by, "set_at": self._clock.now()}
        address = {"team_id": place.team_id, "channel_id": place.channel_id, "key": key}

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, setting).values(address | choice)
            await conn.execute(statement.on_conflict_do_update(index_elements=list(address), set_=choice))

        await self._store.write(write)
