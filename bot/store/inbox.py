"""Facts as they came in, before and after they are folded: durable once accepted, and each only once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import inbox
from bot.store.upsert import insert
from commands.core.ports import Clock
from providers.facts import Source

OVERDUE = timedelta(seconds=5)
"""Who takes something in folds it at once. What is older was left behind, and anybody folds it."""

PARKED_AFTER = 5
"""Failed folds after which a row is left alone until somebody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One delivery. `event_key` is unique within the provider; `kind` says in a word what it is about; `body` is its
    facts as JSON. A command's names who made the thing, the channel or thread that wants a card, and whether that is
    private."""

    team_id: str
    provider: str
    event_key: str
    kind: str
    source: Source
    body: bytes
    channel_id: str | None = None
    thread_ts: str | None = None
    user_id: str | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow(Incoming):
    """An accepted delivery. `attempts` counts the folds that failed."""

    id: int
    attempts: int


class Inbox:
    """`replica` is the id of this process."""

    def __init__(self, store: Store, clock: Clock, *, replica: str = "") -> None:
        self._store = store
        self._clock = clock
        self._replica = replica

    async def accept(self, deliveries: Sequence[Incoming]) -> None:
        """Keep what is new, all in one transaction. Durable when this returns."""
        if not deliveries:
            return
        now = self._clock.now()
        rows = [asdict(delivery) | {"received_at": now, "replica": self._replica} for delivery in deliveries]

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(insert(conn, inbox).on_conflict_do_nothing(), rows)

        await self._store.write(write)

    async def unfolded(self, limit: int) -> list[InboxRow]:
        """The oldest rows that wait to be folded, without the parked ones and those that another process will fold."""
        left_behind = inbox.c.received_at <= self._clock.now() - OVERDUE
        ours = or_(inbox.c.replica == self._replica, left_behind) if self._store.is_shared else true()
        query = (
            select(inbox)
            .where(inbox.c.folded_at.is_(None), inbox.c.attempts < PARKED_AFTER, ours)
            .order_by(inbox.c.id)
            .limit(limit)
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        names = [*Incoming.__slots__, *InboxRow.__slots__]
        return [InboxRow(**{name: row[name] for name in names} | {"source": Source(row["source"])}) for row in rows]

    async def mark_folded(self, conn: AsyncConnection, inbox_id: int) -> bool:
        """In the transaction that folds it. False where somebody else has folded it: then fold nothing."""
        statement = update(inbox).where(inbox.c.id == inbox_id, inbox.c.folded_at.is_(None))
        return (await conn.execute(statement.values(folded_at=self._clock.now(), error=None))).rowcount == 1

    async def record_failure(self, inbox_id: int, error: str) -> bool:
        """Count a fold that failed, in a transaction of its own. True when this parks the row."""
        statement = (
            update(inbox)
            .where(inbox.c.id == inbox_id)
            .values(attempts=inbox.c.attempts + 1, error=error)
            .returning(inbox.c.attempts)
        )

        async def write(conn: AsyncConnection) -> int:
            return int((await conn.execute(statement)).scalar_one())

        return await self._store.write(write) >= PARKED_AFTER
