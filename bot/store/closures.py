"""Channels where the bot cannot post, and who is to be told: whoever asked for something to be shown there, once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, literal, select, true, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.leases import RELEASED, claimed, is_free
from bot.store.tables import UtcTime, card, closure, subscription, thing
from bot.store.upsert import insert
from commands.core.identity import FORGOTTEN
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

    async def add(self, reason: str, *card_ids: int) -> None:
        """Those cards cannot be shown. Who made a thing of them is to be told if it was made in that channel, and so is
        everybody who subscribed the channel; nobody twice of the same reason, until `forget`."""
        place = (card.c.team_id, card.c.channel_id)
        makers = (
            select(*place, thing.c.made_by.label("user_id"))
            .join_from(card, thing, card.c.thing_id == thing.c.id)
            .where(card.c.id.in_(card_ids), thing.c.channel_id == card.c.channel_id, thing.c.made_by.is_not(None))
        )
        subscribers = select(*place, subscription.c.created_by).where(
            card.c.id.in_(card_ids),
            subscription.c.team_id == card.c.team_id,
            subscription.c.channel_id == card.c.channel_id,
            subscription.c.created_by != FORGOTTEN,
        )
        people = union(makers, subscribers).subquery()
        # Without a WHERE, SQLite takes the ON of ON CONFLICT for that of a join.
        found = select(*people.c, literal(reason), literal(self._clock.now(), UtcTime)).where(true())

        async def write(conn: AsyncConnection) -> None:
            columns = ["team_id", "channel_id", "user_id", "reason", "found_at"]
            await conn.execute(insert(conn, closure).from_select(columns, found).on_conflict_do_nothing())

        await self._store.write(write)

    async def claim(self, skip_users: Collection[str] = ()) -> Closure | None:
        """The oldest one that its person was not told of. Nobody else tells them until the lease is over."""
        query = (
            select(closure.c.team_id, closure.c.channel_id, closure.c.user_id, closure.c.reason)
            .where(closure.c.told_at.is_(None), is_free(closure), closure.c.user_id.not_in(skip_users))
            .order_by(closure.c.found_at, closure.c.channel_id, closure.c.user_id)
            .limit(1)
        )
        async with self._store.reading() as conn:  # as nearly always there is none, and writing has its turns
            if (await conn.execute(query)).first() is None:
                return None

        async def write(conn: AsyncConnection) -> Closure | None:
            if (row := (await conn.execute(query)).mappings().one_or_none()) is None:
                return None
            await conn.execute(update(closure).where(_is(found := Closure(**row))).values(claimed()))
            return found

        return await self._store.write(write)

    async def release(self, held: Closure) -> None:
        """The person could not be told at this moment."""
        await self._update(held, RELEASED)

    async def told(self, held: Closure) -> None:
        await self._update(held, {"told_at": self._clock.now(), **RELEASED})

    async def _update(self, held: Closure, values: Mapping[str, object]) -> None:
        statement = update(closure).where(_is(held)).values(values)

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(statement)

        await self._store.write(write)

    async def forget(self, channel_id: str) -> None:
        """The bot can post there again, so that the next time is news."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(delete(closure).where(closure.c.channel_id == channel_id))

        await self._store.write(write)


def _is(one: Closure) -> ColumnElement[bool]:
    return and_(
        closure.c.team_id == one.team_id,
        closure.c.channel_id == one.channel_id,
        closure.c.user_id == one.user_id,
        closure.c.reason == one.reason,
    )
