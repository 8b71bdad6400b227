"""Notes: what is said once in a card's thread because of one fact."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import things
from bot.store.engine import Store
from bot.store.leases import LEASE, RELEASED, is_free, now
from bot.store.owed import waits_for_calm
from bot.store.tables import card, inbox, note, thing
from bot.store.upsert import insert
from commands.core.alerts import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNote:
    """A note to be posted under the message `thread_ts`: the card, or what the card stands under. `kind` says in a
    word what it tells, and `facts` are those that it tells of, as JSON. `claim` is that of whoever posts it."""

    id: int
    channel_id: str
    thread_ts: str
    kind: str
    broadcast: bool
    facts: bytes
    post_key: str | None
    claim: str | None


class Notes:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(
        self,
        conn: AsyncConnection,
        *,
        team_id: str,
        card_id: int,
        inbox_id: int,
        kind: str,
        broadcast: bool,
        severity: Severity,
    ) -> bool:
        """Once for a card, an inbox row and a kind; False for a repeat."""
        statement = insert(conn, note).values(
            team_id=team_id, card_id=card_id, inbox_id=inbox_id, kind=kind, broadcast=broadcast, severity=severity
        )
        return (await conn.execute(statement.on_conflict_do_nothing())).rowcount == 1

    async def next(
        self, conn: AsyncConnection, channel_id: str, overdue: ColumnElement[bool] | None = None
    ) -> tuple[DueNote, things.Thing] | None:
        """The oldest one of that channel that was not posted and whose card has a message to stand under, with its
        thing as it is. Those of a card come in their order."""
        row = (await conn.execute(_next_due(channel_id, overdue))).mappings().one_or_none()
        return None if row is None else (_due(row), things.from_row(row))

    async def hold(self, conn: AsyncConnection, found: DueNote, claim: str) -> DueNote:
        """Nobody else posts it until the lease is over. It gets the key that marks the post, the same for every try."""
        key = found.post_key or str(uuid4())
        values = {"post_key": key, "claim": claim, "lease_until": now(LEASE)}
        await conn.execute(update(note).where(note.c.id == found.id).values(values))
        return replace(found, post_key=key, claim=claim)

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

    async def park(self, held: DueNote, pause: timedelta) -> None:
        """Nobody takes it up for so long."""
        mine = note.c.claim.is_not_distinct_from(held.claim)

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(update(note).where(note.c.id == held.id, mine).values(lease_until=now(pause)))

        await self._store.write(write)


def is_postable(overdue: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Of a note with its card and thing, where nobody sees to it. It waits while its channel is shown on pages,
    unless its card is `overdue`.

    An end is told under the card that shows it, as that may have to be posted anew. Of what goes on, a card may always
    be behind.
    """
    return and_(
        note.c.ts.is_(None),
        is_free(note),
        card.c.ts.is_not(None),
        card.c.blocked.is_(None),
        or_(card.c.wanted <= card.c.delivered, not_(thing.c.terminal)),
        not_(waits_for_calm(overdue)),
    )


def _next_due(channel_id: str, overdue: ColumnElement[bool] | None) -> Select[Any]:
    other = note.alias("other")
    is_being_posted = exists().where(
        other.c.card_id == note.c.card_id, other.c.ts.is_(None), other.c.lease_until > now()
    )
    # Of what is due anywhere: SQLite would walk all messages of the channel, as it has an index for these.
    due = select(note.c.id, card.c.channel_id).join_from(note, card).join(thing)
    due_anywhere = due.where(is_postable(overdue), not_(is_being_posted)).cte("due").prefix_with("MATERIALIZED")
    first = select(func.min(due_anywhere.c.id)).where(due_anywhere.c.channel_id == channel_id)
    return (
        select(
            note.c.id.label("note_id"),
            note.c.post_key.label("note_post_key"),
            note.c.claim.label("note_claim"),
            card.c.channel_id.label("card_channel_id"),
            func.coalesce(card.c.thread_ts, card.c.ts).label("thread_ts"),
            note.c.kind.label("note_kind"),
            note.c.broadcast,
            inbox.c.body,
            thing,
        )
        .join_from(note, card, card.c.id == note.c.card_id)
        .join(inbox, inbox.c.id == note.c.inbox_id)
        .join(thing, thing.c.id == card.c.thing_id)
        .where(note.c.id == first.scalar_subquery())
    )


def _due(row: RowMapping) -> DueNote:
    return DueNote(
        id=row["note_id"],
        channel_id=row["card_channel_id"],
        thread_ts=row["thread_ts"],
        kind=row["note_kind"],
        broadcast=row["broadcast"],
        facts=row["body"],
        post_key=row["note_post_key"],
        claim=row["note_claim"],
    )
