"""The processes that share the database: which of them are alive, and what one can see of the others' work."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.inbox import OVERDUE, PARKED_AFTER
from bot.store.leases import is_free, now
from bot.store.tables import card, closure, inbox, note, replica
from bot.store.upsert import insert
from commands.core.ports import Clock

SILENCE = timedelta(seconds=30)
"""Who has said nothing for so long is gone."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What to look at for a change. `folds` differs whenever something came in or was folded.

    `is_overdue`: something waits to be folded longer than it should. `is_due`: a card, a note or somebody who is to be
    told waits, and nobody sees to it.
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
        """This process is alive, and nobody is who has been silent for too long.

        Where only one process at a time can use the database, all others are gone.
        """
        others = replica.c.id != self._own
        gone = delete(replica).where(others, replica.c.seen_at <= now(-SILENCE) if self._store.is_shared else others)
        row = {"id": self._own, "team_id": self._team_id, "started_at": now(), "seen_at": now()}

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(gone)
            statement = insert(conn, replica).values(row)
            await conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now()}))

        await self._store.write(write)

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
            exists().where(card.c.wanted > card.c.delivered, card.c.blocked.is_(None), is_free(card)),
            exists().where(
                note.c.ts.is_(None),
                is_free(note),
                note.c.card_id == card.c.id,
                card.c.ts.is_not(None),
                card.c.blocked.is_(None),
            ),
            exists().where(closure.c.told_at.is_(None), is_free(closure)),
        )
        newest = select(func.coalesce(func.max(inbox.c.id), 0)).scalar_subquery()
        waiting = select(func.count()).select_from(inbox).where(unfolded).scalar_subquery()
        async with self._store.reading() as conn:
            newest_id, count, is_overdue, is_due = (await conn.execute(select(newest, waiting, overdue, due))).one()
        return Signs((newest_id, count), is_overdue, is_due)


def living() -> Select[tuple[str]]:
    """The ids of the processes that are alive."""
    return select(replica.c.id).where(replica.c.seen_at > now(-SILENCE))
