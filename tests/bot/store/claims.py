"""What comes next and whose it is, for tests of cards and notes that are about no lane."""

from collections.abc import Collection
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.cards import Card, Cards
from bot.store.engine import Store
from bot.store.notes import DueNote, Notes
from bot.store.tables import card
from bot.store.things import Thing


async def claim_card(store: Store, cards: Cards, skip_channels: Collection[str] = ()) -> tuple[Card, Thing] | None:
    """The card that has waited longest, posts and updates alike."""

    async def write(conn: AsyncConnection) -> tuple[Card, Thing] | None:
        found = [await cards.next_post(conn, channel_id) for channel_id in await _channels(conn, skip_channels)]
        found.append(await cards.next_update(conn, skip_channels))
        first = min((each for each in found if each), key=lambda each: (each[0].dirty_at, each[0].id), default=None)
        return None if first is None else (await cards.hold(conn, first[0], uuid4().hex), first[1])

    return await store.write(write)


async def claim_note(store: Store, notes: Notes, skip_channels: Collection[str] = ()) -> tuple[DueNote, Thing] | None:
    async def write(conn: AsyncConnection) -> tuple[DueNote, Thing] | None:
        for channel_id in await _channels(conn, skip_channels):
            if (found := await notes.next(conn, channel_id)) is not None:
                return await notes.hold(conn, found[0], uuid4().hex), found[1]
        return None

    return await store.write(write)


async def _channels(conn: AsyncConnection, skip_channels: Collection[str]) -> list[str]:
    found = select(card.c.channel_id).where(card.c.channel_id.not_in(skip_channels)).distinct()
    return sorted((await conn.execute(found)).scalars())
