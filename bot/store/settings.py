"""Choices of channels, and of the workspace for those that have made none."""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, and_, case, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import setting
from bot.store.upsert import insert
from commands.core.ports import CHANNEL_JOINS, JOINS_TOLD, Choice, Clock, Place, everywhere


class StoredSettings:
    """`commands.core.ports.Settings`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get(self, place: Place, key: str) -> str | None:
        query = select(setting.c.value).where(_counts(place), setting.c.key == key).order_by(_channel_first(place))
        async with self._store.reading() as conn:
            value: str | None = (await conn.execute(query.limit(1))).scalar_one_or_none()
        return value

    async def put(self, place: Place, key: str, value: str, *, by: str) -> None:
        choice = {"value": value, "set_by": by, "set_at": self._clock.now()}
        address = {"team_id": place.team_id, "channel_id": place.channel_id, "key": key}

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, setting).values(address | choice)
            await conn.execute(statement.on_conflict_do_update(index_elements=list(address), set_=choice))

        await self._store.write(write)

    async def unset(self, place: Place, key: str) -> bool:
        meant = and_(setting.c.team_id == place.team_id, setting.c.channel_id == place.channel_id, setting.c.key == key)

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(delete(setting).where(meant))).rowcount == 1

        return await self._store.write(write)

    async def all(self, place: Place) -> Sequence[Choice]:
        query = select(setting).where(_counts(place)).order_by(setting.c.key, _channel_first(place))
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        of_all = everywhere(place.team_id).channel_id
        return [
            Choice(row["key"], row["value"], row["set_by"], row["set_at"], row["channel_id"] == of_all) for row in rows
        ]


async def told_of_joins(conn: AsyncConnection, team_id: str) -> Callable[[str], bool]:
    """Whether a channel wants to hear who joins and leaves, as it is in the transaction that folds."""
    query = select(setting.c.channel_id, setting.c.value).where(
        setting.c.team_id == team_id, setting.c.key == CHANNEL_JOINS
    )
    said = {row.channel_id: row.value == JOINS_TOLD for row in await conn.execute(query)}
    otherwise = said.get(everywhere(team_id).channel_id, False)
    return lambda channel_id: said.get(channel_id, otherwise)


def _counts(place: Place) -> ColumnElement[bool]:
    there = (place.channel_id, everywhere(place.team_id).channel_id)
    return and_(setting.c.team_id == place.team_id, setting.c.channel_id.in_(there))


def _channel_first(place: Place) -> ColumnElement[int]:
    return case((setting.c.channel_id == place.channel_id, 0), else_=1)
