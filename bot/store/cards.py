"""Cards: one message for a thing in a channel, wanted in one version and delivered in another.

`wanted` counts the reasons to draw, not versions of the thing: the newest state is drawn whatever the number. A card
is dirty while `wanted > delivered` and nothing blocks it. Where its channel is shown on digest pages, it is held back:
the page is a thing with a card of its own, which every change of a member raises, too.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, Update, and_, case, func, literal, not_, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import things
from bot.store.engine import Store
from bot.store.leases import LEASE, RELEASED, is_free, now
from bot.store.owed import waits_for_calm
from bot.store.tables import UtcTime, card, thing
from bot.store.upsert import insert
from commands.core.ports import Clock, Place
from providers.facts import ThingKind

DELETED = "deleted"
"""`blocked` of a card whose message somebody deleted. It comes back only when something fails or ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`ts` and `hash` are of the message as Slack has it, None before the first post. `thread_ts` is the thread that it
    stands in, None where it starts one of its own. `generation` counts the messages that were meant to be this card;
    with the id it tells a live message from a duplicate. `claim` is that of whoever delivers it, None where nobody else
    could."""

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
    claim: str | None


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
            await conn.execute(update(card).where(here, card.c.blocked.is_not(None)).values(self._unblocked()))
            pages = card.c.thing_id.in_(_pages(thing_id).where(_MEMBER.c.channel_id == place.channel_id))
            await conn.execute(update(card).where(pages, card.c.blocked.is_(None)).values(self._raised()))
        statement = insert(conn, card).values(
            team_id=place.team_id,
            thing_id=thing_id,
            channel_id=place.channel_id,
            thread_ts=await self._thread(conn, place),
            wanted=1,
            delivered=0,
            generation=0,
            dirty_at=self._clock.now(),
            untold_since=self._clock.now(),
            changed_at=now(),
            asked_at=now() if revive else None,
        )
        once_more = self._raised() | ({"asked_at": now()} if revive else {})
        await conn.execute(
            statement.on_conflict_do_update(
                index_elements=[card.c.thing_id, card.c.team_id, card.c.channel_id], set_=once_more
            )
        )

    async def _thread(self, conn: AsyncConnection, place: Place) -> str | None:
        """The place's thread, if people began it."""
        ours = select(card.c.id).where(card.c.channel_id == place.channel_id, card.c.ts == place.thread_ts)
        if place.thread_ts is None or (await conn.execute(ours)).first() is not None:
            return None
        return place.thread_ts

    async def bump(self, conn: AsyncConnection, *thing_ids: int, revive: bool = False) -> None:
        """The things changed: every card of them that nothing blocks wants to be drawn, and so do pages that show one.

        `revive`, for a failure or an ending, posts deleted cards anew, as another message.
        """
        if revive:
            await self._post_anew(conn, and_(card.c.thing_id.in_(thing_ids), card.c.blocked == DELETED))
        await conn.execute(
            update(card)
            .where(or_(card.c.thing_id.in_(thing_ids), card.c.thing_id.in_(_pages(*thing_ids))))
            .where(card.c.blocked.is_(None))
            .values(self._raised())
        )

    async def redraw(self, provider: str) -> None:
        """What people can do on that server is another: the messages of all that goes on there want to be drawn. The
        things are as they were, so no page hears of it, and nothing is untold."""
        going_on = select(thing.c.id).where(thing.c.provider == provider, thing.c.terminal.is_(False))
        shown = (card.c.thing_id.in_(going_on), card.c.ts.is_not(None), card.c.blocked.is_(None))
        raised = {name: value for name, value in self._raised().items() if name in ("wanted", "dirty_at")}
        await self._store.write(lambda conn: conn.execute(update(card).where(*shown).values(raised)))

    async def of(self, conn: AsyncConnection, *thing_ids: int) -> dict[int, dict[int, str]]:
        """The cards of each thing: their ids, each with its channel."""
        found: dict[int, dict[int, str]] = {thing_id: {} for thing_id in thing_ids}
        query = select(card.c.thing_id, card.c.id, card.c.channel_id).where(card.c.thing_id.in_(thing_ids))
        for row in await conn.execute(query):
            found[row.thing_id][row.id] = row.channel_id
        return found

    async def next_post(
        self, conn: AsyncConnection, channel_id: str, overdue: ColumnElement[bool] | None = None
    ) -> tuple[Card, things.Thing] | None:
        """The card of that channel that has waited longest for its message, with its thing as it is.

        What a digest page tells meanwhile comes last; it waits for the calm unless it is `overdue`.
        """
        return await _first(conn, overdue, card.c.channel_id == channel_id, card.c.ts.is_(None))

    async def next_update(
        self, conn: AsyncConnection, skip_channels: Collection[str] = (), overdue: ColumnElement[bool] | None = None
    ) -> tuple[Card, things.Thing] | None:
        """The card that has waited longest for its message to be changed, of all channels but those."""
        return await _first(conn, overdue, card.c.channel_id.not_in(skip_channels), card.c.ts.is_not(None))

    async def hold(self, conn: AsyncConnection, found: Card, claim: str) -> Card:
        """Nobody else delivers it until the lease is over.

        What was never posted gets the key that marks the post, the same for every try of one generation. It is kept
        before the call, so after a crash one knows that a message may be there. It is random: made from the card's
        number, it would return with a new database and could pass for a post of the old one.
        """
        key = found.post_key or (str(uuid4()) if found.ts is None else None)
        values = {"post_key": key, "claim": claim, "lease_until": now(LEASE)}
        await conn.execute(update(card).where(card.c.id == found.id).values(values))
        return replace(found, post_key=key, claim=claim)

    async def delivered(self, held: Card, ts: str, digest: str) -> bool:
        """Slack shows what was wanted of the card as it was claimed, in the message `ts`; `digest` is the hash of that.

        False where the card has another message already: then `ts` is a duplicate to be deleted. A card that is dirty
        still goes to the end of the queue. Where the claim was lost, somebody else may have shown something newer
        before this: so the card is to be drawn once more, whatever it looks like.
        """
        version = held.wanted
        reached = case((card.c.delivered > version, card.c.delivered), else_=version)
        untold_since = case((card.c.wanted > reached, literal(self._clock.now(), UtcTime)), else_=null())
        fits = or_(card.c.ts.is_(None), card.c.ts == ts)
        shown = {"delivered": reached, "ts": ts, "hash": digest, "dirty_at": self._clock.now(), **RELEASED}
        once_more = {"hash": None, **self._raised()}

        async def write(conn: AsyncConnection) -> bool:
            if (await conn.execute(_held(held, fits).values(shown | {"untold_since": untold_since}))).rowcount == 1:
                return True
            await conn.execute(_held(held).values(RELEASED))
            same = update(card).where(card.c.id == held.id, card.c.generation == held.generation, fits)
            if (await conn.execute(same.values({"ts": ts, **once_more}))).rowcount == 1:
                return True
            await conn.execute(update(card).where(card.c.id == held.id).values(once_more))
            return False

        return await self._store.write(write)

    async def adopt(self, card_id: int, generation: int, channel_id: str, ts: str) -> bool:
        """A message was found that was meant to be that card. It is, where the card has none; else False: then it is a
        duplicate to be deleted. What is known of no card is nobody's duplicate."""
        same = and_(card.c.id == card_id, card.c.channel_id == channel_id)
        mine = update(card).where(same, card.c.generation == generation, card.c.ts.is_(None), card.c.blocked.is_(None))
        other = select(card.c.id).where(same, card.c.ts != ts)
        async with self._store.reading() as conn:  # as nearly every press is on the message that we know
            if (await conn.execute(select(card.c.id).where(same, card.c.ts == ts))).first() is not None:
                return True

        async def write(conn: AsyncConnection) -> bool:
            if (await conn.execute(mine.values({"ts": ts, "hash": None, **self._raised()}))).rowcount == 1:
                return True
            return (await conn.execute(other)).first() is None

        return await self._store.write(write)

    async def block(self, held: Card, reason: str) -> None:
        """Leave it alone: its message was deleted (`DELETED`), its channel is archived, ..."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(_held(held).values({"blocked": reason, **RELEASED}))

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
            await conn.execute(update(card).where(blocked, over).values({**self._raised(), **self._unblocked()}))

        await self._store.write(write)

    async def renew(self, held: Card) -> None:
        """Its message is gone, and it is to be posted anew all the same."""

        async def write(conn: AsyncConnection) -> None:
            await self._post_anew(conn, _is_held(held))

        await self._store.write(write)

    async def leave_thread(self, held: Card) -> None:
        """The thread that it was to stand in is gone, so it is to be posted as a message of its own."""

        async def write(conn: AsyncConnection) -> None:
            await self._post_anew(conn, _is_held(held), thread_ts=None)

        await self._store.write(write)

    async def postpone(self, held: Card) -> None:
        """To the end of the queue: it could not be drawn or delivered, and others shall not wait for it."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(_held(held).values({"dirty_at": self._clock.now(), **RELEASED}))

        await self._store.write(write)

    async def park(self, held: Card, pause: timedelta) -> None:
        """Nobody takes it up for so long."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(_held(held).values(lease_until=now(pause)))

        await self._store.write(write)

    async def _post_anew(self, conn: AsyncConnection, where: ColumnElement[bool], **changed: str | None) -> None:
        """As another message, from the end of the queue. `changed` are further columns."""
        fresh = {**self._unblocked(), "ts": None, "hash": None, "post_key": None, "generation": card.c.generation + 1}
        fresh |= {"dirty_at": self._clock.now(), **RELEASED}
        await conn.execute(update(card).where(where).values(fresh | changed))

    def _raised(self) -> dict[str, object]:
        """One more reason to draw. Who is in the queue keeps the place."""
        clean = card.c.wanted == card.c.delivered
        moment = literal(self._clock.now(), UtcTime)
        return {
            "wanted": card.c.wanted + 1,
            "dirty_at": case((clean, moment), else_=card.c.dirty_at),
            "untold_since": func.coalesce(card.c.untold_since, moment),
            "changed_at": now(),
        }

    def _unblocked(self) -> dict[str, object]:
        """What was blocked is owed to nobody; it is from this moment on."""
        return {"blocked": None, "untold_since": self._clock.now()}


_MEMBER = card.alias("member")


def _pages(*thing_ids: int) -> Select[tuple[int | None]]:
    """The digest pages that show cards of those things."""
    shown = (_MEMBER.c.thing_id.in_(thing_ids), _MEMBER.c.digest_id.is_not(None), _MEMBER.c.blocked.is_(None))
    return select(_MEMBER.c.digest_id).where(*shown)


def is_dirty() -> ColumnElement[bool]:
    return and_(card.c.wanted > card.c.delivered, card.c.blocked.is_(None))


def is_held_back(overdue: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Of a card with its thing: a page of its channel shows it while much happens there."""
    return and_(thing.c.kind != ThingKind.DIGEST, waits_for_calm(overdue))


def is_untold() -> ColumnElement[bool]:
    """Of a dirty card: Slack shows less than is known. What a page shows is told."""
    return or_(card.c.digest_id.is_(None), card.c.untold_since.is_not(None))


async def _first(
    conn: AsyncConnection, overdue: ColumnElement[bool] | None, *where: ColumnElement[bool]
) -> tuple[Card, things.Thing] | None:
    query = (
        select(card, thing)
        .join(thing, thing.c.id == card.c.thing_id)
        .where(is_dirty(), is_free(card), not_(is_held_back(overdue)), *where)
        .order_by(card.c.digest_id.is_not(None), card.c.dirty_at, card.c.id)
        .limit(1)
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    return Card(**{name: row[card.c[name]] for name in Card.__slots__}), things.from_row(row)


def _is_held(held: Card) -> ColumnElement[bool]:
    """Nobody has taken it over."""
    return and_(card.c.id == held.id, card.c.claim.is_not_distinct_from(held.claim))


def _held(held: Card, *further: ColumnElement[bool]) -> Update:
    return update(card).where(_is_held(held), *further)
