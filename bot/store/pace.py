"""How fast each lane may go on, over all processes and restarts: what Slack counts, and what it asks to wait for.

A lane is what Slack counts together: the posts of a channel, by its id, or the updates of the workspace. One call of a
lane is under way at a time. All times are the database's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, case, exists, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.pace import Rate, Tempo
from bot.store.engine import Store
from bot.store.leases import LEASE, RELEASED, is_free, now
from bot.store.tables import UtcTime, card, closure, note, pace
from bot.store.upsert import insert

UPDATES: Final = "chat.update"
"""The lane of all updates."""

POSTS: Final = "chat.postMessage"
"""No lane: a pause of it is one of all posts."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One call of a lane. `claim` is that of whoever makes it."""

    key: str
    claim: str


@dataclass(frozen=True, slots=True)
class Pace:
    """A lane that may have to wait, or a channel that is shown on digest pages."""

    key: str
    next_at: datetime
    paused_until: datetime | None
    lease_until: datetime | None
    digest_since: datetime | None

    def free_at(self, rate: Rate) -> datetime:
        """When its next call may begin."""
        return max(filter(None, (rate.due_at(self.next_at), self.paused_until, self.lease_until)))


class Paces:
    def __init__(self, store: Store, tempo: Tempo, *, team_id: str) -> None:
        self.tempo = tempo
        self._store = store
        self._team_id = team_id

    def rate(self, key: str) -> Rate:
        return self.tempo.updates if key == UPDATES else self.tempo.posts

    async def begin(self) -> None:
        """Where no other process can use the database, what one that is gone had claimed is free at once."""
        if self._store.is_shared:
            return

        async def write(conn: AsyncConnection) -> None:
            for table in (pace, card, note, closure):
                await conn.execute(update(table).where(table.c.lease_until.is_not(None)).values(RELEASED))

        await self._store.write(write)

    async def read(self, conn: AsyncConnection) -> tuple[datetime, Mapping[str, Pace]]:
        """The time, and what is not simply free."""
        moment = (await conn.execute(select(now()))).scalar_one()
        matters = or_(
            pace.c.next_at > moment,
            pace.c.paused_until > moment,
            pace.c.lease_until > moment,
            pace.c.digest_since.is_not(None),
        )
        columns = [pace.c[name] for name in Pace.__slots__]
        rows = await conn.execute(select(*columns).where(pace.c.team_id == self._team_id, matters))
        return moment, {row.key: Pace(*row) for row in rows}

    async def take(self, conn: AsyncConnection, key: str) -> Turn | None:
        """A turn of the lane, for as long as a lease; None where it is not due, paused, or somebody else's."""
        turn, rate = Turn(key, uuid4().hex), self.rate(key)
        mine = {"claim": turn.claim, "lease_until": now(LEASE)}
        may_go_on = (is_free(pace), not_paused(pace.c.paused_until), pace.c.next_at <= now(rate.ahead))
        reached = case((pace.c.next_at > now(), pace.c.next_at), else_=now())
        taken = update(pace).where(self._is(key), *may_go_on)
        later = {"next_at": _later(reached, rate.every)}
        if (await conn.execute(taken.values(mine | later))).rowcount == 1:
            return turn
        first = insert(conn, pace).values(team_id=self._team_id, key=key, next_at=now(rate.every), **mine)
        return turn if (await conn.execute(first.on_conflict_do_nothing())).rowcount == 1 else None

    async def give_back(self, turn: Turn, *, was_called: bool = True) -> None:
        """The call is over. It may have come to Slack as late as this. One that was not made counts for nothing."""
        every = self.rate(turn.key).every
        latest = now(every)
        counted = case((pace.c.next_at > latest, pace.c.next_at), else_=latest)
        values = {"next_at": counted if was_called else _later(pace.c.next_at, -every), **RELEASED}

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(update(pace).where(self._is(turn.key), pace.c.claim == turn.claim).values(values))

        await self._store.write(write)

    async def pause(self, key: str, seconds: float) -> None:
        """No process calls it for so long. A longer pause stays."""
        until = now(timedelta(seconds=seconds))

        async def write(conn: AsyncConnection) -> None:
            paused = insert(conn, pace).values(team_id=self._team_id, key=key, next_at=now(), paused_until=until)
            longer = case((pace.c.paused_until > until, pace.c.paused_until), else_=until)
            conflict = paused.on_conflict_do_update(index_elements=["team_id", "key"], set_={"paused_until": longer})
            await conn.execute(conflict)

        await self._store.write(write)

    def _is(self, key: str) -> ColumnElement[bool]:
        return and_(pace.c.team_id == self._team_id, pace.c.key == key)


def not_paused(paused_until: ColumnElement[datetime | None]) -> ColumnElement[bool]:
    return or_(paused_until.is_(None), paused_until <= now())


def in_digest(of: FromClause) -> ColumnElement[bool]:
    """Whether the channel of a card or a thing is shown on pages."""
    return exists().where(
        pace.c.team_id == of.c.team_id, pace.c.key == of.c.channel_id, pace.c.digest_since.is_not(None)
    )


def is_paused(*keys: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Of a card: whether Slack asked to wait with any of them."""
    return exists().where(pace.c.team_id == card.c.team_id, pace.c.key.in_(keys), pace.c.paused_until > now())


def _later(moment: ColumnElement[datetime], by: timedelta) -> ColumnElement[datetime]:
    return type_coerce(type_coerce(moment, BigInteger) + by // timedelta(microseconds=1), UtcTime)
