"""The processes that share the database: which of them are alive, and what one can see of the others' work."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.cards import is_dirty, is_held_back
from bot.store.engine import Store
from bot.store.inbox import OVERDUE, PARKED_AFTER
from bot.store.leases import is_free, now
from bot.store.notes import is_postable
from bot.store.pace import POSTS, UPDATES, is_paused
from bot.store.tables import card, closure, inbox, note, replica, thing
from bot.store.upsert import insert
from commands.core.ports import Clock

SILENCE = timedelta(seconds=30)
"""Who has said nothing for so long is gone, where somebody was there to hear it all the while."""

GAP = SILENCE / 2
"""Who was silent for so long cannot tell the silence of others from an outage of the database. Shorter than `SILENCE`
by more than the time between two beats, as one outage is not as long for each of them."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What to look at for a change. `folds` differs whenever something came in or was folded.

    `is_overdue`: something waits to be folded longer than it should. `is_due`: a card, a note or somebody who is to be
    told waits, nobody sees to it, and Slack does not ask to wait.
    """

    folds: tuple[int, int]
    is_overdue: bool
    is_due: bool


class Replicas:
    """`own` is the id of this process. Times are the database's."""

    def __init__(self, store: Store, clock: Clock, *, own: str, team_id: str) -> None:
        self._store = store
        self._clock = clock
        self._own = own
        self._team_id = team_id

    async def beat(self) -> None:
        """This process is alive, and nobody is who has been silent for too long while this one was there.

        After a `GAP`, or where others took it for gone, it is there anew. Where only one process at a time can use the
        database, all others are gone.
        """
        others = replica.c.id != self._own
        silent = and_(others, replica.c.seen_at <= now(-SILENCE), self._has_listened())
        gone = delete(replica).where(silent if self._store.is_shared else others)
        row = {"id": self._own, "team_id": self._team_id, "started_at": now(), "seen_at": now()}
        there_since = case((replica.c.seen_at <= now(-GAP), now()), else_=replica.c.started_at)
        values = {"seen_at": now(), "started_at": there_since}

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, replica).values(row)
            await conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
            await conn.execute(gone)

        await self._store.write(write)

    def _has_listened(self) -> ColumnElement[bool]:
        own = replica.alias("own")
        return exists().where(own.c.id == self._own, own.c.started_at <= now(-SILENCE))

    async def leave(self) -> None:
        """A clean stop. What is still unanswered is anybody's."""

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(delete(replica).where(replica.c.id == self._own))

        await self._store.write(write)

    async def signs(self) -> Signs:
        unfolded = inbox.c.folded_at.is_(None)
        overdue = exists().where(
            unfolded, inbox.c.attempts < PARKED_AFTER, inbox.c.received_at <= self._clock.now() - OVERDUE
        )
        due = or_(
            exists(_waiting_cards()),
            exists(_waiting_notes()),
            exists().where(closure.c.told_at.is_(None), is_free(closure)),
        )
        newest = select(func.coalesce(func.max(inbox.c.id), 0)).scalar_subquery()
        waiting = select(func.count()).select_from(inbox).where(unfolded).scalar_subquery()
        async with self._store.reading() as conn:
            newest_id, count, is_overdue, is_due = (await conn.execute(select(newest, waiting, overdue, due))).one()
        return Signs((newest_id, count), is_overdue, is_due)


def _waiting_cards() -> Select[tuple[int]]:
    lane = case((card.c.ts.is_(None), card.c.channel_id), else_=UPDATES)
    is_stopped = or_(is_paused(lane), and_(card.c.ts.is_(None), is_paused(POSTS)))
    waiting = (is_dirty(), is_free(card), not_(is_held_back()), not_(is_stopped))
    return select(card.c.id).join(thing, thing.c.id == card.c.thing_id).where(*waiting)


def _waiting_notes() -> Select[tuple[int]]:
    of_card = select(note.c.id).join_from(note, card).join(thing, thing.c.id == card.c.thing_id)
    return of_card.where(is_postable(), not_(is_paused(card.c.channel_id, POSTS)))


def present() -> Select[tuple[str]]:
    """The ids of the processes that are there, as far as anybody can tell."""
    return select(replica.c.id)
