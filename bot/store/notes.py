"""Notes: what is said once in a card's thread because of one fact."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, exists, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import things
from bot.store.engine import Store
from bot.store.leases import RELEASED, claimed, now
from bot.store.tables import card, inbox, note, thing
from bot.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNote:
    """A note to be posted under the message `thread_ts`: the card, or what the card
    stands under. `facts`: those that it tells of, as JSON. `claim` is that of whoever posts it, None where nobody else
    could."""

    id: int
    channel_id: str
    thread_ts: str
    broadcast: bool
    facts: bytes
    claim: str | None


class Notes:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(
        self, conn: AsyncConnection, *, team_id: str, card_id: int, inbox_id: int, kind: str, broadcast: bool
    ) -> bool:
        """Once for a card, an inbox row and a kind; False for a repeat."""
        statement = insert(conn, note).values(
            team_id=team_id, card_id=card_id, inbox_id=inbox_id, kind=kind, broadcast=broadcast
        )
        return (await conn.execute(statement.on_conflict_do_nothing())).rowcount == 1

    async def claim(self, skip_channels: Collection[str] = ()) -> tuple[DueNote, things.Thing] | None:
        """The oldest one that was not posted and whose card has a message to stand under, with its thing as it is.

        Nobody else posts it until the lease is over, nor another one of its card: they come in their order. Before the
        call it gets the key that marks the post, the same for every try.
        """
        query = _next_due(skip_channels)
        async with self._store.reading() as conn:  # as nothing waits, nearly always, and writing has its turns
            found = await _first(conn, query)
        if found is None:
            return None

        async def write(conn: AsyncConnection) -> tuple[DueNote, things.Thing] | None:
            due = await _first(conn, query) if self._store.is_shared else found
            return (await self._take(conn, due[0]), due[1]) if due is not None else None

        return await self._store.write(write)

    async def _take(self, conn: AsyncConnection, found: DueNote) -> DueNote:
        mine = claimed() if self._store.is_shared else {}
        key = func.coalesce(note.c.post_key, str(uuid4()))
        taken = update(note).where(note.c.id == found.id).values(post_key=key, **mine).returning(note.c.claim)
        return replace(found, claim=(await conn.execute(taken)).scalar_one())

    async def done(self, held: DueNote, ts: str) -> bool:
        """It stands in the message `ts`; empty for one that is not to be posted.

        False where it has another message already: then `ts` is a duplicate to be deleted.
        """
        statement = update(note).where(note.c.id == held.id, note.c.ts.is_(None)).values(ts=ts, **RELEASED)

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(statement)).rowcount == 1

        return await self._store.write(write)

    async def release(self, held: DueNote) -> None:
        """It could not be posted at this moment."""
        mine = note.c.claim.is_not_distinct_from(held.claim)

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(update(note).where(note.c.id == held.id, mine).values(RELEASED))

        await self._store.write(write)


def _next_due(skip_channels: Collection[str]) -> Select[Any]:
    other = note.alias("other")
    is_being_posted = exists().where(
        other.c.card_id == note.c.card_id, other.c.ts.is_(None), other.c.lease_until > now()
    )
    return (
        select(
            note.c.id.label("note_id"),
            note.c.claim.label("note_claim"),
            card.c.channel_id.label("card_channel_id"),
            func.coalesce(card.c.thread_ts, card.c.ts).label("thread_ts"),
            note.c.broadcast,
            inbox.c.body,
            thing,
        )
        .join_from(note, card, card.c.id == note.c.card_id)
        .join(inbox, inbox.c.id == note.c.inbox_id)
        .join(thing, thing.c.id == card.c.thing_id)
        .where(
            note.c.ts.is_(None),
            not_(is_being_posted),
            card.c.ts.is_not(None),
            card.c.blocked.is_(None),
            card.c.channel_id.not_in(skip_channels),
        )
        .order_by(note.c.id)
        .limit(1)
    )


async def _first(conn: AsyncConnection, query: Select[Any]) -> tuple[DueNote, things.Thing] | None:
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    due = DueNote(
        id=row["note_id"],
        channel_id=row["card_channel_id"],
        thread_ts=row["thread_ts"],
        broadcast=row["broadcast"],
        facts=row["body"],
        claim=row["note_claim"],
    )
    return due, things.from_row(row)
