"""Facts as they came in, before and after they are folded: durable once accepted, and each only once."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.arrivals import Arrivals, write_rows
from bot.store.engine import Store
from bot.store.tables import inbox
from commands.core.ports import Clock
from providers.facts import Source

OVERDUE = timedelta(seconds=5)
"""Who takes something in folds it at once. What is older was left behind, and anybody folds it."""

PARKED_AFTER = 5
"""Failed folds after which a row is left alone until somebody looks."""

Guard = Callable[[AsyncConnection], Awaitable[None]]
"""Raises where what is to be written must not be."""


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


_NAMES = tuple(Incoming.__slots__)
"""`dataclasses.asdict` copies what it finds, which takes longer than all else that we do to a delivery."""


class Inbox:
    """`replica` is the id of this process."""

    def __init__(self, store: Store, clock: Clock, *, replica: str = "") -> None:
        self._store = store
        self._clock = clock
        self._replica = replica
        self._arrivals = Arrivals(store)

    async def accept(self, deliveries: Sequence[Incoming], *, guard: Guard | None = None) -> None:
        """Keep what is new, all or nothing. Durable when this returns. A `guard` is asked in the same transaction,
        which is theirs alone then; what it raises comes out here.

        Webhooks, which their server sends again, are refused with `StoreOverloaded` where too much waits.
        """
        if not deliveries:
            return
        now = self._clock.now()
        arrived = {"received_at": now, "replica": self._replica}
        rows = [{name: getattr(delivery, name) for name in _NAMES} | arrived for delivery in deliveries]
        if guard is None:
            can_be_refused = all(delivery.source is Source.WEBHOOK for delivery in deliveries)
            size = sum(len(delivery.body) for delivery in deliveries)
            await self._arrivals.keep(rows, size, can_be_refused=can_be_refused)
            return

        async def write(conn: AsyncConnection) -> None:
            await guard(conn)
            await write_rows(conn, rows)

        await self._store.write(write)

    @property
    def is_due(self) -> bool:
        """Whether something waits to get in."""
        return self._arrivals.are_due

    async def rest(self, seconds: float) -> None:
        """Until deliveries do not rush in any more, but no longer than that."""
        await self._arrivals.rest(seconds)

    async def unfolded(self, limit: int, *, keys: Collection[str] | None = None) -> list[InboxRow]:
        """The oldest rows that wait to be folded, without the parked ones and those that another process will fold.

        `keys`: those of these deliveries alone.
        """
        left_behind = inbox.c.received_at <= self._clock.now() - OVERDUE
        ours = or_(inbox.c.replica == self._replica, left_behind) if self._store.is_shared else true()
        query = (
            select(inbox)
            .where(inbox.c.folded_at.is_(None), inbox.c.attempts < PARKED_AFTER, ours)
            .where(inbox.c.event_key.in_(keys) if keys is not None else true())
            .order_by(inbox.c.id)
            .limit(limit)
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        names = [*_NAMES, *InboxRow.__slots__]
        return [InboxRow(**{name: row[name] for name in names} | {"source": Source(row["source"])}) for row in rows]

    async def mark_folded(self, conn: AsyncConnection, *ids: int) -> set[int]:
        """In the transaction that folds them. Those that are not returned somebody else has folded: then fold
        nothing of them."""
        statement = update(inbox).where(inbox.c.id.in_(ids), inbox.c.folded_at.is_(None))
        marked = statement.values(folded_at=self._clock.now(), error=None).returning(inbox.c.id)
        return set((await conn.execute(marked)).scalars())

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
