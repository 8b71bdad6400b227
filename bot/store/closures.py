"""Channels where the bot cannot post, and who is to be told: whoever asked for something to be shown there, once."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, literal, select, true, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import UtcTime, card, closure, subscription, thing
from bot.store.upsert import insert
from commands.core.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """`reason` is Slack's code; `user_id` is to be told."""

    team_id: str
    channel_id: str
    user_id: str
    reason: str


class Closures:
    """Work is a row that was not told yet."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def add(self, card_id: int, reason: str) -> None:
        """That card cannot be shown. Its thing's maker is to be told if it was made in that channel, and so is
        everybody who subscribed the channel; nobody twice of the same reason, until `forget`."""
        place = (card.c.team_id, card.c.channel_id)
        makers = (
            select(*place, thing.c.made_by.label("user_id"))
            .join_from(card, thing, card.c.thing_id == thing.c.id)
            .where(card.c.id == card_id, thing.c.channel_id == card.c.channel_id, thing.c.made_by.is_not(None))
        )
        subscribers = select(*place, subscription.c.created_by).where(
            card.c.id == card_id,
            subscription.c.team_id == card.c.team_id,
            subscription.c.channel_id == card.c.channel_id,
        )
        people = union(makers, subscribers).subquery()
        # Without a WHERE, SQLite takes the ON of ON CONFLICT for that of a join.
        found = select(*people.c, literal(reason), literal(self._clock.now(), UtcTime)).where(true())

        async def write(conn: AsyncConnection) -> None:
            columns = ["team_id", "channel_id", "user_id", "reason", "found_at"]
            await conn.execute(insert(conn, closure).from_select(columns, found).on_conflict_do_nothing())

        await self._store.write(write)

    async def next_due(self, skip_users: Collection[str] = ()) -> Closure | None:
        """The oldest one that its person was not told of."""
        query = (
            select(closure.c.team_id, closure.c.channel_id, closure.c.user_id, closure.c.reason)
            .where(closure.c.told_at.is_(None), closure.c.user_id.not_in(skip_users))
            .order_by(closure.c.found_at, closure.c.channel_id, closure.c.user_id)
            .limit(1)
        )
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        return None if row is None else Closure(**row)

    async def told(self, told: Closure) -> None:
        statement = (
            update(closure)
            .where(
                closure.c.team_id == told.team_id,
                closure.c.channel_id == told.channel_id,
                closure.c.user_id == told.user_id,
                closure.c.reason == told.reason,
            )
            .values(told_at=self._clock.now())
        )

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(statement)

        await self._store.write(write)

    async def forget(self, channel_id: str) -> None:
        """The bot can post there again, so that the next time is news."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(delete(closure).where(closure.c.channel_id == channel_id))

        await self._store.write(write)
