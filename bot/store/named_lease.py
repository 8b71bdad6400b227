"""Work that only one of all processes does at a time, over and over: whose turn it is, and when it is due again.

A row for each such work. Its lease lasts while somebody is at it, and as long after that as it has to rest, whoever is
in a hurry. Whoever takes it raises its `token`, and writes down what comes of the work in transactions
that compare that. So one that was frozen while its lease ran out, and goes on when another has taken over, changes
nothing.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.leases import LEASE, RELEASED, claimed, is_free, now
from bot.store.tables import lease
from bot.store.upsert import insert

RENEW_SECONDS = 5.0
"""How often a holder says that it is still at it. A third of the lease."""

SPREAD = 0.1
"""By how much, of itself, a pause is longer or shorter, so that works that began together do not stay together."""


class LeaseLost(Exception):
    """Somebody else has taken it meanwhile. What was begun must not be written down."""


@dataclass(frozen=True, slots=True)
class Held:
    """One turn. `due_at` is since when the work was due as it was taken."""

    token: int
    due_at: datetime


class NamedLease:
    """The lease of the work called `name`. Its times are the database's."""

    def __init__(self, store: Store, name: str, *, team_id: str) -> None:
        self._store = store
        self._name = name
        self._team_id = team_id

    def _update(self, *where: ColumnElement[bool]) -> Update:
        return update(lease).where(lease.c.name == self._name, *where)

    async def begin(self) -> None:
        """At the start of a process: the work is due. Where no other process can use the database, nobody is at it."""
        await self.hurry()
        if not self._store.is_shared:
            await self._store.write(lambda conn: conn.execute(self._update().values(RELEASED)))

    async def hurry(self) -> None:
        """The work is due at once, or as soon as it may be; once more, where somebody is at it."""
        row = {"name": self._name, "team_id": self._team_id, "token": 0, "next_at": now()}

        async def write(conn: AsyncConnection) -> None:
            statement = insert(conn, lease).values(row)
            await conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"next_at": now()}))

        await self._store.write(write)

    async def seconds_until_due(self) -> float:
        """Until it can be taken, as far as is known. 0 or less: it can be."""
        query = select(lease.c.next_at, lease.c.lease_until, now()).where(lease.c.name == self._name)
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).one_or_none()
        if row is None:
            return 0.0
        next_at, lease_until, at = row
        return float((max(next_at, lease_until or next_at) - at).total_seconds())

    async def take(self) -> Held | None:
        """This process's turn, or None where it is not due or somebody is at it."""
        statement = (
            self._update(is_free(lease), lease.c.next_at <= now())
            .values(token=lease.c.token + 1, **claimed())
            .returning(lease.c.token, lease.c.next_at)
        )

        async def write(conn: AsyncConnection) -> Held | None:
            row = (await conn.execute(statement)).one_or_none()
            return None if row is None else Held(row.token, row.next_at)

        return await self._store.write(write)

    async def renew(self, held: Held) -> None:
        """Raises `LeaseLost`."""
        statement = self._update(lease.c.token == held.token).values(lease_until=now(LEASE))

        async def write(conn: AsyncConnection) -> None:
            if (await conn.execute(statement)).rowcount == 0:
                raise LeaseLost(self._name)

        await self._store.write(write)

    async def finish(self, held: Held, after: timedelta, *, at_least: timedelta = timedelta()) -> None:
        """Done, and due again `after` that, or sooner where somebody is in a hurry, but not before `at_least`. One that
        was lost stays lost."""
        pause = after * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 - nobody gains by guessing it
        next_at = case((lease.c.next_at == held.due_at, now(pause)), else_=lease.c.next_at)
        rests = {"claim": None, "lease_until": now(at_least)}
        statement = self._update(lease.c.token == held.token).values(next_at=next_at, **rests)
        await self._store.write(lambda conn: conn.execute(statement))

    async def check(self, conn: AsyncConnection, held: Held) -> None:
        """In the transaction that writes down what came of the work. Raises `LeaseLost`."""
        token = (await conn.execute(select(lease.c.token).where(lease.c.name == self._name))).scalar_one_or_none()
        if token != held.token:
            raise LeaseLost(self._name)
