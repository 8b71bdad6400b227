"""Cards: one message for a thing in a channel, wanted in one version and delivered in another.

`wanted` counts the reasons to draw, not versions of the thing: the newest state is drawn whatever the number. A card
is dirty while `wanted > delivered` and nothing blocks it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import things
from bot.store.engine import Store
from bot.store.tables import UtcTime, card, thing
from bot.store.upsert import insert
from commands.core.ports import Clock, Place

DELETED = "deleted"
"""`blocked` of a card whose message somebody deleted. It comes back only when something fails or ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`ts` and `hash` are of the message as Slack has it, None before the first post. `thread_ts` is the thread that it
    stands in, None where it starts one of its own. `generation` counts the messages that were meant to be this card;
    with the id it tells a live message from a duplicate."""

    id: int
    team_id: str
    thing_id: int
    channel_id: str
    thread_ts: str | None
    ts: str | None
    wanted: int
    delivered: int
    hash: str | None
    generation: int
    post_key: str | None
    dirty_at: datetime
    digest_id: int | None
    blocked: str | None


class Cards:
    """Methods that take a connection join the fold's transaction; the others are the deliverer's."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def want(self, conn: AsyncConnection, thing_id: int, place: Place, *, revive: bool = False) -> None:
        """That channel wants to see the thing, from here on or once more.

        A channel has one card of a thing, in the thread where it was first wanted; in the thread of another card it
        would be overlooked, so there it starts one of its own. `revive`, for a person who asks for it, lifts whatever
        blocks the card there.
        """
        if revive:
            here = and_(
                card.c.thing_id == thing_id, card.c.team_id == place.team_id, card.c.channel_id == place.channel_id
            )
            await self._post_anew(conn, and_(here, card.c.blocked == DELETED))
            await conn.execute(update(card).where(here).values(blocked=None))
        statement = insert(conn, card).values(
            team_id=place.team_id,
            thing_id=thing_id,
            channel_id=place.channel_id,
            thread_ts=await self._thread(conn, place),
            wanted=1,
            delivered=0,
            generation=0,
            dirty_at=self._clock.now(),
        )
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=[card.c.thing_id, card.c.team_id, card.c.channel_id], set_=self._raised()
            )
        )

    async def _thread(self, conn: AsyncConnection, place: Place) -> str | None:
        """The place's thread, if people began it."""
        ours = select(card.c.id).where(card.c.channel_id == place.channel_id, card.c.ts == place.thread_ts)
        if place.thread_ts is None or (await conn.execute(ours)).first() is not None:
            return None
        return place.thread_ts

    async def bump(self, conn: AsyncConnection, thing_id: int, *, revive: bool = False) -> None:
        """The thing changed: every card of it that nothing blocks wants to be drawn.

        `revive`, for a failure or an ending, posts deleted cards anew, as another message.
        """
        if revive:
            await self._post_anew(conn, and_(card.c.thing_id == thing_id, card.c.blocked == DELETED))
        await conn.execute(
            update(card).where(card.c.thing_id == thing_id, card.c.blocked.is_(None)).values(self._raised())
        )

    async def of(self, conn: AsyncConnection, thing_id: int) -> list[int]:
        """The ids of all cards of a thing."""
        return list((await conn.execute(select(card.c.id).where(card.c.thing_id == thing_id))).scalars())

    async def next_dirty(
        self, skip_channels: Collection[str] = (), *, skip_updates: bool = False
    ) -> tuple[Card, things.Thing] | None:
        """The card that has waited longest, with its thing as it is. Channels that must wait are passed over, and so
        are cards that have a message, where updates must wait."""
        query = (
            select(card, thing)
            .join(thing, thing.c.id == card.c.thing_id)
            .where(
                _dirty(),
                card.c.channel_id.not_in(skip_channels),
                card.c.ts.is_(None) if skip_updates else true(),
            )
            .order_by(card.c.dirty_at, card.c.id)
            .limit(1)
        )
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return Card(**{name: row[card.c[name]] for name in Card.__slots__}), things.from_row(row)

    async def count_dirty(self) -> int:
        async with self._store.reading() as conn:
            return int((await conn.execute(select(func.count()).select_from(card).where(_dirty()))).scalar_one())

    async def start_post(self, card_id: int) -> str:
        """Before a first post: the key that marks it, the same for every try of one generation.

        It is kept before the call, so after a crash one knows that a message may be there. It is random: made from the
        card's number, it would return with a new database and could pass for a post of the old one.
        """
        statement = (
            update(card)
            .where(card.c.id == card_id)
            .values(post_key=func.coalesce(card.c.post_key, str(uuid4())))
            .returning(card.c.post_key)
        )

        async def write(conn: AsyncConnection) -> str:
            return str((await conn.execute(statement)).scalar_one())

        return await self._store.write(write)

    async def delivered(self, card_id: int, version: int, ts: str, digest: str) -> bool:
        """Slack shows what was wanted as `version`, in the message `ts`; `digest` is the hash of what it shows.

        False where the card has another message already: then `ts` is a duplicate to be deleted, and nothing is
        changed. A card that is dirty still goes to the end of the queue.
        """
        reached = case((card.c.delivered > version, card.c.delivered), else_=version)
        statement = (
            update(card)
            .where(card.c.id == card_id, or_(card.c.ts.is_(None), card.c.ts == ts))
            .values(delivered=reached, ts=ts, hash=digest, dirty_at=self._clock.now())
        )

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(statement)).rowcount == 1

        return await self._store.write(write)

    async def block(self, card_id: int, reason: str) -> None:
        """Leave it alone: its message was deleted (`DELETED`), its channel is archived, ..."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(update(card).where(card.c.id == card_id).values(blocked=reason))

        await self._store.write(write)

    async def unblock(self, channel_id: str, is_over: Callable[[str], bool]) -> None:
        """The channel's cards want to be drawn again, where what blocked them is over.

        A card that was never posted and whose thing has ended meanwhile is news to nobody.
        """
        live = card.c.thing_id.in_(select(thing.c.id).where(not_(thing.c.terminal)))
        blocked = and_(card.c.channel_id == channel_id, card.c.blocked.is_not(None), or_(card.c.ts.is_not(None), live))

        async def write(conn: AsyncConnection) -> None:
            reasons = (await conn.execute(select(card.c.blocked).where(blocked).distinct())).scalars()
            over = card.c.blocked.in_([reason for reason in reasons if is_over(reason)])
            await conn.execute(update(card).where(blocked, over).values(blocked=None, **self._raised()))

        await self._store.write(write)

    async def renew(self, card_id: int) -> None:
        """Its message is gone, and it is to be posted anew all the same."""

        async def write(conn: AsyncConnection) -> None:
            await self._post_anew(conn, card.c.id == card_id)

        await self._store.write(write)

    async def leave_thread(self, card_id: int) -> None:
        """The thread that it was to stand in is gone, so it is to be posted as a message of its own."""

        async def write(conn: AsyncConnection) -> None:
            await self._post_anew(conn, card.c.id == card_id, thread_ts=None)

        await self._store.write(write)

    async def postpone(self, card_id: int) -> None:
        """To the end of the queue: it could not be drawn or delivered, and others shall not wait for it."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(update(card).where(card.c.id == card_id).values(dirty_at=self._clock.now()))

        await self._store.write(write)

    async def _post_anew(self, conn: AsyncConnection, where: ColumnElement[bool], **changed: str | None) -> None:
        """As another message, from the end of the queue. `changed` are further columns."""
        fresh = {"blocked": None, "ts": None, "hash": None, "post_key": None, "generation": card.c.generation + 1}
        await conn.execute(update(card).where(where).values(**fresh, dirty_at=self._clock.now(), **changed))

    def _raised(self) -> dict[str, object]:
        """One more reason to draw. Who is in the queue keeps the place."""
        clean = card.c.wanted == card.c.delivered
        return {
            "wanted": card.c.wanted + 1,
            "dirty_at": case((clean, literal(self._clock.now(), UtcTime)), else_=card.c.dirty_at),
        }


def _dirty() -> ColumnElement[bool]:
    return and_(card.c.wanted > card.c.delivered, card.c.blocked.is_(None))
