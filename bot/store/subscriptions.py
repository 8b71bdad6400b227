"""What each channel wants to hear of."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, RowMapping, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import subscription
from commands.core.ports import Clock, Place, Subscription
from providers.facts import ThingKind


class StoredSubscriptions:
    """`commands.core.ports.Subscriptions`, and what the fold reads of them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(
        self, place: Place, *, provider: str | None, kinds: frozenset[ThingKind], room_glob: str, created_by: str
    ) -> Subscription:
        wish = {"provider": provider, "kinds": ",".join(sorted(kinds)), "room_glob": room_glob}
        row = {
            **wish,
            "team_id": place.team_id,
            "channel_id": place.channel_id,
            "created_by": created_by,
            "created_at": self._clock.now(),
        }

        async def write(conn: AsyncConnection) -> Subscription:
            same = [subscription.c[name].is_not_distinct_from(value) for name, value in wish.items()]
            for present in await _select(conn, *_of(place), *same):
                return present
            added = await conn.execute(insert(subscription).values(row).returning(subscription))
            return _from_row(added.mappings().one())

        return await self._store.write(write)

    async def remove(self, place: Place, subscription_id: int) -> bool:
        statement = delete(subscription).where(*_of(place), subscription.c.id == subscription_id)

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(statement)).rowcount == 1

        return await self._store.write(write)

    async def in_channel(self, place: Place) -> list[Subscription]:
        async with self._store.reading() as conn:
            return await _select(conn, *_of(place))

    async def of_person(self, team_id: str, user_id: str) -> list[Subscription]:
        mine = (
            subscription.c.team_id == team_id,
            subscription.c.created_by == user_id,
            subscription.c.channel_id.is_not(None),
        )
        async with self._store.reading() as conn:
            return await _select(conn, *mine)

    async def of_team(self, conn: AsyncConnection, team_id: str) -> list[Subscription]:
        """Those of all channels, read inside the transaction that folds, so that none is missed or too old."""
        return await _select(conn, subscription.c.team_id == team_id, subscription.c.channel_id.is_not(None))


def _of(place: Place) -> Sequence[ColumnElement[bool]]:
    return subscription.c.team_id == place.team_id, subscription.c.channel_id == place.channel_id


async def _select(conn: AsyncConnection, *where: ColumnElement[bool]) -> list[Subscription]:
    rows = await conn.execute(select(subscription).where(*where).order_by(subscription.c.id))
    return [_from_row(row) for row in rows.mappings()]


def _from_row(row: RowMapping) -> Subscription:
    return Subscription(
        id=row["id"],
        channel_id=row["channel_id"],
        provider=row["provider"],
        kinds=frozenset(ThingKind(kind) for kind in row["kinds"].split(",") if kind),
        room_glob=row["room_glob"],
        created_by=row["created_by"],
    )
