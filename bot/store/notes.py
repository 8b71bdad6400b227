"""Notes: what is said once in a card's thread because of one fact."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import things
from bot.store.engine import Store
from bot.store.tables import card, inbox, note, thing
from bot.store.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNote:
    """A note to be posted under the message `thread_ts`: the card, or what the card
    stands under. `facts`: those that it tells of, as JSON."""

    id: int
    channel_id: str
    thread_ts: str
    broadcast: bool
    facts: bytes


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

    async def next_due(self, skip_channels: Collection[str] = ()) -> tuple[DueNote, things.Thing] | None:
        """The oldest one that was not posted and whose card has a message to stand under, with its thing as it is."""
        query = (
            select(
                note.c.id.label("note_id"),
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
                card.c.ts.is_not(None),
                card.c.blocked.is_(None),
                card.c.channel_id.not_in(skip_channels),
            )
            .order_by(note.c.id)
            .limit(1)
        )
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        due = DueNote(
            id=row["note_id"],
            channel_id=row["card_channel_id"],
            thread_ts=row["thread_ts"],
            broadcast=row["broadcast"],
            facts=row["body"],
        )
        return due, things.from_row(row)

    async def start_post(self, note_id: int) -> str:
        """The key that marks the post, kept before the call and the same for every try."""
        statement = (
            update(note)
            .where(note.c.id == note_id)
            .values(post_key=func.coalesce(note.c.post_key, str(uuid4())))
            .returning(note.c.post_key)
        )

        async def write(conn: AsyncConnection) -> str:
            return str((await conn.execute(statement)).scalar_one())

        return await self._store.write(write)

    async def done(self, note_id: int, ts: str) -> None:
        async def write(conn: AsyncConnection) -> None:
            await conn.execute(update(note).where(note.c.id == note_id).values(ts=ts))

        await self._store.write(write)
